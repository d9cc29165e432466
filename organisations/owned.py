"""Rows that belong to an organisation. Every model of the wings above stands on one of these, or is shared.

    class Student(Owned): ...                      # has a column `organisation`
    class Invitation(OwnedThrough): owner = "test"  # belongs to whom its test belongs to

A query then finds rows of the acting organisation alone, and what is made becomes its. That holds for lists,
`get`, counts, updates, related managers, choices in forms and the admin, for they all begin with the default
manager. Where somebody acts who does not see all, a `Personal` model leaves out what is not theirs, and so do
the models below it. It does not hold for following a foreign key to its one row, and for SQL written by hand:
these are reached from a row that was found already, or name the organisation themselves.
"""

from collections.abc import Collection
from functools import cache
from typing import Any, ClassVar, TypeVar

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import models

from organisations.acting import acting_organisation, acting_person, for_all_of_ours
from organisations.membership import organisation_for_new
from organisations.models import DEFAULT, Organisation

_Row = TypeVar("_Row", bound=models.Model, covariant=True)

# Models of which each row is everybody's, and why.
SHARED = {
    "organisations.Organisation": "they themselves: who may see which, the admin says",
    "organisations.Membership": "of accounts, which Django has for all",
    "sessions_app.ApiClient": "the same; its manager asks for members",
    "sessions_app.Archive": "a file of the operator, with tests of all: its name, and how much is in it",
    "sessions_app.LtiKey": "this service's own, for every platform",
    "sessions_app.LtiSpent": "a hash of a value that opens nothing any more",
    "sessions_app.ResultSpecification": "under the hash of its content; reached from a session alone",
    "testing_engine.Passage": "under the hash of its content; reached from a question alone",
    "testing_engine.QuestionImage": "under the hash of its content, which is its address",
    "testing_engine.QuestionSound": "the same",
    "testing_engine.TestPlan": "under the hash of its content; reached from a session alone",
}
WHOSE = "There are several organisations: say for which one this is, or join one."


class OrganisationUnknown(ValueError):
    """Something is made, and nothing says for which organisation."""

    def __init__(self) -> None:
        super().__init__(WHOSE)


def of_organisation(rows: "models.QuerySet[_Row]", organisation: int) -> "models.QuerySet[_Row]":
    """Those of the rows that belong to it. By subqueries: a join would lock other rows as well."""
    owner: str = rows.model.owner  # type: ignore[attr-defined]
    if owner == "organisation":
        return rows.filter(organisation_id=organisation)
    parent, key = _parent(rows.model, owner)
    theirs = of_organisation(parent._base_manager.all(), organisation)
    return rows.filter(**{f"{key}__in": theirs.values("pk")})


def seen_by(rows: "models.QuerySet[_Row]", account: int) -> "models.QuerySet[_Row]":
    """Those that somebody finds who does not see all: by the model's own rule, else by that of the model that
    its rows belong to."""
    model: Any = rows.model
    if issubclass(model, Personal):
        return rows.filter(model.seen_by(account))
    if not _is_below_personal(model):
        return rows
    parent, key = _parent(model, model.owner)
    theirs = seen_by(parent._base_manager.all(), account)
    return rows.filter(**{f"{key}__in": theirs.values("pk")})


@cache
def _is_below_personal(model: type[models.Model]) -> bool:
    owner: str = model.owner  # type: ignore[attr-defined]
    if owner == "organisation":
        return False
    parent, _key = _parent(model, owner)
    return parent.covers_below if issubclass(parent, Personal) else _is_below_personal(parent)


def _parent(model: type[models.Model], owner: str) -> tuple[type[models.Model], str]:
    """(the model that a row's owner is found by, the column that names its row)."""
    name, _, label = owner.partition(" in ")
    if label:
        return apps.get_model(label), name
    field = model._meta.get_field(name)
    assert isinstance(field.related_model, type)
    return field.related_model, name


def the_one(rows: "models.QuerySet[_Row]") -> "_Row | None":
    """The row that an organisation knows by its own id. None where there is none, and where several are so
    called: whoever sees all organisations has to act for one.
    """
    found = list(rows[:2])
    return found[0] if len(found) == 1 else None


class Personal:
    """Of a model of which not everybody in the organisation finds every row."""

    covers_below: ClassVar[bool] = True  # whether that holds for rows that belong to one of these, too

    @classmethod
    def seen_by(cls, account: int) -> models.Q:
        """Which rows this account finds, if it does not see all."""
        raise NotImplementedError


class OwnedManager(models.Manager[_Row]):
    """Rows of the acting organisation; of all where nobody acts (`acting`). Of them what the person sees."""

    def get_queryset(self) -> "models.QuerySet[_Row]":
        acting = acting_organisation()
        rows = super().get_queryset()
        if acting is not None:
            rows = of_organisation(rows, acting)
        if not (issubclass(rows.model, Personal) or _is_below_personal(rows.model)):
            return rows
        person = acting_person()
        return rows if person is None or person.sees_all else seen_by(rows, person.account)


class OwnedThrough(models.Model):
    """A row that belongs to whom the row belongs to that `owner` names: a foreign key, or "COLUMN in MODEL"
    where a column without one holds the other's primary key.
    """

    owner: ClassVar[str]
    objects = OwnedManager()

    class Meta:
        abstract = True


class Owned(models.Model):
    """A row that says itself whose it is. What is made without saying is the acting organisation's."""

    owner: ClassVar[str] = "organisation"
    organisation_id: int
    organisation = models.ForeignKey(
        Organisation,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        editable=False,
        default=organisation_for_new,
        db_default=DEFAULT,
    )
    objects = OwnedManager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **options: Any) -> None:
        if self.organisation_id is None:
            raise OrganisationUnknown
        super().save(*args, **options)

    def clean(self) -> None:
        super().clean()
        if self.organisation_id is None:
            raise ValidationError(WHOSE)

    def validate_constraints(self, exclude: Collection[str] | None = None) -> None:
        """Also where a form does not show the organisation: what is unique is so inside of one."""
        with for_all_of_ours():
            super().validate_constraints(set(exclude or ()) - {"organisation"})
