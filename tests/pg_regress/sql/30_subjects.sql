-- Users, groups and memberships of the application's, and those that are nobody's.
CREATE TABLE users (id integer PRIMARY KEY, active boolean, root boolean);
CREATE TABLE groups (id text PRIMARY KEY);
CREATE TABLE memberships (user_id bigint, group_id text);
CREATE TABLE documents (id integer PRIMARY KEY, owner integer);
INSERT INTO users VALUES (1, true, false), (2, false, false), (3, true, true), (4, false, true), (5, NULL, false), (9, true, true);
INSERT INTO groups VALUES ('staff'), ('it''s');
INSERT INTO memberships VALUES (1, 'staff'), (2, 'staff'), (5, 'staff'), (9, 'it''s'), (NULL, 'staff'), (1, NULL);
INSERT INTO documents SELECT i, i FROM generate_series(1, 5) i;
SELECT rowgrant.protect('documents', owner_column => 'owner');

-- Free ids: any type, one form.
SELECT rowgrant.assign_perm(1, 'view', 'documents', 2);
SELECT rowgrant.assign_perm('{A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11}', 'view', 'documents', 2);
SELECT rowgrant.has_perm('1'::varchar, 'view', 'documents', 2), rowgrant.has_perm(1.0, 'view', 'documents', 2),
       rowgrant.has_perm('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid, 'view', 'documents', 2);
SELECT rowgrant.remove_perm('a0eebc999c0b4ef8bb6d6bb9bd380a11', 'view', 'documents', 2);

-- Registering takes over what stands, or says what does not fit.
SELECT rowgrant.assign_perm('77', 'view', 'documents', 2);
SELECT * FROM mistake($$SELECT rowgrant.register_users('users')$$);
SELECT rowgrant.remove_perm('77', 'view', 'documents', 2), rowgrant.assign_perm('carol', 'view', 'documents', 2);
SELECT * FROM mistake($$SELECT rowgrant.register_users('users')$$);
SELECT rowgrant.remove_perm('carol', 'view', 'documents', 2);
SELECT * FROM mistake($$SELECT rowgrant.register_users('users')$$);
SELECT * FROM mistake($$SELECT rowgrant.register_users('users', active_column => 'id')$$);
SELECT * FROM mistake($$SELECT rowgrant.register_users('users', anonymous_user => '77')$$);
SELECT rowgrant.register_users('users', 'active', 'root', anonymous_user => '9');
SELECT rowgrant.register_users('users', 'active', 'root', anonymous_user => '9');
SELECT rowgrant.register_groups('groups');
SELECT rowgrant.register_membership('memberships', 'user_id', 'group_id');
SELECT rowgrant.assign_group_perm('staff', 'change', 'documents', 3);
SELECT rowgrant.assign_group_perm('it''s', 'change', 'documents', 4);
SELECT rowgrant.assign_group_perm('everyone', 'view', 'documents', 4);
SELECT rowgrant.assign_group_perm('authenticated', 'add', 'documents', 4);

-- Who may what. 2 and 4 are inactive, 5 is not known to be active, 6 is nobody, 9 is the anonymous user.
SELECT u, (SELECT array_agg(d.id || p ORDER BY d.id, p) FROM documents d, unnest('{view,change,add}'::text[]) p
           WHERE rowgrant.has_perm(u, p, 'documents', d.id)) AS held
FROM unnest('{1,2,3,4,5,6,9,NULL}'::integer[]) u;
SELECT u, (SELECT array_agg(o ORDER BY o) FROM rowgrant.objects_for_user(u, 'view', 'documents', NULL::integer) o) AS listed
FROM unnest('{1,2,3,4,5,6,9,NULL}'::integer[]) u;
SELECT g, (SELECT array_agg(d.id || p ORDER BY d.id, p) FROM documents d, unnest('{view,change,add}'::text[]) p
           WHERE rowgrant.group_has_perm(g, p, 'documents', d.id)) AS held
FROM unnest('{staff,it''s,everyone,authenticated,NULL}'::text[]) g;
SELECT rowgrant.objects_for_group('staff', 'change', 'documents', NULL::text);

-- A superuser is not asked for rows that are not there.
SELECT rowgrant.has_perm(3, 'view', 'documents', 99), rowgrant.has_perm(3, 'view', 'documents'), rowgrant.has_perm(1, 'view', 'documents');

-- Deleting users and groups, one or all, and giving them other ids.
UPDATE users SET id = 10 WHERE id = 1;
UPDATE groups SET id = 'crew' WHERE id = 'staff';
SELECT * FROM grants ORDER BY 1, 2, 3, 4;
DELETE FROM users WHERE id = 10;
INSERT INTO users VALUES (10, true, false);
SELECT rowgrant.has_perm(10, 'view', 'documents', 2);
TRUNCATE groups;
SELECT * FROM grants ORDER BY 1, 2, 3, 4;
SELECT rowgrant.assign_perm(10, 'view', 'documents', 2);
SELECT rowgrant.assign_perm(10, 'view', 'documents');
DROP TABLE memberships, users;
SELECT * FROM grants ORDER BY 1, 2, 3, 4;
SELECT kind, relation FROM rowgrant.subject_source;
SELECT count(*) FROM rowgrant.membership_source;

-- Two ids that would become one are named.
CREATE TABLE persons (id integer PRIMARY KEY);
INSERT INTO persons VALUES (1);
SELECT rowgrant.assign_perm('1', 'view', 'documents', 2), rowgrant.assign_perm('01', 'view', 'documents', 2);
SELECT * FROM mistake($$SELECT rowgrant.register_users('persons')$$);
SELECT rowgrant.remove_perm('1', 'view', 'documents', 2), rowgrant.remove_perm('01', 'view', 'documents', 2);
DROP TABLE persons;

-- Groups named as the built-in ones.
CREATE TABLE teams (id text PRIMARY KEY);
INSERT INTO teams VALUES ('everyone');
SELECT * FROM mistake($$SELECT rowgrant.register_groups('teams')$$);
DROP TABLE teams, groups;
SELECT rowgrant.unprotect('documents', true);
DROP TABLE documents;
