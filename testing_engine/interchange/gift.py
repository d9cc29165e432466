r"""GIFT, Moodle's text format: `::title:: text {=right ~wrong ~%50%half} rest of the text`.

Questions are divided by blank lines. `//` begins a comment, in which `[id:…]` names the question;
`$CATEGORY:` says the category of what follows; `[html]`, `[markdown]`, `[moodle]` and `[plain]` how a text is
written. `\~ \= \# \{ \} \:` are the signs themselves, `\n` is a new line.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath

from testing_engine.interchange.drafting import Draft, Drafting, Passage, QuestionRefused, area_of
from testing_engine.interchange.files import TABLE_SUFFIXES
from testing_engine.interchange.imported import ImportedPool, Upload, UploadRefused
from testing_engine.interchange.moodle_answers import (
    FEEDBACK,
    Answer,
    ask_choice,
    ask_number,
    ask_pairs,
    ask_text,
    fraction_of_percent,
    read_formatted,
)
from testing_engine.interchange.moodle_categories import parts_of_category
from testing_engine.interchange.plain_files import decoded
from testing_engine.questions.answers import number
from testing_engine.questions.interactions import MOST_CHOICES
from testing_engine.sentences import reason_of, say

# What a backslash hides is a private sign until the question is cut into its parts.
_HIDDEN = {
    ":": "\ue010",
    "#": "\ue011",
    "=": "\ue012",
    "{": "\ue013",
    "}": "\ue014",
    "~": "\ue015",
    "\\": "\ue016",
}
_SHOWN = str.maketrans({hidden: sign for sign, hidden in _HIDDEN.items()})
_ESCAPE = re.compile(r"\\([:#={}~\\n])")
_TITLE = re.compile(r"\s*::(.*?)::", re.DOTALL)
_FORMAT = re.compile(r"\s*\[(html|markdown|moodle|plain)\]\s*", re.IGNORECASE)
_PERCENT = re.compile(r"\s*%([-+]?[\d.,]+)%")
_ID = re.compile(r"\[id:((?:(?!\[id:)[^\]])+)\]")
_SIGNS = re.compile(
    r"^[^\S\n]*::[^:\n]+::|^[^\S\n]*\$CATEGORY:|(?<!\\)\{\s*[=~]|(?<!\\)\{\s*(?:#|TRUE|FALSE|T|F)[^{}\n]*\}\s*$",
    re.MULTILINE,
)
_TRUE, _FALSE = ("T", "TRUE"), ("F", "FALSE")
_GAP = " _____ "


@dataclass
class _Block:
    """Lines up to the next blank one. `line`: where it begins; `comments`: what stands behind `//`."""

    line: int
    text: str
    comments: str


def is_gift(upload: Upload) -> bool:
    """Whether a text has a title, a category, or answers in braces; a table or JSON may have those too."""
    text = upload.content[:200_000].decode("utf-8", "replace").lstrip("\ufeff \n\r\t")
    if text.startswith(("<", "[{", "{")) or PurePath(upload.name).suffix.lower() in TABLE_SUFFIXES:
        return False
    return _SIGNS.search(text) is not None


def read_gift(upload: Upload) -> ImportedPool:
    """Its questions. Raises `UploadRefused` where there is none."""
    drafting = Drafting("gift")
    category: list[str] = []
    passage = Passage()
    count = 0
    for block in _blocks(decoded(upload)):
        found = re.match(r"\s*\$CATEGORY:[ \t]*([^\n]*)\n?", block.text)
        if found:
            category, passage = parts_of_category(_unhidden(found[1])), Passage()
            block.text = block.text[found.end() :]
            block.line += 1
        if not block.text.strip():
            continue
        count += 1
        passage = _read(drafting, block, category, passage, count) or passage
    if not count:
        raise UploadRefused(say("{name} has no question.", name=upload.name))
    return drafting.pool()


def _blocks(text: str) -> Iterator[_Block]:
    lines: list[str] = []
    comments: list[str] = []
    first = 0
    for at, line in enumerate([*text.split("\n"), ""], start=1):
        if line.strip().startswith("//"):
            comments.append(line)
        elif line.strip():
            first = first or at
            lines.append(line)
        elif lines:
            yield _Block(first, "\n".join(lines), "\n".join(comments))
            lines, comments, first = [], [], 0


def _read(
    drafting: Drafting, block: _Block, category: list[str], passage: Passage, count: int
) -> Passage | None:
    """Take one question; or, where it is a description, give the passage of those that follow."""
    draft = Draft.after(passage, say("line {line}", line=block.line), f"Question {count}")
    draft.area = area_of(category, draft)
    try:
        text = _ESCAPE.sub(
            lambda s: "\n" if s[1] == "n" else _HIDDEN[s[1]], re.sub("[\ue010-\ue016]", "", block.text)
        )
        if title := _TITLE.match(text):
            draft.name = _unhidden(title[1]) or draft.name
            text = text[title.end() :]
        if named := _ID.search(block.comments):
            draft.name = named[1].strip()
        if "[tag:" in block.comments:
            draft.lose(say("Tags are dropped."))
        shape = "html"
        if given := _FORMAT.match(text):
            shape, text = given[1].lower(), text[given.end() :]
        else:
            shape = "moodle"
        opening, closing = text.find("{"), text.rfind("}")
        if opening < 0 and closing < 0:
            draft.losses.clear()  # what the passage before it lost
            return drafting.passage(draft, _read_text(draft, text, shape))
        if opening < 0 or closing < opening:
            raise QuestionRefused(say("A brace {{ or }} has no partner."))
        before, inside, after = text[:opening], text[opening + 1 : closing], text[closing + 1 :]
        if "{" in inside or "}" in inside:
            raise QuestionRefused(
                say(
                    "It has more than one pair of braces; one that is text is written \\{{, "
                    "and questions stand apart by an empty line."
                )
            )
        gap = _GAP if after.strip() and before.strip() else " " if after.strip() else ""
        draft.content = _read_text(draft, before.rstrip() + gap + after.lstrip(), shape)
        _ask(draft, inside, shape)
        drafting.add(draft)
    except QuestionRefused as error:
        drafting.refuse(draft, reason_of(error))
    return None


def _unhidden(text: str) -> str:
    return text.translate(_SHOWN).strip()


def _read_text(draft: Draft, text: str, shape: str, *, is_one_line: bool = False) -> str:
    if given := _FORMAT.match(text):
        shape, text = given[1].lower(), text[given.end() :]
    shape = "moodle_auto_format" if shape == "moodle" else shape
    return read_formatted(_unhidden(text), shape, draft, lambda _: None, is_one_line=is_one_line)


def _ask(draft: Draft, inside: str, shape: str) -> None:
    inside, _, general = inside.partition("####")
    if general.strip():
        draft.lose(FEEDBACK)
    inside = inside.strip()
    if not inside:
        raise QuestionRefused(say("An essay is marked by a person; it cannot be taken."))
    if inside.startswith("#"):
        ask_number(draft, "RESPONSE", [_number(draft, each) for each in _numbers(inside[1:])])
    elif "~" in inside:
        answers = [
            Answer(_read_text(draft, a.text, shape, is_one_line=True), a.fraction)
            for a in _weighed(draft, inside.replace("=", "~="), "~", 0.0)
        ]
        ask_choice(draft, answers, is_single="=" in inside, is_shuffled=True)
    elif "=" in inside and "->" in inside:
        pairs = [each for each in inside.split("=") if each.strip()]
        if len(pairs) > MOST_CHOICES:
            raise QuestionRefused(say("It has more than {most} pairs.", most=MOST_CHOICES))
        ask_pairs(draft, [_pair(draft, each, shape) for each in pairs])
    elif (word := inside.partition("#")[0].strip().upper()) in (*_TRUE, *_FALSE):
        if "#" in inside:
            draft.lose(FEEDBACK)
        is_true = word in _TRUE
        answers = [Answer("True", float(is_true)), Answer("False", float(not is_true))]
        ask_choice(draft, answers, is_single=True, is_shuffled=False)
    else:
        answers = [
            Answer(_unhidden(_FORMAT.sub("", a.text, count=1)), a.fraction)
            for a in _weighed(draft, inside, "=", 1.0)
        ]
        ask_text(draft, "RESPONSE", answers, is_case_sensitive=False)


def _weighed(draft: Draft, inside: str, divider: str, worth: float) -> Iterator[Answer]:
    """Answers with what they are worth: `=` all, `%50%` half, neither `worth`."""
    if inside.count(divider) > 2 * MOST_CHOICES:  # before the texts of thousands are read
        raise QuestionRefused(say("It has more than {most} answers.", most=MOST_CHOICES))
    for written in inside.split(divider):
        if not written.strip():
            continue
        text, _, feedback = written.partition("#")
        if feedback.strip():
            draft.lose(FEEDBACK)
        text = text.strip()
        fraction = worth
        if text.startswith("="):
            text, fraction = text[1:], 1.0
        if percent := _PERCENT.match(text):
            text, fraction = text[percent.end() :], fraction_of_percent(percent[1].lstrip("+"))
        yield Answer(text, fraction)


def _numbers(inside: str) -> list[str]:
    """One answer, or several that begin with `=` (some banks write `~` before wrong ones)."""
    return [each for each in re.split("[=~]", inside) if each.partition("#")[0].strip()]


def _number(draft: Draft, written: str) -> Answer:
    (answer,) = _weighed(draft, written.replace("=", ""), "\n\n", 1.0) or [Answer("", 0.0)]
    text = _unhidden(answer.text)
    if text == "*":
        return Answer(text, answer.fraction)
    lower, is_range, upper = text.partition("..")
    value, _, within = text.partition(":")
    bounds = (
        (number(lower), number(upper)) if is_range else (number(value), number(within) if within else 0.0)
    )
    one, other = bounds
    if one is None or other is None or (other < 0 and not is_range):
        raise QuestionRefused(
            say("“{text}” is no number, number:tolerance or lowest..highest.", text=text[:40])
        )
    if is_range:
        return Answer(repr((one + other) / 2), answer.fraction, abs(other - one) / 2)
    return Answer(repr(one), answer.fraction, other)


def _pair(draft: Draft, written: str, shape: str) -> tuple[str, str]:
    question, arrow, answer = written.partition("->")
    if not arrow:
        raise QuestionRefused(say("“{text}” has no partner after “->”.", text=_unhidden(question)[:40]))
    return (
        _read_text(draft, question, shape, is_one_line=True),
        _read_text(draft, answer.partition("#")[0], "plain", is_one_line=True),
    )
