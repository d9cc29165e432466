"""What a test must be, said as simply as possible: the engine, and plain lists and dicts."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from chaos.undisturbed import Known, as_started
from sessions_app.sitting.decisions import beliefs_of
from sessions_app.sitting.thousandths import plain
from testing_engine.psychometrics import engine
from testing_engine.psychometrics.rules import CatRules
from testing_engine.revisions import FrozenRevision


@dataclass
class Given:
    """An answer, and the reply that it got."""

    question_id: str
    option: int | None
    key: str | None
    reply: dict[str, Any]


@dataclass
class Sitting:
    """One test. `started` is the reply of its start."""

    student_id: str
    key: str
    body: dict[str, Any]
    revision: FrozenRevision
    rules: CatRules
    known: Known  # of the student, before this test
    seed: int
    started: dict[str, Any]
    last_activity: datetime
    given: list[Given] = field(default_factory=list)
    status: str = "active"

    @property
    def session_id(self) -> str:
        return str(self.started["session_id"])

    @property
    def scores(self) -> list[int]:
        keys = [self.revision.option_scores[self.revision.positions[each.question_id]] for each in self.given]
        return [
            0 if each.option is None else key[each.option] for each, key in zip(self.given, keys, strict=True)
        ]

    @property
    def step(self) -> engine.Step:
        mean, sd = self.known.prior(self.revision.concept_names)
        rules = as_started(self.rules, self.revision)
        prior = beliefs_of(rules, mean, sd, is_scored_alone=False).prior
        items = [self.revision.positions[each.question_id] for each in self.given]
        return engine.next_step(
            engine.TestSoFar(self.revision.bank, rules, prior, self.seed, items, self.scores)
        )

    @property
    def waiting(self) -> str | None:
        """The question that waits for an answer, whether the test was broken off or not."""
        item = self.step.next_item
        return None if item is None else self.revision.external_ids[item]

    @property
    def ability(self) -> dict[str, list[float]]:
        found = self.step.ability
        return {"theta": found.theta.tolist(), "standard_error": found.standard_error.tolist()}

    @property
    def told(self) -> dict[str, list[float]]:
        """The same, as replies tell it."""
        return {**self.ability, "theta": [plain(theta) for theta in self.ability["theta"]]}

    def found(self) -> dict[str, tuple[float, float]]:
        """What the student's next test begins with."""
        numbers = zip(self.ability["theta"], self.ability["standard_error"], strict=True)
        return dict(zip(self.revision.concept_names, numbers, strict=True))
