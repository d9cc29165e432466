"""The addresses of the protocol, below /ims/cat/v1p0/."""

from django.urls import path

from sessions_app.cat_api import views

urlpatterns = [
    path("sections", views.SectionListView.as_view()),
    path("sections/<str:section>", views.SectionView.as_view()),
    path("sections/<str:section>/sessions", views.SessionListView.as_view()),
    path("sections/<str:section>/sessions/<str:session>", views.SessionView.as_view()),
    path("sections/<str:section>/sessions/<str:session>/results", views.ResultsView.as_view()),
]
