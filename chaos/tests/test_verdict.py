"""The verdict's own eyes: what is right passes, and each thing that is wrong is counted under its name."""

import asyncio
from typing import Any

import pytest

from chaos.plans import make_plans
from chaos.students import Asked, Run, Student, Tally
from chaos.undisturbed import Known, take
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


def test_it_sees_a_lost_answer(tally: Tally) -> None:
    answer = accepted_answer(tally)
    tally.sittings[0].answers.append(Asked(answer.request, "mat-001", 99, reply=answer.reply))

    assert wrong(judge(tally, SEED)) == {"lost": 1}


def test_it_sees_an_answer_that_nobody_sent(tally: Tally) -> None:
    tally.sittings[0].answers.pop()

    assert wrong(judge(tally, SEED)) == {"never_sent": 1}


def test_it_sees_another_answer_than_was_sent(tally: Tally) -> None:
    accepted_answer(tally).option = 99

    assert wrong(judge(tally, SEED)) == {"lost": 1, "never_sent": 1}


def test_it_sees_the_last_bit_of_a_reply(tally: Tally) -> None:
    reply = accepted_answer(tally).reply
    assert reply is not None
    reply["ability"]["theta"][0] += 2**-50

    assert wrong(judge(tally, SEED)) == {"differing": 1}


def test_it_sees_the_last_bit_of_a_row(tally: Tally) -> None:
    row = StudentProficiency.objects.order_by("pk")[0]
    row.theta += 2**-50
    row.save()

    assert wrong(judge(tally, SEED)) == {"differing": 1}


def test_it_sees_a_test_that_was_started_twice(tally: Tally) -> None:
    session = TestSession.objects.order_by("started_at")[0]
    session.pk, session.idempotency_key = None, None
    session._state.adding = True
    session.save()

    assert wrong(judge(tally, SEED)) == {"doubled": 1}


def test_it_sees_a_test_without_an_end(tally: Tally) -> None:
    tally.sittings[-1].is_over = False

    assert wrong(judge(tally, SEED)) == {"unfinished": 1}


def test_it_sees_students_who_answered_otherwise(tally: Tally) -> None:
    assert "differing" in wrong(judge(tally, SEED + 1))


def test_it_gives_a_student_the_same_test_again(tally: Tally) -> None:
    plan = tally.sittings[0].plan

    def test() -> Any:
        return take(plan.revision, plan.rules, Known({}), 1, lambda question_id: 0, quits_after=None)

    assert test() == test()
