"""What a cell of a file of answers earns, by the question's own key."""

import json
from collections.abc import Mapping

from django.db.models import TextChoices

from sessions_app.refusals import InvalidResponse
from sessions_app.sitting.responses import read_response
from testing_engine.interchange.answer_files import MISSING, CellRefused
from testing_engine.questions.interactions import TextEntry, is_single_choice
from testing_engine.revisions import FrozenRevision


class Values(TextChoices):
    """What the cells of a file are."""

    CATEGORIES = "categories", "categories from 0, already scored"
    LETTERS = "letters", "options as letters: A is the first"
    NUMBERS = "numbers", "options as numbers: 1 is the first"
    TEXTS = "texts", "what was answered: an option's text, what was typed, or response variables as JSON"


class KeyedCells:
    """`Score` of a revision's questions."""

    def __init__(self, revision: FrozenRevision, values: str) -> None:
        self._revision = revision
        self._read = {
            Values.CATEGORIES: self._category,
            Values.LETTERS: self._by_letter,
            Values.NUMBERS: self._by_number,
            Values.TEXTS: self._by_text,
        }[Values(values)]

    def __call__(self, question: str, cell: str) -> int:
        return self._read(self._revision.positions[question], cell)

    def _category(self, item: int, cell: str) -> int:
        categories = int(self._revision.bank.n_categories[item])
        try:
            number = float(cell)
        except ValueError:
            number = -2.0
        if number == -1:
            return MISSING
        if not (number.is_integer() and 0 <= number < categories):
            raise CellRefused(f"is no category: 0 to {categories - 1}, or −1 for none.")
        return int(number)

    def _by_letter(self, item: int, cell: str) -> int:
        if not (len(cell) == 1 and "A" <= cell.upper() <= "Z"):
            raise CellRefused("is no letter of an option.")
        return self._scored(item, ord(cell.upper()) - ord("A"))

    def _by_number(self, item: int, cell: str) -> int:
        if not (cell.isascii() and cell.isdecimal() and 1 <= len(cell) <= 3):
            raise CellRefused("is no number of an option.")
        return self._scored(item, int(cell) - 1)

    def _by_text(self, item: int, cell: str) -> int:
        question = self._revision.with_interactions.get(item)
        if question is None or is_single_choice(question.interactions):
            return self._scored(item, cell)
        if len(question.interactions) == 1 and isinstance(question.interactions[0], TextEntry):
            return self._scored(item, {question.interactions[0].response: cell})
        try:
            values = json.loads(cell)
        except ValueError:
            values = None
        if not isinstance(values, dict):
            raise CellRefused("is no JSON object of response variables.")
        return self._scored(item, values)

    def _scored(self, item: int, given: int | str | Mapping[str, object]) -> int:
        try:
            return self._revision.score(item, read_response(self._revision, item, given))
        except InvalidResponse as refused:
            message = str(refused)
            raise CellRefused(f"is refused: {message[:1].lower()}{message[1:]}") from refused
