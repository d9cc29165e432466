"""The page that brings in questions of other systems."""

import uuid
from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from desk.tests.conftest import somebody
from desk.views import importing
from sessions_app import tasks
from sessions_app.administration import pool_imports
from sessions_app.models import PoolImport
from sessions_app.tests.factories import make_pool, question
from testing_engine.models import QuestionPool

ADDRESS = "/desk/questions/import"
CSV = (
    "id;content;options;correct_answer;concept:Math\n"
    "q1;1 + 1?;1|2|3;2;1\n"
    "q2;2 + 2?;3|4;5;1\n"
    "q4;4 + 4?;8|9;8;1\n"
)


def test_a_report_first_and_then_the_import_once(author: Client) -> None:
    page = author.get(ADDRESS)
    fields = {"pool_id": str(page.context["form"]["pool_id"].value()), "text": CSV, "name": "Grade 9"}
    report = author.post(ADDRESS, {**fields, "do": "look"}, headers={"HX-Request": "true"})
    said = report.content.decode()
    assert "<html" not in said
    assert "The correct answer is none of the options" in said
    assert "Refused (1)" in said
    assert not QuestionPool.objects.exists()
    fields["seen"] = report.context["seen"]
    other = author.post(ADDRESS, {**fields, "do": "import", "text": CSV.replace("1 + 1", "1 + 2")})
    assert "is another now" in other.content.decode()
    assert not QuestionPool.objects.exists()
    first, second = (author.post(ADDRESS, {**fields, "do": "import"}) for _ in range(2))
    pool = QuestionPool.objects.get()
    assert first["Location"] == second["Location"] == f"/desk/questions/{pool.pk}/"
    assert (pool.name, pool.concept_names) == ("Grade 9", ["Math"])
    assert "Questions taken into the pool: 2. Refused: 1." in author.get(first["Location"]).content.decode()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (r"$\frac{6}{1 = 0$", "cannot be drawn"),
        (r"half is \frac{1}{2}", "without its signs"),
        ("![](/images/nix.png)", "This picture is not here"),
        ("![Dreieck](nix.png)", "no picture of another place"),
        ("![x](https://example.org/x.png)", "no picture of another place"),
    ],
)
def test_what_the_desk_would_not_save_is_not_imported_either(author: Client, text: str, reason: str) -> None:
    """In the question or in an answer; what is right beside it is taken."""
    rows = f"a;{text};1|2;2;1\nb;Which?;1|{text};1;1\nc;$x$ costs 3 $!;1|2;2;1\n"
    fields = {"pool_id": str(uuid.uuid4()), "text": CSV.splitlines()[0] + "\n" + rows, "name": "Grade 9"}
    said = author.post(ADDRESS, {**fields, "do": "look"}, headers={"HX-Request": "true"}).content.decode()
    assert "Refused (2)" in said
    assert said.count(reason) == 2
    assert "content: " in said
    assert "options: " in said


def test_a_file_that_is_none_and_nothing_at_all(author: Client) -> None:
    form = {"pool_id": str(author.get(ADDRESS).context["form"]["pool_id"].value())}
    assert "Choose a file or paste questions" in author.post(ADDRESS, form).content.decode()
    file = SimpleUploadedFile("exam.zip", b"PK\x03\x04 broken")
    assert "Nothing of this can be taken" in author.post(ADDRESS, {**form, "file": file}).content.decode()
    assert not QuestionPool.objects.exists()


def test_the_table_to_fill_in_can_be_imported_as_it_is(author: Client) -> None:
    table = author.get(f"{ADDRESS}/template?format=xlsx")
    assert table["Content-Disposition"] == 'attachment; filename="questions.xlsx"'
    form = {"pool_id": str(author.get(ADDRESS).context["form"]["pool_id"].value())}
    report = author.post(ADDRESS, {**form, "file": SimpleUploadedFile("questions.xlsx", table.content)})
    assert report.context["report"].refused == 0


def test_questions_come_into_a_pool_that_is_there(author: Client) -> None:
    pool = make_pool([question(i, [1.0]) for i in range(2)])  # q0 and q1
    address = f"{ADDRESS}?into={pool.pk}"
    page = author.get(address)
    assert pool.name in page.content.decode()
    fields = {"pool_id": str(page.context["form"]["pool_id"].value()), "into": str(pool.pk), "text": CSV}
    report = author.post(ADDRESS, {**fields, "do": "look"})
    assert "The pool has a question called &#x27;q1&#x27; already" in report.content.decode()
    done = [
        author.post(ADDRESS, {**fields, "seen": report.context["seen"], "do": "import"}) for _ in range(2)
    ]
    assert done[0]["Location"] == f"/desk/questions/{pool.pk}/"
    assert done[1].status_code == 200  # nothing is left to take
    pool.refresh_from_db()
    assert pool.current_revision is not None
    assert (pool.current_revision.number, pool.current_revision.question_count) == (2, 3)
    assert QuestionPool.objects.count() == 1


def test_a_second_pool_of_one_name_is_warned_of(author: Client) -> None:
    pool = make_pool(2)
    fields = {"pool_id": str(uuid.uuid4()), "text": CSV, "name": pool.name, "do": "look"}
    assert "There is a pool of this name already" in author.post(ADDRESS, fields).content.decode()


MOODLE = """<quiz>
<question type="essay"><name><text>E1</text></name><questiontext><text>Write.</text></questiontext></question>
<question type="truefalse"><name><text>T1</text></name><questiontext format="html">
<text>&lt;b&gt;True?&lt;/b&gt;</text></questiontext>
<answer fraction="100"><text>true</text></answer><answer fraction="0"><text>false</text></answer></question>
</quiz>"""


def test_reasons_are_in_the_readers_language(author: Client) -> None:
    fields = {"pool_id": str(uuid.uuid4()), "name": "Klasse 9", "do": "look"}
    in_german = {"Accept-Language": "de"}
    said = author.post(ADDRESS, {**fields, "text": CSV}, headers=in_german).content.decode()
    assert "Zeile 3, q2" in said
    assert "correct_answer: Die richtige Antwort ist keine der Antworten." in said
    said = author.post(ADDRESS, {**fields, "text": MOODLE}, headers=in_german).content.decode()
    assert "Einen Aufsatz bewertet ein Mensch; sie kann nicht übernommen werden (essay)." in said
    assert "Hervorhebungen (fett, kursiv, unterstrichen) entfallen" in said
    broken = SimpleUploadedFile("a.zip", b"PK\x03\x04 broken")
    said = author.post(ADDRESS, {**fields, "file": broken}, headers=in_german).content.decode()
    assert "Die Zip-Datei ist beschädigt." in said


def test_a_long_file_is_read_by_a_worker_while_one_does_something_else(
    author: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "AT_ONCE", 10)
    fields = {"pool_id": str(uuid.uuid4()), "name": "Klasse 9", "do": "look"}
    asked = author.post(ADDRESS, {**fields, "file": SimpleUploadedFile("long.csv", CSV.encode())})
    look = PoolImport.objects.get()
    assert asked["Location"] == f"/desk/questions/imports/{look.pk}"
    part = author.get(asked["Location"], headers={"HX-Request": "true"}).content.decode()
    assert "waits for a worker" in part
    assert "<html" not in part
    assert "long.csv" in author.get(ADDRESS).content.decode()  # the way back
    tasks.import_questions(str(look.pk))
    assert "HX-Redirect" in author.get(asked["Location"], headers={"HX-Request": "true"})
    unwanted = author.post(ADDRESS, {**fields, "file": SimpleUploadedFile("other.csv", CSV.encode())})[
        "Location"
    ]
    assert f"{unwanted}/cancel" in author.get(unwanted).content.decode()
    assert "was cancelled" in author.post(f"{unwanted}/cancel", follow=True).content.decode()
    assert "over already" in author.post(f"{asked['Location']}/cancel", follow=True).content.decode()
    said = author.get(f"{asked['Location']}?language=de").content.decode()
    assert "Die richtige Antwort ist keine der Antworten." in said
    assert not QuestionPool.objects.exists()
    taken = [author.post(f"{asked['Location']}/take")["Location"] for _ in range(2)]
    assert taken[0] == taken[1] != asked["Location"]
    for row in PoolImport.objects.exclude(state="cancelled"):
        tasks.import_questions(str(row.pk))
    pool = QuestionPool.objects.get()
    assert f"/desk/questions/{pool.pk}/" in author.get(taken[0]).content.decode()
    assert somebody("testing_engine.author_pools").get(taken[0]).status_code == 404
    pool_imports.take_up(timezone.now() + timedelta(days=2), lambda _: None)
    assert PoolImport.objects.filter(content=None).count() == 3
    PoolImport.objects.update(finished_at=timezone.now() - timedelta(days=2))
    assert "not kept any more" in author.get(f"{asked['Location']}?language=en").content.decode()


def test_many_questions_of_a_small_file_are_imported_by_a_worker(
    author: Client, settings: LazySettings
) -> None:
    settings.QUESTIONS_AT_ONCE = 1
    fields = {"pool_id": str(uuid.uuid4()), "text": CSV, "name": "Grade 9"}
    report = author.post(ADDRESS, {**fields, "do": "look"})
    assert '<input type="hidden" name="taken" value="2">' in report.content.decode()
    fields |= {"seen": report.context["seen"], "taken": "2", "do": "import"}
    pages = [author.post(ADDRESS, fields)["Location"] for _ in range(2)]
    row = PoolImport.objects.get()
    assert pages == [f"/desk/questions/imports/{row.pk}"] * 2
    assert not QuestionPool.objects.exists()
    tasks.import_questions(str(row.pk))
    assert f"/desk/questions/{QuestionPool.objects.get().pk}/" in author.get(pages[0]).content.decode()
