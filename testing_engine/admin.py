"""Pools and questions in the admin. Saving a question publishes a new revision of its pool."""

import json
from copy import copy
from dataclasses import replace
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from unfold.admin import ModelAdmin

import testing_engine.image_admin
import testing_engine.sound_admin  # noqa: F401  # register pictures and sounds
from organisations.acting import acting_person
from organisations.sharing import Level, level_of
from testing_engine.approval import PublicationRefused, in_the_name_of
from testing_engine.excerpts import excerpt
from testing_engine.form_fields import BETWEEN, LinesField, NumbersField, TextField
from testing_engine.growing_lists import GrowingList
from testing_engine.interchange.questions import PoolRefused, parse_pool
from testing_engine.models import Question, QuestionPool, Scale
from testing_engine.psychometrics.items.states import OPERATIONAL
from testing_engine.publication import frozen_content
from testing_engine.versions import revise_question


class FrozenAdmin(ModelAdmin):  # type: ignore[misc]
    """For rows that nobody adds or deletes here; what may change, a subclass says."""

    actions = None
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Scale)
class ScaleAdmin(ModelAdmin):  # type: ignore[misc]
    """What pools share that were calibrated together. One that a pool is on cannot be deleted."""

    list_display = ["name", "correlation", "on_it", "created_at"]
    search_fields = ["name", "description"]
    fields = ["name", "correlation", "description"]
    actions = None

    def get_queryset(self, request: HttpRequest) -> QuerySet[Scale]:
        scales: QuerySet[Scale] = super().get_queryset(request)
        return scales.prefetch_related("pools")

    @admin.display(description="pools")
    def on_it(self, scale: Scale) -> str:
        return ", ".join(map(str, scale.pools.all())) or "–"


@admin.register(QuestionPool)
class QuestionPoolAdmin(FrozenAdmin):
    list_display = ["__str__", "is_default", "questions", "concepts", "scale", "revision", "created_at"]
    search_fields = ["name", "id__exact", "scale__name"]
    fields = [
        "name",
        "scale",
        "is_default",
        "id",
        "questions",
        "concepts",
        "revision",
        "content_hash",
        "created_at",
    ]
    readonly_fields = ["id", "is_default", "questions", "concepts", "revision", "content_hash", "created_at"]
    list_select_related = ["current_revision", "scale"]

    @admin.display(description="questions")
    def questions(self, pool: QuestionPool) -> str:
        count = pool.current_revision.question_count if pool.current_revision else 0
        address = reverse("admin:testing_engine_question_changelist")
        return format_html('<a href="{}?pool__id__exact={}">{} questions</a>', address, pool.pk, count)

    @admin.display(description="concepts")
    def concepts(self, pool: QuestionPool) -> str:
        return ", ".join(pool.concept_names) or f"{pool.concept_count}, named by each test"

    @admin.display(description="revision")
    def revision(self, pool: QuestionPool) -> int | None:
        return pool.current_revision.number if pool.current_revision else None

    @admin.display(description="SHA-256 of the revision")
    def content_hash(self, pool: QuestionPool) -> str:
        return pool.current_revision.content_hash if pool.current_revision else ""


OF_OPTIONS = ("options", "option_scores", "fixed_options")


class QuestionForm(forms.ModelForm[Question]):
    """Validated exactly as an uploaded question is."""

    content = TextField(
        rows=8,
        help_text="Plain text. $x^2$ is mathematics, `x` code, ![what it shows](address) a picture; "
        "docs/STUDENT_PAGE.md shows all.",
    )
    options = LinesField(
        help_text=f"One a line; or, where one has several lines, a line of {BETWEEN} between them."
    )
    option_scores = NumbersField(whole=True, help_text="The key: each option's score, separated by commas.")
    fixed_options = NumbersField(
        whole=True,
        required=False,
        help_text="Options, counted from 0, that keep their place where a test shuffles; with commas.",
    )
    concepts = NumbersField(help_text="One weight a concept, separated by commas.")
    thresholds = NumbersField(required=False)
    category_slopes = NumbersField(required=False)
    category_intercepts = NumbersField(required=False)
    enemy_groups = LinesField(required=False, is_names=True, help_text="One a line.")

    class Meta:
        model = Question
        fields = (
            "content",
            "options",
            "option_scores",
            "fixed_options",
            "concepts",
            "state",
            "model",
            "difficulty",
            "discrimination",
            "guessing",
            "upper_asymptote",
            "thresholds",
            "category_slopes",
            "category_intercepts",
            "area",
            "enemy_groups",
            "question_set",
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.question = copy(self.instance)  # as it is stored, whatever the form then says
        if self.instance.interactions is not None:
            for name in OF_OPTIONS:
                del self.fields[name]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.errors:
            return cleaned
        as_stored = {"fixed_options": [], "state": OPERATIONAL, **frozen_content(self.question)}
        if self.question.passage is not None:
            as_stored["passage"] = self.question.passage.content
        cleaned |= {name: as_stored[name] for name in self.fields if name not in self.changed_data}
        # Its id and its concepts' names do not change here: those of older days are no reason to refuse.
        row = {**as_stored, **cleaned, "id": "question"}
        names = [f"concept {i + 1}" for i in range(self.instance.pool.concept_count)]
        try:
            draft = parse_pool({"questions": [row], "concept_names": names}).questions[0]
            self.draft = replace(draft, external_id=self.question.external_id)
        except PoolRefused as refused:
            for pointer, message in refused.problems:
                field = pointer.split("/")[3] if pointer.count("/") >= 3 else None
                self.add_error(field if field in self.fields else None, message)
        return cleaned


@admin.register(Question)
class QuestionAdmin(GrowingList, FrozenAdmin):
    """The questions of each pool's newest revision."""

    form = QuestionForm
    list_display = [
        "external_id",
        "text",
        "pool",
        "state",
        "model",
        "difficulty",
        "discrimination",
        "guessing",
        "version",
    ]
    list_display_links = ["external_id", "text"]
    readonly_fields = ["external_id", "version", "pool", "concept_names"]
    fieldsets = [
        (
            None,
            {
                "fields": [
                    "external_id",
                    "version",
                    "pool",
                    "content",
                    "options",
                    "option_scores",
                    "fixed_options",
                ]
            },
        ),
        ("What it measures", {"fields": ["concept_names", "concepts"]}),
        (
            "Parameters",
            {"fields": ["state", "model", "difficulty", "discrimination", "guessing", "upper_asymptote"]},
        ),
        (
            "Rating scales and partial credit",
            {"fields": ["thresholds", "category_slopes", "category_intercepts"], "classes": ["collapse"]},
        ),
        ("Content rules", {"fields": ["area", "enemy_groups", "question_set"], "classes": ["collapse"]}),
    ]
    list_filter = ["pool", "state", "model"]
    search_fields = ["external_id", "content"]
    list_select_related = ["pool"]
    ordering = ["pk"]

    def get_fieldsets(self, request: HttpRequest, obj: Question | None = None) -> Any:
        """A question with interactions shows them in place of options; they come by upload or import."""
        shown = super().get_fieldsets(request, obj)
        if obj is None or obj.interactions is None:
            return shown
        (name, first), *others = shown
        fields = [field for field in first["fields"] if field not in OF_OPTIONS]
        asked = {
            "fields": ["asked", "passage_text", "rules_of_scoring"],
            "description": "This question was uploaded or imported. What it asks and how it is scored "
            "changes by uploading the pool again, not here.",
        }
        return [(name, {**first, "fields": fields}), ("What it asks", asked), *others]

    def get_readonly_fields(self, request: HttpRequest, obj: Question | None = None) -> Any:
        return [*super().get_readonly_fields(request, obj), "asked", "passage_text", "rules_of_scoring"]

    @admin.display(description="interactions")
    def asked(self, question: Question) -> str:
        return _as_json(question.interactions)

    @admin.display(description="scoring")
    def rules_of_scoring(self, question: Question) -> str:
        return _as_json(question.scoring)

    @admin.display(description="passage")
    def passage_text(self, question: Question) -> str:
        if question.passage is None:
            return "none"
        return format_html('<div class="whitespace-pre-wrap">{}</div>', question.passage.content)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Question]:
        current: QuerySet[Question] = super().get_queryset(request)
        current = current.filter(revisionquestion__revision_id=F("pool__current_revision_id"))
        person = acting_person()
        if person is None or person.sees_all:
            return current
        return current.filter(pool__in=QuestionPool.reached_by(person.account, Level.KEYS))

    def has_change_permission(self, request: HttpRequest, obj: Question | None = None) -> bool:
        """In a colleague's pool, where it was shared so far."""
        may: bool = super().has_change_permission(request, obj)
        return may and (obj is None or level_of(obj.pool) >= Level.CHANGE)

    @admin.display(description="concept names")
    def concept_names(self, question: Question) -> str:
        return ", ".join(question.pool.concept_names) or "named by each test"

    @admin.display(description="content")
    def text(self, question: Question) -> str:
        return excerpt(question.content, 80)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """What the pool's requirements stop is said; at the desk a reason can be given."""
        try:
            with in_the_name_of(request.user.pk):
                response: HttpResponse = super().changeform_view(request, *args, **kwargs)
                return response
        except PublicationRefused as refused:
            told = f"Nothing was published. {refused} With a reason it can be, at the desk."
            self.message_user(request, told, messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())

    def save_model(self, request: HttpRequest, obj: Question, form: Any, change: bool) -> None:
        """An edit is a new row and a new revision; running tests keep the old ones."""
        if form.has_changed():
            revision = revise_question(obj.pool, form.draft)
            obj.pk = self.get_queryset(request).get(pool=obj.pool_id, external_id=obj.external_id).pk
            self.message_user(
                request, f"Published {revision} of the pool. Tests that run keep the one they began with."
            )

    def response_change(self, request: HttpRequest, obj: Question) -> HttpResponse:
        """*Save and continue editing* goes on at the new version: the old one is no page any more."""
        response: HttpResponse = super().response_change(request, obj)
        if "_continue" in request.POST and isinstance(response, HttpResponseRedirect):
            address = reverse("admin:testing_engine_question_change", args=[obj.pk])
            query = response.url.partition("?")[2]
            return HttpResponseRedirect(f"{address}?{query}" if query else address)
        return response


def _as_json(document: object) -> str:
    text = json.dumps(document, ensure_ascii=False, indent=1)
    return format_html('<pre class="whitespace-pre-wrap">{}</pre>', text)
