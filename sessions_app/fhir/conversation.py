"""`$next-question`: the answer that came is recorded once, and the response comes back from the rows."""

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.db.models import Q, QuerySet

from sessions_app import refusals
from sessions_app.fhir.errors import FhirRefused
from sessions_app.fhir.received import RESPONSE, Received
from sessions_app.fhir.resources import Addresses, Asked, canonical_of, response
from sessions_app.models import NamedTest, TestSession
from sessions_app.sitting import beginning, lifecycle, pausing, submission
from sessions_app.sitting.access import Caller, session_for
from sessions_app.sitting.archived import archive_of
from sessions_app.sitting.lifecycle import TestRequest
from sessions_app.sitting.responses import read_stored
from sessions_app.sitting.shown import Showing, showing_of
from sessions_app.sitting.standing import standing_of
from sessions_app.sitting.submission import Submission
from testing_engine.canonical import hash_of
from testing_engine.revisions import FrozenRevision, load_revision

DERIVED_FROM, SUBJECT = f"{RESPONSE}.contained.derivedFrom", f"{RESPONSE}.subject"


def open_tests(now: datetime) -> QuerySet[NamedTest]:
    """Those that can be Questionnaires now: open, and every question one choice among options."""
    is_open = Q(opens_at=None) | Q(opens_at__lte=now)
    is_open &= Q(closes_at=None) | Q(closes_at__gt=now)
    return NamedTest.objects.filter(is_open, archived_at=None, is_draft=False).order_by("name")


def has_options_alone(test: NamedTest) -> bool:
    """Whether all questions of its pool are one choice among options: what this door can show."""
    return test.pool.current_revision_id is not None and _options_alone(
        load_revision(test.pool.current_revision_id)
    )


def _options_alone(revision: FrozenRevision) -> bool:
    return not revision.with_interactions


def next_question(
    received: Received, caller: Caller, *, key: str | None, in_full: Addresses, now: datetime
) -> dict[str, Any]:
    """The response with the next question, or completed and with its scores. Safe to repeat.

    Raises `FhirRefused`, and refusals of `start` and `submit`.
    """
    session = _session(received, caller, key, in_full, now)
    new = _new_answer(received, session)
    if new is not None:
        link, chosen = new
        answer = Submission(session.pk, link, chosen, idempotency_key=f"fhir:{hash_of(link)[:32]}")
        submission.submit(answer, caller, now=now)
        session.refresh_from_db()
    pausing.check_runs(session)
    showing = showing_of(session)
    standing = standing_of(session)
    assert session.named_test is not None
    return response(session.named_test.name, standing, _asked(session, showing), received.content, in_full)


def _session(
    received: Received, caller: Caller, key: str | None, in_full: Addresses, now: datetime
) -> TestSession:
    """The one that the response names, else a new one: the same one for the same key or identifier."""
    if received.session_id is None:
        return _started(received, caller, key, in_full, now)
    session = session_for(received.session_id, caller, None)
    if session.named_test is None or canonical_of(session.named_test.name, in_full) != received.canonical:
        raise FhirRefused(DERIVED_FROM, "Is not what this session began with.")
    if (archive := archive_of(session.pk)) is not None:
        raise FhirRefused(RESPONSE, f"Its answers are in the archive {archive}.", 410)
    return session


def _started(
    received: Received, caller: Caller, key: str | None, in_full: Addresses, now: datetime
) -> TestSession:
    name = received.canonical.rpartition("/")[2]
    test = NamedTest.objects.filter(name=name).first() if "\x00" not in name else None
    if test is None or canonical_of(name, in_full) != received.canonical or not has_options_alone(test):
        raise FhirRefused(DERIVED_FROM, f"There is no adaptive Questionnaire {received.canonical}.", 404)
    own = key or received.key
    request = TestRequest(
        student_id=received.subject or f"fhir-{hash_of([name, own])[:24] if own else uuid4().hex}",
        test=name,
        idempotency_key=own and f"fhir:{hash_of(own)}",
        fingerprint=hash_of({"questionnaire": received.canonical, "subject": received.subject}),
    )
    try:
        standing = lifecycle.start(request, caller, seed=secrets.randbits(63), now=now)
    except refusals.NamedTestNotOpen as error:
        raise FhirRefused(DERIVED_FROM, "This Questionnaire is not open now.", 404) from error
    except (refusals.NotInvited, refusals.NoAttemptsLeft) as error:
        raise FhirRefused(SUBJECT, "May not answer it, or not again.", 403) from error
    except (refusals.StudentIdRefused, refusals.StudentErased) as error:
        raise FhirRefused(SUBJECT, str(error) or "Was erased.") from error
    if standing.waits_to_begin:
        beginning.begin(standing.session_id, caller, now=now)
    return session_for(standing.session_id, caller, None)


def _new_answer(received: Received, session: TestSession) -> tuple[str, int] | None:
    """The one answer that is not recorded; None where there is none. Raises `FhirRefused` for any other
    change.
    """
    showing = showing_of(session)
    recorded = {each.question.id: each.chosen for each in _asked(session, showing) if each.chosen is not None}
    new: list[tuple[str, str]] = []
    for link, code in received.answers:
        if link not in recorded:
            new.append((link, code))
        elif code != str(recorded[link]):
            raise FhirRefused(f"{RESPONSE}.item.where(linkId='{link}')", f"The answer to {link} was another.")
    if not new:
        return None
    (link, code), *others = new
    current = session.current_position
    waiting = None if current is None else showing.revision.external_ids[current]
    if others or link != waiting:
        told = f"Waits for an answer to {waiting}." if waiting else "Waits for no answer: it is over."
        wrong = link if link != waiting else others[0][0]
        raise FhirRefused(f"{RESPONSE}.item.where(linkId='{wrong}')", told)
    assert current is not None
    if code not in {str(option) for option in range(len(showing.question(current).options))}:
        raise FhirRefused(f"{RESPONSE}.item.where(linkId='{link}').answer", f"{link} has no option {code!r}.")
    return link, int(code)


def _asked(session: TestSession, showing: Showing) -> Sequence[Asked]:
    """All questions that were shown, in order; what was chosen counts in the order of this session."""
    asked = []
    for row in session.responses.order_by("position"):
        item = showing.revision.positions_by_key[row.question_id]
        own = read_stored(row)
        assert isinstance(own, int)
        asked.append(Asked(showing.question(item), showing.order(item).index(own)))
    if session.current_position is not None:
        asked.append(Asked(showing.question(session.current_position), None))
    return asked
