"""How far scored answers are from what the model says: sums, one row for each question and revision.

An answer adds (x − E)² to one sum and its variance W under the model to the other; the infit of a question is
their quotient (`reporting.item_statistics`). Both follow from the question and from the row of
`answers.BEFORE` that the answer is counted in, so these sums are those rows in short: what is added here was
added there, in the same transaction, and they are checked against them. Of whole millionths, as all sums.

Rows that wait (`waits`) are those of databases that had counts before there were sums: `sum_up` adds the
counts up, and until then they are added up where somebody asks.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence

import numpy as np
from django.db import connection

from sessions_app.counting import answers
from sessions_app.counting.answers import STEPS_PER_LOGIT
from sessions_app.models import FitSum
from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.items.response import FloatArray, IntArray
from testing_engine.revisions import FrozenRevision, load_revision

MILLION = 1_000_000
NODES, NODE_WEIGHTS = np.polynomial.hermite_e.hermegauss(21)
ROWS_AT_ONCE = 10_000  # of predictions: some ten megabytes
PAIRS_AT_ONCE = 100  # questions in a revision, whose counts are read together

# Of what `answers.ADDED` yields.
SCORED = f"question_id, revision_id, a, b, c, n FROM added WHERE measure = '{answers.BEFORE}' AND c >= 0"

_ADD = """
INSERT INTO fit_sums AS kept (question_id, revision_id, n, squares, variances)
SELECT * FROM unnest(%(questions)s::bigint[], %(revisions)s::bigint[], %(n)s::bigint[],
                     %(squares)s::bigint[], %(variances)s::bigint[])
  AS added (question_id, revision_id, n, squares, variances)
ORDER BY question_id, revision_id
ON CONFLICT (question_id, revision_id) DO UPDATE
SET n = kept.n + excluded.n, squares = kept.squares + excluded.squares,
    variances = kept.variances + excluded.variances
"""
_COUNTED = """
SELECT counted.question_id, counted.revision_id, a, b, c, n
FROM unnest(%(questions)s::bigint[], %(revisions)s::bigint[]) AS pair (question_id, revision_id)
JOIN answer_counts AS counted
  ON counted.question_id = pair.question_id AND counted.revision_id = pair.revision_id
WHERE measure = 'before' AND c >= 0
"""
# What is kept has no a, b and c. One statement, so one snapshot: no test is counted twice while it is being
# counted, and no sum while it is being made.
_READ = """
SELECT question_id, NULL::int AS a, NULL::int AS b, NULL::int AS c, n, squares, variances
FROM fit_sums WHERE question_id = ANY(%(questions)s) AND NOT waits
UNION ALL
SELECT counted.question_id, a, b, c, counted.n, 0, 0
FROM fit_sums AS kept JOIN answer_counts AS counted
  ON counted.question_id = kept.question_id AND counted.revision_id = kept.revision_id
WHERE kept.question_id = ANY(%(questions)s) AND kept.waits AND measure = 'before' AND c >= 0
UNION ALL
SELECT question_id, a, b, c, n, 0, 0 FROM ({live}) AS live WHERE measure = 'before' AND c >= 0
"""
_PAIRS = """
(
  SELECT question_id, revision_id FROM answer_counts WHERE measure = 'before'
  UNION
  SELECT question_id, revision_id FROM fit_sums
)
EXCEPT SELECT question_id, revision_id FROM fit_sums WHERE waits
ORDER BY 1, 2
"""
_KEPT = """
SELECT question_id, revision_id, n, squares, variances
FROM unnest(%(questions)s::bigint[], %(revisions)s::bigint[]) AS pair (question_id, revision_id)
JOIN fit_sums USING (question_id, revision_id)
"""
# Sums of all counts that there are wait to be made. As a migration has it.
LET_ALL_WAIT = """
INSERT INTO fit_sums (question_id, revision_id, n, squares, variances, waits)
SELECT DISTINCT question_id, revision_id, 0, 0, 0, true FROM answer_counts WHERE measure = 'before'
ON CONFLICT (question_id, revision_id) DO UPDATE SET waits = true
"""

Pair = tuple[int, int]  # question, revision
Sums = IntArray  # (3,) answers, millionths of squares and of variances
_NOTHING: Sums = np.zeros(3, dtype=np.int64)


def predicted(bank: ItemBank, items: IntArray, ability: FloatArray, error: FloatArray) -> FloatArray:
    """(G, K) probability of each score to each of these questions, over abilities N(ability, error²) along
    its slopes; by Gauss–Hermite quadrature. All three (G,).

    Added up row by row, so that a row has the same bits among any others.
    """
    u = ability[:, None] + error[:, None] * NODES
    t = bank.steepness[items][:, None] * u + bank.intercepts[items][:, None]
    shares = (bank.curves_at(t, items).p * (NODE_WEIGHTS / NODE_WEIGHTS.sum())).sum(axis=2)
    return np.ascontiguousarray(shares.T)


def add(rows: IntArray, sign: int) -> None:
    """Rows as `SCORED` has them to the sums, or (−1) off them."""
    found = _sums(rows)
    given = _columns(found)
    sums = sign * np.array([*found.values()], dtype=np.int64).reshape(-1, 3)
    given |= dict(zip(("n", "squares", "variances"), sums.T.tolist(), strict=True))
    with connection.cursor() as cursor:
        cursor.execute(_ADD, given)


def of(revision: FrozenRevision, question_ids: Iterable[int]) -> dict[int, Sums]:
    """What there is of each of these questions of the revision, in whichever it was asked, in all tests that
    are over."""
    asked = list(question_ids)
    live = answers.ADDED.format(
        sessions=answers.NOT_COUNTED, which="response.question_id = ANY(%(questions)s)"
    )
    given = answers.parameters(answers.directions_of(revision, asked))
    with connection.cursor() as cursor:
        cursor.execute(_READ.format(live=live), {**given, "questions": asked})
        rows = cursor.fetchall()
    found = dict.fromkeys(asked, _NOTHING)
    for question, a, _, _, *sums in rows:
        if a is None:
            found[question] = found[question] + np.array(sums, dtype=np.int64)
    counted = [(question, revision.id, *own) for question, *own, _, _ in rows if own[0] is not None]
    for (question, _), own in _sums(_as_rows(counted)).items():
        found[question] = found[question] + own
    return found


def sum_up() -> int:
    """Some of the rows that wait, from the counts; returns how many. Whoever calls holds the counts' lock."""
    waiting = FitSum.objects.filter(waits=True).values_list("question_id", "revision_id")
    pairs = list(waiting[:PAIRS_AT_ONCE])
    found = _counted(pairs)
    for question, revision in pairs:
        n, squares, variances = found.get((question, revision), _NOTHING).tolist()
        FitSum.objects.filter(question_id=question, revision_id=revision).update(
            n=n, squares=squares, variances=variances, waits=False
        )
    return len(pairs)


def differences() -> Iterator[tuple[int, int, str, int, int]]:
    """Question, revision, which sum, how many answers and how much is missing in it, where sums are not what
    the counts say. None is of those that wait. Only reads."""
    with connection.cursor() as cursor:
        cursor.execute(_PAIRS)
        pairs = cursor.fetchall()
    for first in range(0, len(pairs), PAIRS_AT_ONCE):
        some = pairs[first : first + PAIRS_AT_ONCE]
        counted, kept = _counted(some), _kept(some)
        for pair in some:
            n, squares, variances = (counted.get(pair, _NOTHING) - kept.get(pair, _NOTHING)).tolist()
            if n or squares:
                yield *pair, "squares", n, squares
            if n or variances:
                yield *pair, "variances", n, variances


def _counted(pairs: Collection[Pair]) -> dict[Pair, Sums]:
    """What the counts say."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNTED, _columns(pairs))
        return _sums(_as_rows(cursor.fetchall()))


def _kept(pairs: Collection[Pair]) -> dict[Pair, Sums]:
    with connection.cursor() as cursor:
        cursor.execute(_KEPT, _columns(pairs))
        return {(question, revision): np.array(sums) for question, revision, *sums in cursor.fetchall()}


def _columns(pairs: Collection[Pair]) -> dict[str, list[int]]:
    return {"questions": [key for key, _ in pairs], "revisions": [revision for _, revision in pairs]}


def _as_rows(found: Sequence[Sequence[int]]) -> IntArray:
    return np.array(found, dtype=np.int64).reshape(-1, 6)


def _sums(rows: IntArray) -> dict[Pair, Sums]:
    """Of rows as `SCORED` has them. A question's parameters never change: those of any revision are taken."""
    if not len(rows):
        return {}
    questions, place = np.unique(rows[:, 0], return_inverse=True)
    newest = np.zeros(len(questions), dtype=np.int64)
    np.maximum.at(newest, place, rows[:, 1])
    added = np.ones((len(rows), 3), dtype=np.int64)
    for revision_id in np.unique(newest):
        revision, own = load_revision(int(revision_id)), np.flatnonzero(newest[place] == revision_id)
        for first in range(0, len(own), ROWS_AT_ONCE):
            some = own[first : first + ROWS_AT_ONCE]
            added[some, 1:] = _added(revision, rows[some])
    pairs, place = np.unique(rows[:, :2], axis=0, return_inverse=True)
    sums = np.zeros((len(pairs), 3), dtype=np.int64)
    np.add.at(sums, place, added * rows[:, 5:])
    return {(question, revision): own for (question, revision), own in zip(pairs.tolist(), sums, strict=True)}


def _added(revision: FrozenRevision, rows: IntArray) -> IntArray:
    """(G, 2) millionths of (x − E)² and of W that an answer in each row adds."""
    items = np.array([revision.positions_by_key[key] for key in rows[:, 0].tolist()])
    ability, error = rows[:, 2] / STEPS_PER_LOGIT, rows[:, 3] / STEPS_PER_LOGIT
    share = predicted(revision.bank, items, ability, error)
    scores = np.arange(share.shape[1])
    mean = (share * scores).sum(axis=1)
    variance = (share * (scores - mean[:, None]) ** 2).sum(axis=1)
    added: IntArray = np.rint(np.column_stack([(rows[:, 4] - mean) ** 2, variance]) * MILLION).astype(
        np.int64
    )
    return added
