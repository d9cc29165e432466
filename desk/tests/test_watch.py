"""The page *Watch* says what changed in a night and leads to what can be done about it."""

from datetime import UTC, datetime, timedelta

from django.test import Client

from desk.tests.conftest import somebody
from sessions_app.measurement.watches import nights
from sessions_app.measurement.watches.tests.delivered import deliver, simulated_pool
from testing_engine.pools import newest_question

NIGHT = datetime(2026, 3, 10, 2, 30, tzinfo=UTC)
DAY = timedelta(days=1)


def test_from_an_alarm_to_what_can_be_done(author: Client) -> None:
    pool = simulated_pool()
    address = f"/desk/measure/{pool.pk}/watch"
    assert "Nobody has been tested with this pool lately" in author.get(address).content.decode()
    deliver(pool, 500, NIGHT - DAY, moved={7: 1.5}, mean=0.7)
    nights.watch_pool(pool, NIGHT)
    nights.watch_pool(pool, NIGHT + DAY)

    both = somebody("testing_engine.author_pools", "testing_engine.change_question")
    page = both.get(address).content.decode()
    alarms, notices = page.partition('id="alarms"')[2].split('id="notices"')
    assert "Question q7 has become harder" in alarms
    assert "still, from" in alarms
    assert "tests assume 0.00 and 1.00" in notices
    question = newest_question(pool, "q7")
    assert question is not None
    assert f'href="/desk/questions/{pool.pk}/q/{question.pk}/"' in alarms
    calibrate = f"/desk/questions/{pool.pk}/calibrate?question=q7&amp;since=2025-12-11"
    assert calibrate in alarms
    form = both.get(calibrate.replace("&amp;", "&")).context["form"]
    assert (form["estimate"].value(), form["scale"].value()) == ("q7", "anchors")
    assert 'value="2025-12-11"' in str(form["since"])

    before = both.get(f"{address}?night=2026-03-10").content.decode()
    assert "still, from" not in before
    assert both.get(f"{address}?night=2026-03-09").status_code == 404
    assert both.get(f"{address}?night=2026-02-31").status_code == 404
    german = both.get(address, headers={"Accept-Language": "de"}).content.decode()
    assert "Frage q7 ist schwerer geworden" in german
    assert "An den Fragen liegt es nicht" in german

    alone = author.get(address).content.decode()  # who may not change questions opens and archives none
    assert "Question q7 has become harder" in alone
    assert f"/q/{question.pk}/" not in alone.partition('id="alarms"')[2]
    for place in ("/desk/", "/desk/questions/", "/desk/measure/"):
        assert address in author.get(place).content.decode()
        assert address not in somebody("testing_engine.view_questionpool").get(place).content.decode()

    assert both.post(f"/desk/questions/{pool.pk}/q/{question.pk}/archive").status_code == 302
    pool.refresh_from_db()
    third = nights.watch_pool(pool, NIGHT + 2 * DAY)
    assert third.alarms == {}
    assert "No longer found" in both.get(address).content.decode()
    assert address not in author.get("/desk/").content.decode()


def test_where_nothing_was_looked_at_it_does_not_say_that_all_is_well(author: Client) -> None:
    pool = simulated_pool()
    deliver(pool, 5, NIGHT - DAY)
    nights.watch_pool(pool, NIGHT)
    page = author.get(f"/desk/measure/{pool.pk}/watch").content.decode()
    assert "goes with the parameters." not in page
    alarms = page.partition('id="alarms"')[2].partition("</section>")[0]
    assert "nobody could look whether answers go with the parameters" in alarms
    assert page.count("a hundred tests are needed") == alarms.count("a hundred tests are needed") == 1
