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
