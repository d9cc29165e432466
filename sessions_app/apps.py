from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from django.apps import AppConfig

from testing_engine import approval

if TYPE_CHECKING:
    from testing_engine.models import PoolRevision, QuestionPool


class SessionsAppConfig(AppConfig):
    name = "sessions_app"
    verbose_name = "Tests and students"

    def ready(self) -> None:
        approval.ask_first(look_at)


def look_at(pool: "QuestionPool", keys: Sequence[int]) -> "Callable[[PoolRevision], object] | None":
    """The gate, read when something is published: it brings the simulation with it."""
    from sessions_app.measurement import changes

    return changes.look(pool, keys)
