"""Every decision of a test again, from its answers, revision, rules, prior and seed: is it what is stored?

It only reads. From the stored rows it takes the questions given and the options chosen; scores, abilities,
standard errors, stops and next questions it computes anew and compares, numbers bit for bit.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import numpy as np

from sessions_app.models import CatStage, TestResponse, TestSession
from sessions_app.refusals import InvalidResponse, SessionNotFound
from sessions_app.reporting.said import answered
from sessions_app.sitting import times
from sessions_app.sitting.ahead import items_ahead
from sessions_app.sitting.decisions import so_far_of
from sessions_app.sitting.responses import Read, read_response, read_stored
from sessions_app.sitting.thousandths import told
from testing_engine.psychometrics import engine
from testing_engine.psychometrics.ability.overall import overall_score
from testing_engine.psychometrics.effort import MISSING
from testing_engine.questions.answers import Points
from testing_engine.revisions import FrozenRevision, load_plan, load_revision

LEADING = 5  # candidates that an explanation shows


@dataclass(frozen=True)
class Difference:
    """`stored` is what the row says, `recomputed` what it should. `answer`: its number, from 1; None: the
    session's own row."""

    answer: int | None
    field: str
    stored: object
    recomputed: object

    @property
    def place(self) -> str:
        return "session" if self.answer is None else f"answer {self.answer}"


@dataclass(frozen=True)
class Given:
    """An answer as stored, with its score by the key."""

    question: str
    answer: Read
    score: int
    is_right: bool
    is_pilot: bool = False  # only tried out: it counts in nothing
    is_rapid: bool = False  # too fast to be one of effort: abilities leave it out

    @property
    def said(self) -> str:
        """The answer, for people who look at a replay."""
        if self.answer is None:
            return "I don't know"
        if isinstance(self.answer, int):
            return f"option {self.answer}"
        if isinstance(self.answer, Points):
            return f"{self.answer.value:g} points"
        values = (v if isinstance(v, str) else ", ".join(v) for v in self.answer.values())
        return (
            "; ".join(f"{name} {value}" for name, value in zip(self.answer, values, strict=True)) or "nothing"
        )


@dataclass(frozen=True)
class Candidate:
    """A question and what it is worth to the criterion. `closed_by`: the rule that does not let it come."""

    question: str
    value: float
    closed_by: str


@dataclass(frozen=True)
class Why:
    """Why a question came: what chose it, from which leading candidates, and which others were closed."""

    chosen_by: str
    criterion: str
    chosen: Candidate
    candidates: tuple[Candidate, ...]
    closed: tuple[Candidate, ...]

    @property
    def listed(self) -> tuple[Candidate, ...]:
        """The leading candidates, and behind them the chosen one where it is none of them."""
        is_leading = any(each.question == self.chosen.question for each in self.candidates)
        return self.candidates if is_leading else (*self.candidates, self.chosen)


@dataclass(frozen=True)
class ReplayedStep:
    """Where the test stood after so many answers, recomputed. `given` is the last of them."""

    answered: int
    given: Given | None
    theta: tuple[float, ...]
    standard_error: tuple[float, ...]
    stop: str | None
    next_question: str | None
    why: Why | None

    @property
    def ability(self) -> list[tuple[float, float]]:
        """(θ, standard error) of each concept."""
        return list(zip(self.theta, self.standard_error, strict=True))

    @property
    def told_ability(self) -> list[tuple[str, float]]:
        """The same, θ as people read it."""
        return [(told(theta), error) for theta, error in self.ability]


@dataclass(frozen=True)
class Replay:
    """`broken_off`: from where on nothing could be recomputed; "" where all of it could."""

    session_id: UUID
    steps: tuple[ReplayedStep, ...] = ()
    differences: tuple[Difference, ...] = ()
    broken_off: str = ""
    is_imported: bool = False
    archive: str | None = None  # has the answers, which are not here

    @property
    def is_replayable(self) -> bool:
        return not self.is_imported and self.archive is None

    @property
    def is_identical(self) -> bool:
        return self.is_replayable and not self.differences

    @property
    def verdict(self) -> str:
        """In one line."""
        if self.is_imported:
            return "not replayable: it was imported, and the original service kept neither rules nor seed"
        if self.archive is not None:
            return f"not replayable: its answers are in the archive {self.archive}"
        if self.is_identical:
            return f"identical: {_counted(len(self.steps), 'step')}"
        return f"different in {_counted(len(self.differences), 'place')}"


def replay(session_id: UUID, *, candidates: int = 0) -> Replay:
    """Replay a session; with `candidates`, say at every step why, by so many of the leading questions.

    Raises `SessionNotFound`.
    """
    session, responses = _rows(session_id)
    if session.legacy_id is not None:
        return Replay(session_id, is_imported=True)
    if (archived := getattr(session, "archived", None)) is not None:
        return Replay(session_id, archive=archived.archive.name)
    replaying = _Replaying(session, candidates)
    try:
        replaying.run(responses)
    except ValueError as error:  # how engine and rules refuse what nobody can compute with
        replaying.break_off("computation", "done", f"refused: {error}")
    return Replay(
        session_id, tuple(replaying.steps), tuple(replaying.differences), broken_off=replaying.broken_off
    )


def _rows(session_id: UUID) -> tuple[TestSession, list[TestResponse]]:
    """The session and its answers as of one moment: read again if the test went on in between."""
    while True:
        session = (
            TestSession.objects.select_related("cat_sitting", "archived__archive")
            .filter(pk=session_id)
            .first()
        )
        if session is None:
            raise SessionNotFound
        responses = list(session.responses.select_related("question").order_by("position"))
        unchanged = {"questions_answered": session.questions_answered, "status": session.status}
        if TestSession.objects.filter(pk=session_id, **unchanged).exists():
            return session, responses


class _Replaying:
    """A replay under way."""

    def __init__(self, session: TestSession, candidates: int) -> None:
        self.session = session
        self.candidates = candidates
        self.items: list[int] = []
        self.scores: list[int] = []  # as they count
        self.asked_at = 0
        self.stood: Counter[int] = Counter()
        self.stages = _stages_of(session)
        self.ahead: set[int] = set()  # handed out with an earlier question: may come whatever the engine says
        self.steps: list[ReplayedStep] = []
        self.differences: list[Difference] = []
        self.broken_off = ""

    def run(self, responses: Sequence[TestResponse]) -> None:
        revision = load_revision(self.session.revision_id)
        self.stood = times.stood_still(self.session)
        self.asked_at = times.asked_at(self.session, ())
        step = self.step(revision, None)
        for number, response in enumerate(responses, start=1):
            given = self.take(number, response, step, revision)
            if given is None:
                return
            step = self.step(revision, given)
            self.compare(number, "theta", response.theta, step.ability.theta.tolist())
            self.compare(
                number, "standard_error", response.standard_error, step.ability.standard_error.tolist()
            )
            self.compare_overall(number, response, step)
        self.compare_session(step)
        self.compare_overall(None, self.session, step)

    def compare(self, answer: int | None, field: str, stored: object, recomputed: object) -> None:
        """Note it if it differs."""
        if _bits(stored) != _bits(recomputed):
            self.differences.append(Difference(answer, field, stored, recomputed))

    def compare_overall(self, answer: int | None, row: TestSession | TestResponse, step: engine.Step) -> None:
        """The mean over several concepts, where the row has one: answers of earlier versions have none."""
        if row.overall_theta is None:
            return
        score = overall_score(step.ability, load_revision(self.session.revision_id).bank, self.items)
        theta, error = score or (None, None)
        self.compare(answer, "overall_theta", [row.overall_theta], [theta])
        self.compare(answer, "overall_error", [row.overall_error], [error])

    def break_off(self, field: str, stored: object, recomputed: str) -> None:
        """Nothing can be computed from the next answer on."""
        number = len(self.steps)
        self.broken_off = "Nothing could be recomputed" + (f" from answer {number} on." if number else ".")
        self.differences.append(Difference(number or None, field, stored, recomputed))

    def step(self, revision: FrozenRevision, given: Given | None) -> engine.Step:
        """The engine's step after this answer and those before it."""
        if given is not None:
            self.items.append(revision.positions[given.question])
            self.scores.append(MISSING if given.is_rapid else given.score)
        so_far = so_far_of(self.session, self.items, self.scores)
        step = engine.next_step(so_far)
        if (stage := self.stages.get(len(self.items))) is not None and stage.items:
            self.look_ahead(stage, so_far, step, revision)
        is_explained = self.candidates and step.next_item is not None
        self.steps.append(
            ReplayedStep(
                answered=len(self.items),
                given=given,
                theta=tuple(step.ability.theta.tolist()),
                standard_error=tuple(step.ability.standard_error.tolist()),
                stop=step.stop,
                next_question=None if step.next_item is None else revision.external_ids[step.next_item],
                why=_why(revision, engine.explain(so_far, self.candidates)) if is_explained else None,
            )
        )
        return step

    def look_ahead(
        self, stage: CatStage, so_far: engine.TestSoFar, step: engine.Step, revision: FrozenRevision
    ) -> None:
        """What was handed out here beside the current question, compared."""
        current = stage.items[0]
        if current not in self.ahead and step.next_item is not None:
            current = step.next_item
        ahead = items_ahead(so_far, current, len(stage.items) - 1)
        names = revision.external_ids
        handed_out = [names[item] if item < len(names) else f"item {item}" for item in stage.items]
        expected = [names[item] for item in ahead]
        self.compare(None, f"stage {stage.number}", ", ".join(handed_out), ", ".join(expected))
        self.ahead.update(ahead[1:])

    def take(
        self, number: int, response: TestResponse, step: engine.Step, revision: FrozenRevision
    ) -> Given | None:
        """The next answer, compared. None if the engine cannot be given it."""
        self.compare(number, "position", response.position, number)
        item = revision.positions_by_key.get(response.question_id)
        if item is None:
            self.break_off("question", f"primary key {response.question_id}", "one of the session's revision")
            return None
        question = revision.external_ids[item]
        if item in self.ahead:
            pass
        elif step.next_item is None:
            self.compare(number, "stop", f"none: {question} came", step.stop)
        else:
            self.compare(number, "question", question, revision.external_ids[step.next_item])
        stored = read_stored(response)
        try:
            answer = read_response(revision, item, stored)
        except InvalidResponse as refused:
            last = len(revision.option_scores[item]) - 1
            is_option = isinstance(stored, int)
            self.break_off("answer", stored, f"an option from 0 to {last}" if is_option else str(refused))
            return None
        self.compare(number, "answer", stored, answer)
        score = revision.score(item, answer)
        is_pilot = engine.is_pilot(so_far_of(self.session, self.items, self.scores), item)
        shown = answered(response) if answer == stored else answer
        rules = load_plan(self.session.plan_id).rules
        is_rapid = times.is_rapid(rules, item, answer, times.taken(self.asked_at, response.answered_at))
        self.asked_at = times.now_asked(rules, response.answered_at, self.stood[number])
        given = Given(question, shown, score, revision.is_right(item, score), is_pilot, is_rapid)
        self.compare(number, "score", response.score, score)
        self.compare(number, "is_correct", response.is_correct, given.is_right)
        self.compare(number, "is_pilot", response.is_pilot, is_pilot)
        self.compare(number, "is_rapid", response.is_rapid, is_rapid)
        return given

    def compare_session(self, last: engine.Step) -> None:
        """The session's own row against the last step."""
        session = self.session
        if session.current_position in self.ahead:  # answered already: its result is on its way
            last = replace(last, stop=None, next_item=session.current_position)
        if last.stop is not None:
            status, reason = TestSession.Status.COMPLETED.value, last.stop
        elif session.status in (TestSession.Status.ENDED, TestSession.Status.EXPIRED):
            # Whether a student goes on is not the engine's to say: the event is on record, and why.
            end = session.events.filter(kind=session.status).last()
            status, reason = session.status, end.reason if end else "no event says so"
        else:
            status, reason = TestSession.Status.ACTIVE.value, ""
        expected: dict[str, object] = {
            "questions_answered": len(self.items),
            "correct_responses": sum(
                step.given.is_right and not step.given.is_pilot for step in self.steps if step.given
            ),
            "pilots_answered": sum(step.given.is_pilot for step in self.steps if step.given),
            "rapid_answers": sum(step.given.is_rapid for step in self.steps if step.given),
            "theta": last.ability.theta.tolist(),
            "standard_error": last.ability.standard_error.tolist(),
            "status": status,
            "end_reason": reason,
            "current_position": last.next_item if status == TestSession.Status.ACTIVE else None,
        }
        # Where the rules bring the prior, the row only repeats it.
        if so_far_of(session, self.items, self.scores).prior is None:
            start = self.steps[0]
            expected |= {"prior_mean": list(start.theta), "prior_sd": list(start.standard_error)}
        for name, value in expected.items():
            self.compare(None, name, getattr(session, name), value)


def _stages_of(session: TestSession) -> dict[int, CatStage]:
    """What was handed out in a session of the CAT API, by the number of answers before it."""
    if not hasattr(session, "cat_sitting"):
        return {}
    return {stage.after_answers: stage for stage in CatStage.objects.filter(session=session)}


def _bits(value: Any) -> object:
    """Floats by their bits: −0 is not 0, and what is not a number is itself."""
    return np.array(value, dtype=np.float64).tobytes() if isinstance(value, list) else value


def _why(revision: FrozenRevision, choice: engine.Choice) -> Why:
    def named(candidates: Iterable[engine.Candidate]) -> tuple[Candidate, ...]:
        return tuple(Candidate(revision.external_ids[c.item], c.value, c.closed_by) for c in candidates)

    assert choice.chosen is not None  # only a step that goes on is explained
    (chosen,) = named([choice.chosen])
    return Why(choice.by, choice.criterion, chosen, named(choice.candidates), named(choice.closed))


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
