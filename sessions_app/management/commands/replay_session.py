"""manage.py replay_session ID: every decision of a test again. Identical, or where it differs."""

from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from sessions_app.models import TestSession
from sessions_app.refusals import SessionNotFound
from sessions_app.review.replay import LEADING, Replay, ReplayedStep, replay
from sessions_app.sitting.thousandths import told

NOT_REPLAYABLE = 2  # exit code


class Command(BaseCommand):
    help = (
        "Compute every ability, standard error, stop and next question of a session again from its answers, "
        "and compare with what is stored, bit for bit. Exit code 1: something differs; 2: not replayable."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("session", nargs="?", help="The session's id.")
        which.add_argument("--all", action="store_true", help="Every session; print those that differ.")
        parser.add_argument(
            "--explain",
            action="store_true",
            help="List the leading candidates at each step: why this question.",
        )

    def handle(self, *args: Any, session: str | None, all: bool, explain: bool, **options: Any) -> None:
        if session is None:
            self._replay_all(explain)
            return
        try:
            found = replay(UUID(session), candidates=LEADING * explain)
        except (ValueError, SessionNotFound) as error:
            raise CommandError(f"There is no session {session}.") from error
        self.stdout.write("\n".join(lines(found, explain)))
        if not found.is_identical:
            code = 1 if found.is_replayable else NOT_REPLAYABLE
            raise CommandError(f"{session} is {found.verdict}.", returncode=code)

    def _replay_all(self, explain: bool) -> None:
        sessions = TestSession.objects.filter(legacy_id=None, archived=None)
        archived = TestSession.objects.filter(legacy_id=None).exclude(archived=None).count()
        imported = TestSession.objects.exclude(legacy_id=None).count()
        replayed = differing = 0
        ids = sessions.order_by("pk").values_list("pk", flat=True)
        with tqdm(ids.iterator(), total=ids.count(), unit="session", disable=None) as bar:
            for session_id in bar:
                found = replay(session_id, candidates=LEADING * explain)
                replayed += 1
                if not found.is_identical:
                    differing += 1
                    bar.clear()
                    self.stdout.write("\n".join(lines(found, explain)))
        told = f"Replayed {replayed} sessions: {replayed - differing} identical, {differing} different."
        if imported:
            told += f" {imported} imported ones cannot be replayed."
        if archived:
            told += f" {archived} are in archives."
        if differing:
            raise CommandError(told)
        self.stdout.write(told)


def lines(found: Replay, explain: bool) -> Iterator[str]:
    """What was found, for a terminal."""
    yield f"{found.session_id} is {found.verdict}"
    for difference in found.differences:
        yield f"  {difference.place}, {difference.field}"
        yield f"    stored      {difference.stored}"
        yield f"    recomputed  {difference.recomputed}"
    if found.broken_off:
        yield f"  {found.broken_off}"
    if explain:
        for step in found.steps:
            yield from _step_lines(step)


def _step_lines(step: ReplayedStep) -> Iterator[str]:
    """Where the test stood, and why it went on as it did."""
    after = "At the start"
    if step.given is not None:
        after = f"{step.answered}. {step.given.question}: {step.given.said}, score {step.given.score}"
    ability = ", ".join(f"{told(theta)} ± {error:.3f}" for theta, error in step.ability)
    if step.given is not None and step.given.is_pilot:
        after += " (tried out: it counts in nothing)"
    if step.given is not None and step.given.is_rapid:
        after += " (too fast to count)"
    yield f"  {after}. θ {ability}" if ability else f"  {after}."
    if step.why is None:
        yield f"     Stop: {step.stop}"
        return
    why = step.why
    among = f"Best by {why.criterion}" if ability else "Left"
    yield f"     Next: {step.next_question}, chosen by the rule “{why.chosen_by}”. {among}:"
    for candidate in why.listed:
        mark = "  <- chosen" if candidate.question == step.next_question else ""
        yield f"       {candidate.question}  {candidate.value:.6g}{mark}"
    for candidate in why.closed:
        yield f"       {candidate.question}  {candidate.value:.6g}  closed by {candidate.closed_by}"
