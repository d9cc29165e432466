"""A test's students: who is invited, with links; more of them by names, a table or a workbook."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from desk.doors import DeskRequest, desk_view, form_of, go_to, require_form, show, wants_part
from desk.downloads import sheet_of
from desk.invite_form import InviteForm
from desk.rights import INVITE
from desk.step_words import REACHED
from desk.views.tests import named_test_or_404, show_test
from sessions_app.administration import invitations, inviting
from sessions_app.administration.classes.tables import RosterRefused
from sessions_app.preparing.shelf import test_of

STUDENTS_PAGE = "/take/test"
LISTED = 100  # of what is wrong with a list


@require_form
@desk_view(INVITE)
def students(request: DeskRequest, test_id: int) -> HttpResponse:
    """The list, with search; by htmx the next page of it. By POST more are invited, all of a list or none."""
    card = named_test_or_404(test_id)
    is_sent = request.method == "POST"
    form = InviteForm(request.POST, request.FILES) if is_sent else InviteForm()
    problems: list[Any] = []
    if is_sent and form.is_valid():
        try:
            done = inviting.invite_list(test_of(test_id), form.content())
            said = _("Invited: {new}. Invited before: {known}.").format(new=done.new, known=done.known)
            messages.success(request, said)
            return go_to(request, reverse("desk:test_students", args=[test_id]))
        except RosterRefused as refused:
            problems = refused.problems[:LISTED]
    search = request.GET.get("search", "")
    page = request.build_absolute_uri(STUDENTS_PAGE)
    found = inviting.guests_of(test_id, page, search=search, after=request.GET.get("after", ""))
    context = {
        "guests": [(guest, REACHED[guest.reached]) for guest in found.guests],
        "following": found.following,
        "search": search,
        "form": form,
        "problems": problems,
    }
    if wants_part(request):
        return show(request, "parts/guest_rows", {**context, "test": card})
    return show_test(request, card, "students", "test_students", context)


@require_safe
@desk_view(INVITE)
def links(request: DeskRequest, test_id: int) -> HttpResponse:
    """All links, as CSV."""
    card = named_test_or_404(test_id)
    page = request.build_absolute_uri(STUDENTS_PAGE)
    header = ["student_id", "name", "link"]
    return sheet_of(f"{card.name}-links", header, invitations.links(test_of(test_id), page))


@form_of("test_students")
@desk_view(INVITE)
def change(request: DeskRequest, test_id: int) -> HttpResponse:
    """Those that are ticked: taken back, or with a new link."""
    named_test_or_404(test_id)
    chosen, what = inviting.among(test_id, request.POST.getlist("chosen")), request.POST.get("do")
    if not chosen:
        messages.warning(request, _("Tick at least one student."))
    elif what == "revoke":
        count = invitations.revoke(chosen, now=timezone.now())
        said = _("Taken back: {count}. Their links open nothing any more; tests that run go on.")
        messages.success(request, said.format(count=count))
    elif what == "renew":
        count = invitations.renew(chosen)
        said = _("New links: {count}. The old ones open nothing any more.")
        messages.success(request, said.format(count=count))
    return go_to(request, reverse("desk:test_students", args=[test_id]))
