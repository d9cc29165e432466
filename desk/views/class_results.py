"""What came out of a test in a class: at a glance, question by question, of one student."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from desk.doors import DeskRequest, desk_view
from desk.downloads import sheet_of
from desk.report_words import answer_lines, state_in_words
from desk.rights import TEACH
from desk.views.classes import member_or_404, show_class, viewer_of
from desk.views.handing_out import given_or_404
from desk.views.tests import named_test_or_404, show_test
from sessions_app.administration.classes import handing_out, members
from sessions_app.administration.classes.members import Member
from sessions_app.reporting import class_results
from sessions_app.reporting.class_results import QuestionLine, Standing

HARD, EASY, ENOUGH = 40, 85, 5  # percent right, percent right, answers from which one says so


def _hardness(line: QuestionLine) -> str:
    if line.asked < ENOUGH:
        return ""
    if line.percent < HARD:
        return _("hard for this class")
    return _("easy for this class") if line.percent >= EASY else ""


def class_at(given: Any, school_class: Any) -> list[tuple[Member, Standing, str]]:
    """Everybody in the class, where they stand, and that in words."""
    there = members.members_of(school_class)
    found = class_results.standings(given.test_id, [each.pk for each in there])
    return [(each, found[each.pk], state_in_words(found[each.pk])) for each in there]


@require_safe
@desk_view(TEACH)
def results(request: DeskRequest, class_id: UUID, given_pk: int) -> HttpResponse:
    """Everybody with where they stand and what came out, then the questions."""
    school_class, given = given_or_404(request, class_id, given_pk)
    rows = class_at(given, school_class)
    over = [standing.session_id for _member, standing, _state in rows if standing.told is not None]
    lines = class_results.question_lines([each for each in over if each is not None])
    counts = [
        (_("have not begun"), sum(standing.status is None for _member, standing, _state in rows)),
        (_("are at it"), sum(standing.status == "active" for _member, standing, _state in rows)),
        (_("are done"), len(over)),
    ]
    context = {
        "given": given,
        "rows": rows,
        "counts": counts,
        "some_are_over": bool(over),
        "questions": [(line, _hardness(line)) for line in lines],
    }
    return show_class(request, school_class, "tests", "class_results", context)


@require_safe
@desk_view(TEACH)
def test_results(request: DeskRequest, test_id: int) -> HttpResponse:
    """Her classes that have the test, how far each is, and the way to what came out."""
    card = named_test_or_404(test_id)
    classes = handing_out.progress_of(viewer_of(request), test_id)
    return show_test(request, card, "results", "test_results", {"classes": classes})


@require_safe
@desk_view(TEACH)
def results_file(request: DeskRequest, class_id: UUID, given_pk: int) -> HttpResponse:
    """The class as a table, in the words of the page."""
    school_class, given = given_or_404(request, class_id, given_pk)
    header = [_("Student id"), _("Name"), _("Where"), _("Questions"), _("Result"), _("More")]
    lines = (
        (
            member.student_id,
            member.name,
            state,
            standing.answered,
            standing.told.headline if standing.told else "",
            " ".join(standing.told.lines) if standing.told else "",
        )
        for member, standing, state in class_at(given, school_class)
    )
    return sheet_of("results", header, lines)


@require_safe
@desk_view(TEACH)
def student_report(request: DeskRequest, class_id: UUID, given_pk: int, student_pk: int) -> HttpResponse:
    """One student's result in plain words, and the answers, to read or to print."""
    school_class, given, member, standing = reported_or_404(request, class_id, given_pk, student_pk)
    assert standing.session_id is not None
    context = {
        "given": given,
        "member": member,
        "standing": standing,
        "state": state_in_words(standing),
        "answers": answer_lines(class_results.answers_of(standing.session_id)),
    }
    return show_class(request, school_class, "tests", "class_report", context)


def reported_or_404(
    request: DeskRequest, class_id: UUID, given_pk: int, student_pk: int
) -> tuple[Any, Any, Any, Standing]:
    """The class, its test, the student, and where they stand, whose test is over."""
    school_class, given = given_or_404(request, class_id, given_pk)
    member = member_or_404(school_class, student_pk)
    standing = class_results.standings(given.test_id, [student_pk])[student_pk]
    if standing.session_id is None or standing.told is None:
        raise Http404
    return school_class, given, member, standing
