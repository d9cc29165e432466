"""Tests and pools are somebody's: whoever made one keeps it, and says which colleagues see or change it.

What nobody made is everybody's who has the right, as before there were owners: what programs and commands
make, and what was there. Whoever sees all (`organisations.see_all_work`) is held back by permissions alone.
"""

from typing import Any, ClassVar, NamedTuple

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import Q

from organisations.acting import acting_person
from organisations.membership import SEE_ALL, account_for_new, colleagues
from organisations.owned import Owned, OwnedThrough, Personal

HOLDS_PERMISSIONS = "django.contrib.auth.backends.ModelBackend"


class Level(models.IntegerChoices):
    """What somebody may with one test or pool, where their permissions allow it; each has those before."""

    SEE = 1, "see"
    KEYS = 2, "keys"
    CHANGE = 3, "change"
    OWN = 4, "own"


class NotShared(PermissionDenied):
    """A colleague's, who did not share so much of it."""

    def __init__(self) -> None:
        super().__init__("A colleague made this and did not share so much of it.")


class Kept(Personal, Owned):
    """A row that somebody made. Its shares are rows of a `Share` that names it, `related_name="shares"`."""

    # Tests and results are read with the questions of their pool, whoever's that is: what belongs to a row of
    # these is reached from it alone.
    covers_below = False
    shares: Any
    made_by_id: int | None
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        editable=False,
        default=account_for_new,
    )

    everybody_sees = models.BooleanField(
        default=False, db_default=False, editable=False, help_text="Colleagues see it, whoever made it."
    )

    class Meta:
        abstract = True

    @classmethod
    def kept_by(cls, account: int, least: Level = Level.SEE) -> Q:
        """What they made, and what was shared with them so far at least."""
        return Q(made_by=account) | Q(pk__in=cls._shared_with(account, least))

    @classmethod
    def reached_by(cls, account: int, least: Level) -> models.QuerySet[Any]:
        """Rows with which they may do so much at least, where they do not see all (`level_of`)."""
        return cls._base_manager.filter(cls.kept_by(account, least) | Q(made_by=None))

    @classmethod
    def seen_by(cls, account: int) -> Q:
        return cls.kept_by(account) | Q(made_by=None) | Q(everybody_sees=True)

    @classmethod
    def _shared_with(cls, account: int, least: Level) -> models.QuerySet[Any]:
        of_it: Any = cls._meta.get_field("shares")
        shares = of_it.related_model._base_manager.filter(user=account, level__gte=least)
        return shares.values(of_it.field.name)  # type: ignore[no-any-return]


class Share(OwnedThrough):
    """A colleague's part in a test or pool."""

    levels: ClassVar[tuple[Level, ...]]  # that can be shared
    user_id: int
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    level = models.PositiveSmallIntegerField(choices=Level.choices, default=Level.SEE)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        abstract = True


def level_of(row: Kept) -> Level:
    """What whoever acts may with a row that they found."""
    person = acting_person()
    if person is None or person.sees_all or row.made_by_id in (None, person.account):
        return Level.OWN
    shared = row.shares.filter(user=person.account).values_list("level", flat=True).first()
    return Level.SEE if shared is None else Level(shared)


def mine_and_others(rows: "models.QuerySet[Any]") -> "tuple[models.QuerySet[Any], models.QuerySet[Any]]":
    """Rows that are whoever's acts or were shared with them, and all others; nobody acts: all are others."""
    person = acting_person()
    if person is None:
        return rows.none(), rows
    own = rows.model._base_manager.filter(rows.model.kept_by(person.account)).values("pk")
    return rows.filter(pk__in=own), rows.exclude(pk__in=own)


def maker_of(row: Kept) -> str:
    """What the colleague is called who made it; "" for nobody and for whoever acts. Reads `made_by`."""
    person = acting_person()
    if row.made_by is None or (person is not None and row.made_by_id == person.account):
        return ""
    return called(row.made_by)


def require(row: Kept, least: Level) -> None:
    """Raises `NotShared`."""
    if level_of(row) < least:
        raise NotShared


def may_share(row: Kept) -> bool:
    """Whoever made it, and who sees all, as programs do."""
    person = acting_person()
    return person is None or person.sees_all or row.made_by_id == person.account


def called(user: User) -> str:
    """As colleagues know them."""
    return user.get_full_name() or user.get_username()


def shared_with(row: Kept) -> list[tuple[User, Level]]:
    """In the order in which they came."""
    rows = row.shares.select_related("user").order_by("pk")
    return [(each.user, Level(each.level)) for each in rows]


class Colleague(NamedTuple):
    """`sees_all`: it need not be shared with them."""

    account: int
    called: str
    sees_all: bool


def colleagues_of(row: Kept) -> list[Colleague]:
    """With whom it can be shared, or who may get it, by name."""
    found = colleagues().exclude(pk=row.made_by_id) if row.made_by_id else colleagues()
    see_all = set(User.objects.with_perm(SEE_ALL, backend=HOLDS_PERMISSIONS).values_list("pk", flat=True))
    listed = [Colleague(each.pk, called(each), each.pk in see_all) for each in found]
    return sorted(listed, key=lambda each: each.called.casefold())


def colleague_called(username: str) -> int:
    """The key of a colleague's account. Raises `User.DoesNotExist`."""
    return colleagues().only("pk").get(username=username).pk


def let_everybody_see(row: Kept, may: bool) -> None:
    """Whether colleagues see it with whom it is not shared. Raises `NotShared`."""
    _check(row)
    row.everybody_sees = may
    row.save(update_fields=["everybody_sees"])


def share(row: Kept, user_id: int, level: Level) -> None:
    """From now on so far; said again, it is as it was said last. Raises `NotShared`, `User.DoesNotExist`."""
    _check(row)
    if level not in row.shares.model.levels:
        raise ValueError(level)
    colleague = colleagues().get(pk=user_id)
    if colleague.pk != row.made_by_id:
        row.shares.update_or_create(user=colleague, defaults={"level": level})


def unshare(row: Kept, user_id: int) -> None:
    """Theirs no more. Safe to repeat. Raises `NotShared`."""
    _check(row)
    row.shares.filter(user=user_id).delete()


def hand_over(row: Kept, user_id: int) -> None:
    """A colleague's from now on; whoever had it may still change it. Raises as `share` does."""
    _check(row)
    colleague, before = colleagues().get(pk=user_id), row.made_by_id
    if colleague.pk == before:
        return
    row.made_by = colleague
    row.save(update_fields=["made_by"])
    row.shares.filter(user=colleague).delete()
    if before is not None:
        row.shares.update_or_create(user_id=before, defaults={"level": Level.CHANGE})


def _check(row: Kept) -> None:
    if not may_share(row):
        raise NotShared
