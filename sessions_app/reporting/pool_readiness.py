"""How far a pool has come towards parameters, and what to do next: for its page, in the active language."""

from dataclasses import dataclass
from statistics import median

from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from sessions_app.counting import answers
from testing_engine.models import Question, QuestionPool
from testing_engine.pools import states_of
from testing_engine.psychometrics.items.states import NOT_CALIBRATED, OPERATIONAL, PROVISIONAL, RETIRED

WANTED_ANSWERS = 250  # of a question, for a 2PL that can be used: docs/CALIBRATION.md
NAMES = {
    OPERATIONAL: gettext_noop("operational"),
    PROVISIONAL: gettext_noop("provisional"),
    NOT_CALIBRATED: gettext_noop("not calibrated"),
    RETIRED: gettext_noop("retired"),
}


@dataclass(frozen=True)
class Readiness:
    """`states`: questions in each. `answers`: of each question without parameters, in this version of it."""

    states: dict[str, int]
    answers: tuple[int, ...] = ()

    @property
    def counting(self) -> int:
        """Questions that an ability can rest on."""
        return self.states[OPERATIONAL] + self.states[PROVISIONAL]

    @property
    def ready(self) -> int:
        """Questions without parameters that have the answers for them."""
        return sum(count >= WANTED_ANSWERS for count in self.answers)

    @property
    def in_words(self) -> str:
        """How many questions are in each state that any is in."""
        return ", ".join(f"{count} {_(NAMES[state])}" for state, count in self.states.items() if count)

    @property
    def advice(self) -> tuple[str, ...]:
        """What holds of tests of the pool, and what to do next; nothing where all is done."""
        missing = self.states[NOT_CALIBRATED]
        if not missing:
            return ()
        if self.counting:
            told = _(
                "{count} questions have no parameters: adaptive tests leave them out. A named test can try "
                "them out as pilots, which count in nothing."
            ).format(count=missing)
        else:
            told = _(
                "No question of this pool has parameters: its tests ask in order or at random, and give "
                "points and percent. There is no ability, and no comparison with others."
            )
        return (told, *self._next(missing))

    def _next(self, missing: int) -> tuple[str, ...]:
        if self.ready == missing:
            return (_("Each has {wanted} answers or more: calibrate them.").format(wanted=WANTED_ANSWERS),)
        return (
            _(
                "Next: collect {wanted} answers to each of them, then calibrate. So far {ready} of {count} "
                "have as many; the least answered has {least}, half of them have {median} or more."
            ).format(
                wanted=WANTED_ANSWERS,
                ready=self.ready,
                count=missing,
                least=min(self.answers),
                median=f"{median(self.answers):g}",
            ),
        )


# Of each question version, how many persons of imported files answered it.
_IMPORTED = """
SELECT source.questions[item + 1], count(*)
FROM imported_sittings AS sitting
JOIN response_imports AS source ON source.id = sitting.source_id, unnest(sitting.items) AS item
WHERE source.pool_id = %s AND source.questions && %s::bigint[]
GROUP BY 1
"""


def readiness_of(pool: QuestionPool) -> Readiness:
    """Of the newest revision. One query, or four."""
    states = states_of(pool)
    if not states[NOT_CALIBRATED]:
        return Readiness(states)
    waiting = list(
        Question.objects.filter(
            revisionquestion__revision_id=pool.current_revision_id, state=NOT_CALIBRATED
        ).values_list("pk", flat=True)
    )
    answered = answers.scored(waiting)
    with connection.cursor() as cursor:
        cursor.execute(_IMPORTED, [pool.pk, waiting])
        imported = dict(cursor.fetchall())
    return Readiness(states, tuple(answered.get(key, 0) + imported.get(key, 0) for key in waiting))
