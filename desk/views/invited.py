"""A test's students: who is invited, with links; more of them by names, a table or a workbook."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from desk.doors import DeskRequest, desk_view, form_of, go_to, require_form, show, wants_part
from desk.downloads import sheet_of
from desk.invite_form import InviteForm
from desk.mail_form import MailForm, mail_words
from desk.rights import INVITE
from desk.step_words import REACHED
from desk.views.tests import named_test_or_404, show_test
from sessions_app.administration import invitations, inviting
from sessions_app.administration.classes.tables import RosterRefused
from sessions_app.mailing import sending
from sessions_app.mailing.outbox import is_on
from sessions_app.preparing.shelf import TestCard, test_of

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
            done = inviting.invite_list(test_of(test_id), form.students())
            said = _("Invited: {new}. Invited before: {known}.").format(new=done.new, known=done.known)
            messages.success(request, said)
            return go_to(request, reverse("desk:test_students", args=[test_id]))
        except RosterRefused as refused:
            problems = refused.problems[:LISTED]
    return _show_students(request, card, form, problems)


def _show_students(
    request: DeskRequest,
    card: TestCard,
    form: InviteForm,
    problems: Sequence[Any] = (),
    mail_form: MailForm | None = None,
) -> HttpResponse:
    search = request.GET.get("search", "")
    page = request.build_absolute_uri(STUDENTS_PAGE)
    found = inviting.guests_of(card.id, page, search=search, after=request.GET.get("after", ""))
    sent = sending.mailed(guest.pk for guest in found.guests)
    context = {
        "guests": [(guest, REACHED[guest.reached], mail_words(sent.get(guest.pk))) for guest in found.guests],
        "following": found.following,
        "search": search,
        "form": form,
        "problems": problems,
        "sends_mail": is_on(),
    }
    if wants_part(request):
        return show(request, "parts/guest_rows", {**context, "test": card})
    if is_on():
        first = {"line": sending.last_line(card.id), "language": get_language()}
        context |= {
            "mail": mail_form or MailForm(initial=first),
            "to_mail": sending.waiting_for_it(card.id).count(),
            "sender": settings.DEFAULT_FROM_EMAIL,
        }
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
    elif what == "mail" and is_on():
        _send(
            request, test_id, line=sending.last_line(test_id), language=get_language() or "en", chosen=chosen
        )
    return go_to(request, reverse("desk:test_students", args=[test_id]))


@form_of("test_students")
@desk_view(INVITE)
def mail(request: DeskRequest, test_id: int) -> HttpResponse:
    """Everybody who has an address, has not begun and was not sent the link yet is sent it."""
    card, form = named_test_or_404(test_id), MailForm(request.POST)
    if not is_on():
        raise Http404
    if not form.is_valid():
        return _show_students(request, card, InviteForm(), mail_form=form)
    _send(request, test_id, line=form.cleaned_data["line"], language=form.cleaned_data["language"])
    return go_to(request, reverse("desk:test_students", args=[test_id]))


def _send(
    request: DeskRequest, test_id: int, *, line: str, language: str, chosen: Sequence[int] | None = None
) -> None:
    count = sending.send(
        test_of(test_id),
        page=request.build_absolute_uri(STUDENTS_PAGE),
        language=language,
        line=line,
        by_id=request.user.pk,
        chosen=chosen,
    )
    if count:
        messages.success(request, _("E-mails on their way: {count}.").format(count=count))
    else:
        messages.warning(request, _("Nobody of them has an address and is yet to begin."))
