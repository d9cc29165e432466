"""A class's code on a shared device, and its slips at the desk."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from browser_tests.test_desk import PHONE, WIDE, check
from sessions_app.administration.classes import handing_out, members
from sessions_app.administration.classes.people import Person
from sessions_app.models import SchoolClass
from sessions_app.tests.factories import make_named_test, make_pool


def test_two_students_share_a_device(page: Page, admin: Callable[..., Page]) -> None:
    school_class = SchoolClass.objects.create(name="9b")
    for student_id, name in (("s-1", "Ada Lovelace"), ("s-2", "Ben Ali")):
        members.add_student(school_class, Person(student_id, name=name))
    given = handing_out.give(school_class, make_named_test(make_pool(6)).pk, names_may_be_chosen=True)

    page.goto(f"/take/#{given.code}")
    check(page, PHONE)
    page.get_by_role("button", name="Ada Lovelace").click()
    expect(page.locator("#who .name")).to_have_text("Ada Lovelace")
    page.get_by_role("button", name="Begin").click()
    expect(page.locator("#question")).to_be_visible()
    page.reload()
    expect(page.locator("#who .name")).to_have_text("Ada Lovelace")
    check(page, PHONE)
    page.get_by_role("button", name="Not you?").click()
    page.get_by_role("button", name="Yes, somebody else").click()
    page.get_by_label("Code").fill(handing_out.in_groups(given.code).lower())
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("button", name="Ben Ali")).to_be_visible()
    expect(page.get_by_role("button", name="Ada Lovelace")).to_have_count(0)

    desk = admin(viewport=WIDE)
    for rest in ("", "slips", "results"):
        desk.goto(f"/desk/classes/{school_class.pk}/tests/{given.pk}/{rest}")
        check(desk, PHONE)
    desk.set_viewport_size(PHONE)
    table = desk.get_by_role("group", name="The class")
    ada = table.get_by_role("rowheader", name="Ada Lovelace")
    table.evaluate("box => { box.firstElementChild.style.width = '60rem'; }")
    stood = ada.bounding_box()
    assert table.evaluate("box => { box.scrollLeft = 200; return box.scrollLeft; }") == 200
    assert ada.bounding_box() == stood  # it stays while the rest scrolls
