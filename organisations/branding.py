"""A colour of an organisation's own, as everybody can see it.

It fills buttons, bars and marks, on light pages and on dark ones, with text on it: WCAG 2.2 asks of what is
filled a contrast of 3 to 1 with the page (1.4.11), and of the text 4.5 to 1 with what is behind it (1.4.3).
"""

import re

from django.utils.translation import gettext_noop

LIGHT, DARK = "#ffffff", "#12151a"  # the grounds of pages, the lightest and the darkest
PART, TEXT = 3.0, 4.5  # to 1
NO_COLOUR = gettext_noop("Write # and six digits from 0 to 9 and a to f, as in #2f6fed.")
TOO_LIGHT = gettext_noop(
    "On light pages it can hardly be seen: its contrast is {found} to 1, and WCAG AA asks for 3 to 1."
)
TOO_DARK = gettext_noop(
    "On dark pages it can hardly be seen: its contrast is {found} to 1, and WCAG AA asks for 3 to 1."
)
NO_TEXT = gettext_noop(
    "No text can be read on it: the contrast is {found} to 1, and WCAG AA asks for 4.5 to 1."
)
_COLOUR = re.compile(r"#[0-9a-f]{6}")


def is_colour(written: str) -> bool:
    """As a browser reads it: # and six hexadecimal digits, small."""
    return _COLOUR.fullmatch(written) is not None


def contrast(one: str, other: str) -> float:
    """Of two colours, 1 to 21 (WCAG 2.2, "contrast ratio")."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def text_on(colour: str) -> str:
    """White or the dark ground, whichever is read better on it."""
    return max((LIGHT, DARK), key=lambda text: contrast(text, colour))


def problem_of_colour(colour: str) -> str | None:
    """Why it cannot be a brand's colour, as a sentence; None: it can."""
    fault = fault_of_colour(colour)
    return None if fault is None else fault[0].format(found=fault[1])


def fault_of_colour(colour: str) -> tuple[str, str] | None:
    """The same as one of the sentences below, and the contrast that stands at {found}."""
    if not is_colour(colour):
        return NO_COLOUR, ""
    for ground, words in ((LIGHT, TOO_LIGHT), (DARK, TOO_DARK)):
        if (found := contrast(colour, ground)) < PART:
            return words, f"{found:.1f}"
    if (found := contrast(colour, text_on(colour))) < TEXT:
        return NO_TEXT, f"{found:.1f}"
    return None


def _luminance(colour: str) -> float:
    """Relative luminance, 0 to 1 (WCAG 2.2)."""
    channels = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    linear = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return sum(share * c for share, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def style_of(colour: str) -> str:
    """A style sheet that fills with a colour what is filled, on light pages and dark ones. Links keep theirs:
    they are text, which asks for more contrast."""
    return f":root {{ --accent: {colour}; --on-accent: {text_on(colour)}; }}\n"
