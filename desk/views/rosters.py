"""Lists of students that come in as files: what would change is shown first, line by line."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from desk.class_forms import RosterForm
from desk.doors import DeskRequest, desk_view, go_to, require_form, show, wants_part
from desk.rights import TEACH
from desk.views.classes import class_or_404, show_class
from sessions_app.administration.classes import rosters, tables
from sessions_app.administration.classes.rosters import Fate, Report
from sessions_app.administration.classes.tables import RosterRefused


@require_form
@desk_view(TEACH)
def class_roster(request: DeskRequest, class_id: UUID) -> HttpResponse:
    """The form; by POST a look at what would change, or the change that was looked at."""
    school_class = class_or_404(request, class_id)
    form = RosterForm(request.POST or None, request.FILES or None)
    if request.method != "POST" or not form.is_valid():
        return _show(request, school_class, form, {})
    students, said = form.students(), ""
    is_meant = request.POST.get("do") == "take"
    if is_meant and request.POST.get("seen") != form.seen(students):
        said, is_meant = _("The list is another now. Look at what would change, then take it."), False
    try:
        lines = tables.read_roster(students)
        report = rosters.bring(
            school_class,
            lines,
            is_whole=form.cleaned_data["is_whole"],
            dry_run=not is_meant,
            now=timezone.now(),
        )
    except RosterRefused as refused:
        return _show(request, school_class, form, {"problems": refused.problems})
    if is_meant:
        messages.success(request, _told(report))
        return go_to(request, reverse("desk:class", args=[class_id]))
    return _show(
        request,
        school_class,
        form,
        {"said": said, "report": report, "seen": form.seen(students), "fates": words()},
    )


def words() -> dict[str, str]:
    """What becomes of a student, in the reader's language."""
    return {
        Fate.NEW: _("new student"),
        Fate.JOINS: _("joins the class"),
        Fate.CHANGES: _("changes"),
        Fate.STAYS: _("stays as it is"),
        Fate.LEAVES: _("leaves the class"),
        Fate.NEW_CLASS: _("new class"),
        Fate.ARCHIVED: _("into the archive"),
        Fate.TEACHES: _("teaches the class"),
        Fate.NO_ACCOUNT: _("a teacher without an account here"),
    }


def _told(report: Report) -> str:
    said = _("New students: {new}. Joined: {joins}. Changed: {changes}. As before: {stays}. Left: {leaves}.")
    return said.format(**{fate.value: report.count(fate) for fate in Fate})


def _show(request: DeskRequest, school_class: Any, form: RosterForm, context: dict[str, Any]) -> HttpResponse:
    context = {"form": form, "is_part": wants_part(request), **context}
    if "report" in context:
        fates = context["fates"]
        context["rows"] = [(change, fates[change.fate]) for change in context["report"].changes]
        context["told"] = _told(context["report"])
    if wants_part(request):
        return show(request, "parts/roster_report", context)
    return show_class(request, school_class, "students", "class_roster", context)
