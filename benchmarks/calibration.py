"""Calibration beside its peers: `python -m benchmarks.calibration` prints one Markdown table.

Every measurement is a process of its own, so the first call is included (imports are not), and programs take
turns. CPU seconds are the figure to trust where other work disturbs the machine. The log-likelihood of each
program's parameters is computed by one judge: this engine, with the parameters fixed and the population N(0,
1).
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks.calibration_workloads import Workload, make
from benchmarks.engine_peers import MissingError, imported
from testing_engine.calibration import calibrate

WORK = {
    "complete": ("2PL 20,000 × 100 complete", 0.15),
    "sparse": ("the same, 80 % missing", 0.4),
    "log": ("adaptive log, 100,000 × 1,000, 30 answers each", 5.0),
    "concepts": ("5 concepts, 3,000 × 200, 30 answers each", 5.0),
}
PROGRAMS = {
    "complete": ("ours", "theta-irt", "mirt", "mirt 61"),
    "sparse": ("ours", "theta-irt", "mirt", "mirt 61"),
    "log": ("ours",),  # mirt needs 20 s for a fifth of it, theta-irt does not end in 500
    "concepts": ("ours",),
}
Parameters = tuple[Any, Any]  # slopes and difficulties


def ours(work: Workload) -> Callable[[], Any]:
    return lambda: calibrate(work.responses, "2PL", q_matrix=work.q_matrix, priors=work.priors)


def theta_irt(work: Workload) -> Callable[[], Parameters]:
    theta = imported("theta")
    assert work.matrix is not None
    x = np.where(work.matrix >= 0, work.matrix, np.nan).astype(float)

    def run() -> Parameters:
        model = theta.fit(x, "2PL")
        return np.asarray(model.a), np.asarray(model.b)

    return run


def pypi_mirt(work: Workload, nodes: int) -> Callable[[], Parameters]:
    mirt = imported("mirt")
    assert work.matrix is not None
    x = work.matrix.astype(int)

    def run() -> Parameters:
        model = mirt.fit_mirt(x, "2PL", n_quadpts=nodes, compute_standard_errors=False).model
        return np.asarray(model.discrimination), np.asarray(model.difficulty)

    return run


def runner(program: str, work: Workload) -> Callable[[], Any]:
    makers: dict[str, Callable[[], Callable[[], Any]]] = {
        "ours": lambda: ours(work),
        "theta-irt": lambda: theta_irt(work),
        "mirt": lambda: pypi_mirt(work, 21),
        "mirt 61": lambda: pypi_mirt(work, 61),
    }
    return makers[program]()


def forget_peak() -> None:
    """Lets the kernel count the peak of memory anew, so that making the data does not count."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def peak_megabytes() -> float:
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(program: str, name: str, tiny: bool) -> dict[str, Any]:
    work = make(name, tiny)
    run = runner(program, work)
    forget_peak()
    cpu, wall = time.process_time(), time.perf_counter()
    found = run()
    result: dict[str, Any] = {
        "cpu": time.process_time() - cpu,
        "wall": time.perf_counter() - wall,
        "mb": peak_megabytes(),
    }
    if program == "ours":
        result |= {"log_likelihood": found.log_likelihood, "converged": found.converged}
        if work.q_matrix is not None:
            upper = np.triu_indices(work.q_matrix.shape[1], 1)
            apart = found.population[0].correlation - work.correlation
            result["correlation_bias"] = float(np.mean(apart[upper]))
    else:
        a, b = (np.ravel(each).astype(float) for each in found)
        fixed = {item: {"a": a[item], "b": b[item]} for item in range(len(a))}
        judged = calibrate(work.responses, "2PL", fixed=fixed, population={0: (0, 1)}, priors="none")
        result["log_likelihood"] = judged.log_likelihood
    return result


def one(program: str, name: str, tiny: bool) -> dict[str, Any]:
    """In a fresh process."""
    command = [sys.executable, "-m", "benchmarks.calibration", "--one", program, "--work", name]
    done = subprocess.run(command + ["--tiny"] * tiny, capture_output=True, text=True, check=False)
    if done.returncode:
        return {"missing": done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "failed"}
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def table(names: list[str], rounds: int, tiny: bool) -> list[str]:
    lines = [
        "| work | program | CPU s | wall s | log-likelihood | peak MB | aim (CPU s) |",
        "|---|---|---|---|---|---|---|",
    ]
    for name in names:
        found: dict[str, list[dict[str, Any]]] = {program: [] for program in PROGRAMS[name]}
        for number in range(rounds):
            for program in PROGRAMS[name]:
                if number == 0 or "missing" not in found[program][0]:
                    found[program].append(one(program, name, tiny))
        lines += [_line(name, program, runs) for program, runs in found.items()]
    return lines


def _line(name: str, program: str, runs: list[dict[str, Any]]) -> str:
    title, aim = WORK[name]
    if "missing" in runs[0]:
        return f"| {title} | {program} | – | – | {runs[0]['missing']} | – | |"
    cpu, wall, mb = (median(run[key] for run in runs) for key in ("cpu", "wall", "mb"))
    value = f"{runs[0]['log_likelihood']:,.1f}"
    if "correlation_bias" in runs[0]:
        value += f"; correlations {runs[0]['correlation_bias']:+.3f}"
    wanted = f"{aim:g}" if program == "ours" else ""
    return f"| {title} | {program} | {cpu:.3f} | {wall:.3f} | {value} | {mb:.0f} | {wanted} |"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--work", choices=WORK, action="append", help="one of the workloads; all unless given"
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tiny", action="store_true", help="only see that it works")
    parser.add_argument("--one", choices=PROGRAMS["complete"], help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.one:
        try:
            print(json.dumps(measure(options.one, options.work[0], options.tiny)))
        except MissingError as reason:
            print(reason, file=sys.stderr)
            return 1
        return 0
    print("\n".join(table(options.work or list(WORK), 1 if options.tiny else options.rounds, options.tiny)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
