"""Aiken: a question on one line or several, its answers on lines "A. …" or "B) …", then "ANSWER: B"."""

import re

from testing_engine.interchange.drafting import Draft, Drafting, QuestionRefused
from testing_engine.interchange.imported import ImportedPool, Upload, UploadRefused
from testing_engine.interchange.moodle_answers import Answer, ask_choice
from testing_engine.interchange.notation import plain_text
from testing_engine.interchange.plain_files import decoded
from testing_engine.sentences import reason_of, say

_OPTION = re.compile(r"\s*([A-Z])[.)]\s+(.*)")
_KEY = re.compile(r"\s*ANSWER:\s*(\S*)\s*", re.IGNORECASE)


def is_aiken(upload: Upload) -> bool:
    """Whether a text has answers with letters and a line that names the right one."""
    text = upload.content[:200_000].decode("utf-8", "replace")
    return bool(re.search(r"^\s*A[.)]\s", text, re.MULTILINE) and re.search(r"^ANSWER:", text, re.MULTILINE))


def read_aiken(upload: Upload) -> ImportedPool:
    """Its questions, each named after its place. Raises `UploadRefused` where there is none."""
    drafting = Drafting("aiken")
    begun: list[tuple[int, str]] = []
    number = 0
    for at, line in enumerate(decoded(upload).split("\n"), start=1):
        if line.strip():
            begun.append((at, line))
        if _KEY.fullmatch(line):
            number += 1
            _read(drafting, begun, number)
            begun = []
    if begun:
        draft = Draft(say("line {line}", line=begun[0][0]), f"Question {number + 1}")
        drafting.refuse(draft, say("No line “ANSWER: …” follows."))
    if not number and not begun:
        raise UploadRefused(say("{name} has no question.", name=upload.name))
    return drafting.pool()


def _read(drafting: Drafting, lines: list[tuple[int, str]], number: int) -> None:
    draft = Draft(say("line {line}", line=lines[0][0]), f"Question {number}")
    try:
        _ask(draft, [line for _, line in lines])
        drafting.add(draft)
    except QuestionRefused as error:
        drafting.refuse(draft, reason_of(error))


def _ask(draft: Draft, lines: list[str]) -> None:
    texts: list[str] = []
    options: dict[str, str] = {}
    for line in lines[:-1]:
        if option := _OPTION.fullmatch(line):
            if option[1] in options:
                raise QuestionRefused(say("Two answers are called {option}.", option=option[1]))
            options[option[1]] = option[2]
        elif options:
            raise QuestionRefused(
                say("“{line}” stands among the answers, but begins with no letter.", line=line.strip()[:40])
            )
        else:
            texts.append(line.strip())
    named = _KEY.fullmatch(lines[-1])
    assert named is not None
    right = named[1].upper()
    if right not in options:
        letters = ", ".join(options) or "–"
        raise QuestionRefused(
            say("The right answer “{answer}” is none of {options}.", answer=named[1][:20], options=letters)
        )
    draft.content = plain_text("\n".join(texts))
    answers = [Answer(plain_text(text), float(letter == right)) for letter, text in options.items()]
    ask_choice(draft, answers, is_single=True, is_shuffled=False)
