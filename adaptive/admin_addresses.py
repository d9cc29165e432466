"""Addresses of the admin that name a row by an id that no row can have: 404, before a page looks for it.

Django's own pages ask so themselves; those of actions would ask the database, which refuses text for a
number.
"""

from collections.abc import Callable
from typing import Any

from django.apps import apps
from django.contrib.admin.utils import unquote
from django.core.exceptions import ValidationError
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse

LARGEST_ID = 2**63 - 1


class KnownIds:
    """The last middleware: it looks at the address that was found, and at nobody's rights."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: dict[str, Any]) -> None:
        match = request.resolver_match
        if match is None or match.app_name != "admin" or "object_id" not in kwargs:
            return
        model = _model_of(match.url_name or "")
        if model is not None and not _can_be_an_id(model, unquote(kwargs["object_id"])):
            raise Http404


def _model_of(url_name: str) -> type[models.Model] | None:
    """The model of an address called app_model_page; None for Django's short form without a page."""
    for model in apps.get_models():
        if url_name.startswith(f"{model._meta.app_label}_{model._meta.model_name}_"):
            return model
    return None


def _can_be_an_id(model: type[models.Model], text: str) -> bool:
    try:
        key = model._meta.pk.to_python(text)
    except (ValidationError, ValueError, OverflowError):
        return False
    return 0 < key <= LARGEST_ID if isinstance(key, int) else "\0" not in text
