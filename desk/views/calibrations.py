"""A pool's page *Calibrate*: answers in, a calibration with its progress, its report, its publication."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from desk.calibration_forms import AnswersForm, CalibrationForm, wanted_in
from desk.calibration_words import (
    ANCHOR,
    compared_in_words,
    differences_in_words,
    error_in_words,
    findings_in_words,
    rise_in_words,
    stage_in_words,
    state_in_words,
    why_not_in_words,
)
from desk.doors import DeskRequest, desk_view, form_of, go_to, require_form, show, wants_part
from desk.import_forms import AT_ONCE
from desk.rights import MAKE_POOLS, PUBLISH_CALIBRATIONS
from desk.sentences import translated
from desk.views.jobs import done_later
from desk.views.pools import pool_or_404, published_or_404, show_pool
from sessions_app.measurement import gate, importing, proposals, queue, reports, tables
from sessions_app.measurement.asking import CalibrationRefused
from sessions_app.measurement.curves import FINE
from sessions_app.measurement.sending import send_calibration
from sessions_app.refusals import (
    CalibrationNotFound,
    CalibrationNotOpen,
    CalibrationRuns,
    GateRefused,
    ProposalRefused,
)
from sessions_app.waiting import imported_answers, revisions
from testing_engine import approval, pools
from testing_engine.authoring.shelf import PoolCard
from testing_engine.interchange.imported import Upload
from testing_engine.pictures.calibrations import Words, old_and_new

LISTED = 50


@require_form
@desk_view(MAKE_POOLS)
def calibrate(request: DeskRequest, pool_id: UUID) -> HttpResponse:
    """What there is, and the form; by POST a new calibration."""
    pool = pool_or_404(pool_id)
    form = _form(pool, request.POST or None, wanted_in(request.GET))
    if request.method == "POST" and pool.questions and form.is_valid():
        try:
            found = queue.ask(pools.read_pool(pool_id), form.asked(), request.user.pk, send=send_calibration)
            return go_to(request, _address(pool_id, found.pk))
        except CalibrationRefused as refused:
            for pointer, message in refused.problems:
                form.add_error(pointer[1:] if pointer[1:] in form.fields else None, translated(message))
        except CalibrationRuns as running:
            return go_to(request, _address(pool_id, running.calibration_id))
    return _page(request, pool, form, AnswersForm())


@form_of("calibrate")
@desk_view(MAKE_POOLS)
def import_answers(request: DeskRequest, pool_id: UUID) -> HttpResponse:
    """A file of answers, kept."""
    pool = pool_or_404(pool_id)
    form = AnswersForm(request.POST, request.FILES)
    if pool.questions and form.is_valid():
        upload = form.upload()
        if len(upload.content) > AT_ONCE:
            return _taken_later(request, pool_id, upload, form.wishes())
        try:
            report = importing.import_responses(
                pools.read_pool(pool_id), upload, form.wishes(), request.user.pk
            )
        except importing.ResponsesRefused as refused:
            for _pointer, message in refused.problems[:LISTED]:
                form.add_error("file", translated(message))
        else:
            messages.success(request, translated(imported_answers.outcome_of(report)))
            return go_to(request, reverse("desk:calibrate", args=[pool_id]))
    return _page(request, pool, _form(pool), form)


def _taken_later(
    request: DeskRequest, pool_id: UUID, upload: Upload, wishes: importing.Wishes
) -> HttpResponse:
    """A worker takes them; the page of its progress."""
    wanted = imported_answers.Wanted.of(pool_id, upload, wishes)
    organisation_id = pools.read_pool(pool_id).organisation_id
    instead = reverse("desk:calibrate", args=[pool_id])
    return done_later(request, wanted, organisation_id, instead, upload.content)


def _form(pool: PoolCard, posted: Any = None, wanted: Mapping[str, Any] | None = None) -> CalibrationForm:
    """As it begins: a pool without parameters has no scale to hold on to."""
    if not pool.questions:
        return CalibrationForm(posted)
    found = pools.read_pool(pool.id)
    usual = {"scale": queue.usual_scale(found), **(wanted or {})}
    return CalibrationForm(posted, initial=usual, columns=importing.groups_of(found))


def _page(request: DeskRequest, pool: PoolCard, form: CalibrationForm, answers: AnswersForm) -> HttpResponse:
    context: dict[str, Any] = {"form": form, "answers": answers}
    if pool.questions:
        found = pools.read_pool(pool.id)
        context |= {
            "imports": importing.imports_of(found)[:LISTED],
            "calibrations": [(each, state_in_words(each.state)) for each in queue.of_pool(found)[:LISTED]],
        }
    return show_pool(request, pool, "calibrate", "pool_calibrate", context)


@require_safe
@desk_view(MAKE_POOLS)
def calibration(request: DeskRequest, pool_id: UUID, calibration_id: UUID) -> HttpResponse:
    """Its progress, or its report; by htmx the next questions of it, or where it stands."""
    pool = pool_or_404(pool_id)
    found = _found(pool_id, calibration_id)
    context: dict[str, Any] = {
        "calibration": found,
        "percent": round(100 * found.progress),
        "state": state_in_words(found.state),
        "stage": stage_in_words(found.stage),
        "error": error_in_words(found.error),
        "waits_for": translated(waits) if (waits := queue.waits_for(found, timezone.now())) else "",
    }
    is_part = wants_part(request)
    if found.result is None:
        if is_part:
            return show(request, "parts/calibration_progress", {**context, "pool": pool})
        return show_pool(request, pool, "calibrate", "pool_calibration", context)
    if (form := request.GET.get("format")) in ("csv", "json"):
        return _file(found, form)
    if is_part and "first" not in request.GET:  # it was running, and is done
        return go_to(request, request.path)
    first = request.GET.get("first", "0")
    page = reports.item_page(found, int(first) if first.isdecimal() and len(first) < 9 else 0)
    rises = [
        rise_in_words(item["new_state"]) if item["new_state"] != item["state"] else "" for item in page.items
    ]
    reasons = [why_not_in_words(item["why_not"]) for item in page.items]
    differences = [differences_in_words(found.result, item) for item in page.items]
    lines = list(zip(page.items, rises, reasons, differences, strict=True))
    context |= {"items": page, "lines": lines, "picture": _picture(page)}
    if is_part:
        return show(request, "parts/calibration_items", {**context, "pool": pool})
    context |= {
        "result": found.result,
        "findings": findings_in_words(found.result["findings"], found.result["concepts"]),
        "compared": compared_in_words(found.result),
        "doubts": proposals.errors_in(found.result),
        "is_gated": gate.requirements_of(pool_id) is not None,
        "proposed": proposals.proposed(found),
        "without": [
            (item["id"], why_not_in_words(item["why_not"]))
            for item in found.result["items"]
            if item["new"] is None and item["why_not"] != ANCHOR
        ],
    }
    return show_pool(request, pool, "calibrate", "pool_calibration", context)


@form_of("calibration")
@desk_view(MAKE_POOLS)
def cancel(request: DeskRequest, pool_id: UUID, calibration_id: UUID) -> HttpResponse:
    """As soon as its worker looks."""
    try:
        queue.cancel(_found(pool_id, calibration_id), timezone.now())
        messages.success(request, _("It ends as soon as its worker looks."))
    except CalibrationNotOpen:
        messages.warning(request, _("It was over already."))
    return go_to(request, _address(pool_id, calibration_id))


@form_of("calibration")
@desk_view(PUBLISH_CALIBRATIONS)
def publish(request: DeskRequest, pool_id: UUID, calibration_id: UUID) -> HttpResponse:
    """The proposal becomes the pool's next revision."""
    found = _found(pool_id, calibration_id)
    despite, reason = request.POST.get("despite_errors") == "on", approval.hand().override_reason
    try:
        pool = published_or_404(pool_id)
        if found.published_revision is None and revisions.is_long(pool, proposals.proposed(found)):
            proposals.check(found, despite_errors=despite)
            wanted = revisions.Proposal.of(found, despite_errors=despite, override_reason=reason)
            return done_later(request, wanted, pool.organisation_id, _address(pool_id, calibration_id))
        revision = proposals.publish(
            found, request.user.pk, timezone.now(), despite_errors=despite, override_reason=reason
        )
        said = _("Published as revision {number}. Tests that run and old results keep theirs.")
        messages.success(request, said.format(number=revision.number))
    except CalibrationNotOpen:
        messages.warning(request, _("There is no result to publish."))
    except (ProposalRefused, GateRefused) as refused:
        messages.warning(request, translated(str(refused)))
    return go_to(request, _address(pool_id, calibration_id))


def _address(pool_id: UUID, calibration_id: UUID) -> str:
    return reverse("desk:calibration", args=[pool_id, calibration_id])


def _found(pool_id: UUID, calibration_id: UUID) -> Any:
    try:
        return queue.find(published_or_404(pool_id), str(calibration_id))
    except CalibrationNotFound as unknown:
        raise Http404 from unknown


def _file(found: Any, form: str) -> HttpResponse:
    """The questions as CSV, or the whole result as JSON."""
    name = {"Content-Disposition": f'attachment; filename="calibration-{found.pk}.{form}"'}
    if form == "csv":
        lines = "".join(tables.parameter_lines(found))
        return HttpResponse(lines, content_type="text/csv; charset=utf-8", headers=name)
    return JsonResponse(
        {"request": found.request, "result": found.result, "shift": found.shift}, headers=name
    )


def _picture(page: reports.ItemPage) -> Any:
    if not page.curves:
        return None
    words = Words(
        title=_("Curves, old and new"),
        description=_(
            "The expected share of the highest score at each ability: dotted as the pool has it, whole as "
            "estimated, with the 95 % band of what these data cannot tell."
        ),
        old=_("now"),
        new=_("estimated"),
        band=_("95 %"),
    )
    return old_and_new(f"curves-{page.first}", FINE.tolist(), page.curves, words)
