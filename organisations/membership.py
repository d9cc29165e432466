"""Who belongs where: asked for every request of a person, and kept for every account that is made."""

from typing import Any

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, User
from django.db.models import QuerySet
from django.http import HttpRequest

from organisations.acting import NOBODY, Acting, Person, acting_organisation, acting_person
from organisations.models import Membership, Organisation

SEE_ALL = "organisations.see_all_work"


def organisation_of(user: AbstractBaseUser | AnonymousUser | None) -> Acting:
    """What an account acts for: its organisation; else all for a superuser, and nobody's for all others."""
    if not isinstance(user, User) or not user.is_active:
        return NOBODY
    found = Membership.objects.select_related("organisation").filter(user_id=user.pk).first()
    if found is not None:
        user.membership = found  # kept with what the organisation says of itself (`own`)
        return found.organisation_id
    return None if user.is_superuser else NOBODY


def person_of(user: AbstractBaseUser | AnonymousUser | None) -> Person | None:
    """Who an account is that may enter the desk and the admin; None: a program, or nobody."""
    if not isinstance(user, User) or not user.is_active or not user.is_staff:
        return None
    return Person(user.pk, user.has_perm(SEE_ALL))


def account_for_new() -> int | None:
    """Who makes what is made now; None: nobody whom it could belong to."""
    person = acting_person()
    return None if person is None else person.account


def accounts() -> QuerySet[User]:
    """People and programs of the acting organisation; all of them where nobody acts."""
    acting = acting_organisation()
    return User.objects.all() if acting is None else User.objects.filter(membership__organisation=acting)


def colleagues() -> QuerySet[User]:
    """Of the accounts those of people who may enter the desk."""
    return accounts().filter(is_staff=True, is_active=True)


def the_only_organisation() -> int | None:
    """The primary key of the organisation where there is one alone."""
    found = Organisation.objects.values_list("pk", flat=True)[:2]
    return found[0] if len(found) == 1 else None


def organisation_called(slug: str) -> int | None:
    """The primary key of the organisation of that short name; of the only one, if nothing is said."""
    if not slug:
        return the_only_organisation()
    return Organisation.objects.filter(slug=slug).values_list("pk", flat=True).first()


def owns_everything() -> bool:
    """Whether what is everybody's is the acting organisation's as well: nobody acts, or there is no other."""
    acting = acting_organisation()
    return acting is None or acting == the_only_organisation()


def sees_all(request: HttpRequest) -> bool:
    """Whether whoever sent it stands outside of all organisations."""
    return acting_organisation() is None and getattr(request.user, "is_superuser", False)


def organisation_for_new() -> int | None:
    """Whose something is that is made now; None: that has to be said."""
    return acting_organisation() or the_only_organisation()


def enrol(instance: Any, created: bool, raw: bool, **_: Any) -> None:
    """Whatever makes an account, it belongs to whom that was done for: a form, a command, a sign-on.

    Superusers are made outside; where nothing says whose an account is, it belongs to nobody and sees
    nothing until it is given a membership.
    """
    if created and not raw and isinstance(instance, User) and not instance.is_superuser:
        organisation = organisation_for_new()
        if organisation is not None:
            Membership.objects.get_or_create(user_id=instance.pk, defaults={"organisation_id": organisation})
