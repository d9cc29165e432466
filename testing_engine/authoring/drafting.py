"""A sheet → a draft that can be published, or everything that is wrong with it."""

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, replace
from typing import Any

from testing_engine.authoring.problems import Problem, Problems
from testing_engine.authoring.proofreading import proofread
from testing_engine.authoring.reading import sheet_of
from testing_engine.authoring.sheet import PARAMETERS, RATING, Part, Sheet, as_typed
from testing_engine.authoring.writing import is_plain, row_of
from testing_engine.interchange.questions import PoolRefused, parse_pool, without_question
from testing_engine.interchange.with_interactions import parse_interactions, proposed_categories
from testing_engine.models import MODELS, Question
from testing_engine.pools import QuestionDraft
from testing_engine.psychometrics.items.states import RETIRED
from testing_engine.revisions import item_parameters
from testing_engine.sentences import first_up, say

MODELS_LISTED: tuple[str, ...] = MODELS  # response models that a question may name
# Field of a pool document's question → field of the form.
_OF_PARTS = ("interactions", "key", "scoring", "categories", "options", "option_scores", "fixed_options")
_SAME = ("content", "passage", "area", "question_set", "enemy_groups", "id", *PARAMETERS)
_OF_KEY = (
    *("weight", "number", "tolerance", "relative", "case_sensitive", "pattern", "worths", "base_type"),
    *("key_default", "key_lower", "key_upper"),
)


@dataclass(frozen=True)
class Drafted:
    """What became of a sheet. `draft` is None where something keeps it from being published."""

    draft: QuestionDraft | None
    problems: tuple[Problem, ...]


def drafted(sheet: Sheet, concept_names: Sequence[str], stored: Question | None = None) -> Drafted:
    """Check the sheet, as an edit of a stored question or as a new one."""
    problems = Problems()
    base = sheet_of(stored) if stored is not None else None
    if base is not None:
        sheet = with_line_ends_of(base, sheet)
    scoring = stored.scoring if stored and base and is_scored_alike(base, sheet) else None
    row = row_of(sheet, problems, scoring)
    proofread(sheet, problems)
    if any(problem.blocks for problem in problems):
        return Drafted(None, tuple(problems))
    if stored is not None and base is not None:
        row = _with_parameters_that_fit(row, sheet, base, stored, problems)
    draft = _parsed(row, sheet, concept_names, problems)
    return Drafted(draft, tuple(problems))


def with_line_ends_of(base: Sheet, sheet: Sheet) -> Sheet:
    """Browsers send one kind of line end, whatever was there: texts that nobody changed are as they were."""
    parts = [
        _part_with_line_ends(base.parts[i], part) if i < len(base.parts) else part
        for i, part in enumerate(sheet.parts)
    ]
    content, passage = _settled(base.content, sheet.content), _settled(base.passage, sheet.passage)
    return replace(sheet, content=content, passage=passage, parts=parts)


def _part_with_line_ends(base: Part, part: Part) -> Part:
    before = {row.id: row.text for row in (*base.rows, *base.targets)}
    rows, targets = (
        [replace(row, text=_settled(before.get(row.id, ""), row.text)) for row in members]
        for members in (part.rows, part.targets)
    )
    return replace(part, prompt=_settled(base.prompt, part.prompt), rows=rows, targets=targets)


def _settled(before: str, now: str) -> str:
    return before if as_typed(before) == now else now


def is_scored_alike(base: Sheet, sheet: Sheet) -> bool:
    """Whether nobody changed what earns what: then the stored rules stay, word for word."""
    if is_plain(sheet) or is_plain(base) or base.all_or_nothing != sheet.all_or_nothing:
        return False
    return list(map(what_earns, base.parts)) == list(map(what_earns, sheet.parts))


def what_earns(part: Part) -> tuple[Any, ...]:
    """What a part's key depends on."""
    is_text = part.type == "textEntry"
    rows = [
        (row.id, row.right, row.worth, row.place, row.partners, row.text if is_text else "")
        for row in (*part.rows, *part.targets)
    ]
    how = tuple(part.fields[name] for name in _OF_KEY)
    return part.type, part.response, part.credit, tuple(sorted(rows)), how


def _with_parameters_that_fit(
    row: dict[str, Any], sheet: Sheet, base: Sheet, stored: Question, problems: Problems
) -> dict[str, Any]:
    """Of a question that earns another number of scores than before, the parameters begin anew."""
    are_untouched = all(getattr(sheet, name) == getattr(base, name) for name in PARAMETERS)
    if not are_untouched or _categories(row, sheet) in (None, item_parameters(stored).n_categories):
        stays = are_untouched or stored.state == RETIRED  # who types parameters says that it has some
        return {**row, "state": stored.state} if stays else row
    problems.add(
        "parameters",
        say("It can earn another number of points than before: its parameters begin anew, not calibrated."),
        blocks=False,
    )
    bare = {name: value for name, value in row.items() if name not in PARAMETERS}
    if is_plain(sheet):
        return row_of(without_parameters(sheet), Problems())
    return bare


def without_parameters(sheet: Sheet) -> Sheet:
    """The same, with the parameters that such a question usually begins with."""
    bare = copy(sheet)
    for name in PARAMETERS:
        setattr(bare, name, "")
    return bare


def _categories(row: dict[str, Any], sheet: Sheet) -> int | None:
    if is_plain(sheet):
        return max(row["option_scores"]) + 1 if sheet.parts[0].type == RATING else 2
    noted: list[str] = []
    _, program = parse_interactions(row, lambda pointer, _: noted.append(pointer))
    if program is None:
        return len(proposed_categories(row) or ()) if noted == ["/categories"] else None
    return len(program.categories)


def _parsed(
    row: dict[str, Any], sheet: Sheet, concept_names: Sequence[str], problems: Problems
) -> QuestionDraft | None:
    document = {"questions": [row], "concept_names": list(concept_names)}
    try:
        return parse_pool(document).questions[0]
    except PoolRefused as refused:
        if [pointer for pointer, _ in refused.problems] == ["/questions/0/categories"]:
            return _with_fewer_categories(row, sheet, concept_names, problems)
        for pointer, message in refused.problems:
            problems.add(field_of(pointer, sheet), first_up(without_question(message)))
        return None


def _with_fewer_categories(
    row: dict[str, Any], sheet: Sheet, concept_names: Sequence[str], problems: Problems
) -> QuestionDraft | None:
    """More scores than a model can tell apart are put together, and it is said which are counted."""
    categories = proposed_categories(row)
    if categories is None or row.get("categories") is not None:
        problems.add("", say("It can earn more different scores than can be told apart."))
        return None
    counted = ", ".join(f"{score:g}" for score in categories)
    message = say(
        "It can earn more different scores than can be told apart; counted are {scores}.", scores=counted
    )
    problems.add("", message, blocks=False)
    return _parsed({**row, "categories": categories}, sheet, concept_names, problems)


def field_of(pointer: str, sheet: Sheet) -> str:
    """JSON pointer of a refusal → field of the form."""
    name, *inside = pointer.removeprefix("/questions/0").strip("/").split("/")
    if name == "interactions" and inside and inside[0].isdigit():
        return f"part-{inside[0]}"
    if name == "key" and inside:
        responses = [part.response for part in sheet.parts]
        return f"part-{responses.index(inside[0])}" if inside[0] in responses else ""
    if name in _OF_PARTS:
        return "part-0" if len(sheet.parts) == 1 else ""
    if name == "concepts":
        return "concept-0"
    return name if name in _SAME else ""
