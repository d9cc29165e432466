"""Below /fhir/."""

from django.urls import path

from sessions_app.fhir import views

urlpatterns = [
    path("metadata", views.MetadataView.as_view()),
    path("Questionnaire", views.QuestionnaireListView.as_view()),
    path("Questionnaire/$next-question", views.NextQuestionView.as_view()),
    path("Questionnaire/<str:own>", views.QuestionnaireView.as_view()),
]
