"""What a calibration proposes, and the revision that a person makes of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from sessions_app.measurement import gate
from sessions_app.measurement.collecting import alike_items
from sessions_app.measurement.finding_sentences import said_by
from sessions_app.models import Calibration
from sessions_app.refusals import CalibrationNotOpen, ProposalRefused
from testing_engine import approval
from testing_engine.models import PoolRevision, QuestionPool
from testing_engine.pools import current_questions, newest_questions, parameter_fields, revise_fields
from testing_engine.psychometrics.items.bank import ItemParameters
from testing_engine.revisions import FrozenRevision, item_parameters, load_revision
from testing_engine.sentences import Sentence, say, together

ERROR = "error"
NOT_READ = ("content", "options", "option_scores", "interactions", "scoring")  # of what stays as it is


def proposed_parameters(
    result: Mapping[str, Any], parameters: Sequence[ItemParameters], revision: FrozenRevision
) -> dict[str, ItemParameters]:
    """By question id, where there is an estimate that a pool can hold."""
    return {
        item["id"]: _with(parameters[revision.positions[item["id"]]], item)
        for item in result["items"]
        if item["new"] is not None
    }


def _with(old: ItemParameters, item: Mapping[str, Any]) -> ItemParameters:
    """The question's area, enemies and set stay, and its state where somebody changed it meanwhile."""
    fields: dict[str, Any] = {
        "upper" if name == "upper_asymptote" else name: tuple(value) if isinstance(value, list) else value
        for name, value in item["new"].items()
    }
    if old.state == item["state"]:
        fields["state"] = item["new_state"]
    return replace(old, **fields)


def known_errors(pool_id: UUID, before: datetime) -> dict[str, Mapping[str, Any]]:
    """The item of the latest calibration that was published until then, by question id."""
    published = Calibration.objects.filter(pool_id=pool_id, published_at__lte=before).order_by("published_at")
    return {
        item["id"]: item
        for result in published.values_list("result", flat=True)
        if result is not None
        for item in result["items"]
        if item["new"] is not None
    }


def errors_in(result: Mapping[str, Any]) -> list[Sentence]:
    """The sentences of findings of the whole that make a result doubtful."""
    return [
        said_by(finding, result.get("concepts", ()))
        for finding in result["findings"]
        if finding["severity"] == ERROR and finding["item"] is None
    ]


def proposed(calibration: Calibration) -> int:
    """For how many questions it proposes something."""
    return sum(item["new"] is not None for item in (calibration.result or {"items": []})["items"])


def check(calibration: Calibration, *, despite_errors: bool) -> None:
    """Whether there is something that may be published. Raises `CalibrationNotOpen`, `ProposalRefused`."""
    if calibration.state != Calibration.State.DONE or calibration.result is None:
        raise CalibrationNotOpen(calibration.state)
    doubts = errors_in(calibration.result)
    if doubts and not despite_errors:
        told = say("The result is doubtful. {doubts}", doubts=together(doubts))
        raise ProposalRefused(told, is_doubtful=True)


def publish(
    calibration: Calibration,
    by_id: int | None,
    now: datetime,
    *,
    despite_errors: bool = False,
    override_reason: str = "",
    progress: Callable[[int, int], object] = lambda *_: None,
) -> PoolRevision:
    """The proposal as the pool's next revision. Safe to repeat: it is published once.

    Running tests and old results keep their revision. `progress` is told how many more questions were
    written, and how many there will be. Raises `CalibrationNotOpen` while there is no result,
    `ProposalRefused` where the pool's questions became others, nothing is proposed, or the result is doubtful
    and nobody says to publish it all the same; `GateRefused` where the pool requires what does not hold, and
    no reason is given to override it.
    """
    verdict = _verdict(calibration)  # it may take seconds: before the pool is locked
    with transaction.atomic():
        pool = QuestionPool.objects.select_for_update().get(pk=calibration.pool_id)
        calibration = Calibration.objects.select_for_update(of=("self",)).get(pk=calibration.pk)
        if calibration.published_revision is not None:
            return calibration.published_revision
        check(calibration, despite_errors=despite_errors)
        assert pool.current_revision is not None
        if verdict is not None and verdict.revision_id != pool.current_revision_id:
            raise ProposalRefused(say("Somebody changed the pool at this moment: publish again."))
        gate.record(pool, verdict, by_id, override_reason, calibration=calibration)
        fields = {item: parameter_fields(each) for item, each in _for_now(calibration, pool).items()}
        with approval.looked_at():
            revision = revise_fields(
                pool, pool.current_revision.number, fields, lambda written: progress(written, len(fields))
            )
        calibration.published_revision = revision
        calibration.published_at, calibration.published_by_id = now, by_id
        calibration.save(update_fields=["published_revision", "published_at", "published_by"])
    return revision


def _verdict(calibration: Calibration) -> gate.Verdict | None:
    """What the pool's requirements say of the proposal, as its questions are now."""
    pool = QuestionPool.objects.get(pk=calibration.pool_id)
    is_done = calibration.state == Calibration.State.DONE and calibration.result is not None
    is_over = Calibration.objects.filter(pk=calibration.pk, published_revision__isnull=False).exists()
    if not is_done or is_over or gate.requirements_of(pool.pk) is None:
        return None
    assert calibration.result is not None
    new = _for_now(calibration, pool)
    now = [new.get(each.external_id) or item_parameters(each) for each in current_questions(pool)]
    return gate.of_proposal(pool, now, gate.errors_of(calibration.result))


def _for_now(calibration: Calibration, pool: QuestionPool) -> dict[str, ItemParameters]:
    """The proposal for the pool's questions as they are now. Raises `ProposalRefused`."""
    revision = load_revision(calibration.revision_id)
    alike = alike_items(revision)
    assert calibration.result is not None
    new = {item["id"]: item for item in calibration.result["items"] if item["new"] is not None}
    if not new:
        none = say("It proposes nothing: no question has an estimate that a pool can hold.")
        raise ProposalRefused(none)
    named = newest_questions(pool).filter(external_id__in=list(new))  # a large pool has many others
    current = {question.external_id: question for question in named.defer(*NOT_READ)}
    others = [item for item in new if item not in current or alike.get(current[item].pk) is None]
    if others:
        raise ProposalRefused(
            say(
                "Since then {count} of its questions became others ({which}): calibrate again.",
                count=len(others),
                which=", ".join(others[:5]),
            )
        )
    return {item: _with(item_parameters(current[item]), each) for item, each in new.items()}
