"""The whole loop: answers → calibration → proposal → revision, and what must not move meanwhile."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone
from rest_framework.test import APIClient

from sessions_app.administration.privacy import erase_student
from sessions_app.conftest import Start, take_test
from sessions_app.long_work import jobs
from sessions_app.measurement import proposals, queue, running
from sessions_app.measurement.asking import Asked, CalibrationRefused
from sessions_app.measurement.importing import import_responses
from sessions_app.measurement.tests.simulated import answers_of, matrix_file, true_parameters
from sessions_app.models import Calibration, ImportedSitting, TestSession
from sessions_app.refusals import CalibrationNotOpen, CalibrationRuns, ProposalRefused
from sessions_app.review.replay import replay
from sessions_app.tests.factories import make_pool, question
from testing_engine.canonical import hash_of
from testing_engine.models import QuestionPool
from testing_engine.pools import (
    QuestionDraft,
    current_questions,
    parameter_fields,
    revise_fields,
)
from testing_engine.revisions import item_parameters, load_revision
from testing_engine.versions import revise_question

ITEMS, PERSONS = 12, 700


@pytest.fixture
def uncalibrated(db: None) -> QuestionPool:
    rows = [
        question(i, [1.0], guessing=0.0, difficulty=(i % 5 - 2) / 2, discrimination=1.0) for i in range(ITEMS)
    ]
    return make_pool(rows)


def calibrated(pool: QuestionPool, **asked: Any) -> Calibration:
    calibration = queue.ask(pool, Asked(**asked))
    running.run(calibration.pk)
    calibration.refresh_from_db()
    assert calibration.error == ""
    return calibration


def test_the_whole_loop(uncalibrated: QuestionPool, api: APIClient, start: Start) -> None:
    pool = uncalibrated
    finished = start(question_pool_id=str(pool.pk))
    take_test(api, finished, is_right=lambda number: number % 2 == 0)
    open_one = start(question_pool_id=str(pool.pk), student_id="s2")
    before = list(TestSession.objects.order_by("pk").values())

    import_responses(pool, matrix_file(pool, answers_of(PERSONS, ITEMS, moved=[3])))
    calibration = calibrated(pool, scale="own", groups="file", delivered=False, priors="none")
    result: Any = calibration.result
    assert calibration.state == "done"
    assert result["converged"]
    assert (result["persons"], result["answers"]) == (PERSONS, PERSONS * ITEMS)

    a, b = true_parameters(ITEMS)
    stable = [j for j in range(ITEMS) if j != 3]
    for name, truth in (("discrimination", a), ("difficulty", b)):
        found = np.array([item["new"][name] for item in result["items"]])
        error = np.array([item["errors"][name] for item in result["items"]])
        assert np.abs((found - truth) / error)[stable].max() < 4.5
    differ = [item["dif_by"]["group"] for item in result["items"]]
    assert (result["dif"][0]["reference"], result["dif"][0]["why_not"]) == ("A", "")
    assert differ[3]["flagged"]
    assert all(0 < error < 0.2 for item in result["items"] for error in item["curve_errors"][4:13])
    assert max(range(ITEMS), key=lambda j: differ[j]["uniform_chi2"]) == 3
    assert differ[3]["groups"]["B"]["ets_class"] == "C−"
    assert calibration.shift is not None
    assert calibration.shift["sessions"] == 1
    assert list(TestSession.objects.order_by("pk").values()) == before

    revision = proposals.publish(calibration, None, timezone.now())
    assert revision.number == 2
    assert proposals.publish(calibration, None, timezone.now()) == revision
    new = load_revision(revision.pk).bank
    assert new.difficulty.tolist() == pytest.approx([item["new"]["difficulty"] for item in result["items"]])

    assert list(TestSession.objects.order_by("pk").values()) == before
    assert replay(TestSession.objects.get(status="completed").pk).is_identical
    replies = take_test(api, open_one, is_right=lambda number: number % 3 == 0)
    assert replies[-1]["status"] == "completed"
    for session in TestSession.objects.all():
        assert session.revision.number == 1
        assert replay(session.pk).is_identical
    assert start(question_pool_id=str(pool.pk), student_id="s3")
    assert TestSession.objects.filter(revision=revision).count() == 1


def test_the_record_gives_the_same_bits_again(
    uncalibrated: QuestionPool, api: APIClient, start: Start
) -> None:
    take_test(api, start(question_pool_id=str(uncalibrated.pk)))
    import_responses(uncalibrated, matrix_file(uncalibrated, answers_of(300, ITEMS)))
    calibration = calibrated(uncalibrated)
    assert calibration.result is not None
    assert calibration.result["delivered_sessions"] == 1
    take_test(api, start(question_pool_id=str(uncalibrated.pk), student_id="later"))
    import_responses(uncalibrated, matrix_file(uncalibrated, answers_of(90, ITEMS, seed=9), "later.csv"))
    computed = running.again(Calibration.objects.get(pk=calibration.pk))
    assert computed.data_hash == calibration.data_hash
    assert computed.result_hash == calibration.result_hash == hash_of(calibration.result)


def test_few_answers_do_not_replace_many_by_linking(uncalibrated: QuestionPool) -> None:
    pool = uncalibrated
    import_responses(pool, matrix_file(pool, answers_of(2000, ITEMS)))
    proposals.publish(calibrated(pool, scale="own"), None, timezone.now())
    pool.refresh_from_db()
    few = import_responses(pool, matrix_file(pool, answers_of(60, ITEMS, seed=9), "few.csv")).source
    assert few is not None
    linked: Any = calibrated(pool, imports=(few.pk,)).result
    kept = [item for item in linked["items"] if item["why_not"].startswith("too few answers")]
    assert len(kept) > ITEMS / 2
    assert all(item["new"] is None and item["new_state"] == item["state"] for item in kept)
    again: Any = calibrated(pool, imports=(few.pk,), scale="own").result
    assert not any(item["why_not"].startswith("too few answers") for item in again["items"])


def test_uploaded_parameters_of_questions_in_use_are_not_replaced_by_few_answers(db: None) -> None:
    """Nobody knows their errors; their state says that they hold."""
    a, b = true_parameters(ITEMS)
    rows = [
        question(i, [1.0], guessing=0.0, difficulty=float(b[i]), discrimination=float(a[i]))
        for i in range(ITEMS)
    ]
    rows[0] |= {"state": "provisional"}
    rows[1] |= {"state": "not_calibrated"}
    pool = make_pool(rows)
    import_responses(pool, matrix_file(pool, answers_of(100, ITEMS)))
    linked: Any = calibrated(pool).result
    kept = {item["id"] for item in linked["items"] if "which its state counts as known" in item["why_not"]}
    assert len(kept) > ITEMS / 2
    assert all(item["new"] is not None for item in linked["items"] if item["id"] not in kept)
    assert "q1" not in kept
    for item in linked["items"]:
        bar = 0.35 if item["id"] == "q0" else 0.2
        assert item["old_errors"] is None
        assert item["id"] in kept or item["id"] == "q1" or item["errors"]["difficulty"] <= bar


def test_linked_parameters_are_on_the_old_scale(uncalibrated: QuestionPool) -> None:
    a, b = true_parameters(ITEMS)
    truth = {each.external_id: (a[j], b[j]) for j, each in enumerate(current_questions(uncalibrated))}
    first = calibrated_to(uncalibrated, truth)
    import_responses(first, matrix_file(first, answers_of(3 * PERSONS, ITEMS, mean=1.0)))
    linked: Any = calibrated(first).result
    assert abs(linked["population"][0]["mean"][0] - 1.0) < 0.15
    proposed = [(item, truth) for item, truth in zip(linked["items"], b, strict=True) if item["new"]]
    assert len(proposed) > ITEMS - 3  # an easy one may be known too badly by such good students
    assert abs(np.mean([item["new"]["difficulty"] - truth for item, truth in proposed])) < 0.1
    proposals.publish(Calibration.objects.get(), None, timezone.now())
    first.refresh_from_db()
    kept: Any = calibrated(first, scale="anchors", estimate=("q0", "q1")).result
    assert [item["id"] for item in kept["items"] if item["new"]] == ["q0", "q1"]
    assert [item["old_errors"] for item in kept["items"]] == [
        item["errors"] if item["new"] else None for item in linked["items"]
    ]
    assert abs(kept["population"][0]["mean"][0] - linked["population"][0]["mean"][0]) < 0.05


def test_questions_without_parameters_are_estimated_among_those_that_have_some(db: None) -> None:
    a, b = true_parameters(ITEMS)
    rows = [
        question(i, [1.0], guessing=0.0, difficulty=float(b[i]), discrimination=float(a[i]))
        for i in range(ITEMS)
    ]
    for row in rows[:2]:
        row |= {"state": "not_calibrated", "difficulty": 3.0, "discrimination": 1.0}
    pool = make_pool(rows)
    import_responses(pool, matrix_file(pool, answers_of(900, ITEMS)))
    linked: Any = calibrated(pool).result
    assert linked["scale"]["anchors"] == ITEMS - 2
    kept = calibrated(pool, scale="anchors")
    result: Any = kept.result
    new = [item for item in result["items"] if item["new"]]
    assert [item["id"] for item in new] == ["q0", "q1"]
    for item, truth in zip(new, b, strict=False):
        assert abs(item["new"]["difficulty"] - truth) < 4.5 * item["errors"]["difficulty"]
        sure = item["errors"]["difficulty"] <= 0.2
        assert item["new_state"] == ("operational" if sure else "provisional")
    proposals.publish(kept, None, timezone.now())
    pool.refresh_from_db()
    states = [each.state for each in current_questions(pool)]
    assert states == [*(item["new_state"] for item in new), *["operational"] * (ITEMS - 2)]
    with pytest.raises(CalibrationRefused):
        queue.ask(pool, Asked(scale="anchors"))


def calibrated_to(pool: QuestionPool, truth: dict[str, tuple[float, float]]) -> QuestionPool:
    """The pool with these slopes and difficulties."""
    known = {each.external_id: item_parameters(each) for each in current_questions(pool)}
    new = {
        item: parameter_fields(replace(known[item], discrimination=float(a), difficulty=float(b)))
        for item, (a, b) in truth.items()
    }
    revise_fields(pool, 1, new)
    return QuestionPool.objects.get(pk=pool.pk)


def test_one_at_a_time_and_cancelled(uncalibrated: QuestionPool) -> None:
    import_responses(uncalibrated, matrix_file(uncalibrated, answers_of(200, ITEMS)))
    waiting = queue.ask(uncalibrated, Asked())
    with pytest.raises(CalibrationRuns):
        queue.ask(uncalibrated, Asked(seed=1))
    assert queue.cancel(waiting, timezone.now()).state == "cancelled"
    running.run(waiting.pk)
    assert Calibration.objects.get().state == "cancelled"

    second = queue.ask(uncalibrated, Asked())

    def end_it(stage: str, progress: float) -> None:
        if stage == "fitting":
            queue.cancel(Calibration.objects.get(pk=second.pk), timezone.now())

    running.run(second.pk, end_it)
    second.refresh_from_db()
    assert (second.state, second.result) == ("cancelled", None)
    with pytest.raises(CalibrationNotOpen):
        proposals.publish(second, None, timezone.now())


def test_what_a_dead_worker_left_is_taken_up_three_times(uncalibrated: QuestionPool) -> None:
    import_responses(uncalibrated, matrix_file(uncalibrated, answers_of(200, ITEMS)))
    calibration = queue.ask(uncalibrated, Asked(scale="own"))
    sent: list[Any] = []
    now = timezone.now()
    assert queue.take_up(now, sent.append) == (0, 0)
    dead = jobs.claim(Calibration, calibration.pk, now)
    assert dead is not None
    assert jobs.claim(Calibration, calibration.pk, now) is None
    other = make_pool(3)
    waiting = queue.ask(other, Asked())
    running.run(waiting.pk)  # a worker computes one at a time
    assert Calibration.objects.get(pk=waiting.pk).state == "queued"
    queue.cancel(waiting, now)
    later = now + 2 * jobs.SILENT_AFTER
    assert queue.take_up(later, sent.append) == (1, 0)
    running.run(calibration.pk)
    calibration.refresh_from_db()
    assert (calibration.state, calibration.attempt, sent) == ("done", 2, [calibration.pk])
    with pytest.raises(jobs.Superseded):  # it was not dead after all
        jobs.beat(dead, "fitting", 0.5, now)

    Calibration.objects.create(
        pool=uncalibrated,
        revision=uncalibrated.revisions.get(),
        request=Asked().to_json(),
        state="running",
        attempt=jobs.MOST_ATTEMPTS,
        heartbeat_at=now,
    )
    assert queue.take_up(later, sent.append) == (0, 1)
    assert Calibration.objects.filter(state="failed").count() == 1


def test_erasing_a_student_blanks_imported_answers_of_that_id(
    uncalibrated: QuestionPool, api: APIClient, start: Start
) -> None:
    take_test(api, start(question_pool_id=str(uncalibrated.pk), student_id="p7"))
    import_responses(uncalibrated, matrix_file(uncalibrated, answers_of(120, ITEMS)))
    calibration = calibrated(uncalibrated, scale="own")
    erase_student("p7", now=timezone.now())
    assert not ImportedSitting.objects.filter(person="p7").exists()
    assert ImportedSitting.objects.get(number=7).person == ""
    assert running.again(calibration).result_hash == calibration.result_hash
    later: Any = calibrated(uncalibrated, scale="own").result
    assert (later["delivered_sessions"], later["imported_sittings"]) == (0, 120)


def edit_content(pool: QuestionPool) -> None:
    old = current_questions(pool)[0]
    revise_question(
        pool,
        QuestionDraft(
            old.external_id, "Another?", tuple(old.options), tuple(old.option_scores), item_parameters(old)
        ),
    )


def test_a_question_that_became_another_is_not_published(uncalibrated: QuestionPool) -> None:
    import_responses(uncalibrated, matrix_file(uncalibrated, answers_of(200, ITEMS)))
    calibration = calibrated(uncalibrated, scale="own")
    edit_content(uncalibrated)
    with pytest.raises(ProposalRefused, match="q0"):
        proposals.publish(calibration, None, timezone.now())
    pool = QuestionPool.objects.get(pk=uncalibrated.pk)
    again: Any = calibrated(pool, scale="own").result
    assert again["answers_left_out"] == 200
    assert "q0" not in [item["id"] for item in again["items"]]


@pytest.mark.parametrize("scale", ["link", "anchors"])
def test_without_parameters_there_is_no_scale_to_come_onto(db: None, scale: str) -> None:
    pool = make_pool([question(i, [1.0], state="not_calibrated") for i in range(3)])
    with pytest.raises(CalibrationRefused) as refused:
        queue.ask(pool, Asked(scale=scale))
    assert [at for at, _ in refused.value.problems] == ["/scale"]


def test_results_never_change(uncalibrated: QuestionPool) -> None:
    import_responses(uncalibrated, matrix_file(uncalibrated, answers_of(150, ITEMS)))
    calibration = calibrated(uncalibrated, scale="own")
    changes: list[Callable[[], Any]] = [
        lambda: Calibration.objects.filter(pk=calibration.pk).update(result={}),
        lambda: Calibration.objects.filter(pk=calibration.pk).update(state="queued"),
    ]
    for change in changes:
        with pytest.raises(DatabaseError), transaction.atomic():
            change()


@pytest.mark.parametrize(
    ("asked", "pointer"),
    [
        ({"model": "5PL"}, "/model"),
        ({"model": "GRM"}, "/model"),
        ({"scale": "mine"}, "/scale"),
        ({"scale": "anchors"}, "/anchors"),
        ({"scale": "anchors", "anchors": ("nobody",)}, "/anchors/0"),
        ({"priors": {"z": (0, 1)}}, "/priors"),
        ({"seed": -1}, "/seed"),
        ({"groups": "x"}, "/groups"),
        ({"imports": (), "delivered": False}, "/imports"),
    ],
)
def test_what_cannot_be_computed_is_refused_by_name(
    uncalibrated: QuestionPool, asked: dict[str, Any], pointer: str
) -> None:
    with pytest.raises(CalibrationRefused) as refused:
        queue.ask(uncalibrated, Asked(**asked))
    assert pointer in [each for each, _ in refused.value.problems]
    assert not Calibration.objects.exists()


def test_equations_without_a_solution_are_no_refusal(
    uncalibrated: QuestionPool, caplog: pytest.LogCaptureFixture
) -> None:
    """numpy's error is a ValueError, as refusals are, but its words are for the log."""
    calibration = queue.ask(uncalibrated, Asked(scale="own"))
    assert jobs.run(Calibration, calibration.pk, lambda found: {"error": np.linalg.inv(np.zeros((2, 2)))})
    calibration.refresh_from_db()
    assert (calibration.state, calibration.error) == ("failed", jobs.NOT_COMPUTED)
    assert "Singular matrix" in caplog.text


def test_without_answers_it_fails_in_a_sentence(uncalibrated: QuestionPool) -> None:
    calibration = queue.ask(uncalibrated, Asked())
    running.run(calibration.pk)
    calibration.refresh_from_db()
    assert (calibration.state, calibration.error[:31]) == ("failed", "There are no answers to calibra")


def test_who_waits_for_a_silent_worker_is_told(uncalibrated: QuestionPool, api: APIClient) -> None:
    now = timezone.now()
    other = make_pool([question(i, [1.0]) for i in range(3)])
    running_one = queue.ask(other, Asked(scale="own"))
    waiting = queue.ask(uncalibrated, Asked(scale="own"))
    address = f"/api/pools/{uncalibrated.pk}/calibrations/{waiting.pk}"
    jobs.claim(Calibration, running_one.pk, now)
    assert api.get(address).json()["waits_for"] == ""
    Calibration.objects.filter(pk=running_one.pk).update(heartbeat_at=now - 2 * queue.LONG_SILENCE)
    assert str(running_one.pk) in api.get(address).json()["waits_for"]
