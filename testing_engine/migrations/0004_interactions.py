"""Questions that ask for more than one of their options, and texts that several questions share."""

import django.db.models.deletion
from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models

import testing_engine.models


class Migration(migrations.Migration):
    dependencies = [("testing_engine", "0003_question_images")]
    operations = [
        migrations.CreateModel(
            name="Passage",
            fields=[
                (
                    "sha256",
                    models.CharField(editable=False, max_length=64, primary_key=True, serialize=False),
                ),
                ("content", models.TextField()),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={"db_table": "passages", "ordering": ["-created_at", "sha256"]},
        ),
        migrations.RunSQL(
            """
            CREATE TRIGGER passages_never_change BEFORE UPDATE OR DELETE ON passages
              FOR EACH ROW EXECUTE FUNCTION refuse_change();
            CREATE TRIGGER passages_never_emptied BEFORE TRUNCATE ON passages
              FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
            """,
            "DROP TRIGGER passages_never_change ON passages; DROP TRIGGER passages_never_emptied ON passages;",
        ),
        migrations.AddField(
            "question",
            "interactions",
            models.JSONField(
                null=True, help_text="What is asked, where it is more than one choice among `options`."
            ),
        ),
        migrations.AddField(
            "question",
            "scoring",
            models.JSONField(null=True, help_text="The answer key of `interactions`: compiled scoring rules."),
        ),
        migrations.AddField(
            "question",
            "passage",
            models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="questions",
                to="testing_engine.passage",
            ),
        ),
        migrations.AlterField("question", "options", ArrayField(models.TextField(), default=list, size=None)),
        migrations.AlterField(
            "question",
            "option_scores",
            ArrayField(
                models.SmallIntegerField(),
                default=list,
                help_text="The answer key: the score that each option earns (right or wrong: 1 or 0).",
                size=None,
            ),
        ),
        migrations.RemoveConstraint("question", "question_scores_every_option"),
        migrations.AddConstraint(
            "question",
            models.CheckConstraint(
                condition=models.Q(
                    ("interactions__isnull", True),
                    ("option_scores__len", testing_engine.models.ArrayLength("options")),
                    ("options__len__gte", 2),
                    ("scoring__isnull", True),
                )
                | models.Q(
                    ("interactions__isnull", False),
                    ("option_scores", []),
                    ("options", []),
                    ("scoring__isnull", False),
                ),
                name="question_scores_every_option",
            ),
        ),
    ]
