"""A pool leaves as QTI 3.0 and comes back: the same questions, the same scores."""

import random
from collections.abc import Mapping
from typing import Any

import pytest

from testing_engine.exporting import contents_of
from testing_engine.importing import import_pool
from testing_engine.interchange.exported import Written
from testing_engine.interchange.imported import Upload
from testing_engine.interchange.qti.package_writing import write_qti
from testing_engine.interchange.qti.tests.own_items import interactions_of, random_answer, rows
from testing_engine.interchange.questions import parse_pool
from testing_engine.models import PoolRevision, Question
from testing_engine.pools import current_questions, publish_pool
from testing_engine.questions import interactions as asked
from testing_engine.questions.program import load_scoring
from testing_engine.rendering import content_html

ANSWERS = 60


@pytest.fixture
def pair(db: None) -> tuple[Written, dict[str, Question], dict[str, Question]]:
    """The package, and the questions before and after."""
    draft = parse_pool({"name": "Own", "concept_names": ["All"], "questions": rows()})
    pool = publish_pool(draft.name, draft.concept_names, draft.questions)
    written = write_qti(contents_of(PoolRevision.objects.get(pool=pool)))
    report = import_pool(Upload("own.zip", written.content))
    refused = [line for line in report.questions if line.outcome == "refused"]
    assert not refused
    assert report.pool is not None
    assert report.name == "Own"
    before, after = current_questions(pool), current_questions(report.pool)
    assert [each.external_id for each in after] == [each.external_id for each in before]
    return written, {q.external_id: q for q in before}, {q.external_id: q for q in after}


def score(question: Question, answer: Mapping[str, Any]) -> float:
    if question.interactions is None:
        ids = [choice.id for choice in asked.choice_of_options(question.options).choices]
        given = answer.get("RESPONSE")
        return float(question.option_scores[ids.index(str(given))]) if given else 0.0
    return load_scoring(question.scoring or {}).score(dict(answer))


def shown(question: Question) -> Any:
    """What a student sees of it, and what may be answered."""
    found = interactions_of({"interactions": question.interactions, "options": question.options})
    names = frozenset(each.response for each in found)
    return content_html(question.content, names)


def test_it_comes_back_as_the_same_questions_with_the_same_scores(
    pair: tuple[Written, dict[str, Question], dict[str, Question]],
) -> None:
    written, before, after = pair
    reasons = {
        line.id: [said for said in line.reasons if "a, b and c" not in said] for line in written.report
    }
    reasons = {name: said for name, said in reasons.items() if said}
    assert {name: len(said) for name, said in reasons.items()} == {"match": 1, "mixed": 2, "lost": 2}
    generator = random.Random()
    seed = generator.randrange(10**9)
    generator.seed(seed)
    for name, question in before.items():
        again = after[name]
        for field in ("difficulty", "discrimination", "guessing", "area"):
            assert getattr(again, field) == getattr(question, field), (name, field)
        assert (again.passage and again.passage.content) == (question.passage and question.passage.content)
        if name not in ("mixed", "lost"):
            assert shown(again) == shown(question), name
        found = interactions_of({"interactions": question.interactions, "options": question.options})
        for _ in range(ANSWERS):
            answer = random_answer(found, generator)
            expected = score(question, answer)
            assert score(again, answer) == pytest.approx(expected, abs=1e-9), (name, answer, seed)


@pytest.mark.django_db
def test_the_area_of_some_questions_comes_back() -> None:
    row = {"options": ["a", "b"], "correct_answer": "a", "concepts": [1.0]}
    questions = [
        {**row, "id": "q1", "content": "In a fable?", "area": "Fables & more"},
        {**row, "id": "q2", "content": "In none?"},
    ]
    draft = parse_pool({"name": "Own", "concept_names": ["All"], "questions": questions})
    pool = publish_pool(draft.name, draft.concept_names, draft.questions)
    written = write_qti(contents_of(PoolRevision.objects.get(pool=pool)))
    report = import_pool(Upload("own.zip", written.content))
    assert report.pool is not None
    assert [each.area for each in current_questions(report.pool)] == ["Fables & more", ""]
