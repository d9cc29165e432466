"""Named tests as a teacher finds them: the list, one of them, a new one, a copy, opened, closed, archived."""

import re
import unicodedata
import uuid
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from django.db import IntegrityError, transaction
from django.db.models import OuterRef, Q, QuerySet
from django.utils.text import slugify

from organisations import sharing
from organisations.acting import below_what_was_found, for_all_of_ours
from organisations.owned import the_one
from organisations.sharing import Level
from sessions_app.creations import made_before
from sessions_app.measurement import gate
from sessions_app.models import Invitation, NamedTest, TestSession
from sessions_app.preparing import usual
from sessions_app.sitting import named_tests
from testing_engine import approval
from testing_engine.authoring.shelf import PoolUnknown
from testing_engine.growing_lists import counted
from testing_engine.keyset import page_of_two
from testing_engine.pools import with_questions
from testing_engine.revisions import load_revision

PAGE = 30
LONGEST_TITLE, LONGEST_NAME = 200, 100
GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"})
NOT_COPIED = {
    *("id", "name", "title", "creation_key", "created_at", "archived_at", "opens_at", "closes_at"),
    *("made_by", "everybody_sees"),
}


class TestUnknown(LookupError):
    """There is no such test."""


class State(Enum):
    """Where a test is between a first thought and the archive."""

    DRAFT = "draft"
    COMING = "coming"
    OPEN = "open"
    CLOSED = "closed"
    ARCHIVED = "archived"


@dataclass(frozen=True)
class TestCard:
    """What is said of a test in a list. Counting stops behind `MOST_COUNTED`."""

    id: int
    name: str
    title: str
    pool_id: uuid.UUID
    pool: str
    state: State
    opens_at: datetime | None
    closes_at: datetime | None
    invited: int
    began: int
    finished: int
    made_by: str


@dataclass(frozen=True)
class TestPage:
    """A page of a list: one's own tests and what was shared, then others'. `begins`: the others begin here.
    `following`: what asks for the next page; "" where there is none."""

    mine: tuple[TestCard, ...]
    others: tuple[TestCard, ...]
    begins: bool
    following: str

    @property
    def cards(self) -> tuple[TestCard, ...]:
        return self.mine + self.others


def state_of(test: NamedTest, now: datetime) -> State:
    if test.archived_at is not None:
        return State.ARCHIVED
    if test.is_draft:
        return State.DRAFT
    if test.closes_at is not None and test.closes_at <= now:
        return State.CLOSED
    return State.COMING if test.opens_at is not None and now < test.opens_at else State.OPEN


def find_tests(search: str = "", *, now: datetime, archived: bool = False, after: str = "") -> TestPage:
    """Tests, one's own and the newest first, `PAGE` a page; `after` is the `following` of the page before."""
    mine, others = sharing.mine_and_others(rows_like(search, archived=archived))
    page = page_of_two(mine, others, PAGE, after=after)
    first, second = (tuple(card_of(test, now) for test in rows) for rows in (page.first, page.second))
    return TestPage(first, second, page.begins, page.after)


def rows_like(search: str = "", *, archived: bool = False) -> QuerySet[NamedTest]:
    """Rows for `card_of`, the newest first."""
    found = _cards().filter(archived_at__isnull=not archived)
    if words := search.replace("\x00", "").strip():
        found = found.filter(Q(title__icontains=words) | Q(name__icontains=words))
    return found.order_by("-created_at", "id")


def count_archived() -> int:
    return NamedTest.objects.filter(archived_at__isnull=False).count()


def test_card(test_id: int, now: datetime) -> TestCard:
    """One test; raises `TestUnknown`."""
    test = _cards().filter(pk=test_id).first()
    if test is None:
        raise TestUnknown
    return card_of(test, now)


def level_on(test_id: int) -> Level | None:
    """What whoever acts may with it, where their permissions allow it; None where they find no such test."""
    test = NamedTest.objects.filter(pk=test_id).first()
    return None if test is None else sharing.level_of(test)


def level_called(name: str) -> Level | None:
    """The same by its name."""
    test = the_one(NamedTest.objects.filter(name=name)) if "\x00" not in name else None
    return None if test is None else sharing.level_of(test)


def _cards() -> QuerySet[NamedTest]:
    with below_what_was_found():
        sessions = TestSession.objects.filter(named_test=OuterRef("pk")).order_by()
        invited = Invitation.objects.filter(test=OuterRef("pk"), revoked_at=None).order_by()
    return NamedTest.objects.select_related("pool", "made_by").annotate(
        invited_count=counted(invited),
        began_count=counted(sessions),
        finished_count=counted(sessions.filter(status__in=TestSession.OVER)),
    )


def card_of(test: NamedTest, now: datetime) -> TestCard:
    """Of one of the rows of `rows_like`."""
    return TestCard(
        id=test.pk,
        name=test.name,
        title=test.title,
        pool_id=test.pool_id,
        pool=str(test.pool),
        state=state_of(test, now),
        opens_at=test.opens_at,
        closes_at=test.closes_at,
        invited=test.invited_count,  # type: ignore[attr-defined]
        began=test.began_count,  # type: ignore[attr-defined]
        finished=test.finished_count,  # type: ignore[attr-defined]
        made_by=sharing.maker_of(test),
    )


def test_of(test_id: int) -> NamedTest:
    """The test's row, with its pool and the pool's newest revision. Raises `TestUnknown`."""
    test = NamedTest.objects.select_related("pool__current_revision").filter(pk=test_id).first()
    if test is None:
        raise TestUnknown
    return test


def pools_to_choose(test: NamedTest | None = None) -> list[tuple[uuid.UUID, str, int]]:
    """Pools that a test can be given, by name: (id, name, questions)."""
    pools = with_questions().filter(archived_at=None)
    if test is not None:
        pools = named_tests.pools_for(test)
    rows = pools.order_by("name", "pk").values_list("pk", "name", "current_revision__question_count")
    return list(rows)


def new_test(creation_key: uuid.UUID, title: str, pool_id: uuid.UUID) -> NamedTest:
    """A test in preparation with rules that fit the pool. The same key again is the same test.

    Raises `PoolUnknown` where such a test can have no such pool.
    """
    if (there := NamedTest.objects.filter(creation_key=creation_key).first()) is not None:
        return there
    pool = with_questions().filter(pk=pool_id, archived_at=None).select_related("current_revision").first()
    if pool is None:
        raise PoolUnknown
    rules = usual.rules_for(pool).to_json()
    test = NamedTest(title=title, pool=pool, rules=rules, is_draft=True, takers=NamedTest.Takers.INVITED)
    return made(test, creation_key)


@transaction.atomic
def copy_test(test_id: int, creation_key: uuid.UUID, title: str) -> NamedTest:
    """The same test in preparation, without its times. The same key again is the same copy.

    Nobody is invited to it. Raises `TestUnknown`, and `IdempotencyKeyReused` where the key made another.
    """
    if (there := made_before(NamedTest.objects.all(), "creation_key", creation_key)) is not None:
        return there
    original = test_of(test_id)
    kept = {
        field.attname: getattr(original, field.attname)
        for field in NamedTest._meta.concrete_fields
        if field.name not in NOT_COPIED
    }
    copied = NamedTest(**{**kept, "title": title, "is_draft": True})
    _release_without_close(copied)
    return made(copied, creation_key)


def _release_without_close(test: NamedTest) -> None:
    """It has no time to close: a result that waits for that comes at once."""
    if test.result_release == NamedTest.Release.CLOSED:
        test.result_release = NamedTest.Release.NOW


def made(test: NamedTest, creation_key: uuid.UUID) -> NamedTest:
    """Stored under a name made of its title that no other test has."""
    test.creation_key = creation_key
    for _ in range(100):
        test.name = free_name(test.title)
        try:
            with transaction.atomic():
                test.save(force_insert=True)
                return test
        except IntegrityError:  # in this moment somebody made one of the same name, or this very one
            if (there := NamedTest.objects.filter(creation_key=creation_key).first()) is not None:
                return there
    raise RuntimeError("Names are taken faster than they are found.")


def free_name(title: str) -> str:
    """What addresses and systems call a test of this title: `algebra-autumn`, or `algebra-autumn-2`."""
    plain = unicodedata.normalize("NFC", title).translate(GERMAN)
    stem = slugify(plain)[: LONGEST_NAME - 8].strip("-_") or "test"
    with for_all_of_ours():
        taken = NamedTest.objects.filter(name__regex=rf"^{re.escape(stem)}(-[0-9]+)?$")
        names = set(taken.values_list("name", flat=True))
    numbered = (stem if number == 1 else f"{stem}-{number}" for number in range(1, len(names) + 2))
    return next(name for name in numbered if name not in names)


# --- Open, close, archive ---------------------------------------------------------------------------------


def open_test(test_id: int, now: datetime) -> TestCard:
    """From now on it may be started, or from when it opens. One that has closed opens again without an end.

    Raises `TestUnknown`, and `GateRefused` where its pool requires what it does not reach.
    """
    with transaction.atomic():
        test = locked(test_id)
        if test.is_draft:
            verdict = verdict_of(test)
            gate.hold(verdict, approval.hand().override_reason)
            record_verdict(test, verdict)
        test.is_draft = False
        if test.closes_at is not None and test.closes_at <= now:
            test.closes_at = None
            _release_without_close(test)
        test.save(update_fields=["is_draft", "closes_at", "result_release"])
    return test_card(test_id, now)


def verdict_of(test: NamedTest) -> gate.Verdict | None:
    """What its pool's requirements say of these rules."""
    revision_id = test.pool.current_revision_id
    assert revision_id is not None  # a pool of a test has questions
    return gate.of_test(test.pool, named_tests.rules_of(test, load_revision(revision_id).bank))


def record_verdict(test: NamedTest, verdict: gate.Verdict | None) -> None:
    """What was let through, in whose name and why."""
    hand = approval.hand()
    gate.record(test.pool, verdict, hand.by_id, hand.override_reason, test_name=test.name)


def close_test(test_id: int, now: datetime) -> TestCard:
    """From now on nobody starts it; tests that run keep their deadlines. Safe to repeat. `TestUnknown`."""
    rows = NamedTest.objects.filter(Q(closes_at=None) | Q(closes_at__gt=now), pk=test_id, is_draft=False)
    rows.filter(Q(opens_at=None) | Q(opens_at__lt=now)).update(closes_at=now)
    rows.filter(opens_at__gte=now).update(is_draft=True)  # it never opened: back to where it is prepared
    return test_card(test_id, now)


def archive_test(test_id: int, now: datetime) -> TestCard:
    """Out of the list, and nobody starts it; tests that run go on. Safe to repeat. Raises `TestUnknown`."""
    NamedTest.objects.filter(pk=test_id, archived_at=None).update(archived_at=now)
    return test_card(test_id, now)


def restore_test(test_id: int, now: datetime) -> TestCard:
    """As it was before. Safe to repeat. Raises `TestUnknown`."""
    NamedTest.objects.filter(pk=test_id).update(archived_at=None)
    return test_card(test_id, now)


def locked(test_id: int) -> NamedTest:
    rows = NamedTest.objects.select_for_update(of=("self",)).select_related("pool__current_revision")
    test = rows.filter(pk=test_id).first()
    if test is None:
        raise TestUnknown
    return test
