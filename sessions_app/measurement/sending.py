"""What is measured, to a worker."""

from collections.abc import Sequence
from uuid import UUID

from sessions_app.long_work.sending import send

CALIBRATE = "sessions_app.tasks.calibrate"
SIMULATE = "sessions_app.tasks.simulate"
WATCH = "sessions_app.tasks.watch_pool"
WATCH_EXPIRES = 3600  # seconds: by then the beat has sent it again


def send_calibration(calibration_id: UUID) -> None:
    send(CALIBRATE, calibration_id)


def send_simulation(simulation_id: UUID) -> None:
    send(SIMULATE, simulation_id)


def send_watches(pool_ids: Sequence[UUID]) -> None:
    """The first of them, with the others, which its worker sends on."""
    if pool_ids:
        send(WATCH, pool_ids[0], [str(each) for each in pool_ids[1:]], expires=WATCH_EXPIRES)
