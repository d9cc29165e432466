"""A table's parameters in the bank give the probabilities of the program's own formula."""

from collections.abc import Callable, Sequence
from itertools import accumulate

import numpy as np
import numpy.typing as npt
import pytest
from scipy.special import expit

from testing_engine.parameter_tables.candidates import Columns
from testing_engine.parameter_tables.forms import parameters_of
from testing_engine.parameter_tables.reading import read_parameters
from testing_engine.parameter_tables.recognising import candidates_of, named
from testing_engine.psychometrics.items.bank import ItemBank, ItemParameters
from testing_engine.psychometrics.tests.reference_data import reference

Array = npt.NDArray[np.float64]
GRID = np.linspace(-5, 5, 41)
EXACT = 1e-12
AS_PRINTED = 2e-9  # the references have 10 to 12 significant digits


def probabilities(
    text: str, source: str, chosen: dict[str, str] | None = None, concepts: int = 1, theta: Array = GRID
) -> list[Array]:
    """Of each row's question: (categories, points)."""
    table = read_parameters(text.encode())
    candidate = named(candidates_of(table), source)
    settings = candidate.completed(chosen or {})
    columns = Columns(table)
    items = [
        parameters_of(candidate.form(columns.cells(row), settings), ItemParameters((1.0,) * concepts))
        for row in table.rows
    ]
    bank = ItemBank.from_parameters(items)
    points = theta[:, None] if theta.ndim == 1 else theta
    told = bank.curves(points).p
    return [told[: int(bank.n_categories[item]), item] for item in range(bank.n_items)]


# --- The formulas, each as its program documents it, category 0 first -----------------------------------


def logistic(z: Array, c: float = 0, u: float = 1) -> Array:
    right = c + (u - c) * expit(z)
    return np.stack([1 - right, right])


def graded(z: Sequence[Array]) -> Array:
    """P(X ≥ k) = σ(z_k)."""
    at_least = np.stack([np.ones_like(z[0]), *map(expit, z), np.zeros_like(z[0])])
    return at_least[:-1] - at_least[1:]


def divided(z: Sequence[Array]) -> Array:
    """P(k) ∝ exp(z_k)."""
    logits = np.stack(z)
    odds = np.exp(logits - logits.max(axis=0))
    shares: Array = odds / odds.sum(axis=0)
    return shares


def steps(z: Sequence[Array]) -> Array:
    """P(k) ∝ exp Σ_{j≤k} z_j."""
    return divided([np.zeros_like(z[0]), *accumulate(z)])


T = GRID
ZERO = np.zeros_like(T)

CASES: dict[str, tuple[str, str, dict[str, str], list[Array]]] = {
    "mirt, asymptotes": (
        "item,a1,d,g,u\nx,1.3,-0.7,0.2,0.95\ny,0.8,1.9,0,1\n",
        "mirt", {},
        [logistic(1.3 * T - 0.7, 0.2, 0.95), logistic(0.8 * T + 1.9)],
    ),
    "mirt with printSE": (
        "$x\n        a1      d logit(g) logit(u)\npar  1.3 -0.7 -1.386 999\nSE 0.1 0.2 0.3 NA\n\n"
        "$y\n        a1      d logit(g) logit(u)\npar  0.8 1.9 -999 2.944\nSE 0.1 0.2 NA 0.3\n\n"
        "$GroupPars\n    MEAN_1 COV_11\npar 0 1\nSE NA NA\n",
        "mirt", {},
        [logistic(1.3 * T - 0.7, expit(-1.386)), logistic(0.8 * T + 1.9, 0, expit(2.944))],
    ),
    "mirt, one table of several models": (
        "  a1 d g u d1 d2 ak0 ak1 ak2 d0\nx 1.3 -0.7 0.2 1 NA NA NA NA NA NA\n"
        "y 1.1 NA NA NA 0.9 -0.4 NA NA NA NA\nz 0.7 NA NA NA 1.2 0.3 0 1 2 0\n"
        "w 0.9 NA NA NA 0.4 -0.2 0 0.6 2 0\n",
        "mirt", {},
        [
            logistic(1.3 * T - 0.7, 0.2),
            graded([1.1 * T + 0.9, 1.1 * T - 0.4]),
            divided([ZERO, 0.7 * T + 1.2, 1.4 * T + 0.3]),
            divided([ZERO, 0.54 * T + 0.4, 1.8 * T - 0.2]),
        ],
    ),
    "mirt, nominal with a negative slope": (
        "item;a1;ak0;ak1;ak2;d0;d1;d2\nx;-0,9;0;0,6;2;0;0,4;-0,2\n",
        "mirt", {},
        [divided([ZERO, -0.54 * T + 0.4, -1.8 * T - 0.2])],
    ),
    "mirt, IRTpars, right or wrong": (
        "item\ta\tb\tg\tu\nx\t1.3\t-0.7\t0.2\t0.95\n",
        "mirt_IRTpars", {},
        [logistic(1.3 * (T + 0.7), 0.2, 0.95)],
    ),
    "mirt, IRTpars, graded": (
        "item,a,b1,b2,b3\nx,1.3,-0.7,0.2,1.1\ny,0.8,-1,0.5,NA\n",
        "thresholds", {"model": "GRM", "scaling": "1"},
        [
            graded([1.3 * (T + 0.7), 1.3 * (T - 0.2), 1.3 * (T - 1.1)]),
            graded([0.8 * (T + 1), 0.8 * (T - 0.5)]),
        ],
    ),
    "mirt, IRTpars, partial credit": (
        "item,a,b1,b2,b3\nx,1.3,-0.7,0.2,-1.1\n",
        "thresholds", {"model": "GPCM", "scaling": "1"},
        [steps([1.3 * (T + 0.7), 1.3 * (T - 0.2), 1.3 * (T + 1.1)])],
    ),
    "mirt, IRTpars, nominal": (
        "item,a1,a2,a3,c1,c2,c3\nx,-0.9,0.2,0.7,-0.5,0.1,0.4\n",
        "mirt_nominal", {},
        [divided([-0.9 * T - 0.5, 0.2 * T + 0.1, 0.7 * T + 0.4])],
    ),
    "mirt, rating scale": (
        "item,a1,b1,b2,c\nx,1,-0.8,0.5,0\ny,1,-0.8,0.5,0.6\n",
        "mirt_rsm", {},
        [steps([T + 0.8, T - 0.5]), steps([T + 0.8 + 0.6, T - 0.5 + 0.6])],
    ),
    "catR, D = 1.702": (
        "a b c d\n1.3 -0.7 0.2 0.95\n",
        "catR", {"scaling": "1.702"},
        [logistic(1.702 * 1.3 * (T + 0.7), 0.2, 0.95)],
    ),
    "d a share of slips": (
        "a,b,c,d\n1.3,-0.7,0.2,0.05\n",
        "slipping", {"scaling": "1"},
        [logistic(1.3 * (T + 0.7), 0.2, 0.95)],
    ),
    "a, b, c, d as a slope and thresholds": (
        "a,b,c,d\n1.3,-0.7,0.2,1.05\n",
        "thresholds_bcd", {"scaling": "1.7", "model": "GRM"},
        [graded([2.21 * (T + 0.7), 2.21 * (T - 0.2), 2.21 * (T - 1.05)])],
    ),
    "catR, modified graded": (
        "alphaj,bj,c1,c2\n1.3,0.4,0.9,-0.9\n",
        "catR", {"scaling": "1"},
        [graded([1.3 * (T - 0.4 + 0.9), 1.3 * (T - 0.4 - 0.9)])],
    ),
    "catR, rating scale": (
        "lambdaj,delta1,delta2\n0.4,0.9,-0.3\n",
        "catR", {"scaling": "1"},
        [steps([T - 1.3, T - 0.1])],
    ),
    "TAM, $item": (
        "item,N,M,xsi.item,AXsi_.Cat1,AXsi_.Cat2,B.Cat1.Dim1,B.Cat2.Dim1\n"
        "x,500,0.6,0.4,0.5,,0.8,\ny,500,0.6,0.4,-0.5,0.7,0.8,1.6\nz,500,0.6,0.4,-0.5,0.7,0.8,1.3\n",
        "TAM", {},
        [
            logistic(0.8 * T - 0.5),
            divided([ZERO, 0.8 * T + 0.5, 1.6 * T - 0.7]),
            divided([ZERO, 0.8 * T + 0.5, 1.3 * T - 0.7]),
        ],
    ),
    "TAM, $item_irt": (
        "item alpha beta tau.Cat1 tau.Cat2\nx 0.8 0.4 -0.6 0.6\ny 1.2 -0.3 0 NA\n",
        "TAM", {},
        [steps([0.8 * (T - 0.4 + 0.6), 0.8 * (T - 0.4 - 0.6)]), logistic(1.2 * (T + 0.3))],
    ),
    "TAM, $xsi": ("  xsi se.xsi\nx 0.4 0.1\n", "TAM", {}, [logistic(T - 0.4)]),
    "eRm, thresholds": (
        "Design Matrix Block 1:\n   Location Threshold 1 Threshold 2\nx -0.1 -0.9 0.7\ny 0.35 0.35 NA\n",
        "eRm", {"model": "PCM"},
        [steps([T + 0.9, T - 0.7]), logistic(T - 0.35)],
    ),
    "eRm, betas": (
        "Item Easiness Parameters (beta) with 0.95 CI:\n         Estimate Std. Error lower CI upper CI\n"
        "beta x 0.4 0.1 0.2 0.6\nbeta y -1.4 0.1 -1.6 -1.2\n",
        "eRm", {"sign": "easiness"},
        [logistic(T + 0.4), logistic(T - 1.4)],
    ),
    "ltm, three parameters": (
        "     Gussng Dffclt Dscrmn\nItem 1 0.1 -0.7 1.3\nItem 2 0.0 0.4 0.8\n",
        "ltm", {},
        [logistic(1.3 * (T + 0.7), 0.1), logistic(0.8 * (T - 0.4))],
    ),
    "ltm, graded": (
        "     Extrmt1 Extrmt2 Dscrmn\nx -0.7 0.5 1.3\n", "ltm", {},
        [graded([1.3 * (T + 0.7), 1.3 * (T - 0.5)])],
    ),
    "ltm, partial credit": (
        "     Catgr.1 Catgr.2 Dscrmn\nx 0.7 -0.5 1.3\n", "ltm", {},
        [steps([1.3 * (T - 0.7), 1.3 * (T + 0.5)])],
    ),
    "ltm, intercepts": ("  (Intercept) z1\nx 0.7 1.3\n", "ltm", {}, [logistic(0.7 + 1.3 * T)]),
    "Winsteps": (
        "; ITEM FILE\n;ENTRY,MEASURE,STTS,COUNT,NAME\n1,62.5,1,500,x\n",
        "Winsteps", {"umean": "50", "uscale": "10"},
        [logistic(T - 1.25)],
    ),
    "PROMIS": (
        "itemID,a,cb1,cb2,NCAT\nx,3.1,-0.7,0.2,3\n",
        "PROMIS", {"scaling": "1"},
        [graded([3.1 * (T + 0.7), 3.1 * (T - 0.2)])],
    ),
    "jsCAT corpus": (
        "item,read.a,read.b,read.c,read.d,math.b,math.a\nx,1.3,-0.7,0.2,0.95,0.1,1\n",
        "jsCAT:read", {},
        [logistic(1.3 * (T + 0.7), 0.2, 0.95)],
    ),
    "jsCAT's slipping": (
        "item,discrimination,difficulty,guessing,slipping\nx,1.3,-0.7,0.2,0.95\n",
        "jsCAT", {},
        [logistic(1.3 * (T + 0.7), 0.2, 0.95)],
    ),
    "this service's slipping": (
        "item,discrimination,difficulty,guessing,slipping\nx,1.3,-0.7,0.2,0.05\n",
        "own", {},
        [logistic(1.3 * (T + 0.7), 0.2, 0.95)],
    ),
    "a, b, c, normal metric": (
        "item,a,b,c\nx,1.3,-0.7,0.2\n", "plain", {"scaling": "1.7"}, [logistic(2.21 * (T + 0.7), 0.2)]
    ),
    "easiness alone": (
        "item,b\nx,0.7\n", "plain", {"scaling": "1", "sign": "easiness"}, [logistic(T + 0.7)]
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_the_probabilities_are_those_of_the_programs_formula(case: str) -> None:
    text, source, chosen, expected = CASES[case]
    found = probabilities(text, source, chosen)
    assert len(found) == len(expected)
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=EXACT)


def test_several_concepts_of_mirt_tam_and_ltm() -> None:
    points = np.array([[x, y] for x in (-2.0, 0.3, 1.7) for y in (-1.1, 0.0, 2.2)])
    z = points @ np.array([1.2, 0.5])
    mirt = "item,a1,a2,d,g,u\nx,1.2,0.5,-0.7,0.2,1\ny,0,1.5,0.4,0,1\n"
    one, other = probabilities(mirt, "mirt", concepts=2, theta=points)
    np.testing.assert_allclose(one, logistic(z - 0.7, 0.2), rtol=0, atol=EXACT)
    np.testing.assert_allclose(other, logistic(1.5 * points[:, 1] + 0.4), rtol=0, atol=EXACT)
    graded_table = "item,a1,a2,d1,d2\nx,1.2,0.5,0.7,-0.9\n"
    (told,) = probabilities(graded_table, "mirt", concepts=2, theta=points)
    np.testing.assert_allclose(told, graded([z + 0.7, z - 0.9]), rtol=0, atol=EXACT)
    tam = (
        "item,xsi.item,AXsi_.Cat1,AXsi_.Cat2,B.Cat1.Dim1,B.Cat1.Dim2,B.Cat2.Dim1,B.Cat2.Dim2\n"
        "x,0,-0.5,0.7,1.2,0.5,2.4,1.0\n"
    )
    (told,) = probabilities(tam, "TAM", concepts=2, theta=points)
    np.testing.assert_allclose(told, divided([0 * z, z + 0.5, 2 * z - 0.7]), rtol=0, atol=EXACT)
    (told,) = probabilities("  (Intercept) z1 z2\nx 0.7 1.2 0.5\n", "ltm", concepts=2, theta=points)
    np.testing.assert_allclose(told, logistic(z + 0.7), rtol=0, atol=EXACT)


# --- What mirt and catR themselves computed -------------------------------------------------------------


def csv_of(columns: Sequence[str], rows: Sequence[Sequence[float | None]]) -> str:
    cells = ("NA" if cell is None else repr(cell) for row in rows for cell in row)
    lines = ["item," + ",".join(columns)]
    for number, _ in enumerate(rows):
        lines.append(f"i{number}," + ",".join(next(cells) for _ in columns))
    return "\n".join(lines)


@pytest.mark.parametrize("place", range(7))
@pytest.mark.parametrize("parametrisation", ["params_slope_intercept", "params_IRT"])
def test_mirts_own_probabilities(place: int, parametrisation: str) -> None:
    fit = reference("mirt_unidimensional")["fits"][place]
    table, trace = fit[parametrisation], np.array(fit["probtrace"])  # (items, points, categories)
    theta = np.linspace(-4, 4, trace.shape[1])
    text = csv_of(table["columns"], table["values"])
    source, chosen = "mirt", {}
    if parametrisation == "params_IRT":
        if "g" in table["columns"]:
            source = "mirt_IRTpars"
        elif "c1" in table["columns"]:
            source = "mirt_nominal"
        else:
            source = "thresholds"
            chosen = {"scaling": "1", "model": "GRM" if fit["itemtype"] == "graded" else "GPCM"}
    for ours, theirs in zip(probabilities(text, source, chosen, theta=theta), trace, strict=True):
        np.testing.assert_allclose(ours.T, theirs, rtol=0, atol=AS_PRINTED)


@pytest.mark.parametrize("model", ["GRM", "PCM", "GPCM", "NRM"])
def test_catrs_own_probabilities(model: str) -> None:
    told = reference("catR_polytomous")["models"][model]
    chosen = {"first_category": "0"} if model == "NRM" else {"scaling": "1"}
    text = csv_of(told["columns"], told["bank"])
    theta = np.array([float(point["theta"]) for point in told["grid"]])
    found = probabilities(text, "catR", chosen, theta=theta)
    for place, point in enumerate(told["grid"]):
        for ours, theirs in zip(found, point["P"], strict=True):
            expected = [value for value in theirs if value is not None]
            np.testing.assert_allclose(ours[:, place], expected, rtol=0, atol=AS_PRINTED)


def test_catrs_right_or_wrong_questions_in_both_metrics() -> None:
    told = reference("catR_irf_dichotomous")
    check: Callable[..., None] = np.testing.assert_allclose
    for entry in told["irf"]:
        text = csv_of("abcd", told["banks"][entry["bank"]])
        theta = np.array([float(point["theta"]) for point in entry["values"]])
        found = probabilities(text, "catR", {"scaling": str(entry["D"])}, theta=theta)
        for place, point in enumerate(entry["values"]):
            check([ours[1, place] for ours in found], point["P"], rtol=0, atol=AS_PRINTED)
