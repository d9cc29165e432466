"""The engine against its peers, in one run: `python -m benchmarks.engine` prints one Markdown table.

Times are the best of several runs, per step unless the row says otherwise. A step starts from the questions
and scores so far, as a web request does; mirt keeps its state between answers and gets the time of one
answer. Set-up is what a pool revision costs once: making the bank, and what the steps of the row tabulate
when they first need it. Memory is what both keep.
"""

import argparse
import sys
import time
import timeit
import tracemalloc
from collections.abc import Callable, Iterable
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from io import StringIO

import numpy as np

from benchmarks import engine_peers as peers
from benchmarks.engine_workloads import (
    Constrained,
    PartsOfSets,
    Pool,
    SeveralDimensions,
    State,
    states,
)
from testing_engine.psychometrics.engine import Step, TestSoFar, next_step
from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.items.response import FloatArray
from testing_engine.psychometrics.rules import CatRules
from testing_engine.simulation.simulate import simulate
from testing_engine.simulation.students import Students

PROGRAMS = ("NumPy", "mirt", "catsim", "catpie")
RUNS, MOST_RUNS = 7, 200
ANSWERED = 20
STUDENTS, LENGTH = 1000, 30
TAIL_TESTS = 6  # whose steps are looked at one by one
NOTES = """
NumPy is a plain vectorised scan (EAP on 81 nodes). catsim has no EAP and is timed with its maximum
likelihood; its batch is 100 students × 10. The programs of R that the aims quote (catR, mirtCAT,
TestDesign) are not run here. The constraints are the length, minimum and maximum of 10 areas, and 15 enemy
groups, or 14 and a total time. "Exact" is `"tolerance": 0`, else each shadow test is proven to be within
0.5 % of the best.
"""


@dataclass
class Row:
    work: str
    aim: float | None  # milliseconds
    engine: float  # milliseconds
    setup: float | None = None  # milliseconds
    memory: float | None = None  # bytes
    peers: dict[str, float] = field(default_factory=dict)
    remarks: dict[str, str] = field(default_factory=dict)  # program → what to know about its number

    def compare(self, program: str, measure: Callable[[], float]) -> None:
        """Time a peer, or say why there is no time."""
        try:
            with redirect_stdout(StringIO()):  # catsim prints
                self.peers[program] = measure()
        except peers.MissingError as reason:
            self.remarks[program] = str(reason)

    def cells(self) -> Iterable[str]:
        yield self.work
        yield "–" if self.aim is None else f"≤ {_number(self.aim)}"
        yield _number(self.engine) + self._remark("engine")
        for program in PROGRAMS:
            if program in self.peers:
                ratio = self.peers[program] / self.engine
                yield f"{_number(self.peers[program])} (×{_number(ratio)}){self._remark(program)}"
            else:
                yield self.remarks.get(program, "–")
        yield "–" if self.setup is None else _number(self.setup)
        yield "–" if self.memory is None else _number(self.memory / 1e6)

    def _remark(self, program: str) -> str:
        return f", {self.remarks[program]}" if program in self.remarks else ""


def _number(value: float) -> str:
    """Two significant digits, or all before the point."""
    return f"{value:.0f}" if value >= 100 else f"{float(f'{value:.2g}'):g}"


def best(work: Callable[[], object], runs: int | None = None) -> float:
    """Milliseconds of the fastest run, of so many or of as many as take a second."""
    first = min(timeit.repeat(work, number=1, repeat=runs or RUNS))
    more = 0 if runs else min(int(1 / first), MOST_RUNS)
    return 1000 * min([first, *timeit.repeat(work, number=1, repeat=more)])


def fresh(make: Callable[[], Callable[[], object]], runs: int = RUNS) -> float:
    """Milliseconds of work that has to be prepared anew for every run."""
    return min(best(make(), 1) for _ in range(runs))


def steps(rules: CatRules, known: list[State]) -> Callable[[ItemBank], list[Step]]:
    return lambda bank: [
        next_step(TestSoFar(bank, rules, None, 0, state.items, state.scores)) for state in known
    ]


def measured(
    name: str, aim: float, make: Callable[[], ItemBank], work: Callable[[ItemBank], object], per: int = 1
) -> Row:
    """A row with the engine's own numbers: time, `per` how many steps; set-up and memory."""
    building = best(make, 1)
    bank = make()
    cold = best(lambda: work(bank), 1)
    time = best(lambda: work(bank))
    tracemalloc.start()
    kept = make()
    work(kept)
    memory, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return Row(name, aim, time / per, building + max(cold - time, 0.0), memory)


def one_step(n: int, aim: float, count: int, peer_count: int) -> Row:
    pool = Pool.of(n)
    known = states(pool.bank(), count, ANSWERED)
    row = measured(f"one step, N = {n:,}", aim, pool.bank, steps(CatRules(max_questions=30), known), count)
    few = known[:peer_count]
    row.compare("NumPy", lambda: best(peers.numpy_step(pool, few)) / len(few))
    row.compare("mirt", lambda: fresh(peers.mirt_step(pool, ANSWERED), 5 if n < 10_000 else 2))
    row.compare("catsim", lambda: best(peers.catsim_step(pool, few), 2) / len(few))
    row.compare("catpie", lambda: best(peers.catpie_step(pool, few[:1]), 1))
    return row


def batch() -> Row:
    pool, thetas = Pool.of(500), np.random.default_rng(6).normal(size=STUDENTS)
    rules = CatRules(max_questions=LENGTH)
    name = f"{STUDENTS:,} students × {LENGTH} of 500 (all)"
    row = measured(name, 150, pool.bank, lambda bank: simulate(bank, rules, thetas, 7))
    repeated = [simulate(pool.bank(), rules, thetas, seed).estimates for seed in range(RUNS)]
    row.remarks["engine"] = _rmse(repeated, thetas)

    def mirt() -> float:
        work = peers.mirt_batch(pool, thetas, LENGTH)
        row.remarks["mirt"] = _rmse([work() for _ in range(RUNS)], thetas)
        return best(work, 3)

    def catsim() -> float:
        few = thetas[: STUDENTS // 10]
        work = peers.catsim_batch(pool, few, LENGTH)
        row.remarks["catsim"] = _rmse([work()], few)
        return 10 * best(work, 1)

    row.compare("mirt", mirt)
    row.compare("catsim", catsim)
    row.remarks["catpie"] = "one at a time only"
    return row


def _rmse(estimates: list[FloatArray], thetas: FloatArray) -> str:
    """Over all runs, with the standard error of simulation."""
    squared = np.array([(run.ravel() - thetas) ** 2 for run in estimates]).ravel()
    rmse = np.sqrt(squared.mean())
    return f"RMSE {rmse:.3f} ± {squared.std() / np.sqrt(len(squared)) / (2 * rmse):.3f}"


def criterion(name: str) -> Row:
    pool = Pool.of(500)
    known = states(pool.bank(), 20, ANSWERED)
    rules = CatRules.from_json({"max_questions": 30, "criterion": {"name": name}})
    row = measured(f"{name} over 500", 5, pool.bank, steps(rules, known), len(known))
    if name == "MEPV":
        row.remarks["catpie"] = "has no MEPV"
    else:
        row.compare("catpie", lambda: best(peers.catpie_step(pool, known[:1], name), 2))
    return row


def shadow(timed: bool, exact: bool) -> Row:
    problem = Constrained.of(timed)
    rules = problem.rules(exact)
    kind = ("36 constraints with a total time" if timed else "36 constraints") + (", exact" if exact else "")
    name = f"shadow test, 1,000, {kind}"
    row = measured(name, 15, problem.bank, lambda bank: whole_test(bank, rules), LENGTH)
    row.remarks["engine"] = _violations_and_tail(problem, rules)

    def mirt() -> float:
        work = peers.mirt_shadow(problem)
        row.remarks["mirt"] = f"{problem.violations(work())} violations"
        return best(work, 1) / LENGTH

    row.compare("mirt", mirt)
    return row


def parts_of_sets(exact: bool) -> Row:
    problem = PartsOfSets.of()
    rules = problem.rules(exact)
    name = "shadow test, 1,000, parts of 100 sets, areas, a total time" + (", exact" if exact else "")
    row = measured(name, 15, problem.bank, lambda bank: whole_test(bank, rules), LENGTH)
    row.remarks["engine"] = _violations_and_tail(problem, rules)
    return row


def _violations_and_tail(problem: Constrained | PartsOfSets, rules: CatRules) -> str:
    """Of the steps of tests at several abilities, in milliseconds of processor time, the first one aside: it
    makes what the pool keeps."""
    bank, broken, times = problem.bank(), 0, list[float]()
    thetas = np.random.default_rng(9).normal(size=(TAIL_TESTS, 1))
    students = Students.drawn(thetas, 1, LENGTH, 9)
    for student in range(TAIL_TESTS):
        items: list[int] = []
        scores: list[int] = []
        while True:
            start = time.thread_time()
            item = next_step(TestSoFar(bank, rules, None, student, items, scores)).next_item
            times.append(1000 * (time.thread_time() - start))
            if item is None:
                break
            answer = students.answers(bank, np.array([student]), np.array([item]), len(items))
            items.append(item)
            scores.append(int(answer[0]))
        broken += problem.violations(items)
    median, high, most = np.percentile(times[1:], [50, 95, 100])
    tail = f"processor: median {_number(median)}, p95 {_number(high)}, largest {_number(most)}"
    return f"{broken} violations; {tail}"


def whole_test(bank: ItemBank, rules: CatRules) -> list[int]:
    """The questions of a test in which every other answer is right."""
    items: list[int] = []
    while True:
        step = next_step(TestSoFar(bank, rules, None, 0, items, [place % 2 for place in range(len(items))]))
        if step.next_item is None:
            return items
        items.append(step.next_item)


def several_dimensions() -> Row:
    problem = SeveralDimensions.of()
    known = states(problem.bank(), 20, ANSWERED)
    work = steps(CatRules(max_questions=30), known)
    row = measured("5 dimensions, posterior D, N = 5,000", 1, problem.bank, work, len(known))
    row.compare("mirt", lambda: fresh(peers.mirt_several(problem, ANSWERED), 3))
    return row


ROWS: dict[str, Callable[[], Row]] = {
    "step": lambda: one_step(500, 0.05, 50, 20),
    "large": lambda: one_step(500_000, 0.1, 50, 2),
    "batch": batch,
    "MEPV": lambda: criterion("MEPV"),
    "MPWI": lambda: criterion("MPWI"),
    "KLP": lambda: criterion("KLP"),
    "shadow": lambda: shadow(timed=False, exact=True),
    "shadow-time": lambda: shadow(timed=True, exact=False),
    "shadow-time-exact": lambda: shadow(timed=True, exact=True),
    "shadow-sets": lambda: parts_of_sets(exact=False),
    "shadow-sets-exact": lambda: parts_of_sets(exact=True),
    "dimensions": several_dimensions,
}


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.engine", description=__doc__)
    parser.add_argument("rows", nargs="*", metavar="row", help=f"of {', '.join(ROWS)}; all if none is named")
    chosen = parser.parse_args(arguments).rows or list(ROWS)
    if unknown := set(chosen) - set(ROWS):
        parser.error(f"no such row: {', '.join(sorted(unknown))}")
    head = ("work (ms)", "aim", "engine", *PROGRAMS, "set-up (ms)", "memory (MB)")
    print("| " + " | ".join(head) + " |")
    print("|---" * len(head) + "|")
    for name in chosen:
        print("| " + " | ".join(ROWS[name]().cells()) + " |", flush=True)
    print(NOTES)


if __name__ == "__main__":
    main(sys.argv[1:])
