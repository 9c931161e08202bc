-- Listing.
-- The key type is anyelement, as the result is; so user and group ids are anycompatible here.

CREATE FUNCTION rowgrant.objects_for_user(user_id anycompatible, perm text, object_type text, key_type anyelement) RETURNS SETOF anyelement
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'rowgrant_objects_for_user';
COMMENT ON FUNCTION rowgrant.objects_for_user(anycompatible, text, text, anyelement) IS 'Keys of the objects on which the user holds the permission';
CREATE FUNCTION rowgrant.objects_for_user(user_id text, perm text, object_type text, key_type anyelement) RETURNS SETOF anyelement
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'rowgrant_objects_for_user';
COMMENT ON FUNCTION rowgrant.objects_for_user(text, text, text, anyelement) IS 'Keys of the objects on which the user holds the permission';
CREATE FUNCTION rowgrant.objects_for_user(user_id anycompatible, perm text, rows anyelement) RETURNS SETOF anyelement
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'rowgrant_objects_for_user_rows';
COMMENT ON FUNCTION rowgrant.objects_for_user(anycompatible, text, anyelement) IS 'Rows on which the user holds the permission, read with the privileges and policies of the caller';
CREATE FUNCTION rowgrant.objects_for_user(user_id text, perm text, rows anyelement) RETURNS SETOF anyelement
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'rowgrant_objects_for_user_rows';
COMMENT ON FUNCTION rowgrant.objects_for_user(text, text, anyelement) IS 'Rows on which the user holds the permission, read with the privileges and policies of the caller';
CREATE FUNCTION rowgrant.objects_for_user(user_id anycompatible, perms text[], object_type text, key_type anyelement, any_perm boolean DEFAULT false, use_groups boolean DEFAULT true, accept_global_perms boolean DEFAULT true, with_superuser boolean DEFAULT true) RETURNS SETOF anyelement
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'rowgrant_objects_for_user_perms';
COMMENT ON FUNCTION rowgrant.objects_for_user(anycompatible, text[], text, anyelement, boolean, boolean, boolean, boolean) IS 'Keys of the objects on which the user holds all, or any, of the permissions';
CREATE FUNCTION rowgrant.objects_for_user(user_id text, perms text[], object_type text, key_type anyelement, any_perm boolean DEFAULT false, use_groups boolean DEFAULT true, accept_global_perms boolean DEFAULT true, with_superuser boolean DEFAULT true) RETURNS SETOF anyelement
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'rowgrant_objects_for_user_perms';
COMMENT ON FUNCTION rowgrant.objects_for_user(text, text[], text, anyelement, boolean, boolean, boolean, boolean) IS 'Keys of the objects on which the user holds all, or any, of the permissions';
CREATE FUNCTION rowgrant.objects_for_group(group_id anycompatible, perm text, object_type text, key_type anyelement) RETURNS SETOF anyelement
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'rowgrant_objects_for_group';
COMMENT ON FUNCTION rowgrant.objects_for_group(anycompatible, text, text, anyelement) IS 'Keys of the objects on which the group holds the permission';
CREATE FUNCTION rowgrant.objects_for_group(group_id text, perm text, object_type text, key_type anyelement) RETURNS SETOF anyelement
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'rowgrant_objects_for_group';
COMMENT ON FUNCTION rowgrant.objects_for_group(text, text, text, anyelement) IS 'Keys of the objects on which the group holds the permission';
CREATE FUNCTION rowgrant.users_with_perm(perm text, object_type text, key anyelement, with_group_users boolean DEFAULT true, with_superusers boolean DEFAULT false) RETURNS SETOF text
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'rowgrant_users_with_perm';
COMMENT ON FUNCTION rowgrant.users_with_perm(text, text, anyelement, boolean, boolean) IS 'Ids of the users who hold the permission on the object with that key';
CREATE FUNCTION rowgrant.users_with_perm(perm text, object_type text, key text, with_group_users boolean DEFAULT true, with_superusers boolean DEFAULT false) RETURNS SETOF text
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'rowgrant_users_with_perm';
COMMENT ON FUNCTION rowgrant.users_with_perm(text, text, text, boolean, boolean) IS 'Ids of the users who hold the permission on the object with that key';
CREATE FUNCTION rowgrant.users_with_perms(object_type text, key anyelement, with_group_users boolean DEFAULT true, with_superusers boolean DEFAULT false) RETURNS TABLE(user_id text, perms text[])
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'rowgrant_users_with_perms';
COMMENT ON FUNCTION rowgrant.users_with_perms(text, anyelement, boolean, boolean) IS 'The users who hold any permission on the object with that key, and which';
CREATE FUNCTION rowgrant.users_with_perms(object_type text, key text, with_group_users boolean DEFAULT true, with_superusers boolean DEFAULT false) RETURNS TABLE(user_id text, perms text[])
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'rowgrant_users_with_perms';
COMMENT ON FUNCTION rowgrant.users_with_perms(text, text, boolean, boolean) IS 'The users who hold any permission on the object with that key, and which';
CREATE FUNCTION rowgrant.groups_with_perms(object_type text, key anyelement) RETURNS TABLE(group_id text, perms text[])
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'rowgrant_groups_with_perms';
COMMENT ON FUNCTION rowgrant.groups_with_perms(text, anyelement) IS 'The groups that hold any permission on the object with that key, and which';
CREATE FUNCTION rowgrant.groups_with_perms(object_type text, key text) RETURNS TABLE(group_id text, perms text[])
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'rowgrant_groups_with_perms';
COMMENT ON FUNCTION rowgrant.groups_with_perms(text, text) IS 'The groups that hold any permission on the object with that key, and which';
CREATE FUNCTION rowgrant.objects_for_group(group_id anycompatible, perms text[], object_type text, key_type anyelement, any_perm boolean DEFAULT false, use_groups boolean DEFAULT true, accept_global_perms boolean DEFAULT true) RETURNS SETOF anyelement
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'rowgrant_objects_for_group_perms';
COMMENT ON FUNCTION rowgrant.objects_for_group(anycompatible, text[], text, anyelement, boolean, boolean, boolean) IS 'Keys of the objects on which the group holds all, or any, of the permissions';
CREATE FUNCTION rowgrant.objects_for_group(group_id text, perms text[], object_type text, key_type anyelement, any_perm boolean DEFAULT false, use_groups boolean DEFAULT true, accept_global_perms boolean DEFAULT true) RETURNS SETOF anyelement
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'rowgrant_objects_for_group_perms';
COMMENT ON FUNCTION rowgrant.objects_for_group(text, text[], text, anyelement, boolean, boolean, boolean) IS 'Keys of the objects on which the group holds all, or any, of the permissions';
