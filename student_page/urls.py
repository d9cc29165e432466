"""Below /take/. Where the test's page lies is written in `sitting.tokens`, which makes its links."""

from django.urls import path, re_path

from student_page import views

app_name = "student_page"
urlpatterns = [
    path("", views.landing, name="landing"),
    path("test", views.test, name="test"),
    path("demo", views.demo, name="demo"),
    re_path(r"^brand/(?P<digits>[0-9a-f]{6})\.css$", views.brand, name="brand"),
    path("sw.js", views.service_worker, name="service_worker"),
]
