"""As PDF: one student's report, those of a class, its slips. What our letters cannot write, a page prints."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.template.defaultfilters import date
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from desk.doors import DeskRequest, desk_view, go_to
from desk.downloads import paper_of
from desk.paper.document import Letterhead
from desk.paper.fonts import CannotWrite
from desk.paper.reports import StudentReport, reports_as_pdf
from desk.paper.slips import slips_as_pdf
from desk.report_words import answer_lines, state_in_words
from desk.rights import TEACH
from desk.views.class_results import class_at, reported_or_404
from desk.views.handing_out import given_or_404, landing_to_type, slips_with_links
from organisations.own import own_organisation
from sessions_app.administration.brands import brand_of, logo_of
from sessions_app.reporting import class_results
from sessions_app.reporting.class_results import Standing

MOST_REPORTS = 100  # in one file: they are made while somebody waits
LONGEST_NAMED = 60


@require_safe
@desk_view(TEACH)
def report_file(request: DeskRequest, class_id: UUID, given_pk: int, student_pk: int) -> HttpResponse:
    """What the page of this student's report prints."""
    _class, given, member, standing = reported_or_404(request, class_id, given_pk, student_pk)
    report = _report_of(given, member, standing)
    title = f"{report.called} – {report.test}"
    page = reverse("desk:class_report", args=[class_id, given_pk, student_pk])
    return _paper(request, "report", page, lambda: reports_as_pdf(title, _letterhead(request), [report]))


@require_safe
@desk_view(TEACH)
def reports_file(request: DeskRequest, class_id: UUID, given_pk: int) -> HttpResponse:
    """Of everybody in the class whose test is over."""
    school_class, given = given_or_404(request, class_id, given_pk)
    over = [(member, standing) for member, standing, _state in class_at(given, school_class) if standing.told]
    page = reverse("desk:class_results", args=[class_id, given_pk])
    if not over:
        messages.warning(request, _("Nobody’s test is over, so there are no reports."))
        return go_to(request, page)
    if len(over) > MOST_REPORTS:
        said = _("There are {count} reports; one PDF holds {most}. Open a student’s report to print it.")
        messages.warning(request, said.format(count=len(over), most=MOST_REPORTS))
        return go_to(request, page)
    title = f"{school_class} – {given.test.title}"
    return _paper(
        request,
        "reports",
        page,
        lambda: reports_as_pdf(
            title, _letterhead(request), [_report_of(given, member, standing) for member, standing in over]
        ),
    )


@require_safe
@desk_view(TEACH)
def slips_file(request: DeskRequest, class_id: UUID, given_pk: int) -> HttpResponse:
    """What the page of the slips prints."""
    school_class, given = given_or_404(request, class_id, given_pk)
    slips, page = slips_with_links(request, given), reverse("desk:slips", args=[class_id, given_pk])
    if not slips:
        return go_to(request, page)  # which says why
    title = f"{_('Slips')}: {given.test.title} · {school_class}"
    landing = landing_to_type(request)
    return _paper(
        request,
        "slips",
        page,
        lambda: slips_as_pdf(title, _letterhead(request), given.test.title, landing, slips),
    )


def _report_of(given: Any, member: Any, standing: Standing) -> StudentReport:
    assert standing.session_id is not None
    assert standing.told is not None
    at = standing.completed_at
    day = date(timezone.localtime(at), "DATE_FORMAT") if at else ""
    answers = answer_lines(class_results.answers_of(standing.session_id))
    when = f"{day} · {state_in_words(standing)}"
    return StudentReport(member.called, given.test.title, when, standing.told, answers)


def _letterhead(request: DeskRequest) -> Letterhead:
    own = own_organisation(request)
    return Letterhead() if own is None else Letterhead(brand_of(own).name, logo_of(own), own.colour)


def _paper(request: DeskRequest, name: str, page: str, make: Callable[[], bytes]) -> HttpResponse:
    """The file; where our letters cannot write what it says, the page that prints it, with the reason."""
    try:
        return paper_of(name, make())
    except CannotWrite as refused:
        said = _("A PDF of ours cannot write {signs} (in “{text}”). Print the page: your browser can.")
        text = refused.text if len(refused.text) <= LONGEST_NAMED else f"{refused.text[:LONGEST_NAMED]}…"
        messages.warning(request, said.format(signs=" ".join(refused.signs), text=text))
        return go_to(request, page)
