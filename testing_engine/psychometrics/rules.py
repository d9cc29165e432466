"""`CatRules`: one frozen value that says how a test runs. It holds no pool and does no I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

import testing_engine.psychometrics.selection.expected  # noqa: F401  # puts its criterion on the list
from testing_engine.psychometrics.ability.estimators import (
    Estimator,
    ExpectationPropagation,
    ExpectedAPosteriori,
    MaximumAPosteriori,
)
from testing_engine.psychometrics.ability.grids import default_quadrature
from testing_engine.psychometrics.ability.prior_rules import Bounded, PriorRule, StandardNormal
from testing_engine.psychometrics.components import (
    EDITION,
    FIRST_EDITION,
    MOST_OBJECTS,
    Component,
    Count,
    Problems,
    RulesError,
    Within,
    count_objects,
    decode,
    encode,
    schema_of,
)
from testing_engine.psychometrics.constraints.content import AreaLimits, AreaTargets, Enemies, QuestionSets
from testing_engine.psychometrics.constraints.eligibility import Eligibility, joint_problems
from testing_engine.psychometrics.constraints.exposure import ItemEligibility, MaximumRate, SympsonHetter
from testing_engine.psychometrics.constraints.shadow import ShadowTest
from testing_engine.psychometrics.effort import Effort
from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.items.parts import Part, counting, in_use
from testing_engine.psychometrics.items.response import IntArray
from testing_engine.psychometrics.pauses import Pauses
from testing_engine.psychometrics.pilots import Pilots
from testing_engine.psychometrics.selection.criteria import Criterion, MaximumInformation
from testing_engine.psychometrics.selection.optimality import DOptimality
from testing_engine.psychometrics.selection.start import Start
from testing_engine.psychometrics.selection.strategies import Best, Strategy
from testing_engine.psychometrics.stopping import Stop

__all__ = [
    "AreaLimits",
    "AreaTargets",
    "CatRules",
    "Enemies",
    "ItemEligibility",
    "MaximumRate",
    "QuestionSets",
    "RulesError",
    "ShadowTest",
    "SympsonHetter",
]

Selection = Literal["adaptive", "linear", "random"]
ADAPTIVE, LINEAR, RANDOM = "adaptive", "linear", "random"
WITHOUT_PARAMETERS = "needs questions with parameters, and this pool has none yet: leave it out, or calibrate"
WITHOUT_ABILITY = "needs an ability, and a test in linear or random order has none"

STANDARD_NORMAL, BEST = StandardNormal(), Best()
DEFAULT_ABILITY, DEFAULT_ABILITY_SEVERAL = ExpectedAPosteriori(), ExpectationPropagation()
FIRST_DEFAULT_ABILITY_SEVERAL = MaximumAPosteriori()
DEFAULT_CRITERION, DEFAULT_CRITERION_SEVERAL = MaximumInformation(), DOptimality()

MOST_WORK = 3e8  # evaluations of an answer's probability at one answer: some 3 s of one processor


@dataclass(frozen=True)
class CatRules:
    """How a test runs.

    Left out, `ability` and `criterion` follow the pool: EAP and MFI in one dimension, EP and posterior D
    in several (MAP in the first edition). A `prior` holds for every student alike; left out, a test begins
    from what is known of its student, and where nothing is, from N(0, 1).

    `selection` "linear" asks the questions in the pool's order, "random" in one drawn from the seed; such a
    test counts points, and has no ability. Left out, a test of a pool with parameters is adaptive; one of a
    pool without is linear where it asks the whole pool, else random.
    """

    selection: Selection | None = None

    ability: Estimator | None = None
    prior: PriorRule | None = None
    criterion: Criterion | None = None
    strategy: Strategy = BEST
    start: Start | None = None
    eligibility: tuple[Eligibility, ...] = ()  # applied in order
    stop: tuple[Stop, ...] = ()  # the first that is met stops the test
    min_questions: Annotated[int, Within(least=0)] = 0
    max_questions: Count = 20
    pilots: Pilots | None = None
    effort: Effort | None = None  # which answers are too fast to count
    pauses: Pauses | None = None  # how its clock may be stopped; None: not at all
    edition: Annotated[int, Within(least=1, most=EDITION)] = EDITION  # of the engine's methods

    def __post_init__(self) -> None:
        if self.min_questions > self.max_questions:
            raise RulesError([("/min_questions", "must be at most max_questions")])

    def settled(self, bank: ItemBank) -> "CatRules":
        """The same rules with what they leave to the pool: ability and criterion, or the order without."""
        if (selection := self.selection_for(bank)) != ADAPTIVE:
            return replace(self, selection=selection)
        return replace(self, ability=self.ability_for(bank), criterion=self.criterion_for(bank))

    @classmethod
    def from_json(cls, value: object) -> "CatRules":
        """Raises `RulesError` with everything that is wrong."""
        if count_objects(value) > MOST_OBJECTS:
            raise RulesError([("", f"must be made of at most {MOST_OBJECTS} rules")])
        problems: Problems = []
        rules = decode(cls, value, "", problems)
        if rules is None:
            raise RulesError(problems)
        return rules

    def to_json(self) -> dict[str, Any]:
        """Canonical and minimal: only what differs from the defaults."""
        encoded: dict[str, Any] = encode(self)
        return encoded

    @classmethod
    def from_plan(cls, value: Mapping[str, Any]) -> "CatRules":
        """From what a test began with; what names no edition is older than editions, so of the first."""
        return cls.from_json({"edition": FIRST_EDITION, **value})

    def to_plan(self) -> dict[str, Any]:
        """The JSON that a test goes by to its end, and replays by: it names its edition."""
        return self.to_json() | {"edition": self.edition}

    @classmethod
    def json_schema(cls) -> dict[str, Any]:
        definitions: dict[str, Any] = {}
        schema = schema_of(cls, definitions)
        return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "$defs": definitions}

    @classmethod
    def from_end_criteria(
        cls,
        type: str = "fixed_length",
        max_questions: int = 20,
        min_questions: int | None = None,
        precision_threshold: float = 0.3,
        classification_threshold: float = 0.8,
        cut_scores: float | Sequence[float] = 0.0,
    ) -> "CatRules":
        """The simple form. Raises `RulesError` whose pointers name these arguments.

        `min_questions` not given is 5, or `max_questions` where that is less.
        """
        if min_questions is None:
            min_questions = min(5, max_questions) if isinstance(max_questions, int) else 5
        cuts = list(cut_scores) if isinstance(cut_scores, list | tuple) else [cut_scores]
        stops: dict[str, list[dict[str, Any]]] = {
            "fixed_length": [],
            "precision": [{"name": "precision", "standard_error": precision_threshold}],
            "classification": [
                {"name": "classification", "cuts": cuts, "probability": classification_threshold}
            ],
        }
        if not isinstance(type, str) or type not in stops:
            raise RulesError([("/type", f"must be one of {', '.join(stops)}")])
        try:
            return cls.from_json(
                {"max_questions": max_questions, "min_questions": min_questions, "stop": stops[type]}
            )
        except RulesError as error:
            raise RulesError([(_simple_pointer(place), text) for place, text in error.problems]) from None

    def selection_for(self, bank: ItemBank) -> Selection:
        """How questions of this pool are chosen."""
        if self.selection is not None:
            return self.selection
        if counting(bank).bank is not None:
            return "adaptive"
        return "linear" if in_use(bank).n_items <= self.max_questions else "random"

    def is_adaptive(self, bank: ItemBank) -> bool:
        """Whether a test has an ability, and questions chosen by it."""
        return self.selection_for(bank) == ADAPTIVE

    def restricted(self, places: IntArray) -> "CatRules":
        """The same rules for a part of the pool, its questions `places`."""
        start = None if self.start is None else self.start.restricted(places)
        return replace(self, start=start, eligibility=tuple(r.restricted(places) for r in self.eligibility))

    def for_part(self, part: Part) -> "CatRules":
        """The rules by which a test of the pool draws from this part of it."""
        return self if part.is_whole else self.restricted(part.places)

    def shortest(self, bank: ItemBank) -> int:
        """Questions that count in every test of the pool that nobody breaks off."""
        least = max(self.min_questions, 1) if self.stop else self.max_questions
        return min(least, counting(bank).n_items)

    @property
    def longest(self) -> int:
        """Questions that a test has at most, the pilots among them; of a plan, which names those."""
        return self.max_questions + (0 if self.pilots is None else self.pilots.most)

    def check(self, bank: ItemBank) -> None:
        """Raises `RulesError` where these rules cannot work with a pool."""
        if not self.is_adaptive(bank):
            self._check_without_ability(bank)
            return
        part = counting(bank)
        if part.bank is None:
            raise RulesError([("/selection", WITHOUT_PARAMETERS)])
        if not part.is_whole and (problems := _problems_of(self._parts(bank), bank)):
            raise RulesError(problems)
        self.for_part(part)._check_part(part.bank)
        if self.pilots is not None and (found := self.pilots.problems(self.shortest(bank))):
            raise RulesError([("/pilots" + below, text) for below, text in found])
        if self.effort is not None and (found := self.effort.problems(bank)):
            raise RulesError([("/effort" + below, text) for below, text in found])

    def _check_without_ability(self, bank: ItemBank) -> None:
        """What only an ability could decide is refused, each by its field."""
        why = WITHOUT_ABILITY if counting(bank).n_items else WITHOUT_PARAMETERS
        left_out = ("ability", "prior", "criterion", "start", "pilots", "effort")
        problems = [
            (f"/{name}", why)
            for name, usual in {**dict.fromkeys(left_out), "strategy": BEST}.items()
            if getattr(self, name) != usual
        ]
        problems += [
            (f"/stop/{i}{at}", why) for i, rule in enumerate(self.stop) for at in rule.beyond_counting()
        ]
        problems += [
            (f"/eligibility/{i}", why) for i, rule in enumerate(self.eligibility) if rule.needs_ability
        ]
        part = in_use(bank)
        if part.bank is None:
            problems.append(("", "all questions of this pool are retired"))
        if not problems:
            problems = _problems_of(self._eligibility_parts(), bank)
        if not problems and part.bank is not None:
            rules = self.for_part(part).eligibility
            problems = _placed(joint_problems(rules, part.bank, self.max_questions))
        if problems:
            raise RulesError(problems)

    def _parts(self, bank: ItemBank) -> list[tuple[str, Component]]:
        """The rules of an adaptive test, each with its place."""
        return [
            ("/ability", self.ability_for(bank)),
            ("/prior", self.prior_rule),
            ("/criterion", self.criterion_for(bank)),
            ("/strategy", self.strategy),
            *([("/start", self.start)] if self.start else []),
            *self._eligibility_parts(),
            *((f"/stop/{i}", rule) for i, rule in enumerate(self.stop)),
        ]

    def _eligibility_parts(self) -> list[tuple[str, Component]]:
        return [(f"/eligibility/{i}", rule) for i, rule in enumerate(self.eligibility)]

    def _check_part(self, bank: ItemBank) -> None:
        """The same for a pool whose questions all count."""
        parts = self._parts(bank)
        problems = _problems_of(parts, bank) + self._disjoint()
        if not problems:
            problems = _placed(joint_problems(self.eligibility, bank, self.max_questions))
        if not problems:
            problems = self._too_dear(parts, bank)
        if problems:
            raise RulesError(problems)

    def work(self, bank: ItemBank) -> float:
        """Evaluations of an answer's probability at an answer of an adaptive test; 1e8 take a second."""
        part = counting(bank)
        if part.bank is None or not self.is_adaptive(bank):
            return float(bank.n_items)
        rules = self.for_part(part)
        return sum(cost for cost, _ in rules._work_of(rules._parts(part.bank), part.bank))

    def _work_of(self, parts: list[tuple[str, Component]], bank: ItemBank) -> list[tuple[float, str]]:
        prior = self.prior_rule.prior(bank.n_dimensions)
        grid = default_quadrature(bank, prior).points if bank.n_dimensions == 1 else 0
        answers = min(self.max_questions, bank.n_items)
        return [(part.work(bank, grid, answers), place) for place, part in parts]

    def _too_dear(self, parts: list[tuple[str, Component]], bank: ItemBank) -> Problems:
        """The dearest part, where an answer would cost more than `MOST_WORK`, for which others would wait."""
        work = self._work_of(parts, bank)
        total = sum(cost for cost, _ in work)
        if total <= MOST_WORK:
            return []
        cost, place = max(work, key=lambda part: part[0])
        own, all_of_them, most = (f"{work / 1e6:,.0f}" for work in (cost, total, MOST_WORK))
        told = f"costs about {own} million evaluations an answer with this pool, all rules together "
        return [(place, f"{told}{all_of_them}; at most {most} million")]

    def _disjoint(self) -> Problems:
        """Bounds of the estimate that the prior leaves nothing of."""
        bounds = getattr(self.ability, "bounds", None)
        if bounds is None or not isinstance(self.prior, Bounded):
            return []
        if max(bounds.lower, self.prior.lower) < min(bounds.upper, self.prior.upper):
            return []
        return [("/ability/bounds", "have nothing in common with the prior's")]

    def may_stop(self, position: int) -> bool:
        """Whether a rule may end the test after so many questions. Never before the first: what was known
        already is no test."""
        return position >= max(self.min_questions, 1)

    @property
    def prior_rule(self) -> PriorRule:
        """What is believed of a student of whom nothing is known."""
        return self.prior or STANDARD_NORMAL

    def on_scale(self, correlation: float, dimensions: int) -> "CatRules":
        """These rules where abilities correlate so, before the first answer; their own prior goes first."""
        if self.prior is not None or dimensions == 1 or correlation == 0:
            return self
        return replace(self, prior=StandardNormal(correlation))

    def ability_for(self, bank: ItemBank) -> Estimator:
        """The rules' own estimator, or the default for the pool's number of dimensions."""
        default: Estimator = DEFAULT_ABILITY
        if bank.n_dimensions > 1:
            is_first = self.edition == FIRST_EDITION
            default = FIRST_DEFAULT_ABILITY_SEVERAL if is_first else DEFAULT_ABILITY_SEVERAL
        chosen = self.ability or default
        return chosen if chosen.edition == self.edition else replace(chosen, edition=self.edition)

    def criterion_for(self, bank: ItemBank) -> Criterion:
        """The rules' own criterion, or the default for the pool's number of dimensions."""
        return self.criterion or (DEFAULT_CRITERION if bank.n_dimensions == 1 else DEFAULT_CRITERION_SEVERAL)


def _problems_of(parts: list[tuple[str, Component]], bank: ItemBank) -> Problems:
    """Of each rule by itself, by its place in all of the rules."""
    return [(place + below, text) for place, part in parts for below, text in part.problems(bank)]


def _placed(together: Problems) -> Problems:
    """Problems of the eligibility rules together, by their places in all of the rules."""
    return [
        (place if place == "/max_questions" else "/eligibility" + place, text) for place, text in together
    ]


SIMPLE_NAMES = {
    "/stop/0/standard_error": "/precision_threshold",
    "/stop/0/probability": "/classification_threshold",
    "/stop/0/cuts": "/cut_scores",
}


def _simple_pointer(pointer: str) -> str:
    """Where the simple form says what the full form says at `pointer`."""
    for full, simple in SIMPLE_NAMES.items():
        if pointer.startswith(full):
            return simple + pointer[len(full) :]
    return pointer
