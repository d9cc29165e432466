from django.apps import AppConfig


class StudentPageConfig(AppConfig):
    name = "student_page"
    verbose_name = "The student's page"
