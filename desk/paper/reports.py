"""Reports of students: in plain words what came out, then answer by answer."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from reportlab.lib import colors
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, Table

from desk.paper.document import (
    HEADING,
    STRONG,
    TITLE,
    WIDTH,
    Letterhead,
    Part,
    head,
    paragraph,
    pdf_of,
    style,
)
from desk.paper.fonts import BOLD, plain
from desk.report_words import AnswerLine
from sessions_app.reporting.sentences import Told

CELL, CELL_STRONG = style(9), style(9, BOLD)
COLUMNS = [11 * mm, 0.5 * WIDTH - 11 * mm, 0.28 * WIDTH, 0.22 * WIDTH]
LINE = colors.HexColor("#bbbbbb")


@dataclass(frozen=True)
class StudentReport:
    """`called`: the student. `test`: its title. `when`: the day and how it ended, as the page says them."""

    called: str
    test: str
    when: str
    told: Told
    answers: Sequence[AnswerLine]


def reports_as_pdf(title: str, letterhead: Letterhead, reports: Sequence[StudentReport]) -> bytes:
    """Each student begins a page. Raises `CannotWrite`."""
    parts = [
        Part(_flow_of(letterhead, report), plain(f"{report.called} · {report.test}")) for report in reports
    ]
    return pdf_of(title, letterhead.name, parts)


def _flow_of(letterhead: Letterhead, report: StudentReport) -> list[Flowable]:
    told = report.told
    flow = [
        *head(letterhead),
        paragraph(report.called, TITLE),
        paragraph(f"{report.test} · {report.when}"),
        paragraph(told.headline, STRONG),
        *(paragraph(line) for line in (*told.lines, *told.stands_out)),
    ]
    if len(told.concepts) > 1:
        flow.append(paragraph(_("Subject by subject"), HEADING))
        flow += [paragraph(f"• {concept.name}: {concept.headline}") for concept in told.concepts]
    return [*flow, paragraph(_("The answers"), HEADING), _table_of(report.answers)]


def _table_of(answers: Sequence[AnswerLine]) -> Table:
    """Its head stands on every page; a row that is higher than a page goes on upon the next."""
    header = (_("No."), _("Question"), _("What was answered"), _("Result"))
    rows = [[paragraph(cell, CELL_STRONG) for cell in header]]
    rows += [
        [paragraph(cell, CELL) for cell in (each.number, each.question, each.said, each.result)]
        for each in answers
    ]
    look = [("VALIGN", (0, 0), (-1, -1), "TOP"), ("LINEBELOW", (0, 0), (-1, -1), 0.4, LINE)]
    table = Table(rows, colWidths=COLUMNS, repeatRows=1, splitInRow=1)
    table.setStyle(look)
    return table
