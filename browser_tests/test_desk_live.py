"""The live view of a test at the desk: its pages, while students come and go."""

from collections.abc import Callable

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from browser_tests.accessibility import check_accessibility
from sessions_app.models import Invitation, Student
from sessions_app.tests.factories import make_named_test, make_pool


def test_its_pages_follow_what_changes(admin: Callable[..., Page], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sessions_app.administration.live.PAGE_SIZE", 1)
    test = make_named_test(make_pool(5))
    ada, ben, carl = (Student.objects.create(external_id=name, name=name) for name in ("ada", "ben", "carl"))
    for student in (ada, ben, carl):
        Invitation.objects.create(test=test, student=student)
    page = admin()
    page.clock.install()
    page.goto(f"/desk/tests/{test.pk}/live")
    rows = page.locator("#live-rows > tr")
    expect(rows).to_contain_text(["ada"])
    page.get_by_role("link", name="Next").click()
    expect(rows).to_contain_text(["ben"])
    expect(page.locator("#pages")).to_contain_text("Page 2 / 3")
    check_accessibility(page)
    Invitation.objects.filter(student=ada).update(revoked_at=timezone.now())
    page.clock.run_for(6000)
    expect(rows).to_contain_text(["carl"])
    expect(page.locator("#pages")).to_contain_text("Page 2 / 2")
    expect(page.locator("#counts")).to_contain_text("Not begun: 2.")
    page.get_by_role("link", name="Back").click()
    expect(rows).to_contain_text(["ben"])
