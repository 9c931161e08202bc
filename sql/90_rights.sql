-- Who may do what: PUBLIC may ask, as with has_table_privilege; all else is the owner's to grant.

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

SELECT rowgrant.set_rights();
