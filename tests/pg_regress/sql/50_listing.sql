-- Lists with all options, over every way of holding a permission.
CREATE TABLE users (id integer PRIMARY KEY, root boolean);
CREATE TABLE groups (id integer PRIMARY KEY);
CREATE TABLE memberships (user_id integer, group_id integer, PRIMARY KEY (user_id, group_id));
CREATE TABLE documents (id integer PRIMARY KEY, owner integer);
INSERT INTO users VALUES (1, false), (2, true);
INSERT INTO groups VALUES (1);
INSERT INTO memberships VALUES (1, 1);
INSERT INTO documents SELECT i, CASE i WHEN 6 THEN 1 END FROM generate_series(1, 6) i;
SELECT rowgrant.register_users('users', superuser_column => 'root'), rowgrant.register_groups('groups'), rowgrant.register_membership('memberships', 'user_id', 'group_id');
SELECT rowgrant.protect('documents', owner_column => 'owner');
SELECT rowgrant.assign_perms(ARRAY[1], '{view,change}', 'documents', ARRAY[1, 2]),
       rowgrant.assign_group_perm(1, 'view', 'documents', 2), rowgrant.assign_group_perm(1, 'view', 'documents', 3),
       rowgrant.assign_group_perm('everyone', 'change', 'documents', 4), rowgrant.assign_group_perm(1, 'delete', 'documents');
CREATE FUNCTION listed(perms text[], any_perm boolean, use_groups boolean, accept_global boolean, with_superuser boolean, OUT "user 1" integer[], OUT "user 2" integer[], OUT nobody integer[])
LANGUAGE sql AS $$
    SELECT array(SELECT rowgrant.objects_for_user(1, perms, 'documents', NULL::integer, any_perm, use_groups, accept_global, with_superuser) ORDER BY 1),
           array(SELECT rowgrant.objects_for_user(2, perms, 'documents', NULL::integer, any_perm, use_groups, accept_global, with_superuser) ORDER BY 1),
           array(SELECT rowgrant.objects_for_user(NULL::integer, perms, 'documents', NULL::integer, any_perm, use_groups, accept_global, with_superuser) ORDER BY 1)
$$;
SELECT perms, a AS any_perm, g AS use_groups, m AS accept_global, s AS with_superuser, (listed(perms::text[], a, g, m, s)).*
FROM (VALUES ('{view,change}'), ('{view,delete}'), ('{delete}'), ('{}')) p (perms),
     (VALUES (false), (true)) a (a), (VALUES (false), (true)) g (g), (VALUES (false), (true)) m (m), (VALUES (false), (true)) s (s)
WHERE (s OR (g AND m)) ORDER BY 1, 2, 3, 4, 5;
-- Keys in the type asked for; NULL asks for nothing.
SELECT pg_typeof(o), o FROM rowgrant.objects_for_user('1', 'change', 'documents', NULL::smallint) o ORDER BY 2;
SELECT pg_typeof(o), o FROM rowgrant.objects_for_user(1, 'change', 'documents', NULL::text) o ORDER BY 2;
SELECT count(*) FROM rowgrant.objects_for_user(1, NULL::text, 'documents', NULL::integer);
SELECT * FROM mistake($$SELECT rowgrant.objects_for_group('everyone', 'change', 'documents', NULL::uuid)$$);
SELECT * FROM mistake($$SELECT rowgrant.objects_for_user(1, 'veiw', 'documents', NULL::integer)$$);
-- The rows themselves, with the caller's own rights.
SELECT * FROM rowgrant.objects_for_user(1, 'view', NULL::documents) ORDER BY id;
CREATE ROLE regress_asker;
SET ROLE regress_asker;
SELECT rowgrant.has_perm(1, 'view', 'documents', 3), array(SELECT rowgrant.objects_for_user(1, 'view', 'documents', NULL::integer) ORDER BY 1);
SELECT * FROM mistake($$SELECT * FROM rowgrant.objects_for_user(1, 'view', NULL::documents)$$);
SELECT * FROM mistake($$SELECT rowgrant.assign_perm(1, 'view', 'documents', 5)$$);
SELECT * FROM mistake($$SELECT * FROM rowgrant.grant_bigint$$);
RESET ROLE;
-- Whoever is let grant needs no right on the table, and its policies do not hinder.
GRANT EXECUTE ON FUNCTION rowgrant.assign_perm(anyelement, text, text, anycompatible, timestamptz) TO regress_asker;
ALTER TABLE documents ENABLE ROW LEVEL SECURITY;
ALTER TABLE documents FORCE ROW LEVEL SECURITY;
SET ROLE regress_asker;
SELECT rowgrant.assign_perm(1, 'view', 'documents', 5);
SELECT * FROM mistake($$SELECT rowgrant.protect('documents')$$);
RESET ROLE;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA rowgrant TO regress_asker;
SET ROLE regress_asker;
SELECT * FROM mistake($$SELECT rowgrant.protect('documents')$$);
SELECT * FROM mistake($$SELECT rowgrant.unprotect('documents', true)$$);
SELECT * FROM mistake($$SELECT rowgrant.register_users('users')$$);
RESET ROLE;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA rowgrant FROM regress_asker;
DROP ROLE regress_asker;
-- A search_path with shadowed operators, types and tables is not looked at.
CREATE SCHEMA trap;
CREATE FUNCTION trap.yes(integer, integer) RETURNS boolean LANGUAGE sql AS 'SELECT true';
CREATE FUNCTION trap.yes(text, text) RETURNS boolean LANGUAGE sql AS 'SELECT true';
CREATE OPERATOR trap.= (FUNCTION = trap.yes, LEFTARG = integer, RIGHTARG = integer);
CREATE OPERATOR trap.= (FUNCTION = trap.yes, LEFTARG = text, RIGHTARG = text);
CREATE TABLE trap.users (LIKE users);
CREATE DOMAIN trap.int4 AS text;
SET search_path = trap, pg_catalog;
SELECT rowgrant.has_perm(1, 'view', 'documents', 6), rowgrant.has_perm(1, 'change', 'documents', 3), rowgrant.has_perm(7, 'view', 'documents', 1);
SELECT d.id FROM rowgrant.objects_for_user(1, 'change', NULL::public.documents) d ORDER BY 1;
SELECT rowgrant.assign_perm(1, 'add', 'documents', 1), rowgrant.remove_perm(1, 'add', 'documents', 2), rowgrant.remove_perm(1, 'add', 'documents', 1);
DELETE FROM public.documents WHERE documents.id OPERATOR(pg_catalog.=) 1;
RESET search_path;
SELECT * FROM grants ORDER BY 1, 2, 3, 4;
DROP SCHEMA trap CASCADE;
DROP FUNCTION listed;
DROP TABLE documents, users, groups, memberships;
-- Groups with several permissions.
CREATE TABLE pages (id integer PRIMARY KEY);
INSERT INTO pages SELECT generate_series(1, 4);
SELECT rowgrant.protect('pages'), rowgrant.assign_group_perms(ARRAY['g'], '{view}', 'pages', ARRAY[1, 2]), rowgrant.assign_group_perms(ARRAY['above'], '{change}', 'pages', ARRAY[2, 3]),
       rowgrant.add_subgroup('above', 'g'), rowgrant.assign_group_perm('g', 'add', 'pages');
SELECT array(SELECT rowgrant.objects_for_group('g', '{view,change}', 'pages', NULL::integer) ORDER BY 1) AS both,
       array(SELECT rowgrant.objects_for_group('g', '{view,change}', 'pages', NULL::integer, any_perm => true) ORDER BY 1) AS any,
       array(SELECT rowgrant.objects_for_group('g', '{view,change}', 'pages', NULL::integer, any_perm => true, use_groups => false) ORDER BY 1) AS itself,
       array(SELECT rowgrant.objects_for_group('g', '{view,add}', 'pages', NULL::integer) ORDER BY 1) AS global,
       array(SELECT rowgrant.objects_for_group('g', '{view,add}', 'pages', NULL::integer, accept_global_perms => false) ORDER BY 1) AS no_global;
SELECT rowgrant.remove_subgroup('above', 'g');
DROP TABLE pages;

-- One by one: each object once and in order, whoever it is granted to, and no more read than asked for.
CREATE TABLE streamed (id bigint PRIMARY KEY);
INSERT INTO streamed SELECT generate_series(-2000, 3000);
SELECT rowgrant.protect('streamed');
SELECT rowgrant.define_perm('streamed', 'edit', '{view}');
SELECT rowgrant.assign_perms(ARRAY['s'], '{view}', 'streamed', ARRAY(SELECT generate_series(-2000, 2500)));
SELECT rowgrant.assign_perms(ARRAY['s'], '{edit}', 'streamed', ARRAY(SELECT generate_series(2400, 3000)));
SELECT rowgrant.assign_group_perms(ARRAY['sg'], '{view}', 'streamed', ARRAY(SELECT generate_series(-3, 3)), now() + interval '1 day');
SELECT rowgrant.assign_group_perms('{everyone}'::text[], '{view}', 'streamed', ARRAY(SELECT generate_series(-1999, 2999, 2)), '2000-01-01');
SELECT rowgrant.add_member('sg', 's');
SELECT count(*), count(DISTINCT o), min(o), max(o) FROM rowgrant.objects_for_user('s', 'view', 'streamed', NULL::bigint) o;
SELECT rowgrant.objects_for_user('s', 'view', 'streamed', NULL::bigint) OFFSET 2499 LIMIT 3;
SELECT array_agg(o) FROM (SELECT rowgrant.objects_for_user('s', 'edit', 'streamed', NULL::text) AS o LIMIT 3) s;
SELECT count(*) FROM (SELECT rowgrant.objects_for_group('sg', 'view', 'streamed', NULL::integer)) g;
SELECT n, rowgrant.objects_for_user(u, 'view', 'streamed', NULL::bigint) AS o FROM (VALUES (1, 'nobody'), (2, 's'), (3, 's')) v (n, u) ORDER BY n LIMIT 2;
-- A cursor goes on under its own snapshot, and by its own time.
BEGIN;
DECLARE c CURSOR FOR SELECT rowgrant.objects_for_user('s', 'view', 'streamed', NULL::bigint);
FETCH 2 FROM c;
SELECT rowgrant.remove_perms(ARRAY['s'], '{view,edit}', 'streamed', ARRAY(SELECT generate_series(-2000, 3000)));
MOVE 4000 FROM c;
FETCH 2 FROM c;
CLOSE c;
SELECT count(*) FROM rowgrant.objects_for_user('s', 'view', 'streamed', NULL::bigint);
ROLLBACK;
DROP TABLE streamed;
SELECT rowgrant.remove_member('sg', 's');
