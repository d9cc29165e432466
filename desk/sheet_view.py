"""A sheet as it is drawn: each field with its name, its words and what is wrong with it; templates only loop.

What a part does not show, it carries along hidden: so nothing is lost that only another type has a use for.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext

from desk import sheet_words as words
from desk.sentences import translated
from testing_engine.authoring.numbers import read, read_whole
from testing_engine.authoring.passages import PassageLine
from testing_engine.authoring.problems import Problem
from testing_engine.authoring.sheet import (
    IN_TEXT,
    LISTS,
    NUMBERS,
    OWN,
    RATING,
    RULES,
    SEVERAL,
    SHARE,
    TAKES_ONE,
    WHOLE,
    WITH_PAIRS,
    WITH_TARGETS,
    WITH_TICKS,
    WITHOUT_ROWS,
    Part,
    Row,
    Sheet,
    place_of,
)

Words = str | Promise


@dataclass(frozen=True)
class Said:
    """A problem in the language of the page."""

    where: str
    words: str
    blocks: bool


@dataclass
class FieldView:
    """A labelled input. `kind`: line, lines, number, tick, select."""

    name: str
    label: Words
    value: Any
    kind: str = "line"
    help: Words = ""
    problems: list[Said] = field(default_factory=list)
    options: Sequence[tuple[str, Words]] = ()
    rows: int = 2


@dataclass
class RowView:
    """A line of a list. `tick`: radio, checkbox or "". `partners`: (id, label, chosen). `mark`: its name."""

    name: str
    row: Row
    mark: str
    place: str
    tick: str
    problems: list[Said]
    worth: FieldView | None
    partners: list[tuple[str, str, bool]]
    order: FieldView | None
    hidden: list[tuple[str, str]]
    limit: FieldView | None
    can_stay: bool
    has_text: bool = True

    @property
    def number(self) -> int:
        """Of the row in its part, from 0."""
        return int(self.name.rpartition("-")[2])


@dataclass
class PartView:
    """One part. `index` counts from 0; `problems` are those of the part as a whole."""

    name: str
    index: int
    part: Part
    title: Words
    help: Words
    place: str
    problems: list[Said]
    types: Sequence[tuple[str, Words]]
    credit: FieldView | None
    prompt: FieldView
    rows: list[RowView]
    targets: list[RowView]
    row_words: tuple[Words, Words]
    target_words: tuple[Words, Words]
    shown: list[FieldView]
    folded: list[FieldView]
    hidden: list[tuple[str, str]]
    can_add_rows: bool

    @property
    def is_wrong_inside(self) -> bool:
        return any(field.problems for field in self.folded)


@dataclass
class SheetView:
    """The whole sheet. `loose`: what is wrong with no field in particular."""

    content: FieldView
    passage: FieldView
    area: FieldView
    question_set: FieldView
    passages: FieldView | None
    everywhere: FieldView | None
    concepts: list[FieldView]
    parts: list[PartView]
    all_or_nothing: FieldView | None
    parameters: list[FieldView]
    types: Sequence[tuple[str, Words]]
    loose: list[Said]
    blocking: list[Said]
    hidden: list[tuple[str, str]]

    @property
    def parameters_are_wrong(self) -> bool:
        return any(field.problems for field in self.parameters)


def said(problems: Iterable[Problem]) -> list[Said]:
    """The problems, translated."""
    return [Said(each.where, translated(each.message), each.blocks) for each in problems]


def _weight(weight: str) -> str:
    """What a tick alone does not say."""
    return "" if read(weight) in (0, 1) or not weight.strip() else weight


def _passages(sheet: Sheet, passages: Sequence[PassageLine]) -> FieldView | None:
    if not passages:
        return None
    options: list[tuple[str, Words]] = [("", "–"), *((each.key, each.excerpt) for each in passages)]
    here = next((each.key for each in passages if each.content == sheet.passage), "")
    label, help_text = words.TAKE_PASSAGE
    return FieldView("take-passage", label, here, "select", help=help_text, options=options)


def _everywhere(sheet: Sheet, shared: Sequence[str]) -> FieldView | None:
    """Whether a text that is changed is changed for all questions that have it."""
    if not shared:
        return None
    listed = ", ".join(shared[:3]) + (", …" if len(shared) > 3 else "")
    label = gettext("If the text is changed: for all {count} questions that have it").format(
        count=len(shared) + 1
    )
    help_text = gettext("Also {questions}. Else this question alone has another text.").format(
        questions=listed
    )
    return FieldView("passage_everywhere", label, sheet.passage_everywhere, "tick", help=help_text)


class _Drawing:
    def __init__(self, sheet: Sheet, problems: Sequence[Problem]) -> None:
        self.sheet, self.problems = sheet, problems
        self.used: set[str] = set()

    def at(self, name: str) -> list[Said]:
        self.used.add(name)
        return said(problem for problem in self.problems if problem.where == name)

    def field(self, name: str, label: Words, value: Any, kind: str = "line", **more: Any) -> FieldView:
        return FieldView(name, label, value, kind, problems=self.at(name), **more)

    def own(self, name: str, kind: str = "line", **more: Any) -> FieldView:
        """A field of the sheet itself."""
        label, help_text = words.SHEET[name]
        return self.field(name, label, getattr(self.sheet, name), kind, help=help_text, **more)


def view_of(
    sheet: Sheet,
    concept_names: Sequence[str],
    problems: Sequence[Problem] = (),
    *,
    is_new: bool = False,
    passages: Sequence[PassageLine] = (),
    shared: Sequence[str] = (),
) -> SheetView:
    """How the sheet is drawn, with what is wrong with it at its fields. `shared`: the ids of other questions
    that have the text of the stored one."""
    draw = _Drawing(sheet, problems)
    several = len(sheet.parts) > 1
    concepts = [
        draw.field(f"concept-{index}", name, read(weight) != 0 and weight.strip(), "tick")
        for index, (name, weight) in enumerate(zip(concept_names, sheet.concepts, strict=False))
    ]
    label, help_text = words.SHEET["all_or_nothing"]
    whole = draw.field("all_or_nothing", label, sheet.all_or_nothing, "tick", help=help_text)
    parameters = [draw.own("model", "select", options=words.MODELS)]
    parameters += [draw.own(name) for name in (*NUMBERS, *LISTS)]
    parameters.append(draw.own("enemy_groups", "lines"))
    if len(concepts) > 1:
        parameters += [
            draw.field(f"weight-{index}", format_lazy("{}: {}", words.WEIGHT, name), _weight(weight))
            for index, (name, weight) in enumerate(zip(concept_names, sheet.concepts, strict=False))
        ]
    if is_new:
        parameters.append(draw.own("id"))
    view = SheetView(
        content=draw.own("content", "lines", rows=5),
        passage=draw.own("passage", "lines", rows=5),
        area=draw.own("area"),
        question_set=draw.own("question_set"),
        passages=_passages(sheet, passages),
        everywhere=_everywhere(sheet, shared),
        concepts=concepts if len(concepts) > 1 else [],
        parts=[_part(draw, index, part, several) for index, part in enumerate(sheet.parts)],
        all_or_nothing=whole if several else None,
        parameters=parameters,
        types=[(key, title) for key, (title, _) in words.TYPES.items()],
        loose=[],
        blocking=[],
        hidden=[("is_plain", "1" if sheet.is_plain else "")],
    )
    if view.everywhere:
        view.hidden.append(("passage_shared", "1"))
    if not is_new:
        view.hidden.append(("id", sheet.id))
    if not several and sheet.all_or_nothing:
        view.hidden.append(("all_or_nothing", "on"))
    if not view.concepts:
        view.hidden += [(f"concept-{index}", weight) for index, weight in enumerate(sheet.concepts)]
    else:
        view.hidden.append(("ticked", "1"))
    rest = [problem for problem in problems if problem.where not in draw.used]
    view.loose = said(rest)
    view.blocking = said(problem for problem in problems if problem.blocks)
    return view


def _part(draw: _Drawing, index: int, part: Part, several: bool) -> PartView:
    name = f"part-{index}"
    label, help_text = words.TYPES[part.type]
    shown = [_of_part(draw, name, part, each) for each in words.SHOWN.get(part.type, ())]
    folded = [_of_part(draw, name, part, each) for each in words.FOLDED.get(part.type, ())]
    if part.credit == OWN and part.type in WITH_PAIRS:
        shown.append(_of_part(draw, name, part, "worths"))
    if part.credit == OWN or part.type == "textEntry":
        folded += [_of_part(draw, name, part, each) for each in ("key_default", "key_lower", "key_upper")]
    if several:
        folded.append(_of_part(draw, name, part, "weight"))
    names = {each.name for each in (*shown, *folded)}
    has_rows, has_targets = part.type not in WITHOUT_ROWS, part.type in WITH_TARGETS
    return PartView(
        name=name,
        index=index,
        part=part,
        title=label,
        help=help_text,
        place=_place(draw, part, several),
        problems=draw.at(name),
        types=[(each, title) for each, (title, _) in words.TYPES.items()],
        credit=_credit(draw, name, part),
        prompt=draw.field(f"{name}-prompt", words.PROMPT, part.prompt, "lines", rows=1),
        rows=[_row(draw, name, part, number, part.rows[number]) for number in _lines(part) if has_rows],
        targets=[_target(draw, name, part, i, row) for i, row in enumerate(part.targets) if has_targets],
        row_words=words.ROWS.get(part.type, words.ROWS["choice"]),
        target_words=words.TARGETS.get(part.type, words.TARGETS["match"]),
        shown=shown,
        folded=folded,
        hidden=[
            *(
                (f"{name}-{each}", value)
                for each, value in part.fields.items()
                if f"{name}-{each}" not in names
            ),
            *([] if has_rows else _carried(f"{name}-row", part.rows)),
            *([] if has_targets else _carried(f"{name}-target", part.targets)),
        ],
        can_add_rows=has_rows,
    )


def _lines(part: Part) -> list[int]:
    """Numbers of the rows as they are listed: things to order in the right one, though shown in another."""
    numbers = list(range(len(part.rows)))
    if part.type != "order":
        return numbers
    places = [read_whole(row.place) for row in part.rows]
    return sorted(numbers, key=lambda number: (places[number] is None, places[number] or 0))


def _place(draw: _Drawing, part: Part, several: bool) -> str:
    """What says where the part stands in the text; "" where it stands below it as a matter of course."""
    place = place_of(part)
    if part.type in ("gapMatch", "hottext", RATING):
        return ""
    return place if several or part.type in IN_TEXT or place in draw.sheet.content else ""


def _of_part(draw: _Drawing, name: str, part: Part, field_name: str) -> FieldView:
    label, kind, help_text = words.PART_FIELDS[field_name]
    options = words.NUMBER_KINDS if field_name == "base_type" else ()
    value = part.fields[field_name]
    return draw.field(f"{name}-{field_name}", label, value, kind, help=help_text, options=options)


def _credit(draw: _Drawing, name: str, part: Part) -> FieldView | None:
    kinds = list(words.CREDITS_OF.get(part.type, (WHOLE,)))
    if part.credit == RULES:
        kinds.append(RULES)
    if len(kinds) < 2:
        return None
    several = part.type in (*WITH_PAIRS, SEVERAL, "hottext")
    options = [(kind, words.CREDITS_SEVERAL[kind] if several else words.CREDITS[kind]) for kind in kinds]
    return draw.field(f"{name}-credit", words.CREDIT, part.credit, "select", options=options)


def _row(draw: _Drawing, part_name: str, part: Part, number: int, row: Row) -> RowView:
    name = f"{part_name}-row-{number}"
    takes_one = part.type in TAKES_ONE
    ticks = "checkbox" if part.type in WITH_TICKS and part.credit in (WHOLE, SHARE) else ""
    others: list[Row] = []
    if part.type == "match" and part.credit != OWN:
        others = part.targets
    elif part.type == "associate" and part.credit != OWN:
        others = part.rows[number + 1 :]
    shows_worth = (part.credit == OWN and part.type in WITH_TICKS) or part.type in ("textEntry", RATING)
    view = RowView(
        name=name,
        row=row,
        mark=row.id,
        place=place_of(part, row.id) if part.type == "hottext" else "",
        tick="radio" if ticks and takes_one and sum(each.right for each in part.rows) < 2 else ticks,
        problems=draw.at(f"{name}-text"),
        worth=draw.field(f"{name}-worth", words.WORTH, row.worth) if shows_worth else None,
        partners=[(each.id, _short(each), each.id in row.partners) for each in others],
        order=draw.field(f"{name}-place", words.PLACE, row.place) if part.type == "order" else None,
        limit=draw.field(f"{name}-most", words.MOST, row.most) if part.type in WITH_PAIRS else None,
        can_stay=part.type in words.CAN_STAY,
        hidden=[],
    )
    view.hidden = _hidden(row, view)
    return view


def _target(draw: _Drawing, part_name: str, part: Part, number: int, row: Row) -> RowView:
    name = f"{part_name}-target-{number}"
    is_gap = part.type == "gapMatch"
    view = RowView(
        name=name,
        row=row,
        mark=row.id,
        place=place_of(part, row.id) if is_gap else "",
        tick="",
        problems=draw.at(f"{name}-text"),
        worth=None,
        partners=[(each.id, _short(each), each.id in row.partners) for each in part.rows if is_gap],
        order=None,
        limit=None if is_gap else draw.field(f"{name}-most", words.MOST, row.most),
        can_stay=False,
        hidden=[],
        has_text=not is_gap,
    )
    view.hidden = _hidden(row, view)
    return view


def _carried(name: str, rows: list[Row]) -> list[tuple[str, str]]:
    """Rows that the kind does not show."""
    found: list[tuple[str, str]] = []
    for number, row in enumerate(rows):
        at = f"{name}-{number}"
        found += [
            (f"{at}-{each}", getattr(row, each)) for each in ("id", "text", "worth", "place", "least", "most")
        ]
        found += [(f"{at}-{each}", "on") for each in ("right", "fixed") if getattr(row, each)]
        found += [(f"{at}-partners", partner) for partner in row.partners]
    return found


def _hidden(row: Row, view: RowView) -> list[tuple[str, str]]:
    """What the row says and does not show."""
    found = [(f"{view.name}-id", row.id), (f"{view.name}-least", row.least)]
    if not view.tick and row.right:
        found.append((f"{view.name}-right", "on"))
    if view.worth is None:
        found.append((f"{view.name}-worth", row.worth))
    if not view.can_stay and row.fixed:
        found.append((f"{view.name}-fixed", "on"))
    if view.order is None:
        found.append((f"{view.name}-place", row.place))
    if view.limit is None:
        found.append((f"{view.name}-most", row.most))
    offered = {partner for partner, _, _ in view.partners}
    return found + [(f"{view.name}-partners", each) for each in row.partners if each not in offered]


def _short(row: Row) -> str:
    words_of = " ".join(row.text.split())
    return f"{row.id} {words_of[:24]}{'…' if len(words_of) > 24 else ''}".strip()
