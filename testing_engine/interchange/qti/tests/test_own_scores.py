"""Our own items as QTI 3.0: an independent player scored random answers as we do (oracle/README.md)."""

import json
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from testing_engine.interchange.qti.items_writing import write_item
from testing_engine.interchange.qti.patterns import portable_pattern
from testing_engine.interchange.qti.tests.oracle.items import exported, hashed
from testing_engine.interchange.qti.tests.own_items import rows
from testing_engine.interchange.qti.texts import NotCarried
from testing_engine.questions import interactions as asked
from testing_engine.questions.program import load_scoring

REFERENCE = json.loads((Path(__file__).parent / "oracle" / "reference.json").read_text())
BEYOND_THE_PLAYER = {"any"}  # anyN


@pytest.mark.parametrize("row", rows(), ids=lambda row: str(row["id"]))
def test_an_independent_player_scores_as_we_do(row: dict[str, Any]) -> None:
    whole = exported(row)
    xml = etree.tostring(write_item(whole, {}, None).element, encoding="unicode")
    known = REFERENCE[row["id"]]
    assert hashed(xml) == known["sha256"], "its export changed: make the reference again (oracle/README.md)"
    if row["id"] in BEYOND_THE_PLAYER:
        assert known["scores"] is None
        return
    ours = [_score(whole, answer) for answer in known["answers"]]
    assert ours == pytest.approx(known["scores"], abs=1e-9)
    assert len({round(score, 9) for score in ours}) > 1, "all answers earn the same: they try nothing"


def _score(row: Any, answer: Any) -> float:
    if row.get("scoring") is not None:
        return load_scoring(row["scoring"]).score(answer)
    ids = [choice.id for choice in asked.choice_of_options(row["options"]).choices]
    return float(row["option_scores"][ids.index(answer["RESPONSE"])]) if answer else 0.0


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("ab", "^([aA][bB])$"),
        (r"^(?:x|y)*?$", "^(([xX]|[yY])*)$"),
        (r"[^a-c\d\]]\.é", r"^([^a-c\d\]A-C]\.[éÉ])$"),
        (r"a{2,3}?", "^([aA]{2,3})$"),
    ],
)
def test_patterns_say_in_themselves_that_case_does_not_count(pattern: str, expected: str) -> None:
    assert portable_pattern(pattern, case_sensitive=False) == expected


@pytest.mark.parametrize("pattern", [r"(?i)a", r"a\b", r"x^y", r"(?P<n>a)", r"[!-z]"])
def test_patterns_that_not_all_players_know_are_refused(pattern: str) -> None:
    with pytest.raises(NotCarried):
        portable_pattern(pattern, case_sensitive=False)
