"""Packages: order, sections, shared texts, pictures, usage data; and hostile files."""

import base64
import io
import zipfile
from collections.abc import Mapping

import pytest

from testing_engine.interchange import archives
from testing_engine.interchange.imported import ImportedPool, Upload, UploadRefused
from testing_engine.interchange.markup import parse_xml
from testing_engine.interchange.qti.packages import is_qti, read_qti
from testing_engine.interchange.qti.tests.samples import (
    CHOICES,
    MATCH,
    declared,
    in_qti_3,
    item,
    package,
    read,
)
from testing_engine.interchange.qti.writing import Notes, Writer
from testing_engine.rendering import content_html

BODY = f"<p>Count.</p>{CHOICES.format(most=1)}"


def simple(identifier: str, body: str = BODY, before: str = "") -> str:
    return item(declared("B") + before, body, MATCH, identifier=identifier)


def manifest(*hrefs: str) -> str:
    resources = "".join(
        f'<resource type="imsqti_item_xmlv2p2" href="{href}"><file href="{href}"/></resource>'
        for href in hrefs
    )
    return f'<manifest xmlns="http://www.imsglobal.org/xsd/imscp_v1p1"><resources>{resources}</resources></manifest>'


def pool_of(files: Mapping[str, str | bytes]) -> ImportedPool:
    upload = Upload("exam.zip", package(files))
    assert is_qti(upload)
    return read_qti(upload)


def test_a_test_gives_name_order_and_sections() -> None:
    test = (
        '<assessmentTest xmlns="http://www.imsglobal.org/xsd/imsqti_v2p2" identifier="t" title="Final exam">'
        "<testPart>"
        '<assessmentSection title="Algebra"><assessmentItemRef identifier="r1" href="items/b.xml">'
        '<weight identifier="W" value="2"/></assessmentItemRef></assessmentSection>'
        '<assessmentSection title="Geometry"><assessmentItemRef identifier="r2" href="items/a.xml"/>'
        '<assessmentItemRef identifier="r3" href="items/gone.xml"/>'
        "</assessmentSection></testPart></assessmentTest>"
    )
    files = {
        "imsmanifest.xml": manifest("items/a.xml", "items/b.xml", "items/c.xml", "test.xml"),
        "items/a.xml": simple("a"),
        "items/b.xml": simple("b"),
        "items/c.xml": "<assessmentItem",
        "items/unnamed.xml": simple("not of the package"),
        "test.xml": test,
    }
    pool = pool_of(files)
    assert (pool.format, pool.name) == ("qti", "Final exam")
    told = [(question.source, question.id, question.outcome) for question in pool.questions]
    assert told == [
        ("items/b.xml", "b", "taken_with_loss"),
        ("items/a.xml", "a", "taken"),
        ("items/gone.xml", "", "refused"),
        ("items/c.xml", "", "refused"),
    ]
    assert [q.row["area"] for q in pool.questions if q.row] == ["Algebra", "Geometry"]
    assert pool.questions[0].losses == ("Its weight in the test (2) is not taken.",)
    assert "line 1" in pool.questions[3].refusals[0]


def test_a_shared_text_is_the_passage_of_a_question_set() -> None:
    stimulus = (
        '<qti-assessment-stimulus xmlns="http://www.imsglobal.org/xsd/imsqtiasi_v3p0" identifier="s">'
        '<qti-stimulus-body><h2>The fox</h2><p>A fox saw <img src="pics/grapes%201.png" alt="grapes"/>.</p>'
        "</qti-stimulus-body></qti-assessment-stimulus>"
    )
    reference = '<assessmentStimulusRef identifier="s" href="../shared/fox.xml"/>'
    files: dict[str, str | bytes] = {
        "items/a.xml": in_qti_3(simple("a", before=reference)),
        "items/b.xml": in_qti_3(simple("b", before=reference)),
        "items/c.xml": in_qti_3(simple("c", before=reference.replace("fox", "hen"))),
        "shared/fox.xml": stimulus,
        "shared/pics/grapes 1.png": b"a picture",
    }
    pool = pool_of(files)
    first, second, third = pool.questions
    assert first.row is not None
    assert second.row is not None
    assert first.row["passage"] == "The fox\n\nA fox saw ![grapes](media:shared/pics/grapes%201.png)."
    assert pool.media == {"shared/pics/grapes%201.png": b"a picture"}
    assert first.row["question_set"] == second.row["question_set"] != ""
    assert "shared text '../shared/hen.xml' is not in the file" in third.refusals[0]


def test_usage_data_gives_parameters() -> None:
    statistics = "".join(
        f'<ordinaryStatistic name="{name}" context="x"><targetObject identifier="a"/>'
        f'<value baseType="float">{worth}</value></ordinaryStatistic>'
        for name, worth in (("A-Param", 1.4), ("B-Parm", -0.5), ("C-Param", 0.2), ("p-value", 0.7))
    )
    namespace = "http://www.imsglobal.org/xsd/imsqti_usagedata_v2p2"
    usage = f'<usageData xmlns="{namespace}" glossary="g">{statistics}</usageData>'
    a, b = pool_of({"a.xml": simple("a"), "b.xml": simple("b"), "usage.xml": usage}).questions
    assert a.row is not None
    assert b.row is not None
    got = {name: a.row[name] for name in ("discrimination", "difficulty", "guessing", "model")}
    assert got == {"discrimination": 1.4, "difficulty": -0.5, "guessing": 0.2, "model": "3PL"}
    assert "difficulty" not in b.row


def test_a_picture_in_the_text_itself() -> None:
    encoded = base64.b64encode(b"pixels").decode()
    body = f'<p><img src="data:image/png;base64,{encoded}" alt="A [dot]"/></p>{BODY}'
    pool = read_qti(Upload("q.xml", simple("a", body).encode()))
    (name,) = pool.media
    assert pool.questions[0].row is not None
    assert pool.questions[0].row["content"] == f"![A dot](media:{name})\n\nCount."


HTML = [
    ("<p>One<br/>two</p><div>three</div>", "One\ntwo\n\nthree"),
    ("<ul><li>a</li><li><p>b</p><p>c</p></li></ul>", "• a\n• b\nc"),
    ('<ol start="3"><li>a</li><li>b</li></ol>', "3. a\n4. b"),
    ("<p>It costs $5 or $6, `x`</p>", "It costs \\$5 or \\$6, \\`x\\`"),
    ("<p>H<sub>2</sub>O, x<sup>10</sup>, a<sub>Q</sub></p>", "H₂O, x¹⁰, a\\({}_{\\text{Q}}\\)"),
    (
        "<table><tr><th>x</th><th>y|z</th></tr><tr><td>1</td></tr></table>",
        "| x | y\\|z |\n| --- | --- |\n| 1 |  |",
    ),
    ("<pre>for x:\n    y</pre>", "```\nfor x:\n    y\n```"),
    ("<p>Let 2<math><mi>x</mi><mo>|</mo></math></p>", "Let 2\\(<math><mi>x</mi><mo>&#124;</mo></math>\\)"),
    ("<p>漢<ruby>字<rp>(</rp><rt>ji</rt></ruby></p>", "漢字(ji)"),
]


@pytest.mark.parametrize(("html", "expected"), HTML)
def test_html_becomes_the_notation_of_contents(html: str, expected: str) -> None:
    notes = Notes()
    root = parse_xml(f"<itemBody>{html}</itemBody>".encode())
    assert Writer(notes, lambda *_: None).content(root.children) == expected
    assert not notes.refusals


def test_students_see_it_as_it_was_meant() -> None:
    root = parse_xml(
        b"<itemBody><p>2<math><mi>x</mi></math> for $5, 3<sup>th</sup>, a<sub>Q</sub></p></itemBody>"
    )
    html = content_html(Writer(Notes(), lambda *_: None).content(root.children))
    assert "<mi>x</mi>" in html
    assert "$" not in html.replace("$5", "")
    assert "<code" not in html


# --- Hostile files ---


def refused(content: bytes, name: str = "exam.zip") -> str:
    with pytest.raises(UploadRefused) as caught:
        read_qti(Upload(name, content))
    return str(caught.value)


@pytest.mark.parametrize(
    "name", ["../a.xml", "/etc/a.xml", "a/../../b.xml", "C:\\a.xml", "a\\..\\b.xml", "a//b.xml"]
)
def test_a_path_out_of_the_zip(name: str) -> None:
    assert "points out of it" in refused(package({name: simple("a"), "a.xml": simple("a")}))


def test_a_zip_of_an_older_program_of_windows() -> None:
    pool = pool_of({"exam\\a.xml": simple("a"), "./exam/b: two.xml": simple("b")})
    assert [(q.source, q.outcome) for q in pool.questions] == [
        ("exam/a.xml", "taken"),
        ("exam/b: two.xml", "taken"),
    ]


def test_a_bomb() -> None:
    assert "more than 200 times" in refused(package({"a.xml": b"0" * 3_000_000}))


def test_too_many_files_and_too_much_in_all(monkeypatch: pytest.MonkeyPatch) -> None:
    content = package({f"{i}.xml": simple(str(i)) for i in range(4)})
    monkeypatch.setattr(archives, "MOST_FILES", 3)
    assert "more than 3 files" in refused(content)
    monkeypatch.undo()
    monkeypatch.setattr(archives, "MOST_BYTES", 1000)
    assert "larger than" in refused(content)


def test_a_link_and_a_lie_and_a_broken_zip() -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        link = zipfile.ZipInfo("a.xml")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    assert "is a link" in refused(made.getvalue())
    good = package({"a.xml": simple("a")})
    assert "broken" in refused(good[:-30])
    assert "no QTI item" in refused(package({"a.txt": "nothing"}))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('<!DOCTYPE x [<!ENTITY a "b">]><assessmentItem>&a;</assessmentItem>', "entities of its own"),
        (
            '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><assessmentItem>&a;</assessmentItem>',
            "entities",
        ),
        ('<!DOCTYPE x SYSTEM "http://192.0.2.1/x.dtd"><assessmentItem>&a;</assessmentItem>', "entity"),
        ("<assessmentItem>" + "<p>" * 130 + "</p>" * 130 + "</assessmentItem>", "elements deep"),
        ("<assessmentItem>" + "<p>" * 5000 + "</p>" * 5000 + "</assessmentItem>", "no well-formed XML"),
        ("<assessmentItem><p></assessmentItem>", "line 1"),
        ("<assessmentTest/>", "bring the whole package"),
    ],
)
def test_hostile_and_broken_xml(text: str, reason: str) -> None:
    assert reason in refused(text.encode(), "q1.xml")


def test_one_hostile_item_of_a_package_refuses_itself_alone() -> None:
    bad = '<!DOCTYPE x [<!ENTITY a "b">]><assessmentItem>&a;</assessmentItem>'
    good, refused_one = pool_of({"a.xml": simple("a"), "b.xml": bad}).questions
    assert (good.outcome, refused_one.outcome) == ("taken", "refused")


def test_an_item_of_another_encoding() -> None:
    text = '<?xml version="1.0" encoding="ISO-8859-1"?>' + simple("a", BODY.replace("Count", "Zähle"))
    question = read(text.encode("latin-1"))
    assert question.row is not None
    assert question.row["content"] == "Zähle."
