"""The benchmark compares like with like, and runs without its peers."""

import numpy as np
import pytest

from benchmarks import engine, engine_peers, exposure
from benchmarks.engine_workloads import (
    SHADOW_LENGTH,
    Constrained,
    PartsOfSets,
    Pool,
    SeveralDimensions,
    states,
)
from testing_engine.psychometrics.rules import CatRules


def test_the_plain_scan_chooses_what_the_engine_chooses() -> None:
    pool = Pool.of(500)
    bank = pool.bank()
    known = states(bank, 30, 20)
    plain = engine_peers.numpy_step(pool, known)()
    chosen = engine.steps(CatRules(max_questions=30), known)(bank)
    assert isinstance(plain, list)
    same = [item == step.next_item for item, step in zip(plain, chosen, strict=True)]
    assert np.mean(same) > 0.9  # its grid is coarse and ends at ±4


@pytest.mark.parametrize(("timed", "exact"), [(True, False), (False, True)])
def test_the_shadow_problem_is_kept(timed: bool, exact: bool) -> None:
    problem = Constrained.of(timed)
    items = engine.whole_test(problem.bank(), problem.rules(exact))
    assert len(items) == SHADOW_LENGTH
    assert problem.violations(items) == 0
    assert problem.violations(items[:-1]) > 0  # too short


def test_parts_of_sets_are_kept() -> None:
    problem = PartsOfSets.of(300)
    items = engine.whole_test(problem.bank(), problem.rules(exact=False))
    assert len(items) == SHADOW_LENGTH
    assert problem.violations(items) == 0
    assert problem.violations(items[:-1]) > 0


def test_exposure_is_shown_beside_what_was_asked() -> None:
    name, asked, largest, *_ = exposure.row("item_eligibility", 0.4, 60, 60)
    assert (name, asked) == ("item_eligibility", "0.4")
    assert 0 < float(largest) < 1


def test_slopes_are_the_bank_s() -> None:
    problem = SeveralDimensions.of(50)
    np.testing.assert_allclose(problem.bank().slopes, problem.slopes)
    np.testing.assert_allclose(problem.bank().intercepts, problem.intercepts)


def test_a_missing_peer_is_said() -> None:
    row = engine.Row("work", 1.0, 0.5, setup=2.0, memory=3e6)

    def absent() -> float:
        engine_peers.imported("no_such_peer")
        return 1.0

    row.compare("mirt", absent)
    row.compare("NumPy", lambda: 0.25)
    expected = ["work", "≤ 1", "0.5", "0.25 (×0.5)", "not installed (no_such_peer)", "–", "–", "2", "3"]
    assert list(row.cells()) == expected


def test_a_row_from_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    engine.main(["MEPV"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("| work (ms) |")
    assert lines[2].startswith("| MEPV over 500 | ≤ 5 |")
    with pytest.raises(SystemExit):
        engine.main(["nothing"])
