"""Organisations: made by who stands outside of all; a member who may change theirs finds that one alone."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from organisations.acting import acting_organisation
from organisations.membership import sees_all
from organisations.models import Organisation


@admin.register(Organisation)
class OrganisationAdmin(ModelAdmin):  # type: ignore[misc]
    list_display = ["name", "slug", "language", "time_zone"]
    fields = ["name", "slug", "language", "time_zone", "level_names", "colour"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Organisation]:
        found: QuerySet[Organisation] = super().get_queryset(request)
        acting = acting_organisation()
        return found if acting is None else found.filter(pk=acting)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return sees_all(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # what it owns is kept

    def get_readonly_fields(self, request: HttpRequest, obj: Organisation | None = None) -> list[str]:
        return [] if sees_all(request) else ["slug"]  # by which others know it: commands, institutions
