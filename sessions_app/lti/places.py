"""Whom and where a launch is about: a platform's person as a student, a place in a course as a link."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction

from sessions_app.lti import claims as claim
from sessions_app.lti.claims import Claims, text
from sessions_app.lti.messages import Message
from sessions_app.lti.refused import LaunchRefused
from sessions_app.models import Invitation, LtiLink, LtiPerson, LtiRegistration, NamedTest, Student
from testing_engine.interchange.names import problem_of_student_id, problem_of_words

LONGEST_NAME, LONGEST_MAIL = 200, 254
LONGEST_SUB_SHOWN = 100


@dataclass(frozen=True)
class Named:
    """What a platform says of a person, if it does; "" where it does not."""

    name: str = ""
    email: str = ""


def named_in(claims: Claims) -> Named:
    """Of a launch's claims or a member of a roster. What can be no name or address counts as left out."""
    parts = [claims.get("given_name"), claims.get("family_name")]
    told = claims.get("name") or " ".join(part for part in parts if isinstance(part, str))
    name = " ".join(told.split()) if isinstance(told, str) else ""
    return Named("" if problem_of_words(name, LONGEST_NAME) else name, _mail_in(claims.get("email")))


def _mail_in(value: object) -> str:
    if not isinstance(value, str) or problem_of_words(value, LONGEST_MAIL):
        return ""
    try:
        validate_email(value)
    except ValidationError:
        return ""
    return value


def person_of(registration: LtiRegistration, sub: str, named: Named) -> LtiPerson:
    """The person, with a student of their own; what the platform says of them is kept. Safe to repeat."""
    people = LtiPerson.objects.select_related("student")
    person = people.filter(registration=registration, sub=sub).first()
    if person is None:
        try:
            with transaction.atomic():
                student = _new_student(registration, sub, named)
                return LtiPerson.objects.create(registration=registration, sub=sub, student=student)
        except IntegrityError:  # another launch of theirs was faster
            person = people.get(registration=registration, sub=sub)
    _keep(person.student, named)
    return person


def _new_student(registration: LtiRegistration, sub: str, named: Named) -> Student:
    """With an id in which a teacher finds the platform's own. Who has such an id already is somebody else."""
    beginning = f"lti-{registration.pk.hex[:8]}-"
    shown = beginning + sub
    if len(sub) > LONGEST_SUB_SHOWN or problem_of_student_id(shown):
        shown = beginning + hashlib.sha256(sub.encode()).hexdigest()[:24]
    taken = Student.objects.filter(external_id=shown).exists()
    external_id = f"{shown}-{_short_hash(registration, sub)}" if taken else shown
    return Student.objects.create(external_id=external_id, name=named.name, email=named.email)


def _short_hash(registration: LtiRegistration, sub: str) -> str:
    return hashlib.sha256(f"{registration.pk} {sub}".encode()).hexdigest()[:12]


def _keep(student: Student, named: Named) -> None:
    changed = {
        field: value
        for field, value in (("name", named.name), ("email", named.email))
        if value and value != getattr(student, field)
    }
    if changed:
        Student.objects.filter(pk=student.pk, erased_at=None).update(**changed)


def invited(test: NamedTest, student: Student) -> Invitation:
    """The student's invitation to the test: who comes from the course, or is in its roster, has one."""
    return Invitation.objects.get_or_create(test=test, student=student)[0]


def link_of(message: Message, now: datetime) -> LtiLink:
    """The place that a launch comes from, with what it says of it now. Raises `LaunchRefused`."""
    resource = claim.inner(message.claims, claim.RESOURCE_LINK)
    resource_link_id = text(resource, "id")
    if not resource_link_id:
        raise LaunchRefused("The launch comes from no resource link.")
    place: dict[str, Any] = {
        "registration": message.registration,
        "deployment_id": message.deployment_id,
        "resource_link_id": resource_link_id,
    }
    link = LtiLink.objects.select_related("test").filter(**place).first()
    told: dict[str, Any] = {
        "test": _test_of(message, link),
        "context_title": text(claim.inner(message.claims, claim.CONTEXT), "title", 10_000)[:255],
        "line_item": _line_item(message.claims),
        "memberships_url": text(claim.inner(message.claims, claim.NAMES), "context_memberships_url", 500),
        "launched_at": now,
    }
    return LtiLink.objects.update_or_create(**place, defaults=told)[0]


def _test_of(message: Message, link: LtiLink | None) -> NamedTest:
    """That which the launch names, else the one that was here before."""
    if not message.test_name:
        if link is None:
            raise LaunchRefused(
                "The link names no test: choose one by deep linking, or give its address as the tool's."
            )
        return link.test
    test = NamedTest.objects.filter(name=message.test_name).first()
    if test is None:
        raise LaunchRefused(f"There is no test {message.test_name!r} here.")
    return test


def _line_item(claims: Claims) -> str:
    """Where scores of this place go; "" where the platform has no place for them or lets us write none."""
    grades = claim.inner(claims, claim.GRADES)
    may_score = claim.SCORE_SCOPE in claim.texts(grades, "scope")
    return text(grades, "lineitem", 500) if may_score else ""
