from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("library", "0001_initial")]

    operations = [
        migrations.RunSQL(
            """
            SELECT rowgrant.register_users('users', active_column => 'is_active', superuser_column => 'is_superuser');
            SELECT rowgrant.protect('documents', owner_column => 'owner_id');
            SELECT rowgrant.protect('folders');
            SELECT rowgrant.enable_rls('documents');
            SELECT rowgrant.enable_rls('folders');
            """,
            """
            SELECT rowgrant.disable_rls('documents');
            SELECT rowgrant.disable_rls('folders');
            SELECT rowgrant.unprotect('documents', drop_grants => true);
            SELECT rowgrant.unprotect('folders', drop_grants => true);
            """,
        ),
        migrations.RunSQL(
            """
            GRANT SELECT ON users TO app;
            GRANT SELECT, INSERT, UPDATE, DELETE ON folders, documents TO app;
            """,
            """
            REVOKE ALL ON users, folders, documents FROM app;
            """,
        ),
        # The keys below are those of the scenario's rows.
        migrations.RunSQL(
            """
            ALTER TABLE users ALTER id RESTART WITH 1000;
            ALTER TABLE folders ALTER id RESTART WITH 1000;
            ALTER TABLE documents ALTER id RESTART WITH 1000;
            """,
            migrations.RunSQL.noop,
        ),
    ]
