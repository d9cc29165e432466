"""Long files of questions: a worker reads them, and whoever brought one looks when they like."""

import hashlib
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from desk.calibration_words import state_in_words
from desk.doors import REASON, DeskRequest, desk_view, form_of, go_to, show, wants_part
from desk.import_forms import WORDS
from desk.rights import MAKE_POOLS
from sessions_app.administration import pool_imports
from sessions_app.administration.pool_imports import Progress
from sessions_app.refusals import JobNotOpen, PoolImportNotFound, TooManyPoolImports
from testing_engine import approval
from testing_engine.authoring import shelf
from testing_engine.importing import Report, Wishes
from testing_engine.interchange.imported import Upload

LISTED = 500  # questions of each kind
IMPORTS_LISTED = 5


def look_later(request: DeskRequest, upload: Upload, wishes: Wishes) -> HttpResponse:
    """A worker looks at the file; the page of its progress. Raises `TooManyPoolImports`."""
    return go_to(request, _address(pool_imports.ask(upload, wishes, request.user.pk, keeps_file=True)))


def import_later(request: DeskRequest, upload: Upload, wishes: Wishes, key: str) -> HttpResponse:
    """A worker imports what was looked at, once for each key; the same page. Raises `TooManyPoolImports`."""
    wishes = replace(wishes, override_reason=approval.hand().override_reason)
    hashed = hashlib.sha256(key.encode()).hexdigest()
    return go_to(request, _address(pool_imports.ask(upload, wishes, request.user.pk, hashed)))


def imports_of(request: DeskRequest) -> list[tuple[Progress, str]]:
    """The newest of this account, with their states in words."""
    found = pool_imports.of_account(request.user.pk, IMPORTS_LISTED)
    return [(each, _state(each)) for each in found]


@require_safe
@desk_view(MAKE_POOLS)
def import_progress(request: DeskRequest, import_id: UUID) -> HttpResponse:
    """How far it is; at the end the report, and after a look the button that imports."""
    found = _found(request, import_id)
    is_part = wants_part(request)
    if found.is_over and is_part:  # it was running when the page was drawn
        return go_to(request, request.path)
    context: dict[str, Any] = {"found": found, "state": _state(found), "is_over": found.is_over}
    if is_part:
        return show(request, "parts/import_progress", context)
    if found.report is not None:
        context |= told(found.report)
        is_new = found.is_dry_run and not found.is_into
        context["is_named_alike"] = is_new and shelf.is_called(found.report.name)
    return show(
        request, "import_progress", {**context, "problems": [said for _pointer, said in found.problems]}
    )


@form_of("import_progress")
@desk_view(MAKE_POOLS)
def take_import(request: DeskRequest, import_id: UUID) -> HttpResponse:
    """Import what a look reported, once, however often it is sent."""
    try:
        reason = request.POST.get(REASON, "")
        return go_to(request, _address(pool_imports.take(str(import_id), request.user.pk, reason)))
    except TooManyPoolImports:
        messages.warning(request, too_many())
        return go_to(request, _address(import_id))
    except PoolImportNotFound as unknown:
        raise Http404 from unknown


@form_of("import_progress")
@desk_view(MAKE_POOLS)
def cancel_import(request: DeskRequest, import_id: UUID) -> HttpResponse:
    """As soon as its worker looks; nothing of it is imported, then."""
    try:
        pool_imports.cancel(str(import_id), request.user.pk, timezone.now())
        messages.success(request, _("It ends as soon as its worker looks."))
    except JobNotOpen:
        messages.warning(request, _("It was over already."))
    except PoolImportNotFound as unknown:
        raise Http404 from unknown
    return go_to(request, _address(import_id))


def told(report: Report) -> dict[str, Any]:
    """The report, by what became of the questions."""
    by_outcome = {
        outcome: [question for question in report.questions if question.outcome == outcome]
        for outcome in ("refused", "taken_with_loss", "taken")
    }
    called = WORDS.get(report.format, report.format)
    return {"report": report, **by_outcome, "most": LISTED, "format": called}


def _found(request: DeskRequest, import_id: UUID) -> Progress:
    try:
        return pool_imports.progress(str(import_id), request.user.pk)
    except PoolImportNotFound as unknown:
        raise Http404 from unknown


def _state(found: Progress) -> str:
    return _("is being read") if found.state == "running" else state_in_words(found.state)


def _address(import_id: UUID) -> str:
    return reverse("desk:import_progress", args=[import_id])


def too_many() -> str:
    """Why no more imports are taken now."""
    said = _("{count} of your imports are not over yet. Wait for one of them.")
    return said.format(count=pool_imports.MOST_OPEN)
