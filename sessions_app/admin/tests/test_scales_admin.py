"""Scales and the default pool in the admin, and what named tests say of fairness."""

from typing import Any

from django.test import Client
from rest_framework.test import APIClient

from sessions_app.conftest import Start, answer_questions, take_test
from sessions_app.models import NamedTest, StudentProficiency
from sessions_app.tests.factories import make_named_test, make_pool
from testing_engine.models import QuestionPool, Scale
from testing_engine.pools import with_questions

POOLS = "/admin/testing_engine/questionpool"


def known() -> set[Any]:
    return set(StudentProficiency.objects.values_list("student__external_id", "scale__name", "concept_name"))


def fairness_of(test: NamedTest) -> tuple[str, bool, bool]:
    return test.earlier_results, test.vary_first_questions, test.shuffle_options


def test_a_pool_takes_what_it_found_to_its_new_scale(browser: Client, api: APIClient, start: Start) -> None:
    """Of two estimates of one concept the newer stays."""
    old, new = make_pool(), make_pool(scale="Grade 9")
    take_test(api, start(student_id="s1", question_pool_id=str(old.pk)))
    newer = answer_questions(api, start(student_id="s1", question_pool_id=str(new.pk)), 1, is_right=False)
    take_test(api, start(student_id="s2", question_pool_id=str(new.pk)))
    newest = answer_questions(api, start(student_id="s2", question_pool_id=str(old.pk)), 1, is_right=False)
    take_test(api, start(student_id="s3", question_pool_id=str(old.pk)))
    own = old.scale.name
    reply = browser.post(
        f"{POOLS}/{old.pk}/change/", {"name": "Renamed", "scale": Scale.objects.get(name="Grade 9").pk}
    )
    assert reply.status_code == 302
    old.refresh_from_db()
    assert (old.name, old.scale.name) == ("Renamed", "Grade 9")
    assert known() == {(student, "Grade 9", "Math") for student in ("s1", "s2", "s3")}
    theta = dict(StudentProficiency.objects.now().values_list("student__external_id", "theta_now"))
    assert theta["s1"] == newer["ability"]["theta"][0]
    assert theta["s2"] == newest["ability"]["theta"][0]
    assert start(student_id="s3", question_pool_id=str(new.pk))["initial_proficiency"] != [0.5]
    assert Scale.objects.get(name=own).pools.count() == 0


def test_a_default_pool_is_chosen_and_dropped(browser: Client) -> None:
    first, newest = make_pool(), make_pool()
    for pool in (first, newest, first):
        browser.post(f"{POOLS}/{pool.pk}/make-default/", {"_form_submitted": "on"})
        assert list(QuestionPool.objects.filter(is_default=True)) == [pool]
        assert with_questions().first() == pool
    browser.post(f"{POOLS}/{newest.pk}/no-default/", {"_form_submitted": "on"})  # which it is not
    assert with_questions().first() == first
    browser.post(f"{POOLS}/{first.pk}/no-default/", {"_form_submitted": "on"})
    assert with_questions().first() == newest


def test_a_scale_is_made_and_changed(browser: Client, db: None) -> None:
    add = "/admin/testing_engine/scale/add/"
    assert browser.post(add, {"name": "Grade 9", "correlation": "0.6"}).status_code == 302
    scale = Scale.objects.get()
    for wrong in ({"name": "", "correlation": "0.3"}, {"name": "X", "correlation": "1"}):
        assert browser.post(add, wrong).status_code == 200
    assert Scale.objects.get() == scale
    make_pool(scale="Grade 9")
    assert "A pool" in browser.get("/admin/testing_engine/scale/").content.decode()
    delete = f"/admin/testing_engine/scale/{scale.pk}/delete/"
    assert browser.post(delete, {"post": "yes"}).status_code == 200
    assert Scale.objects.exists()


def test_a_named_test_says_what_earlier_results_may_do(browser: Client, pool: QuestionPool) -> None:
    """A new one starts from nothing and varies what students see."""
    page = browser.get("/admin/sessions_app/namedtest/add/").content.decode()
    assert "everybody starts from nothing" in page
    assert fairness_of(NamedTest()) == ("ignored", True, True)
    test = make_named_test(pool)
    form = {
        "title": "Algebra",
        "name": "algebra",
        "pool": pool.pk,
        "stopping": "fixed_length",
        "max_questions": 5,
        "takers": "anybody",
        "earlier_results": "choose",
        "shuffle_options": "on",
        "opens_at_0": "",
        "opens_at_1": "",
        "closes_at_0": "",
        "closes_at_1": "",
    }
    reply = browser.post(f"/admin/sessions_app/namedtest/{test.pk}/change/", form)
    assert reply.status_code == 302, reply.context["adminform"].form.errors
    test.refresh_from_db()
    assert fairness_of(test) == ("choose", False, True)
