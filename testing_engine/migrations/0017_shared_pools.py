"""A pool is somebody's who shares it; what is there is nobody's, and so everybody's."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import F, Q

import organisations.membership


class Migration(migrations.Migration):
    dependencies = [
        ("testing_engine", "0016_once_an_organisation"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.AddField(
            "questionpool",
            "everybody_sees",
            models.BooleanField(
                db_default=True,
                default=True,
                editable=False,
                help_text="Colleagues see it, whoever made it.",
            ),
        ),
        migrations.AddField(
            "questionpool",
            "made_by",
            models.ForeignKey(
                db_index=False,
                default=organisations.membership.account_for_new,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.CreateModel(
            "PoolShare",
            [
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "level",
                    models.PositiveSmallIntegerField(
                        choices=[(1, "see"), (2, "keys"), (3, "change"), (4, "own")], default=1
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "pool",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="shares",
                        to="testing_engine.questionpool",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            {
                "db_table": "pool_shares",
                "ordering": ["id"],
                "constraints": [
                    models.UniqueConstraint(F("pool"), F("user"), name="pool_share_once"),
                    models.CheckConstraint(condition=Q(level__in=[1, 2, 3]), name="pool_share_level"),
                ],
            },
        ),
    ]
