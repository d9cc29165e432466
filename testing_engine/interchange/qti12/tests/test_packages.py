"""Cartridges and exports of Canvas as files: quizzes and banks, pictures, and hostile ones."""

import pytest

from sessions_app.api.tests.test_import import picture
from testing_engine.interchange.imported import ImportedPool, Upload, UploadRefused
from testing_engine.interchange.qti12.packages import read_qti12
from testing_engine.interchange.qti12.tests.samples import choices, document, equal, item, package, rule
from testing_engine.interchange.readers import format_of, read_upload

LABELS = choices({"1": "True", "2": "False"})
META = "<quiz><title>Quiz 1</title><shuffle_answers>true</shuffle_answers></quiz>"


def question(ident: str, text: str = "Is it?") -> str:
    return item("true_false_question", text, LABELS, rule(equal("1")), ident=ident)


def read(files: dict[str, str | bytes], name: str = "course.imscc") -> ImportedPool:
    return read_upload(Upload(name, package(files)))


def test_a_cartridge_gives_each_quiz_once_and_banks_as_areas() -> None:
    pool = read(
        {
            "imsmanifest.xml": "<manifest/>",
            "i1/assessment_qti.xml": document(question("q1"), ident="i1"),
            "i1/assessment_meta.xml": META,
            "non_cc_assessments/i1.xml.qti": document(question("q1"), question("q2"), ident="i1"),
            "non_cc_assessments/b1.xml.qti": document(
                question("q3"), ident="b1", title="Algebra", root="objectbank"
            ),
            "wiki_content/page.html": "<p>No question</p>",
        }
    )
    rows = [each.row or {} for each in pool.questions]
    assert [(row["id"], row["area"]) for row in rows] == [
        ("q1", "Quiz 1"),
        ("q2", "Quiz 1"),
        ("q3", "Algebra"),
    ]
    assert [row["interactions"][0].get("shuffle", False) for row in rows] == [True, True, False]
    assert (pool.format, pool.name) == ("qti12", "")


def test_one_quiz_names_the_pool_and_its_groups_are_areas() -> None:
    inside = f'<section ident="g1" title="Group A"><selection_ordering/>{question("q2")}</section>'
    pool = read_qti12(Upload("quiz.xml", document(question("q1"), inside).encode()))
    assert pool.name == "Quiz 1"
    assert [(each.row or {}).get("area") for each in pool.questions] == [None, "Group A"]
    assert pool.questions[0].source == "quiz.xml line 1"


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("$IMS-CC-FILEBASE$/pics/a%20b.png?canvas_download=1", "web_resources/pics/a b.png"),
        ("%24IMS-CC-FILEBASE%24/a.png", "a.png"),
        ("$IMS-CC-FILEBASE$../i1/a.png", "i1/a.png"),
        ("a.png", "i1/a.png"),
    ],
)
def test_pictures_come_along(address: str, path: str) -> None:
    quiz = document(question("q1", f'<p>Look <img src="{address}" alt="A dot"></p>'))
    pool = read({"i1/i1.xml": quiz, path: picture()})
    assert list(pool.media.values()) == [picture()], pool.questions[0].refusals
    assert f"![A dot](media:{next(iter(pool.media))})" in (pool.questions[0].row or {})["content"]


def test_a_broken_quiz_costs_no_other() -> None:
    pool = read({"a.xml": document(question("q1")), "b.xml": document(question("q2"))[:-30]})
    assert [(each.id, each.outcome) for each in pool.questions] == [("q1", "taken"), ("b", "refused")]


ENTITIES = document(question("q1")).replace(
    "<questestinterop", '<!DOCTYPE q [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><questestinterop'
)
DEEP = document(item("", "?", LABELS, rule("<and>" * 500 + equal("1") + "</and>" * 500)))
HOSTILE = {
    "entities": package({"a.xml": ENTITIES}),
    "outside": package({"../a.xml": document(question("q1"))}),
    "a bomb": package({"a.xml": document(question("q1")), "b.txt": b"0" * 9_000_000}),
    "deep": package({"a.xml": DEEP}),
    "empty": package({"a.xml": document()}),
    "broken": package({"a.xml": document(question("q1"))})[:-30],
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_file_is_refused(content: bytes) -> None:
    with pytest.raises(UploadRefused):
        read_upload(Upload("course.imscc", content))


def test_a_format_is_found_by_its_content() -> None:
    assert format_of(Upload("a.xml", document(question("q1")).encode())) == "qti12"
    assert format_of(Upload("a.zip", package({"x/y.xml": document(question("q1"))}))) == "qti12"
    assert format_of(Upload("a.zip", package({"x/y.xml": "<assessmentItem/>"}))) == "qti"
