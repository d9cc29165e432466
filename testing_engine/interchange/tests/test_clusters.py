"""A question of several parts as one with part marks, or as a set of questions."""

import json

import pytest

from testing_engine.importing import Wishes, import_pool
from testing_engine.interchange.clusters import BLANK, WITHOUT_PARAMETERS
from testing_engine.interchange.imported import Upload
from testing_engine.models import Question
from testing_engine.pools import current_questions

CLOZE = """<?xml version="1.0"?><quiz><question type="cloze"><name><text>rivers</text></name>
<questiontext format="html">
<text><![CDATA[<p>Paris lies on the {1:SHORTANSWER:=Seine}, London on the {2:SHORTANSWER:=Thames},
and 3 + 4 is {1:NUMERICAL:=7:0}.</p>]]></text></questiontext></question></quiz>"""


def imported(text: str, name: str, *, apart: bool) -> tuple[list[Question], tuple[tuple[str, ...], ...]]:
    report = import_pool(Upload(name, text.encode()), Wishes(apart=apart))
    assert report.pool is not None
    return list(current_questions(report.pool)), tuple(each.reasons for each in report.questions)


@pytest.mark.django_db
def test_a_cloze_is_one_question_or_a_set() -> None:
    ((one,), _) = imported(CLOZE, "a.xml", apart=False)
    assert one.interactions is not None
    assert len(one.interactions) == 3
    parts, losses = imported(CLOZE, "a.xml", apart=True)
    assert [part.external_id for part in parts] == [f"{one.external_id}-{n}" for n in (1, 2, 3)]
    assert {part.question_set for part in parts} == {one.external_id}
    for number, part in enumerate(parts):
        assert part.interactions == [one.interactions[number]]
        assert part.content.count(BLANK) == 2
        assert f"[[{one.interactions[number]['response']}]]" in part.content
    assert losses == ((), (), ())


def document(**fields: object) -> str:
    asked = [{"type": "textEntry", "response": name, "base": "text"} for name in ("A", "B")]
    row = {"id": "q", "content": "x [[A]] y [[B]]", "concepts": [1], "interactions": asked, **fields}
    return json.dumps({"name": "P", "questions": [row]})


@pytest.mark.django_db
def test_parameters_of_the_whole_are_those_of_no_part() -> None:
    key = {name: {"texts": {"a": 1}} for name in ("A", "B")}
    parts, losses = imported(document(key=key, thresholds=[-0.5, 0.5], model="GRM"), "p.json", apart=True)
    assert {part.state for part in parts} == {"not_calibrated"}
    assert losses == ((WITHOUT_PARAMETERS,), (WITHOUT_PARAMETERS,))
