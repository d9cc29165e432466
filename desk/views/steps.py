"""A test's three steps. By htmx a step says what cannot work, and what it buys; nothing is stored."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from desk.doors import DeskRequest, desk_view, go_to, require_form, show, wants_part
from desk.rights import CHANGE_TESTS, GIVE_TESTS, TEACH
from desk.sentences import translated
from desk.step_forms import HowForm, StepForm, WhatForm, WhoForm
from desk.step_words import how_words, pool_words, who_words
from desk.views.classes import viewer_of
from desk.views.tests import named_test_or_404, said_of_pool, show_test
from sessions_app.administration.classes import handing_out
from sessions_app.preparing import shelf, steps
from sessions_app.preparing.outlook import outlook_of, questions_to_reach
from sessions_app.preparing.shelf import State, TestUnknown
from sessions_app.preparing.steps import TestRefused

STEPS = ("what", "how", "who")


@require_form
@desk_view(CHANGE_TESTS)
def what(request: DeskRequest, test_id: int) -> HttpResponse:
    """Step 1: title and pool."""
    test = _test_or_404(test_id)
    initial = {"title": test.title, "pool": str(test.pool_id)}
    form = WhatForm(request.POST or None, shelf.pools_to_choose(test), initial=initial)
    said = said_of_pool(request.POST.get("pool", str(test.pool_id)))
    return _step(
        request, test_id, "what", form, lambda each: steps.with_what(each, form.value()), lambda _: said
    )


@require_form
@desk_view(CHANGE_TESTS)
def how(request: DeskRequest, test_id: int) -> HttpResponse:
    """Step 2: how it ends, and what students are told."""
    test = _test_or_404(test_id)
    form = HowForm(request.POST or None, steps.how_of(test), outlook_of(test.pool))
    return _step(request, test_id, "how", form, lambda each: steps.with_how(each, form.value()), _bought)


def _bought(test: Any) -> list[str]:
    """What the end that is chosen buys."""
    told = steps.how_of(test)
    said = how_words(told)
    if told.stopping == "precision" and told.target_error and told.max_questions:
        fewest = questions_to_reach(test.pool, told.target_error, told.max_questions)
        if fewest is not None:
            fewest = max(fewest, told.min_questions or 1)
            said.append(_("Where it fits best, that takes {count} questions.").format(count=fewest))
    if remark := steps.remark_on(test):
        said.append(translated(remark))
    return said


@require_form
@desk_view(CHANGE_TESTS)
def who(request: DeskRequest, test_id: int) -> HttpResponse:
    """Step 3: who takes it, and when."""
    test = _test_or_404(test_id)
    form = WhoForm(request.POST or None, steps.who_of(test), classes_to_give(request, test_id))
    now = timezone.now()

    def change(each: Any) -> Any:
        return steps.with_who(each, form.value(), now=now)

    def give() -> None:
        if count := handing_out.give_to(viewer_of(request), form.cleaned_data["classes"], test_id):
            messages.success(request, _("Classes that have the test now: {count}.").format(count=count))

    return _step(request, test_id, "who", form, change, lambda test: who_words(steps.who_of(test)), give)


def classes_to_give(request: DeskRequest, test_id: int) -> list[handing_out.MayHave]:
    """Her classes, where she may give tests."""
    may = TEACH.is_held_by(request.user) and GIVE_TESTS.is_held_by(request.user)
    return handing_out.classes_for(viewer_of(request), test_id) if may else []


def _step(
    request: DeskRequest,
    test_id: int,
    step: str,
    form: StepForm,
    change: Callable[[Any], Any],
    bought: Callable[[Any], list[str]],
    afterwards: Callable[[], None] = lambda: None,
) -> HttpResponse:
    """A step's page; sent by htmx what is said of it, sent whole it is stored and leads to the next one, and
    what comes `afterwards` is done."""
    test, said = _test_or_404(test_id), []
    if form.is_bound and form.is_valid():
        try:
            if not wants_part(request):
                steps.keep(test_id, change)
                afterwards()
                return _onward(request, test_id, step)
            said = bought(change(test))
        except TestRefused as refused:
            form.add(refused.problems)
    if wants_part(request):
        return show(request, "parts/step_check", {"said": said, "form": form})
    card = named_test_or_404(test_id)
    context = {
        "form": form,
        "step": step,
        "number": STEPS.index(step) + 1,
        "said": said if form.is_bound else bought(test),
        "pool_said": pool_words(outlook_of(test.pool)),
    }
    return show_test(request, card, "settings", f"test_{step}", context)


def _onward(request: DeskRequest, test_id: int, step: str) -> HttpResponse:
    """A test in preparation has its next step; the last one, and a step of any other, ends at its page."""
    is_draft = named_test_or_404(test_id).state is State.DRAFT
    if is_draft and step != STEPS[-1]:
        following = STEPS[STEPS.index(step) + 1]
        return go_to(request, reverse(f"desk:test_{following}", args=[test_id]))
    said = _("Saved. Try it, then open it.") if is_draft else _("Saved. Tests that begin from now on are so.")
    messages.success(request, said)
    return go_to(request, reverse("desk:test", args=[test_id]))


def _test_or_404(test_id: int) -> Any:
    try:
        return shelf.test_of(test_id)
    except TestUnknown as unknown:
        raise Http404 from unknown
