"""Results of a test or of a student: numbers, a list, and files."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.template.response import TemplateResponse
from msgspec.structs import replace
from unfold.decorators import action
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from sessions_app import replica
from sessions_app.admin.long_work import by_a_worker
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
from sessions_app.waiting.made import CONTENT_TYPES
from sessions_app.waiting.results import Chosen, Wanted, is_long, sessions_of
from testing_engine.growing_lists import AFTER, BEFORE
from testing_engine.keyset import page_or_first
from testing_engine.pictures.picture import Picture

PER_PAGE = 50
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

    def chosen(self, all_of_it: Chosen) -> Chosen | None:
        """Which of these sessions the filter leaves; one that is invalid leaves none."""
        if not self.is_valid():
            return None
        asked = self.cleaned_data
        since, until = asked["started_from"], asked["started_until"]
        return replace(
            all_of_it,
            status=asked["status"],
            since=midnight(since) if since else None,
            before=midnight(until + timedelta(days=1)) if until else None,
        )


class ResultPages:
    """Gives the admin of something that has sessions a page of their results, and files of them."""

    def all_of(self, object_id: int) -> Chosen:
        """All its sessions."""
        raise NotImplementedError

    def results_of(self, object_id: int) -> Results:
        """Of all of these."""
        return results_of(sessions_of(self.all_of(object_id)))

    def has_report_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return request.user.has_perm("sessions_app.report_results")

    @action(description="Results", url_path="results", permissions=["report"], icon="bar_chart")  # type: ignore[untyped-decorator]
    def show_results(self: Any, request: HttpRequest, object_id: str) -> HttpResponse:
        found = self.get_object(request, object_id)
        if found is None:
            raise Http404
        form = FilterForm(request.GET)
        chosen = form.chosen(self.all_of(found.pk))
        if (asked := request.GET.get("rows")) and chosen is not None:
            wanted = Wanted(f"results-{found.pk}", chosen, asked, request.GET.get("format", "csv"), True)
            file: HttpResponse = self._file(request, found, wanted)
            return file
        sessions = TestSession.objects.none() if chosen is None else sessions_of(chosen)
        listed = sessions.select_related("student", "plan", "named_test").order_by("-started_at", "pk")
        asked_for = {way: request.GET.get(way, "") for way in (AFTER, BEFORE)}
        page = page_or_first(listed, PER_PAGE, **asked_for)
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
            "query_of_list": _without(request, *asked_for),
            "files": FILES,
        }
        return TemplateResponse(request, "admin/sessions_app/results/results.html", context)

    def _file(self: Any, request: HttpRequest, found: Any, wanted: Wanted) -> HttpResponse:
        """At once; where it is long, by POST from a worker: the page of its progress."""
        if (wanted.rows, wanted.form) not in {(rows, form) for _, rows, form in FILES}:
            raise Http404
        if not is_long(wanted):
            return _at_once(wanted)
        return by_a_worker(
            self,
            request,
            wanted,
            found.organisation_id,
            title=f"Results: {found}",
            says="This file is long, so a worker makes it.",
            yes="Make the file",
            back="?" + _without(request, "rows", "format"),
        )


def _without(request: HttpRequest, *names: str) -> str:
    """The query but for these parameters."""
    query = request.GET.copy()
    for name in names:
        query.pop(name, None)
    return query.urlencode()


def _numbers(pictures: Sequence[Picture], name: str) -> HttpResponse:
    for picture in pictures:
        if picture.name == name:
            disposition = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
            return HttpResponse(picture.csv, content_type="text/csv; charset=utf-8", headers=disposition)
    raise Http404


def _at_once(wanted: Wanted) -> HttpResponse:
    lines = result_rows.export(
        sessions_of(wanted.chosen), wanted.rows, wanted.form, is_for_people=wanted.is_for_people
    )
    headers = {
        "Content-Disposition": f'attachment; filename="{wanted.name}-{wanted.rows}.{wanted.form}"',
        "Cache-Control": "no-store",
    }
    return StreamingHttpResponse(in_blocks(lines), content_type=CONTENT_TYPES[wanted.form], headers=headers)  # type: ignore[return-value]


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
