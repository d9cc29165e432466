"""The roster of a whole school: its files are looked at first, then taken."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from desk.class_forms import SchoolRosterForm, seen_of
from desk.doors import DeskRequest, desk_view, go_to, require_form, show, wants_part
from desk.rights import MANAGE_CLASSES
from desk.views.rosters import words
from organisations.acting import acting_organisation
from organisations.membership import the_only_organisation
from sessions_app.administration.classes.oneroster.bringing import bring_school
from sessions_app.administration.classes.oneroster.files import open_package
from sessions_app.administration.classes.oneroster.records import read_records
from sessions_app.administration.classes.rosters import Fate, Report
from sessions_app.administration.classes.tables import RosterRefused

LISTED = 1000  # changes on the page


@require_form
@desk_view(MANAGE_CLASSES)
def school_roster(request: DeskRequest) -> HttpResponse:
    """The form; by POST a look at what would change, or the change that was looked at."""
    form = SchoolRosterForm(request.POST or None, request.FILES or None)
    acting = acting_organisation()
    organisation = the_only_organisation() if acting is None else acting
    if not organisation:
        return _show(request, form, {"said": _("You belong to no organisation: a member brings its roster.")})
    if request.method != "POST" or not form.is_valid():
        return _show(request, form, {})
    contents, said = form.contents(), ""
    is_meant = request.POST.get("do") == "take"
    if is_meant and request.POST.get("seen") != seen_of(contents):
        said, is_meant = _("The files are others now. Look at what would change, then take them."), False
    try:
        roster = read_records(open_package(contents))
        report = bring_school(roster, organisation, dry_run=not is_meant, now=timezone.now())
    except RosterRefused as refused:
        return _show(request, form, {"problems": refused.problems})
    if is_meant:
        messages.success(request, _told(report))
        return go_to(request, reverse("desk:classes"))
    return _show(request, form, {"said": said, "report": report, "seen": seen_of(contents)})


def _told(report: Report) -> str:
    said = _(
        "New classes: {new_class}. Archived: {archived}. New students: {new}. Joined a class: {joins}. "
        "Changed: {changes}. Left: {leaves}. Teachers: {teaches}. Teachers without an account: {no_account}. "
        "As before: {stays}."
    )
    return said.format(**{fate.value: report.count(fate) for fate in Fate})


def _show(request: DeskRequest, form: SchoolRosterForm, context: dict[str, Any]) -> HttpResponse:
    context = {"form": form, "is_part": wants_part(request), **context}
    if "report" in context:
        fates = words()
        told = [change for change in context["report"].changes if change.fate != Fate.STAYS]
        context["rows"] = [(change, fates[change.fate]) for change in told[:LISTED]]
        context["more"] = max(0, len(told) - LISTED)
        context["told"] = _told(context["report"])
    return show(request, "parts/school_report" if wants_part(request) else "school_roster", context)
