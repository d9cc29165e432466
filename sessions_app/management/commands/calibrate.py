"""manage.py calibrate POOL: estimate a pool's item parameters from answers, here and now."""

import json
import uuid
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from tqdm import tqdm

from sessions_app.management.answers import add_which_answers, which_answers
from sessions_app.measurement import proposals, queue, running
from sessions_app.measurement.asking import GROUPS, LINK, NONE, SCALES, Asked, CalibrationRefused, Compared
from sessions_app.measurement.differences import looked_at, of_item
from sessions_app.models import Calibration
from sessions_app.refusals import Refusal
from testing_engine.calibration.version import engine_version
from testing_engine.management.pools import pool_named


class Command(BaseCommand):
    help = (
        "Estimate item parameters from imported answers and delivered tests, and propose a revision "
        "(docs/CALIBRATION.md). Nothing changes until somebody publishes it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("pool", nargs="?", help="Its id.")
        add_which_answers(parser)
        parser.add_argument("--model", default="", help="For all questions; by default each one's own.")
        parser.add_argument("--priors", default="default", help="default, none, or JSON.")
        parser.add_argument("--seed", type=int, default=0)
        parser.add_argument("--scale", choices=SCALES, default=LINK)
        parser.add_argument("--anchor", action="append", default=[], metavar="QUESTION", dest="anchors")
        parser.add_argument(
            "--estimate", action="append", default=[], metavar="QUESTION", help="All others are anchors."
        )
        parser.add_argument("--groups", choices=GROUPS, default=NONE, help="Populations told apart.")
        parser.add_argument("--column", default="", help="Of groups, with --groups file; default: the first.")
        parser.add_argument(
            "--dif",
            action="append",
            metavar="COLUMN[=GROUP]",
            help="Look for DIF between its groups, against the largest or GROUP. Repeatable.",
        )
        parser.add_argument("--json", action="store_true", help="Print the whole result as JSON.")
        parser.add_argument("--again", metavar="ID", help="Compute a calibration again, and compare.")
        parser.add_argument("--publish", metavar="ID", help="Publish what a calibration proposes.")
        parser.add_argument("--despite-errors", action="store_true")
        parser.add_argument(
            "--override", default="", metavar="REASON", help="Why, although requirements are not met."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["again"]:
            self._again(_calibration(options["again"]))
        elif options["publish"]:
            self._publish(_calibration(options["publish"]), options["despite_errors"], options["override"])
        elif options["pool"]:
            self._calibrate(**options)
        else:
            raise CommandError("Name a pool, or --again ID, or --publish ID.")

    def _calibrate(self, **options: Any) -> None:
        try:
            calibration = queue.ask(pool_named(options["pool"]), _asked(options))
        except CalibrationRefused as refused:
            raise CommandError("\n".join(f"{at}: {message}" for at, message in refused.problems)) from refused
        except Refusal as refused:
            raise CommandError(str(refused)) from refused
        with tqdm(total=100, unit="%", disable=None) as bar:
            running.run(
                calibration.pk,
                lambda stage, share: bar.update(int(100 * share) - bar.n),
                beside_others=True,
            )
        calibration.refresh_from_db()
        if calibration.tests_in_archives:
            self.stderr.write(
                f"{calibration.tests_in_archives} tests are left out: archives have their answers."
            )
        if calibration.state != Calibration.State.DONE or calibration.result is None:
            raise CommandError(calibration.error or f"It is {calibration.state}.")
        if options["json"]:
            self.stdout.write(json.dumps(calibration.result, indent=1))
            return
        self._report(calibration.result, calibration.shift or {})
        self.stdout.write(f"Calibration {calibration.pk} is done; nothing is published.")

    def _report(self, result: dict[str, Any], shift: dict[str, Any]) -> None:
        verdict = "converged" if result["converged"] else "NOT converged"
        self.stdout.write(
            f"{verdict}; {result['persons']} persons, {result['answers']} answers; "
            f"log-likelihood {result['log_likelihood']:.3f}"
        )
        for finding in result["findings"]:
            of = f"{finding['item']}: " if finding["item"] is not None else ""
            self.stdout.write(f"{finding['severity']:8} {of}{finding['sentence']}")
        for item in result["items"]:
            self.stdout.write(_line(item))
        for about in looked_at(result):
            self.stdout.write(_differing(result, about))
        if shift.get("scores"):
            self.stdout.write(
                f"Scores of the last {shift['days']} days would move by {shift['mean']:+.3f} on average "
                f"(sd {shift['sd']:.3f}); {shift['levels_changed']} would get another level."
            )

    def _again(self, calibration: Calibration) -> None:
        try:
            computed = running.again(calibration)
        except ValueError as error:
            raise CommandError(f"It cannot be computed again: {error}") from error
        if computed.data_hash != calibration.data_hash:
            raise CommandError("The data are not those that it was computed from.")
        if computed.result_hash != calibration.result_hash:
            raise CommandError(
                f"Different. It was computed by {calibration.engine_version}; this is {engine_version()}."
            )
        self.stdout.write(f"Identical: data {computed.data_hash[:12]}, result {computed.result_hash[:12]}.")

    def _publish(self, calibration: Calibration, despite_errors: bool, reason: str) -> None:
        try:
            revision = proposals.publish(
                calibration, None, timezone.now(), despite_errors=despite_errors, override_reason=reason
            )
        except Refusal as refused:
            raise CommandError(str(refused)) from refused
        self.stdout.write(f"Published as {revision} of pool {calibration.pool_id}.")


def _line(item: dict[str, Any]) -> str:
    if item["new"] is None:
        return f"{item['id']:20} {item['answers']:7} answers: {item['why_not']}"
    error = item["errors"]["difficulty"]
    said = "" if error is None else f" ± {error:.3f}"
    return (
        f"{item['id']:20} {item['answers']:7} answers: difficulty {item['old']['difficulty']:.3f} → "
        f"{item['new']['difficulty']:.3f}{said}, discrimination {item['old']['discrimination']:.3f} → "
        f"{item['new']['discrimination']:.3f}"
    )


def _differing(result: dict[str, Any], about: dict[str, Any]) -> str:
    """Which questions treat the groups of a column differently."""
    if about["why_not"]:
        return f"DIF by {about['column']}: not looked at. {about['why_not']}"
    told = []
    for item in result["items"]:
        found = of_item(result, item).get(about["column"])
        if found is not None and found["flagged"]:
            classes = [f"{name} {of['ets_class']}" for name, of in found["groups"].items() if of["ets_class"]]
            told.append(f"{item['id']} ({', '.join(classes)})" if classes else item["id"])
    return f"DIF by {about['column']} against {about['reference']}: {', '.join(told) or 'none'}"


def _asked(options: dict[str, Any]) -> Asked:
    priors = options["priors"]
    try:
        priors = priors if priors in ("default", "none") else json.loads(priors)
    except ValueError as error:
        raise CommandError(f"--priors: {error}") from error
    return Asked(
        **which_answers(options),
        model=options["model"],
        priors=priors,
        seed=options["seed"],
        scale=options["scale"],
        anchors=tuple(options["anchors"]),
        estimate=tuple(options["estimate"]),
        groups=options["groups"],
        column=options["column"],
        dif=None if options["dif"] is None else tuple(map(_compared, options["dif"])),
    )


def _compared(text: str) -> Compared:
    column, equals, reference = text.rpartition("=")
    return Compared(column, reference) if equals else Compared(text)


def _calibration(text: str) -> Calibration:
    try:
        found = Calibration.objects.filter(pk=uuid.UUID(text), state=Calibration.State.DONE).first()
    except ValueError:
        found = None
    if found is None:
        raise CommandError(f"There is no calibration {text} that is done.")
    return found
