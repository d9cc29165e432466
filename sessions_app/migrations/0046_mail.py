"""E-mails that bring students the links of their invitations, in an outbox of their own."""

import django.db.models.deletion
import django.db.models.functions.datetime
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sessions_app", "0045_shared_tests"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Mailing",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("language", models.CharField(max_length=5)),
                ("line", models.TextField(blank=True, verbose_name="the teacher's own line")),
                ("page", models.CharField(max_length=500)),
                ("is_active", models.BooleanField(db_default=True, default=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "by",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "test",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="mailings",
                        to="sessions_app.namedtest",
                    ),
                ),
            ],
            options={
                "db_table": "mailings",
                "ordering": ["-created_at", "id"],
            },
        ),
        migrations.CreateModel(
            name="InvitationMail",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("happened_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "next_try_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        help_text="None: it is settled.",
                        null=True,
                    ),
                ),
                ("attempts", models.PositiveSmallIntegerField(db_default=0, default=0)),
                ("delivered_at", models.DateTimeField(null=True)),
                (
                    "answer",
                    models.CharField(
                        blank=True, db_default="", help_text="What came of the last attempt.", max_length=200
                    ),
                ),
                (
                    "invitation",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="mails",
                        to="sessions_app.invitation",
                    ),
                ),
                (
                    "mailing",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="messages",
                        to="sessions_app.mailing",
                    ),
                ),
            ],
            options={
                "db_table": "invitation_mails",
                "ordering": ["-happened_at", "id"],
                "indexes": [
                    models.Index(
                        models.F("next_try_at"),
                        condition=models.Q(("next_try_at__isnull", False)),
                        name="invitation_mails_due",
                    ),
                    models.Index(
                        models.F("happened_at"),
                        condition=models.Q(("next_try_at__isnull", True)),
                        name="invitation_mails_settled",
                    ),
                    models.Index(
                        models.F("invitation"),
                        models.OrderBy(models.F("happened_at"), descending=True),
                        name="invitation_mails_of_one",
                    ),
                    models.Index(models.F("delivered_at"), name="invitation_mails_sent"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        models.F("invitation"),
                        condition=models.Q(("next_try_at__isnull", False)),
                        name="invitation_mail_waits_once",
                    )
                ],
            },
        ),
    ]
