"""DIF by columns of groups: what is looked at, what it says, and results of before there were several."""

from typing import Any

import numpy as np
import pytest

from sessions_app.measurement.asking import Asked, Compared
from sessions_app.measurement.differences import Differences, Given, differences, looked_at, of_item
from sessions_app.measurement.tables import parameter_lines
from sessions_app.models import Calibration
from testing_engine.calibration import Responses
from testing_engine.calibration.watching import unwatched

ITEMS, PERSONS = 10, 1600
LANGUAGES = np.array(["de"] * 800 + ["fr"] * 400 + ["it"] * 380 + ["rm"] * 15 + [""] * 5)


@pytest.fixture(scope="module")
def answers() -> Responses:
    """Question 4 is much harder in French; question 7 in none."""
    rng = np.random.default_rng(3)
    z = rng.normal(size=(PERSONS, 1)) - np.linspace(-1, 1, ITEMS)
    z[LANGUAGES == "fr", 4] -= 1.2
    return Responses.from_matrix((rng.random(z.shape) < 1 / (1 + np.exp(-z))).astype(int))


def compare(answers: Responses, compared: Compared, concepts: int = 1) -> Differences:
    given = Given(answers, ["2PL"] * ITEMS, None, "default", concepts, is_binary=True)
    return differences(given, LANGUAGES.tolist(), compared, unwatched)


@pytest.fixture(scope="module")
def by_language(answers: Responses) -> Differences:
    return compare(answers, Compared("language"))


def test_three_groups_against_the_largest(by_language: Differences) -> None:
    found = by_language
    assert found.reference == "de"
    assert found.groups == {"de": 800, "fr": 400, "it": 380}
    assert found.left_out == {"rm": 15}
    harder, same = found.items[4], found.items[7]
    assert harder["flagged"]
    assert (harder["df"], harder["uniform_df"]) == (4, 2)
    assert harder["groups"]["fr"]["ets_class"] == "C−"
    assert harder["groups"]["fr"]["effect"] < -0.6 < harder["groups"]["it"]["effect"]
    assert {of["ets_class"] for of in same["groups"].values()} == {"A"}
    assert not same["flagged"]


def test_against_a_group_that_is_named(answers: Responses) -> None:
    found = compare(answers, Compared("language", "fr"))
    assert list(found.groups) == ["fr", "de", "it"]
    assert {name: of["ets_class"] for name, of in found.items[4]["groups"].items()} == {
        "de": "C+",
        "it": "C+",
    }


@pytest.mark.parametrize(
    ("compared", "concepts", "said"),
    [
        (Compared("language", "rm"), 1, "The reference has fewer than 50"),
        (Compared("language"), 2, "where one concept is measured"),
    ],
)
def test_what_cannot_be_looked_at_says_why(
    answers: Responses, compared: Compared, concepts: int, said: str
) -> None:
    found = compare(answers, compared, concepts)
    assert said in found.why_not
    assert not found.items


def test_one_group_is_compared_with_nobody(answers: Responses) -> None:
    given = Given(answers, ["2PL"] * ITEMS, None, "default", 1, is_binary=True)
    found = differences(given, ["a"] * PERSONS, Compared("school"), unwatched)
    assert found.why_not == "Fewer than two groups have 50 persons."


def test_the_table_has_each_column_and_group(by_language: Differences) -> None:
    found = by_language
    empty: dict[str, Any] = {"new": None, "errors": {"steps": []}, "old_errors": None, "fit": None}
    old = {"model": "2PL", "thresholds": []}
    rest = {"answers": PERSONS, "old": old, "anchor_z": None, "state": "", "new_state": "", "why_not": ""}
    items = [
        {"id": f"q{j}", **empty, **rest, "dif_by": {"language": found.items[j]} if j else {}} for j in (4, 0)
    ]
    result = {"dif": [found.to_json()], "items": items}
    header, harder, unseen = "".join(parameter_lines(Calibration(result=result))).splitlines()
    cells = dict(zip(header.split(","), harder.split(","), strict=True))
    assert cells["dif_language_df"] == "4"
    assert cells["dif_language_flagged"] == "True"
    assert cells["dif_language_fr_ets_class"].endswith("C−")
    assert float(cells["dif_language_it_delta_se"]) > 0
    assert dict(zip(header.split(","), unseen.split(","), strict=True))["dif_language_p"] == ""


def test_results_and_requests_of_before_there_were_columns_are_read() -> None:
    dif = {"answers": 700, "z": -4.0, "p": 1e-4, "chi2": 17.0, "df": 2, "p_all": 2e-4, "effect": -0.8}
    classical = {"delta": -1.9, "delta_error": 0.3, "p": 1e-4, "ets_class": "C−", "standardised": -0.1}
    item = {"id": "q0", "dif": {**dif, "flagged": True}, "classical_dif": classical}
    population = [{"group": name, "persons": 350} for name in ("B", "", "A")]
    result: dict[str, Any] = {
        "items": [item, {"id": "q1", "dif": None, "classical_dif": None}],
        "population": population,
    }
    (about,) = looked_at(result)
    assert (about["column"], about["reference"]) == ("group", "A")
    (found,) = of_item(result, item).values()
    assert found["uniform_chi2"] == 16.0
    assert found["groups"] == {"B": {"effect": -0.8, **classical}}
    assert of_item(result, result["items"][1]) == {}

    request = Asked(groups="file", imports=()).to_json()
    del request["column"], request["dif"]
    assert Asked.from_json(request).compared == (Compared(""),)
    assert Asked.from_json({**request, "groups": "none"}).compared == ()
