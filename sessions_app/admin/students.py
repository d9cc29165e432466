"""Students, and what is known of them; a student's export and erasure."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import action
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminTextInputWidget

from sessions_app import replies
from sessions_app.admin.common import ReadOnly, abilities, errors, go_on
from sessions_app.admin.results import ResultPages
from sessions_app.admin.searching import HELP, SearchedByStudent
from sessions_app.administration.finding import students_called
from sessions_app.administration.privacy import erase_student, held_of
from sessions_app.models import Student, StudentProficiency
from sessions_app.refusals import StudentNotFound
from sessions_app.sitting.proficiency import proficiency_of
from sessions_app.waiting.results import Chosen
from testing_engine.growing_lists import GrowingList


class ProficiencyInline(ReadOnly, TabularInline):  # type: ignore[misc]
    model = StudentProficiency
    hide_title = True
    fields = ["concept_name", "scale", "proficiency", "updated"]
    readonly_fields = fields
    extra = 0

    def get_queryset(self, request: HttpRequest) -> QuerySet[StudentProficiency]:
        found: QuerySet[StudentProficiency] = super().get_queryset(request).now()
        return found

    @admin.display(description="proficiency")
    def proficiency(self, row: StudentProficiency) -> str:
        return f"{proficiency_of(row.theta_now):.3f}"

    @admin.display(description="updated at")
    def updated(self, row: StudentProficiency) -> datetime:
        return row.updated_at_now


class EraseForm(BaseDialogForm):  # type: ignore[misc]
    student_id = forms.CharField(
        label="Student id",
        help_text="Type it, to confirm.",
        strip=False,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
    )

    def clean_student_id(self) -> str:
        typed: str = self.cleaned_data["student_id"]
        if not Student.objects.filter(pk=self.object_id, external_id=typed).exists():
            raise forms.ValidationError("This is not the student's id.")
        return typed


@admin.register(Student)
class StudentAdmin(ResultPages, GrowingList, ModelAdmin):  # type: ignore[misc]
    list_display = ["external_id", "name", "grade_level", "created_at"]
    list_filter = [("erased_at", admin.EmptyFieldListFilter)]
    search_fields = ["external_id", "name"]
    search_help_text = HELP
    ordering = ["external_id", "pk"]
    fields = ["external_id", "name", "email", "grade_level", "created_at", "erased_at"]
    readonly_fields = ["external_id", "created_at", "erased_at"]
    inlines = [ProficiencyInline]
    actions = None
    actions_detail = ["show_results", "export", "erase"]

    def all_of(self, object_id: int) -> Chosen:
        return Chosen(student=object_id)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Student], search_term: str
    ) -> tuple[QuerySet[Student], bool]:
        if search_term.strip():
            queryset = students_called(search_term, among=queryset)
        return queryset, False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        may: bool = super().has_change_permission(request, obj)
        return may and (obj is None or obj.erased_at is None)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_privacy_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Of a student who can be exported and erased: not of one who was."""
        if not request.user.has_perm("sessions_app.erase_students"):
            return False
        return object_id is None or Student.objects.filter(pk=object_id, erased_at=None).exists()

    @action(  # type: ignore[untyped-decorator]
        description="Export", url_path="export", permissions=["privacy"], icon="download"
    )
    def export(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Everything that is held of the student, as a file. It is named by the row, not by the student."""
        student = self.get_object(request, object_id)
        if student is None:
            raise Http404
        exported = replies.student_export(held_of(student.external_id), now=timezone.now())
        disposition = {"Content-Disposition": f'attachment; filename="student-{student.pk}.json"'}
        return HttpResponse(
            replies.encode_for_people(exported), content_type="application/json", headers=disposition
        )

    @action(  # type: ignore[untyped-decorator]
        description="Erase",
        url_path="erase",
        permissions=["privacy"],
        icon="person_off",
        dialog={
            "title": "Erase this student, for good",
            "description": "Running tests end. Id, name, e-mail, grade and proficiencies go. The answers "
            "stay, as nobody's. It cannot be undone.",
            "form_class": EraseForm,
            "form_submit_text": "Erase",
        },
    )
    def erase(self, request: HttpRequest, form: EraseForm, object_id: str) -> HttpResponse:
        try:
            held = erase_student(form.cleaned_data["student_id"], now=timezone.now(), by_id=request.user.pk)
        except StudentNotFound as error:  # somebody was faster
            raise Http404 from error
        self.message_user(
            request, f"Erased. {held.sessions} tests with {held.answers} answers stay, without a name."
        )
        return go_on(request, reverse("admin:sessions_app_student_changelist"))


@admin.register(StudentProficiency)
class StudentProficiencyAdmin(ReadOnly, GrowingList, SearchedByStudent, ModelAdmin):  # type: ignore[misc]
    list_display = ["student", "concept_name", "scale", "proficiency", "ability", "error", "updated"]
    list_filter = ["scale"]
    list_select_related = ["student", "scale"]
    ordering = ["student_id", "scale_id", "concept_name"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[StudentProficiency]:
        found: QuerySet[StudentProficiency] = super().get_queryset(request).now()
        return found

    @admin.display(description="updated at", ordering="updated_at_now")
    def updated(self, row: StudentProficiency) -> datetime:
        return row.updated_at_now

    @admin.display(description="proficiency", ordering="theta_now")
    def proficiency(self, row: StudentProficiency) -> str:
        return f"{proficiency_of(row.theta_now):.3f}"

    @admin.display(description="θ", ordering="theta_now")
    def ability(self, row: StudentProficiency) -> str:
        return abilities([row.theta_now])

    @admin.display(description="standard error", ordering="standard_error_now")
    def error(self, row: StudentProficiency) -> str:
        return errors([row.standard_error_now])
