"""The verdict's own eyes: what is right passes, and each thing that is wrong is counted under its name."""

import asyncio
import copy
from typing import Any

import pytest

from chaos.plans import make_plans
from chaos.students import Asked, Run, Student, Tally
from chaos.verdict import Verdict, judge
from sessions_app.models import StudentProficiency, TestSession
from sessions_app.tests.factories import make_token

SEED = 7


@pytest.fixture
def tally(live_server: Any, transactional_db: None) -> Tally:
    """One student's tests, over HTTP, with all the manners that the seed draws."""
    tally = Tally()
    run = Run(SEED, [live_server.thread.port], make_token(), make_plans(), tally)
    asyncio.run(Student(run, 0).take_tests())
    return tally


def wrong(verdict: Verdict) -> dict[str, int]:
    """What is not 0 and should be."""
    names = ("lost", "doubled", "differing", "never_sent", "unfinished", "unexpected")
    return {name: getattr(verdict, name) for name in names if getattr(verdict, name)}


def accepted_answer(tally: Tally) -> Asked:
    return next(answer for answer in tally.sittings[0].answers if answer.reply is not None)


def test_it_finds_nothing_wrong_where_nothing_is(tally: Tally) -> None:
    verdict = judge(tally, SEED)

    assert verdict.is_clean, verdict.details
    assert verdict.stored == verdict.accepted + verdict.told_by_conflict > 5
    assert tally.manners.total() > 0


def lose(tally: Tally) -> None:
    answer = accepted_answer(tally)
    tally.sittings[0].answers.append(Asked(answer.request, "mat-001", 99, reply=answer.reply))


def forget_sending(tally: Tally) -> None:
    tally.sittings[0].answers.pop()


def send_otherwise(tally: Tally) -> None:
    accepted_answer(tally).option = 99


def flip_a_bit(tally: Tally) -> None:
    reply = accepted_answer(tally).reply
    assert reply is not None
    reply["ability"]["theta"][0] += 2**-50


def not_finish(tally: Tally) -> None:
    tally.sittings[-1].is_over = False


def test_it_counts_what_is_wrong_under_its_name(tally: Tally) -> None:
    # One test, because a student takes seconds.
    for spoil, expected in (
        (lose, {"lost": 1}),
        (forget_sending, {"never_sent": 1}),
        (send_otherwise, {"lost": 1, "never_sent": 1}),
        (flip_a_bit, {"differing": 1}),
        (not_finish, {"unfinished": 1}),
    ):
        spoilt = copy.deepcopy(tally)
        spoil(spoilt)
        assert wrong(judge(spoilt, SEED)) == expected
    assert "differing" in wrong(judge(tally, SEED + 1))  # students who answered otherwise


def test_it_sees_the_last_bit_of_a_row(tally: Tally) -> None:
    row = StudentProficiency.objects.order_by("pk")[0]
    assert row.theta is not None
    row.theta += 2**-50
    row.save()

    assert wrong(judge(tally, SEED)) == {"differing": 1}


def test_it_sees_a_test_that_was_started_twice(tally: Tally) -> None:
    session = TestSession.objects.order_by("started_at")[0]
    session.pk, session.idempotency_key = None, None
    session._state.adding = True
    session.save()

    assert wrong(judge(tally, SEED)) == {"doubled": 1}
