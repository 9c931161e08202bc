-- Granting and revoking.
-- User and group ids come as anyelement or text, keys as anycompatible or text: typed values of
-- every type, untyped literals and untyped parameters all find their function, none ambiguously.
--
-- Arrays come as arrays, or as text that spells one, for the same reason.
--
-- Where the object is a row, expires_at is not declared as timestamptz: a call with a key of that
-- type, assign_perm(42, 'view', 'events', now()), would match that better than its own form.

CREATE FUNCTION rowgrant.assign_perm(user_id anyelement, perm text, object_type text, key anycompatible, expires_at timestamptz DEFAULT NULL) RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_assign_perm_key';
COMMENT ON FUNCTION rowgrant.assign_perm(anyelement, text, text, anycompatible, timestamptz) IS 'Grants a permission on one object to a user; true where this call added it or changed its expiry';
CREATE FUNCTION rowgrant.assign_perm(user_id anyelement, perm text, object_type text, key text, expires_at timestamptz DEFAULT NULL) RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_assign_perm_key';
COMMENT ON FUNCTION rowgrant.assign_perm(anyelement, text, text, text, timestamptz) IS 'Grants a permission on one object to a user; true where this call added it or changed its expiry';
CREATE FUNCTION rowgrant.assign_perm(user_id text, perm text, object_type text, key anycompatible, expires_at timestamptz DEFAULT NULL) RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_assign_perm_key';
COMMENT ON FUNCTION rowgrant.assign_perm(text, text, text, anycompatible, timestamptz) IS 'Grants a permission on one object to a user; true where this call added it or changed its expiry';
CREATE FUNCTION rowgrant.assign_perm(user_id text, perm text, object_type text, key text, expires_at timestamptz DEFAULT NULL) RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_assign_perm_key';
COMMENT ON FUNCTION rowgrant.assign_perm(text, text, text, text, timestamptz) IS 'Grants a permission on one object to a user; true where this call added it or changed its expiry';
CREATE FUNCTION rowgrant.assign_perm(user_id anyelement, perm text, object record) RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_assign_perm_row';
COMMENT ON FUNCTION rowgrant.assign_perm(anyelement, text, record) IS 'Grants a permission on one row of a protected table to a user; true where this call added it or changed its expiry';
CREATE FUNCTION rowgrant.assign_perm(user_id anyelement, perm text, object record, expires_at anycompatible) RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_assign_perm_row';
COMMENT ON FUNCTION rowgrant.assign_perm(anyelement, text, record, anycompatible) IS 'Grants a permission on one row of a protected table to a user; true where this call added it or changed its expiry';
CREATE FUNCTION rowgrant.assign_perm(user_id anyelement, perm text, object record, expires_at text) RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_assign_perm_row';
COMMENT ON FUNCTION rowgrant.assign_perm(anyelement, text, record, text) IS 'Grants a permission on one row of a protected table to a user; true where this call added it or changed its expiry';
CREATE FUNCTION rowgrant.assign_perm(user_id text, perm text, object record) RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_assign_perm_row';
COMMENT ON FUNCTION rowgrant.assign_perm(text, text, record) IS 'Grants a permission on one row of a protected table to a user; true where this call added it or changed its expiry';
CREATE FUNCTION rowgrant.assign_perm(user_id text, perm text, object record, expires_at anycompatible) RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_assign_perm_row';
COMMENT ON FUNCTION rowgrant.assign_perm(text, text, record, anycompatible) IS 'Grants a permission on one row of a protected table to a user; true where this call added it or changed its expiry';
CREATE FUNCTION rowgrant.assign_perm(user_id text, perm text, object record, expires_at text) RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_assign_perm_row';
COMMENT ON FUNCTION rowgrant.assign_perm(text, text, record, text) IS 'Grants a permission on one row of a protected table to a user; true where this call added it or changed its expiry';
CREATE FUNCTION rowgrant.assign_perm(user_id anyelement, perm text, object_type text) RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_assign_perm_model';
COMMENT ON FUNCTION rowgrant.assign_perm(anyelement, text, text) IS 'Grants a permission on every object of the type to a user; true where this call added it or changed its expiry';
CREATE FUNCTION rowgrant.assign_perm(user_id text, perm text, object_type text) RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_assign_perm_model';
COMMENT ON FUNCTION rowgrant.assign_perm(text, text, text) IS 'Grants a permission on every object of the type to a user; true where this call added it or changed its expiry';
CREATE FUNCTION rowgrant.assign_perms(user_ids anyarray, perms text[], object_type text, keys anycompatiblearray, expires_at timestamptz DEFAULT NULL) RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_assign_perms';
COMMENT ON FUNCTION rowgrant.assign_perms(anyarray, text[], text, anycompatiblearray, timestamptz) IS 'Grants all combinations to several users; the number of grants added';
CREATE FUNCTION rowgrant.assign_perms(user_ids anyarray, perms text[], object_type text, keys text, expires_at timestamptz DEFAULT NULL) RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_assign_perms';
COMMENT ON FUNCTION rowgrant.assign_perms(anyarray, text[], text, text, timestamptz) IS 'Grants all combinations to several users; the number of grants added';
CREATE FUNCTION rowgrant.assign_perms(user_ids text, perms text[], object_type text, keys anycompatiblearray, expires_at timestamptz DEFAULT NULL) RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_assign_perms';
COMMENT ON FUNCTION rowgrant.assign_perms(text, text[], text, anycompatiblearray, timestamptz) IS 'Grants all combinations to several users; the number of grants added';
CREATE FUNCTION rowgrant.assign_perms(user_ids text, perms text[], object_type text, keys text, expires_at timestamptz DEFAULT NULL) RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_assign_perms';
COMMENT ON FUNCTION rowgrant.assign_perms(text, text[], text, text, timestamptz) IS 'Grants all combinations to several users; the number of grants added';
CREATE FUNCTION rowgrant.assign_group_perm(group_id anyelement, perm text, object_type text, key anycompatible, expires_at timestamptz DEFAULT NULL) RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_assign_group_perm_key';
COMMENT ON FUNCTION rowgrant.assign_group_perm(anyelement, text, text, anycompatible, timestamptz) IS 'Grants a permission on one object to a group; true where this call added it or changed its expiry';
CREATE FUNCTION rowgrant.assign_group_perm(group_id anyelement, perm text, object_type text, key text, expires_at timestamptz DEFAULT NULL) RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_assign_group_perm_key';
COMMENT ON FUNCTION rowgrant.assign_group_perm(anyelement, text, text, text, timestamptz) IS 'Grants a permission on one object to a group; true where this call added it or changed its expiry';
CREATE FUNCTION rowgrant.assign_group_perm(group_id text, perm text, object_type text, key anycompatible, expires_at timestamptz DEFAULT NULL) RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_assign_group_perm_key';
COMMENT ON FUNCTION rowgrant.assign_group_perm(text, text, text, anycompatible, timestamptz) IS 'Grants a permission on one object to a group; true where this call added it or changed its expiry';
CREATE FUNCTION rowgrant.assign_group_perm(group_id text, perm text, object_type text, key text, expires_at timestamptz DEFAULT NULL) RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_assign_group_perm_key';
COMMENT ON FUNCTION rowgrant.assign_group_perm(text, text, text, text, timestamptz) IS 'Grants a permission on one object to a group; true where this call added it or changed its expiry';
CREATE FUNCTION rowgrant.assign_group_perm(group_id anyelement, perm text, object record) RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_assign_group_perm_row';
COMMENT ON FUNCTION rowgrant.assign_group_perm(anyelement, text, record) IS 'Grants a permission on one row of a protected table to a group; true where this call added it or changed its expiry';
CREATE FUNCTION rowgrant.assign_group_perm(group_id anyelement, perm text, object record, expires_at anycompatible) RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_assign_group_perm_row';
COMMENT ON FUNCTION rowgrant.assign_group_perm(anyelement, text, record, anycompatible) IS 'Grants a permission on one row of a protected table to a group; true where this call added it or changed its expiry';
CREATE FUNCTION rowgrant.assign_group_perm(group_id anyelement, perm text, object record, expires_at text) RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_assign_group_perm_row';
COMMENT ON FUNCTION rowgrant.assign_group_perm(anyelement, text, record, text) IS 'Grants a permission on one row of a protected table to a group; true where this call added it or changed its expiry';
CREATE FUNCTION rowgrant.assign_group_perm(group_id text, perm text, object record) RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_assign_group_perm_row';
COMMENT ON FUNCTION rowgrant.assign_group_perm(text, text, record) IS 'Grants a permission on one row of a protected table to a group; true where this call added it or changed its expiry';
CREATE FUNCTION rowgrant.assign_group_perm(group_id text, perm text, object record, expires_at anycompatible) RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_assign_group_perm_row';
COMMENT ON FUNCTION rowgrant.assign_group_perm(text, text, record, anycompatible) IS 'Grants a permission on one row of a protected table to a group; true where this call added it or changed its expiry';
CREATE FUNCTION rowgrant.assign_group_perm(group_id text, perm text, object record, expires_at text) RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_assign_group_perm_row';
COMMENT ON FUNCTION rowgrant.assign_group_perm(text, text, record, text) IS 'Grants a permission on one row of a protected table to a group; true where this call added it or changed its expiry';
CREATE FUNCTION rowgrant.assign_group_perm(group_id anyelement, perm text, object_type text) RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_assign_group_perm_model';
COMMENT ON FUNCTION rowgrant.assign_group_perm(anyelement, text, text) IS 'Grants a permission on every object of the type to a group; true where this call added it or changed its expiry';
CREATE FUNCTION rowgrant.assign_group_perm(group_id text, perm text, object_type text) RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_assign_group_perm_model';
COMMENT ON FUNCTION rowgrant.assign_group_perm(text, text, text) IS 'Grants a permission on every object of the type to a group; true where this call added it or changed its expiry';
CREATE FUNCTION rowgrant.assign_group_perms(group_ids anyarray, perms text[], object_type text, keys anycompatiblearray, expires_at timestamptz DEFAULT NULL) RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_assign_group_perms';
COMMENT ON FUNCTION rowgrant.assign_group_perms(anyarray, text[], text, anycompatiblearray, timestamptz) IS 'Grants all combinations to several groups; the number of grants added';
CREATE FUNCTION rowgrant.assign_group_perms(group_ids anyarray, perms text[], object_type text, keys text, expires_at timestamptz DEFAULT NULL) RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_assign_group_perms';
COMMENT ON FUNCTION rowgrant.assign_group_perms(anyarray, text[], text, text, timestamptz) IS 'Grants all combinations to several groups; the number of grants added';
CREATE FUNCTION rowgrant.assign_group_perms(group_ids text, perms text[], object_type text, keys anycompatiblearray, expires_at timestamptz DEFAULT NULL) RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_assign_group_perms';
COMMENT ON FUNCTION rowgrant.assign_group_perms(text, text[], text, anycompatiblearray, timestamptz) IS 'Grants all combinations to several groups; the number of grants added';
CREATE FUNCTION rowgrant.assign_group_perms(group_ids text, perms text[], object_type text, keys text, expires_at timestamptz DEFAULT NULL) RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_assign_group_perms';
COMMENT ON FUNCTION rowgrant.assign_group_perms(text, text[], text, text, timestamptz) IS 'Grants all combinations to several groups; the number of grants added';
CREATE FUNCTION rowgrant.remove_perm(user_id anyelement, perm text, object_type text, key anycompatible) RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_remove_perm_key';
COMMENT ON FUNCTION rowgrant.remove_perm(anyelement, text, text, anycompatible) IS 'Revokes a permission on one object from a user; true where there was such a grant';
CREATE FUNCTION rowgrant.remove_perm(user_id anyelement, perm text, object_type text, key text) RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_remove_perm_key';
COMMENT ON FUNCTION rowgrant.remove_perm(anyelement, text, text, text) IS 'Revokes a permission on one object from a user; true where there was such a grant';
CREATE FUNCTION rowgrant.remove_perm(user_id text, perm text, object_type text, key anycompatible) RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_remove_perm_key';
COMMENT ON FUNCTION rowgrant.remove_perm(text, text, text, anycompatible) IS 'Revokes a permission on one object from a user; true where there was such a grant';
CREATE FUNCTION rowgrant.remove_perm(user_id text, perm text, object_type text, key text) RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_remove_perm_key';
COMMENT ON FUNCTION rowgrant.remove_perm(text, text, text, text) IS 'Revokes a permission on one object from a user; true where there was such a grant';
CREATE FUNCTION rowgrant.remove_perm(user_id anyelement, perm text, object record) RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_remove_perm_row';
COMMENT ON FUNCTION rowgrant.remove_perm(anyelement, text, record) IS 'Revokes a permission on one row of a protected table from a user; true where there was such a grant';
CREATE FUNCTION rowgrant.remove_perm(user_id text, perm text, object record) RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_remove_perm_row';
COMMENT ON FUNCTION rowgrant.remove_perm(text, text, record) IS 'Revokes a permission on one row of a protected table from a user; true where there was such a grant';
CREATE FUNCTION rowgrant.remove_perm(user_id anyelement, perm text, object_type text) RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_remove_perm_model';
COMMENT ON FUNCTION rowgrant.remove_perm(anyelement, text, text) IS 'Revokes a permission on every object of the type from a user; true where there was such a grant';
CREATE FUNCTION rowgrant.remove_perm(user_id text, perm text, object_type text) RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_remove_perm_model';
COMMENT ON FUNCTION rowgrant.remove_perm(text, text, text) IS 'Revokes a permission on every object of the type from a user; true where there was such a grant';
CREATE FUNCTION rowgrant.remove_perms(user_ids anyarray, perms text[], object_type text, keys anycompatiblearray) RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_remove_perms';
COMMENT ON FUNCTION rowgrant.remove_perms(anyarray, text[], text, anycompatiblearray) IS 'Revokes all combinations from several users; the number of grants removed';
CREATE FUNCTION rowgrant.remove_perms(user_ids anyarray, perms text[], object_type text, keys text) RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_remove_perms';
COMMENT ON FUNCTION rowgrant.remove_perms(anyarray, text[], text, text) IS 'Revokes all combinations from several users; the number of grants removed';
CREATE FUNCTION rowgrant.remove_perms(user_ids text, perms text[], object_type text, keys anycompatiblearray) RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_remove_perms';
COMMENT ON FUNCTION rowgrant.remove_perms(text, text[], text, anycompatiblearray) IS 'Revokes all combinations from several users; the number of grants removed';
CREATE FUNCTION rowgrant.remove_perms(user_ids text, perms text[], object_type text, keys text) RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_remove_perms';
COMMENT ON FUNCTION rowgrant.remove_perms(text, text[], text, text) IS 'Revokes all combinations from several users; the number of grants removed';
CREATE FUNCTION rowgrant.remove_group_perm(group_id anyelement, perm text, object_type text, key anycompatible) RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_remove_group_perm_key';
COMMENT ON FUNCTION rowgrant.remove_group_perm(anyelement, text, text, anycompatible) IS 'Revokes a permission on one object from a group; true where there was such a grant';
CREATE FUNCTION rowgrant.remove_group_perm(group_id anyelement, perm text, object_type text, key text) RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_remove_group_perm_key';
COMMENT ON FUNCTION rowgrant.remove_group_perm(anyelement, text, text, text) IS 'Revokes a permission on one object from a group; true where there was such a grant';
CREATE FUNCTION rowgrant.remove_group_perm(group_id text, perm text, object_type text, key anycompatible) RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_remove_group_perm_key';
COMMENT ON FUNCTION rowgrant.remove_group_perm(text, text, text, anycompatible) IS 'Revokes a permission on one object from a group; true where there was such a grant';
CREATE FUNCTION rowgrant.remove_group_perm(group_id text, perm text, object_type text, key text) RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_remove_group_perm_key';
COMMENT ON FUNCTION rowgrant.remove_group_perm(text, text, text, text) IS 'Revokes a permission on one object from a group; true where there was such a grant';
CREATE FUNCTION rowgrant.remove_group_perm(group_id anyelement, perm text, object record) RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_remove_group_perm_row';
COMMENT ON FUNCTION rowgrant.remove_group_perm(anyelement, text, record) IS 'Revokes a permission on one row of a protected table from a group; true where there was such a grant';
CREATE FUNCTION rowgrant.remove_group_perm(group_id text, perm text, object record) RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_remove_group_perm_row';
COMMENT ON FUNCTION rowgrant.remove_group_perm(text, text, record) IS 'Revokes a permission on one row of a protected table from a group; true where there was such a grant';
CREATE FUNCTION rowgrant.remove_group_perm(group_id anyelement, perm text, object_type text) RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_remove_group_perm_model';
COMMENT ON FUNCTION rowgrant.remove_group_perm(anyelement, text, text) IS 'Revokes a permission on every object of the type from a group; true where there was such a grant';
CREATE FUNCTION rowgrant.remove_group_perm(group_id text, perm text, object_type text) RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_remove_group_perm_model';
COMMENT ON FUNCTION rowgrant.remove_group_perm(text, text, text) IS 'Revokes a permission on every object of the type from a group; true where there was such a grant';
CREATE FUNCTION rowgrant.remove_group_perms(group_ids anyarray, perms text[], object_type text, keys anycompatiblearray) RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_remove_group_perms';
COMMENT ON FUNCTION rowgrant.remove_group_perms(anyarray, text[], text, anycompatiblearray) IS 'Revokes all combinations from several groups; the number of grants removed';
CREATE FUNCTION rowgrant.remove_group_perms(group_ids anyarray, perms text[], object_type text, keys text) RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_remove_group_perms';
COMMENT ON FUNCTION rowgrant.remove_group_perms(anyarray, text[], text, text) IS 'Revokes all combinations from several groups; the number of grants removed';
CREATE FUNCTION rowgrant.remove_group_perms(group_ids text, perms text[], object_type text, keys anycompatiblearray) RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_remove_group_perms';
COMMENT ON FUNCTION rowgrant.remove_group_perms(text, text[], text, anycompatiblearray) IS 'Revokes all combinations from several groups; the number of grants removed';
CREATE FUNCTION rowgrant.remove_group_perms(group_ids text, perms text[], object_type text, keys text) RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_remove_group_perms';
COMMENT ON FUNCTION rowgrant.remove_group_perms(text, text[], text, text) IS 'Revokes all combinations from several groups; the number of grants removed';
