"""What is written of a pool's parameters gives, read again, the same probabilities."""

import csv
import io
from collections.abc import Sequence

import numpy as np
import pytest

from testing_engine.parameter_tables.joining import PoolQuestion, best_id_column, join
from testing_engine.parameter_tables.reading import read_parameters
from testing_engine.parameter_tables.recognising import candidates_of, named
from testing_engine.parameter_tables.writing import (
    CATR_MODELS,
    ParametersOut,
    TakenQuestion,
    UnknownForm,
    write_parameters,
)
from testing_engine.psychometrics.items.bank import ItemBank, ItemParameters
from testing_engine.psychometrics.items.states import NOT_CALIBRATED

EXACT = 1e-12
SOURCES = {"mirt": "mirt", "catr": "catR", "mirtcat": "mirtCAT"}


def every_model(concepts: tuple[float, ...] = (0.8,), seed: int = 0) -> dict[str, ItemParameters]:
    rng = np.random.default_rng(seed)
    a, b, c = rng.uniform(0.4, 2.5), rng.normal(), rng.uniform(0.05, 0.3)
    rising = tuple(np.sort(rng.normal(size=3)))
    mixed = tuple(rng.normal(size=3))
    one = tuple(float(weight > 0) for weight in concepts)
    return {
        "1PL": ItemParameters(one, "1PL", b),
        "2PL": ItemParameters(concepts, "2PL", b, a),
        "3PL": ItemParameters(concepts, "3PL", b, a, c),
        "4PL": ItemParameters(concepts, "4PL", b, a, c, 1 - c / 3),
        "GRM": ItemParameters(concepts, "GRM", b, a, thresholds=rising),
        "GRM of two": ItemParameters(concepts, "GRM", b, a, thresholds=(0.3,)),
        "GPCM": ItemParameters(concepts, "GPCM", b, a, thresholds=mixed),
        "PCM": ItemParameters(one, "PCM", b, thresholds=mixed[:2]),
        "RSM": ItemParameters(one, "RSM", b, thresholds=mixed),
        "NRM": ItemParameters(
            concepts, "NRM", b, a, category_slopes=(-0.4, 1.1, 0.3, 0.9), category_intercepts=(0.2, *mixed)
        ),
        "NRM falling": ItemParameters(
            concepts, "NRM", b, a, category_slopes=(1.1, 0.3, -0.6), category_intercepts=mixed
        ),
        "NRM level": ItemParameters(
            concepts, "NRM", b, a, category_slopes=(0.5, 1.3, 0.5), category_intercepts=mixed
        ),
    }


def taken(items: dict[str, ItemParameters]) -> list[TakenQuestion]:
    return [TakenQuestion(name, item, f"What, “{name}”?", ("yes, no", "no")) for name, item in items.items()]


def carried(written: ParametersOut) -> list[str]:
    return [line.id for line in written.told if line.outcome != "left_out"]


def reasons(written: ParametersOut) -> dict[str, str]:
    return {line.id: " ".join(line.reasons) for line in written.written.report if line.reasons}


def assert_same_probabilities(items: dict[str, ItemParameters], written: ParametersOut, source: str) -> None:
    """By the readers, as a pool of the same questions would take the table."""
    table = read_parameters(written.content)
    candidate = named(candidates_of(table), source)
    assert not candidate.doubts
    chosen = candidate.proposal
    assert chosen is not None
    names = carried(written)
    pool = [PoolQuestion(name, items[name], items[name].n_categories) for name in names]
    joined = join(table, candidate, chosen, best_id_column(table, candidate, names), pool)
    assert (joined.problems, [match.id for match in joined.matches]) == ((), names)
    dimensions = len(pool[0].parameters.concepts)
    theta = np.random.default_rng(1).normal(scale=2, size=(60, dimensions))
    before = ItemBank.from_parameters([match.before for match in joined.matches]).curves(theta).p
    after = ItemBank.from_parameters([match.after for match in joined.matches]).curves(theta).p
    np.testing.assert_allclose(after, before, rtol=0, atol=EXACT)


@pytest.mark.parametrize("form", ["mirt", "mirtcat"])
@pytest.mark.parametrize("concepts", [(0.8,), (0.9, 0.0, 0.4), (0.0, 1.0)])
def test_every_model_comes_back_from_one_table(form: str, concepts: tuple[float, ...]) -> None:
    items = every_model(concepts)
    if sum(weight > 0 for weight in concepts) > 1:  # their slopes must be 1 along every concept
        del items["1PL"], items["PCM"], items["RSM"]
    written = write_parameters(form, taken(items))
    assert carried(written) == list(items)
    assert not reasons(written)
    assert_same_probabilities(items, written, SOURCES[form])


@pytest.mark.parametrize("name", list(every_model()))
@pytest.mark.parametrize("form", ["mirt", "catr", "mirtcat"])
def test_every_model_alone(form: str, name: str) -> None:
    items = {name: every_model(seed=3)[name], "same": every_model(seed=4)[name]}
    written = write_parameters(form, taken(items))
    assert carried(written) == list(items)
    assert_same_probabilities(items, written, SOURCES[form])


TWO = {"1PL", "2PL", "GRM of two"}
CARRIED = {
    "dichotomous": {"1PL", "2PL", "3PL", "4PL"},
    "GRM": {*TWO, "GRM"},
    "GPCM": {*TWO, "GPCM", "PCM", "RSM"},
    "NRM": {"1PL", "2PL", "GPCM", "PCM", "RSM", "NRM", "NRM falling", "NRM level", "GRM of two"},
}


@pytest.mark.parametrize("model", CATR_MODELS)
def test_a_matrix_of_catr_is_of_one_model_and_says_what_it_leaves_out(model: str) -> None:
    items = every_model((0.0, 0.8))
    written = write_parameters("catr", taken(items), model)
    assert set(carried(written)) == CARRIED[model]
    told = reasons(written)
    assert set(told) == set(items) - CARRIED[model]
    if model != "dichotomous":
        assert told["3PL"] == f"It has asymptotes, and catR's {model} has none."
    assert_same_probabilities(items, written, "catR")


def test_without_a_model_catrs_matrix_is_the_one_that_carries_most() -> None:
    assert set(carried(write_parameters("catr", taken(every_model())))) == CARRIED["NRM"]
    graded = {name: item for name, item in every_model().items() if name in ("2PL", "GRM", "GRM of two")}
    assert columns_of(write_parameters("catr", taken(graded)))[:3] == ["item", "alphaj", "betaj1"]


def test_columns_are_where_the_programs_have_them() -> None:
    """catR goes by a column's place."""
    items = every_model()
    assert columns_of(write_parameters("catr", taken(items), "dichotomous")) == ["item", "a", "b", "c", "d"]
    nominal = columns_of(write_parameters("catr", taken(items), "NRM"))
    assert nominal == ["item", "alphaj1", "cj1", "alphaj2", "cj2", "alphaj3", "cj3"]
    mirt = columns_of(write_parameters("mirt", taken(every_model((1.0, 0.5)) | {})))
    scores = [f"ak{k}" for k in range(4)]
    assert mirt == ["item", "a1", "a2", "d", "g", "u", *scores, *(f"d{k}" for k in range(4))]
    mirtcat = columns_of(write_parameters("mirtcat", taken({"2PL": items["2PL"]})))
    shown = ["Type", "Question", "Option.1", "Option.2", "itemtype"]
    assert mirtcat == ["item", *shown, "a1", "d", "g", "u"]


def test_numbers_by_hand() -> None:
    item = ItemParameters((2.0,), "4PL", 0.5, 0.75, 0.25, 0.875)
    (row,) = rows_of(write_parameters("mirt", [TakenQuestion("x", item)]))
    assert row == {"item": "x", "a1": "1.5", "d": "-0.75", "g": "0.25", "u": "0.875"}
    nominal = ItemParameters(
        (1.0,), "NRM", 0.5, 2, category_slopes=(1, 2, 5), category_intercepts=(0.25, 0, 1)
    )
    (row,) = rows_of(write_parameters("mirt", [TakenQuestion("x", nominal)]))
    # s − s0 = 0, 1, 4, so ak = 0, 0.5, 2 with a1 = 4; d = s (−1) + c − 0.25
    values = {"a1": 4.0, "ak0": 0, "ak1": 0.5, "ak2": 2, "d0": 0, "d1": -1.25, "d2": -3.25}
    assert {name: float(value) for name, value in row.items() if name != "item"} == values


def test_what_is_not_calibrated_or_of_several_concepts_is_named() -> None:
    fine, other = ItemParameters((1.0, 0.0)), ItemParameters((0.0, 1.0))
    both = ItemParameters((1.0, 1.0))
    new = ItemParameters((1.0, 0.0), state=NOT_CALIBRATED)
    questions = [TakenQuestion(*each) for each in zip("abcde", (other, fine, both, new, fine), strict=True)]
    told = reasons(write_parameters("catr", questions))
    assert set(told) == {"a", "c", "d"}
    assert told["a"].startswith("It measures concept 2, and most questions concept 1")
    assert told["c"].startswith("It measures 2 concepts")
    assert "not calibrated" in told["d"]
    assert set(reasons(write_parameters("mirt", questions))) == {"d"}
    assert columns_of(write_parameters("catr", [TakenQuestion("d", new)])) == ["item"]


def test_texts_are_safe_in_a_spreadsheet_and_losses_are_named() -> None:
    question = TakenQuestion("=x", ItemParameters((1.0,)), "=1+1", (), has_interactions=True)
    written = write_parameters("mirtcat", [question])
    (row,) = rows_of(written)
    assert (row["item"], row["Question"], row["Option.1"]) == ("'=x", "'=1+1", "NA")
    assert "apostrophe" in reasons(written)["=x"]
    assert "options alone" in reasons(written)["=x"]
    assert row["a1"] == "1.0"


@pytest.mark.parametrize(("form", "model"), [("ltm", ""), ("mirt", "GRM"), ("catr", "2PL")])
def test_an_unknown_form_or_model(form: str, model: str) -> None:
    with pytest.raises(UnknownForm):
        write_parameters(form, [], model)


def rows_of(written: ParametersOut) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(written.content.decode())))


def columns_of(written: ParametersOut) -> Sequence[str]:
    return written.content.decode().splitlines()[0].split(",")
