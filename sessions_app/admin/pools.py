"""Pools and questions with what the sessions say of them: measurement, answers, exposure and results."""

from typing import Any

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html_join
from unfold.decorators import action
from unfold.forms import BaseDialogForm

from sessions_app.admin.common import go_on
from sessions_app.admin.pictures import Page, show
from sessions_app.admin.results import facts_of
from sessions_app.administration.scales import put_on_scale
from sessions_app.models import TestSession
from sessions_app.reporting import item_statistics
from sessions_app.reporting.exposure import observed
from sessions_app.reporting.item_statistics import Answers, MeanSquare, Use
from sessions_app.reporting.pictures import answers as answers_pictures
from sessions_app.reporting.pictures import exposure as exposure_pictures
from sessions_app.reporting.pictures.results import results_pictures
from sessions_app.reporting.pool_readiness import readiness_of
from sessions_app.reporting.population import abilities
from testing_engine.admin import QuestionAdmin, QuestionPoolAdmin
from testing_engine.models import Question, QuestionPool
from testing_engine.pictures import questions as question_pictures
from testing_engine.pictures.picture import Picture
from testing_engine.pictures.pools import FEWEST_STUDENTS, POPULATION_EDGES, pool_pictures
from testing_engine.pools import choose_default, offered
from testing_engine.psychometrics.constraints.exposure import mean_overlap
from testing_engine.psychometrics.items.parts import counting
from testing_engine.revisions import FrozenRevision, load_revision

UNUSED_ON_PAGE = 40
REVISIONS_ON_PAGE = 20
FREQUENT_ON_PAGE = 10
DRAWN = 5  # lines of whole answers in a picture

admin.site.unregister(QuestionPool)
admin.site.unregister(Question)


@admin.register(QuestionPool)
class PicturedPoolAdmin(QuestionPoolAdmin):
    actions_detail = ["show_measurement", "show_exposure", "show_results", "make_default", "drop_default"]

    def get_fields(self, request: HttpRequest, obj: QuestionPool | None = None) -> Any:
        name, *others = super().get_fields(request, obj)
        return [name, "readiness", *others]

    def get_readonly_fields(self, request: HttpRequest, obj: QuestionPool | None = None) -> Any:
        return [*super().get_readonly_fields(request, obj), "readiness"]

    @admin.display(description="parameters")
    def readiness(self, pool: QuestionPool) -> str:
        """How many questions have some, and what to do next."""
        found = readiness_of(pool)
        return format_html_join("", "<p>{}</p>", ((line,) for line in (found.in_words, *found.advice)))

    def has_see_results_permission(self, request: HttpRequest, object_id: object = None) -> bool:
        return self.has_view_permission(request) and request.user.has_perm("sessions_app.view_testsession")

    def has_default_permission(self, request: HttpRequest, object_id: object = None) -> bool:
        may: bool = self.has_change_permission(request)
        return may

    def save_model(self, request: HttpRequest, obj: QuestionPool, form: Any, change: bool) -> None:
        """Another scale takes with it what the pool's tests found of students."""
        scale = obj.scale
        if "scale" in form.changed_data:
            obj.scale_id = form.initial["scale"]
        super().save_model(request, obj, form, change)
        if obj.scale_id != scale.pk:
            moved = put_on_scale(obj, scale)
            found = f"{moved.estimates} estimates of students that its tests found"
            self.message_user(request, f"{obj} is on the scale {scale}, with {found}.")

    @action(  # type: ignore[untyped-decorator]
        description="Make it the default",
        url_path="make-default",
        permissions=["default"],
        icon="star",
        dialog={
            "title": "Make this the default pool",
            "description": "Tests that name no pool draw from it, whichever pool is uploaded later.",
            "form_class": BaseDialogForm,
            "form_submit_text": "Make it the default",
        },
    )
    def make_default(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> HttpResponse:
        """Tests that name no pool draw from it, whichever is uploaded later."""
        pool, _ = self._pool(request, object_id)
        choose_default(pool)
        self.log_change(request, pool, "Made it the default pool.")
        self.message_user(request, f"Tests that name no pool draw from {pool} from now on.")
        return go_on(request, _to_pool(pool)[0])

    @action(  # type: ignore[untyped-decorator]
        description="No default",
        url_path="no-default",
        permissions=["default"],
        icon="star_border",
        dialog={
            "title": "Choose no default pool",
            "description": "If this one is the default: tests that name no pool draw from the newest again.",
            "form_class": BaseDialogForm,
            "form_submit_text": "Choose none",
        },
    )
    def drop_default(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> HttpResponse:
        """Tests that name no pool draw from the newest again."""
        pool, _ = self._pool(request, object_id)
        if pool.is_default:
            choose_default(None)
            self.log_change(request, pool, "It is no longer the default pool.")
        newest = offered().first()
        self.message_user(request, f"Tests that name no pool draw from {newest}.")
        return go_on(request, _to_pool(pool)[0])

    @action(  # type: ignore[untyped-decorator]
        description="Measurement", url_path="measurement", permissions=["view"], icon="monitoring"
    )
    def show_measurement(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """What the pool can measure, and where it cannot."""
        pool, revision = self._pool(request, object_id)
        names = _concept_names(pool)
        part, found = counting(revision.bank), readiness_of(pool)
        if part.bank is None:
            page = Page(
                f"Measurement of {pool}",
                (),
                links=[_to_pool(pool)],
                intro=list(found.advice),
                facts=[("Revision", str(pool.current_revision)), ("Questions", found.in_words)],
            )
            return show(self, request, page)
        known = abilities(pool.scale_id, pool.concept_names, POPULATION_EDGES, FEWEST_STUDENTS)
        population = known or ((),) * len(names)
        ids = tuple(revision.external_ids[place] for place in part.places)
        shown = pool_pictures(part.bank, ids, names, population)
        page = Page(
            f"Measurement of {pool}",
            shown.pictures,
            links=[_to_pool(pool)],
            intro=list(found.advice),
            facts=[("Revision", str(pool.current_revision)), ("Questions", found.in_words)],
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
        pictures = []
        if question.has_parameters:
            pictures.append(question_pictures.curves(revision.bank, revision.positions_by_key[question.pk]))
        if found.total:
            pictures.append(_answers_along_ability(revision, question))
        if question.has_parameters and found.infit is not None:
            pictures.append(answers_pictures.fit(found))
        page = Page(
            f"{question}: curves and answers",
            pictures,
            links=[(reverse("admin:testing_engine_question_change", args=[question.pk]), str(question))],
            intro=[question.content],
            facts=[
                ("Version", f"{question.version} of {question}, {question.model}, in {question.pool}"),
                *_use_in_words(use, found.total),
                *_fits_in_words(question, found),
            ],
            lists=_frequent_in_words(question) if use.answered and question.interactions is not None else [],
        )
        return show(self, request, page)


def _answers_along_ability(revision: FrozenRevision, question: Question) -> Picture:
    """Option by option, or answer by answer."""
    if question.interactions is None:
        chosen = item_statistics.choices(revision, question.pk)
        return answers_pictures.options(chosen, question.options, question.option_scores)
    frequent = item_statistics.frequent_answers(question, DRAWN + 1)  # "I don't know" has a line anyway
    drawn = [each for each in frequent if each.given is not None][:DRAWN]
    given = item_statistics.whole_answers(revision, question.pk, [each.given or "" for each in drawn])
    scoring = revision.with_interactions[revision.positions_by_key[question.pk]].scoring
    return answers_pictures.whole_answers(given, drawn, scoring.n_categories - 1)


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


def _frequent_in_words(question: Question) -> list[tuple[str, list[str]]]:
    """Of a question with interactions, beside the picture of the first of them."""
    found = item_statistics.frequent_answers(question, FREQUENT_ON_PAGE)
    lines = [f"{each.count} × {each.words or '“I don’t know”'} (scores {each.score})" for each in found]
    return [("Most frequent answers", lines)]


def _fits_in_words(question: Question, found: Answers) -> list[tuple[str, str]]:
    """Whether its model fits; without parameters there is none to fit."""
    if not question.has_parameters:
        return [("Parameters", "none yet: neither curve nor fit")]
    return [("Infit mean square", _fit(found.infit)), ("Outfit mean square", _fit(found.outfit))]


def _fit(square: MeanSquare | None) -> str:
    if square is None:
        return "–"
    return (
        f"{square.value:.2f} (1 under the model; chance moves it by ±{1.96 * square.sd:.2f} in 95 % of cases)"
    )
