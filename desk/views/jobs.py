"""Files that a worker makes: the list of one's own, how far one is, and the file."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from desk.calibration_words import error_in_words
from desk.doors import DeskRequest, desk_view, form_of, go_to, show, wants_part
from desk.job_words import told_of
from sessions_app.refusals import JobFileGone, JobHasNoFile, JobNotFound, JobNotOpen, TooManyJobs
from sessions_app.waiting import downloads, queue

LISTED = 50


@require_safe
@desk_view()
def job_list(request: DeskRequest) -> HttpResponse:
    """What this account asked for, the newest first."""
    found = queue.of_account(request.user.pk, request.user.has_perm)[:LISTED]
    return show(request, "jobs", {"jobs": [told_of(each, timezone.now()) for each in found]})


@require_safe
@desk_view()
def job(request: DeskRequest, job_id: UUID) -> HttpResponse:
    """How far it is, or what came of it; by htmx the same, until it is over."""
    found = _found(request, job_id)
    told = told_of(found, timezone.now())
    if wants_part(request):
        if "look" in request.GET:  # on a page that waits for it
            return show(request, "parts/look_progress", {"job": told})
        if not found.is_open:  # it was when the page was drawn
            return go_to(request, request.path)
        return show(request, "parts/job_progress", {"job": told})
    error = (told.outcome or error_in_words(found.error)) if found.error else ""
    return show(request, "job", {"job": told, "error": error})


@require_safe
@desk_view()
def job_file(request: DeskRequest, job_id: UUID) -> HttpResponse:
    """The file; where there is none, the page that says why."""
    try:
        return downloads.file_of(_found(request, job_id), timezone.now())  # type: ignore[return-value]
    except (JobHasNoFile, JobFileGone):
        return go_to(request, address_of(job_id))


@form_of("job")
@desk_view()
def cancel_job(request: DeskRequest, job_id: UUID) -> HttpResponse:
    """As soon as its worker looks."""
    try:
        queue.cancel(_found(request, job_id), timezone.now())
        messages.success(request, _("It ends as soon as its worker looks."))
    except JobNotOpen:
        messages.warning(request, _("It was over already."))
    return go_to(request, address_of(job_id))


def done_later(
    request: DeskRequest, wanted: Any, organisation_id: int | None, instead: str, content: bytes | None = None
) -> HttpResponse:
    """A worker does it; the page of its progress. Where this account has too many, the page `instead`."""
    try:
        asked = queue.ask(wanted, request.user.pk, organisation_id, content=content)
    except TooManyJobs as refused:
        messages.warning(request, too_many(refused))
        return go_to(request, instead)
    return go_to(request, address_of(asked.pk))


def address_of(job_id: UUID) -> str:
    return reverse("desk:job", args=[job_id])


def too_many(refused: TooManyJobs) -> str:
    """Why no more is taken now."""
    return _("{count} of your files are not made yet. Wait for one of them.").format(count=refused.most)


def _found(request: DeskRequest, job_id: UUID) -> Any:
    try:
        return queue.find(str(job_id), request.user.pk, request.user.has_perm)
    except JobNotFound as unknown:
        raise Http404 from unknown
