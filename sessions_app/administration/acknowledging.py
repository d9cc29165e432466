"""Losses of answers that somebody has looked into: who, and why nothing more can be done.

`verify_audit` goes on naming them, and fails for them no more. Sealed with AUDIT_KEY, so that nobody who has
the database alone can quieten it.
"""

from collections.abc import Iterable
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet

from sessions_app.audit import acknowledgements
from sessions_app.models import LossAcknowledgement, LostAnswers

LONGEST_REASON = 1000


class ReasonRefused(ValueError):
    """A loss is acknowledged with a reason, and one that is not too long."""


def open_losses() -> QuerySet[LostAnswers]:
    """Those that nobody has acknowledged, the first first."""
    return LostAnswers.objects.filter(acknowledgement=None)


def acknowledge(losses: Iterable[LostAnswers], reason: str, by: User, now: datetime) -> list[LostAnswers]:
    """Those that nobody had acknowledged before; of the others the first reason stays. Safe to repeat.

    Raises `ReasonRefused`.
    """
    reason = reason.replace("\x00", "").strip()
    if not 0 < len(reason) <= LONGEST_REASON:
        raise ReasonRefused(f"Give a reason of at most {LONGEST_REASON} characters.")
    with transaction.atomic():
        return [loss for loss in losses if _acknowledge(loss, reason, by, now)]


def _acknowledge(loss: LostAnswers, reason: str, by: User, now: datetime) -> bool:
    seal = acknowledgements.seal_of(LossAcknowledgement(loss=loss, reason=reason, by=by, at=now))
    told = {"reason": reason, "by": by, "at": now, "seal": seal}
    _, is_new = LossAcknowledgement.objects.get_or_create(loss=loss, defaults=told)
    return is_new
