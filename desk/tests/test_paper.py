"""PDFs of the desk, read back: the words of its pages, whose they are, and signs that cannot be written."""

import re
from io import BytesIO

import pytest
from django.test import Client
from django.utils import translation
from PIL import Image
from pypdf import PdfReader

from desk.paper.document import Letterhead
from desk.paper.fonts import CannotWrite, plain
from desk.paper.reports import StudentReport, reports_as_pdf
from desk.paper.slips import slips_as_pdf
from desk.qr_codes import BORDER, qr_code
from desk.report_words import AnswerLine
from desk.tests.conftest import somebody
from organisations.models import Organisation
from sessions_app.administration.classes import handing_out, members
from sessions_app.administration.classes.handing_out import Slip
from sessions_app.administration.classes.people import Person
from sessions_app.administration.tests.test_invitations import open_link
from sessions_app.conftest import answer_questions, browser_of
from sessions_app.models import ClassTest, SchoolClass, Student
from sessions_app.reporting.sentences import Told, ToldConcept
from sessions_app.tests.factories import make_named_test, make_pool
from testing_engine.images import store_image

A4 = (595, 842)
CONCEPTS = (ToldConcept("Brüche", "Level 2.", (), "θ"), ToldConcept("Größen", "Level 4.", (), "θ"))


def read(content: bytes) -> PdfReader:
    return PdfReader(BytesIO(content))


def text_of(reader: PdfReader) -> str:
    """Its words, wherever lines are broken."""
    return " ".join(" ".join(page.extract_text() for page in reader.pages).split())


def picture() -> bytes:
    out = BytesIO()
    Image.new("RGB", (40, 20), "#2f6fed").save(out, "PNG")
    return out.getvalue()


def report(called: str = "Ada", said: str = "½", answers: int = 1) -> StudentReport:
    lines = [AnswerLine(each, "How <b>much</b> & why?", said, "right") for each in range(1, answers + 1)]
    return StudentReport(
        called, "Algebra", "1 May 2026 · is done", Told("Level 3.", concepts=CONCEPTS), lines
    )


@pytest.fixture
def given(db: None) -> ClassTest:
    """Two of three are done."""
    Organisation.objects.update(
        name="Größenschule", colour="#2f6fed", logo=store_image(picture()).sha256, language="en"
    )
    school_class = SchoolClass.objects.create(name="9b")
    for student_id, name in (("s-1", "Ada Müller"), ("s-2", "Łukasz Öztürk"), ("s-3", "Ζωή")):
        members.add_student(school_class, Person(student_id, name=name))
    given = handing_out.give(school_class, make_named_test(make_pool(6)).pk, names_may_be_chosen=False)
    for slip in handing_out.slips_of(given, ""):
        if slip.student_id != "s-3":
            started = open_link(slip.link.partition("#invitation=")[2]).json()
            answer_questions(browser_of(started), started, 5)
    return given


def test_what_the_pages_say_is_in_the_files(given: ClassTest) -> None:
    teacher: Client = somebody("sessions_app.manage_classes")
    base = f"/desk/classes/{given.school_class_id}/tests/{given.pk}"
    ada = Student.objects.get(external_id="s-1")
    for language, answers in (("en", "What was answered"), ("de", "Was geantwortet wurde")):
        page = teacher.get(f"{base}/results/{ada.pk}?language={language}").context
        reply = teacher.get(f"{base}/results/{ada.pk}.pdf")
        assert (reply["Content-Type"], reply["Cache-Control"]) == ("application/pdf", "no-store")
        file = read(reply.content)
        text = text_of(file)
        told = page["standing"].told
        spoken = ("Größenschule", "Ada Müller", told.headline, *told.lines, *told.stands_out, page["state"])
        for words in (*spoken, answers, *(each.question for each in page["answers"])):
            assert " ".join(words.split()) in text
        assert [text.count(each) for each in ("θ", "Öztürk")] == [0, 0]
        assert file.metadata is not None
        assert file.metadata.title == f"Ada Müller – {given.test.title}"
        assert file.metadata.author == "Größenschule"
        assert str(file.root_object["/Lang"]) == language
        assert [len(each.images) for each in file.pages] == [1]
        assert tuple(round(side) for side in file.pages[0].mediabox[2:]) == A4
    both = read(teacher.get(f"{base}/reports.pdf").content)
    begun = [page.extract_text() for page in both.pages]
    assert len(begun) == 2  # Ζωή has not begun
    assert all(name in words for name, words in zip(("Ada Müller", "Łukasz Öztürk"), begun, strict=True))

    slips = teacher.get(f"{base}/slips").context["slips"]
    reply = teacher.get(f"{base}/slips.pdf")
    assert reply["Cache-Control"] == "no-store"  # it opens tests
    text = text_of(read(reply.content))
    assert len(slips) == 3
    assert all(slip.name in text and code in text for slip, code, _qr in slips)


def test_what_cannot_be_written_is_printed_by_its_page(given: ClassTest) -> None:
    teacher = somebody("sessions_app.manage_classes")
    base = f"/desk/classes/{given.school_class_id}/tests/{given.pk}"
    ada = Student.objects.get(external_id="s-1")
    Student.objects.filter(pk=ada.pk).update(name="王小明")
    pages = {
        f"{base}/results/{ada.pk}.pdf": f"{base}/results/{ada.pk}",
        f"{base}/reports.pdf": f"{base}/results",
        f"{base}/slips.pdf": f"{base}/slips",
    }
    for file, page in pages.items():
        reply = teacher.get(file, follow=True)
        assert reply.redirect_chain == [(page, 302)]
        assert "cannot write 王 小 明 (in “王小明" in reply.content.decode()


@pytest.mark.parametrize("text", ["王", "דוד", "محمد", "हिन्दी", "👩‍🏫 한"])
def test_signs_that_would_be_boxes_or_backwards_are_refused(text: str) -> None:
    with pytest.raises(CannotWrite) as refused:
        plain(f"Ada {text}")
    assert refused.value.signs
    assert set(refused.value.signs) <= set(text)


@pytest.mark.parametrize(
    "text", ["Łukasz Þórr Ğül", "Ζωή Щука Արամ", "α ≤ ½·√2 − 3 °C", "İpek ß ẞ", "Đặng ọ́"]
)
def test_signs_of_europe_and_of_mathematics_are_there(text: str) -> None:
    assert text_of(read(reports_as_pdf("A", Letterhead(), [report(text)]))).startswith(plain(text))


def test_whatever_is_long_finds_room() -> None:
    """Rows higher than a page, words wider than a line; every page of a student says whose it is."""
    reports = [report("Ada", "lorem ipsum " * 900, 2), report("Ben " * 90, "W" * 6000)]
    pages = [page.extract_text() for page in read(reports_as_pdf("A", Letterhead(), reports)).pages]
    feet = [("Ada" in words, "Ben" in words) for words in pages]
    assert set(feet) == {(True, False), (False, True)}
    assert " ".join(pages).count("ipsum") == 1800
    assert "".join(pages).count("W") >= 6000
    assert all("What was answered" in words for words in pages)


def test_a_report_of_several_subjects_names_each() -> None:
    with translation.override("de"):
        text = text_of(read(reports_as_pdf("A", Letterhead(), [report()])))
    assert "Brüche: Level 2." in text
    assert "Größen: Level 4." in text
    assert "How <b>much</b> & why?" in text  # as it is typed, and never read as an order to draw


def test_slips_stand_eight_on_a_page_however_long_names_are() -> None:
    long = "Wolfeschlegelsteinhausenbergerdorff " * 6
    slips = [
        Slip(f"{long}{each}", f"s-{each}", "https://x.example.org/#" + "a" * 90, "CDF" * 4)
        for each in range(9)
    ]
    letterhead = Letterhead("Größenschule", picture(), "#2f6fed")
    pages = read(slips_as_pdf("A", letterhead, "Algebra", "x.example.org/take", slips)).pages
    assert [page.extract_text().count("CDF-CDF-CDF-CDF") for page in pages] == [8, 1]


def test_the_picture_of_a_slip_is_that_of_the_page() -> None:
    """A black square for each dark module, where the code has it."""
    link = "https://x.example.org/take/#invitation=abc"
    code = [bytes(row) for row in qr_code(link).matrix_iter(border=BORDER)]
    (page,) = read(
        slips_as_pdf("A", Letterhead(), "Algebra", "x", [Slip("Ada", "s-1", link, "CDF" * 4)])
    ).pages
    content = page.get_contents()
    assert content is not None
    figures = re.findall(r"([\d.]+) ([\d.]+) ([\d.]+) [\d.]+ re", content.get_data().decode("latin-1"))
    squares = [tuple(float(number) for number in each) for each in figures]
    side = min(across for _left, _bottom, across in squares)
    modules = [(left, bottom) for left, bottom, across in squares if across == side]
    drawn = {(round(left / side), len(code) - 1 - round(bottom / side)) for left, bottom in modules}
    dark = {(place, row) for row, line in enumerate(code) for place, is_dark in enumerate(line) if is_dark}
    assert drawn == dark
