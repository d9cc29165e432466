"""What tests of readers look at: a file read, its rows made a pool, answers scored by the pool's rules."""

from collections.abc import Callable
from typing import Any

from testing_engine.interchange.imported import ImportedPool, ImportedQuestion, Upload
from testing_engine.interchange.questions import parse_pool
from testing_engine.questions.answers import canonical_answer
from testing_engine.questions.program import Scoring

Reader = Callable[[Upload], ImportedPool]


class Reading:
    """Everything that a reader took is a pool: parsed on the way, so that no row is refused later."""

    def __init__(self, reader: Reader, content: str | bytes) -> None:
        content = content.encode() if isinstance(content, str) else content
        self.pool = reader(Upload("bank", content))
        self.questions = list(self.pool.questions)
        rows = [question.row for question in self.questions if question.row is not None]
        self.drafts = {d.external_id: d for d in parse_pool({"questions": rows}).questions} if rows else {}

    def only(self) -> ImportedQuestion:
        (question,) = self.questions
        return question

    def question(self, identifier: str) -> ImportedQuestion:
        return next(question for question in self.questions if question.id == identifier)

    def row(self, identifier: str | None = None) -> Any:
        question = self.question(identifier) if identifier else self.only()
        assert question.row is not None, question.refusals
        return question.row

    def score(self, answer: object, identifier: str | None = None) -> float:
        """The score of an answer object; a plain value answers RESPONSE."""
        draft = self.drafts[identifier or self.only().id]
        assert draft.scoring is not None
        given = answer if isinstance(answer, dict) else {"RESPONSE": answer}
        return round(Scoring(draft.scoring).score(canonical_answer(draft.interactions, given)), 6)

    def refusal(self) -> str:
        question = self.only()
        assert question.outcome == "refused"
        return question.refusals[0]
