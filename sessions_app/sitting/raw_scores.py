"""Points and percent: what a test in linear or random order finds, and all that it finds.

They count over the whole test: a question that was not reached, because time was up or the student left, has
earned nothing. Which questions those are depends on no answer, so the engine says.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from uuid import UUID

from sessions_app.models import TestResponse, TestSession
from sessions_app.sitting.archived import kept_of
from sessions_app.sitting.decisions import so_far_of
from testing_engine.psychometrics import engine
from testing_engine.psychometrics.engine import TestSoFar
from testing_engine.revisions import FrozenRevision, load_revision


@dataclass(frozen=True)
class RawScore:
    """Of a whole test. `right` is None where nothing is right or wrong; `most_points` are those of the
    questions of the test, less those that were answered and cannot be scored."""

    questions: int
    answered: int
    right: int | None
    points: float
    most_points: float

    @property
    def percent(self) -> float | None:
        """Of the points; None where there are none to have."""
        return 100 * max(self.points, 0.0) / self.most_points if self.most_points > 0 else None

    @property
    def is_counting_right(self) -> bool:
        """Whether points are no more than the number of right answers."""
        return self.right is not None and (self.points, self.most_points) == (self.right, self.questions)


def raw_score(
    revision: FrozenRevision, items: Sequence[int], scores: Sequence[int], form: Sequence[int]
) -> RawScore:
    """Of these answers, in a test of the questions `form`, the answered ones among them."""
    unscored = {item for item, score in zip(items, scores, strict=True) if score < 0}
    given = [(item, score) for item, score in zip(items, scores, strict=True) if score >= 0]
    has_right = any(revision.has_right_answer(item) for item in form)
    return RawScore(
        questions=len(form),
        answered=len(items),
        right=sum(revision.is_right(item, score) for item, score in given) if has_right else None,
        points=float(sum(revision.points(item, score) for item, score in given)),
        most_points=float(sum(revision.most_points(item) for item in form if item not in unscored)),
    )


def form_of(so_far: TestSoFar) -> list[int]:
    """The questions of a whole test in linear or random order: those given, and those that would follow."""
    items, scores = list(so_far.items), list(so_far.scores)
    while True:
        next_item = engine.next_step(
            TestSoFar(so_far.bank, so_far.rules, None, so_far.seed, items, scores)
        ).next_item
        if next_item is None:
            return items
        items.append(next_item)
        scores.append(0)


def raw_score_of(session: TestSession, answers: Sequence[tuple[int, int]] | None = None) -> RawScore | None:
    """Of a session's rows; None where it has abilities. `answers`: (question's key, score) in order, if they
    have been read already."""
    if session.has_ability:
        return None
    if answers is None:
        given = list(session.responses.order_by("position").values_list("question_id", "score"))
        answers = given or _kept([session.pk]).get(session.pk, [])
    revision = load_revision(session.revision_id)
    items = [revision.positions_by_key[key] for key, _ in answers]
    scores = [score for _, score in answers]
    is_whole = session.status == TestSession.Status.COMPLETED
    form = items if is_whole else form_of(so_far_of(session, items, scores))
    return raw_score(revision, items, scores, form)


def raw_scores_of(sessions: Iterable[TestSession]) -> dict[object, RawScore]:
    """The same of those among many that have no abilities, by the session's key. One query; two where a
    session has no answer here."""
    counting = {session.pk: session for session in sessions if not session.has_ability}
    if not counting:
        return {}
    rows = TestResponse.objects.filter(session__in=list(counting)).order_by("session_id", "position")
    told = rows.values_list("session_id", "question_id", "score")
    answers = {key: [row[1:] for row in own] for key, own in groupby(told, key=lambda row: row[0])}
    answers |= _kept(key for key in counting if key not in answers)
    found = {key: raw_score_of(session, answers.get(key, [])) for key, session in counting.items()}
    return {key: score for key, score in found.items() if score is not None}


def _kept(sessions: Iterable[UUID]) -> dict[UUID, list[tuple[int, int]]]:
    """(question's key, score) of those whose answers an archive has."""
    return {key: [(each.question_id, each.score) for each in kept] for key, kept in kept_of(sessions).items()}
