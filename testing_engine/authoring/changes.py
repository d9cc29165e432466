"""What a version of a question changed, in words for whoever looks through its history."""

from testing_engine.authoring.drafting import what_earns
from testing_engine.authoring.sheet import PARAMETERS, Sheet
from testing_engine.sentences import marked

_SAME_NAMED = {
    "content": marked("text"),
    "passage": marked("text beside it"),
    "concepts": marked("what it measures"),
    "area": marked("area"),
    "question_set": marked("question set"),
    "enemy_groups": marked("never together with"),
}


def changes_between(before: Sheet, after: Sheet) -> tuple[str, ...]:
    """The parts of the question that differ, in the order of the form; to be translated."""
    found = [words for name, words in _SAME_NAMED.items() if getattr(before, name) != getattr(after, name)]
    if _asked(before) != _asked(after):
        found.insert(1 if before.content != after.content else 0, marked("answers"))
    if _right(before) != _right(after):
        found.append(marked("what is right"))
    if any(getattr(before, name) != getattr(after, name) for name in PARAMETERS):
        found.append(marked("parameters"))
    return tuple(found)


def _asked(sheet: Sheet) -> list[object]:
    """Kinds and words of the answers."""
    return [
        (part.type, part.prompt, [(row.id, row.text, row.fixed) for row in (*part.rows, *part.targets)])
        for part in sheet.parts
    ]


def _right(sheet: Sheet) -> object:
    return sheet.all_or_nothing, list(map(what_earns, sheet.parts))
