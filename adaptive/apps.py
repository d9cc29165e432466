from django.apps import AppConfig


class ProjectConfig(AppConfig):
    name = "adaptive"
    verbose_name = "Adaptive testing"

    def ready(self) -> None:
        from adaptive import checks  # noqa: F401  registers the system checks
