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
                                perms_for_user, perms_for_group, can, current_user_id}';
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
    WHEN TAG IN ('ALTER TABLE', 'ALTER TYPE')
    EXECUTE FUNCTION rowgrant.table_altering();
COMMENT ON EVENT TRIGGER rowgrant_table_altering IS 'Lets the type of a key be changed';
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

SELECT rowgrant.set_rights();
