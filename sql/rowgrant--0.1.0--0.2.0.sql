-- The baseline of doctor() named functions by oid, which pg_upgrade refuses.
DELETE FROM rowgrant.definition;
ALTER TABLE rowgrant.definition ALTER COLUMN function TYPE text COLLATE "C" USING function::text;
COMMENT ON COLUMN rowgrant.definition.function IS 'Name and arguments; not an oid, which pg_upgrade would not keep';

CREATE OR REPLACE FUNCTION rowgrant.definition_of(function oid) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (SELECT pg_catalog.concat_ws(' ', p.proowner, l.lanname, p.prosrc, p.probin, p.prosecdef,
                                        p.proleakproof, p.proisstrict, p.proretset, p.provolatile, p.proparallel, p.proconfig,
                                        CASE WHEN p.prosupport OPERATOR(pg_catalog.<>) 0 THEN 'planned' END)
            FROM pg_catalog.pg_proc p
            JOIN pg_catalog.pg_language l ON l.oid OPERATOR(pg_catalog.=) p.prolang
            WHERE p.oid OPERATOR(pg_catalog.=) function);

CREATE FUNCTION rowgrant.set_rights() RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    asking CONSTANT name[] := '{has_perm, has_perms, group_has_perm, require_perm, objects_for_user, objects_for_group,
                                perms_for_user, perms_for_group, can, current_user_id, key_may_be}';
    object record;
BEGIN
    -- What is new is what the script of no version has set the rights of yet: what was granted
    -- since then stays. Default privileges of the owner would let in whom nobody thought of.
    FOR object IN
        SELECT o.kind, o.name, o.asks,
               (SELECT string_agg(DISTINCT quote_ident(pg_get_userbyid(a.grantee)), ', ')
                FROM aclexplode(o.acl) a
                WHERE a.grantee NOT IN (0, o.owner)) AS grantees
        FROM pg_depend m
        JOIN (SELECT 'pg_proc'::regclass AS class, p.oid, 'FUNCTION' AS kind, p.oid::regprocedure::text AS name,
                     p.proowner AS owner, p.proacl AS acl, p.proname = ANY (asking) AS asks
              FROM pg_proc p
              UNION ALL
              SELECT 'pg_class'::regclass, c.oid, CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, c.oid::regclass::text,
                     c.relowner, c.relacl, false
              FROM pg_class c
              UNION ALL
              SELECT 'pg_namespace'::regclass, n.oid, 'SCHEMA', quote_ident(n.nspname), n.nspowner, n.nspacl, false
              FROM pg_namespace n) o ON o.class = m.classid AND o.oid = m.objid
        WHERE m.refclassid = 'pg_extension'::regclass AND m.deptype = 'e'
          AND m.refobjid = (SELECT e.oid FROM pg_extension e WHERE e.extname = 'rowgrant')
          AND NOT EXISTS (SELECT FROM pg_init_privs i WHERE i.classoid = m.classid AND i.objoid = m.objid AND i.objsubid = 0)
    LOOP
        EXECUTE format('REVOKE ALL ON %s %s FROM %s', object.kind, object.name, concat_ws(', ', 'PUBLIC', object.grantees));
        IF object.asks THEN
            EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO PUBLIC', object.name);
        ELSIF object.kind = 'SCHEMA' THEN
            EXECUTE format('GRANT USAGE ON SCHEMA %s TO PUBLIC', object.name);
        END IF;
    END LOOP;

    DELETE FROM rowgrant.definition;
    INSERT INTO rowgrant.definition
    SELECT format('%I(%s)', p.proname, pg_get_function_identity_arguments(p.oid)), rowgrant.definition_of(p.oid),
           p.proname = ANY (asking)
    FROM pg_proc p
    WHERE p.pronamespace = 'rowgrant'::regnamespace;
END $$;
COMMENT ON FUNCTION rowgrant.set_rights() IS 'The last step of installing and of every update: rights of what is new, and what doctor() compares with';

-- pg_restore -j and --data-only load the tables in any order.
ALTER TABLE rowgrant.permission DROP CONSTRAINT permission_object_type_fkey;
ALTER TABLE rowgrant.implication DROP CONSTRAINT implication_permission_fkey;
ALTER TABLE rowgrant.implication DROP CONSTRAINT implication_implied_fkey;

-- What is published needs a key.
ALTER TABLE rowgrant.catalog_state ADD COLUMN id boolean;
UPDATE rowgrant.catalog_state SET id = true;
ALTER TABLE rowgrant.catalog_state ALTER COLUMN id SET NOT NULL, ALTER COLUMN id SET DEFAULT true,
    ADD CONSTRAINT catalog_state_pkey PRIMARY KEY (id), ADD CONSTRAINT catalog_state_id_check CHECK (id);
COMMENT ON COLUMN rowgrant.catalog_state.id IS 'There is one row; its key lets the table be published';

DROP TRIGGER catalog_changed ON rowgrant.object_type;
DROP TRIGGER catalog_changed ON rowgrant.permission;
DROP TRIGGER catalog_changed ON rowgrant.implication;
DROP TRIGGER catalog_changed ON rowgrant.subject_source;
DROP TRIGGER catalog_changed ON rowgrant.membership_source;
-- A version that came from another server would say nothing of what is remembered on this one.
CREATE FUNCTION rowgrant.catalog_version_drawn() RETURNS trigger
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    NEW.version := nextval('rowgrant.catalog_version');
    RETURN NEW;
END $$;
COMMENT ON FUNCTION rowgrant.catalog_version_drawn() IS 'Draws the version of all names, whoever changes it';
CREATE TRIGGER version_drawn BEFORE INSERT OR UPDATE ON rowgrant.catalog_state
    FOR EACH ROW EXECUTE FUNCTION rowgrant.catalog_version_drawn();
ALTER TABLE rowgrant.catalog_state ENABLE ALWAYS TRIGGER version_drawn;

-- For each row: a subscription fires no others, but for TRUNCATE.
CREATE TRIGGER catalog_changed AFTER INSERT OR UPDATE OR DELETE ON rowgrant.object_type
    FOR EACH ROW EXECUTE FUNCTION rowgrant.catalog_changed();
ALTER TABLE rowgrant.object_type ENABLE ALWAYS TRIGGER catalog_changed;
CREATE TRIGGER catalog_truncated AFTER TRUNCATE ON rowgrant.object_type
    FOR EACH STATEMENT EXECUTE FUNCTION rowgrant.catalog_changed();
ALTER TABLE rowgrant.object_type ENABLE ALWAYS TRIGGER catalog_truncated;
CREATE TRIGGER catalog_changed AFTER INSERT OR UPDATE OR DELETE ON rowgrant.permission
    FOR EACH ROW EXECUTE FUNCTION rowgrant.catalog_changed();
ALTER TABLE rowgrant.permission ENABLE ALWAYS TRIGGER catalog_changed;
CREATE TRIGGER catalog_truncated AFTER TRUNCATE ON rowgrant.permission
    FOR EACH STATEMENT EXECUTE FUNCTION rowgrant.catalog_changed();
ALTER TABLE rowgrant.permission ENABLE ALWAYS TRIGGER catalog_truncated;
CREATE TRIGGER catalog_changed AFTER INSERT OR UPDATE OR DELETE ON rowgrant.implication
    FOR EACH ROW EXECUTE FUNCTION rowgrant.catalog_changed();
ALTER TABLE rowgrant.implication ENABLE ALWAYS TRIGGER catalog_changed;
CREATE TRIGGER catalog_truncated AFTER TRUNCATE ON rowgrant.implication
    FOR EACH STATEMENT EXECUTE FUNCTION rowgrant.catalog_changed();
ALTER TABLE rowgrant.implication ENABLE ALWAYS TRIGGER catalog_truncated;
CREATE TRIGGER catalog_changed AFTER INSERT OR UPDATE OR DELETE ON rowgrant.subject_source
    FOR EACH ROW EXECUTE FUNCTION rowgrant.catalog_changed();
ALTER TABLE rowgrant.subject_source ENABLE ALWAYS TRIGGER catalog_changed;
CREATE TRIGGER catalog_truncated AFTER TRUNCATE ON rowgrant.subject_source
    FOR EACH STATEMENT EXECUTE FUNCTION rowgrant.catalog_changed();
ALTER TABLE rowgrant.subject_source ENABLE ALWAYS TRIGGER catalog_truncated;
CREATE TRIGGER catalog_changed AFTER INSERT OR UPDATE OR DELETE ON rowgrant.membership_source
    FOR EACH ROW EXECUTE FUNCTION rowgrant.catalog_changed();
ALTER TABLE rowgrant.membership_source ENABLE ALWAYS TRIGGER catalog_changed;
CREATE TRIGGER catalog_truncated AFTER TRUNCATE ON rowgrant.membership_source
    FOR EACH STATEMENT EXECUTE FUNCTION rowgrant.catalog_changed();
ALTER TABLE rowgrant.membership_source ENABLE ALWAYS TRIGGER catalog_truncated;

-- More statements concern protected tables than had been thought of.
ALTER EXTENSION rowgrant DROP EVENT TRIGGER rowgrant_relations_dropped;
DROP EVENT TRIGGER rowgrant_relations_dropped;
CREATE EVENT TRIGGER rowgrant_relations_dropped ON sql_drop
    EXECUTE FUNCTION rowgrant.relations_dropped();
COMMENT ON EVENT TRIGGER rowgrant_relations_dropped IS 'Cleans up after tables that were dropped';
ALTER EXTENSION rowgrant DROP EVENT TRIGGER rowgrant_table_altering;
DROP EVENT TRIGGER rowgrant_table_altering;
CREATE EVENT TRIGGER rowgrant_table_altering ON ddl_command_start
    WHEN TAG IN ('ALTER TABLE', 'ALTER TYPE', 'DROP EXTENSION')
    EXECUTE FUNCTION rowgrant.table_altering();
COMMENT ON EVENT TRIGGER rowgrant_table_altering IS 'Lets the type of a key be changed, and leaves tables as they were when the extension is dropped';
COMMENT ON FUNCTION rowgrant.table_altering() IS 'Lets the type of a key be changed, and leaves tables as they were when the extension is dropped';
ALTER EXTENSION rowgrant DROP EVENT TRIGGER rowgrant_table_altered;
DROP EVENT TRIGGER rowgrant_table_altered;
CREATE EVENT TRIGGER rowgrant_table_altered ON ddl_command_end
    WHEN TAG IN ('CREATE TABLE', 'CREATE SCHEMA', 'ALTER TABLE', 'ALTER TYPE',
                 'ALTER VIEW', 'ALTER MATERIALIZED VIEW', 'ALTER FOREIGN TABLE')
    EXECUTE FUNCTION rowgrant.table_altered();
COMMENT ON EVENT TRIGGER rowgrant_table_altered IS 'Follows partitions, children and columns of protected and registered tables';

-- Triggers fire in the order of their names: rowgrant's are to see a change before those of the
-- application, which may change other rows in turn.
DO $$
DECLARE
    named record;
BEGIN
    FOR named IN
        SELECT t.tgname AS was, t.tgrelid::regclass AS of_table,
               CASE WHEN t.tgname LIKE 'zz\_%' THEN '~' || substr(t.tgname, 4) ELSE '!' || t.tgname END AS becomes
        FROM pg_trigger t
        WHERE t.tgfoid IN ('rowgrant.object_changed'::regproc, 'rowgrant.subject_changed'::regproc)
          AND t.tgname ~ '^(zz_)?rowgrant_(object|user|group)_(delete|key|leaving)$'
    LOOP
        -- Those of partitions follow their parents', from PostgreSQL 15 on by themselves.
        IF EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = named.of_table AND t.tgname = named.was
                   AND (t.tgparentid = 0 OR current_setting('server_version_num')::integer < 150000)) THEN
            EXECUTE format('ALTER TRIGGER %I ON %s RENAME TO %I', named.was, named.of_table, named.becomes);
        END IF;
    END LOOP;
END $$;

-- Finding a subject, and listing, from the index alone.
ALTER TABLE rowgrant.subject DROP CONSTRAINT subject_key_kind_key;
ALTER TABLE rowgrant.subject ADD UNIQUE (key, kind) INCLUDE (id);
CREATE INDEX grant_bigint_lasting ON rowgrant.grant_bigint (subject, perm, object) WHERE expires_at IS NULL;
CREATE INDEX grant_bigint_expiring ON rowgrant.grant_bigint (subject, perm, object) WHERE expires_at IS NOT NULL;
DROP INDEX rowgrant.grant_bigint_subject;
CREATE INDEX grant_uuid_lasting ON rowgrant.grant_uuid (subject, perm, object) WHERE expires_at IS NULL;
CREATE INDEX grant_uuid_expiring ON rowgrant.grant_uuid (subject, perm, object) WHERE expires_at IS NOT NULL;
DROP INDEX rowgrant.grant_uuid_subject;
CREATE INDEX grant_text_lasting ON rowgrant.grant_text (subject, perm, object) WHERE expires_at IS NULL;
CREATE INDEX grant_text_expiring ON rowgrant.grant_text (subject, perm, object) WHERE expires_at IS NOT NULL;
DROP INDEX rowgrant.grant_text_subject;

-- Planning by what a user reaches. The planner replaces calls of has_perm and can on rows of a table
-- by the forms below, which take the columns that decide, and adds an array of keys to search an index
-- with; nobody else needs to call them.

CREATE FUNCTION rowgrant.reach_support(internal) RETURNS internal
    LANGUAGE c STABLE PARALLEL SAFE STRICT AS 'MODULE_PATHNAME', 'rowgrant_reach_support';
COMMENT ON FUNCTION rowgrant.reach_support(internal) IS 'Planner support: selectivity, rows, costs and index conditions from what the user reaches';

CREATE FUNCTION rowgrant.has_perm(user_id "any", perm text, relation regclass, owner "any", VARIADIC key "any") RETURNS boolean
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'rowgrant_has_perm_columns';
COMMENT ON FUNCTION rowgrant.has_perm("any", text, regclass, "any", VARIADIC "any") IS 'Whether the user holds the permission on the row with that owner and key; written by the planner';
CREATE FUNCTION rowgrant.can(perm text, relation regclass, owner "any", VARIADIC key "any") RETURNS boolean
    LANGUAGE c STABLE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'rowgrant_can_columns';
COMMENT ON FUNCTION rowgrant.can(text, regclass, "any", VARIADIC "any") IS 'has_perm for the application user of this transaction; written by the planner';
CREATE FUNCTION rowgrant.objects_for_user(user_id "any", perm text, relation regclass, key_column name, keys anyarray, planned bigint) RETURNS anyarray
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'rowgrant_keys_for_user';
COMMENT ON FUNCTION rowgrant.objects_for_user("any", text, regclass, name, anyarray, bigint) IS 'What one column of the key of the objects on which the user holds the permission can be, as an array; NULL but where the planner has written the call';
CREATE FUNCTION rowgrant.objects_for_group(group_id "any", perm text, relation regclass, key_column name, keys anyarray, planned bigint) RETURNS anyarray
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'rowgrant_keys_for_group';
COMMENT ON FUNCTION rowgrant.objects_for_group("any", text, regclass, name, anyarray, bigint) IS 'What one column of the key of the objects on which the group holds the permission can be, as an array; NULL but where the planner has written the call';
CREATE FUNCTION rowgrant.key_may_be(user_id "any", perm text, relation regclass, key_column name, value "any") RETURNS boolean
    LANGUAGE c STABLE PARALLEL SAFE COST 0.0001 AS 'MODULE_PATHNAME', 'rowgrant_key_may_be';
COMMENT ON FUNCTION rowgrant.key_may_be("any", text, regclass, name, "any") IS 'True; beside has_perm the planner takes from it what values of a further column of a key to look up';

ALTER FUNCTION rowgrant.key_may_be("any", text, regclass, name, "any") SUPPORT rowgrant.reach_support;
ALTER FUNCTION rowgrant.has_perm(anyelement, text, text, anycompatible) SUPPORT rowgrant.reach_support;
ALTER FUNCTION rowgrant.group_has_perm(anyelement, text, text, anycompatible) SUPPORT rowgrant.reach_support;
ALTER FUNCTION rowgrant.has_perm(anyelement, text, text, text) SUPPORT rowgrant.reach_support;
ALTER FUNCTION rowgrant.group_has_perm(anyelement, text, text, text) SUPPORT rowgrant.reach_support;
ALTER FUNCTION rowgrant.has_perm(anyelement, text, record) SUPPORT rowgrant.reach_support;
ALTER FUNCTION rowgrant.has_perm(text, text, text, anycompatible) SUPPORT rowgrant.reach_support;
ALTER FUNCTION rowgrant.group_has_perm(text, text, text, anycompatible) SUPPORT rowgrant.reach_support;
ALTER FUNCTION rowgrant.has_perm(text, text, text, text) SUPPORT rowgrant.reach_support;
ALTER FUNCTION rowgrant.group_has_perm(text, text, text, text) SUPPORT rowgrant.reach_support;
ALTER FUNCTION rowgrant.has_perm(text, text, record) SUPPORT rowgrant.reach_support;
ALTER FUNCTION rowgrant.has_perm("any", text, regclass, "any", VARIADIC "any") SUPPORT rowgrant.reach_support;
ALTER FUNCTION rowgrant.can(text, text, anyelement) SUPPORT rowgrant.reach_support;
ALTER FUNCTION rowgrant.can(text, text, text) SUPPORT rowgrant.reach_support;
ALTER FUNCTION rowgrant.can(text, record) SUPPORT rowgrant.reach_support;
ALTER FUNCTION rowgrant.can(text, regclass, "any", VARIADIC "any") SUPPORT rowgrant.reach_support;
ALTER FUNCTION rowgrant.objects_for_user(anycompatible, text, text, anyelement) SUPPORT rowgrant.reach_support;
ALTER FUNCTION rowgrant.objects_for_user(anycompatible, text, anyelement) SUPPORT rowgrant.reach_support;
ALTER FUNCTION rowgrant.objects_for_group(anycompatible, text, text, anyelement) SUPPORT rowgrant.reach_support;
ALTER FUNCTION rowgrant.objects_for_user(text, text, text, anyelement) SUPPORT rowgrant.reach_support;
ALTER FUNCTION rowgrant.objects_for_user(text, text, anyelement) SUPPORT rowgrant.reach_support;
ALTER FUNCTION rowgrant.objects_for_group(text, text, text, anyelement) SUPPORT rowgrant.reach_support;
ALTER FUNCTION rowgrant.objects_for_user("any", text, regclass, name, anyarray, bigint) SUPPORT rowgrant.reach_support;
ALTER FUNCTION rowgrant.objects_for_group("any", text, regclass, name, anyarray, bigint) SUPPORT rowgrant.reach_support;

-- Row-level security.

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
SELECT pg_catalog.pg_extension_config_dump('rowgrant.row_security', '');

CREATE FUNCTION rowgrant.enable_rls(object_type text, roles name[] DEFAULT '{public}', select_perm text DEFAULT 'view', insert_perm text DEFAULT 'add', update_perm text DEFAULT 'change', delete_perm text DEFAULT 'delete') RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_enable_rls';
COMMENT ON FUNCTION rowgrant.enable_rls(text, name[], text, text, text, text) IS 'Puts policies on the table, by which the roles see, insert, change and delete what the application user of the transaction may';
CREATE FUNCTION rowgrant.disable_rls(object_type text) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_disable_rls';
COMMENT ON FUNCTION rowgrant.disable_rls(text) IS 'Undoes enable_rls';

-- The permissions as data.

CREATE VIEW rowgrant.object_types AS
    SELECT t.name, t.relation::text AS relation, t.key_columns, t.owner_column
    FROM rowgrant.object_type t;
COMMENT ON VIEW rowgrant.object_types IS 'Object types';

CREATE VIEW rowgrant.permissions AS
    SELECT p.id, t.name AS object_type, p.name AS perm,
           ARRAY(SELECT i.name FROM rowgrant.implication m JOIN rowgrant.permission i ON i.id = m.implied
                 WHERE m.permission = p.id ORDER BY i.name) AS implies
    FROM rowgrant.permission p
    JOIN rowgrant.object_type t ON t.id = p.object_type;
COMMENT ON VIEW rowgrant.permissions IS 'Permissions of object types, with those that each implies itself';

CREATE VIEW rowgrant.user_grants AS
    SELECT concat_ws(':', p.id, s.id, g.key) AS id, s.key AS user_id, p.name AS perm, t.name AS object_type, g.key, g.expires_at
    FROM (SELECT perm, subject, object::text AS key, expires_at FROM rowgrant.grant_bigint
          UNION ALL SELECT perm, subject, object::text, expires_at FROM rowgrant.grant_uuid
          UNION ALL SELECT perm, subject, object::text, expires_at FROM rowgrant.grant_text
          UNION ALL SELECT perm, subject, NULL, NULL FROM rowgrant.model_grant) g
    JOIN rowgrant.subject s ON s.id = g.subject AND s.kind = 'u'
    JOIN rowgrant.permission p ON p.id = g.perm
    JOIN rowgrant.object_type t ON t.id = p.object_type;
COMMENT ON VIEW rowgrant.user_grants IS 'Grants to users, on objects and, where key is NULL, on whole types';

CREATE VIEW rowgrant.group_grants AS
    SELECT concat_ws(':', p.id, s.id, g.key) AS id, s.key AS group_id, p.name AS perm, t.name AS object_type, g.key, g.expires_at
    FROM (SELECT perm, subject, object::text AS key, expires_at FROM rowgrant.grant_bigint
          UNION ALL SELECT perm, subject, object::text, expires_at FROM rowgrant.grant_uuid
          UNION ALL SELECT perm, subject, object::text, expires_at FROM rowgrant.grant_text
          UNION ALL SELECT perm, subject, NULL, NULL FROM rowgrant.model_grant) g
    JOIN rowgrant.subject s ON s.id = g.subject AND s.kind IN ('g', 'b')
    JOIN rowgrant.permission p ON p.id = g.perm
    JOIN rowgrant.object_type t ON t.id = p.object_type;
COMMENT ON VIEW rowgrant.group_grants IS 'Grants to groups, the built-in ones among them';

CREATE VIEW rowgrant.members AS
    SELECT concat_ws(':', g.id, u.id) AS id, g.key AS group_id, u.key AS user_id
    FROM rowgrant.membership m
    JOIN rowgrant.subject g ON g.id = m.group_subject AND g.kind = 'g'
    JOIN rowgrant.subject u ON u.id = m.user_subject AND u.kind = 'u';
COMMENT ON VIEW rowgrant.members IS 'Memberships that rowgrant keeps';

CREATE FUNCTION rowgrant.stored_subject(kind text, id text) RETURNS text[]
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'rowgrant_stored_subject';
COMMENT ON FUNCTION rowgrant.stored_subject(text, text) IS 'The number and the canonical id of a user (u) or group (g) that holds something';
CREATE FUNCTION rowgrant.stored_key(object_type text, key text) RETURNS text
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'rowgrant_stored_key';
COMMENT ON FUNCTION rowgrant.stored_key(text, text) IS 'A key in its canonical form';

CREATE FUNCTION rowgrant.set_expiry(kind text, id text, perm text, object_type text, key text, expires_at timestamptz) RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_set_expiry';
COMMENT ON FUNCTION rowgrant.set_expiry(text, text, text, text, text, timestamptz) IS 'Changes when a grant on an object expires; false where there is no such grant any more';

CREATE FUNCTION rowgrant.user_grants_changed() RETURNS trigger
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    stored text[];
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.key IS NULL THEN
            PERFORM rowgrant.remove_perm(OLD.user_id, OLD.perm, OLD.object_type);
        ELSE
            PERFORM rowgrant.remove_perm(OLD.user_id, OLD.perm, OLD.object_type, OLD.key);
        END IF;
        RETURN OLD;
    END IF;
    IF TG_OP = 'UPDATE'
       AND (NEW.id, NEW.user_id, NEW.perm, NEW.object_type, NEW.key) IS DISTINCT FROM (OLD.id, OLD.user_id, OLD.perm, OLD.object_type, OLD.key) THEN
        RAISE 'a grant cannot become another one' USING
            ERRCODE = 'feature_not_supported', HINT = 'Only expires_at can be changed: delete the grant, and insert the other.';
    END IF;
    IF NEW.key IS NULL THEN
        IF NEW.expires_at IS NOT NULL THEN
            RAISE 'a grant on all objects cannot expire' USING
                ERRCODE = 'feature_not_supported', HINT = 'Leave expires_at NULL, or name an object by its key.';
        END IF;
        PERFORM rowgrant.assign_perm(NEW.user_id, NEW.perm, NEW.object_type);
    ELSE
        IF TG_OP = 'INSERT' THEN
            PERFORM rowgrant.assign_perm(NEW.user_id, NEW.perm, NEW.object_type, NEW.key, NEW.expires_at);
        ELSIF NOT rowgrant.set_expiry('u', OLD.user_id, OLD.perm, OLD.object_type, OLD.key, NEW.expires_at) THEN
            -- Somebody else has removed it meanwhile.
            RETURN NULL;
        END IF;
        NEW.key := rowgrant.stored_key(NEW.object_type, NEW.key);
    END IF;
    stored := rowgrant.stored_subject('u', NEW.user_id);
    NEW.user_id := stored[2];
    NEW.id := concat_ws(':', (SELECT p.id FROM rowgrant.permissions p WHERE p.object_type = NEW.object_type AND p.perm = NEW.perm), stored[1], NEW.key);
    RETURN NEW;
END $$;
COMMENT ON FUNCTION rowgrant.user_grants_changed() IS 'Writes to the view user_grants';

CREATE FUNCTION rowgrant.group_grants_changed() RETURNS trigger
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    stored text[];
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.key IS NULL THEN
            PERFORM rowgrant.remove_group_perm(OLD.group_id, OLD.perm, OLD.object_type);
        ELSE
            PERFORM rowgrant.remove_group_perm(OLD.group_id, OLD.perm, OLD.object_type, OLD.key);
        END IF;
        RETURN OLD;
    END IF;
    IF TG_OP = 'UPDATE'
       AND (NEW.id, NEW.group_id, NEW.perm, NEW.object_type, NEW.key) IS DISTINCT FROM (OLD.id, OLD.group_id, OLD.perm, OLD.object_type, OLD.key) THEN
        RAISE 'a grant cannot become another one' USING
            ERRCODE = 'feature_not_supported', HINT = 'Only expires_at can be changed: delete the grant, and insert the other.';
    END IF;
    IF NEW.key IS NULL THEN
        IF NEW.expires_at IS NOT NULL THEN
            RAISE 'a grant on all objects cannot expire' USING
                ERRCODE = 'feature_not_supported', HINT = 'Leave expires_at NULL, or name an object by its key.';
        END IF;
        PERFORM rowgrant.assign_group_perm(NEW.group_id, NEW.perm, NEW.object_type);
    ELSE
        IF TG_OP = 'INSERT' THEN
            PERFORM rowgrant.assign_group_perm(NEW.group_id, NEW.perm, NEW.object_type, NEW.key, NEW.expires_at);
        ELSIF NOT rowgrant.set_expiry('g', OLD.group_id, OLD.perm, OLD.object_type, OLD.key, NEW.expires_at) THEN
            -- Somebody else has removed it meanwhile.
            RETURN NULL;
        END IF;
        NEW.key := rowgrant.stored_key(NEW.object_type, NEW.key);
    END IF;
    stored := rowgrant.stored_subject('g', NEW.group_id);
    NEW.group_id := stored[2];
    NEW.id := concat_ws(':', (SELECT p.id FROM rowgrant.permissions p WHERE p.object_type = NEW.object_type AND p.perm = NEW.perm), stored[1], NEW.key);
    RETURN NEW;
END $$;
COMMENT ON FUNCTION rowgrant.group_grants_changed() IS 'Writes to the view group_grants';

CREATE FUNCTION rowgrant.members_changed() RETURNS trigger
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    stored_group text[];
    stored_user text[];
BEGIN
    IF TG_OP = 'DELETE' THEN
        PERFORM rowgrant.remove_member(OLD.group_id, OLD.user_id);
        RETURN OLD;
    END IF;
    IF TG_OP = 'UPDATE' THEN
        RAISE 'a membership cannot become another one' USING
            ERRCODE = 'feature_not_supported', HINT = 'Delete it, and insert the other.';
    END IF;
    PERFORM rowgrant.add_member(NEW.group_id, NEW.user_id);
    stored_group := rowgrant.stored_subject('g', NEW.group_id);
    stored_user := rowgrant.stored_subject('u', NEW.user_id);
    NEW.group_id := stored_group[2];
    NEW.user_id := stored_user[2];
    NEW.id := concat_ws(':', stored_group[1], stored_user[1]);
    RETURN NEW;
END $$;
COMMENT ON FUNCTION rowgrant.members_changed() IS 'Writes to the view members';

CREATE TRIGGER changed INSTEAD OF INSERT OR UPDATE OR DELETE ON rowgrant.user_grants
    FOR EACH ROW EXECUTE FUNCTION rowgrant.user_grants_changed();
CREATE TRIGGER changed INSTEAD OF INSERT OR UPDATE OR DELETE ON rowgrant.group_grants
    FOR EACH ROW EXECUTE FUNCTION rowgrant.group_grants_changed();
CREATE TRIGGER changed INSTEAD OF INSERT OR UPDATE OR DELETE ON rowgrant.members
    FOR EACH ROW EXECUTE FUNCTION rowgrant.members_changed();

SELECT rowgrant.set_rights();
