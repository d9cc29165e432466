"""manage.py simulate_pool POOL: what tests under one design or two would measure, here and now."""

import json
import uuid
from argparse import ArgumentParser
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from sessions_app.management.answers import add_which_answers, which_answers
from sessions_app.measurement.simulations import queue, running
from sessions_app.measurement.simulations.asking import (
    NORMAL,
    OWN,
    RECORDED,
    Asked,
    Design,
    Population,
)
from sessions_app.measurement.simulations.recorded import Recorded
from sessions_app.measurement.simulations.refused import SimulationRefused
from sessions_app.models import Simulation
from sessions_app.refusals import Refusal
from testing_engine.management.pools import pool_named
from testing_engine.management.taking_in import rules_in
from testing_engine.simulation.recorded import LEFT_OUT, MISSING
from testing_engine.simulation.version import engine_version


class Command(BaseCommand):
    help = (
        "Let simulated students take tests on a pool's newest revision, under the rules of one file or two "
        "(docs/SIMULATION.md). The result is kept, as those asked for over the API are."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("pool", nargs="?", help="Its id.")
        parser.add_argument(
            "--rules",
            action="append",
            type=Path,
            default=[],
            metavar="FILE",
            help="JSON; twice for two designs. By default those of a test that is started without any.",
        )
        parser.add_argument("--students", type=int, default=1000)
        parser.add_argument("--mean", type=float, action="append", default=[], help="Repeatable, by concept.")
        parser.add_argument("--sd", type=float, action="append", default=[], help="Repeatable, by concept.")
        parser.add_argument("--correlation", type=float, help="Of any two concepts; by default the scale's.")
        parser.add_argument("--own", action="store_true", help="The pool's own students.")
        parser.add_argument(
            "--recorded",
            action="store_true",
            help="Persons who answered all of the pool or most, by what they answered; --students at most.",
        )
        add_which_answers(parser)
        parser.add_argument(
            "--least-answered",
            type=float,
            default=Recorded.least_answered,
            metavar="SHARE",
            help="Of the questions with parameters, that a person must have answered.",
        )
        parser.add_argument(
            "--missing",
            choices=MISSING,
            default=LEFT_OUT,
            help="What a person did not answer is not asked, or answered by the model (drawn).",
        )
        parser.add_argument("--cut", type=float, action="append", dest="cuts", help="Repeatable.")
        parser.add_argument("--seed", type=int, default=0)
        parser.add_argument("--json", action="store_true", help="Print the whole result as JSON.")
        parser.add_argument("--again", metavar="ID", help="Compute a simulation again, and compare.")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["again"]:
            self._again(options["again"])
        elif options["pool"]:
            self._simulate(**options)
        else:
            raise CommandError("Name a pool, or --again ID.")

    def _simulate(self, **options: Any) -> None:
        pool = pool_named(options["pool"])
        try:
            simulation = queue.ask(pool, _asked(options))
        except SimulationRefused as refused:
            raise CommandError("\n".join(f"{at}: {message}" for at, message in refused.problems)) from refused
        except Refusal as refused:
            raise CommandError(str(refused)) from refused
        with tqdm(total=100, unit="%", disable=None) as bar:
            running.run_here(simulation, lambda share: bar.update(int(100 * share) - bar.n))
        if simulation.state != Simulation.State.DONE or simulation.result is None:
            raise CommandError(simulation.error or f"It is {simulation.state}.")
        if options["json"]:
            self.stdout.write(json.dumps(simulation.result, indent=1))
            return
        for number, design in enumerate(simulation.result["designs"], start=1):
            self._report(number, design)
        if simulation.result["comparison"] is not None:
            self._compared(simulation.result)
        self.stdout.write(f"Simulation {simulation.pk} is kept.")

    def _report(self, number: int, design: dict[str, Any]) -> None:
        self.stdout.write(f"Design {number}, {design['students']} students:")
        for name in ("bias", "rmse", "mean_standard_error", "coverage", "reliability", "overall_rmse"):
            self.stdout.write(f"  {name}: {_shown(design[name])}")
        for name in ("mean_length", "sd_length", "largest_exposure", "overlap", "accuracy"):
            self.stdout.write(f"  {name}: {_shown(design[name])}")
        for name, value in (design.get("recorded") or {}).items():
            self.stdout.write(f"  {name}: {_shown(value)}")
        ended = ", ".join(f"{name} {share:.0%}" for name, share in design["stops"].items())
        self.stdout.write(f"  ended by: {ended}")

    def _compared(self, result: dict[str, Any]) -> None:
        for concept, row in zip(result["concepts"], result["comparison"]["concepts"], strict=True):
            pairs = row["squared_error"]
            self.stdout.write(
                f"{concept}: ranks agree {_shown(row['ranks'])}; mean squared error of design 2 is "
                f"{_shown(pairs['mean'])} (± {_shown(pairs['standard_error'])}) larger"
            )

    def _again(self, text: str) -> None:
        try:
            found = Simulation.objects.filter(pk=uuid.UUID(text), state=Simulation.State.DONE).first()
        except ValueError:
            found = None
        if found is None:
            raise CommandError(f"There is no simulation {text} that is done.")
        if running.again(found) != found.result_hash:
            raise CommandError(
                f"Different. It was computed by {found.engine_version}; this is {engine_version()}."
            )
        self.stdout.write(f"Identical: result {found.result_hash[:12]}.")


def _asked(options: dict[str, Any]) -> Asked:
    kind = RECORDED if options["recorded"] else OWN if options["own"] else NORMAL
    recorded = Recorded(
        **which_answers(options), least_answered=options["least_answered"], missing=options["missing"]
    )
    moments = (tuple(options["mean"]), tuple(options["sd"]), options["correlation"])
    population = Population(kind, *moments, recorded)
    designs = tuple(Design(rules_in(path), path.stem[:100]) for path in options["rules"])
    cuts = None if options["cuts"] is None else tuple(options["cuts"])
    asked = Asked(students=options["students"], population=population, cuts=cuts, seed=options["seed"])
    return replace(asked, designs=designs) if designs else asked


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_shown, value))
    return "–" if value is None else f"{value:.4g}"
