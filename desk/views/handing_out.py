"""Tests that a class was given: the code for the board, slips to print, and what is taken back."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from desk.class_forms import GiveForm
from desk.doors import DeskRequest, desk_view, form_of, go_to, show
from desk.qr_codes import qr_drawn
from desk.rights import GIVE_TESTS, TEACH
from desk.views.classes import class_or_404, show_class
from sessions_app.administration.classes import handing_out
from sessions_app.sitting.tokens import STUDENT_PAGE

LANDING = "student_page:landing"


@require_safe
@desk_view(TEACH)
def class_tests(request: DeskRequest, class_id: UUID) -> HttpResponse:
    """What the class was given, and a form to give it another."""
    return _show_tests(request, class_or_404(request, class_id))


def _show_tests(request: DeskRequest, school_class: Any, form: GiveForm | None = None) -> HttpResponse:
    tests = handing_out.tests_to_give(school_class)
    given = handing_out.tests_of(school_class)
    context = {
        "given": [(each, handing_out.in_groups(each.code)) for each in given],
        "form": form or GiveForm(tests=tests),
        "has_tests": bool(tests),
    }
    return show_class(request, school_class, "tests", "class_tests", context)


@form_of("class_tests")
@desk_view(GIVE_TESTS)
def give(request: DeskRequest, class_id: UUID) -> HttpResponse:
    """Everybody in the class is invited; who has the test already keeps the link."""
    school_class = class_or_404(request, class_id)
    form = GiveForm(request.POST, tests=handing_out.tests_to_give(school_class))
    if not form.is_valid():
        return _show_tests(request, school_class, form)
    may = form.cleaned_data["names_may_be_chosen"]
    try:
        given = handing_out.give(school_class, form.cleaned_data["test"], names_may_be_chosen=may)
    except handing_out.AlreadyGiven:
        messages.warning(request, _("The class has this test."))
        return go_to(request, reverse("desk:class_tests", args=[class_id]))
    messages.success(request, _("The class has the test. Print the slips, or show the code."))
    return go_to(request, reverse("desk:class_test", args=[class_id, given.pk]))


def given_or_404(request: DeskRequest, class_id: UUID, given_pk: int) -> tuple[Any, Any]:
    """The class of the address, and the test that it was given."""
    school_class = class_or_404(request, class_id)
    given = handing_out.given_to(school_class, given_pk)
    if given is None:
        raise Http404
    return school_class, given


@require_safe
@desk_view(TEACH)
def class_test(request: DeskRequest, class_id: UUID, given_pk: int) -> HttpResponse:
    """The code, large enough for the board, and what one may do with it."""
    school_class, given = given_or_404(request, class_id, given_pk)
    landing = request.build_absolute_uri(reverse(LANDING))
    context = {
        "given": given,
        "code": handing_out.in_groups(given.code),
        "landing": landing_to_type(request),
        "qr": qr_drawn(f"{landing}#{given.code}"),
    }
    return show_class(request, school_class, "tests", "class_test", context)


@form_of("class_test")
@desk_view(GIVE_TESTS)
def change(request: DeskRequest, class_id: UUID, given_pk: int) -> HttpResponse:
    """A new code, whether names may be chosen, or the test taken back."""
    school_class, given = given_or_404(request, class_id, given_pk)
    match request.POST.get("do"):
        case "new_code":
            handing_out.new_code(given)
            messages.success(request, _("The old codes open nothing any more. Print the slips anew."))
        case "let_choose" | "let_not_choose":
            handing_out.let_choose(given, request.POST["do"] == "let_choose")
            messages.success(request, _("Saved."))
        case "take_back":
            count = handing_out.take_back(given, now=timezone.now())
            said = _("The class has this test no more. Students who cannot begin it now: {count}.")
            messages.success(request, said.format(count=count))
            return go_to(request, reverse("desk:class_tests", args=[school_class.pk]))
    return go_to(request, reverse("desk:class_test", args=[class_id, given_pk]))


@require_safe
@desk_view(TEACH)
def slips(request: DeskRequest, class_id: UUID, given_pk: int) -> HttpResponse:
    """A slip for each student, eight on a page of paper."""
    school_class, given = given_or_404(request, class_id, given_pk)
    found = slips_with_links(request, given)
    context = {
        "class": school_class,
        "given": given,
        "slips": [(each, handing_out.in_groups(each.code), qr_drawn(each.link)) for each in found],
        "landing": landing_to_type(request),
    }
    reply = show(request, "slips", context)
    reply["Cache-Control"] = "no-store"  # it opens tests
    return reply


def slips_with_links(request: DeskRequest, given: Any) -> list[handing_out.Slip]:
    """One for each student, with links to the student's page of this host."""
    return handing_out.slips_of(given, request.build_absolute_uri(STUDENT_PAGE))


def landing_to_type(request: DeskRequest) -> str:
    """Where codes are typed, as one types it: without https://."""
    return request.build_absolute_uri(reverse(LANDING)).partition("://")[2]
