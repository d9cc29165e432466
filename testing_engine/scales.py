"""The scales that pools share, by name: listed, made, changed."""

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from organisations.owned import the_one
from testing_engine.models import DEFAULT_CORRELATION, Scale


class NameTaken(ValueError):
    """Another scale is called so."""


def listed() -> QuerySet[Scale]:
    """By name."""
    return Scale.objects.order_by("name", "id")


def called(name: str) -> Scale | None:
    return the_one(Scale.objects.filter(name=name)) if "\x00" not in name else None


def make(name: str, correlation: float = DEFAULT_CORRELATION, description: str = "") -> Scale:
    """A new one; the same again is the same. Raises `NameTaken` of one that is otherwise."""
    values = {"correlation": correlation, "description": description}
    found, is_new = Scale.objects.get_or_create(name=name, defaults=values)
    if not is_new and any(getattr(found, field) != value for field, value in values.items()):
        raise NameTaken
    return found


def change(scale: Scale, fields: Mapping[str, Any]) -> Scale:
    """What is left out stays. Tests that start from now on begin with it. Raises `NameTaken`."""
    for field, value in fields.items():
        setattr(scale, field, value)
    try:
        with transaction.atomic():
            scale.save(update_fields=list(fields))
    except IntegrityError as error:
        raise NameTaken from error
    return scale
