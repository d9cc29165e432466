"""What a look at simulated adaptive tests finds, and what it does not.

What is found is a matter of chance: each limit here is passed once in ten thousand runs at most, where the
levels are as docs/WATCH.md says.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from testing_engine.monitoring import (
    ALARM,
    ALARMS,
    AnswerLog,
    Assumed,
    Limits,
    Watched,
    WatchedQuestion,
    compared,
    watch,
)
from testing_engine.monitoring.sentences import not_looked_at, told
from testing_engine.monitoring.tests.logs import adaptive_log
from testing_engine.psychometrics.items.states import NOT_CALIBRATED, RETIRED

DRIFT = ("easier", "harder", "slope")


def look(log: AnswerLog, questions: list[WatchedQuestion], **given: Any) -> Watched:
    found = watch(log, questions, Assumed(), given.pop("limits", Limits()), **given)
    for each in found.found:  # whatever it is, it can be said
        said = told(each.kind, each.item, each.numbers)
        assert str(said.what)
        assert str(said.do)
        assert each.severity != ALARM or each.kind in ALARMS
    return found


def kinds(watched: Watched) -> Mapping[tuple[str, str | None], Any]:
    return {each.key: each.numbers for each in watched.found}


def well_asked(log: AnswerLog, questions: list[WatchedQuestion], easy: bool = False) -> int:
    """Of the questions in three of five tests at most, the one whose answers say most of its difficulty.
    `easy`: of those that the average student gets right.
    """
    n = np.bincount(log.item, minlength=len(questions))
    told = n * np.array([each.slope**2 for each in questions])
    intercepts = np.array([(each.parameters or {})["d"][0] for each in questions])
    return int(np.where((n <= 0.6 * log.n_tests) & ((intercepts > 0) | (not easy)), told, 0).argmax())


def test_clean_data_alarm_no_more_often_than_their_level() -> None:
    """Of 12 looks with a family-wise level of 5 %, more than 5 alarm in one of 80,000 runs."""
    rng = np.random.default_rng()
    nights = [kinds(look(*adaptive_log(rng, tests=200, n=40))) for _ in range(12)]
    assert sum(any(kind in DRIFT for kind, _ in night) for night in nights) <= 5
    assert sum(("persons", None) in night for night in nights) <= 2
    assert sum(("population", None) in night for night in nights) <= 3
    assert not any(kind in ("rapid", "careless") for night in nights for kind, _ in night)


@pytest.mark.parametrize(("by", "kind"), [(0.9, "harder"), (-0.9, "easier")])
def test_a_question_that_drifts_is_named(by: float, kind: str) -> None:
    rng = np.random.default_rng()
    state = rng.bit_generator.state
    question = well_asked(*adaptive_log(rng, tests=800))
    rng.bit_generator.state = state
    log, questions = adaptive_log(rng, tests=800, moved={question: by})
    watched = look(log, questions)
    found = kinds(watched)
    assert (kind, f"q{question}") in found
    assert 0.4 < found[kind, f"q{question}"]["shift"] < 2.0
    shifts = watched.numbers["questions"]["shift"]
    assert np.sign(shifts[question]) == np.sign(by)
    assert sum(each in DRIFT for each, _ in found) <= 6  # its drift is not all others'
    assert ("population", None) not in found


def test_other_students_are_no_drift() -> None:
    rng = np.random.default_rng()
    nights = [kinds(look(*adaptive_log(rng, tests=400, mean=0.8, sd=1.4))) for _ in range(3)]
    assert all(("population", None) in night for night in nights)
    assert sum(kind in DRIFT for night in nights for kind, _ in night) <= 8  # of 180
    mean = nights[0]["population", None]
    assert abs(mean["mean"] - 0.8) < 0.35
    assert abs(mean["sd"] - 1.4) < 0.35


def test_hurried_answers_are_told_and_make_no_drift() -> None:
    rng = np.random.default_rng()
    state = rng.bit_generator.state
    question = well_asked(*adaptive_log(rng, tests=800), easy=True)
    rng.bit_generator.state = state
    log, questions = adaptive_log(rng, tests=800, rapid={question: 0.4}, careless=0.15)
    watched = look(log, questions)
    found = kinds(watched)
    assert found["careless", None]["share"] == pytest.approx(0.15, abs=0.06)
    assert found["rapid", f"q{question}"]["share"] == pytest.approx(0.4, abs=0.15)
    assert [item for kind, item in found if kind == "rapid"] == [f"q{question}"]
    rng.bit_generator.state = state
    guessed, _ = adaptive_log(rng, tests=800, rapid={question: 0.4})
    without = look(replace(guessed, seconds=np.full(guessed.n_answers, np.nan)), questions)
    settled = [replace(each, seconds=0.1) for each in questions]  # faster than anybody is
    assert not any(kind in ("rapid", "careless") for kind, _ in kinds(look(log, settled)))
    z = [each.numbers["questions"]["z"][question] for each in (watched, without)]
    assert abs(z[0]) < 4.5
    assert z[1] < 0  # they would have made it look harder
    assert "no_times" in without.numbers["not_looked_at"]


def test_where_all_hurry_it_says_what_was_left_out() -> None:
    log, questions = adaptive_log(np.random.default_rng(), tests=120)
    settled = [replace(each, seconds=1.0) for each in questions]
    watched = look(replace(log, seconds=np.full(log.n_answers, 0.3)), settled)
    assert kinds(watched)["careless", None] == {"share": 1.0, "tests": 120}
    assert watched.numbers["not_looked_at"] == ["too_fast", "all_careless"]
    assert all(str(not_looked_at(reason)) for reason in watched.numbers["not_looked_at"])


def test_exposure_is_held_against_the_limit() -> None:
    log, questions = adaptive_log(np.random.default_rng(), tests=300)
    given = np.bincount(log.item, minlength=len(questions)) / 300
    worst = int(given.argmax())
    found = kinds(look(log, questions, limits=Limits(exposure=0.5)))
    over = {item for kind, item in found if kind == "overexposed"}
    assert f"q{worst}" in over
    assert all(given[int(str(item)[1:])] > 0.5 for item in over)
    assert not any(kind == "overexposed" for kind, _ in kinds(look(log, questions)))
    fixed = replace(log, is_adaptive=np.zeros(300, dtype=bool))
    watched = look(fixed, questions, limits=Limits(exposure=0.5))
    assert not any(kind in ("overexposed", "unused") for kind, _ in kinds(watched))
    assert "not_adaptive" in watched.numbers["not_looked_at"]


def test_persons_who_do_not_fit_are_counted() -> None:
    rng = np.random.default_rng()
    log, questions = adaptive_log(rng, tests=600)
    strange = rng.random(600) < 0.3
    copied = strange[log.test] & (
        np.arange(log.n_answers) % 25 >= 12
    )  # from the middle on, whatever is asked
    category = np.where(copied, 1 - log.category, log.category)
    watched = look(replace(log, category=category), questions)
    assert kinds(watched)["persons", None]["share"] > 0.075


def test_what_cannot_be_looked_at_is_said() -> None:
    log, questions = adaptive_log(np.random.default_rng(), tests=60)
    watched = look(log, questions)
    assert watched.numbers["not_looked_at"] == ["few_tests"]
    assert watched.numbers["population"] is None
    nothing = look(
        AnswerLog(*(np.zeros(0, dtype=kind) for kind in (int, int, int, float, bool, bool, bool))), questions
    )
    assert len(nothing.numbers["not_looked_at"]) == 3
    assert all(str(not_looked_at(reason)) for reason in nothing.numbers["not_looked_at"])


def test_questions_without_parameters_wait_for_answers() -> None:
    log, questions = adaptive_log(np.random.default_rng(), tests=200)
    questions[0] = replace(questions[0], state=NOT_CALIBRATED, answers=249)
    questions[1] = replace(questions[1], state=NOT_CALIBRATED, answers=250)
    questions[2] = replace(questions[2], state=RETIRED)
    watched = look(log, questions)
    assert kinds(watched)["ready", None]["questions"] == ["q1"]
    few = kinds(watched)["few_answers", None]["questions"]
    assert not {"q0", "q1", "q2"} & set(few)
    assert watched.numbers["questions"]["p"][:3] == [None, None, None]


def test_answers_that_no_longer_hold_do_not_count() -> None:
    log, questions = adaptive_log(np.random.default_rng(), tests=200)
    older = np.arange(200) < 120
    for part in (
        replace(log, is_current=~older[log.test]),
        replace(log, is_fresh=~older),
        replace(log, category=np.where(older[log.test], -1, log.category)),
    ):
        watched = look(part, questions)
        assert watched.numbers["checked_answers"] == 80 * 25
        assert watched.numbers["not_looked_at"] == ["few_tests"]
        assert watched.data_hash != look(log, questions).data_hash
    assert look(log, questions).data_hash == look(log, list(questions)).data_hash


def test_what_is_new_still_and_gone() -> None:
    def finding(kind: str, item: str | None, severity: str = "notice", **more: Any) -> dict[str, Any]:
        return {"kind": kind, "item": item, "severity": severity, "numbers": {}, **more}

    before = [
        finding("harder", "q1", ALARM, change="new", since="2026-03-01"),
        finding("unused", None, change="still", since="2026-02-01"),
    ]
    tonight = [finding("unused", None), finding("rapid", "q1"), finding("easier", "q1", ALARM)]
    found, gone = compared(tonight, before, "2026-03-02")
    assert [(each["kind"], each["change"], each["since"]) for each in found] == [
        ("easier", "new", "2026-03-02"),
        ("rapid", "new", "2026-03-02"),
        ("unused", "still", "2026-02-01"),
    ]
    assert [(each["kind"], each["since"], "change" in each) for each in gone] == [
        ("harder", "2026-03-01", False)
    ]
