"""Students, and what is known of them."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline

from sessions_app.admin.common import ReadOnly
from sessions_app.admin.results import ResultPages
from sessions_app.models import Student, StudentProficiency, TestSession
from sessions_app.proficiency import proficiency_of


class ProficiencyInline(ReadOnly, TabularInline):  # type: ignore[misc]
    model = StudentProficiency
    hide_title = True
    fields = ["concept_name", "proficiency", "updated_at"]
    readonly_fields = fields
    extra = 0

    @admin.display(description="proficiency")
    def proficiency(self, row: StudentProficiency) -> str:
        return f"{proficiency_of(row.theta):.3f}"


@admin.register(Student)
class StudentAdmin(ResultPages, ModelAdmin):  # type: ignore[misc]
    list_display = ["external_id", "name", "grade_level", "created_at"]
    search_fields = ["external_id", "name"]
    fields = ["external_id", "name", "email", "grade_level", "created_at"]
    readonly_fields = ["external_id", "created_at"]
    inlines = [ProficiencyInline]
    actions_detail = ["show_results"]
    show_full_result_count = False

    def sessions_of(self, object_id: int) -> QuerySet[TestSession]:
        return TestSession.objects.filter(student_id=object_id)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(StudentProficiency)
class StudentProficiencyAdmin(ReadOnly, ModelAdmin):  # type: ignore[misc]
    list_display = ["student", "concept_name", "proficiency", "theta", "standard_error", "updated_at"]
    search_fields = ["student__external_id", "concept_name"]
    list_select_related = ["student"]
    show_full_result_count = False

    @admin.display(description="proficiency", ordering="theta")
    def proficiency(self, row: StudentProficiency) -> str:
        return f"{proficiency_of(row.theta):.3f}"
