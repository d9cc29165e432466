"""A pool's tab *Scale*: what students would read, then what they read."""

from typing import Any

import pytest
from django.test import Client

from desk.scale_forms import ScaleForm, initial_of
from desk.tests.conftest import somebody
from sessions_app.tests.factories import make_named_test, make_pool
from testing_engine.models import QuestionPool
from testing_engine.reporting_scales import ReportingScale

POINTS = {
    "kind": "line",
    "at_zero": "500",
    "per_unit": "100",
    "digits": "0",
    "minimum": "200",
    "maximum": "800",
    "name": "Points",
    "cuts": "450 550",
    "levels": "basic\nsound\nstrong: ready for grade 10",
}


def page_of(pool: QuestionPool) -> str:
    return f"/desk/measure/{pool.pk}/scale"


def stored(pool: QuestionPool) -> Any:
    pool.refresh_from_db()
    return pool.reporting_scale


def test_it_shows_what_students_would_read_and_then_tells_it(author: Client) -> None:
    pool = make_pool(3)
    looked = author.post(page_of(pool), {**POINTS, "look": "1"})
    assert stored(pool) is None
    page = looked.content.decode()
    assert "Nothing is stored yet" in page
    for said in ("Points: 400", "basic", "Points: 500", "sound", "Points: 600", "strong: ready for grade 10"):
        assert said in page
    assert author.post(page_of(pool), POINTS)["Location"] == page_of(pool)
    assert ReportingScale.from_json(stored(pool)).score(1) == 600
    shown = author.get(page_of(pool), headers={"Accept-Language": "de"})
    assert "Was Lernende lesen" in shown.content.decode()
    assert "Punkte" not in shown.content.decode().split("<form")[0]
    assert shown.context["form"].initial == {**POINTS, **dict.fromkeys(("minimum", "maximum")),
        "at_zero": 500.0, "per_unit": 100.0, "digits": 0, "points": "", "minimum": 200.0, "maximum": 800.0,
    }  # fmt: skip
    author.post(page_of(pool), {"kind": "none", "digits": "0"})
    assert stored(pool) is None


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ({"kind": "t"}, {-1.0: 40.0, 1.0: 60.0}),
        ({"kind": "iq", "name": " an  IQ "}, {-1.0: 85.0, 2.0: 130.0}),
        ({"kind": "hundred"}, {-4.0: 0.0, 0.0: 50.0, 3.0: 100.0}),
        ({"kind": "table", "points": "−2 0\n0; 60\n\n2 100"}, {-2.0: 0.0, -1.0: 30.0, 1.0: 80.0}),
    ],
)
def test_each_kind_is_the_scale_that_it_says(kind: dict[str, str], expected: dict[float, float]) -> None:
    form = ScaleForm({"digits": "0", **kind})
    assert form.is_valid(), form.errors
    scale = ReportingScale.from_json(form.content())
    assert {theta: scale.score(theta) for theta in expected} == expected
    again = ScaleForm({k: v for k, v in initial_of(scale).items() if v is not None})
    assert again.is_valid(), again.errors
    assert ReportingScale.from_json(again.content()) == scale


def test_what_is_wrong_stands_at_its_field_in_the_readers_language(author: Client) -> None:
    pool = make_pool(3)
    for wrong, field, said in (
        ({"kind": "line"}, "per_unit", "Diese Skala braucht es."),
        ({**POINTS, "cuts": "550 450"}, "cuts", "Werte, die von einem zum nächsten steigen."),
        ({**POINTS, "levels": "one"}, "levels", "2 Grenzen ergeben 3 Stufen"),
        ({"kind": "table", "points": "1 a", "digits": "0"}, "points", "Zeile 1"),
    ):
        reply = author.post(page_of(pool), wrong, headers={"Accept-Language": "de"})
        assert said in str(reply.context["form"].errors[field])
    assert stored(pool) is None


def test_a_named_test_has_its_own_or_its_pools(author: Client) -> None:
    """And a pool's scale by which one of its tests could not tell its result is refused."""
    pool = make_pool(3)
    test = make_named_test(pool, title="Final", result_kind="passing", result_cuts=[])
    test.rules = {"max_questions": 3}
    test.save()
    page = author.get(page_of(pool)).content.decode()
    assert "Final" in page
    assert f"{page_of(pool)}/algebra" not in page  # who makes pools does not change tests
    teacher = somebody("sessions_app.change_namedtest", "testing_engine.author_pools")
    own = f"{page_of(pool)}/algebra"
    assert own in teacher.get(page_of(pool)).content.decode()
    one_cut = {**POINTS, "cuts": "500", "levels": "no\nyes"}
    assert teacher.post(own, POINTS).context["form"].errors["cuts"]
    assert teacher.post(own, one_cut)["Location"] == own
    test.refresh_from_db()
    assert ReportingScale.from_json(test.reporting_scale).cuts == (500.0,)
    assert "a scale of its own: Points" in teacher.get(page_of(pool)).content.decode()
    assert teacher.post(own, {"kind": "none", "digits": "0"}).context["form"].errors  # it had no cut then
    assert teacher.get(f"{page_of(pool)}/nothing").status_code == 404
    pool.reporting_scale = one_cut_scale = ReportingScale(cuts=(50.0,)).to_json()
    pool.save()
    teacher.post(own, {"kind": "none", "digits": "0"})
    refused = teacher.post(page_of(pool), POINTS).context["form"].errors["cuts"]
    assert "Final" in str(refused)
    assert stored(pool) == one_cut_scale
