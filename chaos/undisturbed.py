"""The same student's test without servers, faults or HTTP: the engine alone, in this process."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from sessions_app.sitting.decisions import beliefs_of
from sessions_app.sitting.proficiency import CHANGE_BETWEEN_TESTS_SD
from testing_engine.models import DEFAULT_CORRELATION
from testing_engine.psychometrics import engine
from testing_engine.psychometrics.rules import CatRules
from testing_engine.revisions import FrozenRevision


@dataclass(frozen=True)
class Known:
    """What is known of a student: θ and its standard error by the concept's name, after the tests so far."""

    abilities: dict[str, tuple[float, float]]

    def prior(self, names: tuple[str, ...]) -> tuple[list[float], list[float]]:
        """Mean and standard deviation at the start of the next test."""
        mean = [self.abilities[name][0] if name in self.abilities else 0.0 for name in names]
        sd = [
            min(1.0, math.hypot(self.abilities[name][1], CHANGE_BETWEEN_TESTS_SD))
            if name in self.abilities
            else 1.0
            for name in names
        ]
        return mean, sd

    def after(self, names: tuple[str, ...], answers: "list[Answer]") -> "Known":
        """What the next test begins with."""
        if not answers:
            return self
        found = zip(names, zip(answers[-1].theta, answers[-1].standard_error, strict=True), strict=True)
        return Known({**self.abilities, **dict(found)})


@dataclass(frozen=True)
class Answer:
    """An answer, and the ability after it."""

    question_id: str
    option: int | None
    score: int
    theta: list[float]
    standard_error: list[float]
    next_question_id: str | None


@dataclass(frozen=True)
class Undisturbed:
    """A whole test. `end_reason` is empty where the student quit."""

    prior_mean: list[float]
    prior_sd: list[float]
    first_question_id: str
    answers: list[Answer]
    end_reason: str


def as_started(rules: CatRules, revision: FrozenRevision) -> CatRules:
    """Rules as `start` freezes them: the pools here have each a scale as it is made."""
    return rules.on_scale(DEFAULT_CORRELATION, revision.bank.n_dimensions)


def take(
    revision: FrozenRevision,
    rules: CatRules,
    known: Known,
    seed: int,
    choose: Callable[[str], int | None],
    quits_after: int | None,
) -> Undisturbed:
    """The test of a student who answers a question with the option `choose(question_id)`."""
    mean, sd = known.prior(revision.concept_names)
    rules = as_started(rules, revision)
    prior = beliefs_of(rules, mean, sd, is_scored_alone=False).prior
    items: list[int] = []
    scores: list[int] = []
    answers: list[Answer] = []
    step = engine.next_step(engine.TestSoFar(revision.bank, rules, prior, seed, items, scores))
    assert step.next_item is not None
    first = revision.external_ids[step.next_item]
    while step.next_item is not None and len(items) != quits_after:
        question_id = revision.external_ids[step.next_item]
        option = choose(question_id)
        items.append(step.next_item)
        scores.append(0 if option is None else revision.option_scores[step.next_item][option])
        step = engine.next_step(engine.TestSoFar(revision.bank, rules, prior, seed, items, scores))
        following = None if step.next_item is None else revision.external_ids[step.next_item]
        theta, error = step.ability.theta.tolist(), step.ability.standard_error.tolist()
        answers.append(Answer(question_id, option, scores[-1], theta, error, following))
    return Undisturbed(mean, sd, first, answers, step.stop or "")
