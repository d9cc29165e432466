"""A question of several parts as a set of questions, each of which is scored by itself.

One question with part marks is one observation of what a student can; a set is as many as it has parts, and
a test gives them one after the other. Which is better depends on how much one part gives away of the others
(Wainer & Kiely 1987), so whoever brings the questions chooses.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from testing_engine.interchange.drafting import RIGHT_AS_A_WHOLE, TOO_MANY_SCORES
from testing_engine.interchange.imported import ImportedPool, ImportedQuestion
from testing_engine.interchange.states import LIST_FIELDS, NUMBER_FIELDS
from testing_engine.sentences import say

BLANK = "____"  # where another question of the set asks
MERGED = (RIGHT_AS_A_WHOLE.words, TOO_MANY_SCORES)  # losses that a set does not have
PARAMETERS = (*NUMBER_FIELDS, *LIST_FIELDS, "model", "state")
OF_THE_WHOLE = ("categories", "all_or_nothing", *PARAMETERS)
TOGETHER = say("Its parts are scored together, so it stays one question.")
WITHOUT_PARAMETERS = say("The file's parameters are those of all parts together; none are taken.")
_SLOT = re.compile(r"\[\[([^\s\[\]:]{1,100})(?::[^\s\[\]]{1,100})?\]\]")


def as_sets(imported: ImportedPool) -> ImportedPool:
    """Every question of several parts as a set of its parts, `ID-1`, `ID-2`, … One whose parts are scored
    together stays, with a loss that says so."""
    parts = [part for question in imported.questions for part in _parts(question)]
    return replace(imported, questions=parts)


def _parts(question: ImportedQuestion) -> Iterator[ImportedQuestion]:
    row = question.row
    asked = (row or {}).get("interactions") or ()
    if row is None or question.refusals or len(asked) < 2:
        yield question
        return
    keys = row.get("key")
    if not isinstance(keys, Mapping) or any(_name(interaction) not in keys for interaction in asked):
        yield replace(question, losses=(*question.losses, TOGETHER))
        return
    losses = tuple(loss for loss in question.losses if loss.words not in MERGED)
    if any(row.get(name) is not None for name in (*NUMBER_FIELDS, *LIST_FIELDS)):
        losses = (*losses, WITHOUT_PARAMETERS)
    for number, interaction in enumerate(asked, start=1):
        response = _name(interaction)
        own: dict[str, Any] = {name: value for name, value in row.items() if name not in OF_THE_WHOLE}
        own |= {
            "id": f"{question.id}-{number}",
            "content": _with_one_place(row["content"], response),
            "interactions": [interaction],
            "key": {response: keys[response]},
            "question_set": row.get("question_set") or question.id,
        }
        source = say("{source}, part {number}", source=question.source, number=number)
        yield ImportedQuestion(source, str(own["id"]), own, losses)


def _with_one_place(content: str, response: str) -> str:
    return _SLOT.sub(lambda slot: slot[0] if slot[1] == response else BLANK, content)


def _name(interaction: Mapping[str, Any]) -> str:
    return str(interaction.get("response"))
