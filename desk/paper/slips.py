"""Slips to cut out, eight on a page: whose it is, the picture to scan, the address and the code to type."""

from collections.abc import Sequence

from django.utils.translation import gettext as _
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, KeepInFrame, Table

from desk.paper.document import NO_PADDING, Letterhead, Part, head, paragraph, pdf_of, style
from desk.paper.fonts import BOLD, FIXED
from desk.qr_codes import BORDER, qr_code
from sessions_app.administration.classes.handing_out import Slip, in_groups

MARGIN, PADDING = 10 * mm, 3 * mm
ACROSS, DOWN = 2, 4
SLIP_WIDTH, SLIP_HEIGHT = (A4[0] - 2 * MARGIN) / ACROSS, (A4[1] - 2 * MARGIN - 1) / DOWN
QR_SIDE = 36 * mm
WORDS_WIDTH = SLIP_WIDTH - 3 * PADDING - QR_SIDE
DASHED = ("GRID", (0, 0), (-1, -1), 0.5, colors.HexColor("#888888"), None, (3, 3))
NAME, TEXT, SMALL, LANDING, CODE = style(12, BOLD), style(9), style(7.5), style(8.5, BOLD), style(10.5, FIXED)


class QrPicture(Flowable):  # type: ignore[misc]  # reportlab has no types
    """A code as one black figure: no seams between its modules, however it is printed."""

    def __init__(self, text: str, side: float = QR_SIDE) -> None:
        super().__init__()
        self.rows = [bytes(row) for row in qr_code(text).matrix_iter(border=BORDER)]
        self.width = self.height = side

    def wrap(self, *_available: float) -> tuple[float, float]:
        """As large as it is, whatever room there is."""
        return self.width, self.height

    def draw(self) -> None:
        """Row by row from the top."""
        module = self.height / len(self.rows)
        figure = self.canv.beginPath()
        for number, row in enumerate(self.rows, start=1):
            for place, is_dark in enumerate(row):
                if is_dark:
                    figure.rect(place * module, self.height - number * module, module, module)
        self.canv.setFillColor(colors.black)
        self.canv.drawPath(figure, stroke=0, fill=1)


def slips_as_pdf(title: str, letterhead: Letterhead, test: str, landing: str, slips: Sequence[Slip]) -> bytes:
    """`test`: its title. `landing`: where codes are typed. Raises `CannotWrite`."""
    cells = [_slip(letterhead, test, landing, slip) for slip in slips]
    cells += [""] * (-len(cells) % ACROSS)
    rows = [cells[start : start + ACROSS] for start in range(0, len(cells), ACROSS)]
    table = Table(rows, colWidths=[SLIP_WIDTH] * ACROSS, rowHeights=[SLIP_HEIGHT] * len(rows))
    table.setStyle([DASHED, ("VALIGN", (0, 0), (-1, -1), "MIDDLE"), *NO_PADDING])
    return pdf_of(title, letterhead.name, [Part([table])], margin=MARGIN)


def _slip(letterhead: Letterhead, test: str, landing: str, slip: Slip) -> Table:
    words: list[Flowable] = [
        *head(letterhead, size=7.5, logo_height=7 * mm),
        paragraph(slip.name or slip.student_id, NAME),
        paragraph(test, TEXT),
        paragraph(_("Scan the picture, or type at"), SMALL),
        paragraph(landing, LANDING),
        paragraph(in_groups(slip.code), CODE),
        paragraph(_("Only for you: with it the test is yours."), SMALL),
    ]
    fitted = KeepInFrame(
        WORDS_WIDTH, SLIP_HEIGHT - 2 * PADDING, words, mode="shrink"
    )  # long names, long titles
    cell = Table([[QrPicture(slip.link), fitted]], colWidths=[QR_SIDE + 2 * PADDING, WORDS_WIDTH])
    sides = [("LEFTPADDING", (0, 0), (0, 0), PADDING), ("VALIGN", (0, 0), (-1, -1), "MIDDLE")]
    cell.setStyle([*NO_PADDING, *sides])
    return cell
