-- The permission tables. Names, ids and grants live in ordinary tables, so that they are dumped,
-- replicated and rolled back as any other data; docs/design.md gives the reasons of the layout.

DO $$
BEGIN
    IF pg_catalog.getdatabaseencoding() <> 'UTF8' THEN
        RAISE EXCEPTION 'rowgrant cannot be used in a database with encoding %', pg_catalog.getdatabaseencoding()
            USING ERRCODE = 'feature_not_supported', HINT = 'Use a database with encoding UTF8.';
    END IF;
END $$;

CREATE SCHEMA rowgrant;
COMMENT ON SCHEMA rowgrant IS 'GRANT for rows: object permissions for application users';

CREATE SEQUENCE rowgrant.catalog_version;
CREATE SEQUENCE rowgrant.object_type_id AS integer;
CREATE SEQUENCE rowgrant.permission_id AS integer;
CREATE SEQUENCE rowgrant.subject_id AS integer START 101;

COMMENT ON SEQUENCE rowgrant.catalog_version IS 'Versions of the tables of names';
COMMENT ON SEQUENCE rowgrant.object_type_id IS 'Ids of object types';
COMMENT ON SEQUENCE rowgrant.permission_id IS 'Ids of permissions';
COMMENT ON SEQUENCE rowgrant.subject_id IS 'Ids of subjects; those up to 100 are kept for built-in ones';

CREATE TABLE rowgrant.catalog_state (
    version bigint NOT NULL,
    id      boolean NOT NULL DEFAULT true PRIMARY KEY CHECK (id)
);
COMMENT ON COLUMN rowgrant.catalog_state.id IS 'There is one row; its key lets the table be published';
COMMENT ON COLUMN rowgrant.catalog_state.version IS 'Drawn from catalog_version at each change';
COMMENT ON TABLE rowgrant.catalog_state IS
    'One row: the version of all tables of names. A backend trusts the names it remembers only in statements whose snapshot shows the version under which it read them.';
INSERT INTO rowgrant.catalog_state (version) VALUES (nextval('rowgrant.catalog_version'));

-- No foreign keys between these tables: pg_restore -j and --data-only load them in any order.
CREATE TABLE rowgrant.object_type (
    id           integer NOT NULL DEFAULT nextval('rowgrant.object_type_id') PRIMARY KEY,
    name         text COLLATE "C" NOT NULL UNIQUE,
    relation     regclass UNIQUE,
    key_columns  name[] NOT NULL,
    key_types    regtype[] NOT NULL,
    owner_column name
);
COMMENT ON TABLE rowgrant.object_type IS 'Object types: protected tables, and namespaces of ids kept elsewhere';
COMMENT ON COLUMN rowgrant.object_type.id IS 'Id, never used again';
COMMENT ON COLUMN rowgrant.object_type.name IS 'Name by which functions ask for it; follows no renaming of the table';
COMMENT ON COLUMN rowgrant.object_type.relation IS 'The protected table; NULL where the objects are kept elsewhere';
COMMENT ON COLUMN rowgrant.object_type.key_columns IS 'Columns of the key, in order; empty where there is no table';
COMMENT ON COLUMN rowgrant.object_type.key_types IS 'Types of the key''s columns, in order';
COMMENT ON COLUMN rowgrant.object_type.owner_column IS 'Column with the id of the user that owns the row';

CREATE TABLE rowgrant.permission (
    id          integer NOT NULL DEFAULT nextval('rowgrant.permission_id') PRIMARY KEY,
    object_type integer NOT NULL,
    name        text COLLATE "C" NOT NULL,
    UNIQUE (object_type, name)
);
COMMENT ON TABLE rowgrant.permission IS 'Permissions of each object type';
COMMENT ON COLUMN rowgrant.permission.id IS 'Id, never used again; tells the object type too';
COMMENT ON COLUMN rowgrant.permission.object_type IS 'The object type that it belongs to';
COMMENT ON COLUMN rowgrant.permission.name IS 'Name, unique within its object type';

CREATE TABLE rowgrant.implication (
    permission integer NOT NULL,
    implied    integer NOT NULL,
    PRIMARY KEY (permission, implied)
);
CREATE INDEX implication_implied ON rowgrant.implication (implied);
COMMENT ON TABLE rowgrant.implication IS 'Which permissions imply which, one step; closed transitively when read';
COMMENT ON COLUMN rowgrant.implication.permission IS 'Who holds this permission';
COMMENT ON COLUMN rowgrant.implication.implied IS 'holds this one too';

CREATE TABLE rowgrant.subject_source (
    kind             "char" NOT NULL PRIMARY KEY CHECK (kind IN ('u', 'g')),
    relation         regclass NOT NULL,
    key_column       name NOT NULL,
    key_type         regtype NOT NULL,
    active_column    name,
    superuser_column name,
    anonymous_user   text
);
COMMENT ON TABLE rowgrant.subject_source IS 'The application''s own tables of users and of groups';
COMMENT ON COLUMN rowgrant.subject_source.kind IS 'u: users, g: groups';
COMMENT ON COLUMN rowgrant.subject_source.relation IS 'The table';
COMMENT ON COLUMN rowgrant.subject_source.key_column IS 'Its primary key';
COMMENT ON COLUMN rowgrant.subject_source.key_type IS 'Type of the primary key';
COMMENT ON COLUMN rowgrant.subject_source.active_column IS 'Boolean column: where not true the user has nothing';
COMMENT ON COLUMN rowgrant.subject_source.superuser_column IS 'Boolean column: where true the user has everything';
COMMENT ON COLUMN rowgrant.subject_source.anonymous_user IS 'Id of the user whose grants count for the NULL user';

CREATE TABLE rowgrant.membership_source (
    relation     regclass NOT NULL PRIMARY KEY,
    user_column  name NOT NULL,
    group_column name NOT NULL
);
COMMENT ON TABLE rowgrant.membership_source IS 'The application''s own tables of memberships, read where they stand';
COMMENT ON COLUMN rowgrant.membership_source.relation IS 'The table';
COMMENT ON COLUMN rowgrant.membership_source.user_column IS 'Column with the user''s id';
COMMENT ON COLUMN rowgrant.membership_source.group_column IS 'Column with the group''s id';

CREATE TABLE rowgrant.subject (
    id   integer NOT NULL DEFAULT nextval('rowgrant.subject_id') PRIMARY KEY,
    kind "char" NOT NULL CHECK (kind IN ('u', 'g', 'b', 'U', 'G')),
    key  text COLLATE "C" NOT NULL,
    UNIQUE (key, kind) INCLUDE (id)
);
COMMENT ON TABLE rowgrant.subject IS
    'Whoever holds a grant. The id is never used again: a user deleted and created anew with the same key is another subject.';
COMMENT ON COLUMN rowgrant.subject.id IS 'Id, never used again; ids up to 100 are built in';
COMMENT ON COLUMN rowgrant.subject.kind IS 'u: user, g: group, b: built-in group; in capitals while a command that changes ids is running';
COMMENT ON COLUMN rowgrant.subject.key IS 'The user''s or group''s own id in canonical form';
INSERT INTO rowgrant.subject VALUES (1, 'b', 'everyone'), (2, 'b', 'authenticated');

CREATE TABLE rowgrant.membership (
    user_subject  integer NOT NULL,
    group_subject integer NOT NULL,
    PRIMARY KEY (user_subject, group_subject)
);
CREATE INDEX membership_group ON rowgrant.membership (group_subject);
COMMENT ON TABLE rowgrant.membership IS 'Memberships that the application has no table of';
COMMENT ON COLUMN rowgrant.membership.user_subject IS 'The member';
COMMENT ON COLUMN rowgrant.membership.group_subject IS 'The group';

CREATE TABLE rowgrant.subgroup (
    child  integer NOT NULL,
    parent integer NOT NULL,
    PRIMARY KEY (child, parent)
);
CREATE INDEX subgroup_parent ON rowgrant.subgroup (parent);
COMMENT ON TABLE rowgrant.subgroup IS 'Groups within groups, one step; followed to any depth when read';
COMMENT ON COLUMN rowgrant.subgroup.child IS 'Members of this group';
COMMENT ON COLUMN rowgrant.subgroup.parent IS 'are members of this one too';

CREATE TABLE rowgrant.model_grant (
    perm    integer NOT NULL,
    subject integer NOT NULL,
    PRIMARY KEY (perm, subject)
);
CREATE INDEX model_grant_subject ON rowgrant.model_grant (subject);
COMMENT ON TABLE rowgrant.model_grant IS 'Model-level grants: on every object of the type, now and later';
COMMENT ON COLUMN rowgrant.model_grant.perm IS 'The permission';
COMMENT ON COLUMN rowgrant.model_grant.subject IS 'Who holds it';

-- One table of grants for each family of keys. The primary key serves checks and cleaning with one
-- descent. The others serve listing: of grants that never expire from the index alone, in the order
-- of the keys; of those that do, few as a rule, by way of the table.
CREATE TABLE rowgrant.grant_bigint (
    object     bigint NOT NULL,
    perm       integer NOT NULL,
    subject    integer NOT NULL,
    expires_at timestamptz,
    PRIMARY KEY (object, perm, subject)
);
CREATE INDEX grant_bigint_lasting ON rowgrant.grant_bigint (subject, perm, object) WHERE expires_at IS NULL;
CREATE INDEX grant_bigint_expiring ON rowgrant.grant_bigint (subject, perm, object) WHERE expires_at IS NOT NULL;

CREATE TABLE rowgrant.grant_uuid (
    object     uuid NOT NULL,
    perm       integer NOT NULL,
    subject    integer NOT NULL,
    expires_at timestamptz,
    PRIMARY KEY (object, perm, subject)
);
CREATE INDEX grant_uuid_lasting ON rowgrant.grant_uuid (subject, perm, object) WHERE expires_at IS NULL;
CREATE INDEX grant_uuid_expiring ON rowgrant.grant_uuid (subject, perm, object) WHERE expires_at IS NOT NULL;

CREATE TABLE rowgrant.grant_text (
    object     text COLLATE "C" NOT NULL,
    perm       integer NOT NULL,
    subject    integer NOT NULL,
    expires_at timestamptz,
    PRIMARY KEY (object, perm, subject)
);
CREATE INDEX grant_text_lasting ON rowgrant.grant_text (subject, perm, object) WHERE expires_at IS NULL;
CREATE INDEX grant_text_expiring ON rowgrant.grant_text (subject, perm, object) WHERE expires_at IS NOT NULL;

COMMENT ON TABLE rowgrant.grant_bigint IS 'Grants on objects with smallint, integer and bigint keys';
COMMENT ON TABLE rowgrant.grant_uuid IS 'Grants on objects with uuid keys';
COMMENT ON TABLE rowgrant.grant_text IS 'Grants on objects with keys of all other types, in canonical text';
DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['grant_bigint', 'grant_uuid', 'grant_text'] LOOP
        EXECUTE format('COMMENT ON COLUMN rowgrant.%I.object IS %L', t, 'Key of the object, as it is compared');
        EXECUTE format('COMMENT ON COLUMN rowgrant.%I.perm IS %L', t, 'The permission, and with it the object type; negative while a command that changes keys is running');
        EXECUTE format('COMMENT ON COLUMN rowgrant.%I.subject IS %L', t, 'Who holds it');
        EXECUTE format('COMMENT ON COLUMN rowgrant.%I.expires_at IS %L', t, 'From when on it counts no more; NULL: never');
    END LOOP;
END $$;

CREATE TABLE rowgrant.row_security (
    relation    regclass PRIMARY KEY,
    object_type integer NOT NULL,
    type_name   text COLLATE "C" NOT NULL,
    select_perm text COLLATE "C",
    insert_perm text COLLATE "C",
    update_perm text COLLATE "C",
    delete_perm text COLLATE "C",
    was_enabled boolean NOT NULL,
    was_forced  boolean NOT NULL
);
COMMENT ON TABLE rowgrant.row_security IS 'Tables, partitions and children with policies of enable_rls';
COMMENT ON COLUMN rowgrant.row_security.relation IS 'The table';
COMMENT ON COLUMN rowgrant.row_security.object_type IS 'The object type that its rows are of';
COMMENT ON COLUMN rowgrant.row_security.type_name IS 'The name that the policies call it by';
COMMENT ON COLUMN rowgrant.row_security.select_perm IS 'Whoever holds it sees a row; NULL where nobody does';
COMMENT ON COLUMN rowgrant.row_security.insert_perm IS 'Whoever holds it on all objects may insert';
COMMENT ON COLUMN rowgrant.row_security.update_perm IS 'Whoever holds it may change a row';
COMMENT ON COLUMN rowgrant.row_security.delete_perm IS 'Whoever holds it may delete a row';
COMMENT ON COLUMN rowgrant.row_security.was_enabled IS 'Whether row-level security was enabled before; disable_rls brings that back';
COMMENT ON COLUMN rowgrant.row_security.was_forced IS 'Whether it was forced before';

SELECT pg_catalog.pg_extension_config_dump('rowgrant.object_type_id', '');
SELECT pg_catalog.pg_extension_config_dump('rowgrant.permission_id', '');
SELECT pg_catalog.pg_extension_config_dump('rowgrant.subject_id', '');
SELECT pg_catalog.pg_extension_config_dump('rowgrant.object_type', '');
SELECT pg_catalog.pg_extension_config_dump('rowgrant.permission', '');
SELECT pg_catalog.pg_extension_config_dump('rowgrant.implication', '');
SELECT pg_catalog.pg_extension_config_dump('rowgrant.subject_source', '');
SELECT pg_catalog.pg_extension_config_dump('rowgrant.membership_source', '');
SELECT pg_catalog.pg_extension_config_dump('rowgrant.subject', 'WHERE id > 100');
SELECT pg_catalog.pg_extension_config_dump('rowgrant.membership', '');
SELECT pg_catalog.pg_extension_config_dump('rowgrant.subgroup', '');
SELECT pg_catalog.pg_extension_config_dump('rowgrant.model_grant', '');
SELECT pg_catalog.pg_extension_config_dump('rowgrant.row_security', '');
SELECT pg_catalog.pg_extension_config_dump('rowgrant.grant_bigint', '');
SELECT pg_catalog.pg_extension_config_dump('rowgrant.grant_uuid', '');
SELECT pg_catalog.pg_extension_config_dump('rowgrant.grant_text', '');
