"""The pictures on slips and boards that a telephone reads."""

import segno
from django.utils.safestring import SafeString, mark_safe

BORDER = 2  # modules of white around it: paper and page are white, too


def qr_code(text: str) -> segno.QRCode:
    """Of the middle level of correction: a crease in the paper does no harm."""
    return segno.make(text, micro=False, error="m")


def qr_drawn(text: str) -> SafeString:
    """As SVG of our own making, in the page's ink."""
    drawn = qr_code(text).svg_inline(
        border=BORDER, svgclass="qr", lineclass=None, omitsize=True, light="#fff"
    )
    return mark_safe(drawn)  # noqa: S308  # of numbers
