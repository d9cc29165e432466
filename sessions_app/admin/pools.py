"""Pools and questions with what the sessions say of them: measurement, answers, exposure and results."""

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from unfold.decorators import action

from sessions_app.admin.pictures import Page, show
from sessions_app.admin.results import facts_of
from sessions_app.models import TestSession
from sessions_app.reporting import item_statistics
from sessions_app.reporting.exposure import observed
from sessions_app.reporting.item_statistics import MeanSquare, Use
from sessions_app.reporting.pictures import answers as answers_pictures
from sessions_app.reporting.pictures import exposure as exposure_pictures
from sessions_app.reporting.pictures.results import results_pictures
from sessions_app.reporting.population import abilities
from testing_engine.admin import QuestionAdmin, QuestionPoolAdmin
from testing_engine.models import Question, QuestionPool
from testing_engine.pictures import questions as question_pictures
from testing_engine.pictures.pools import FEWEST_STUDENTS, POPULATION_EDGES, pool_pictures
from testing_engine.psychometrics.constraints.exposure import mean_overlap
from testing_engine.revisions import FrozenRevision, load_revision

UNUSED_ON_PAGE = 40
REVISIONS_ON_PAGE = 20

admin.site.unregister(QuestionPool)
admin.site.unregister(Question)


@admin.register(QuestionPool)
class PicturedPoolAdmin(QuestionPoolAdmin):
    actions_detail = ["show_measurement", "show_exposure", "show_results"]

    def has_see_results_permission(self, request: HttpRequest, object_id: object = None) -> bool:
        return self.has_view_permission(request) and request.user.has_perm("sessions_app.view_testsession")

    @action(  # type: ignore[untyped-decorator]
        description="Measurement", url_path="measurement", permissions=["view"], icon="monitoring"
    )
    def show_measurement(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """What the pool can measure, and where it cannot."""
        pool, revision = self._pool(request, object_id)
        names = _concept_names(pool)
        population = abilities(pool.concept_names, POPULATION_EDGES, FEWEST_STUDENTS) or ((),) * len(names)
        shown = pool_pictures(revision.bank, revision.external_ids, names, population)
        page = Page(
            f"Measurement of {pool}",
            shown.pictures,
            links=[_to_pool(pool)],
            facts=[("Revision", str(pool.current_revision)), ("Questions", str(revision.bank.n_items))],
            lists=[("Gaps", shown.gaps or ["None: the target is met everywhere."])],
        )
        return show(self, request, page)

    @action(  # type: ignore[untyped-decorator]
        description="Exposure", url_path="exposure", permissions=["view"], icon="visibility"
    )
    def show_exposure(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """How often each question of a revision was used: the newest, or `?revision=NUMBER`."""
        pool, revision = self._pool(request, object_id)
        numbers = dict(pool.revisions.order_by("-number").values_list("number", "pk")[:REVISIONS_ON_PAGE])
        if asked := request.GET.get("revision"):
            if not asked.isdecimal() or int(asked) not in numbers:
                raise Http404
            revision = load_revision(numbers[int(asked)])
        used = observed(revision)
        unused = [name for name, n in zip(revision.external_ids, used.given, strict=True) if not n]
        number = next(n for n, pk in numbers.items() if pk == revision.id)
        page = Page(
            f"Exposure of {pool}, revision {number}",
            [exposure_pictures.rates(used, revision.external_ids)] if used.tests else [],
            links=[_to_pool(pool), *((f"?revision={n}", f"revision {n}") for n in numbers if n != number)],
            intro=[] if used.tests else ["No test of this revision is over yet."],
            facts=[
                ("Tests", str(used.tests)),
                ("Questions", f"{revision.bank.n_items}, {len(unused)} never used"),
                ("Largest exposure rate", f"{100 * used.rates.max():.1f} %"),
                ("Overlap between students", _overlap(mean_overlap(used.given, used.tests))),
            ],
            lists=[("Never used", [_first(unused)])] if unused and used.tests else [],
        )
        return show(self, request, page)

    @action(  # type: ignore[untyped-decorator]
        description="Results", url_path="results", permissions=["see_results"], icon="bar_chart"
    )
    def show_results(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """What came out of all tests of the pool, whatever its revision was."""
        pool, _ = self._pool(request, object_id)
        results, pictures = results_pictures(TestSession.objects.filter(revision__pool=pool))
        page = Page(f"Results of {pool}", pictures, links=[_to_pool(pool)], facts=facts_of(results))
        return show(self, request, page)

    def _pool(self, request: HttpRequest, object_id: str) -> tuple[QuestionPool, FrozenRevision]:
        pool: QuestionPool | None = self.get_object(request, object_id)
        if pool is None or pool.current_revision_id is None:
            raise Http404
        return pool, load_revision(pool.current_revision_id)


@admin.register(Question)
class PicturedQuestionAdmin(QuestionAdmin):
    actions_detail = ["show_answers"]

    @action(  # type: ignore[untyped-decorator]
        description="Curves and answers", url_path="answers", permissions=["view"], icon="show_chart"
    )
    def show_answers(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The question's model, and how this version of it was answered. Shows the key, as its form does."""
        question: Question | None = self.get_object(request, object_id)
        if question is None or question.pool.current_revision_id is None:
            raise Http404
        revision = load_revision(question.pool.current_revision_id)
        use = item_statistics.use(question.pk)
        found = item_statistics.answers(revision, question.pk)
        chosen = item_statistics.choices(revision, question.pk)
        pictures = [question_pictures.curves(revision.bank, revision.positions_by_key[question.pk])]
        if found.total:
            pictures.append(answers_pictures.options(chosen, question.options, question.option_scores))
        if found.infit is not None:
            pictures.append(answers_pictures.fit(found))
        page = Page(
            f"{question}: curves and answers",
            pictures,
            links=[(reverse("admin:testing_engine_question_change", args=[question.pk]), str(question))],
            intro=[question.content],
            facts=[
                ("Version", f"{question.version} of {question}, {question.model}, in {question.pool}"),
                *_use_in_words(use, found.total),
                ("Infit mean square", _fit(found.infit)),
                ("Outfit mean square", _fit(found.outfit)),
            ],
        )
        return show(self, request, page)


def _concept_names(pool: QuestionPool) -> tuple[str, ...]:
    """Names for a pool that leaves them to each test, too."""
    return tuple(pool.concept_names or (f"concept {i + 1}" for i in range(pool.concept_count)))


def _to_pool(pool: QuestionPool) -> tuple[str, str]:
    return reverse("admin:testing_engine_questionpool_change", args=[pool.pk]), str(pool)


def _overlap(share: float) -> str:
    return (
        "–" if share != share else f"{100 * share:.1f} % of a test was also in another student's, on average"
    )


def _first(names: list[str]) -> str:
    more = len(names) - UNUSED_ON_PAGE
    return ", ".join(names[:UNUSED_ON_PAGE]) + (f" and {more} more, in the download" if more > 0 else "")


def _use_in_words(use: Use, drawn: int) -> list[tuple[str, str]]:
    answered = f"{use.answered} times"
    if use.answered:
        right, unknown = (100 * count / use.answered for count in (use.right, use.unknown))
        answered += f", {right:.0f} % right, {unknown:.0f} % “I don’t know”"
    if drawn < use.answered:
        answered += (
            f"; {use.answered - drawn} of them imported and not drawn: their abilities are of another model"
        )
    times = (use.mean_time, use.median_time, use.mean_time_right, use.mean_time_wrong)
    mean, median, of_right, of_wrong = ("–" if time is None else f"{time:.1f} s" for time in times)
    return [
        ("Answered", answered),
        ("Shown now", f"in {use.waiting} running test{'' if use.waiting == 1 else 's'}"),
        ("Time", f"mean {mean}, median {median}; right answers {of_right}, wrong ones {of_wrong}"),
    ]


def _fit(square: MeanSquare | None) -> str:
    if square is None:
        return "–"
    return (
        f"{square.value:.2f} (1 under the model; chance moves it by ±{1.96 * square.sd:.2f} in 95 % of cases)"
    )
