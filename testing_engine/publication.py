"""Publish a revision: the only code that writes one. What it says is hashed, and bound to its rows by a seal.

Of a revision, files are kept for those who read it next (`revision_files`): its columns, and the lines that
its hash is over. With them the next revision of a large pool needs no row but those that change.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from django.db import connection, transaction

from testing_engine import approval, revision_files
from testing_engine.content_lines import ContentLines, hash_of_lines, line_of
from testing_engine.models import PoolRevision, Question, QuestionPool
from testing_engine.psychometrics.items.states import OPERATIONAL
from testing_engine.revision_columns import RevisionColumns, identity, keep_columns, read_columns
from testing_engine.seals import seal_of

MANY = 1_000  # questions, of which a revision keeps its lines


def publish_revision(pool: QuestionPool, number: int, questions: Sequence[Question]) -> PoolRevision:
    """Revision `number` of the pool with these stored questions, in this order; it is the newest now."""
    lines = list(map(_line, questions))
    revision = _stored(pool, number, [question.pk for question in questions], hash_of_lines(lines))
    if revision_files.are_kept():
        _keep(revision, RevisionColumns.of_questions(questions), ContentLines.of(lines))
    return revision


def publish_next(
    pool: QuestionPool, replaced: Mapping[int, Question | None], added: Sequence[Question] = ()
) -> PoolRevision:
    """The revision after the newest, with other stored questions at some places (0-based), or none there any
    more (None), and more at the end. What stays is not read again. The caller holds the pool's row."""
    last = pool.current_revision
    if last is None:
        return publish_revision(pool, 1, added)
    order, new = list(range(last.question_count)), list(added)
    for place, question in replaced.items():
        order[place] = -1 if question is None else last.question_count + len(new)
        new += [] if question is None else [question]
    order += range(last.question_count, last.question_count + len(added))
    places = np.array([place for place in order if place >= 0], dtype=np.intp)
    columns = read_columns(last).joined(RevisionColumns.of_questions(new)).take(places)
    other_lines = {
        place: None if question is None else _line(question) for place, question in replaced.items()
    }
    lines = _lines(last).changed(other_lines).extended(list(map(_line, added)))
    revision = _stored(pool, last.number + 1, columns.question_ids.tolist(), lines.hash())
    _keep(revision, columns, lines)
    return revision


def _line(question: Question) -> bytes:
    return line_of(frozen_content(question))


def _lines(revision: PoolRevision) -> ContentLines:
    """What its hash is over, from its file or from the rows."""
    body = revision_files.read("lines", *identity(revision))
    if body is not None:
        return ContentLines.of_bytes(body)
    rows = Question.objects.filter(revisionquestion__revision=revision).order_by("revisionquestion__position")
    return ContentLines.of(list(map(_line, rows)))


def _keep(revision: PoolRevision, columns: RevisionColumns, lines: ContentLines) -> None:
    """Files for every process of this machine, once the revision is there."""

    def write() -> None:
        keep_columns(revision, columns)
        if revision.question_count >= MANY:
            revision_files.write(lines.to_bytes(), "lines", *identity(revision))

    transaction.on_commit(write)


# In PostgreSQL's own form: 50,000 places as an array of Python's numbers cost this process 8 times as much.
_PLACES = "COPY revision_questions (revision_id, position, question_id) FROM STDIN (FORMAT BINARY)"
_BEGIN, _END = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"
# PostgreSQL's binary form of a row: how many values, and each after its size in bytes.
_PLACE = np.dtype(
    [
        ("values", ">i2"),
        ("revision_bytes", ">i4"),
        ("revision", ">i8"),
        ("position_bytes", ">i4"),
        ("position", ">i4"),
        ("question_bytes", ">i4"),
        ("question", ">i8"),
    ]
)


def _write_places(revision_id: int, keys: Sequence[int]) -> None:
    rows = np.empty(len(keys), _PLACE)
    rows["values"], rows["revision_bytes"], rows["position_bytes"], rows["question_bytes"] = 3, 8, 4, 8
    rows["revision"], rows["position"], rows["question"] = revision_id, np.arange(len(keys)), keys
    # Django tells what goes wrong in `execute` alone in its own words.
    with connection.wrap_database_errors, connection.cursor() as cursor, cursor.copy(_PLACES) as copy:
        copy.write(_BEGIN + rows.tobytes() + _END)


def _stored(pool: QuestionPool, number: int, keys: Sequence[int], hashed: str) -> PoolRevision:
    """The rows of a revision; it is the newest now. The one place where revisions come to be: raises what
    those say who are asked first."""
    then = approval.asked(pool, keys)
    revision = PoolRevision.objects.create(
        pool=pool,
        number=number,
        question_count=len(keys),
        content_hash=hashed,
        seal=seal_of(hashed, keys),
    )
    _write_places(revision.pk, keys)
    pool.current_revision = revision
    pool.save(update_fields=["current_revision"])
    for each in then:
        each(revision)
    return revision


def frozen_content(question: Question) -> Mapping[str, object]:
    """Everything of a question that a revision freezes."""
    key: dict[str, object] = {"option_scores": question.option_scores}
    if question.scoring is not None:
        key["scoring"] = question.scoring
    return {**keyless_content(question), **key}


def keyless_content(question: Question) -> Mapping[str, object]:
    """The same without the answer key: what an author may read over the API.

    What most questions do not have is left out, so that their hash is the one that they always had.
    """
    content: dict[str, object] = {
        "id": question.external_id,
        "content": question.content,
        "options": question.options,
        "concepts": question.concepts,
        "model": question.model,
        "difficulty": question.difficulty,
        "discrimination": question.discrimination,
        "guessing": question.guessing,
        "upper_asymptote": question.upper_asymptote,
        "thresholds": question.thresholds,
        "category_slopes": question.category_slopes,
        "category_intercepts": question.category_intercepts,
        "area": question.area,
        "enemy_groups": question.enemy_groups,
        "question_set": question.question_set,
    }
    if question.interactions is not None:
        content["interactions"] = question.interactions
    if question.passage_id is not None:
        content["passage"] = question.passage_id
    if question.fixed_options:
        content["fixed_options"] = question.fixed_options
    if question.state != OPERATIONAL:
        content["state"] = question.state
    return content


def content_hash(contents: Iterable[Mapping[str, object]]) -> str:
    """SHA-256 over the questions in order, one line of canonical JSON each."""
    return hash_of_lines(map(line_of, contents))
