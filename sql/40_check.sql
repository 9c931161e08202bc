-- Asking. Nothing is STRICT: NULL is the anonymous user, or a refusal.
-- User and group ids come as anyelement or text, keys as anycompatible or text: typed values of
-- every type, untyped literals and untyped parameters all find their function, none ambiguously.

CREATE FUNCTION rowgrant.has_perm(user_id anyelement, perm text, object_type text, key anycompatible) RETURNS boolean
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'rowgrant_has_perm_key';
COMMENT ON FUNCTION rowgrant.has_perm(anyelement, text, text, anycompatible) IS 'Whether the user (NULL: the anonymous one) holds the permission on the object with that key';
CREATE FUNCTION rowgrant.has_perm(user_id anyelement, perm text, object_type text, key text) RETURNS boolean
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'rowgrant_has_perm_key';
COMMENT ON FUNCTION rowgrant.has_perm(anyelement, text, text, text) IS 'Whether the user (NULL: the anonymous one) holds the permission on the object with that key';
CREATE FUNCTION rowgrant.has_perm(user_id text, perm text, object_type text, key anycompatible) RETURNS boolean
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'rowgrant_has_perm_key';
COMMENT ON FUNCTION rowgrant.has_perm(text, text, text, anycompatible) IS 'Whether the user (NULL: the anonymous one) holds the permission on the object with that key';
CREATE FUNCTION rowgrant.has_perm(user_id text, perm text, object_type text, key text) RETURNS boolean
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'rowgrant_has_perm_key';
COMMENT ON FUNCTION rowgrant.has_perm(text, text, text, text) IS 'Whether the user (NULL: the anonymous one) holds the permission on the object with that key';
CREATE FUNCTION rowgrant.has_perm(user_id anyelement, perm text, object record) RETURNS boolean
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'rowgrant_has_perm_row';
COMMENT ON FUNCTION rowgrant.has_perm(anyelement, text, record) IS 'Whether the user holds the permission on that row of a protected table';
CREATE FUNCTION rowgrant.has_perm(user_id text, perm text, object record) RETURNS boolean
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'rowgrant_has_perm_row';
COMMENT ON FUNCTION rowgrant.has_perm(text, text, record) IS 'Whether the user holds the permission on that row of a protected table';
CREATE FUNCTION rowgrant.has_perm(user_id anyelement, perm text, object_type text) RETURNS boolean
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'rowgrant_has_perm_model';
COMMENT ON FUNCTION rowgrant.has_perm(anyelement, text, text) IS 'Whether the user holds the permission on every object of the type';
CREATE FUNCTION rowgrant.has_perm(user_id text, perm text, object_type text) RETURNS boolean
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'rowgrant_has_perm_model';
COMMENT ON FUNCTION rowgrant.has_perm(text, text, text) IS 'Whether the user holds the permission on every object of the type';
CREATE FUNCTION rowgrant.has_perms(user_id anyelement, perms text[], object_type text, key anycompatible, any_perm boolean DEFAULT false) RETURNS boolean
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'rowgrant_has_perms';
COMMENT ON FUNCTION rowgrant.has_perms(anyelement, text[], text, anycompatible, boolean) IS 'Whether the user holds all, or any, of the permissions on the object with that key';
CREATE FUNCTION rowgrant.has_perms(user_id anyelement, perms text[], object_type text, key text, any_perm boolean DEFAULT false) RETURNS boolean
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'rowgrant_has_perms';
COMMENT ON FUNCTION rowgrant.has_perms(anyelement, text[], text, text, boolean) IS 'Whether the user holds all, or any, of the permissions on the object with that key';
CREATE FUNCTION rowgrant.has_perms(user_id text, perms text[], object_type text, key anycompatible, any_perm boolean DEFAULT false) RETURNS boolean
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'rowgrant_has_perms';
COMMENT ON FUNCTION rowgrant.has_perms(text, text[], text, anycompatible, boolean) IS 'Whether the user holds all, or any, of the permissions on the object with that key';
CREATE FUNCTION rowgrant.has_perms(user_id text, perms text[], object_type text, key text, any_perm boolean DEFAULT false) RETURNS boolean
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'rowgrant_has_perms';
COMMENT ON FUNCTION rowgrant.has_perms(text, text[], text, text, boolean) IS 'Whether the user holds all, or any, of the permissions on the object with that key';
CREATE FUNCTION rowgrant.group_has_perm(group_id anyelement, perm text, object_type text, key anycompatible) RETURNS boolean
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'rowgrant_group_has_perm';
COMMENT ON FUNCTION rowgrant.group_has_perm(anyelement, text, text, anycompatible) IS 'Whether the group holds the permission on the object with that key';
CREATE FUNCTION rowgrant.group_has_perm(group_id anyelement, perm text, object_type text, key text) RETURNS boolean
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'rowgrant_group_has_perm';
COMMENT ON FUNCTION rowgrant.group_has_perm(anyelement, text, text, text) IS 'Whether the group holds the permission on the object with that key';
CREATE FUNCTION rowgrant.group_has_perm(group_id text, perm text, object_type text, key anycompatible) RETURNS boolean
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'rowgrant_group_has_perm';
COMMENT ON FUNCTION rowgrant.group_has_perm(text, text, text, anycompatible) IS 'Whether the group holds the permission on the object with that key';
CREATE FUNCTION rowgrant.group_has_perm(group_id text, perm text, object_type text, key text) RETURNS boolean
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'rowgrant_group_has_perm';
COMMENT ON FUNCTION rowgrant.group_has_perm(text, text, text, text) IS 'Whether the group holds the permission on the object with that key';
CREATE FUNCTION rowgrant.require_perm(user_id anyelement, perm text, object_type text, key anycompatible) RETURNS void
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'rowgrant_require_perm_key';
COMMENT ON FUNCTION rowgrant.require_perm(anyelement, text, text, anycompatible) IS 'As has_perm, but raises 42501 where the permission is not held';
CREATE FUNCTION rowgrant.require_perm(user_id anyelement, perm text, object_type text, key text) RETURNS void
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'rowgrant_require_perm_key';
COMMENT ON FUNCTION rowgrant.require_perm(anyelement, text, text, text) IS 'As has_perm, but raises 42501 where the permission is not held';
CREATE FUNCTION rowgrant.require_perm(user_id text, perm text, object_type text, key anycompatible) RETURNS void
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'rowgrant_require_perm_key';
COMMENT ON FUNCTION rowgrant.require_perm(text, text, text, anycompatible) IS 'As has_perm, but raises 42501 where the permission is not held';
CREATE FUNCTION rowgrant.require_perm(user_id text, perm text, object_type text, key text) RETURNS void
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'rowgrant_require_perm_key';
COMMENT ON FUNCTION rowgrant.require_perm(text, text, text, text) IS 'As has_perm, but raises 42501 where the permission is not held';
CREATE FUNCTION rowgrant.require_perm(user_id anyelement, perm text, object record) RETURNS void
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'rowgrant_require_perm_row';
COMMENT ON FUNCTION rowgrant.require_perm(anyelement, text, record) IS 'As has_perm, but raises 42501 where the permission is not held';
CREATE FUNCTION rowgrant.require_perm(user_id text, perm text, object record) RETURNS void
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'rowgrant_require_perm_row';
COMMENT ON FUNCTION rowgrant.require_perm(text, text, record) IS 'As has_perm, but raises 42501 where the permission is not held';
CREATE FUNCTION rowgrant.require_perm(user_id anyelement, perm text, object_type text) RETURNS void
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'rowgrant_require_perm_model';
COMMENT ON FUNCTION rowgrant.require_perm(anyelement, text, text) IS 'As has_perm, but raises 42501 where the permission is not held';
CREATE FUNCTION rowgrant.require_perm(user_id text, perm text, object_type text) RETURNS void
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'rowgrant_require_perm_model';
COMMENT ON FUNCTION rowgrant.require_perm(text, text, text) IS 'As has_perm, but raises 42501 where the permission is not held';
CREATE FUNCTION rowgrant.perms_for_user(user_id anyelement, object_type text, key anycompatible, use_groups boolean DEFAULT true, accept_global_perms boolean DEFAULT true) RETURNS text[]
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'rowgrant_perms_for_user';
COMMENT ON FUNCTION rowgrant.perms_for_user(anyelement, text, anycompatible, boolean, boolean) IS 'The permissions that the user holds on the object with that key, sorted';
CREATE FUNCTION rowgrant.perms_for_user(user_id anyelement, object_type text, key text, use_groups boolean DEFAULT true, accept_global_perms boolean DEFAULT true) RETURNS text[]
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'rowgrant_perms_for_user';
COMMENT ON FUNCTION rowgrant.perms_for_user(anyelement, text, text, boolean, boolean) IS 'The permissions that the user holds on the object with that key, sorted';
CREATE FUNCTION rowgrant.perms_for_user(user_id text, object_type text, key anycompatible, use_groups boolean DEFAULT true, accept_global_perms boolean DEFAULT true) RETURNS text[]
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'rowgrant_perms_for_user';
COMMENT ON FUNCTION rowgrant.perms_for_user(text, text, anycompatible, boolean, boolean) IS 'The permissions that the user holds on the object with that key, sorted';
CREATE FUNCTION rowgrant.perms_for_user(user_id text, object_type text, key text, use_groups boolean DEFAULT true, accept_global_perms boolean DEFAULT true) RETURNS text[]
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'rowgrant_perms_for_user';
COMMENT ON FUNCTION rowgrant.perms_for_user(text, text, text, boolean, boolean) IS 'The permissions that the user holds on the object with that key, sorted';
CREATE FUNCTION rowgrant.perms_for_group(group_id anyelement, object_type text, key anycompatible, use_groups boolean DEFAULT true, accept_global_perms boolean DEFAULT true) RETURNS text[]
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'rowgrant_perms_for_group';
COMMENT ON FUNCTION rowgrant.perms_for_group(anyelement, text, anycompatible, boolean, boolean) IS 'The permissions that the group holds on the object with that key, sorted';
CREATE FUNCTION rowgrant.perms_for_group(group_id anyelement, object_type text, key text, use_groups boolean DEFAULT true, accept_global_perms boolean DEFAULT true) RETURNS text[]
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'rowgrant_perms_for_group';
COMMENT ON FUNCTION rowgrant.perms_for_group(anyelement, text, text, boolean, boolean) IS 'The permissions that the group holds on the object with that key, sorted';
CREATE FUNCTION rowgrant.perms_for_group(group_id text, object_type text, key anycompatible, use_groups boolean DEFAULT true, accept_global_perms boolean DEFAULT true) RETURNS text[]
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'rowgrant_perms_for_group';
COMMENT ON FUNCTION rowgrant.perms_for_group(text, text, anycompatible, boolean, boolean) IS 'The permissions that the group holds on the object with that key, sorted';
CREATE FUNCTION rowgrant.perms_for_group(group_id text, object_type text, key text, use_groups boolean DEFAULT true, accept_global_perms boolean DEFAULT true) RETURNS text[]
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'rowgrant_perms_for_group';
COMMENT ON FUNCTION rowgrant.perms_for_group(text, text, text, boolean, boolean) IS 'The permissions that the group holds on the object with that key, sorted';
CREATE FUNCTION rowgrant.explain_perm(user_id anyelement, perm text, object_type text, key anycompatible) RETURNS TABLE(via text, subject text, perm text, object text, path jsonb)
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'rowgrant_explain_perm';
COMMENT ON FUNCTION rowgrant.explain_perm(anyelement, text, text, anycompatible) IS 'A row for each way in which the user holds the permission on the object with that key';
CREATE FUNCTION rowgrant.explain_perm(user_id anyelement, perm text, object_type text, key text) RETURNS TABLE(via text, subject text, perm text, object text, path jsonb)
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'rowgrant_explain_perm';
COMMENT ON FUNCTION rowgrant.explain_perm(anyelement, text, text, text) IS 'A row for each way in which the user holds the permission on the object with that key';
CREATE FUNCTION rowgrant.explain_perm(user_id text, perm text, object_type text, key anycompatible) RETURNS TABLE(via text, subject text, perm text, object text, path jsonb)
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'rowgrant_explain_perm';
COMMENT ON FUNCTION rowgrant.explain_perm(text, text, text, anycompatible) IS 'A row for each way in which the user holds the permission on the object with that key';
CREATE FUNCTION rowgrant.explain_perm(user_id text, perm text, object_type text, key text) RETURNS TABLE(via text, subject text, perm text, object text, path jsonb)
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'rowgrant_explain_perm';
COMMENT ON FUNCTION rowgrant.explain_perm(text, text, text, text) IS 'A row for each way in which the user holds the permission on the object with that key';
