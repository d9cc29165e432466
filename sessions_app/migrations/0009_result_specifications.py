"""A session keeps how its result is told; the specifications never change."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sessions_app", "0008_answers_to_interactions")]
    operations = [
        migrations.CreateModel(
            name='ResultSpecification',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('content_hash', models.CharField(max_length=64)),
                ('content', models.JSONField()),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'db_table': 'result_specifications',
                'ordering': ['id'],
            },
        ),
        migrations.AddConstraint(
            model_name='resultspecification',
            constraint=models.UniqueConstraint(models.F('content_hash'), name='result_specification_once'),
        ),
        migrations.AddField(
            model_name='testsession',
            name='result_spec',
            field=models.ForeignKey(db_index=False, help_text='How its result is told; none: as before there were any.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='sessions_app.resultspecification'),
        ),
        migrations.RunSQL(
            """
            CREATE TRIGGER result_specifications_never_change BEFORE UPDATE OR DELETE ON result_specifications
              FOR EACH ROW EXECUTE FUNCTION refuse_change();
            CREATE TRIGGER result_specifications_never_emptied BEFORE TRUNCATE ON result_specifications
              FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
            """,
            """
            DROP TRIGGER result_specifications_never_change ON result_specifications;
            DROP TRIGGER result_specifications_never_emptied ON result_specifications;
            """,
        ),
    ]
