"""The page that brings in questions of other systems."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from desk.tests.test_doors import somebody
from testing_engine.models import QuestionPool

ADDRESS = "/desk/questions/import"
CSV = (
    "id;content;options;correct_answer;concept:Math\n"
    "q1;1 + 1?;1|2|3;2;1\n"
    "q2;2 + 2?;3|4;5;1\n"
    "q4;4 + 4?;8|9;8;1\n"
)


@pytest.fixture
def author(db: None) -> Client:
    return somebody("testing_engine.author_pools")


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
    assert "2 questions are in the new pool, 1 were refused" in author.get(first["Location"]).content.decode()


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
