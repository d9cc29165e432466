"""What a teacher says of the result, in the named test's form."""

from typing import Any

import pytest
from django.test import Client

from sessions_app.admin.tests.test_teachers_admin import NAMED_TESTS, form_data
from sessions_app.models import NamedTest
from testing_engine.models import QuestionPool

LEVELS = "Calm: all is well\nTense: rest: a little\n\n  Alarmed  "


def saved(browser: Client, pool: QuestionPool, **fields: Any) -> NamedTest:
    reply = browser.post(f"{NAMED_TESTS}add/", form_data(pool, **fields))
    assert reply.status_code == 302, reply.context["adminform"].form.errors
    return NamedTest.objects.get()


def test_nothing_said_is_the_usual(browser: Client, pool: QuestionPool) -> None:
    test = saved(browser, pool)
    said = (test.result_kind, test.result_cuts, test.result_levels, test.result_release)
    assert said == ("rules", [], [], "now")
    assert (test.scale_mean, test.scale_sd, test.allow_dont_know) == (50, 10, True)


def test_a_rating_scale_with_levels_of_its_own(browser: Client, pool: QuestionPool) -> None:
    test = saved(
        browser,
        pool,
        result_kind="scale",
        result_cuts="-0.5, 1",
        result_levels=LEVELS,
        scale_mean="100",
        scale_sd="15",
        result_release="closed",
        closes_at_0="2030-01-01",
        closes_at_1="08:00",
    )
    assert test.result_cuts == [-0.5, 1]
    assert test.result_levels == [
        {"name": "Calm", "meaning": "all is well"},
        {"name": "Tense", "meaning": "rest: a little"},
        {"name": "Alarmed", "meaning": ""},
    ]
    assert (test.scale_mean, test.scale_sd, test.result_release) == (100, 15, "closed")
    assert not test.allow_dont_know
    form = browser.get(f"{NAMED_TESTS}{test.pk}/change/").context["adminform"].form
    assert form["result_levels"].value().splitlines() == [
        "Calm: all is well",
        "Tense: rest: a little",
        "Alarmed",
    ]


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"result_kind": "passing"}, "result_cuts"),
        ({"result_kind": "passing", "result_cuts": "0, 1"}, "result_cuts"),
        ({"result_cuts": "1, 0"}, "result_cuts"),
        ({"result_cuts": "0.1234"}, "result_cuts"),
        ({"result_levels": LEVELS, "result_cuts": "0"}, "result_levels"),
        ({"scale_sd": "-1"}, "scale_sd"),
        ({"result_release": "closed"}, "result_release"),
    ],
)
def test_it_says_at_the_field_what_cannot_be(
    browser: Client, pool: QuestionPool, fields: dict[str, Any], place: str
) -> None:
    page = browser.post(f"{NAMED_TESTS}add/", form_data(pool, **fields))
    assert page.status_code == 200
    assert set(page.context["adminform"].form.errors) == {place}
    assert not NamedTest.objects.exists()
