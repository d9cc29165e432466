"""How often θ̂ ± 1.96 SE holds the true ability: before (the mode, Laplace's error) and after (the default).

Students of the prior take adaptive tests of up to 40 questions by the default rules; the same answers are
then scored in both ways after 8, 20 and 40 of them. In one dimension both are EAP, as before. A line at the
end is about students who are unlike the prior, which no estimator can know.

    python -m benchmarks.coverage [--tiny] [--students 300] [--seed 1]
    python -m benchmarks.coverage --cell 2,0.2,2 --students 3000 --longest 20    # one cell, more closely
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks import table
from testing_engine.psychometrics.ability.posterior import AbilityEstimate, Answers
from testing_engine.psychometrics.ability.priors import NormalPrior
from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.items.response import FloatArray
from testing_engine.psychometrics.rules import CatRules
from testing_engine.simulation.simulate import simulate

LENGTHS = (8, 20, 40)
CONCEPTS = (1, 2, 3, 5, 10)
INTERVALS = 2_000  # at least so many a cell, over students and concepts
Z = 1.96


@dataclass(frozen=True)
class Case:
    """Students N(mean, sd²) in every concept take tests under a prior N(0, prior_sd²)."""

    concepts: int
    guessing: float
    prior_sd: float
    mean: float = 0.0

    def pool(self, rng: np.random.Generator, size: int = 220) -> ItemBank:
        """A quarter of the questions measures two concepts; difficulties reach as far as abilities."""
        weights = np.zeros((size, self.concepts))
        weights[np.arange(size), np.arange(size) % self.concepts] = 1
        two = np.flatnonzero(rng.random(size) < 0.25)
        weights[two, rng.integers(0, self.concepts, len(two))] = 1
        return ItemBank.from_arrays(
            weights,
            discrimination=rng.uniform(0.8, 1.9, size),
            difficulty=rng.uniform(-2.5, 2.5, size) * self.prior_sd**0.5,
            guessing=self.guessing,
        )


@dataclass(frozen=True, eq=False)
class Held:
    """Shares of intervals that hold the truth, one per length."""

    before: FloatArray
    after: FloatArray
    overall: FloatArray  # of the mean of all concepts, after
    error: FloatArray  # of `after`: the sampling error of a mean over students


def measure(case: Case, students: int, lengths: Sequence[int], seed: int) -> Held:
    rng = np.random.default_rng((seed, case.concepts, int(100 * case.guessing), int(10 * case.prior_sd)))
    bank = case.pool(rng)
    prior = NormalPrior(np.zeros(case.concepts), case.prior_sd**2 * np.eye(case.concepts))
    thetas = case.mean + case.prior_sd * rng.normal(size=(students, case.concepts))
    rules = CatRules(max_questions=max(lengths))
    tests = simulate(bank, rules, thetas, seed, prior)
    after, before = rules.ability_for(bank), CatRules(edition=1).ability_for(bank)
    held = np.zeros((3, len(lengths), students))
    for student, (theta, items, scores) in enumerate(zip(thetas, tests.items, tests.scores, strict=True)):
        for at, length in enumerate(lengths):
            answers = Answers(items[:length], scores[:length])
            old, new = (way.estimate(bank, answers, prior)[0] for way in (before, after))
            whole = abs(new.overall.theta - theta.mean()) <= Z * new.overall.standard_error
            held[:, at, student] = _holds(old, theta), _holds(new, theta), whole
    before_all, after_all, whole_all = held.mean(axis=2)
    return Held(before_all, after_all, whole_all, held[1].std(axis=1, ddof=1) / students**0.5)


def _holds(estimate: AbilityEstimate, theta: FloatArray) -> float:
    """The share of concepts whose interval holds the truth."""
    return float((np.abs(estimate.theta - theta) <= Z * estimate.standard_error).mean())


def cases() -> list[Case]:
    usual = [Case(d, c, sd) for d in CONCEPTS for sd in (1.0, 2.0) for c in (0.0, 0.2)]
    return [*usual, Case(5, 0.2, 1.0, mean=-1.0)]


def cell(text: str) -> Case:
    """`"2,0.2,2"`: concepts, guessing, the prior's standard deviation."""
    concepts, guessing, prior_sd = text.split(",")
    return Case(int(concepts), float(guessing), float(prior_sd))


def report(found: list[tuple[Case, int, Held]], lengths: Sequence[int]) -> str:
    header = ["concepts", "guessing", "prior sd", "students"]
    header += [f"{what}, {n}" for n in lengths for what in ("before", "after")]
    header += [f"overall score, {n}" for n in lengths] + [f"sampling error, {n}" for n in lengths]
    rows = []
    for case, students, held in found:
        pairs = [share for pair in zip(held.before, held.after, strict=True) for share in pair]
        who = f"{students:,}" + (f", N({case.mean:g}, {case.prior_sd:g}²)" if case.mean else "")
        shares = [f"{100 * share:.1f}" for share in (*pairs, *held.overall)]
        shares += [f"{100 * error:.2f}" for error in held.error]
        rows.append([case.concepts, f"{case.guessing:g}", f"{case.prior_sd:g}", who, *shares])
    return table(header, rows)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tiny", action="store_true", help="a minute, to see that it runs")
    parser.add_argument("--students", type=int, help="in every case; else 2,000 intervals a case or more")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cell", type=cell, action="append", help="concepts,guessing,sd; else all")
    parser.add_argument("--longest", type=int, default=max(LENGTHS), help="tests no longer than this")
    given = parser.parse_args()
    lengths = (8, 20) if given.tiny else [length for length in LENGTHS if length <= given.longest]
    found = []
    for case in given.cell or cases():
        if given.tiny and (case.concepts not in (1, 3) or case.prior_sd > 1):
            continue
        students = given.students or (40 if given.tiny else max(-(-INTERVALS // case.concepts), 200))
        found.append((case, students, measure(case, students, lengths, given.seed)))
    print("Share of θ̂ ± 1.96 SE that holds θ, in percent, by number of answers\n")
    print(report(found, lengths))


if __name__ == "__main__":
    main()
