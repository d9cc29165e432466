"""Small QTI files of our own, in both dialects."""

import io
import re
import zipfile
from collections.abc import Mapping
from typing import Any

from testing_engine.interchange.imported import ImportedQuestion, Upload
from testing_engine.interchange.qti.packages import read_qti
from testing_engine.questions import interactions as asked
from testing_engine.questions.answers import canonical_answer
from testing_engine.questions.program import load_scoring

MATCH = "http://www.imsglobal.org/question/qti_v2p2/rptemplates/match_correct"
MAP = "http://www.imsglobal.org/question/qti_v2p1/rptemplates/map_response.xml"
SCORE = '<outcomeDeclaration identifier="SCORE" cardinality="single" baseType="float"/>'
CHOICES = """<choiceInteraction responseIdentifier="RESPONSE" maxChoices="{most}" shuffle="true">
  <prompt>Which of them?</prompt>
  <simpleChoice identifier="A" fixed="true">One</simpleChoice>
  <simpleChoice identifier="B">Two</simpleChoice>
  <simpleChoice identifier="C">Three</simpleChoice>
</choiceInteraction>"""


def declared(
    correct: str | list[str] = (),  # type: ignore[assignment]
    *,
    name: str = "RESPONSE",
    cardinality: str = "single",
    base_type: str = "identifier",
    inside: str = "",
) -> str:
    values = "".join(
        f"<value>{each}</value>" for each in ([correct] if isinstance(correct, str) else correct)
    )
    key = f"<correctResponse>{values}</correctResponse>" if values else ""
    return (
        f'<responseDeclaration identifier="{name}" cardinality="{cardinality}" baseType="{base_type}">'
        f"{key}{inside}</responseDeclaration>"
    )


def mapped(entries: Mapping[str, float], **attributes: str) -> str:
    said = "".join(f' {name}="{value}"' for name, value in attributes.items())
    inside = "".join(f'<mapEntry mapKey="{key}" mappedValue="{worth}"/>' for key, worth in entries.items())
    return f"<mapping{said}>{inside}</mapping>"


def item(
    declarations: str,
    body: str,
    processing: str = "",
    *,
    identifier: str = "q1",
    outcomes: str = SCORE,
    **attributes: str,
) -> str:
    """An item of QTI 2.2. `processing`: rules, or the address of a template."""
    rules = f"<responseProcessing>{processing}</responseProcessing>" if processing else ""
    if processing.startswith("http"):
        rules = f'<responseProcessing template="{processing}"/>'
    said = "".join(f' {name}="{value}"' for name, value in attributes.items())
    return (
        '<assessmentItem xmlns="http://www.imsglobal.org/xsd/imsqti_v2p2" '
        f'identifier="{identifier}" title="A title" adaptive="false" timeDependent="false"{said}>\n'
        f"{declarations}\n{outcomes}\n<itemBody>{body}</itemBody>\n{rules}\n</assessmentItem>"
    )


def in_qti_3(text: str) -> str:
    """The same item in the dialect of QTI 3.0: names with qti-, everything in kebab case."""

    def kebab(name: str) -> str:
        return re.sub(r"[A-Z]", lambda found: "-" + found[0].lower(), name)

    html = {
        "p",
        "div",
        "span",
        "img",
        "ul",
        "li",
        "table",
        "tr",
        "td",
        "th",
        "br",
        "sub",
        "sup",
        "em",
        "math",
    }

    def tag(found: re.Match[str]) -> str:
        name = found[2] if found[2] in html else f"qti-{kebab(found[2])}"
        rest = re.sub(r"(\s)([A-Za-z]+)=", lambda a: f"{a[1]}{kebab(a[2])}=", found[3])
        return f"<{found[1]}{name}{rest}"

    made = re.sub(r"<(/?)([A-Za-z]+)((?:\s+[A-Za-z:]+=\"[^\"]*\")*)", tag, text)
    return made.replace("xsd/imsqti_v2p2", "xsd/imsqtiasi_v3p0")


def read(text: str | bytes, name: str = "q1.xml") -> ImportedQuestion:
    """The one question of a file."""
    content = text.encode() if isinstance(text, str) else text
    (question,) = read_qti(Upload(name, content)).questions
    return question


def taken(text: str) -> Mapping[str, Any]:
    question = read(text)
    assert question.row is not None, question.refusals
    return question.row


def scores(row: Mapping[str, Any], *answers: Mapping[str, Any]) -> list[float]:
    """What each answer earns, from the answer as it comes in."""
    interactions, scoring = asked.decode(row["interactions"]), load_scoring(row["scoring"])
    return [scoring.score(canonical_answer(interactions, answer)) for answer in answers]


def package(files: Mapping[str, str | bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return made.getvalue()
