from django.apps import AppConfig, apps


class ProjectConfig(AppConfig):
    name = "adaptive"
    verbose_name = "Adaptive testing"

    def ready(self) -> None:
        from adaptive import checks  # noqa: F401  registers the system checks

        _hide_from_the_admin("account", "mfa", "socialaccount")


def _hide_from_the_admin(*labels: str) -> None:
    """What a library registered there: institutions come from the settings, and people see to their own
    factors.
    """
    from django.contrib import admin

    for label in labels:
        for model in apps.get_app_config(label).get_models():
            if admin.site.is_registered(model):
                admin.site.unregister(model)
