"""GET /api/pools/ID/parameters, and the same by `manage.py export_parameters`: what leaves comes back."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from rest_framework.test import APIClient

from sessions_app.conftest import pointers
from sessions_app.tests.factories import make_pool, question
from testing_engine.models import QuestionPool

GRADED = question(
    1, [1.0], correct_answer=None, option_scores=[0, 1, 2, 2], model="GRM", guessing=0, thresholds=[-1, 0.4]
)
WITH_GUESSING = question(0, [1.0], difficulty=0.5, discrimination=1.5, guessing=0.25)


@pytest.fixture
def mixed(db: None) -> QuestionPool:
    return make_pool([WITH_GUESSING, GRADED])


def test_a_table_comes_back_without_a_change(api: APIClient, mixed: QuestionPool) -> None:
    address = f"/api/pools/{mixed.pk}/parameters"
    reply = api.get(f"{address}?form=mirt")
    assert reply.status_code == 200
    assert reply.headers["Content-Disposition"] == f'attachment; filename="{mixed.pk}-1-mirt.csv"'
    table = reply.content.decode()
    assert table.splitlines()[1].startswith("q0,1.5,-0.75,0.25,1.0")
    look = api.post(address, {"table": table, "source": "mirt", "dry_run": True}).json()
    assert (look["matched"], look["problems"], look["warnings"]) == (2, [], [])
    for curves in look["curves"]:
        for before, after in zip(curves["before"], curves["after"], strict=True):
            assert after == pytest.approx(before, abs=1e-12)


def test_what_a_form_has_no_place_for_is_refused_by_name(api: APIClient, mixed: QuestionPool) -> None:
    address = f"/api/pools/{mixed.pk}/parameters?form=catr"
    refused = api.get(address)
    assert (refused.status_code, refused.json()["code"]) == (409, "export_not_whole")
    assert "1 of 2 questions do not fit this format: q1" in refused.json()["detail"]
    report = api.get(f"{address}&report=true").json()
    assert (report["format"], report["whole"], report["left_out"]) == ("catr", 1, 1)
    assert "right/wrong" in report["report"][1]["reasons"][0]
    assert api.get(f"{address}&incomplete=true").content == b"item,a,b,c,d\r\nq0,1.5,0.5,0.25,1.0\r\n"
    assert b"alphaj,betaj1" in api.get(f"{address}&incomplete=true&model=GRM").content
    assert pointers(api.get(address.replace("catr", "ltm"))) == ["/form"]
    assert pointers(api.get(f"{address}&model=GRM".replace("catr", "mirt"))) == ["/model"]
    assert api.get(f"{address}&revision=7").status_code == 404


def test_by_command(mixed: QuestionPool, tmp_path: Path) -> None:
    file, said = tmp_path / "table.csv", StringIO()
    with pytest.raises(CommandError, match="1 questions do not fit; --incomplete"):
        call_command("export_parameters", str(mixed.pk), form="catr", output=file, stdout=said)
    assert "left_out  q1" in said.getvalue()
    assert not file.exists()
    with pytest.raises(CommandError, match="Only catr has matrices by model"):
        call_command("export_parameters", str(mixed.pk), form="mirt", model="GRM", output=file)
    call_command("export_parameters", str(mixed.pk), form="mirtcat", output=file, stdout=said)
    table = file.read_text()
    assert table.startswith("item,Type,Question,Option.1,Option.2,Option.3,Option.4,itemtype,a1,d,g,u,d1,d2")
    assert "q0,radio,Question 0?,option a of 0" in table
