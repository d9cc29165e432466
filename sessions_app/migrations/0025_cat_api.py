"""What 1EdTech's CAT API keeps: sections, their sessions, and which questions were handed out when."""

import django.contrib.postgres.fields
import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models


GUARDS = """
CREATE TRIGGER cat_sections_never_change BEFORE UPDATE OF id, client_id, content, content_hash, revision_id, created_at
  ON cat_sections FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER cat_stages_never_change BEFORE UPDATE OR DELETE ON cat_stages
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER cat_stages_never_emptied BEFORE TRUNCATE ON cat_stages
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""
NO_GUARDS = """
DROP TRIGGER cat_sections_never_change ON cat_sections;
DROP TRIGGER cat_stages_never_change ON cat_stages;
DROP TRIGGER cat_stages_never_emptied ON cat_stages;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('sessions_app', '0024_hot_answers'),
        ('testing_engine', '0013_question_states'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='CatSection',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('content', models.JSONField(help_text='As it was posted; told again as it is.')),
                ('content_hash', models.CharField(max_length=64)),
                ('created_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(help_text='Since then no session begins in it.', null=True)),
                ('client', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('revision', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='testing_engine.poolrevision')),
            ],
            options={
                'verbose_name': 'CAT section',
                'db_table': 'cat_sections',
                'ordering': ['-created_at', 'id'],
            },
        ),
        migrations.CreateModel(
            name='CatSitting',
            fields=[
                ('session', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='cat_sitting', serialize=False, to='sessions_app.testsession')),
                ('section', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='sittings', to='sessions_app.catsection')),
            ],
            options={
                'verbose_name': 'CAT session',
                'db_table': 'cat_sittings',
                'ordering': ['session'],
            },
        ),
        migrations.CreateModel(
            name='CatStage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField(help_text="0 with the session's beginning.")),
                ('after_answers', models.PositiveIntegerField()),
                ('items', django.contrib.postgres.fields.ArrayField(base_field=models.PositiveIntegerField(), help_text='Indices in the revision; none: it is over.', size=None)),
                ('results_hash', models.CharField(blank=True, help_text='Of the results that led here.', max_length=64)),
                ('at', models.DateTimeField()),
                ('session', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='cat_stages', to='sessions_app.testsession')),
            ],
            options={
                'verbose_name': 'CAT stage',
                'db_table': 'cat_stages',
                'ordering': ['session', 'number'],
            },
        ),
        migrations.AddConstraint(
            model_name='catsection',
            constraint=models.UniqueConstraint(models.F('client'), models.F('content_hash'), condition=models.Q(('ended_at', None)), name='cat_section_open_once'),
        ),
        migrations.AddConstraint(
            model_name='catsection',
            constraint=models.CheckConstraint(condition=models.Q(('content_hash__regex', '^[0-9a-f]{64}$')), name='cat_section_has_a_hash'),
        ),
        migrations.AddConstraint(
            model_name='catstage',
            constraint=models.UniqueConstraint(models.F('session'), models.F('number'), name='cat_stage_once'),
        ),
        migrations.RunSQL(GUARDS, NO_GUARDS),
    ]
