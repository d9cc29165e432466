"""A named test says how its results are told, and when."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sessions_app", "0009_result_specifications")]
    operations = [
        migrations.AddField(
            model_name='namedtest',
            name='result_cuts',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.FloatField(), blank=True, default=list, help_text='On the scale of θ; empty: those of the rules, else −1, 0 and 1.', size=None, verbose_name='cuts between levels'),
        ),
        migrations.AddField(
            model_name='namedtest',
            name='result_kind',
            field=models.CharField(choices=[('rules', 'as the rules have it: passed or not where they have one cut, else levels'), ('levels', 'levels of achievement'), ('passing', 'passed or not passed'), ('scale', 'a score on a rating scale, where nothing is right or wrong'), ('thanks', 'thanks only')], default='rules', max_length=7, verbose_name='the result is'),
        ),
        migrations.AddField(
            model_name='namedtest',
            name='result_levels',
            field=models.JSONField(blank=True, default=list, help_text='The lowest first; empty: the usual words.', verbose_name='names of the levels'),
        ),
        migrations.AddField(
            model_name='namedtest',
            name='result_release',
            field=models.CharField(choices=[('now', 'as soon as the student is done'), ('closed', 'when the test has closed')], default='now', max_length=6, verbose_name='students see it'),
        ),
        migrations.AddField(
            model_name='namedtest',
            name='scale_mean',
            field=models.FloatField(default=50.0, verbose_name='score at θ = 0'),
        ),
        migrations.AddField(
            model_name='namedtest',
            name='scale_sd',
            field=models.FloatField(default=10.0, verbose_name='points for one unit of θ'),
        ),
        migrations.AddConstraint(
            model_name='namedtest',
            constraint=models.CheckConstraint(condition=models.Q(('result_kind__in', ['rules', 'levels', 'passing', 'scale', 'thanks'])), name='named_test_result_kind'),
        ),
        migrations.AddConstraint(
            model_name='namedtest',
            constraint=models.CheckConstraint(condition=models.Q(('result_release', 'now'), models.Q(('closes_at__isnull', False), ('result_release', 'closed')), _connector='OR'), name='named_test_result_release'),
        ),
        migrations.AddConstraint(
            model_name='namedtest',
            constraint=models.CheckConstraint(condition=models.Q(('scale_sd__gt', 0)), name='named_test_scale'),
        ),
        migrations.AddConstraint(
            model_name='namedtest',
            constraint=models.CheckConstraint(condition=models.Q(('result_cuts__len__lte', 20)), name='named_test_result_cuts'),
        ),
        migrations.AddConstraint(
            model_name='namedtest',
            constraint=models.CheckConstraint(condition=models.Q(('allow_dont_know', True), ('result_kind', 'scale'), _negated=True), name='named_test_rating_without_dont_know'),
        ),
        migrations.RunSQL(
            """
            ALTER TABLE named_tests ADD CONSTRAINT named_test_result_levels
              CHECK (jsonb_typeof(result_levels) = 'array');
            """,
            "ALTER TABLE named_tests DROP CONSTRAINT named_test_result_levels;",
        ),
    ]
