"""What the other programs do with the same work. Each maker prepares; what it returns is timed.

A program that is not installed, or has no such operation, raises `MissingError` with the reason.
"""

import importlib
from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np
from scipy.special import expit

from benchmarks.engine_workloads import AREAS, SHADOW_LENGTH, Constrained, Pool, SeveralDimensions, State
from testing_engine.psychometrics.items.response import FloatArray

Work = Callable[[], object]
QUADRATURE = 41  # nodes of mirt's EAP, of which it takes 21 unless told


class MissingError(Exception):
    """Why there is nothing to compare with."""


def imported(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise MissingError(f"not installed ({error.name})") from None


# Plain vectorised NumPy: what one would write in an afternoon.


def numpy_step(pool: Pool, known: list[State]) -> Work:
    nodes = np.linspace(-4, 4, 81)
    log_prior = -0.5 * nodes**2
    a, b, c = pool.a, pool.b, pool.c

    def step(state: State) -> int:
        items, right = np.array(state.items), np.array(state.scores) == 1
        p = c[items, None] + (1 - c[items, None]) * expit(a[items, None] * (nodes - b[items, None]))
        log_posterior = np.log(np.where(right[:, None], p, 1 - p)).sum(axis=0) + log_prior
        weights = np.exp(log_posterior - log_posterior.max())
        theta = (weights @ nodes) / weights.sum()
        rise = expit(a * (theta - b))
        chance = c + (1 - c) * rise
        information = (a * (1 - c) * rise * (1 - rise)) ** 2 / (chance * (1 - chance))
        information[items] = -1
        return int(information.argmax())

    return lambda: [step(state) for state in known]


# mirt


def mirt_model(pool: Pool) -> Any:
    model = imported("mirt.models").ThreeParameterLogistic(len(pool.a))
    model.set_parameters(discrimination=pool.a, difficulty=pool.b, guessing=pool.c)
    model._is_fitted = True  # its way to say that the parameters are known
    return model


def mirt_step(pool: Pool, answered: int) -> Callable[[], Work]:
    """Its own adaptive test up to the last answer; the step is that answer and the next choice."""
    cat = imported("mirt.cat")
    engine = cat.CATEngine(
        mirt_model(pool), max_items=answered + 1, min_items=answered + 1, n_quadpts=QUADRATURE
    )
    return lambda: _mirt_last_step(engine, answered)


def _mirt_last_step(engine: Any, answered: int) -> Work:
    engine.reset()
    for position in range(answered - 1):
        engine.administer_item(position % 2)
        engine.select_next_item()

    def step() -> object:
        engine.administer_item(1)
        return engine.select_next_item()

    return step


def mirt_batch(pool: Pool, thetas: FloatArray, length: int) -> Callable[[], FloatArray]:
    """Returns the estimates."""
    cat = imported("mirt.cat")
    engine = cat.CATEngine(mirt_model(pool), max_items=length, min_items=length, n_quadpts=QUADRATURE, seed=5)
    return lambda: np.array([result.theta for result in engine.run_batch_simulation(thetas)])


def mirt_shadow(problem: Constrained) -> Callable[[], list[int]]:
    """A whole test; returns the questions."""
    cat = imported("mirt.cat")
    areas = [
        cat.ContentArea(
            f"area {code}", set(np.flatnonzero(problem.area == code).tolist()), min_items=2, max_items=4
        )
        for code in range(AREAS)
    ]
    selection = imported("mirt.cat.shadow").ShadowTestSelection(
        blueprint=cat.ContentBlueprint(areas),
        enemy_pairs=[pair for group in problem.enemies.tolist() for pair in combinations(sorted(group), 2)],
        item_costs=None if problem.longest is None else problem.seconds,
        max_cost=problem.longest,
    )
    engine = cat.CATEngine(
        mirt_model(problem.pool), item_selection=selection, max_items=SHADOW_LENGTH, min_items=SHADOW_LENGTH
    )

    def test() -> list[int]:
        engine.reset()
        items = []
        for position in range(SHADOW_LENGTH):
            items.append(int(engine.select_next_item()))
            engine.administer_item(position % 2)
        return items

    return test


def mirt_several(problem: SeveralDimensions, answered: int) -> Callable[[], Work]:
    models, cat = imported("mirt.models"), imported("mirt.cat")
    model = models.MultidimensionalModel(len(problem.a), n_factors=problem.weights.shape[1])
    model.set_parameters(slopes=problem.slopes, intercepts=problem.intercepts)
    model._is_fitted = True
    engine = cat.MCATEngine(
        model,
        item_selection="D-optimality",
        stopping_rule=imported("mirt.cat.mcat_stopping").MaxItemsMCATStop(answered + 1),
        scoring_method="MAP",
        max_items=answered + 1,
        min_items=answered + 1,
    )
    return lambda: _mirt_last_step(engine, answered)


# catsim


def catsim_bank(pool: Pool) -> Any:
    columns = np.column_stack([pool.a, pool.b, pool.c, np.ones(len(pool.a))])
    return imported("catsim.item_bank").ItemBank(columns)


def catsim_step(pool: Pool, known: list[State]) -> Work:
    """It has no EAP: its maximum likelihood, then maximum information."""
    bank = catsim_bank(pool)
    estimator = imported("catsim.estimation").NumericalSearchEstimator()
    selector = imported("catsim.selection").MaxInfoSelector()

    def step(state: State) -> object:
        items, right = list(state.items), [score == 1 for score in state.scores]
        theta = estimator.estimate(
            item_bank=bank, administered_items=items, response_vector=right, est_theta=0.0
        )
        return selector.select(item_bank=bank, administered_items=items, est_theta=theta)

    return lambda: [step(state) for state in known]


def catsim_batch(pool: Pool, thetas: FloatArray, length: int) -> Callable[[], FloatArray]:
    simulation = imported("catsim.simulation")
    parts = (
        imported("catsim.initialization").FixedPointInitializer(0),
        imported("catsim.selection").MaxInfoSelector(),
        imported("catsim.estimation").NumericalSearchEstimator(),
        imported("catsim.stopping").MinErrorStopper(1e-9, max_items=length),
    )

    def batch() -> FloatArray:
        simulator = simulation.Simulator(catsim_bank(pool), thetas)
        simulator.simulate(*parts)
        return np.array(simulator.latest_estimations)

    return batch


# catpie


def catpie_bank(pool: Pool) -> list[tuple[float, float, float, float]]:
    return [(a, b, c, 1.0) for a, b, c in zip(*map(np.ndarray.tolist, (pool.a, pool.b, pool.c)), strict=True)]


def catpie_step(pool: Pool, known: list[State], criterion: str = "MFI") -> Work:
    """EAP and the choice by a criterion."""
    catpie = imported("catpie")
    bank = catpie_bank(pool)

    def step(state: State) -> object:
        items, scores = list(state.items), list(state.scores)
        theta = catpie.thetaEst([bank[item] for item in items], scores, method="EAP")
        return catpie.nextItem(bank, theta, out=items, criterion=criterion, x=scores)

    return lambda: [step(state) for state in known]
