"""Pictures in questions; like questions, they never change."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("testing_engine", "0002_freeze_published_rows")]
    operations = [
        migrations.CreateModel(
            name="QuestionImage",
            fields=[
                (
                    "sha256",
                    models.CharField(editable=False, max_length=64, primary_key=True, serialize=False),
                ),
                ("content", models.BinaryField()),
                ("media_type", models.CharField(max_length=20)),
                ("width", models.PositiveIntegerField()),
                ("height", models.PositiveIntegerField()),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={"db_table": "question_images", "ordering": ["-created_at", "sha256"]},
        ),
        migrations.RunSQL(
            """
            CREATE TRIGGER question_images_never_change BEFORE UPDATE OR DELETE ON question_images
              FOR EACH ROW EXECUTE FUNCTION refuse_change();
            CREATE TRIGGER question_images_never_emptied BEFORE TRUNCATE ON question_images
              FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
            """,
            "DROP TRIGGER question_images_never_change ON question_images;"
            "DROP TRIGGER question_images_never_emptied ON question_images;",
        ),
    ]
