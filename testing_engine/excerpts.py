"""The first words of a question as lists show them: on one line, without notation.

A formula is written with the signs that it is drawn with, a picture by its words, a place as a blank.
"""

import re
from functools import lru_cache
from itertools import pairwise
from xml.etree import ElementTree

from django.utils.translation import get_language
from django.utils.translation import gettext as _
from markdown_it.token import Token

from testing_engine.rendering import LONGEST_FORMULA, TEXTS_KEPT, formula_html, tokens_of

EXCERPT = 160  # characters
BLANK = "____"
_PLACE = re.compile(r"\[\[[^\[\]\s]+\]\]")
_RAISED = str.maketrans("0123456789+-−()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁽⁾ⁿ")
_LOWERED = str.maketrans("0123456789+-−()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₍₎")


def excerpt(text: str, longest: int = EXCERPT) -> str:
    """At most so many characters, in the active language."""
    return _excerpt(text, longest, get_language() or "")


@lru_cache(maxsize=TEXTS_KEPT)
def _excerpt(text: str, longest: int, language: str) -> str:
    inside = (token for block in tokens_of(text) for token in block.children or (block,))
    words = " ".join("".join(map(_words, inside)).split())
    return words if len(words) <= longest else words[: longest - 1] + "…"


def _words(token: Token) -> str:
    match token.type:
        case "text":
            return _PLACE.sub(BLANK, token.content)
        case "image":
            is_sound = str(token.attrs.get("src", "")).startswith("/sounds/")
            kind = _("sound") if is_sound else _("picture")
            return f"[{kind}: {token.content}]" if token.content else f"[{kind}]"
        case "slot":
            return BLANK
        case "code_inline" | "fence" | "code_block":
            return token.content
        case name if name.startswith("math_"):
            return formula_words(token.content)
        case _:
            return " "  # ends of lines, cells and paragraphs


def formula_words(source: str) -> str:
    """A formula on one line: `\\frac{1}{2}` is 1/2. What is none stays as it was typed."""
    html = formula_html(source.strip(), is_block=False) if len(source) <= LONGEST_FORMULA else ""
    try:
        drawn = ElementTree.fromstring(html[html.index("<math") : html.rindex("</math>") + len("</math>")])  # noqa: S314  # made by us of it, and cleaned
    except (ValueError, ElementTree.ParseError):
        return source
    return " ".join(_line(drawn).split())


def _line(element: ElementTree.Element) -> str:
    parts = [_line(child) for child in element]
    for place, (child, following) in enumerate(pairwise(element)):
        if child.tag == "mfrac" and following.tag != "mo":  # 1/2 of x, not 1 of 2 x
            parts[place] = f"({parts[place]})"
    match element.tag, parts:
        case "mfrac", [above, below]:
            return f"{_apart(above)}/{_apart(below)}"
        case "msup", [base, power]:
            return base + _script(power, _RAISED, "^")
        case "msub", [base, index]:
            return base + _script(index, _LOWERED, "_")
        case "msubsup" | "munderover", [base, index, power]:
            return base + _script(index, _LOWERED, "_") + _script(power, _RAISED, "^")
        case "msqrt", _:
            return "√" + _apart("".join(parts))
        case "mroot", [inside, degree]:
            return _script(degree, _RAISED, "") + "√" + _apart(inside)
        case "mtr", _:
            return " ".join(parts)
        case "mtable", _:
            return "; ".join(parts)
        case "mspace", _:
            return " "
        case "mo", _:
            sign = (element.text or "").strip()
            return f" {sign} " if sign in "=≠<>≤≥≈→⇒" else sign
        case _:
            own = element.text or ""
            return own if element.tag == "mtext" else own.strip() + "".join(parts)


def _apart(words: str) -> str:
    """In brackets, unless it is one number or letter."""
    return words if len(words) <= 1 or words.isalnum() else f"({words})"


def _script(words: str, letters: dict[int, int], sign: str) -> str:
    written = words.translate(letters)
    return written if words and all(ord(letter) in letters for letter in words) else sign + _apart(words)
