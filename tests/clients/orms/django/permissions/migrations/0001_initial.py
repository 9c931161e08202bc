from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("admin", "0003_logentry_add_action_flag_choices"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [
        migrations.CreateModel(
            name="UserGrant",
            fields=[
                ("id", models.CharField(db_default="", editable=False, primary_key=True, serialize=False)),
                ("perm", models.CharField()),
                ("object_type", models.CharField()),
                ("key", models.CharField(blank=True, help_text="Leave empty for all objects of the type", null=True)),
                ("expires_at", models.DateTimeField(blank=True, null=True)),
                ("user_id", models.CharField()),
            ],
            options={"db_table": 'rowgrant"."user_grants', "managed": False},
        ),
        migrations.CreateModel(
            name="GroupGrant",
            fields=[
                ("id", models.CharField(db_default="", editable=False, primary_key=True, serialize=False)),
                ("perm", models.CharField()),
                ("object_type", models.CharField()),
                ("key", models.CharField(blank=True, help_text="Leave empty for all objects of the type", null=True)),
                ("expires_at", models.DateTimeField(blank=True, null=True)),
                ("group_id", models.CharField()),
            ],
            options={"db_table": 'rowgrant"."group_grants', "managed": False},
        ),
        migrations.CreateModel(
            name="Member",
            fields=[
                ("id", models.CharField(db_default="", editable=False, primary_key=True, serialize=False)),
                ("group_id", models.CharField()),
                ("user_id", models.CharField()),
            ],
            options={"db_table": 'rowgrant"."members', "managed": False},
        ),
        # What the admin site itself reads and writes.
        migrations.RunSQL(
            """
            GRANT SELECT, UPDATE ON auth_user TO app;
            GRANT SELECT ON django_content_type TO app;
            GRANT SELECT, INSERT ON django_admin_log TO app;
            """,
            """
            REVOKE ALL ON auth_user, django_content_type, django_admin_log FROM app;
            """,
        ),
    ]
