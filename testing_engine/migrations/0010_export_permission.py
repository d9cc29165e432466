from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("testing_engine", "0009_parameter_sources")]

    operations = [
        migrations.AlterModelOptions(
            name="questionpool",
            options={
                "ordering": ["-created_at", "id"],
                "permissions": [
                    ("author_pools", "Author: upload and read question pools over the API"),
                    ("export_pools", "Export: read question pools with their answer keys over the API"),
                ],
            },
        ),
    ]
