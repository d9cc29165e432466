"""One calibration, computed: by a worker, or by the command in its own process."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from sessions_app.long_work import jobs
from sessions_app.measurement import queue
from sessions_app.measurement.asking import Asked
from sessions_app.measurement.collecting import collect, left_to_archives, sessions_for
from sessions_app.measurement.estimating import DIF, ERRORS, FIT, FITTING, Tell, estimate
from sessions_app.measurement.proposals import known_errors, proposed_parameters
from sessions_app.measurement.shifts import shift_of
from sessions_app.models import Calibration
from sessions_app.sitting.archived import archives_of
from testing_engine.calibration.version import engine_version
from testing_engine.canonical import as_stored, hash_of
from testing_engine.psychometrics.items.bank import ItemParameters
from testing_engine.revisions import FrozenRevision, load_revision, parameters_of_stored

COLLECTING, SHIFT = "collecting", "shift"
# Where the bar stands when a stage begins, and when it ends.
STAGES = {
    COLLECTING: (0.0, 0.05),
    FITTING: (0.05, 0.6),
    ERRORS: (0.6, 0.7),
    FIT: (0.7, 0.8),
    DIF: (0.8, 0.95),
    SHIFT: (0.95, 1.0),
}


@dataclass(frozen=True)
class Computed:
    """What follows from a request and its data, and from nothing else."""

    result: dict[str, Any]
    result_hash: str
    data_hash: str


def run(calibration_id: uuid.UUID, tell: Tell = lambda *_: None, *, beside_others: bool = False) -> None:
    """Compute it, unless somebody else does or it is over. Whatever goes wrong ends up in its row.

    Unless `beside_others`, not while another pool's is computed: a worker has short tasks to do besides. It
    waits then, and the beat sends it again.
    """
    if not beside_others and queue.is_one_computed(timezone.now()):
        return
    jobs.run(Calibration, calibration_id, lambda found: _compute(found, jobs.Heart(found, STAGES, tell)))


def _compute(calibration: Calibration, heart: Tell) -> dict[str, Any]:
    heart(COLLECTING, 0.0)
    asked = Asked.from_json(calibration.request)
    sessions = sessions_for(asked, calibration.pool_id, calibration.created_at)
    left_out = left_to_archives(asked, calibration.pool_id, calibration.created_at)
    Calibration.objects.filter(pk=calibration.pk).update(tests_in_archives=left_out)  # also of one that fails
    revision = load_revision(calibration.revision_id)
    parameters = parameters_in(revision)
    errors = known_errors(calibration.pool_id, calibration.created_at)
    computed = compute(asked, revision, parameters, sessions, errors, heart)
    heart(SHIFT, 0.0)
    now = timezone.now()
    shift = shift_of(revision, parameters, proposed_parameters(computed.result, parameters, revision), now)
    return {
        "session_ids": b"".join(each.bytes for each in sessions),
        "data_hash": computed.data_hash,
        "engine_version": engine_version(),
        "result": computed.result,
        "result_hash": computed.result_hash,
        "shift": shift,
    }


def compute(
    asked: Asked,
    revision: FrozenRevision,
    parameters: Sequence[ItemParameters],
    sessions: Sequence[uuid.UUID],
    errors: Mapping[str, Mapping[str, Any]],
    tell: Tell = lambda *_: None,
) -> Computed:
    """The result, as it is stored. `errors`: items of published calibrations, whose parameters still stand.

    Raises `ValueError`s that say why there is none.
    """
    collected = collect(asked, revision, sessions)
    keys = [int(key) for key in revision.question_ids]
    result = as_stored(estimate(asked, collected, keys, parameters, errors, tell))
    data_hash = result.pop("engine_data_hash")
    return Computed(result, hash_of(result), data_hash)


def again(calibration: Calibration) -> Computed:
    """The same calibration from its record, without changing it. Raises `ValueError` where archives have
    answers of its tests.
    """
    revision = load_revision(calibration.revision_id)
    packed = bytes(calibration.session_ids or b"")
    sessions = [uuid.UUID(bytes=packed[at : at + 16]) for at in range(0, len(packed), 16)]
    if names := archives_of(sessions):
        raise ValueError(f"answers of its tests are in {', '.join(names)}; archive_sessions --restore")
    errors = known_errors(calibration.pool_id, calibration.created_at)
    return compute(Asked.from_json(calibration.request), revision, parameters_in(revision), sessions, errors)


def parameters_in(revision: FrozenRevision) -> list[ItemParameters]:
    """Of every item of the revision, in order."""
    return parameters_of_stored(revision.question_ids.tolist())
