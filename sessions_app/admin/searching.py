"""Searches of lists that grow: by a row's own id, or by the student."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import QuerySet, UUIDField
from django.http import HttpRequest

from sessions_app.administration.finding import MOST, ids_of_students_called

HELP = "The beginning of any word of a student's id or name"


class SearchedByStudent:
    """Rows of students."""

    search_fields = ("student__external_id",)  # shows the field to type in; what is typed is looked up below
    search_help_text = HELP

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Rows of students so called, or the one of that id, where a row's id is a UUID; nothing twice."""
        if not search_term.strip():
            return queryset, False
        if isinstance(queryset.model._meta.pk, UUIDField) and (one := _uuid_in(search_term)):
            return queryset.filter(pk=one), False
        students, are_more = ids_of_students_called(search_term)
        if are_more:
            told = f"More than {MOST:,} students match; {MOST:,} of them were looked for. Type more."
            messages.warning(request, told)
        return queryset.filter(student_id__in=students), False


def _uuid_in(text: str) -> UUID | None:
    try:
        return UUID(text.strip())
    except ValueError:
        return None
