"""How the result of a test is told: its kind, the cuts between its levels, and what they are called.

A named test says it, or its rules do: rules that decide between sides of cuts make a test that classifies.
Every session keeps the specification that it started with, stored by content as plans are, so that a later
edit changes no result.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

from django.db.models import TextChoices
from msgspec import ValidationError, convert

from organisations.models import Organisation
from sessions_app.models import NamedTest, ResultSpecification
from sessions_app.sitting.thousandths import thousandths
from testing_engine.canonical import as_stored, hash_of
from testing_engine.models import QuestionPool
from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.rules import CatRules, RulesError
from testing_engine.reporting_scales import ReportingScale, ReportingScaleError
from testing_engine.revisions import load_revision

USUAL_CUTS = (-1.0, 0.0, 1.0)
MOST_CUTS = 20
FARTHEST_CUT = 20.0
LONGEST_NAME, LONGEST_MEANING = 80, 400
SPECIFICATIONS_KEPT = 1024

Problems = list[tuple[str, str]]  # (field of the named test, message)


class Kind(TextChoices):
    LEVELS = "levels", "levels of achievement"
    PASSING = "passing", "passed or not passed"
    SCALE = "scale", "a score on a rating scale"
    POINTS = "points", "points and percent"
    THANKS = "thanks", "thanks only"


class ResultRefused(Exception):
    """What the test says of its result cannot be. `problems`: (field of the named test, message)."""

    def __init__(self, problems: Problems) -> None:
        super().__init__("; ".join(message for _, message in problems))
        self.problems = problems


@dataclass(frozen=True)
class Level:
    """As a teacher wrote it, in whatever language."""

    name: str
    meaning: str = ""


@dataclass(frozen=True)
class ResultSpec:
    """`cuts`: θ between two levels, in order. `levels`: the lowest first, one more than cuts; none: the usual
    words. `mean` and `sd`: a rating scale's score at θ = 0, and its change for θ + 1, where nothing else is
    said in `reporting`."""

    kind: str = Kind.LEVELS.value
    cuts: tuple[float, ...] = USUAL_CUTS
    levels: tuple[Level, ...] = ()
    mean: float = 50.0
    sd: float = 10.0
    reporting: ReportingScale | None = None  # on which θ is told, whatever the kind

    @property
    def has_levels(self) -> bool:
        return bool(self.cuts)

    @property
    def is_shown(self) -> bool:
        """Whether the student gets to know more than thanks."""
        return self.kind != Kind.THANKS

    @property
    def is_rating(self) -> bool:
        """Whether nothing is right or wrong."""
        return self.kind == Kind.SCALE

    @property
    def has_score(self) -> bool:
        """Whether θ is told as a score."""
        return self.is_rating or self.reporting is not None

    def score(self, theta: float) -> float:
        """On the reporting scale, else on the rating scale, to six digits."""
        if self.reporting is not None:
            return self.reporting.score(theta)
        return round(self.mean + self.sd * theta, 6) + 0.0

    def score_error(self, theta: float, error: float) -> float:
        """The standard error in the score's unit, to six digits."""
        found = self.sd * error if self.reporting is None else self.reporting.error(theta, error)
        return round(found, 6)

    def to_json(self) -> dict[str, Any]:
        """A result without a reporting scale says nothing of one: its hash is the one that it always had."""
        content = {**asdict(self), "cuts": list(self.cuts), "levels": [asdict(each) for each in self.levels]}
        del content["reporting"]
        return content if self.reporting is None else {**content, "reporting": self.reporting.to_json()}

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> "ResultSpec":
        levels = tuple(Level(**level) for level in content["levels"])
        told_on = content.get("reporting")
        reporting = None if told_on is None else ReportingScale.from_json(told_on)
        return cls(**{**content, "cuts": tuple(content["cuts"]), "levels": levels, "reporting": reporting})

    def problems(self) -> Problems:
        """What is wrong with it, by the fields of a named test."""
        return [*self._problems_of_cuts(), *self._problems_of_levels(), *self._problems_of_scale()]

    def _problems_of_cuts(self) -> Iterator[tuple[str, str]]:
        if not all(math.isfinite(cut) and abs(cut) <= FARTHEST_CUT for cut in self.cuts):
            yield "result_cuts", f"A cut lies between −{FARTHEST_CUT:g} and {FARTHEST_CUT:g}."
        elif any(cut != thousandths(cut) / 1000 for cut in self.cuts):
            yield "result_cuts", "A cut has at most three digits behind the point: so is θ compared with it."
        elif any(thousandths(low) >= thousandths(high) for low, high in pairwise(self.cuts)):
            yield "result_cuts", "Cuts rise from one to the next."
        if len(self.cuts) > MOST_CUTS:
            yield "result_cuts", f"At most {MOST_CUTS} cuts."
        if self.kind == Kind.PASSING and len(self.cuts) != 1:
            yield "result_cuts", "Passed or not passed needs one cut, here or in the rules."

    def _problems_of_levels(self) -> Iterator[tuple[str, str]]:
        if self.levels and len(self.levels) != len(self.cuts) + 1:
            yield (
                "result_levels",
                f"{len(self.cuts)} cuts make {len(self.cuts) + 1} levels, the lowest first; "
                f"here are {len(self.levels)}.",
            )
        names = [level.name for level in self.levels]
        if any(not name.strip() or len(name) > LONGEST_NAME for name in names):
            yield "result_levels", f"Every level has a name, of at most {LONGEST_NAME} characters."
        if len(set(names)) != len(names):
            yield "result_levels", "The names of levels must differ."
        if any(len(level.meaning) > LONGEST_MEANING for level in self.levels):
            yield "result_levels", f"What a level means has at most {LONGEST_MEANING} characters."

    def _problems_of_scale(self) -> Iterator[tuple[str, str]]:
        if not (math.isfinite(self.sd) and 0 < self.sd <= 1e4):
            yield "scale_sd", "A number above 0, at most 10,000."
        if not (math.isfinite(self.mean) and abs(self.mean) <= 1e5):
            yield "scale_mean", "A number from −100,000 to 100,000."


USUAL = ResultSpec()
NEEDS_ABILITY = (
    "needs an ability. A test in linear or random order, as one of a pool without parameters is, has points "
    "and percent instead."
)


def spec_for(
    test: NamedTest | None,
    rules: CatRules,
    bank: ItemBank,
    pool_scale: object = None,
    own_names: Sequence[str] = (),
) -> ResultSpec:
    """How results are told of a test that starts now. `pool_scale`: the pool's reporting scale, where it has
    one and the test has none. Raises `ResultRefused`.

    Cuts are the test's own, else those of its own scale, of the rules, of the pool's scale, the usual ones.
    Levels are called as the test says, else the scale; else as the organisation does (`own_names`, the
    lowest first), where it names so many.
    """
    decided = cuts_of(rules)
    decided = decided if len(decided) <= MOST_CUTS else ()
    if not rules.is_adaptive(bank):
        return _of_points(test)
    kind = NamedTest.ResultKind.BY_RULES if test is None else test.result_kind
    given = () if test is None else tuple(test.result_cuts)
    own = _scale_written(None if test is None else test.reporting_scale)
    reporting = own or _scale_written(pool_scale)
    is_by_scale = (
        reporting is not None and bool(reporting.cuts) and not given and (own is not None or not decided)
    )
    if is_by_scale:
        assert reporting is not None
        given = reporting.theta_cuts()
    if kind == NamedTest.ResultKind.BY_RULES:
        kind = _kind_by(given or decided, bank)
    fallback = () if kind == Kind.SCALE else decided or (() if kind == Kind.PASSING else USUAL_CUTS)
    cuts = tuple(float(cut) + 0.0 for cut in given or fallback)  # jsonb keeps no −0.0
    levels = () if test is None else _levels_written(test.result_levels)
    if is_by_scale and not levels:
        assert reporting is not None
        levels = tuple(Level(each.name, each.meaning) for each in reporting.levels)
    if not levels and kind in (Kind.LEVELS, Kind.THANKS) and len(own_names) == len(cuts) + 1:
        levels = tuple(Level(name) for name in own_names)
    mean, sd = (50.0, 10.0) if test is None else (test.scale_mean, test.scale_sd)
    spec = ResultSpec(str(kind), cuts, levels, mean, sd, reporting)
    if problems := spec.problems():
        raise ResultRefused(problems)
    return spec


def level_names_of(pool: QuestionPool) -> list[str]:
    """What the pool's organisation calls its levels, the lowest first; empty: as everybody does."""
    assert pool.organisation_id is not None  # every row has one
    own = Organisation.objects.filter(pk=pool.organisation_id).values_list("level_names", flat=True)
    return list(own.get())


def _scale_written(value: object) -> ReportingScale | None:
    """Raises `ResultRefused`."""
    if value is None:
        return None
    try:
        return ReportingScale.from_json(value)
    except ReportingScaleError as error:
        problems = [
            ("reporting_scale", f"{at}: {message}" if at else message) for at, message in error.problems
        ]
        raise ResultRefused(problems) from error


def _of_points(test: NamedTest | None) -> ResultSpec:
    """How a test without an ability tells what it found. Raises `ResultRefused` where that needs one."""
    kinds = NamedTest.ResultKind
    problems: Problems = []
    if test is not None and test.result_kind not in (kinds.BY_RULES, kinds.THANKS):
        problems.append(("result_kind", f"This {NEEDS_ABILITY} Take “as the rules have it”, or thanks only."))
    for name in ("result_cuts", "result_levels", "reporting_scale"):
        if test is not None and getattr(test, name):
            problems.append((name, f"These lie on the scale of θ: this {NEEDS_ABILITY}"))
    if problems:
        raise ResultRefused(problems)
    is_thanks = test is not None and test.result_kind == kinds.THANKS
    return ResultSpec(kind=str(Kind.THANKS if is_thanks else Kind.POINTS), cuts=())


def spec_of(test: NamedTest) -> ResultSpec:
    """How the results of a test would be told that started now; the usual way where it could not start."""
    revision_id = test.pool.current_revision_id
    if revision_id is None:
        return USUAL
    try:
        rules, bank = CatRules.from_json(test.rules), load_revision(revision_id).bank
        return spec_for(test, rules, bank, test.pool.reporting_scale, level_names_of(test.pool))
    except (ResultRefused, RulesError):
        return USUAL


def _levels_written(value: object) -> tuple[Level, ...]:
    """Raises `ResultRefused`."""
    try:
        return convert(value, tuple[Level, ...])
    except ValidationError as error:
        raise ResultRefused([("result_levels", f"Levels are names and meanings: {error}")]) from error


def problems_of_result(test: NamedTest, pool: QuestionPool, rules: object) -> Problems:
    """What would keep a named test of this pool and these rules from telling its results."""
    if pool.current_revision_id is None:
        return []
    try:
        bank = load_revision(pool.current_revision_id).bank
        spec = spec_for(test, CatRules.from_json(rules), bank, pool.reporting_scale)
    except ResultRefused as error:
        return error.problems
    levels, feedback = len(spec.cuts) + 1 if spec.has_levels else 0, test.result_feedback or []
    if feedback and len(feedback) != levels:
        return [
            ("result_feedback", f"One text for each level: there are {levels} levels, {len(feedback)} texts.")
        ]
    return []


def _kind_by(cuts: tuple[float, ...], bank: ItemBank) -> Kind:
    """One cut divides those who pass. Where no question has a right answer and a wrong one, nothing is
    achieved."""
    if len(cuts) == 1:
        return Kind.PASSING
    if not cuts and bool((bank.n_categories > 2).all()):
        return Kind.SCALE
    return Kind.LEVELS


def cuts_of(rules: CatRules) -> tuple[float, ...]:
    """The cuts between which rules of stopping decide, in order, to thousandths."""
    found: set[int] = set()
    waiting: list[Any] = list(rules.stop)
    while waiting:
        stop = waiting.pop()
        waiting += getattr(stop, "rules", ())
        for cut in getattr(stop, "cuts", ()):
            found.add(thousandths(cut))
    return tuple(cut / 1000 for cut in sorted(found))


def store_spec(spec: ResultSpec) -> ResultSpecification:
    """The row with this content, new or found."""
    try:
        return _row_of(_hash_of_spec(spec))
    except ResultSpecification.DoesNotExist:
        content = as_stored(spec.to_json())
        row, _ = ResultSpecification.objects.get_or_create(
            content_hash=hash_of(content), defaults={"content": content}
        )
        return row


@lru_cache(maxsize=SPECIFICATIONS_KEPT)
def _hash_of_spec(spec: ResultSpec) -> str:
    """Once for those that are equal: most tests are told of as another one is."""
    return hash_of(as_stored(spec.to_json()))


@lru_cache(maxsize=SPECIFICATIONS_KEPT)
def _row_of(content_hash: str) -> ResultSpecification:
    """Once it is found: one that this very transaction has made may yet vanish with it."""
    return ResultSpecification.objects.get(content_hash=content_hash)


@lru_cache(maxsize=SPECIFICATIONS_KEPT)
def _load(pk: int) -> ResultSpec:
    return ResultSpec.from_json(ResultSpecification.objects.only("content").get(pk=pk).content)


def load_spec(pk: int | None) -> ResultSpec:
    """A session's, read once a process; of a session from before there were any: the usual one."""
    return USUAL if pk is None else _load(pk)


def forget_specs() -> None:
    """Empty this process's cache, for tests that roll the rows back."""
    _load.cache_clear()
    _row_of.cache_clear()
    _hash_of_spec.cache_clear()
