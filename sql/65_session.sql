-- The application user of a transaction. Kept in the memory of the backend that serves it, so these
-- functions run there and not in parallel workers.

CREATE FUNCTION rowgrant.set_user(user_id anyelement) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_set_user';
COMMENT ON FUNCTION rowgrant.set_user(anyelement) IS 'Says who the application user is until the transaction ends';
CREATE FUNCTION rowgrant.set_user(user_id text) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_set_user';
COMMENT ON FUNCTION rowgrant.set_user(text) IS 'Says who the application user is until the transaction ends';
CREATE FUNCTION rowgrant.current_user_id() RETURNS text
    LANGUAGE c STABLE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'rowgrant_current_user_id';
COMMENT ON FUNCTION rowgrant.current_user_id() IS 'The application user of this transaction';
CREATE FUNCTION rowgrant.can(perm text, object_type text, key anyelement) RETURNS boolean
    LANGUAGE c STABLE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'rowgrant_can_key';
COMMENT ON FUNCTION rowgrant.can(text, text, anyelement) IS 'has_perm for the application user of this transaction';
CREATE FUNCTION rowgrant.can(perm text, object_type text, key text) RETURNS boolean
    LANGUAGE c STABLE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'rowgrant_can_key';
COMMENT ON FUNCTION rowgrant.can(text, text, text) IS 'has_perm for the application user of this transaction';
CREATE FUNCTION rowgrant.can(perm text, object record) RETURNS boolean
    LANGUAGE c STABLE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'rowgrant_can_row';
COMMENT ON FUNCTION rowgrant.can(text, record) IS 'has_perm for the application user of this transaction';
CREATE FUNCTION rowgrant.can(perm text, object_type text) RETURNS boolean
    LANGUAGE c STABLE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'rowgrant_can_model';
COMMENT ON FUNCTION rowgrant.can(text, text) IS 'has_perm for the application user of this transaction';

-- Row-level security.

CREATE FUNCTION rowgrant.enable_rls(object_type text, roles name[] DEFAULT '{public}', select_perm text DEFAULT 'view', insert_perm text DEFAULT 'add', update_perm text DEFAULT 'change', delete_perm text DEFAULT 'delete') RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_enable_rls';
COMMENT ON FUNCTION rowgrant.enable_rls(text, name[], text, text, text, text) IS 'Puts policies on the table, by which the roles see, insert, change and delete what the application user of the transaction may';
CREATE FUNCTION rowgrant.disable_rls(object_type text) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_disable_rls';
COMMENT ON FUNCTION rowgrant.disable_rls(text) IS 'Undoes enable_rls';
