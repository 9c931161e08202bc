import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade():
    op.create_table(
        "users",
        sa.Column("id", sa.Uuid, primary_key=True, server_default=sa.func.gen_random_uuid()),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("is_active", sa.Boolean, nullable=False, server_default=sa.true()),
        sa.Column("is_superuser", sa.Boolean, nullable=False, server_default=sa.false()),
    )
    op.create_table(
        "folders",
        sa.Column("id", sa.Uuid, primary_key=True, server_default=sa.func.gen_random_uuid()),
        sa.Column("name", sa.Text, nullable=False),
    )
    op.create_table(
        "documents",
        sa.Column("id", sa.Uuid, primary_key=True, server_default=sa.func.gen_random_uuid()),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False, server_default=""),
        sa.Column("folder_id", sa.Uuid, sa.ForeignKey("folders.id"), index=True),
        sa.Column("owner_id", sa.Uuid, sa.ForeignKey("users.id"), index=True,
                  server_default=sa.text("rowgrant.current_user_id()::uuid")),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    )
    op.execute("SELECT rowgrant.register_users('users', active_column => 'is_active', superuser_column => 'is_superuser')")
    op.execute("SELECT rowgrant.protect('documents', owner_column => 'owner_id')")
    op.execute("SELECT rowgrant.protect('folders')")
    op.execute("SELECT rowgrant.enable_rls('documents')")
    op.execute("SELECT rowgrant.enable_rls('folders')")
    op.execute("GRANT SELECT ON users TO app")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON folders, documents TO app")


def downgrade():
    op.drop_table("documents")
    op.drop_table("folders")
    op.drop_table("users")
