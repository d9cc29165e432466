"""The pools and half-finished tests that every program of the comparison gets."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from testing_engine.psychometrics.engine import TestSoFar, next_step
from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.items.response import FloatArray, IntArray
from testing_engine.psychometrics.rules import CatRules
from testing_engine.simulation.students import Students

AREAS = 10
SHADOW_LENGTH = 30


@dataclass(frozen=True, eq=False)
class Pool:
    """One-dimensional 3PL questions: a ~ lognormal(0.2, 0.3), b ~ N(0, 1), c ~ U(0.1, 0.25)."""

    a: FloatArray
    b: FloatArray
    c: FloatArray

    @classmethod
    def of(cls, n: int, seed: int = 1) -> "Pool":
        rng = np.random.default_rng(seed)
        return cls(rng.lognormal(0.2, 0.3, n), rng.normal(0, 1, n), rng.uniform(0.1, 0.25, n))

    def bank(self) -> ItemBank:
        """Made anew, so that nothing is remembered from before."""
        return ItemBank.from_arrays(
            concepts=np.ones((len(self.a), 1)),
            model="3PL",
            discrimination=self.a,
            difficulty=self.b,
            guessing=self.c,
        )


@dataclass(frozen=True, eq=False)
class Constrained:
    """A pool of 1,000 and 36 constraints: length; minimum and maximum of 10 areas; 15 enemy groups of
    three, or 14
    and a total time, which is what makes an integer program hard. All of them can be said to `mirt`, too."""

    pool: Pool
    area: IntArray  # (N,)
    enemies: IntArray  # (14 or 15, 3)
    seconds: FloatArray  # (N,)
    longest: float | None

    @classmethod
    def of(cls, timed: bool, n: int = 1000, seed: int = 2) -> "Constrained":
        rng = np.random.default_rng(seed)
        seconds = rng.lognormal(4.0, 0.4, n).round(1)
        return cls(
            Pool.of(n, seed),
            rng.integers(0, AREAS, n),
            rng.choice(n, (14 if timed else 15, 3), replace=False),
            seconds,
            float(round(SHADOW_LENGTH * np.median(seconds), 1)) if timed else None,
        )

    def bank(self) -> ItemBank:
        groups: list[list[str]] = [[] for _ in self.area]
        for index, group in enumerate(self.enemies.tolist()):
            for item in group:
                groups[item].append(f"enemies {index}")
        return ItemBank.from_arrays(
            concepts=np.ones((len(self.area), 1)),
            model="3PL",
            discrimination=self.pool.a,
            difficulty=self.pool.b,
            guessing=self.pool.c,
            area=[f"area {code}" for code in self.area.tolist()],
            enemy_groups=groups,
        )

    def rules(self, exact: bool) -> CatRules:
        areas = [{"area": f"area {code}", "minimum": 2, "maximum": 4} for code in range(AREAS)]
        shadow: dict[str, object] = {"name": "shadow", "areas": areas}
        if self.longest is not None:
            shadow["limits"] = [{"coefficients": self.seconds.tolist(), "maximum": self.longest}]
        if exact:
            shadow["tolerance"] = 0
        return CatRules.from_json({"max_questions": SHADOW_LENGTH, "eligibility": [shadow]})

    def violations(self, items: list[int]) -> int:
        """How many of the 36 constraints a finished test breaks."""
        counts = np.bincount(self.area[items], minlength=AREAS)
        broken = np.count_nonzero(counts < 2) + np.count_nonzero(counts > 4)
        broken += sum(len(set(group) & set(items)) > 1 for group in self.enemies.tolist())
        broken += self.longest is not None and self.seconds[items].sum() > self.longest + 1e-6
        return int(broken) + (len(items) != SHADOW_LENGTH)


@dataclass(frozen=True, eq=False)
class PartsOfSets:
    """1,000 questions, 600 of them in sets of six of one area: a test has three to five of a set or none, two
    to four of each of 10 areas, and a total time."""

    pool: Pool
    area: IntArray  # (N,)
    seconds: FloatArray  # (N,)

    @classmethod
    def of(cls, n: int = 1000, seed: int = 5) -> "PartsOfSets":
        rng = np.random.default_rng(seed)
        area = rng.integers(0, AREAS, n)
        area[: 6 * (n // 10)] = np.repeat(area[: n // 10], 6)
        return cls(Pool.of(n, seed), area, rng.lognormal(4.0, 0.4, n).round(1))

    def bank(self) -> ItemBank:
        n = len(self.area)
        return ItemBank.from_arrays(
            concepts=np.ones((n, 1)),
            model="3PL",
            discrimination=self.pool.a,
            difficulty=self.pool.b,
            guessing=self.pool.c,
            area=[f"area {code}" for code in self.area.tolist()],
            question_set=[f"set {i // 6}" if i < 6 * (n // 10) else "" for i in range(n)],
        )

    def rules(self, exact: bool) -> CatRules:
        longest = float(round(SHADOW_LENGTH * np.median(self.seconds), 1))
        shadow: dict[str, object] = {
            "name": "shadow",
            "areas": [{"area": f"area {code}", "minimum": 2, "maximum": 4} for code in range(AREAS)],
            "question_sets": "some",
            "set_count": {"minimum": 3, "maximum": 5},
            "limits": [{"coefficients": self.seconds.tolist(), "maximum": longest}],
        }
        if exact:
            shadow["tolerance"] = 0
        return CatRules.from_json({"max_questions": SHADOW_LENGTH, "eligibility": [shadow]})

    def violations(self, items: list[int]) -> int:
        """How many of its rules a finished test breaks."""
        counts = np.bincount(self.area[items], minlength=AREAS)
        broken = np.count_nonzero((counts < 2) | (counts > 4))
        own = np.array([item // 6 for item in items if item < 6 * (len(self.area) // 10)], dtype=np.intp)
        taken = np.bincount(own)[np.unique(own)]
        broken += np.count_nonzero((taken < 3) | (taken > 5))
        broken += self.seconds[items].sum() > round(SHADOW_LENGTH * np.median(self.seconds), 1) + 1e-6
        return int(broken) + (len(items) != SHADOW_LENGTH)


@dataclass(frozen=True, eq=False)
class SeveralDimensions:
    """Multidimensional 2PL questions, each with a weight on two or three of the concepts."""

    weights: FloatArray  # (N, D)
    a: FloatArray
    b: FloatArray

    @classmethod
    def of(cls, n: int = 5000, dimensions: int = 5, seed: int = 3) -> "SeveralDimensions":
        rng = np.random.default_rng(seed)
        weights = rng.uniform(0.2, 1.0, (n, dimensions))
        weights[np.argsort(rng.random((n, dimensions)), axis=1) >= rng.integers(2, 4, (n, 1))] = 0.0
        return cls(weights, rng.lognormal(0.1, 0.3, n), rng.normal(0, 1, n))

    @cached_property
    def slopes(self) -> FloatArray:
        return np.asarray(self.a[:, None] * self.weights)

    @cached_property
    def intercepts(self) -> FloatArray:
        return np.asarray(-np.linalg.norm(self.slopes, axis=1) * self.b)

    def bank(self) -> ItemBank:
        return ItemBank.from_arrays(concepts=self.weights, discrimination=self.a, difficulty=self.b)


@dataclass(frozen=True)
class State:
    """A test after its first questions."""

    items: tuple[int, ...]
    scores: tuple[int, ...]


def states(bank: ItemBank, count: int, answered: int, seed: int = 4) -> list[State]:
    """Adaptive tests of students θ ~ N(0, 1), stopped after `answered` questions."""
    rules = CatRules(max_questions=answered + 1)
    thetas = np.random.default_rng(seed).normal(size=(count, bank.n_dimensions))
    students = Students.drawn(thetas, bank.n_dimensions, answered, seed)
    found = []
    for student in range(count):
        items: list[int] = []
        scores: list[int] = []
        for position in range(answered):
            item = next_step(TestSoFar(bank, rules, None, 0, items, scores)).next_item
            if item is None:
                raise ValueError("the pool is too small")
            asked, who = np.array([item]), np.array([student])
            scores.append(int(students.answers(bank, who, asked, position)[0]))
            items.append(item)
        found.append(State(tuple(items), tuple(scores)))
    return found
