"""Small files of our own in QTI 1.2, as Canvas writes it and as a Common Cartridge has it."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from html import escape

NAMESPACE = 'xmlns="http://www.imsglobal.org/xsd/ims_qtiasiv1p2"'


def document(*items: str, title: str = "Quiz 1", ident: str = "quiz1", root: str = "assessment") -> str:
    inside = "".join(items)
    if root == "assessment":
        inside = f'<section ident="root_section">{inside}</section>'
    bank = f'<{root} ident="{ident}" title="{title}">{inside}</{root}>'
    return f'<?xml version="1.0"?><questestinterop {NAMESPACE}>{bank}</questestinterop>'


def item(
    kind: str,
    text: str,
    responses: str,
    rules: str,
    *,
    ident: str = "q1",
    field: str = "question_type",
    more: str = "",
) -> str:
    metadata = f"<qtimetadata>{metadatum(field, kind) if kind else ''}{more}</qtimetadata>"
    return (
        f'<item ident="{ident}" title="Question"><itemmetadata>{metadata}</itemmetadata>'
        f"<presentation>{html(text)}{responses}</presentation>{processing(rules)}</item>"
    )


def metadatum(field: str, entry: str) -> str:
    inside = f"<fieldlabel>{field}</fieldlabel><fieldentry>{entry}</fieldentry>"
    return f"<qtimetadatafield>{inside}</qtimetadatafield>"


def processing(rules: str) -> str:
    declared = '<decvar maxvalue="100" minvalue="0" varname="SCORE" vartype="Decimal"/>'
    return f"<resprocessing><outcomes>{declared}</outcomes>{rules}</resprocessing>"


def html(text: str) -> str:
    return f'<material><mattext texttype="text/html">{escape(text)}</mattext></material>'


def points(value: float) -> str:
    return metadatum("points_possible", str(value))


def plain(text: str) -> str:
    return f'<material><mattext texttype="text/plain">{escape(text)}</mattext></material>'


def choices(
    labels: Mapping[str, str], *, ident: str = "response1", several: bool = False, text: str = ""
) -> str:
    listed = "".join(
        f'<response_label ident="{name}">{plain(words)}</response_label>' for name, words in labels.items()
    )
    cardinality = "Multiple" if several else "Single"
    inside = f"{plain(text) if text else ''}<render_choice>{listed}</render_choice>"
    return f'<response_lid ident="{ident}" rcardinality="{cardinality}">{inside}</response_lid>'


TYPED = (
    '<response_str ident="response1" rcardinality="Single"><render_fib>'
    '<response_label ident="answer1"/></render_fib></response_str>'
)


def equal(value: str, ident: str = "response1", **more: str) -> str:
    said = "".join(f' {name}="{each}"' for name, each in more.items())
    return f'<varequal respident="{ident}"{said}>{escape(value)}</varequal>'


def compared(how: str, value: float, ident: str = "response1") -> str:
    return f'<{how} respident="{ident}">{value}</{how}>'


def all_of(*conditions: str) -> str:
    return f"<and>{''.join(conditions)}</and>"


def any_of(*conditions: str) -> str:
    return f"<or>{''.join(conditions)}</or>"


def none_of(*conditions: str) -> str:
    return f"<not>{''.join(conditions)}</not>"


def rule(condition: str, value: float = 100, action: str = "Set", goes_on: str = "") -> str:
    said = f' continue="{goes_on}"' if goes_on else ""
    change = f'<setvar action="{action}" varname="SCORE">{value}</setvar>'
    return f"<respcondition{said}><conditionvar>{condition}</conditionvar>{change}</respcondition>"


def adding(pairs: Sequence[tuple[str, str]], value: float) -> str:
    return "".join(rule(equal(right, ident), value, "Add") for ident, right in pairs)


def package(files: Mapping[str, str | bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return made.getvalue()
