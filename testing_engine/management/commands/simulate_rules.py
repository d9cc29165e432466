"""manage.py simulate_rules POOL: what a test under given rules would measure, before any student takes it."""

import json
from argparse import ArgumentParser
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from django.core.management.base import BaseCommand, CommandError

from testing_engine.management.taking_in import listed, rules_in
from testing_engine.models import Scale
from testing_engine.psychometrics.ability.priors import NormalPrior
from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.items.response import FloatArray
from testing_engine.psychometrics.rules import CatRules, RulesError
from testing_engine.revisions import UnknownPool, newest_revision
from testing_engine.simulation.exposure_search import (
    Controlled,
    ExposureNotHeldError,
    search_item_eligibility,
    search_sympson_hetter,
)
from testing_engine.simulation.simulate import simulate

Search = Callable[[ItemBank, CatRules, FloatArray, float, int], Controlled]

SEARCHES: dict[str, Search] = {
    "sympson_hetter": search_sympson_hetter,
    "item_eligibility": search_item_eligibility,
}


class Command(BaseCommand):
    help = (
        "Simulate students from N(0, 1), with its scale's correlation, on a pool's newest revision. With "
        "--exposure, find the numbers that keep every question's exposure rate near --maximum, and print the "
        "rules with them."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("pool", help="The pool's id.")
        parser.add_argument("--rules", type=Path, help="A JSON file with rules; by default those of start.")
        parser.add_argument("--students", type=int, default=1000)
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--processes", type=int, default=1, help="That share the students.")
        parser.add_argument("--exposure", choices=SEARCHES)
        parser.add_argument("--maximum", type=float, default=0.25, help="Largest exposure rate wanted.")

    def handle(
        self,
        *args: Any,
        pool: str,
        rules: Path | None,
        students: int,
        seed: int,
        exposure: str | None,
        maximum: float,
        processes: int,
        **options: Any,
    ) -> None:
        if students < 1 or not 0 < maximum <= 1:
            raise CommandError("--students must be 1 or more, and --maximum above 0 and at most 1.")
        asked = rules_in(rules) if rules else CatRules.from_end_criteria(type="precision")
        try:
            revision = newest_revision(pool)
        except UnknownPool as error:
            raise CommandError(str(error)) from error
        bank = revision.bank
        scale = Scale.objects.get(pools=revision.pool_id)
        on_scale = asked
        if asked.is_adaptive(bank):
            on_scale = asked.on_scale(scale.correlation, bank.n_dimensions)
        thetas = _students_of(scale, students, bank.n_dimensions, seed)
        try:
            if exposure is None:
                found = Controlled(on_scale, simulate(bank, on_scale, thetas, seed, processes=processes))
            else:
                found = SEARCHES[exposure](bank, on_scale, thetas, maximum, seed)
        except RulesError as error:
            raise CommandError(listed(error)) from error
        except ExposureNotHeldError as error:
            raise CommandError(f"--maximum: {error}.") from error
        for name, value in asdict(found.simulation.report()).items():
            self.stdout.write(f"{name}: {_shown(value)}")
        if exposure is not None:
            # The scale's prior comes at each start again; written down, it would keep what is known out.
            self.stdout.write(json.dumps(replace(found.rules, prior=asked.prior).to_json()))


def _students_of(scale: Scale, students: int, dimensions: int, seed: int) -> FloatArray:
    """(S, D) abilities, N(0, 1), that correlate as the scale says."""
    independent = np.random.default_rng(seed).normal(size=(students, dimensions))
    normal = NormalPrior.equally_correlated(dimensions, scale.correlation)
    drawn: FloatArray = independent @ np.linalg.cholesky(normal.covariance).T
    return drawn


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, tuple):
        return ", ".join(map(_shown, value))
    return str(value)
