"""What a pool measures, how it was used, what came out of its tests, how a question was answered: numbers
with their pictures, for a page of any door."""

from collections.abc import Sequence
from dataclasses import dataclass

from sessions_app.replica import may_lag
from sessions_app.reporting import item_statistics
from sessions_app.reporting.exposure import observed
from sessions_app.reporting.item_statistics import FrequentAnswer, MeanSquare, Use
from sessions_app.reporting.pictures import answers as answers_pictures
from sessions_app.reporting.pictures import exposure as exposure_pictures
from sessions_app.reporting.pictures.results import results_pictures
from sessions_app.reporting.pool_readiness import Readiness, readiness_of
from sessions_app.reporting.population import abilities
from sessions_app.reporting.result_distribution import Results, results_of_pool
from testing_engine.excerpts import excerpt
from testing_engine.models import Question, QuestionPool
from testing_engine.pictures import questions as question_pictures
from testing_engine.pictures.picture import Picture
from testing_engine.pictures.pools import FEWEST_STUDENTS, pool_pictures
from testing_engine.pictures.voice import ENGLISH, Voice
from testing_engine.psychometrics.constraints.exposure import mean_overlap
from testing_engine.psychometrics.items.parts import counting
from testing_engine.revisions import FrozenRevision, load_revision

LATEST = 20  # revisions that exposure can be asked of
FREQUENT = 10  # whole answers that are listed
DRAWN = 5  # lines of whole answers in a picture


class NothingToShow(LookupError):
    """There is no such revision, or no such question in the newest one."""


@dataclass(frozen=True)
class Measured:
    """Of the newest revision. Without parameters there is no picture; `gaps` are sentences."""

    revision: int
    readiness: Readiness
    pictures: tuple[Picture, ...] = ()
    gaps: tuple[str, ...] = ()


@dataclass(frozen=True)
class Exposed:
    """Of one revision, over its tests that are over. `others`: other revisions, the newest first;
    `overlap`: share of a test that another student's had too, None where no two can be compared."""

    revision: int
    others: tuple[int, ...]
    tests: int
    questions: int
    unused: tuple[str, ...]
    largest: float
    overlap: float | None
    pictures: tuple[Picture, ...]


@dataclass(frozen=True)
class Answered:
    """Of the version of a question that the newest revision has. `imported`: answers that count in times
    alone, as their abilities are of another model."""

    id: str
    version: int
    model: str
    content: str
    has_parameters: bool
    use: Use
    imported: int
    infit: MeanSquare | None
    outfit: MeanSquare | None
    frequent: tuple[FrequentAnswer, ...]
    pictures: tuple[Picture, ...]


@may_lag
def measured(pool: QuestionPool, say: Voice = ENGLISH) -> Measured:
    """Where the pool tells much and where it does not."""
    revision, readiness = _newest(pool), readiness_of(pool)
    assert pool.current_revision is not None
    number, part = pool.current_revision.number, counting(revision.bank)
    if part.bank is None:
        return Measured(number, readiness)
    names = tuple(
        pool.concept_names or (say("concept {number}", number=i + 1) for i in range(pool.concept_count))
    )
    known = abilities(pool.scale_id, pool.concept_names, FEWEST_STUDENTS)
    ids = tuple(revision.external_ids[place] for place in part.places)
    shown = pool_pictures(part.bank, ids, names, known or ((),) * len(names), say)
    return Measured(number, readiness, shown.pictures, shown.gaps)


@may_lag
def exposed(pool: QuestionPool, number: int | None = None, say: Voice = ENGLISH) -> Exposed:
    """How often each question of a revision was used, the newest if none is named. Raises `NothingToShow`."""
    numbers = dict(pool.revisions.order_by("-number").values_list("number", "pk")[:LATEST])
    if number is None:
        assert pool.current_revision is not None
        number = pool.current_revision.number
    if number not in numbers:
        raise NothingToShow
    revision = load_revision(numbers[number])
    used = observed(revision)
    overlap = mean_overlap(used.given, used.tests)
    return Exposed(
        revision=number,
        others=tuple(each for each in numbers if each != number),
        tests=used.tests,
        questions=revision.bank.n_items,
        unused=tuple(name for name, n in zip(revision.external_ids, used.given, strict=True) if not n),
        largest=float(used.rates.max()),
        overlap=None if overlap != overlap else float(overlap),
        pictures=(exposure_pictures.rates(used, revision.external_ids, say),) if used.tests else (),
    )


@may_lag
def resulted(pool: QuestionPool, say: Voice = ENGLISH) -> tuple[Results, tuple[Picture, ...]]:
    """What came out of all tests of the pool, whatever its revision was."""
    results = results_of_pool(pool.pk)
    return results, results_pictures(results, say)


@may_lag
def answered(pool: QuestionPool, question_pk: int, say: Voice = ENGLISH) -> Answered:
    """A question's model, and how it was answered. The key shows. Raises `NothingToShow`."""
    revision = _newest(pool)
    if question_pk not in revision.positions_by_key:
        raise NothingToShow
    question = Question.objects.get(pk=question_pk)
    use, found = item_statistics.use(question_pk), item_statistics.answers(revision, question_pk)
    fits = question.has_parameters and found.infit is not None
    has_frequent = use.answered and question.interactions is not None
    frequent = item_statistics.frequent_answers(question, FREQUENT) if has_frequent else []
    pictures = []
    if question.has_parameters:
        item = revision.positions_by_key[question_pk]
        pictures.append(question_pictures.curves(revision.bank, item, say))
    if found.total:
        pictures.append(_along_ability(revision, question, frequent, say))
    if fits:
        pictures.append(answers_pictures.fit(found, say))
    return Answered(
        id=question.external_id,
        version=question.version,
        model=question.model,
        content=excerpt(question.content, 400),
        has_parameters=question.has_parameters,
        use=use,
        imported=use.answered - found.total,
        infit=found.infit if fits else None,
        outfit=found.outfit if fits else None,
        frequent=tuple(frequent),
        pictures=tuple(pictures),
    )


def _along_ability(
    revision: FrozenRevision, question: Question, frequent: Sequence[FrequentAnswer], say: Voice
) -> Picture:
    """Option by option, or answer by answer."""
    if question.interactions is None:
        chosen = item_statistics.choices(revision, question.pk)
        return answers_pictures.options(chosen, question.options, question.option_scores, say)
    drawn = [each for each in frequent if each.given is not None][:DRAWN]  # "I don't know" has a line anyway
    given = item_statistics.whole_answers(revision, question.pk, [each.given or "" for each in drawn])
    scoring = revision.with_interactions[revision.positions_by_key[question.pk]].scoring
    return answers_pictures.whole_answers(given, drawn, scoring.n_categories - 1, say)


def _newest(pool: QuestionPool) -> FrozenRevision:
    assert pool.current_revision_id is not None
    return load_revision(pool.current_revision_id)
