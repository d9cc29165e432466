"""A permission for those who see what colleagues keep to themselves."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("organisations", "0001_initial")]
    operations = [
        migrations.AlterModelOptions(
            "membership",
            {
                "ordering": ["user"],
                "permissions": [("see_all_work", "See all: tests, pools and results of colleagues, too")],
            },
        ),
    ]
