from django.apps import AppConfig


class TestingEngineConfig(AppConfig):
    name = "testing_engine"
    verbose_name = "Question pools"
