from django.apps import AppConfig


class SessionsAppConfig(AppConfig):
    name = "sessions_app"
    verbose_name = "Tests and students"

    def ready(self) -> None:
        from sessions_app.measurement import changes
        from testing_engine import approval

        approval.ask_first(changes.look)
