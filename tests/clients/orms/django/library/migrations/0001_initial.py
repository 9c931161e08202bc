from django.db import migrations, models
from django.db.models.functions import Cast, Now


class Migration(migrations.Migration):
    initial = True

    operations = [
        migrations.CreateModel(
            name="User",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.TextField()),
                ("is_active", models.BooleanField(default=True)),
                ("is_superuser", models.BooleanField(default=False)),
            ],
            options={"db_table": "users"},
        ),
        migrations.CreateModel(
            name="Folder",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.TextField()),
            ],
            options={"db_table": "folders"},
        ),
        migrations.CreateModel(
            name="Document",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("title", models.TextField()),
                ("body", models.TextField(blank=True)),
                (
                    "folder",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=models.SET_NULL,
                        related_name="documents",
                        to="library.folder",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        db_default=Cast(
                            models.Func(function="rowgrant.current_user_id", output_field=models.TextField()),
                            models.BigIntegerField(),
                        ),
                        null=True,
                        on_delete=models.SET_NULL,
                        related_name="documents",
                        to="library.user",
                    ),
                ),
                ("created_at", models.DateTimeField(db_default=Now())),
            ],
            options={"db_table": "documents"},
        ),
    ]
