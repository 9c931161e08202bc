-- Who may do what: PUBLIC may ask, as with has_table_privilege; all else is the owner's to grant.

REVOKE ALL ON ALL TABLES IN SCHEMA rowgrant FROM PUBLIC;
REVOKE ALL ON ALL SEQUENCES IN SCHEMA rowgrant FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA rowgrant FROM PUBLIC;
GRANT USAGE ON SCHEMA rowgrant TO PUBLIC;
DO $$
DECLARE
    asking regprocedure;
BEGIN
    FOR asking IN
        SELECT p.oid
        FROM pg_catalog.pg_proc p
        WHERE p.pronamespace = 'rowgrant'::pg_catalog.regnamespace
          AND p.proname IN ('has_perm', 'has_perms', 'group_has_perm', 'require_perm',
                            'objects_for_user', 'objects_for_group',
                            'perms_for_user', 'perms_for_group',
                            'can', 'current_user_id')
    LOOP
        EXECUTE pg_catalog.format('GRANT EXECUTE ON FUNCTION %s TO PUBLIC', asking);
    END LOOP;
END $$;

INSERT INTO rowgrant.definition
SELECT pg_catalog.format('%I(%s)', p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid)), rowgrant.definition_of(p.oid),
       EXISTS (SELECT FROM pg_catalog.aclexplode(p.proacl) a WHERE a.grantee OPERATOR(pg_catalog.=) 0::pg_catalog.oid)
FROM pg_catalog.pg_proc p
WHERE p.pronamespace OPERATOR(pg_catalog.=) 'rowgrant'::pg_catalog.regnamespace::pg_catalog.oid;
