-- Cleaning, and keeping what is remembered about names true.

CREATE FUNCTION rowgrant.object_changed() RETURNS trigger
    LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'rowgrant_object_changed';
COMMENT ON FUNCTION rowgrant.object_changed() IS 'Cleans or moves the grants of rows of protected tables';
CREATE FUNCTION rowgrant.subject_changed() RETURNS trigger
    LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'rowgrant_subject_changed';
COMMENT ON FUNCTION rowgrant.subject_changed() IS 'Cleans or moves the grants of registered users and groups';
CREATE FUNCTION rowgrant.catalog_changed() RETURNS trigger
    LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'rowgrant_catalog_changed';
COMMENT ON FUNCTION rowgrant.catalog_changed() IS 'Stores a new version whenever names change';
CREATE FUNCTION rowgrant.relations_dropped() RETURNS event_trigger
    LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'rowgrant_relations_dropped';
COMMENT ON FUNCTION rowgrant.relations_dropped() IS 'Cleans up after tables that were dropped';

CREATE FUNCTION rowgrant.table_altering() RETURNS event_trigger
    LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'rowgrant_table_altering';
COMMENT ON FUNCTION rowgrant.table_altering() IS 'Lets the type of a key be changed, and leaves tables as they were when the extension is dropped';
CREATE FUNCTION rowgrant.table_altered() RETURNS event_trigger
    LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'rowgrant_table_altered';
COMMENT ON FUNCTION rowgrant.table_altered() IS 'Follows partitions, children and columns of protected and registered tables';
CREATE FUNCTION rowgrant.orphans() RETURNS TABLE(object_type text, key text, grants bigint)
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'rowgrant_orphans';
COMMENT ON FUNCTION rowgrant.orphans() IS 'Grants whose object, user or group is gone, where no trigger saw it go';
CREATE FUNCTION rowgrant.clean_orphans(object_type text DEFAULT NULL, max_rows bigint DEFAULT NULL) RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_clean_orphans';
COMMENT ON FUNCTION rowgrant.clean_orphans(text, bigint) IS 'Removes what orphans() finds, no more than max_rows grants; their number';

CREATE EVENT TRIGGER rowgrant_relations_dropped ON sql_drop
    EXECUTE FUNCTION rowgrant.relations_dropped();
COMMENT ON EVENT TRIGGER rowgrant_relations_dropped IS 'Cleans up after tables that were dropped';

CREATE EVENT TRIGGER rowgrant_table_altering ON ddl_command_start
    WHEN TAG IN ('ALTER TABLE', 'ALTER TYPE', 'DROP EXTENSION')
    EXECUTE FUNCTION rowgrant.table_altering();
COMMENT ON EVENT TRIGGER rowgrant_table_altering IS 'Lets the type of a key be changed, and leaves tables as they were when the extension is dropped';
CREATE EVENT TRIGGER rowgrant_table_altered ON ddl_command_end
    WHEN TAG IN ('CREATE TABLE', 'CREATE SCHEMA', 'ALTER TABLE', 'ALTER TYPE',
                 'ALTER VIEW', 'ALTER MATERIALIZED VIEW', 'ALTER FOREIGN TABLE')
    EXECUTE FUNCTION rowgrant.table_altered();
COMMENT ON EVENT TRIGGER rowgrant_table_altered IS 'Follows partitions, children and columns of protected and registered tables';

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
