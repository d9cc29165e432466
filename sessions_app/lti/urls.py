"""Below /lti/. What platforms are told of them stands in `addresses`."""

from django.urls import path

from sessions_app.lti import views

urlpatterns = [
    path("jwks", views.jwks),
    path("login", views.log_in),
    path("launch", views.launch),
    path("tests/<slug:test_name>", views.launch),
    path("again", views.again, name="lti_again"),
    path("choice", views.choice, name="lti_choice"),
    path("register/<str:ticket>", views.register),
]
