"""A question's text → the HTML that a student sees. Pure: no database, no request, no settings.

Authors write plain text, and in it, where they want:
    $x^2$  $$x^2$$   mathematics in LaTeX, shown as MathML     `code`  ```code```   code
    \\(x^2\\)  \\[x^2\\]   the same, as most banks write it
    ![words](/images/….png)  a picture of this host            | a | b |            a table
    ![words](/sounds/….mp3?plays=2)  a sound, as often as that
    $<math>…</math>$ MathML itself                             [[RESPONSE]]        where an interaction stands
Asterisks, underscores, angle brackets and dollar prices stay what they are. What cannot be shown is shown as
it was typed.

Two lines of defence: Markdown with HTML switched off makes the HTML, and nh3 lets through what is listed.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

import nh3
from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from mdit_py_plugins.dollarmath import dollarmath_plugin

from testing_engine.formulas.mathml import CLASSES, CORE, mathml

TEXTS_KEPT = 4096
LONGEST_FORMULA = 2000  # characters; a longer one is shown as it was typed
LONGEST_MATHML = 50_000

# Of this host, below a folder; or in the text itself, but never SVG, which can hold scripts.
_PICTURE = re.compile(r"/(?!/)[A-Za-z0-9_./-]+|data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=]+")

_LINES_OF_CODE = re.compile(r"\s*```[^\n`]*\n.*\n\s*```\s*", re.DOTALL)
_TEXT_TAGS = {"p", "br", "code", "pre", "img", "audio", "span", "div"}
_TABLE_TAGS = {"table", "thead", "tbody", "tr", "th", "td"}
_MATH_TAGS = CORE
_LAYOUT = {
    *("display", "mathvariant", "mathcolor", "stretchy", "fence", "separator", "form", "lspace", "rspace"),
    *("minsize", "maxsize", "movablelimits", "accent", "accentunder", "linethickness", "class"),
    *("width", "height", "depth", "displaystyle", "scriptlevel"),
}
_ATTRIBUTES: dict[str, set[str]] = {
    "p": {"dir"},
    "img": {"src", "alt"},
    "audio": {"src", "controls", "preload", "aria-label", "data-plays"},
    "code": {"dir"},
    "pre": {"dir"},
    "span": {"class", "data-response", "data-part"},
    "div": {"class"},
    **dict.fromkeys(_MATH_TAGS, _LAYOUT),
}


@lru_cache(maxsize=TEXTS_KEPT)
def content_html(text: str, responses: frozenset[str] = frozenset()) -> str:
    """A question's content: paragraphs, tables, code, pictures and mathematics.

    `[[NAME]]` and `[[NAME:PART]]` become places for the interaction whose response variable is NAME, if it is
    one of
    `responses`: `<span class="slot" data-response="NAME" data-part="PART"></span>`.
    """
    return _clean(_MARKDOWN.render(text, {"responses": responses}))


@lru_cache(maxsize=TEXTS_KEPT)
def option_html(text: str) -> str:
    """One option: the same on one line, so that "3. June" or "- 5" is no list and "# 4" no heading.

    Lines of code between ``` keep being lines: an option may be a program.
    """
    return _clean(_MARKDOWN.render(text) if _LINES_OF_CODE.fullmatch(text) else _MARKDOWN.renderInline(text))


def spans(text: str) -> list[str]:
    """The formulas and the code of a text, as they were typed inside their signs."""
    inside = _MARKDOWN.parseInline(text)[0].children or []
    return [token.content for token in inside if token.type.startswith(("math_inline", "code_inline"))]


def tokens_of(text: str, responses: frozenset[str] = frozenset()) -> list[Token]:
    """A content as the tokens of which its HTML is made, for whoever writes it in another language."""
    return _MARKDOWN.parse(text, {"responses": responses})


def inline_tokens(text: str) -> list[Token]:
    """The same of one option that is no listing."""
    return _MARKDOWN.parseInline(text)[0].children or []


def formula_html(source: str, *, is_block: bool) -> str:
    """`<math>…</math>`, or `<code>…</code>` where the source is no formula."""
    return _clean(_mathml(source, {"display_mode": is_block}))


def unshown_formulas(text: str) -> list[str]:
    """Formulas of the text that are shown as they were typed, as they cannot be drawn as what they say."""
    return [
        token.content
        for token in _tokens(text)
        if token.type.startswith("math_")
        and not _mathml(token.content.strip(), {"display_mode": False}).startswith("<math")
    ]


def pictures(text: str) -> list[tuple[str, str]]:
    """(Address, words) of every picture of the text, shown or not."""
    return [
        (str(token.attrs.get("src", "")), token.content) for token in _tokens(text) if token.type == "image"
    ]


def words(text: str) -> list[str]:
    """What of the text is neither formula, code nor picture."""
    return [token.content for token in _tokens(text) if token.type == "text"]


def _tokens(text: str) -> Iterator[Token]:
    for block in tokens_of(text):
        yield block
        yield from block.children or ()


def _clean(html: str) -> str:
    return nh3.clean(
        html,
        tags=_TEXT_TAGS | _TABLE_TAGS | _MATH_TAGS,
        attributes=_ATTRIBUTES,
        attribute_filter=_kept_attribute,
        clean_content_tags={"script", "style"},
        url_schemes={"data"},
        link_rel=None,
    )


def _kept_attribute(tag: str, attribute: str, value: str) -> str | None:
    if attribute == "src":
        return value if (sound_of(value) if tag == "audio" else is_picture(value)) else None
    if attribute == "class" and tag in _MATH_TAGS:
        return value if set(value.split()) <= CLASSES else None
    if attribute == "class":
        return value if value in {"math inline", "math block", "wide", "slot"} else None
    if tag in _MATH_TAGS and ":" in value:
        return None  # no layout needs one; an address would
    return value


_SOUND = re.compile(r"(/sounds/[0-9a-f]{64}\.(?:ogg|mp3|m4a))(?:\?plays=([1-9]\d?))?")


def sound_of(address: str) -> tuple[str, int | None] | None:
    """(address, how often it may be played; None: as often as wanted) of a sound; None where it is none."""
    found = _SOUND.fullmatch(address)
    return (found[1], int(found[2]) if found[2] else None) if found else None


def is_picture(address: str) -> bool:
    """Whether a text may show what is at this address."""
    return _PICTURE.fullmatch(address) is not None and ".." not in address


_SIGN_IN_WORDS = re.compile(r"\\(?:text\w*|mbox|hbox|operatorname)\s*\{[^{}]*[<>&]")


def _mathml(latex: str, how: dict[str, Any]) -> str:
    """MathML, or what was typed where it is no LaTeX, or would be drawn as something else."""
    if latex.startswith("<math") and latex.endswith("</math>") and len(latex) <= LONGEST_MATHML:
        return latex  # cleaned with all the rest
    # The library does not escape words in a formula: a "<" in them would swallow what follows.
    if len(latex) <= LONGEST_FORMULA and not _SIGN_IN_WORDS.search(latex):
        try:
            return mathml(latex, is_block=how["display_mode"])
        except Exception:  # noqa: S110  # the library refuses in a dozen ways, and an author may type anything
            pass
    return f"<code dir='ltr'>{escapeHtml(latex)}</code>"


_BRACKETS = {"\\(": ("\\)", "math_inline"), "\\[": ("\\]", "math_inline_double")}


def _latex_brackets(state: StateInline, silent: bool) -> bool:
    r"""`\(…\)` and `\[…\]`, as most banks of questions write formulas."""
    opening = state.src[state.pos : state.pos + 2]
    if opening not in _BRACKETS:
        return False
    closing, kind = _BRACKETS[opening]
    end = state.src.find(closing, state.pos + 2, state.posMax)
    inside = state.src[state.pos + 2 : end] if end >= 0 else ""
    if not inside.strip():
        return False
    if not silent:
        token = state.push(kind, "math", 0)
        token.content, token.markup = inside.strip(), opening
    state.pos = end + 2
    return True


def _escaped_sign(state: StateInline, silent: bool) -> bool:
    r"""`\$` and `` \` `` are the signs themselves. Every other backslash is one, as in A \ B."""
    if state.src[state.pos] != "\\" or state.src[state.pos + 1 : state.pos + 2] not in ("$", "`"):
        return False
    if not silent:
        state.pending += state.src[state.pos + 1]
    state.pos += 2
    return True


_SLOT = re.compile(r"\[\[([^\s\[\]:]{1,100})(?::([^\s\[\]]{1,100}))?\]\]")


def _slot(state: StateInline, silent: bool) -> bool:
    """The place of an interaction; what names none stays as it was typed."""
    found = _SLOT.match(state.src, state.pos)
    if found is None or found[1] not in state.env.get("responses", ()):
        return False
    if not silent:
        token = state.push("slot", "", 0)
        token.attrs = {"data-response": found[1], "data-part": found[2] or ""}
    state.pos = found.end()
    return True


def _slot_html(tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    response, part = (escapeHtml(str(value)) for value in tokens[index].attrs.values())
    of_part = f' data-part="{part}"' if part else ""
    return f'<span class="slot" data-response="{response}"{of_part}></span>'


def _image(tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    token = tokens[index]
    alt = escapeHtml(token.content)
    address = str(token.attrs.get("src", ""))
    if sound := sound_of(address):
        plays = f' data-plays="{sound[1]}"' if sound[1] else ""
        source = f'src="{sound[0]}" aria-label="{alt}"'
        return f'<audio controls="" preload="auto" {source}{plays}>{alt}</audio>'
    return f'<img src="{escapeHtml(address)}" alt="{alt}">' if is_picture(address) else alt


def _formula(tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    """`$$…$$` in the middle of a paragraph, where a <div> would end the paragraph."""
    return f'<span class="math block">{_mathml(tokens[index].content.strip(), {"display_mode": True})}</span>'


def _code(tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    return f'<code dir="ltr">{escapeHtml(tokens[index].content)}</code>'


def _code_block(tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    return f'<pre dir="ltr"><code>{escapeHtml(tokens[index].content)}</code></pre>\n'


def _paragraph(tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    return "" if tokens[index].hidden else '<p dir="auto">'


def _markdown() -> MarkdownIt:
    markdown = MarkdownIt("zero", {"html": False, "breaks": True, "linkify": False, "typographer": False})
    dollarmath_plugin(
        markdown,
        allow_labels=False,
        allow_space=False,
        allow_digits=False,
        renderer=_mathml,
        double_inline=True,
    )
    markdown.enable(["fence", "table", "newline", "backticks", "image"])
    markdown.inline.ruler.before("math_inline", "escaped_sign", _escaped_sign)
    markdown.inline.ruler.before("math_inline", "latex_brackets", _latex_brackets)
    markdown.inline.ruler.before("math_inline", "slot", _slot)
    rules: dict[str, Any] = {
        "image": _image,
        "slot": _slot_html,
        "math_inline_double": _formula,
        "code_inline": _code,
        "fence": _code_block,
        "paragraph_open": _paragraph,
        "table_open": lambda *_: '<div class="wide"><table>',
        "table_close": lambda *_: "</table></div>",
    }
    markdown.renderer.rules.update(rules)  # type: ignore[attr-defined]
    markdown.validateLink = lambda url: True  # type: ignore[method-assign]  # `is_picture` is stricter
    return markdown


_MARKDOWN = _markdown()
