"""A pool to take along: what each kind of file would lack, then the file."""

from uuid import UUID

from django.http import HttpResponse
from django.utils.text import slugify
from django.views.decorators.http import require_safe

from desk.doors import DeskRequest, desk_view
from desk.rights import EXPORT_POOLS
from desk.views.pools import pool_or_404, show_pool
from testing_engine.exporting import WRITERS, export_pool


@require_safe
@desk_view(EXPORT_POOLS)
def pool_export(request: DeskRequest, pool_id: UUID) -> HttpResponse:
    """The kinds of file; with `format`, what becomes of each question; with `file` too, the file itself."""
    pool = pool_or_404(pool_id)
    chosen = request.GET.get("format", "")
    if chosen not in WRITERS or not pool.questions:
        return show_pool(request, pool, "export", "pool_export", {})
    written = export_pool(pool_id, chosen)
    if "file" in request.GET:
        name = f"{slugify(pool.name) or pool_id}.{written.suffix}"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return HttpResponse(written.content, content_type=written.media_type, headers=headers)
    told = {
        outcome: [question for question in written.report if question.outcome == outcome]
        for outcome in ("left_out", "with_loss", "whole")
    }
    return show_pool(request, pool, "export", "pool_export", {"chosen": chosen, "told": told})
