"""Indexes for lists that grow: sessions of a status, those that expired lately, students by any of their words."""

import django.contrib.postgres.indexes
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import F, Q

import sessions_app.models.students


class Migration(migrations.Migration):
    atomic = False  # indexes of tables in use

    dependencies = [("sessions_app", "0025_cat_api")]

    operations = [
        AddIndexConcurrently(
            "testsession",
            models.Index("status", F("started_at").desc(), "id", name="sessions_of_a_status"),
        ),
        AddIndexConcurrently(
            "testsession",
            models.Index(
                F("completed_at").desc(), "id", condition=Q(status="expired"), name="sessions_that_expired"
            ),
        ),
        AddIndexConcurrently(
            "student",
            django.contrib.postgres.indexes.GinIndex(
                sessions_app.models.students.Words(F("external_id"), F("name")), name="students_by_words"
            ),
        ),
    ]
