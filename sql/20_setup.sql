-- Declaring object types, permissions and the application's own tables.

CREATE FUNCTION rowgrant.protect(relation regclass, name text DEFAULT NULL, perms text[] DEFAULT '{add,change,delete,view}', key name[] DEFAULT NULL, owner_column name DEFAULT NULL) RETURNS text
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_protect';
COMMENT ON FUNCTION rowgrant.protect(regclass, text, text[], name[], name) IS 'Makes a table an object type; returns its name';
CREATE FUNCTION rowgrant.unprotect(object_type text, drop_grants boolean DEFAULT false) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_unprotect';
COMMENT ON FUNCTION rowgrant.unprotect(text, boolean) IS 'Removes an object type; refuses while grants exist, unless told to drop them';
CREATE FUNCTION rowgrant.define_object_type(name text, key_type regtype, perms text[] DEFAULT '{add,change,delete,view}') RETURNS text
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_define_object_type';
COMMENT ON FUNCTION rowgrant.define_object_type(text, regtype, text[]) IS 'Makes an object type of ids that are kept elsewhere; returns its name';
CREATE FUNCTION rowgrant.define_perm(object_type text, perm text, implies text[] DEFAULT '{}') RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_define_perm';
COMMENT ON FUNCTION rowgrant.define_perm(text, text, text[]) IS 'Makes a permission, or changes what it implies';
CREATE FUNCTION rowgrant.drop_perm(object_type text, perm text, drop_grants boolean DEFAULT false) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_drop_perm';
COMMENT ON FUNCTION rowgrant.drop_perm(text, text, boolean) IS 'Removes a permission; refuses while grants of it exist, unless told to drop them';
CREATE FUNCTION rowgrant.register_users(relation regclass, active_column name DEFAULT NULL, superuser_column name DEFAULT NULL, anonymous_user text DEFAULT NULL) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_register_users';
COMMENT ON FUNCTION rowgrant.register_users(regclass, name, name, text) IS 'Registers the application''s table of users';
CREATE FUNCTION rowgrant.register_groups(relation regclass) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_register_groups';
COMMENT ON FUNCTION rowgrant.register_groups(regclass) IS 'Registers the application''s table of groups';
CREATE FUNCTION rowgrant.register_membership(relation regclass, user_column name, group_column name) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_register_membership';
COMMENT ON FUNCTION rowgrant.register_membership(regclass, name, name) IS 'Registers the application''s table of memberships';
CREATE FUNCTION rowgrant.add_member(group_id anyelement, user_id anycompatible) RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_add_member';
COMMENT ON FUNCTION rowgrant.add_member(anyelement, anycompatible) IS 'Makes a user a member of a group; true where this call did';
CREATE FUNCTION rowgrant.add_member(group_id anyelement, user_id text) RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_add_member';
COMMENT ON FUNCTION rowgrant.add_member(anyelement, text) IS 'Makes a user a member of a group; true where this call did';
CREATE FUNCTION rowgrant.add_member(group_id text, user_id anycompatible) RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_add_member';
COMMENT ON FUNCTION rowgrant.add_member(text, anycompatible) IS 'Makes a user a member of a group; true where this call did';
CREATE FUNCTION rowgrant.add_member(group_id text, user_id text) RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_add_member';
COMMENT ON FUNCTION rowgrant.add_member(text, text) IS 'Makes a user a member of a group; true where this call did';
CREATE FUNCTION rowgrant.remove_member(group_id anyelement, user_id anycompatible) RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_remove_member';
COMMENT ON FUNCTION rowgrant.remove_member(anyelement, anycompatible) IS 'Ends a membership made by add_member; true where this call did';
CREATE FUNCTION rowgrant.remove_member(group_id anyelement, user_id text) RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_remove_member';
COMMENT ON FUNCTION rowgrant.remove_member(anyelement, text) IS 'Ends a membership made by add_member; true where this call did';
CREATE FUNCTION rowgrant.remove_member(group_id text, user_id anycompatible) RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_remove_member';
COMMENT ON FUNCTION rowgrant.remove_member(text, anycompatible) IS 'Ends a membership made by add_member; true where this call did';
CREATE FUNCTION rowgrant.remove_member(group_id text, user_id text) RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_remove_member';
COMMENT ON FUNCTION rowgrant.remove_member(text, text) IS 'Ends a membership made by add_member; true where this call did';
CREATE FUNCTION rowgrant.add_subgroup(parent_group anyelement, child_group anycompatible) RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_add_subgroup';
COMMENT ON FUNCTION rowgrant.add_subgroup(anyelement, anycompatible) IS 'Makes the members of the child members of the parent; true where this call did';
CREATE FUNCTION rowgrant.add_subgroup(parent_group anyelement, child_group text) RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_add_subgroup';
COMMENT ON FUNCTION rowgrant.add_subgroup(anyelement, text) IS 'Makes the members of the child members of the parent; true where this call did';
CREATE FUNCTION rowgrant.add_subgroup(parent_group text, child_group anycompatible) RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_add_subgroup';
COMMENT ON FUNCTION rowgrant.add_subgroup(text, anycompatible) IS 'Makes the members of the child members of the parent; true where this call did';
CREATE FUNCTION rowgrant.add_subgroup(parent_group text, child_group text) RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_add_subgroup';
COMMENT ON FUNCTION rowgrant.add_subgroup(text, text) IS 'Makes the members of the child members of the parent; true where this call did';
CREATE FUNCTION rowgrant.remove_subgroup(parent_group anyelement, child_group anycompatible) RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_remove_subgroup';
COMMENT ON FUNCTION rowgrant.remove_subgroup(anyelement, anycompatible) IS 'Undoes add_subgroup; true where this call did';
CREATE FUNCTION rowgrant.remove_subgroup(parent_group anyelement, child_group text) RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_remove_subgroup';
COMMENT ON FUNCTION rowgrant.remove_subgroup(anyelement, text) IS 'Undoes add_subgroup; true where this call did';
CREATE FUNCTION rowgrant.remove_subgroup(parent_group text, child_group anycompatible) RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_remove_subgroup';
COMMENT ON FUNCTION rowgrant.remove_subgroup(text, anycompatible) IS 'Undoes add_subgroup; true where this call did';
CREATE FUNCTION rowgrant.remove_subgroup(parent_group text, child_group text) RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_remove_subgroup';
COMMENT ON FUNCTION rowgrant.remove_subgroup(text, text) IS 'Undoes add_subgroup; true where this call did';
CREATE FUNCTION rowgrant.apply_model(model jsonb, dry_run boolean DEFAULT false) RETURNS TABLE(action text, subject text, detail jsonb)
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_apply_model';
COMMENT ON FUNCTION rowgrant.apply_model(jsonb, boolean) IS 'Brings about what a document declares, by the least change, and returns the changes; the dry run only returns them';
CREATE FUNCTION rowgrant.model() RETURNS jsonb
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'rowgrant_model';
COMMENT ON FUNCTION rowgrant.model() IS 'The document that would make what stands, for apply_model';
