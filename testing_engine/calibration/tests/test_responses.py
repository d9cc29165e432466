import numpy as np
import pytest

from testing_engine.calibration import Responses, calibrate
from testing_engine.calibration.responses import ResponsesError

X = np.array([[0, 1, 2], [1, -1, 0], [-1, -1, -1], [1, 0, 1]])


def test_both_forms_are_one() -> None:
    matrix = Responses.from_matrix(X, ["a", "b", "c"])
    person, item = np.nonzero(X >= 0)
    rows = Responses.from_rows(
        person.tolist(), [("a", "b", "c")[i] for i in item], X[person, item], items=["a", "b", "c"]
    )
    assert (rows.dense()[:2] == X[:2]).all()
    assert (matrix.dense() == X).all()
    assert rows.n_persons == 3  # who has no rows is nobody
    assert [c.tolist() for c in matrix.counts] == [[1, 2], [1, 1], [1, 1, 1]]


def test_missing_may_be_minus_one_or_nan() -> None:
    table = X.astype(float)
    table[table < 0] = np.nan
    assert (Responses.from_matrix(table).dense() == X).all()
    assert Responses.from_rows([1, 1, 2], ["a", "b", "a"], [1, -1, 0]).n_answers == 2


def test_rows_in_any_order_keep_the_order_of_first_appearance() -> None:
    responses = Responses.from_rows(["z", "y", "z"], ["q", "q", "p"], [1, 0, 1], group={"z": "g", "y": "h"})
    assert list(responses.persons) == ["z", "y"]
    assert responses.items == ("q", "p")
    assert responses.groups == ("g", "h")
    assert responses.dense().tolist() == [[1, 1], [0, -1]]


@pytest.mark.parametrize(
    ("field", "make"),
    [
        ("X", lambda: Responses.from_matrix([0, 1])),
        ("X", lambda: Responses.from_matrix([[0.5, 1]])),
        ("X", lambda: Responses.from_matrix([[-2, 1]])),
        ("items", lambda: Responses.from_matrix([[0, 1]], ["a", "a"])),
        ("group", lambda: Responses.from_matrix([[0, 1]], group=["a", "b"])),
        ("item", lambda: Responses.from_rows([1, 1], ["a", "a"], [0, 1])),
        ("group", lambda: Responses.from_rows([1, 1], ["a", "b"], [0, 1], group=["g", "h"])),
        ("category", lambda: Responses.from_rows([1], ["a"], ["right"])),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(field: str, make: object) -> None:
    with pytest.raises(ResponsesError) as refused:
        make()  # type: ignore[operator]
    assert refused.value.field == field


def test_components() -> None:
    apart = Responses.from_matrix([[0, 1, -1, -1], [-1, -1, 1, 0]])
    assert apart.components()[0] == 2
    joined = Responses.from_matrix([[0, 1, -1, -1], [-1, 1, 1, 0]])
    assert joined.components()[0] == 1


def test_collapsed_closes_empty_categories_up() -> None:
    responses = Responses.from_matrix([[0, 1], [3, 0], [2, 1]]).collapsed()
    assert responses.dense().tolist() == [[0, 1], [2, 0], [1, 1]]


def test_an_empty_category_is_named_and_collapsing_helps() -> None:
    rng = np.random.default_rng(4)
    theta = rng.normal(size=(300, 1))
    x = (theta + rng.logistic(size=(300, 5)) > 0).astype(int) + (theta + rng.logistic(size=(300, 5)) > 1)
    x[:, 0] = np.where(x[:, 0] == 1, 2, x[:, 0])
    x[:5, 0] = 0
    fit = calibrate(Responses.from_matrix(x), "GRM")
    assert [finding.item for finding in fit.findings if finding.code == "empty_category"] == [0]
    assert np.isnan(fit.parameters[0].a).all()
    again = calibrate(Responses.from_matrix(x).collapsed(), "GRM")
    assert np.isfinite(again.parameters[0].a).all()
