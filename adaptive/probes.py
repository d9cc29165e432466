"""GET /health/live and /health/ready: for whoever starts, replaces and routes to web processes.

*Live* asks nobody: who is not is to be started anew, and no restart brings a database back. (gunicorn's own
worker answers it without a thread: `adaptive.serving.worker`; this one is for other servers.) *Ready* is who
can do what its code is for: PostgreSQL takes changes and has every table that this code knows. Redis is not
asked: tests go on without it. Probes come by address, so any host name will do.
"""

import pkgutil
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec

from django.apps import apps
from django.db import DatabaseError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import resolve
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from adaptive import health

ADDRESSES = ("/health/live", "/health/ready")
# Where the disk is full reading goes on, and no other process is better off.
SERVING = ("up", "disk_full")

_all_applied = False  # once so, always so: nothing takes migrations back


class Probes:
    """Middleware in front of those that look at host names."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info not in ADDRESSES:
            return self.get_response(request)
        request.resolver_match = resolve(request.path_info)
        response: HttpResponse = request.resolver_match.func(request)
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response


@never_cache
@require_safe
def live(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "live"})


@never_cache
@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    database = health.database_part()
    missing = count_missing_migrations() if database["status"] in SERVING else None
    parts = {
        "status": "ready" if missing == 0 else "not_ready",
        "database": database,
        "migrations": {"missing": missing},
    }
    return JsonResponse(parts, status=200 if missing == 0 else 503)


def count_missing_migrations() -> int | None:
    """How many migrations that this code has the database lacks; None: it did not say.

    More than this code knows are no harm: a newer release has been here, and its migrations let this one
    run on (docs/UPGRADING.md).
    """
    global _all_applied
    if _all_applied:
        return 0
    try:
        applied = set(MigrationRecorder(connection).applied_migrations())
    except DatabaseError:
        return None
    missing = len(known_migrations() - applied)
    _all_applied = missing == 0
    return missing


def known_migrations() -> set[tuple[str, str]]:
    """By app and name, as files: to load them takes longer than a probe waits."""
    return {
        (app.label, module.name)
        for app in apps.get_app_configs()
        if find_spec(package := f"{app.name}.migrations") is not None
        for module in pkgutil.iter_modules(import_module(package).__path__)
        if module.name[0] not in "_~"
    }
