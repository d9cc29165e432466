"""Questions of other systems: a report of every question, then the import; and a table to fill in."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from desk.doors import DeskRequest, desk_view, go_to, require_form, show, wants_part
from desk.import_forms import AT_ONCE, ImportForm
from desk.rights import MAKE_POOLS, POOL
from desk.views.imports import import_later, imports_of, look_later, told, too_many
from desk.views.pools import published_or_404
from organisations.sharing import Level, NotShared
from sessions_app.refusals import TooManyPoolImports
from sessions_app.waiting import revisions
from testing_engine import approval, importing
from testing_engine.authoring import shelf
from testing_engine.authoring.shelf import PoolCard, PoolUnknown
from testing_engine.importing import ImportRefused, PublishedOtherwise
from testing_engine.interchange import table_templates
from testing_engine.interchange.imported import Upload


@require_form
@desk_view(MAKE_POOLS)
def import_questions(request: DeskRequest) -> HttpResponse:
    """The form; by POST a report of every question, or the import of what was reported."""
    form = ImportForm(request.POST or None, request.FILES or None, initial={"into": request.GET.get("into")})
    if request.method != "POST" or not form.is_valid():
        return _show(request, form, {})
    upload = form.upload()
    if len(upload.content) > AT_ONCE and request.POST.get("do") == "look":
        try:
            return look_later(request, upload, form.wishes(dry_run=True))
        except TooManyPoolImports:
            return _show(request, form, {"problems": [too_many()]})
    said = ""
    if request.POST.get("do") == "import":
        if request.POST.get("seen") == form.seen(upload):
            return _imported(request, form, upload)
        said = _("The file, or what is said of it, is another now. Look at the new report, then import.")
    try:
        report = importing.import_pool(upload, form.wishes(dry_run=True))
    except ImportRefused as refused:
        return _show(request, form, {"problems": [message for _pointer, message in refused.problems]})
    return _show(request, form, {"said": said, **told(report), "seen": form.seen(upload)})


def _imported(request: DeskRequest, form: ImportForm, upload: Upload) -> HttpResponse:
    if _is_long(request, form):
        key = f"desk {form.cleaned_data['pool_id']} {form.seen(upload)} {approval.hand().override_reason}"
        try:
            return import_later(request, upload, form.wishes(dry_run=False), key)
        except TooManyPoolImports:
            return _show(request, form, {"problems": [too_many()]})
    try:
        report = importing.import_pool(upload, form.wishes(dry_run=False))
    except ImportRefused as refused:
        return _show(request, form, {"problems": [message for _pointer, message in refused.problems]})
    except PublishedOtherwise:
        return _show(
            request,
            form,
            {"problems": [_("This page made a pool already. Open the import anew for another.")]},
        )
    if report.pool is None:
        return _show(request, form, told(report))
    said = _("Questions taken into the pool: {taken}. Refused: {refused}.")
    messages.success(request, said.format(taken=report.taken, refused=report.refused))
    return go_to(request, reverse("desk:pool", args=[report.pool.pk]))


def _is_long(request: DeskRequest, form: ImportForm) -> bool:
    """By how many questions the report counted: many fit into a small file."""
    told = request.POST.get("taken", "")
    taken = int(told) if told.isascii() and told.isdigit() and len(told) < 9 else 0
    into = _pool_of(form)
    return revisions.is_long(published_or_404(into.id) if into and into.questions else None, taken)


def _show(request: DeskRequest, form: ImportForm, context: dict[str, Any]) -> HttpResponse:
    is_part = wants_part(request)
    name = "parts/import_report" if is_part else "import_questions"
    into = _pool_of(form)
    report = context.get("report")
    if report is not None and into is not None and into.questions:
        context["asks_for_reason"] = revisions.is_judged_later(published_or_404(into.id), report.taken)
    is_named_alike = report is not None and into is None and shelf.is_called(report.name)
    context = {"into": into, "is_named_alike": is_named_alike, **context}
    if not is_part:
        context["imports"] = imports_of(request)
    return show(request, name, {"form": form, "is_part": is_part, **context})


def _pool_of(form: ImportForm) -> PoolCard | None:
    """The pool that the address or the form names."""
    given = form["into"].value()
    try:
        if not given:
            return None
        pool = shelf.pool_card(UUID(str(given)))
        if not MAKE_POOLS.reaches(shelf.level_on(pool.id) or Level.SEE, POOL):
            raise NotShared
        return pool
    except (ValueError, PoolUnknown) as unknown:
        raise Http404 from unknown


@require_safe
@desk_view(MAKE_POOLS)
def question_template(request: DeskRequest) -> HttpResponse:
    """A table of questions to fill in."""
    form: table_templates.Form = "csv" if request.GET.get("format") == "csv" else "xlsx"
    return HttpResponse(
        table_templates.table_template(form),
        content_type=table_templates.CONTENT_TYPES[form],
        headers={"Content-Disposition": f'attachment; filename="questions.{form}"'},
    )
