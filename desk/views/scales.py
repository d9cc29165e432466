"""A pool's tab *Scale*: on which scale its results, or those of one of its named tests, are told."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from desk.doors import DeskRequest, desk_view, go_to, require_form
from desk.rights import CHANGE_TESTS, MAKE_POOLS
from desk.scale_forms import ScaleForm, initial_of
from desk.sentences import translated
from desk.views.pools import pool_or_404, published_or_404, show_pool
from organisations import sharing
from organisations.sharing import Level
from sessions_app.administration import told_on
from sessions_app.administration.told_on import ScaleOfTest
from sessions_app.reporting.scale_preview import ERROR, read_on
from sessions_app.sitting.result_specs import ResultRefused
from testing_engine.authoring.shelf import PoolCard
from testing_engine.reporting_scales import ReportingScale, ReportingScaleError


@require_form
@desk_view(MAKE_POOLS)
def pool_scale(request: DeskRequest, pool_id: UUID) -> HttpResponse:
    """The pool's own, and a list of the tests that have another; by POST `look` nothing is stored."""
    card = pool_or_404(pool_id)
    if not card.questions:
        return show_pool(request, card, "scale", "pool_scale", {})
    pool = published_or_404(pool_id)
    now = told_on.scale_of_pool(pool)
    form = ScaleForm(request.POST or None, initial=initial_of(now))
    context: dict[str, Any] = {"tests": told_on.tests_of(pool)}
    if request.method == "POST" and form.is_valid():
        try:
            if "look" in request.POST:
                asked = told_on.checked_for_pool(pool, form.content())
                return _page(request, card, form, asked, context)
            told_on.tell_pool_on(pool, form.content())
            messages.success(request, _("Tests that start from now on are told so."))
            return go_to(request, request.path)
        except ReportingScaleError as refused:
            _add(form, refused)
    return _page(request, card, form, now, context)


@require_form
@desk_view(CHANGE_TESTS)
def scale_of_test(request: DeskRequest, pool_id: UUID, name: str) -> HttpResponse:
    """Of a named test; none of its own: its pool's holds."""
    card = pool_or_404(pool_id)
    try:
        test, said = told_on.named_test(published_or_404(pool_id), name)
    except LookupError as unknown:
        raise Http404 from unknown
    sharing.require(test, Level.CHANGE)
    form = ScaleForm(request.POST or None, initial=initial_of(said.own))
    if request.method == "POST" and form.is_valid():
        try:
            if "look" in request.POST:
                asked = told_on.checked_for_test(test, form.content())
                return _page(request, card, form, asked, {"test": said})
            told_on.tell_test_on(test, form.content())
            messages.success(request, _("Tests that start from now on are told so."))
            return go_to(request, request.path)
        except ReportingScaleError as refused:
            _add(form, refused)
        except ResultRefused as refused:
            for _field, message in refused.problems:
                form.add_error("cuts", message)
    return _page(request, card, form, said.own, {"test": said})


def _add(form: ScaleForm, refused: ReportingScaleError) -> None:
    for pointer, sentence in refused.problems:
        form.add_error(form.field_of(pointer), translated(sentence))


def _page(
    request: DeskRequest,
    pool: PoolCard,
    form: ScaleForm,
    scale: ReportingScale | None,
    context: dict[str, Any],
) -> HttpResponse:
    """With what students with some abilities read on `scale`."""
    test: ScaleOfTest | None = context.get("test")
    return show_pool(
        request,
        pool,
        "scale",
        "pool_scale",
        {
            "form": form,
            "read": read_on(scale) if scale is not None else (),
            "error": ERROR,
            "is_look": request.method == "POST",
            "action": reverse("desk:test_scale", args=[pool.id, test.name])
            if test
            else reverse("desk:pool_scale", args=[pool.id]),
            **context,
        },
    )
