"""Question banks of others, brought in: a file → a published pool, and what became of each of its questions.

One bad question is refused by name and reason, and the rest is taken. What is taken is published all or
nothing, pictures included; a dry run does the same and leaves nothing.
"""

import re
import unicodedata
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Any, TypeVar

from django.db import IntegrityError, transaction

from organisations import sharing
from organisations.sharing import Level
from testing_engine import pools, sounds, versions
from testing_engine.authoring.proofreading import faults_of_row
from testing_engine.images import ImageRefused, address_of, keep_image, store_image
from testing_engine.interchange.clusters import as_sets
from testing_engine.interchange.exported import addresses_in
from testing_engine.interchange.imported import (
    ImportedPool,
    ImportedQuestion,
    Outcome,
    Upload,
    UploadRefused,
)
from testing_engine.interchange.media import media_of, with_addresses
from testing_engine.interchange.names import NAME_LENGTH, problem_of_name
from testing_engine.interchange.questions import (
    POOL_NAME,
    PoolRefused,
    parse_pool,
    unknown_fields,
    without_question,
)
from testing_engine.interchange.readers import READERS, read_upload
from testing_engine.interchange.with_interactions import proposed_categories
from testing_engine.models import Question, QuestionPool
from testing_engine.pools import QuestionDraft
from testing_engine.psychometrics.items.states import NOT_CALIBRATED
from testing_engine.sentences import Sentence, first_up, reason_of, say
from testing_engine.sound_files import is_sound
from testing_engine.sounds import SoundRefused

SUFFIXES_OF_SOUND = (".ogg", ".oga", ".opus", ".mp3", ".m4a", ".mp4")
NAME_OF_LAST_RESORT = "Imported questions"
Text = TypeVar("Text", str, Sentence)
_UNSAYABLE = re.compile(r"[\x00\ud800-\udfff]")


def sayable(text: Text) -> Text:
    """The text as a report can tell it: JSON brings NUL and halves of signs, which neither PostgreSQL stores
    nor UTF-8 can say.
    """
    if isinstance(text, Sentence):
        values = {name: sayable(value) for name, value in text.values.items()}
        return Sentence(text.words, values, text.shapes)
    return _UNSAYABLE.sub("\ufffd", text)


class ImportRefused(ValueError):
    """Nothing of the file is taken. `problems`: (JSON pointer to a field of the request, message)."""

    def __init__(self, problems: list[tuple[str, Sentence]]) -> None:
        self.problems = [(pointer, sayable(message)) for pointer, message in problems]
        super().__init__(" ".join(message for _, message in self.problems))


class PublishedOtherwise(ValueError):
    """A pool of this id was published from another file, or under another name."""


@dataclass(frozen=True)
class ReportedQuestion:
    """One line of the report. `source`: where in the file; `reasons`: losses, or why it is refused."""

    source: str
    id: str
    outcome: Outcome
    reasons: tuple[Sentence, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "source", sayable(self.source))
        object.__setattr__(self, "id", sayable(self.id))
        object.__setattr__(self, "reasons", tuple(map(sayable, self.reasons)))


@dataclass(frozen=True)
class Report:
    """What became of a file. `pool` is None after a dry run, and where nothing could be taken."""

    format: str
    name: str
    pool: QuestionPool | None
    questions: tuple[ReportedQuestion, ...]
    not_calibrated: int = 0  # of those taken, without parameters

    @property
    def refused(self) -> int:
        return sum(question.outcome == "refused" for question in self.questions)

    @property
    def taken(self) -> int:
        return len(self.questions) - self.refused


@dataclass(frozen=True)
class Wishes:
    """What whoever brings a file says of it; what is not said, the file says, or its name."""

    format: str | None = None
    name: str | None = None
    concept_names: tuple[str, ...] = ()
    dry_run: bool = False
    pool_id: uuid.UUID | None = None  # the same id again is the same import again
    apart: bool = False  # a question of several parts becomes a set, a question for each part
    into: uuid.UUID | None = None  # the pool that gets the questions; name and concepts are then its own
    override_reason: str = ""  # why they go into it although its requirements are not met


def import_pool(
    upload: Upload, wishes: Wishes | None = None, progress: Callable[[int, int], object] = lambda *_: None
) -> Report:
    """Read, check and publish. `progress` is told how many questions were looked at, and how many there are.

    Raises `ImportRefused`, or `PublishedOtherwise` where `pool_id` stands for another import.
    """
    wishes = wishes or Wishes()
    imported = _read(upload, wishes)
    if wishes.into is not None:
        return _added(imported, wishes, progress)
    name = _name(upload, imported, wishes)
    names = wishes.concept_names or imported.concept_names or _one_concept(name, imported)
    with transaction.atomic():
        checking = _Checking(imported, names)
        drafts = checking.look_at_all(progress)
        pool = None
        if wishes.dry_run:
            transaction.set_rollback(True)
        elif drafts:
            pool = _published(name, names, drafts, wishes.pool_id, imported.scale)
    return Report(imported.format, name, pool, tuple(checking.report), _not_calibrated(drafts))


def _added(imported: ImportedPool, wishes: Wishes, progress: Callable[[int, int], object]) -> Report:
    """The same into a pool that is there, as its next revision; what it has already is refused by name.

    Concepts of the file go by the place of their names among the pool's; without names, by their own.
    """
    with transaction.atomic():
        pool = QuestionPool.objects.select_for_update().filter(pk=str(wishes.into)).first()
        if pool is not None:
            sharing.require(pool, Level.CHANGE)
        if pool is None:
            raise ImportRefused([("/question_pool_id", say("There is no such pool."))])
        if imported.concept_names and len(pool.concept_names) > 1:
            imported = _with_concepts_of(imported, pool)
        checking = _Checking(imported, pool.concept_names, pool)
        drafts = checking.look_at_all(progress)
        if wishes.dry_run:
            transaction.set_rollback(True)
        elif drafts:
            versions.add_questions(pool, drafts)
            pool.refresh_from_db()
    taken_into = None if wishes.dry_run or not drafts else pool
    return Report(imported.format, pool.name, taken_into, tuple(checking.report), _not_calibrated(drafts))


def _not_calibrated(drafts: Sequence[QuestionDraft]) -> int:
    return sum(draft.parameters.state == NOT_CALIBRATED for draft in drafts)


def _with_concepts_of(imported: ImportedPool, pool: QuestionPool) -> ImportedPool:
    """Concepts in the pool's order. Raises `ImportRefused` where the file names one that the pool has not."""
    if missing := [name for name in imported.concept_names if name not in pool.concept_names]:
        raise ImportRefused(
            [("/file", say("The pool measures nothing called {missing}.", missing=", ".join(missing)))]
        )
    places = [pool.concept_names.index(name) for name in imported.concept_names]

    def placed(question: ImportedQuestion) -> ImportedQuestion:
        weights = (question.row or {}).get("concepts")
        if not isinstance(weights, list) or len(weights) != len(places):
            return question
        own = [0.0] * len(pool.concept_names)
        for place, weight in zip(places, weights, strict=True):
            own[place] = weight
        return replace(question, row={**(question.row or {}), "concepts": own})

    return replace(imported, questions=tuple(map(placed, imported.questions)))


def _read(upload: Upload, wishes: Wishes) -> ImportedPool:
    if wishes.format is not None and wishes.format not in READERS:
        raise ImportRefused([("/format", say("Must be one of {formats}.", formats=", ".join(READERS)))])
    try:
        imported = read_upload(upload, wishes.format)
    except UploadRefused as refused:
        raise ImportRefused([("/file", reason_of(refused))]) from refused
    if not imported.questions:
        raise ImportRefused([("/file", say("{name} holds no question.", name=upload.name))])
    return as_sets(imported) if wishes.apart else imported


def _name(upload: Upload, imported: ImportedPool, wishes: Wishes) -> str:
    """The name that was wished for, or the first of the file's own that can be one."""
    if wishes.name:
        if problem := problem_of_name(wishes.name, POOL_NAME):
            raise ImportRefused([("/name", say("The name {problem}.", problem=problem))])
        return wishes.name
    for candidate in (imported.name, PurePath(upload.name).stem):
        name = " ".join(unicodedata.normalize("NFC", candidate).split())
        if problem_of_name(name, POOL_NAME) is None:
            return name
    return NAME_OF_LAST_RESORT


def _one_concept(pool_name: str, imported: ImportedPool) -> tuple[str, ...]:
    """A file that knows no concepts measures one thing, called as the pool: so that a test can begin."""
    rows = [question.row for question in imported.questions if question.row is not None]
    return () if any(row.get("concepts") for row in rows) else (pool_name[:NAME_LENGTH].strip(),)


def _published(
    name: str,
    names: Sequence[str],
    drafts: Sequence[QuestionDraft],
    pool_id: uuid.UUID | None,
    scale: str,
) -> QuestionPool:
    """The new pool, or the one that the same import published before."""
    try:
        with transaction.atomic():
            return pools.publish_pool(name, names, drafts, pool_id=pool_id, scale=scale)
    except IntegrityError:
        found = QuestionPool.objects.filter(pk=pool_id).first() if pool_id else None
        if found is None:
            raise
    if not pools.was_published_as(found, name, names, drafts):
        raise PublishedOtherwise
    return found


class _Checking:
    """Questions one by one against the rules of pool documents, and against those before them."""

    def __init__(
        self, imported: ImportedPool, concept_names: Sequence[str], pool: QuestionPool | None = None
    ) -> None:
        self.report: list[ReportedQuestion] = []
        self._questions, self._media, self._kept = imported.questions, imported.media, imported.kept
        self._names = list(concept_names)
        self._width = len(concept_names) if pool is None else pool.concept_count
        self._sources: dict[str, str] = {}  # id → where it stands
        stored = Question.objects.filter(pool=pool).values_list("external_id", flat=True)
        self._taken = frozenset(stored if pool else ())  # archived ones, too: they come back by their id
        self._addresses: dict[str, str] = {}  # of pictures that are stored

    def look_at_all(self, progress: Callable[[int, int], object]) -> list[QuestionDraft]:
        """Those that are taken, in order. `progress` is told as `import_pool` says."""
        drafts = []
        for looked_at, question in enumerate(self._questions, start=1):
            if (draft := self._look_at(question)) is not None:
                drafts.append(draft)
            progress(looked_at, len(self._questions))
        return drafts

    def _look_at(self, question: ImportedQuestion) -> QuestionDraft | None:
        """The question as it will be published; None where it is refused. Either way it is reported."""
        losses = list(question.losses)
        if question.outcome == "refused" or question.row is None:
            self._refuse(question, question.refusals or (say("It cannot be read."),))
            return None
        try:
            with transaction.atomic():  # the pictures of a question that is refused are not kept
                row, addresses = self._with_pictures(question.row)
                draft = self._draft(row, losses)
                if faults := faults_of_row(row):  # what the desk would not publish either
                    raise _Refused(faults)
        except _Refused as refused:
            self._refuse(question, refused.reasons)
            return None
        self._addresses |= addresses
        self._width = len(draft.parameters.concepts)
        self._sources[draft.external_id] = question.source
        outcome: Outcome = "taken_with_loss" if losses else "taken"
        self.report.append(ReportedQuestion(question.source, draft.external_id, outcome, tuple(losses)))
        return draft

    def _refuse(self, question: ImportedQuestion, reasons: Sequence[Sentence]) -> None:
        self.report.append(ReportedQuestion(question.source, question.id, "refused", tuple(reasons)))

    def _with_pictures(self, row: Mapping[str, Any]) -> tuple[Mapping[str, Any], dict[str, str]]:
        """The row with addresses in the place of the file's names, and which are new."""
        new: dict[str, str] = {}
        problems: list[Sentence] = []
        for name in media_of(row):
            if name in self._addresses:
                continue
            if name not in self._media:
                problems.append(_missing(name))
                continue
            try:
                new[name] = _stored(name, self._media[name])
            except (ImageRefused, SoundRefused) as error:
                problems.append(_unfit(name, error.sentence))
        for address in addresses_in(row):
            if address in self._kept:
                try:
                    keep = sounds.keep_sound if address.startswith("/sounds/") else keep_image
                    keep(self._kept[address], address)
                except (ImageRefused, SoundRefused) as error:
                    problems.append(_unfit(address, error.sentence))
        if problems:
            raise _Refused(problems)
        return with_addresses(row, self._addresses | new), new

    def _draft(self, row: Mapping[str, Any], losses: list[Sentence]) -> QuestionDraft:
        row = self._with_concepts(row)
        try:
            draft = self._parsed(row)
        except PoolRefused as refused:
            merged = self._with_fewer_categories(row, refused, losses)
            if merged is None:
                raise _Refused(_reasons(refused)) from refused
            draft = merged
        losses += [
            say("{name} means nothing here and is left out.", name=name) for name in unknown_fields([row])
        ]
        if (earlier := self._sources.get(draft.external_id)) is not None:
            told = repr(draft.external_id)
            raise _Refused([say("id: {id} was used before, at {earlier}.", id=told, earlier=earlier)])
        if draft.external_id in self._taken:
            told = repr(draft.external_id)
            raise _Refused([say("id: The pool has a question called {id} already.", id=told)])
        width = len(draft.parameters.concepts)
        if self._width and width != self._width:
            raise _Refused(
                [say("concepts: It has {width}, the pool has {wanted}.", width=width, wanted=self._width)]
            )
        return draft

    def _parsed(self, row: Mapping[str, Any]) -> QuestionDraft:
        return parse_pool({"concept_names": self._names, "questions": [row]}).questions[0]

    def _with_concepts(self, row: Mapping[str, Any]) -> Mapping[str, Any]:
        """What measures nothing by name measures the one concept, or the one that its area is called by."""
        if row.get("concepts"):
            return row
        if len(self._names) <= 1 and self._width <= 1:
            return {**row, "concepts": [1.0]}
        if row.get("area") in self._names:
            return {**row, "concepts": [float(name == row["area"]) for name in self._names]}
        raise _Refused([say("concepts: The file does not say which of the concepts it measures.")])

    def _with_fewer_categories(
        self, row: Mapping[str, Any], refused: PoolRefused, losses: list[Sentence]
    ) -> QuestionDraft | None:
        """More scores than a model can tell apart are put together, and the report says so."""
        is_that = [pointer for pointer, _ in refused.problems] == ["/questions/0/categories"]
        categories = proposed_categories(row) if is_that and row.get("categories") is None else None
        if categories is None:
            return None
        try:
            draft = self._parsed({**row, "categories": categories})
        except PoolRefused:
            return None
        steps = ", ".join(f"{score:g}" for score in categories)
        losses.append(
            say(
                "It can earn more different scores than a model tells apart; counted are {steps}.",
                steps=steps,
            )
        )
        return draft


def _missing(name: str) -> Sentence:
    if _is_called_a_sound(name):
        return say("The sound {name} is not in the file.", name=name)
    return say("The picture {name} is not in the file.", name=name)


def _unfit(name: str, problem: Sentence) -> Sentence:
    if _is_called_a_sound(name):
        return say("The sound {name}: {problem}", name=name, problem=problem)
    return say("The picture {name}: {problem}", name=name, problem=problem)


def _is_called_a_sound(name: str) -> bool:
    return PurePath(name).suffix.lower() in SUFFIXES_OF_SOUND


def _stored(name: str, medium: bytes) -> str:
    """The address of a picture or sound, by its content, else by its name. Raises `ImageRefused` or
    `SoundRefused`."""
    if is_sound(medium) or _is_called_a_sound(name):
        return sounds.address_of(sounds.store_sound(medium))
    return address_of(store_image(medium))


class _Refused(Exception):
    def __init__(self, reasons: Sequence[Sentence]) -> None:
        super().__init__()
        self.reasons = tuple(reasons)


def _reasons(refused: PoolRefused) -> list[Sentence]:
    """What is wrong with the question, by field. Raises `ImportRefused` for what is not the question's."""
    found: list[Sentence] = []
    for pointer, message in refused.problems:
        if not pointer.startswith("/questions/0"):
            raise ImportRefused([(pointer, message)])
        field = pointer.removeprefix("/questions/0").strip("/")
        said = without_question(message)
        found.append(say("{field}: {problem}", field=field, problem=first_up(said)) if field else said)
    return found
