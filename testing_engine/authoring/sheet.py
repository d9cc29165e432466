"""A question as a form shows it: everything as it was typed, right or wrong.

`reading` makes a sheet of a stored question, `writing` a row of a pool document of a sheet, `editing` adds
and removes parts and rows. A *part* is an interaction (docs/QUESTIONS.md) together with its key. A part's
`type` is that of its interaction; a choice of several, a number to type and a rating scale have their own.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from testing_engine.questions.interactions import option_id

RATING, SEVERAL, NUMBER = "rating", "choiceSeveral", "numberEntry"
TYPES = (
    "choice",
    SEVERAL,
    "inlineChoice",
    "textEntry",
    NUMBER,
    "order",
    "match",
    "associate",
    "gapMatch",
    "hottext",
    "slider",
    RATING,
)
# Where the answer stands in the text, so that a place for it is put there with the part.
IN_TEXT = ("inlineChoice", "textEntry", NUMBER)
WITH_TICKS = ("choice", SEVERAL, "inlineChoice", "hottext")
TAKES_ONE = ("choice", "inlineChoice")
WITH_PAIRS = ("match", "associate", "gapMatch")
WITH_TARGETS = ("match", "gapMatch")
WITHOUT_ROWS = (NUMBER, "slider")
FIRST_ROWS = {"textEntry": 1, NUMBER: 0, "slider": 0, "rating": 5, "order": 3, "associate": 4, "hottext": 2}
FIRST_TARGETS = {"match": 2, "gapMatch": 1}

WHOLE, SHARE, OWN, RULES = "whole", "share", "own", "rules"
CREDITS = (WHOLE, SHARE, OWN, RULES)

# Field of a part → what it is where nobody says otherwise.
FIELDS: dict[str, str] = {
    "weight": "1",
    "shuffle": "",
    "least": "0",
    "most": "0",
    "max_length": "250",
    "expected_length": "",
    "placeholder": "",
    "case_sensitive": "",
    "pattern": "",
    "base_type": "float",
    "number": "",
    "tolerance": "0",
    "relative": "",
    "lower": "0",
    "upper": "10",
    "step": "1",
    "worths": "",  # of pairs, a line each: "A 1 = 0.5"
    "key_default": "",
    "key_lower": "",
    "key_upper": "",
}


@dataclass
class Row:
    """One choice, source, target, gap, accepted text or step of a scale.

    `worth`: what it earns, where that is said for each. `place`: its number in the right order. `partners`:
    ids of what belongs to it. `least` and `most`: in how many pairs it may stand (0: any number).
    """

    id: str
    text: str = ""
    right: bool = False
    worth: str = ""
    fixed: bool = False
    place: str = ""
    partners: tuple[str, ...] = ()
    least: str = "0"
    most: str = "1"


@dataclass
class Part:
    """An interaction and its key. `targets`: the other side of pairs, or the gaps."""

    type: str
    response: str
    prompt: str = ""
    credit: str = WHOLE
    rows: list[Row] = field(default_factory=list)
    targets: list[Row] = field(default_factory=list)
    fields: dict[str, str] = field(default_factory=lambda: dict(FIELDS))


@dataclass
class Sheet:
    """The whole question. `is_plain`: stored as options, as a single choice or rating scale alone can be.

    `concepts`: the weight of each. `model` "": the usual one for what is asked, and no parameters yet.
    `passage_everywhere`: a passage that was edited is edited for every question that has it.
    """

    id: str = ""
    content: str = ""
    passage: str = ""
    passage_everywhere: bool = True
    parts: list[Part] = field(default_factory=list)
    is_plain: bool = True
    all_or_nothing: bool = False
    concepts: list[str] = field(default_factory=list)
    area: str = ""
    question_set: str = ""
    enemy_groups: str = ""
    model: str = ""
    difficulty: str = ""
    discrimination: str = ""
    guessing: str = ""
    upper_asymptote: str = ""
    thresholds: str = ""
    category_slopes: str = ""
    category_intercepts: str = ""


NUMBERS = ("difficulty", "discrimination", "guessing", "upper_asymptote")
LISTS = ("thresholds", "category_slopes", "category_intercepts")
PARAMETERS = ("model", *NUMBERS, *LISTS)


def new_sheet(question_id: str, n_concepts: int, part_type: str = "choice") -> Sheet:
    """A question that is about to be written."""
    concepts = ["1"] + ["0"] * (n_concepts - 1)
    sheet = Sheet(id=question_id, concepts=concepts)
    sheet.parts.append(new_part(sheet, part_type))
    return sheet


def new_part(sheet: Sheet, part_type: str) -> Part:
    """A part as it is added to the sheet, with a response variable that is free there."""
    taken = {part.response for part in sheet.parts}
    names = ("RESPONSE", *(f"R{number}" for number in range(2, 1000)))
    part = Part(part_type, next(name for name in names if name not in taken))
    for _ in range(FIRST_ROWS.get(part_type, 3)):
        part.rows.append(new_row(part))
    for _ in range(FIRST_TARGETS.get(part_type, 0)):
        part.targets.append(new_target(part))
    if part_type == RATING:
        for worth, row in enumerate(part.rows):
            row.worth = str(worth)
    if part_type == "slider":
        part.fields["base_type"] = "integer"
    return part


def new_row(part: Part) -> Row:
    """Under an id that is free in its part: A, B, C."""
    return Row(_free_id(part, [option_id(index) for index in range(200)]))


def new_target(part: Part) -> Row:
    """The same, of the other side of pairs: 1, 2, 3; of gaps G1, G2."""
    mark = "G" if part.type == "gapMatch" else ""
    return Row(_free_id(part, [f"{mark}{number}" for number in range(1, 300)]))


def _free_id(part: Part, ids: list[str]) -> str:
    taken = {row.id for row in (*part.rows, *part.targets)}
    return next(each for each in ids if each not in taken)


def place_of(part: Part, target: str = "") -> str:
    """What marks the part's place in the content, or that of its gap or words."""
    return f"[[{part.response}:{target}]]" if target else f"[[{part.response}]]"


def has_words(sheet: Sheet) -> bool:
    """Whether somebody began to write it."""
    rows = [row for part in sheet.parts for row in (*part.rows, *part.targets)]
    texts = (
        sheet.content,
        sheet.passage,
        *(part.prompt for part in sheet.parts),
        *(row.text for row in rows),
    )
    is_said = any(part.fields["number"].strip() for part in sheet.parts) or any(row.right for row in rows)
    return is_said or any(text.strip() for text in texts)


def places_of(part: Part) -> Iterator[str]:
    """The places that it must have in the content: of its answer, of each gap, or of each of its words."""
    if part.type in IN_TEXT:
        yield place_of(part)
    if part.type in ("gapMatch", "hottext"):
        inside = part.targets if part.type == "gapMatch" else part.rows
        yield from (place_of(part, row.id) for row in inside)


def put_into_text(sheet: Sheet, place: str) -> None:
    """At the end of the content, where it is nowhere in it yet."""
    if place not in sheet.content:
        gap = "" if not sheet.content or sheet.content[-1].isspace() else " "
        sheet.content += gap + place


def as_typed(text: str) -> str:
    """With the one kind of line end that a sheet has, whatever a browser or a file made of it."""
    return text.replace("\r\n", "\n").replace("\r", "\n")
