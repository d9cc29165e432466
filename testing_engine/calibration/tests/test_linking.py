"""Against equateIRT 2.5.1 on the same parameters and covariances: A, B to 1e-6, standard errors to 1e-4."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from testing_engine.calibration import Responses, calibrate, link
from testing_engine.calibration.anchor_shifts import MOVED_Z, anchor_shifts
from testing_engine.calibration.linking import METHODS
from testing_engine.calibration.linking_errors import MOST_GROUPS, LinkError
from testing_engine.calibration.tests.reference_data import FOLDER, outputs

ALL = outputs("07b_equate_own.json")
COMMON = [f"I{number:02}" for number in range(11, 21)]


def parameters(form: dict[str, Any]) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    for row in form["parameters"]:
        name, value = row["name"], row["value"]
        if row["item"] == "GROUP" or name == "u" or abs(value) > 900:
            continue
        key = {"a1": "a", "d": "d", "g": "lower"}[name]
        found.setdefault(row["item"], {})[key] = 1 / (1 + np.exp(-value)) if name == "g" else value
    return found


def covariance(kind: str, form: int, first: int) -> npt.NDArray[np.float64]:
    """Blocks [logit g,] d, a1 of 20 items, put in the order a, d[, g] of each common item."""
    every = np.loadtxt(FOLDER / f"07b_own_{kind}_form{form}_cov.csv", delimiter=",")
    block = {"a": 40, "d": 20, "g": 0} if kind == "3pl" else {"a": 20, "d": 0}
    at = [block[name] + number for number in range(first, first + 10) for name in block]
    return np.asarray(every[np.ix_(at, at)])


@pytest.mark.parametrize("kind", ["2pl", "3pl"])
@pytest.mark.parametrize("method", METHODS)
def test_against_equate_irt(kind: str, method: str) -> None:
    reference = ALL[f"own_{kind}"][method]
    errors = reference
    if method == "mean-sigma":  # equateIRT mixes n and n − 1 there
        errors = ALL[f"own_{kind}"]["mean-sigma_exact_delta_numpy_not_R"]
    form1, form2 = (parameters(ALL[f"own_{kind}"][form]) for form in ("form1", "form2"))
    found = link(
        form2,
        form1,
        method,
        old_covariance=covariance(kind, 2, 0),
        new_covariance=covariance(kind, 1, 10),
    )
    assert found.items == tuple(COMMON)
    assert pytest.approx(reference["A"], abs=1e-6) == found.A
    assert pytest.approx(reference["B"], abs=1e-6) == found.B
    assert pytest.approx(errors["seA"], rel=1e-4) == found.standard_errors.A
    assert pytest.approx(errors["seB"], rel=1e-4) == found.standard_errors.B
    assert found.covariance[0, 1] == pytest.approx(errors["covAB"], rel=1e-3)


@pytest.fixture(scope="module")
def two_forms() -> tuple[Any, Any]:
    rng = np.random.default_rng(12)
    cuts = np.sort(rng.normal(size=(10, 2)), axis=1)
    forms = []
    for mean, sd in ((0.0, 1.0), (0.6, 1.3)):
        theta = rng.normal(mean, sd, 3000)
        x = ((theta[:, None] + rng.logistic(size=(3000, 10)) / 1.3)[:, :, None] > cuts).sum(axis=2)
        x[:, :4] = x[:, :4] > 0
        forms.append(calibrate(Responses.from_matrix(x), ["2PL"] * 4 + ["GRM"] * 3 + ["GPCM"] * 3))
    return forms[0], forms[1]


@pytest.mark.parametrize("method", METHODS)
def test_two_calibrations_with_several_categories(two_forms: tuple[Any, Any], method: str) -> None:
    old, new = two_forms
    found = link(old.parameters, new.parameters, method)
    assert abs(found.A - 1.3) < 5 * found.standard_errors.A
    assert abs(found.B - 0.6) < 5 * found.standard_errors.B
    assert found.standard_errors.A < 0.1
    moved = found.transform(new.parameters)
    for item in range(10):
        assert moved[item].a == pytest.approx(old.parameters[item].a, rel=0.4)
        assert moved[item].b == pytest.approx(new.parameters[item].b * found.A + found.B)
        natural_b = -np.diff(moved[item].d) / moved[item].a if item > 6 else -moved[item].d / moved[item].a
        assert moved[item].b == pytest.approx(natural_b)


def test_linking_a_calibration_with_itself_changes_nothing(two_forms: tuple[Any, Any]) -> None:
    for method in METHODS:
        found = link(two_forms[0].parameters, two_forms[0].parameters, method)
        assert pytest.approx((1.0, 0.0), abs=1e-9) == (found.A, found.B)


def test_a_moved_item_is_seen() -> None:
    old = {item: {"a": 1 + item / 20, "b": item / 5 - 1 + 0.02 * (-1) ** item} for item in range(12)}
    new = {item: {"a": each["a"], "b": each["b"] + 0.01 * (item % 3)} for item, each in old.items()}
    new[4]["b"] += 0.9
    found = link(old, new)
    z = found.robust_z
    assert max(z, key=lambda item: abs(z[item])) == 4
    assert found.moved == (4,)


def test_what_matters_to_nobody_has_not_moved_however_sure_it_is() -> None:
    """Slope times difference counts: the same difference is more of a steep item."""
    differences = {item: 0.01 * (item % 5) for item in range(20)} | {20: 0.25, 21: 0.25, 22: -0.31}
    found = anchor_shifts(differences, [*[1.0] * 20, 1.0, 2.0, 1.0])
    assert all(abs(found[item].z) > MOVED_Z for item in (20, 21, 22))
    assert [item for item, each in found.items() if each.is_moved] == [21, 22]
    assert found[21].logits == pytest.approx(2 * found[20].logits)
    others_agree = anchor_shifts({item: float(item == 4) for item in range(6)}, [1] * 6)
    assert [item for item, each in others_agree.items() if each.is_moved] == [4]


@pytest.mark.parametrize("count", [3, 30, 200])
def test_without_covariances_the_anchors_tell_the_errors(count: int) -> None:
    """Of equal slopes B is the mean difference, so that its error is s / √L; of many anchors, of groups."""
    difference = np.random.default_rng().normal(0.3, 0.2, count)
    old = {item: {"a": 1.0, "b": each} for item, each in enumerate(difference)}
    new = {item: {"a": 1.0, "b": 0.0} for item in range(count)}
    found = link(old, new, "mean-mean")
    groups = np.array([difference[first::MOST_GROUPS].mean() for first in range(min(count, MOST_GROUPS))])
    assert found.errors_from == "anchors"
    assert pytest.approx(groups.std(ddof=1) / np.sqrt(len(groups))) == found.standard_errors.B
    assert found.standard_errors.A < 1e-9


def test_curves_have_errors_of_their_anchors_too_and_two_anchors_none() -> None:
    rng = np.random.default_rng()
    old = {item: {"a": rng.uniform(0.8, 1.6), "b": rng.normal(), "lower": 0.2} for item in range(15)}
    new = {item: {**each, "b": each["b"] + rng.normal(0, 0.1)} for item, each in old.items()}
    found = link(old, new)
    assert 0.005 < found.standard_errors.B < 0.2
    assert 0.002 < found.standard_errors.A < 0.2
    nothing = link(old, new, items=[0, 1])
    assert (nothing.errors_from, np.isnan(nothing.standard_errors.A)) == ("", True)
    assert np.isnan(link(old, new, errors=False).standard_errors.A)


@pytest.mark.parametrize(
    ("field", "arguments"),
    [
        ("method", ({0: {"a": 1, "b": 0}}, {0: {"a": 1, "b": 0}}, "Tucker")),
        ("new", ({0: {"a": 1, "b": 0}}, {1: {"a": 1, "b": 0}})),
        ("old[0]", ({0: {"a": 1}}, {0: {"a": 1}})),
    ],
)
def test_what_cannot_be_linked_is_refused(field: str, arguments: tuple[Any, ...]) -> None:
    with pytest.raises(LinkError) as refused:
        link(*arguments)
    assert refused.value.field == field
