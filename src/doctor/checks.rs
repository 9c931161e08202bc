//! The checks that are one statement each. All return severity, subject, problem and remedy.

use crate::setup;

/// Run as the extension's owner, under the statement's snapshot.
pub const CHECKS: &[&str] = &[
    EVENT_TRIGGERS,
    TABLES_GONE,
    COLUMNS_GONE,
    TYPES_GONE,
    FLAGS,
    KEYS_NOT_UNIQUE,
    SUBJECT_KEYS_NOT_UNIQUE,
    DANGLING,
    NAMES_DANGLING,
    OWN_TRIGGERS,
    INTERRUPTED,
    MEMBERSHIP_INDEXES,
    POLICIES_NOT_FORCED,
    POLICIES_NOT_ENABLED,
    BYPASSING_ROLES,
    OPEN_TABLES,
    OPEN_FUNCTIONS,
    FUNCTIONS_ALTERED,
    FUNCTIONS_FOREIGN,
    EXPIRED,
];

const EVENT_TRIGGERS: &str = "
    SELECT 'error', 'event trigger ' || name,
           CASE WHEN e.evtname IS NULL THEN 'is missing' ELSE 'is disabled' END
               || ': tables that are dropped or altered are not followed',
           CASE WHEN e.evtname IS NULL THEN 'DROP and CREATE EXTENSION rowgrant anew, from a dump of its data'
                ELSE format('ALTER EVENT TRIGGER %I ENABLE', name) END
    FROM unnest('{rowgrant_relations_dropped,rowgrant_table_altering,rowgrant_table_altered}'::text[]) name
    LEFT JOIN pg_event_trigger e ON e.evtname = name
    WHERE e.evtenabled IS NULL OR e.evtenabled = 'D'";

const TABLES_GONE: &str = "
    SELECT 'error', what, 'its table is gone', remedy
    FROM (SELECT 'object type ' || name, relation, format('SELECT rowgrant.unprotect(%L, true)', name)
          FROM rowgrant.object_type
          UNION ALL SELECT CASE kind WHEN 'u' THEN 'table of users' ELSE 'table of groups' END, relation,
                           'register the table that took its place'
          FROM rowgrant.subject_source
          UNION ALL SELECT 'table of memberships', relation, 'register the table that took its place'
          FROM rowgrant.membership_source) t (what, relation, remedy)
    WHERE relation IS NOT NULL AND NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = relation)";

const COLUMNS_GONE: &str = "
    SELECT 'error', what, format('its column %I is gone', col), remedy
    FROM (SELECT 'object type ' || name, relation, key_columns || owner_column,
                 'call rowgrant.protect again, or rowgrant.unprotect'
          FROM rowgrant.object_type
          UNION ALL SELECT CASE kind WHEN 'u' THEN 'table of users' ELSE 'table of groups' END, relation,
                           ARRAY[key_column, active_column, superuser_column],
                           'register the table again'
          FROM rowgrant.subject_source
          UNION ALL SELECT 'table of memberships', relation, ARRAY[user_column, group_column],
                           'register the table again'
          FROM rowgrant.membership_source) t (what, relation, cols, remedy),
         unnest(cols) col
    WHERE col IS NOT NULL
      AND EXISTS (SELECT FROM pg_class c WHERE c.oid = relation)
      AND NOT EXISTS (SELECT FROM pg_attribute a
                      WHERE a.attrelid = relation AND a.attname = col AND NOT a.attisdropped)";

const TYPES_GONE: &str = "
    SELECT 'error', 'object type ' || t.name, 'the type of its key is gone',
           format('SELECT rowgrant.unprotect(%L, true)', t.name)
    FROM rowgrant.object_type t
    WHERE EXISTS (SELECT FROM unnest(t.key_types) k WHERE NOT EXISTS (SELECT FROM pg_type p WHERE p.oid = k))";

const FLAGS: &str = "
    SELECT 'error', 'table of users', format('column %I is no boolean any more: %s', col, effect),
           'call rowgrant.register_users again'
    FROM rowgrant.subject_source s,
         LATERAL (VALUES (active_column, 'nobody is active'), (superuser_column, 'nobody is a superuser')) f (col, effect)
    JOIN pg_attribute a ON a.attname = f.col
    WHERE a.attrelid = s.relation AND NOT a.attisdropped
      AND (WITH RECURSIVE base AS (
               SELECT t.oid, t.typtype, t.typbasetype FROM pg_type t WHERE t.oid = a.atttypid
               UNION ALL SELECT t.oid, t.typtype, t.typbasetype FROM pg_type t JOIN base b ON t.oid = b.typbasetype)
           SELECT oid FROM base WHERE typtype <> 'd') <> 'boolean'::regtype";

const KEYS_NOT_UNIQUE: &str = "
    SELECT 'error', 'object type ' || t.name,
           format('(%s) is no unique NOT NULL key of %s any more', array_to_string(t.key_columns, ', '), t.relation),
           'restore the constraint, or call rowgrant.protect with another key'
    FROM rowgrant.object_type t
    JOIN pg_class c ON c.oid = t.relation
    WHERE NOT EXISTS (
        SELECT FROM pg_index i
        WHERE i.indrelid = t.relation AND i.indisunique AND i.indisvalid AND i.indpred IS NULL
          AND i.indnkeyatts = cardinality(t.key_columns)
          AND NOT EXISTS (SELECT FROM unnest(t.key_columns) k WHERE NOT EXISTS (
              SELECT FROM pg_attribute a
              WHERE a.attrelid = t.relation AND a.attname = k AND a.attnotnull
                AND a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1]))))";

const SUBJECT_KEYS_NOT_UNIQUE: &str = "
    SELECT 'error', CASE s.kind WHEN 'u' THEN 'table of users' ELSE 'table of groups' END,
           format('%I is no unique key of %s any more', s.key_column, s.relation),
           CASE s.kind WHEN 'u' THEN 'restore the constraint, or call rowgrant.register_users again'
                       ELSE 'restore the constraint, or call rowgrant.register_groups again' END
    FROM rowgrant.subject_source s
    JOIN pg_class c ON c.oid = s.relation
    WHERE NOT EXISTS (
        SELECT FROM pg_index i
        JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
        WHERE i.indrelid = s.relation AND i.indisunique AND i.indisvalid AND i.indpred IS NULL
          AND i.indnkeyatts = 1 AND a.attname = s.key_column)";

const DANGLING: &str = "
    SELECT 'error', 'table rowgrant.' || source, format('grants to or of what does not exist: %s', count(*)),
           'restore all of rowgrant''s tables from one dump'
    FROM (SELECT 'grant_bigint', perm, subject FROM rowgrant.grant_bigint
          UNION ALL SELECT 'grant_uuid', perm, subject FROM rowgrant.grant_uuid
          UNION ALL SELECT 'grant_text', perm, subject FROM rowgrant.grant_text
          UNION ALL SELECT 'model_grant', perm, subject FROM rowgrant.model_grant) g (source, perm, subject)
    WHERE perm > 0
      AND (NOT EXISTS (SELECT FROM rowgrant.permission p WHERE p.id = g.perm)
           OR NOT EXISTS (SELECT FROM rowgrant.subject s WHERE s.id = g.subject))
    GROUP BY source";

const NAMES_DANGLING: &str = "
    SELECT 'error', 'table rowgrant.' || source, format('rows about what does not exist: %s', count(*)),
           'restore all of rowgrant''s tables from one dump'
    FROM (SELECT 'permission' FROM rowgrant.permission p
          WHERE NOT EXISTS (SELECT FROM rowgrant.object_type t WHERE t.id = p.object_type)
          UNION ALL SELECT 'implication' FROM rowgrant.implication i
          WHERE NOT EXISTS (SELECT FROM rowgrant.permission p WHERE p.id = i.permission)
             OR NOT EXISTS (SELECT FROM rowgrant.permission p WHERE p.id = i.implied)
          UNION ALL SELECT 'membership' FROM rowgrant.membership m
          WHERE NOT EXISTS (SELECT FROM rowgrant.subject s WHERE s.id = m.user_subject)
             OR NOT EXISTS (SELECT FROM rowgrant.subject s WHERE s.id = m.group_subject)
          UNION ALL SELECT 'subgroup' FROM rowgrant.subgroup g
          WHERE NOT EXISTS (SELECT FROM rowgrant.subject s WHERE s.id = g.child)
             OR NOT EXISTS (SELECT FROM rowgrant.subject s WHERE s.id = g.parent)) d (source)
    GROUP BY source";

const OWN_TRIGGERS: &str = "
    SELECT 'error', format('trigger %s on rowgrant.%s', name, source),
           CASE t.tgenabled WHEN 'O' THEN 'does not fire where a subscription applies changes'
                            WHEN 'R' THEN 'does not fire in other sessions than a subscription''s'
                            WHEN 'D' THEN 'is disabled' ELSE 'is missing' END
               || ': sessions would go on with names that they remember',
           CASE WHEN t.oid IS NULL THEN 'DROP and CREATE EXTENSION rowgrant anew, from a dump of its data'
                ELSE format('ALTER TABLE rowgrant.%s ENABLE ALWAYS TRIGGER %s', source, name) END
    FROM (SELECT source, name
          FROM unnest('{object_type,permission,implication,subject_source,membership_source}'::text[]) source,
               unnest('{catalog_changed,catalog_truncated}'::text[]) name
          UNION ALL SELECT 'catalog_state', 'version_drawn') w
    LEFT JOIN pg_trigger t ON t.tgrelid = format('rowgrant.%s', source)::regclass AND t.tgname = name
    WHERE t.tgenabled IS DISTINCT FROM 'A'";

const INTERRUPTED: &str = "
    SELECT 'error', 'table rowgrant.' || source, format('rows on their way to another key: %s', count(*)),
           'delete them: no row of the application has that key'
    FROM (SELECT 'grant_bigint' FROM rowgrant.grant_bigint WHERE perm < 0
          UNION ALL SELECT 'grant_uuid' FROM rowgrant.grant_uuid WHERE perm < 0
          UNION ALL SELECT 'grant_text' FROM rowgrant.grant_text WHERE perm < 0
          UNION ALL SELECT 'subject' FROM rowgrant.subject WHERE kind IN ('U', 'G')) g (source)
    GROUP BY source";

const MEMBERSHIP_INDEXES: &str = "
    SELECT CASE which WHEN 'user' THEN 'warning' ELSE 'info' END, 'table ' || m.relation,
           format('no index begins with column %I: %s', col, why),
           format('CREATE INDEX ON %s (%I)', m.relation, col)
    FROM rowgrant.membership_source m,
         LATERAL (VALUES ('user', user_column, 'every question reads the whole table'),
                         ('group', group_column, 'users_with_perm reads the whole table')) c (which, col, why)
    WHERE EXISTS (SELECT FROM pg_class c WHERE c.oid = m.relation AND c.relkind IN ('r', 'p'))
      AND NOT EXISTS (
        SELECT FROM pg_index i
        JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
        WHERE i.indrelid = m.relation AND i.indisvalid AND i.indpred IS NULL AND a.attname = col)";

const POLICIES_NOT_FORCED: &str = "
    SELECT 'warning', 'table ' || t.relation,
           format('has policies, which its owner %I passes by', pg_get_userbyid(c.relowner)),
           format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', t.relation)
    FROM rowgrant.object_type t
    JOIN pg_class c ON c.oid = t.relation
    WHERE c.relrowsecurity AND NOT c.relforcerowsecurity
      AND EXISTS (SELECT FROM pg_policy p, unnest(p.polroles) role
                  WHERE p.polrelid = c.oid AND (role = 0 OR pg_has_role(c.relowner, role, 'USAGE')))";

/// Tables, and what holds rows of theirs, whose policies are not those of enable_rls any more.
pub fn policies_gone() -> String {
    format!(
        "SELECT 'error', 'table ' || c.oid::regclass,
                CASE WHEN NOT c.relrowsecurity THEN 'row-level security is not enabled: everything is seen'
                     WHEN r.relation IS NULL THEN 'policies of rowgrant.enable_rls are missing'
                     ELSE 'policies of rowgrant.enable_rls are missing, or were altered' END,
                format('SELECT rowgrant.enable_rls(%L, ...) again, or rowgrant.disable_rls(%1$L)', t.name)
         FROM rowgrant.object_type t
         JOIN rowgrant.row_security of_type ON of_type.relation = t.relation,
              LATERAL (WITH RECURSIVE part AS (
                           SELECT t.relation::oid AS oid
                           UNION SELECT i.inhrelid FROM pg_inherits i JOIN part ON i.inhparent = part.oid)
                       SELECT oid FROM part) part
         JOIN pg_class c ON c.oid = part.oid AND c.relkind IN ('r', 'p') AND c.relpersistence <> 't'
         LEFT JOIN rowgrant.row_security r ON r.relation = c.oid
         WHERE r.relation IS NULL OR NOT ({})",
        setup::INTACT
    )
}

const POLICIES_NOT_ENABLED: &str = "
    SELECT 'warning', 'table ' || t.relation, 'has policies, but row-level security is not enabled',
           format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', t.relation)
    FROM rowgrant.object_type t
    JOIN pg_class c ON c.oid = t.relation
    WHERE NOT c.relrowsecurity AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid)";

const BYPASSING_ROLES: &str = "
    SELECT 'info', format('role %I', r.rolname), 'passes by all policies (BYPASSRLS)',
           format('ALTER ROLE %I NOBYPASSRLS', r.rolname)
    FROM pg_roles r
    WHERE r.rolbypassrls AND NOT r.rolsuper
      AND EXISTS (SELECT FROM rowgrant.object_type t JOIN pg_class c ON c.oid = t.relation WHERE c.relrowsecurity)";

const OPEN_TABLES: &str = "
    SELECT DISTINCT 'error', 'table ' || c.oid::regclass,
           format('%s has privileges on it, and passes by the functions',
                  CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE format('role %I', pg_get_userbyid(a.grantee)) END),
           format('REVOKE ALL ON %s FROM %s', c.oid::regclass,
                  CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END)
    FROM pg_class c, aclexplode(c.relacl) a
    WHERE c.relnamespace = 'rowgrant'::regnamespace AND c.relkind <> 'v' AND a.grantee <> c.relowner";

const OPEN_FUNCTIONS: &str = "
    SELECT DISTINCT 'warning', 'function ' || p.oid::regprocedure, 'may be executed by PUBLIC',
           format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', p.oid::regprocedure)
    FROM rowgrant.definition d
    JOIN pg_proc p ON p.pronamespace = 'rowgrant'::regnamespace
      AND format('%I(%s)', p.proname, pg_get_function_identity_arguments(p.oid)) = d.function,
         aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
    WHERE a.grantee = 0 AND NOT d.is_public";

const FUNCTIONS_ALTERED: &str = "
    SELECT 'error', 'function rowgrant.' || d.function,
           CASE WHEN p.oid IS NULL THEN 'is missing' ELSE 'was altered' END,
           'ALTER FUNCTION it back, or CREATE EXTENSION rowgrant anew, from a dump of its data'
    FROM rowgrant.definition d
    LEFT JOIN pg_proc p ON p.pronamespace = 'rowgrant'::regnamespace
      AND format('%I(%s)', p.proname, pg_get_function_identity_arguments(p.oid)) = d.function
    WHERE p.oid IS NULL OR rowgrant.definition_of(p.oid) <> d.definition";

const FUNCTIONS_FOREIGN: &str = "
    SELECT 'error', 'function ' || p.oid::regprocedure, 'is in the schema and not of the extension',
           format('DROP FUNCTION %s', p.oid::regprocedure)
    FROM pg_proc p
    WHERE p.pronamespace = 'rowgrant'::regnamespace
      AND NOT EXISTS (SELECT FROM rowgrant.definition d
                      WHERE d.function = format('%I(%s)', p.proname, pg_get_function_identity_arguments(p.oid)))";

const EXPIRED: &str = "
    SELECT 'info', 'expired grants', format('grants that have expired and only take room: %s', count(*)),
           'SELECT rowgrant.clean_expired()'
    FROM (SELECT expires_at FROM rowgrant.grant_bigint
          UNION ALL SELECT expires_at FROM rowgrant.grant_uuid
          UNION ALL SELECT expires_at FROM rowgrant.grant_text) g
    WHERE expires_at <= statement_timestamp()
    HAVING count(*) > 0";
