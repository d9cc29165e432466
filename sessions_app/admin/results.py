"""Results of a test or of a student: numbers, a list, and files."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.template.response import TemplateResponse
from unfold.decorators import action
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from sessions_app import replica
from sessions_app.admin.times import midnight, zone_name
from sessions_app.models import TestSession
from sessions_app.reporting import result_rows
from sessions_app.reporting.asked import asked_in
from sessions_app.reporting.correlations import correlations_in
from sessions_app.reporting.pictures.results import results_pictures
from sessions_app.reporting.pieces import in_blocks
from sessions_app.reporting.report import report_of_session
from sessions_app.reporting.result_distribution import Results, results_of
from sessions_app.reporting.sentences import sentences_of
from sessions_app.sitting.raw_scores import raw_scores_of
from sessions_app.sitting.result_specs import load_spec
from testing_engine.growing_lists import AFTER, BEFORE
from testing_engine.keyset import page_or_first
from testing_engine.pictures.picture import Picture

PER_PAGE = 50
CONTENT_TYPES = {"csv": "text/csv; charset=utf-8", "json": "application/json"}
FILES = [
    ("One row a session", "sessions", "csv"),
    ("One row an answer", "answers", "csv"),
    ("What the columns mean", "dictionary", "csv"),
    ("Sessions, JSON", "sessions", "json"),
    ("Answers, JSON", "answers", "json"),
]


class FilterForm(forms.Form):
    status = forms.ChoiceField(
        required=False, choices=[("", "all"), *TestSession.Status.choices], widget=UnfoldAdminSelectWidget
    )
    started_from = forms.DateField(
        label="Started from", required=False, widget=UnfoldAdminTextInputWidget({"type": "date"})
    )
    started_until = forms.DateField(
        label="Until, that day included",
        required=False,
        widget=UnfoldAdminTextInputWidget({"type": "date"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("started_from", "started_until"):
            self.fields[name].label = f"{self.fields[name].label} ({zone_name()})"

    def chooses(self) -> bool:
        """Whether some sessions are left out."""
        return not self.is_valid() or any(self.cleaned_data.values())

    def chosen(self, sessions: QuerySet[TestSession]) -> QuerySet[TestSession]:
        """Those of the sessions that the filter leaves; a filter that is invalid leaves none."""
        if not self.is_valid():
            return sessions.none()
        asked = self.cleaned_data
        if asked["status"]:
            sessions = sessions.filter(status=asked["status"])
        if asked["started_from"]:
            sessions = sessions.filter(started_at__gte=midnight(asked["started_from"]))
        if asked["started_until"]:
            sessions = sessions.filter(started_at__lt=midnight(asked["started_until"] + timedelta(days=1)))
        return sessions


class ResultPages:
    """Gives the admin of something that has sessions a page of their results, and files of them."""

    def sessions_of(self, object_id: int) -> QuerySet[TestSession]:
        raise NotImplementedError

    def results_of(self, object_id: int) -> Results:
        """Of all of these."""
        return results_of(self.sessions_of(object_id))

    def has_report_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return request.user.has_perm("sessions_app.report_results")

    @action(description="Results", url_path="results", permissions=["report"], icon="bar_chart")  # type: ignore[untyped-decorator]
    def show_results(self: Any, request: HttpRequest, object_id: str) -> HttpResponse:
        found = self.get_object(request, object_id)
        if found is None:
            raise Http404
        form = FilterForm(request.GET)
        sessions = form.chosen(self.sessions_of(found.pk))
        if asked := request.GET.get("rows"):
            return _file(sessions, asked, request.GET.get("format", "csv"), f"results-{found.pk}")
        listed = sessions.select_related("student", "plan", "named_test").order_by("-started_at", "pk")
        asked_for = {way: request.GET.get(way, "") for way in (AFTER, BEFORE)}
        page = page_or_first(listed, PER_PAGE, **asked_for)
        without_page = request.GET.copy()
        for way in asked_for:
            without_page.pop(way, None)
        results = replica.read(lambda: results_of(sessions) if form.chooses() else self.results_of(found.pk))
        pictures = results_pictures(results)
        if "data" in request.GET:
            return _numbers(pictures, request.GET["data"])
        context = {
            **self.admin_site.each_context(request),
            "title": f"Results: {found}",
            "opts": self.opts,
            "facts": facts_of(results),
            "pictures": pictures,
            "query": request.GET.urlencode(),
            "form": form,
            "listed": page,
            "rows": _rows(list(page.rows)),
            "query_of_list": without_page.urlencode(),
            "files": FILES,
        }
        return TemplateResponse(request, "admin/sessions_app/results/results.html", context)


def _numbers(pictures: Sequence[Picture], name: str) -> HttpResponse:
    for picture in pictures:
        if picture.name == name:
            disposition = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
            return HttpResponse(picture.csv, content_type="text/csv; charset=utf-8", headers=disposition)
    raise Http404


def _file(sessions: QuerySet[TestSession], rows: str, form: str, name: str) -> HttpResponse:
    if (rows, form) not in {(rows, form) for _, rows, form in FILES}:
        raise Http404
    lines = result_rows.export(sessions, rows, form, is_for_people=True)
    headers = {
        "Content-Disposition": f'attachment; filename="{name}-{rows}.{form}"',
        "Cache-Control": "no-store",
    }
    return StreamingHttpResponse(in_blocks(lines), content_type=CONTENT_TYPES[form], headers=headers)  # type: ignore[return-value]


def facts_of(results: Results) -> list[tuple[str, str]]:
    """What stands above the pictures of results."""
    facts = [("Tests that are over", str(results.tests))]
    if results.tests and results.median_time is not None:
        facts += [
            ("Questions a test", f"{results.mean_questions:.1f}"),
            ("Right answers", f"{100 * (results.mean_accuracy or 0):.0f} %"),
            ("Median time", f"{results.median_time.total_seconds() / 60:.1f} min"),
        ]
    return facts


def _rows(sessions: list[TestSession]) -> list[dict[str, Any]]:
    """The sessions as the list shows them: in the words that their students read."""
    asked, raw = asked_in(sessions), raw_scores_of(sessions)
    correlations = correlations_in(sessions, asked)
    specs = {session.pk: load_spec(session.result_spec_id) for session in sessions}
    reports = {
        session.pk: report_of_session(
            session,
            specs[session.pk],
            asked[session.pk],
            correlations.get(session.pk),
            raw.get(session.pk),
        )
        for session in sessions
    }
    return [
        {
            "session": session,
            "minutes": None
            if session.completed_at is None
            else (session.completed_at - session.started_at).total_seconds() / 60,
            "spec": specs[session.pk],
            "told": sentences_of(reports[session.pk], for_teacher=True),
            "has_result": session.questions_counted > 0,
        }
        for session in sessions
    ]
