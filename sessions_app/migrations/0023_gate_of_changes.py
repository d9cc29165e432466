"""The gate looks at changes of questions, too."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('sessions_app', '0022_watches'),
        ('testing_engine', '0013_question_states'),
    ]

    operations = [
        migrations.AddField(
            model_name='gatecheck',
            name='made',
            field=models.ForeignKey(db_index=False, help_text='By a change of questions.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='testing_engine.poolrevision'),
        ),
    ]
