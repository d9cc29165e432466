"""Imports are claimed, told of and taken up as all other long work is: the columns that this needs."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('sessions_app', '0049_long_jobs'),
    ]

    operations = [
        migrations.AddField(
            model_name='poolimport',
            name='cancel_requested',
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name='poolimport',
            name='error',
            field=models.TextField(blank=True, db_default=''),
        ),
        migrations.AddField(
            model_name='poolimport',
            name='heartbeat_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='poolimport',
            name='progress',
            field=models.FloatField(db_default=0.0, default=0.0, help_text='From 0 to 1.'),
        ),
        migrations.AddField(
            model_name='poolimport',
            name='stage',
            field=models.CharField(blank=True, db_default='', max_length=40),
        ),
        migrations.AddField(
            model_name='poolimport',
            name='worker',
            field=models.UUIDField(help_text='Who computes: a number that each attempt draws anew.', null=True),
        ),
        migrations.AlterField(
            model_name='calibration',
            name='cancel_requested',
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AlterField(
            model_name='calibration',
            name='error',
            field=models.TextField(blank=True, db_default=''),
        ),
        migrations.AlterField(
            model_name='calibration',
            name='progress',
            field=models.FloatField(db_default=0.0, default=0.0, help_text='From 0 to 1.'),
        ),
        migrations.AlterField(
            model_name='calibration',
            name='stage',
            field=models.CharField(blank=True, db_default='', max_length=40),
        ),
        migrations.AlterField(
            model_name='simulation',
            name='cancel_requested',
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AlterField(
            model_name='simulation',
            name='error',
            field=models.TextField(blank=True, db_default=''),
        ),
        migrations.AlterField(
            model_name='simulation',
            name='progress',
            field=models.FloatField(db_default=0.0, default=0.0, help_text='From 0 to 1.'),
        ),
        migrations.AlterField(
            model_name='simulation',
            name='stage',
            field=models.CharField(blank=True, db_default='', max_length=40),
        ),
        migrations.AlterField(
            model_name='simulationpart',
            name='cancel_requested',
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AlterField(
            model_name='simulationpart',
            name='error',
            field=models.TextField(blank=True, db_default=''),
        ),
        migrations.AlterField(
            model_name='simulationpart',
            name='progress',
            field=models.FloatField(db_default=0.0, default=0.0, help_text='From 0 to 1.'),
        ),
        migrations.AlterField(
            model_name='simulationpart',
            name='stage',
            field=models.CharField(blank=True, db_default='', max_length=40),
        ),
    ]
