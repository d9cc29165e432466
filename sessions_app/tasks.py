"""What the beat and requests call. Safe to repeat, and to run twice at once."""

import logging
from collections.abc import Sequence
from uuid import UUID

from celery import shared_task

from sessions_app.administration import cleanup, pool_imports
from sessions_app.counting import folding
from sessions_app.long_work import files
from sessions_app.lti import keys, tickets
from sessions_app.lti import outbox as lti
from sessions_app.mailing import outbox as mailing
from sessions_app.measurement import queue, running
from sessions_app.measurement.sending import send_calibration, send_simulation, send_watches
from sessions_app.measurement.simulations import queue as simulation_queue
from sessions_app.measurement.simulations import running as simulating
from sessions_app.measurement.watches import nights
from sessions_app.models import InvitationMail, LtiMessage, WebhookMessage
from sessions_app.outgoing import queue as outgoing
from sessions_app.sitting import hot_state, losses
from sessions_app.waiting import queue as waiting
from sessions_app.waiting import running as long_work
from sessions_app.webhooks import outbox as webhooks
from testing_engine.pools import read_pool

logger = logging.getLogger(__name__)

OUTBOXES = (WebhookMessage, LtiMessage, InvitationMail)


@shared_task
def end_inactive_sessions() -> None:
    logger.info("Ended %d inactive sessions", cleanup.end_inactive(now=cleanup.shared_clock()))


@shared_task
def count_sessions() -> None:
    logger.info("Counted %d sessions that are over", folding.fold())


@shared_task
def look_for_lost_answers() -> None:
    """After a failover of PostgreSQL; a worker that cannot ask Redis leaves it to the next minute."""
    lost = losses.look_after_failover() if hot_state.is_up() else None
    if lost is not None:
        logger.info("Compared every running test with its rows: %d answers are lost", lost)


@shared_task(time_limit=4 * 3600, soft_time_limit=4 * 3600 - 60)
def calibrate(calibration_id: str) -> None:
    running.run(UUID(calibration_id))


@shared_task
def take_up_calibrations() -> None:
    sent, given_up = queue.take_up(cleanup.shared_clock(), send_calibration)
    logger.info("Sent %d calibrations again, gave up %d", sent, given_up)


@shared_task(time_limit=pool_imports.TIME_LIMIT + 30, soft_time_limit=pool_imports.TIME_LIMIT)
def import_questions(import_id: str) -> None:
    pool_imports.run(UUID(import_id))


@shared_task
def take_up_imports() -> None:
    sent, given_up = pool_imports.take_up(cleanup.shared_clock())
    logger.info("Sent %d imports again, gave up %d", sent, given_up)


@shared_task(time_limit=4 * 3600, soft_time_limit=4 * 3600 - 60)
def do_long_job(job_id: str) -> None:
    long_work.run(UUID(job_id))


@shared_task
def take_up_long_jobs() -> None:
    now = cleanup.shared_clock()
    sent, given_up = waiting.take_up(now)
    forgotten = files.forget(now)
    logger.info("Sent %d long jobs again, gave up %d, forgot %d", sent, given_up, forgotten)


@shared_task(time_limit=4 * 3600, soft_time_limit=4 * 3600 - 60)
def simulate(simulation_id: str) -> None:
    """One part; what waits goes on as another task, so that others have their turn."""
    if simulating.run_next(UUID(simulation_id)):
        send_simulation(UUID(simulation_id))


@shared_task
def take_up_simulations() -> None:
    sent, given_up = simulation_queue.take_up(cleanup.shared_clock(), send_simulation, simulating.settle)
    logger.info("Sent %d simulations again, gave up %d parts", sent, given_up)


@shared_task
def send_messages() -> None:
    """Of every outbox. What is sent is noted message by message, so a task that is cut off loses none."""
    now = cleanup.shared_clock()
    if delivered := webhooks.send_due(now) + lti.send_due(now) + mailing.send_due(now):
        logger.info("Delivered %d messages", delivered)


@shared_task
def forget_messages() -> None:
    """And what else of them is only of use for a while."""
    now = cleanup.shared_clock()
    keys.keep_fresh(now)
    tickets.forget_spent(now)
    forgotten = sum(outgoing.forget_settled(outbox, now) for outbox in OUTBOXES)
    logger.info("Forgot %d settled messages", forgotten)


@shared_task
def watch_pools() -> None:
    """Every hour, all pools that wait for this night's look. `/metrics` tells how many did."""
    now = cleanup.shared_clock()
    waiting = nights.waiting(now)
    send_watches(waiting)
    hot_state.note_watch(now, len(waiting))
    forgotten = nights.forget_old(now)
    logger.info("Sent %d pools to be watched, forgot %d nights", len(waiting), forgotten)


@shared_task(time_limit=3600, soft_time_limit=3540)
def watch_pool(pool_id: str, others: Sequence[str] = ()) -> None:
    """The others first go on to whoever is free: whatever happens here, they do not wait, and never does more
    than one of them stand in the queue.
    """
    send_watches([UUID(each) for each in others])
    nights.watch_pool(read_pool(UUID(pool_id)), cleanup.shared_clock())
