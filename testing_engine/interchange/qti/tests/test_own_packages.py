"""A pool leaves as QTI 3.0 and comes back: the same questions, the same scores."""

import random
import zipfile
from collections.abc import Mapping
from io import BytesIO
from typing import Any

import pytest

from testing_engine.exporting import contents_of
from testing_engine.importing import import_pool
from testing_engine.interchange.exported import Written
from testing_engine.interchange.imported import Upload
from testing_engine.interchange.json_writing import zipped
from testing_engine.interchange.qti.own_metadata import MISFIT, UNREADABLE
from testing_engine.interchange.qti.package_writing import write_qti
from testing_engine.interchange.qti.tests.own_items import interactions_of, random_answer, rows, several
from testing_engine.interchange.questions import parse_pool
from testing_engine.models import PoolRevision, Question
from testing_engine.pools import current_questions, publish_pool
from testing_engine.questions import interactions as asked
from testing_engine.questions.program import load_scoring
from testing_engine.rendering import content_html

ANSWERS = 60
SAME = (
    *(
        "difficulty",
        "discrimination",
        "guessing",
        "upper_asymptote",
        "model",
        "thresholds",
        "state",
        "concepts",
    ),
    *("category_slopes", "category_intercepts", "area", "question_set", "enemy_groups"),
)


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
    reasons = {line.id: line.reasons for line in written.report if line.reasons}
    assert {name: len(said) for name, said in reasons.items()} == {"mixed": 1, "lost": 2}
    generator = random.Random()
    seed = generator.randrange(10**9)
    generator.seed(seed)
    for name, question in before.items():
        again = after[name]
        for field in SAME:
            assert getattr(again, field) == getattr(question, field), (name, field)
        assert (again.passage and again.passage.content) == (question.passage and question.passage.content)
        if name not in ("mixed", "lost"):
            assert shown(again) == shown(question), name
        found = interactions_of({"interactions": question.interactions, "options": question.options})
        for _ in range(ANSWERS):
            answer = random_answer(found, generator)
            expected = score(question, answer)
            assert score(again, answer) == pytest.approx(expected, abs=1e-9), (name, answer, seed)


def several_concepts() -> dict[str, Any]:
    """A pool of two concepts, with all that QTI has no place for."""
    row = {"options": ["a", "b"], "correct_answer": "a", "area": "Fables", "passage": "A hen …"}
    rating = {"options": ["no", "so", "yes"], "option_scores": [0, 1, 2], "content": "Like it?"}
    many = {
        "content": "Which are even?",
        "interactions": [several()],
        "key": {"R": {"mapping": dict.fromkeys("ABCD", 1)}},
        "categories": [0, 2, 4],
    }
    questions = [
        {**row, "id": "q1", "content": "Who?", "concepts": [0.8, 0.6], "model": "4PL", "slipping": 0.1},
        {**row, "id": "q2", "content": "When?", "concepts": [1, 0], "state": "provisional", "difficulty": 1},
        {
            **rating,
            "id": "q3",
            "concepts": [0, 1],
            "model": "GRM",
            "thresholds": [-1, 0.5],
            "discrimination": 2,
        },
        {**rating, "id": "q4", "concepts": [0.1, 0.3], "enemy_groups": ["likes"], "question_set": "about me"},
        {**many, "id": "q5", "concepts": [0, 1], "thresholds": [0.25, -0.25], "difficulty": -1},
    ]
    return {"name": "Two", "concept_names": ["Reading", "Liking"], "scale": "School", "questions": questions}


@pytest.mark.django_db
def test_areas_concepts_and_models_come_back() -> None:
    draft = parse_pool(several_concepts())
    pool = publish_pool(draft.name, draft.concept_names, draft.questions, scale=draft.scale)
    written = write_qti(contents_of(PoolRevision.objects.get(pool=pool)))
    assert {line.reasons for line in written.report} == {()}
    report = import_pool(Upload("own.zip", written.content))
    assert [line.reasons for line in report.questions] == [()] * 5
    assert report.pool is not None
    assert (report.pool.concept_names, report.pool.scale) == (pool.concept_names, pool.scale)
    for before, after in zip(current_questions(pool), current_questions(report.pool), strict=True):
        for field in SAME:
            told, again = getattr(before, field), getattr(after, field)
            assert again == (pytest.approx(told) if isinstance(told, float) else told), field
    merged = current_questions(report.pool)[4].scoring
    assert merged is not None
    assert list(load_scoring(merged).program.categories) == [0, 2, 4]


@pytest.mark.django_db
def test_an_item_that_was_changed_keeps_no_parameters_of_the_old_one() -> None:
    draft = parse_pool(several_concepts())
    pool = publish_pool(draft.name, draft.concept_names, draft.questions)
    package = zipfile.ZipFile(BytesIO(write_qti(contents_of(PoolRevision.objects.get(pool=pool))).content))
    files = {name: package.read(name) for name in package.namelist()}
    files["items/00003.xml"] = files["items/00003.xml"].replace(b'mapped-value="2', b'mapped-value="1')
    report = import_pool(Upload("own.zip", zipped(files)))
    reasons = {line.id: line.reasons for line in report.questions if line.reasons}
    assert reasons == {"q3": (MISFIT,)}
    assert report.pool is not None
    changed = {each.external_id: each for each in current_questions(report.pool)}["q3"]
    assert (changed.state, changed.concepts) == ("not_calibrated", [0.0, 1.0])


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
    package = zipfile.ZipFile(BytesIO(written.content))
    files = {name: package.read(name) for name in package.namelist()}
    manifest = files["imsmanifest.xml"].replace(b'"area": ""', b'"area": {')
    report = import_pool(Upload("own.zip", zipped({**files, "imsmanifest.xml": manifest})))
    assert [line.reasons for line in report.questions] == [(), (UNREADABLE,)]
