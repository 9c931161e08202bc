CREATE TABLE users (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name text NOT NULL,
    is_active boolean NOT NULL DEFAULT true,
    is_superuser boolean NOT NULL DEFAULT false
);
CREATE TABLE folders (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name text NOT NULL
);
CREATE TABLE documents (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    title text NOT NULL,
    body text NOT NULL,
    folder_id uuid NOT NULL REFERENCES folders,
    owner_id uuid REFERENCES users DEFAULT rowgrant.current_user_id()::uuid,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON documents (folder_id);
CREATE INDEX ON documents (owner_id);

SELECT rowgrant.register_users('users', active_column => 'is_active', superuser_column => 'is_superuser');
SELECT rowgrant.protect('documents', owner_column => 'owner_id');
SELECT rowgrant.protect('folders');
SELECT rowgrant.enable_rls('documents');
SELECT rowgrant.enable_rls('folders');

GRANT SELECT ON users TO app;
GRANT SELECT, INSERT, UPDATE, DELETE ON folders, documents TO app;
