"""A4 pages of parts, each of which begins a page: the head with the organisation, its text, and a foot that
says whose page it is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BytesIO

from django.utils import translation
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    Flowable,
    Frame,
    HRFlowable,
    Image,
    NextPageTemplate,
    PageBreak,
    PageTemplate,
    Paragraph,
    Table,
)

from desk.paper.fonts import BOLD, PLAIN, written

MARGIN = 18 * mm
FOOT = 10 * mm  # of the foot's line, from the edge
WIDTH = A4[0] - 2 * MARGIN
LONGEST_FOOT = 90  # signs
GREY = colors.HexColor("#555555")


@dataclass(frozen=True)
class Letterhead:
    """`name`, `logo` (a picture's bytes), `colour` (as #2f6fed): each empty where there is none."""

    name: str = ""
    logo: bytes = b""
    colour: str = ""


@dataclass(frozen=True)
class Part:
    """What begins a page. `foot`: stands below on each of its pages, before their number; "": no foot."""

    flow: Sequence[Flowable]
    foot: str = ""


def style(size: float, font: str = PLAIN, **more: object) -> ParagraphStyle:
    """Of a paragraph, its letters so many points high; words longer than a line are broken."""
    return ParagraphStyle(font, fontName=font, fontSize=size, leading=size * 1.35, splitLongWords=1, **more)


TEXT, STRONG = style(10.5, spaceAfter=4), style(10.5, BOLD, spaceAfter=4)
TITLE, HEADING = style(17, BOLD, spaceAfter=5), style(12.5, BOLD, spaceBefore=10, spaceAfter=5)


def paragraph(text: object, of_style: ParagraphStyle = TEXT) -> Paragraph:
    """Raises `CannotWrite`."""
    return Paragraph(written(text), of_style)


def head(letterhead: Letterhead, size: float = 10, logo_height: float = 12 * mm) -> list[Flowable]:
    """The logo, the name beside it, and a line in the organisation's colour; nothing where it has neither."""
    if not (letterhead.name or letterhead.logo):
        return []
    name = paragraph(letterhead.name, style(size))
    line = HRFlowable(
        width="100%", thickness=1.2, color=letterhead.colour or GREY, spaceBefore=2, spaceAfter=6
    )
    if not letterhead.logo:
        return [name, line]
    logo = _logo(letterhead.logo, logo_height)
    row = Table([[logo, name]], colWidths=[logo.drawWidth + 3 * mm, None], hAlign="LEFT")
    row.setStyle([("VALIGN", (0, 0), (-1, -1), "MIDDLE"), *NO_PADDING])
    return [row, line]


NO_PADDING = [(f"{side}PADDING", (0, 0), (-1, -1), 0) for side in ("LEFT", "RIGHT", "TOP", "BOTTOM")]


def _logo(content: bytes, height: float) -> Image:
    """As high as told, and at most four times as wide."""
    width_px, height_px = ImageReader(BytesIO(content)).getSize()
    factor = min(height / height_px, 4 * height / width_px)
    return Image(BytesIO(content), width=width_px * factor, height=height_px * factor)


def pdf_of(title: str, author: str, parts: Sequence[Part], margin: float = MARGIN) -> bytes:
    """The file, which says its title, its author and the language that is active."""
    out = BytesIO()
    document = BaseDocTemplate(
        out, pagesize=A4, title=title, author=author, lang=translation.get_language(), creator="", subject=""
    )
    frame_of = (margin, margin, A4[0] - 2 * margin, A4[1] - 2 * margin, 0, 0, 0, 0)
    flow: list[Flowable] = []
    for number, part in enumerate(parts):
        template = PageTemplate(f"part {number}", [Frame(*frame_of)], onPage=_foot_of(part.foot, margin))
        document.addPageTemplates(template)
        if flow:
            flow += [NextPageTemplate(template.id), PageBreak()]
        flow += part.flow
    document.build(flow)
    return out.getvalue()


def _foot_of(foot: str, margin: float) -> Callable[[Canvas, BaseDocTemplate], None]:
    """What draws it on a page. Pages are counted from the part's first."""
    short = foot if len(foot) <= LONGEST_FOOT else f"{foot[: LONGEST_FOOT - 1]}…"
    pages: list[int] = []

    def draw(canvas: Canvas, _document: BaseDocTemplate) -> None:
        canvas.setViewerPreference("DisplayDocTitle", "true")
        if short:
            pages.append(canvas.getPageNumber())
            canvas.setFont(PLAIN, 8)
            canvas.setFillColor(GREY)
            canvas.drawString(margin, FOOT, short)
            canvas.drawRightString(A4[0] - margin, FOOT, str(len(pages)))

    return draw
