"""Rows → frozen values that a process keeps for ever: neither a revision nor a plan ever changes."""

import json
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from organisations.acting import for_all
from testing_engine.canonical import as_stored, former_spellings, hash_of
from testing_engine.models import PoolRevision, Question, QuestionPool, TestPlan
from testing_engine.psychometrics.items.bank import ItemBank, ItemParameters
from testing_engine.psychometrics.rules import CatRules
from testing_engine.questions import interactions
from testing_engine.questions.answers import Answer, AnswerRefused, Points
from testing_engine.questions.interactions import Interaction
from testing_engine.questions.program import Scoring, load_scoring
from testing_engine.revision_columns import read_columns
from testing_engine.sentences import say

REVISIONS_KEPT = 64  # a process forgets the one that it used longest ago
PLANS_KEPT = 1024
UNSCORED = -1
SAME_POINTS = 1e-6  # of scores that came over a wire, or as a share of the most


@dataclass(frozen=True)
class FrozenQuestion:
    """What a question with interactions asks, and how an answer to it is scored."""

    interactions: tuple[Interaction, ...]
    scoring: Scoring


@dataclass(frozen=True)
class FrozenRevision:
    """A pool revision in memory. Item i of `bank` is question `question_ids[i]`, called `external_ids[i]`."""

    id: int
    content_hash: str
    pool_id: UUID
    concept_names: tuple[str, ...]
    bank: ItemBank
    question_ids: NDArray[np.int64]
    external_ids: tuple[str, ...]
    option_scores: tuple[tuple[int, ...], ...]
    with_interactions: Mapping[int, FrozenQuestion]  # by item; all others have options alone
    fixed_options: tuple[tuple[int, ...], ...]  # which keep their place where options are shuffled

    @cached_property
    def positions(self) -> dict[str, int]:
        """Item index by the question's own id."""
        return {external_id: position for position, external_id in enumerate(self.external_ids)}

    @cached_property
    def positions_by_key(self) -> dict[int, int]:
        """Item index by primary key."""
        return {int(key): position for position, key in enumerate(self.question_ids)}

    def score(self, item: int, answer: int | Answer | Points | None) -> int:
        """The response category, from 0: by the key, of an option's index or of an answer to interactions;
        else of the points that another system gave. Raises `AnswerRefused` where no answer earns these.

        "I don't know" (None) is wrong where there is a right answer, else unscored.
        """
        if isinstance(answer, Points):
            return self._category_that_earns(item, answer.value)
        if (question := self.with_interactions.get(item)) is not None:
            assert not isinstance(answer, int)
            return 0 if answer is None else question.scoring.category(answer)
        if answer is not None:
            assert isinstance(answer, int)
            return self.option_scores[item][answer]
        return 0 if self.bank.n_categories[item] == 2 else UNSCORED

    def _category_that_earns(self, item: int, points: float) -> int:
        known = self.points_of_categories(item)
        for category, each in enumerate(known):
            if abs(each - points) < SAME_POINTS:
                return category
        earned = ", ".join(f"{each:g}" for each in known)
        told = say(
            "{points} is no score of this question: there are {earned}.", points=f"{points:g}", earned=earned
        )
        raise AnswerRefused("", told)

    def points_of_categories(self, item: int) -> tuple[float, ...]:
        """What an answer of each category earns, from category 0 up."""
        categories = range(int(self.bank.n_categories[item]))
        return tuple(float(self.points(item, category)) for category in categories)

    def may_shuffle(self, item: int) -> bool:
        """Whether the order of the options says nothing: not where they are steps of a scale."""
        return int(self.bank.n_categories[item]) == 2

    def has_right_answer(self, item: int) -> bool:
        """Whether there are right and wrong answers, and not steps of a scale."""
        return item in self.with_interactions or int(self.bank.n_categories[item]) == 2

    def points(self, item: int, score: int) -> float:
        """What an answer of this category earns: as its author wrote it."""
        question = self.with_interactions.get(item)
        return score if question is None else question.scoring.program.categories[score]

    def most_points(self, item: int) -> float:
        """What the best answer earns."""
        question = self.with_interactions.get(item)
        return max(self.option_scores[item]) if question is None else max(question.scoring.program.categories)

    def is_right(self, item: int, score: int) -> bool:
        """Whether no answer to the question earns more, and it earns something."""
        if (question := self.with_interactions.get(item)) is not None:
            return score == question.scoring.n_categories - 1
        return score > 0 and score == max(self.option_scores[item])


@dataclass(frozen=True)
class FrozenPlan:
    """Rules and concept names of a test."""

    id: int
    content_hash: str
    rules: CatRules
    concept_names: tuple[str, ...]


def item_parameters(question: Question) -> ItemParameters:
    """What the engine sees of a question."""
    return ItemParameters(
        concepts=tuple(question.concepts),
        model=question.model,
        difficulty=question.difficulty,
        discrimination=question.discrimination,
        guessing=question.guessing,
        upper=question.upper_asymptote,
        thresholds=tuple(question.thresholds),
        category_slopes=tuple(question.category_slopes),
        category_intercepts=tuple(question.category_intercepts),
        area=question.area,
        enemy_groups=tuple(question.enemy_groups),
        question_set=question.question_set,
        state=question.state,
    )


def parameters_of_stored(keys: Sequence[int]) -> list[ItemParameters]:
    """Of stored questions, in the order of these primary keys. What they ask is not read."""
    asked = ("content", "options", "option_scores", "interactions", "scoring")
    rows = Question.objects.defer(*asked).in_bulk(keys)
    return [item_parameters(rows[key]) for key in keys]


class FrozenQuestions(Mapping[int, FrozenQuestion]):
    """Questions with interactions by item, each made when it is first asked for."""

    def __init__(self, stored: Mapping[int, tuple[bytes, bytes]]) -> None:
        self._stored = stored
        self._made: dict[int, FrozenQuestion] = {}

    def __getitem__(self, item: int) -> FrozenQuestion:
        try:
            return self._made[item]
        except KeyError:
            asked, key = map(json.loads, self._stored[item])
            question = FrozenQuestion(interactions.decode(asked), load_scoring(key))
            return self._made.setdefault(item, question)

    def __contains__(self, item: object) -> bool:
        return item in self._stored

    def __iter__(self) -> Iterator[int]:
        return iter(self._stored)

    def __len__(self) -> int:
        return len(self._stored)


class _Kept:
    """The revisions of this process. Who asks for one that another thread is reading waits for it."""

    def __init__(self) -> None:
        self.revisions: OrderedDict[int, FrozenRevision] = OrderedDict()
        self.reading: dict[int, threading.Lock] = {}

    def get(self, revision_id: int) -> FrozenRevision:
        try:
            revision = self.revisions[revision_id]
            self.revisions.move_to_end(revision_id)
        except KeyError:  # not read yet, or forgotten between the two
            return self.read(revision_id)
        return revision

    def read(self, revision_id: int) -> FrozenRevision:
        with self.reading.setdefault(revision_id, threading.Lock()):
            revision = self.revisions.get(revision_id)
            if revision is None:
                revision = self.revisions[revision_id] = _read(revision_id)
                while len(self.revisions) > REVISIONS_KEPT:
                    forgotten, _ = self.revisions.popitem(last=False)
                    self.reading.pop(forgotten, None)
        return revision


_KEPT = _Kept()


def load_revision(revision_id: int) -> FrozenRevision:
    """Read a revision, once a process: from its file, or where there is none from the rows."""
    return _KEPT.get(revision_id)


def _read(revision_id: int) -> FrozenRevision:
    with for_all():  # it is kept for all who come after, whoever asked first
        revision = PoolRevision.objects.select_related("pool").get(pk=revision_id)
        columns = read_columns(revision)
    return FrozenRevision(
        id=revision_id,
        content_hash=revision.content_hash,
        pool_id=revision.pool_id,
        concept_names=tuple(revision.pool.concept_names),
        bank=columns.bank(),
        question_ids=columns.question_ids,
        external_ids=columns.external_ids,
        option_scores=tuple(columns.option_scores.all()),
        with_interactions=FrozenQuestions(columns.with_interactions),
        fixed_options=tuple(columns.fixed_options.all()),
    )


class UnknownPool(ValueError):
    """No pool of that id, or none with a revision."""


def newest_revision(pool_id: str) -> FrozenRevision:
    """The newest revision of the pool that somebody named; raises `UnknownPool`."""
    try:
        revision_id = QuestionPool.objects.get(pk=UUID(pool_id)).current_revision_id
    except (ValueError, QuestionPool.DoesNotExist):
        revision_id = None
    if revision_id is None:
        raise UnknownPool(f"There is no pool {pool_id}.")
    return load_revision(revision_id)


@lru_cache(maxsize=PLANS_KEPT)
def load_plan(plan_id: int) -> FrozenPlan:
    """Read a plan, once a process."""
    plan = TestPlan.objects.get(pk=plan_id)
    return FrozenPlan(plan.pk, plan.content_hash, CatRules.from_plan(plan.rules), tuple(plan.concept_names))


def store_plan(rules: CatRules, concept_names: Sequence[str]) -> FrozenPlan:
    """The plan with this content, new or found."""
    names = tuple(concept_names)
    content_hash = _hash_of_plan(rules, names)
    try:
        pk = _plan_of(content_hash)
    except TestPlan.DoesNotExist:
        content = {"rules": as_stored(rules.to_plan()), "concept_names": list(names)}
        content_hash = plan_hash(content["rules"], names)  # its own: equal rules may be spelt 1 and 1.0
        plan, _ = TestPlan.objects.get_or_create(content_hash=content_hash, defaults=content)
        pk = plan.pk
    return FrozenPlan(pk, content_hash, rules, names)


@lru_cache(maxsize=PLANS_KEPT)
def _hash_of_plan(rules: CatRules, concept_names: tuple[str, ...]) -> str:
    """Once for rules that are equal: most tests begin by rules that another one began by."""
    return plan_hash(as_stored(rules.to_plan()), concept_names)


@lru_cache(maxsize=PLANS_KEPT)
def _plan_of(content_hash: str) -> int:
    """A plan's key, once it is found: one that this very transaction has made may yet vanish with it."""
    return TestPlan.objects.values_list("pk", flat=True).get(content_hash=content_hash)


def is_plan_hash(content_hash: str, rules: Any, concept_names: Sequence[str]) -> bool:
    """Whether a stored plan has this hash: as it is read, or as it was once spelt."""
    return any(plan_hash(each, concept_names) == content_hash for each in (rules, *former_spellings(rules)))


def plan_hash(rules: object, concept_names: Sequence[str]) -> str:
    """SHA-256 over a plan's content, as canonical JSON."""
    content = {"rules": rules, "concept_names": list(concept_names)}
    return hash_of(content)


def forget_frozen() -> None:
    """Empty this process's caches, for tests that roll the rows back."""
    _KEPT.revisions.clear()
    load_plan.cache_clear()
    _plan_of.cache_clear()
    _hash_of_plan.cache_clear()
