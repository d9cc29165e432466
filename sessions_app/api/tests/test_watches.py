"""A pool's nights over the API and by command say the same."""

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
import time_machine
from django.core.management import CommandError, call_command
from rest_framework.test import APIClient

from sessions_app.conftest import pointers
from sessions_app.measurement.watches import nights
from sessions_app.measurement.watches.tests.delivered import deliver, simulated_pool

NIGHT = datetime(2026, 3, 10, 2, 30, tzinfo=UTC)
DAY = timedelta(days=1)


def test_a_night_is_told(api: APIClient, db: None) -> None:
    pool = simulated_pool()
    address = f"/api/pools/{pool.pk}/watch"
    assert api.get(address).json()["code"] == "watch_not_found"
    deliver(pool, 150, NIGHT - DAY, mean=1.2)
    nights.watch_pool(pool, NIGHT)
    nights.watch_pool(pool, NIGHT + 100 * DAY)
    older = api.get(address, {"night": "2026-03-10"}).json()
    (population,) = [each for each in older["findings"] if each["kind"] == "population"]
    assert population["sentence"].startswith("The students have mean 1.")
    assert (population["change"], population["since"]) == ("new", "2026-03-10")
    assert older["numbers"]["tests"] == 150
    newest = api.get(address).json()
    assert newest["night"] == "2026-06-18"
    assert [each["change"] for each in newest["findings"]] == ["gone"] * len(older["findings"])
    assert newest["not_looked_at"][0].startswith("Too few tests")
    assert api.get(address, {"night": "2026-03-11"}).status_code == 404
    assert pointers(api.get(address, {"night": "yesterday"})) == ["/night"]
    assert api.get("/api/pools/nothing/watch").status_code == 404


def told_by_command(*arguments: str) -> str:
    output = StringIO()
    call_command("watch_pool", *arguments, stdout=output)
    return output.getvalue()


def test_by_command_as_often_as_wanted(db: None) -> None:
    pool = simulated_pool()
    deliver(pool, 120, NIGHT - DAY, mean=1.2)
    with pytest.MonkeyPatch.context() as patch, time_machine.travel(NIGHT):
        patch.setattr("sessions_app.management.commands.watch_pool.shared_clock", lambda: NIGHT)
        told = told_by_command("--all")
        assert "120 tests, 3000 answers" in told
        assert "notice new   The students have mean 1." in told
        assert told_by_command(str(pool.pk)) == told
        assert told_by_command("--all") == "No pool waits to be watched.\n"
        assert '"found": [' in told_by_command(str(pool.pk), "--json")
    for wrong in ([], [str(pool.pk), "--all"], ["nothing"]):
        with pytest.raises(CommandError):
            told_by_command(*wrong)
