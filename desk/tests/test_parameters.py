"""The page of a pool's item parameters."""

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from desk.tests.conftest import somebody
from sessions_app.tests.factories import make_pool, question
from testing_engine.models import ParameterSource, PoolRevision

TABLE = "item,a,b,c\nq0,1.2,-0.5,0.2\nq1,0.8,1.5,0\nq77,1,0,0\n"
CHOICES = {
    "source": "plain",
    "choice-plain-model": "3PL",
    "choice-plain-scaling": "1.7",
    "choice-plain-sign": "difficulty",
    "id_column": "item",
}


def test_from_a_pasted_table_to_a_revision(author: Client) -> None:
    pool = make_pool(4)
    address = f"/desk/questions/{pool.pk}/parameters"
    assert "Paste the table" in author.get(address).content.decode()
    first = author.post(address, {"table": TABLE, "do": "look"})
    said = first.content.decode()
    assert "slope, difficulty and lower asymptote" in said
    assert "Choose …" in said  # D is nobody's guess
    assert "Publish these parameters" not in said
    second = author.post(address, {"table": TABLE, "do": "look", **CHOICES})
    said = second.content.decode()
    assert said.count("<svg") == 1
    assert "q77" in said
    assert "Questions that the table does not name: they stay as they are (2)" in said
    told = {name: second.context[name] for name in ("seen",)} | {"revision": 1, "do": "publish"}
    other = author.post(address, {"table": TABLE, **CHOICES, **told, "choice-plain-scaling": "1"})
    assert "Look again, then publish" in other.content.decode()
    assert PoolRevision.objects.count() == 1
    done = author.post(address, {"table": TABLE, **CHOICES, **told})
    assert done.status_code == 302
    source = ParameterSource.objects.get()
    assert (source.revision.number, source.changed) == (2, 2)
    assert source.made_by.startswith("user ")
    said = author.get(address).content.decode()
    assert "2 questions have new parameters" in said
    assert f"SHA-256 {source.table_sha256[:16]}" in said
    late = author.post(address, {"table": TABLE.replace("1.2", "1.3"), **CHOICES, **told})
    assert "Look again, then publish" in late.content.decode()


def test_a_part_of_the_page_and_a_file(author: Client) -> None:
    pool = make_pool(4)
    file = SimpleUploadedFile("table.csv", b"item,a,b,c,d\nq0,1.2,-0.5,0.2,1\n")
    reply = author.post(
        f"/desk/questions/{pool.pk}/parameters", {"file": file}, headers={"HX-Request": "true"}
    )
    said = reply.content.decode()
    assert "<html" not in said
    assert said.count('type="radio"') == 3
    assert " checked" not in said


def test_the_metric_is_explained_and_what_has_no_curve_yet_is_said(author: Client) -> None:
    bare = {"content": "1 + 1?", "options": ["1", "2"], "correct_answer": "2", "concepts": [1.0]}
    pool = make_pool([{**bare, "id": f"q{number}"} for number in range(2)])
    address = f"/desk/questions/{pool.pk}/parameters"
    said = author.post(address, {"table": TABLE, "do": "look", **CHOICES}).content.decode()
    assert "73 of 100 answer it with D = 1" in said
    assert "No curve of now, for they have no parameters yet: q0, q1." in said
    assert ">q0, now<" not in said.replace("\n", "")


def test_what_is_no_table_is_said_in_german_too(author: Client) -> None:
    pool = make_pool(2)
    address = f"/desk/questions/{pool.pk}/parameters"
    assert "Paste a table or choose a file" in author.post(address, {"table": " "}).content.decode()
    reply = author.post(address + "?language=de", {"table": "hello"}).content.decode()
    assert "Keine Zeile mit Zahlen" in reply


def test_the_pools_own_parameters_as_a_table(author: Client) -> None:
    graded = question(
        1, [1.0], correct_answer=None, option_scores=[0, 1, 2, 2], model="GRM", guessing=0, thresholds=[-1, 1]
    )
    pool = make_pool([question(0, [1.0]), graded])
    address = f"/desk/questions/{pool.pk}/parameters"
    assert f"{address}/out?form=mirtcat" in author.get(address).content.decode()
    whole = author.get(f"{address}/out?form=mirt")
    assert (whole.status_code, whole.headers["Content-Type"]) == (200, "text/csv; charset=utf-8")
    assert whole.content.startswith(b"item,a1,d,g,u,d1,d2\r\nq0,")
    refused = author.get(f"{address}/out?form=catr", headers={"Accept-Language": "de"})
    assert refused.status_code == 409
    assert (
        "Ihr Modell ist GRM, und die Tabelle ist für Fragen mit richtig oder falsch."
        in refused.content.decode()
    )
    assert f"{address}/out?form=catr&amp;incomplete=1" in refused.content.decode()
    assert author.get(f"{address}/out?form=catr&incomplete=1").content.startswith(b"item,a,b,c,d\r\nq0,")
    assert author.get(f"{address}/out?form=ltm").status_code == 404
    assert somebody("testing_engine.view_questionpool").get(f"{address}/out?form=mirt").status_code == 403
