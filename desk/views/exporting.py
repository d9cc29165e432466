"""A pool to take along: what each kind of file would lack, then the file."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils.text import slugify
from django.views.decorators.http import require_safe

from desk.doors import DeskRequest, desk_view, form_of, go_to
from desk.rights import EXPORT_POOLS
from desk.views.jobs import address_of, too_many
from desk.views.pools import pool_or_404, show_pool
from sessions_app.refusals import TooManyJobs
from sessions_app.waiting import pool_files, queue
from sessions_app.waiting.made import are_many
from testing_engine.authoring.shelf import PoolCard
from testing_engine.exporting import WRITERS, export_pool
from testing_engine.pools import read_pool


@require_safe
@desk_view(EXPORT_POOLS)
def pool_export(request: DeskRequest, pool_id: UUID) -> HttpResponse:
    """The kinds of file; with `format`, what becomes of each question; with `file` too, the file itself."""
    pool = pool_or_404(pool_id)
    chosen = request.GET.get("format", "")
    if chosen not in WRITERS or not pool.questions:
        return show_pool(request, pool, "export", "pool_export", {})
    if are_many(pool.questions):
        return show_pool(request, pool, "export", "pool_export", {"chosen": chosen, "is_long": True})
    written = export_pool(pool_id, chosen)
    if "file" in request.GET:
        name = f"{_name_of(pool)}.{written.suffix}"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return HttpResponse(written.content, content_type=written.media_type, headers=headers)
    told = {
        outcome: [question for question in written.report if question.outcome == outcome]
        for outcome in ("left_out", "with_loss", "whole")
    }
    return show_pool(request, pool, "export", "pool_export", {"chosen": chosen, "told": told})


@form_of("pool_export")
@desk_view(EXPORT_POOLS)
def prepare_export(request: DeskRequest, pool_id: UUID) -> HttpResponse:
    """The file by a worker, without what does not fit; the page of its progress."""
    pool, chosen = pool_or_404(pool_id), request.POST.get("format", "")
    found = read_pool(pool_id)
    if chosen not in WRITERS or found.current_revision_id is None:
        return go_to(request, reverse("desk:pool_export", args=[pool_id]))
    wanted = pool_files.Wanted(_name_of(pool), found.current_revision_id, chosen, incomplete=True)
    try:
        job = queue.ask(wanted, request.user.pk, found.organisation_id)
    except TooManyJobs as many:
        messages.warning(request, too_many(many))
        return go_to(request, reverse("desk:pool_export", args=[pool_id]))
    return go_to(request, address_of(job.pk))


def _name_of(pool: PoolCard) -> str:
    return slugify(pool.name) or str(pool.id)
