"""The list of a pool's questions by their numbers, and one change for many of them."""

import pytest
from django.test import Client

from desk.tests.conftest import somebody
from sessions_app.conftest import answer_questions, client_with
from sessions_app.reporting import question_list
from sessions_app.tests.factories import make_pool, make_token, question
from testing_engine import pools
from testing_engine.models import PoolRevision, Question, QuestionPool


@pytest.fixture
def author(db: None) -> Client:
    return somebody("testing_engine.author_pools", "testing_engine.change_question")


@pytest.fixture
def pool(db: None) -> QuestionPool:
    rows = [
        question(number, [1.0], difficulty=(3 - number) / 2, area="ab"[number % 2], content=f"Text {number}")
        for number in range(6)
    ]
    rows[5] |= {"correct_answer": None, "option_scores": [0, 1, 2, 3], "model": "GPCM", "guessing": 0}
    rows[5] |= {"thresholds": [-1, 0, 1]}
    return make_pool([{name: value for name, value in row.items() if value is not None} for row in rows])


def shown(client: Client, pool: QuestionPool, query: str = "") -> list[str]:
    page = client.get(f"/desk/questions/{pool.pk}/table{query}")
    assert page.status_code == 200
    return [row.line.id for row in page.context["rows"]]


def test_sorted_filtered_and_paged(
    author: Client, pool: QuestionPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything = [f"q{number}" for number in range(6)]
    assert shown(author, pool) == everything
    assert shown(author, pool, "?sort=difficulty") == everything[::-1]
    assert shown(author, pool, "?sort=difficulty&order=down") == everything
    assert shown(author, pool, "?area=a") == ["q0", "q2", "q4"]
    assert shown(author, pool, "?type=rating") == ["q5"]
    assert shown(author, pool, "?search=text+3") == ["q3"]
    assert shown(author, pool, "?search=%00&sort=x&page=-1") == everything
    assert shown(author, pool, "?search=nowhere") == []
    monkeypatch.setattr(question_list, "PAGE", 4)
    assert shown(author, pool, "?page=2") == ["q4", "q5"]
    assert shown(author, pool, "?page=99") == ["q4", "q5"]


def test_guessed_numbers_are_not_shown(author: Client) -> None:
    rows = [question(number, [1.0], difficulty=number) for number in range(3)]
    rows[0] |= {"state": "not_calibrated"}
    pool = make_pool(rows)
    assert shown(author, pool, "?state=not_calibrated") == ["q0"]
    assert shown(author, pool, "?sort=difficulty") == ["q1", "q2", "q0"]
    page = author.get(f"/desk/questions/{pool.pk}/table")
    line = page.context["rows"][0].line
    assert (line.difficulty, line.slope, line.state) == (None, None, "not_calibrated")


def test_use_share_right_and_fit_come_from_answers(author: Client) -> None:
    pool = make_pool(3)
    api = client_with(f"Token {make_token()}")
    for number in range(10):
        criteria = {"type": "fixed_length", "max_questions": 1}
        body = {"student_id": f"s{number}", "question_pool_id": str(pool.pk), "end_criteria": criteria}
        started = api.post("/api/test/start", body).json()
        answer_questions(api, started, 1, is_right=number < 6)
    page = author.get(f"/desk/questions/{pool.pk}/table?sort=fit")
    lines = {row.line.id: row.line for row in page.context["rows"]}
    asked = started["next_question"]["id"]
    line = lines.pop(asked)
    assert (line.answered, line.share_right, line.exposure) == (10, 0.6, 1.0)
    assert line.fit is not None
    assert page.context["rows"][0].line.id == asked  # those without a number are last
    unasked = [(other.share_right, other.fit, other.exposure) for other in lines.values()]
    assert unasked == [(None, None, 0.0)] * 2


def test_one_change_for_many(author: Client, pool: QuestionPool) -> None:
    address = f"/desk/questions/{pool.pk}/table/change?area=a"
    ticked = {"id": ["q0", "q2", "q77"], "revision": "1"}
    done = author.post(address, {**ticked, "change": "area", "name": "New"})
    assert done["Location"] == f"/desk/questions/{pool.pk}/table?area=a"
    found = pools.newest_questions(QuestionPool.objects.get())
    assert list(found.values_list("area", "version")) == [
        *(("New", 2), ("b", 1), ("New", 2)),
        *(("b", 1), ("a", 1), ("b", 1)),
    ]
    late = author.post(address, {**ticked, "change": "question_set", "name": "S"})
    assert "Somebody changed the pool meanwhile" in late.content.decode()
    everything = {"everything": "on", "revision": "2", "change": "add_enemy_group", "name": "E"}
    author.post(f"/desk/questions/{pool.pk}/table/change?area=b", everything)
    assert Question.objects.filter(enemy_groups=["E"]).count() == 3
    again = {**everything, "revision": "3"}
    author.post(f"/desk/questions/{pool.pk}/table/change?area=b", again)  # nothing is left to change
    assert PoolRevision.objects.filter(pool=pool).count() == 3


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"change": "area", "name": "x"}, "Tick the questions"),
        ({"id": ["\0"], "change": "area", "name": "x"}, "Tick the questions"),
        ({"id": ["q0"], "change": "add_enemy_group", "name": ""}, "Which group?"),
        ({"id": ["q0"], "change": "area", "name": "a\u200bb"}, "signs that cannot be seen"),
        ({"id": ["q0"], "change": "difficulty", "name": "1"}, "Nothing was changed"),
    ],
)
def test_what_cannot_be_changes_nothing(
    author: Client, pool: QuestionPool, fields: dict[str, object], said: str
) -> None:
    reply = author.post(f"/desk/questions/{pool.pk}/table/change", {"revision": "1", **fields})
    assert said in reply.content.decode()
    assert PoolRevision.objects.count() == 1
