"""Sounds in questions; like pictures, they never change."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("testing_engine", "0011_reporting_scale")]
    operations = [
        migrations.CreateModel(
            name="QuestionSound",
            fields=[
                (
                    "sha256",
                    models.CharField(editable=False, max_length=64, primary_key=True, serialize=False),
                ),
                ("content", models.BinaryField()),
                ("media_type", models.CharField(max_length=20)),
                ("milliseconds", models.PositiveIntegerField()),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={"db_table": "question_sounds", "ordering": ["-created_at", "sha256"]},
        ),
        migrations.RunSQL(
            """
            CREATE TRIGGER question_sounds_never_change BEFORE UPDATE OR DELETE ON question_sounds
              FOR EACH ROW EXECUTE FUNCTION refuse_change();
            CREATE TRIGGER question_sounds_never_emptied BEFORE TRUNCATE ON question_sounds
              FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
            """,
            "DROP TRIGGER question_sounds_never_change ON question_sounds;"
            "DROP TRIGGER question_sounds_never_emptied ON question_sounds;",
        ),
    ]
