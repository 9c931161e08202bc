-- Memberships kept by rowgrant, and groups within groups.
CREATE TABLE documents (id integer PRIMARY KEY, owner text);
INSERT INTO documents VALUES (1, 'olga'), (2, NULL), (3, NULL);
SELECT rowgrant.protect('documents', owner_column => 'owner');
SELECT rowgrant.define_perm('documents', 'editor', '{view,change}');

-- Without any table: free ids.
SELECT rowgrant.add_member('staff', 'ann'), rowgrant.add_member('staff'::text, 'ann'::varchar), rowgrant.add_member(7, 42), rowgrant.add_member('7', '42');
SELECT rowgrant.assign_group_perm('staff', 'view', 'documents', 1);
SELECT rowgrant.has_perm('ann', 'view', 'documents', 1), rowgrant.has_perm('ben', 'view', 'documents', 1);
SELECT rowgrant.remove_member('staff', 'ann'), rowgrant.remove_member('staff', 'ann'), rowgrant.remove_member('staff', 'nobody');
SELECT rowgrant.has_perm('ann', 'view', 'documents', 1);

-- A diamond: crew is below both deck and engine, which are below ship; each counts once.
SELECT rowgrant.add_subgroup('ship', 'deck'), rowgrant.add_subgroup('ship', 'engine'), rowgrant.add_subgroup('ship', 'engine');
SELECT rowgrant.add_subgroup('deck', 'crew'), rowgrant.add_subgroup('engine', 'crew');
SELECT rowgrant.add_member('crew', 'cleo'), rowgrant.add_member('engine', 'cleo');
SELECT rowgrant.assign_group_perm('ship', 'editor', 'documents', 2), rowgrant.assign_group_perm('deck', 'delete', 'documents');
SELECT p, rowgrant.has_perm('cleo', p, 'documents', 2) AS cleo, rowgrant.group_has_perm('crew', p, 'documents', 2) AS crew,
       rowgrant.group_has_perm('engine', p, 'documents', 2) AS engine, rowgrant.group_has_perm('ship', p, 'documents', 2) AS ship
FROM unnest('{view,change,delete,add,editor}'::text[]) p;
SELECT array(SELECT rowgrant.objects_for_user('cleo', 'view', 'documents', NULL::integer)) AS cleo,
       array(SELECT rowgrant.objects_for_group('crew', 'view', 'documents', NULL::integer)) AS crew,
       array(SELECT rowgrant.objects_for_user('cleo', '{view}', 'documents', NULL::integer, use_groups => false)) AS alone;

-- No cycles, however long; no choosing who is everyone.
SELECT * FROM mistake($$SELECT rowgrant.add_subgroup('crew', 'ship')$$);
SELECT * FROM mistake($$SELECT rowgrant.add_subgroup('crew', 'crew')$$);
SELECT * FROM mistake($$SELECT rowgrant.add_subgroup('everyone', 'crew')$$);
SELECT * FROM mistake($$SELECT rowgrant.add_member('authenticated', 'cleo')$$);
SELECT * FROM mistake($$SELECT rowgrant.add_member(NULL, 'cleo')$$);
SELECT * FROM mistake($$SELECT rowgrant.add_member('crew', NULL)$$);
SELECT rowgrant.remove_subgroup('crew', 'ship'), rowgrant.remove_subgroup('crew', 'nosuch');

-- A built-in group as a subgroup: whoever it holds is in the other one.
SELECT rowgrant.add_subgroup('passengers', 'authenticated'), rowgrant.assign_group_perm('passengers', 'view', 'documents', 3);
SELECT rowgrant.has_perm('anybody', 'view', 'documents', 3), rowgrant.has_perm(NULL, 'view', 'documents', 3), rowgrant.group_has_perm('authenticated', 'view', 'documents', 3);

-- What is held, and by whom.
SELECT rowgrant.perms_for_user('cleo', 'documents', 2) AS cleo, rowgrant.perms_for_user('olga', 'documents', '1') AS olga,
       rowgrant.perms_for_user('cleo', 'documents', 2, use_groups => false) AS alone,
       rowgrant.perms_for_user('cleo', 'documents', 2, accept_global_perms => false) AS on_object,
       rowgrant.perms_for_user(NULL, 'documents', 2) AS nobody, rowgrant.perms_for_user('cleo', 'documents', 99) AS no_row;
SELECT rowgrant.perms_for_group('crew', 'documents', 2) AS crew, rowgrant.perms_for_group('crew', 'documents', 2, use_groups => false) AS itself,
       rowgrant.perms_for_group('deck', 'documents', 3, accept_global_perms => false) AS on_object, rowgrant.perms_for_group('everyone', 'documents', 3) AS everyone;
SELECT rowgrant.assign_perm('zoe', 'view', 'documents', 2), rowgrant.assign_perm('yan', 'view', 'documents', 2, '2001-01-01'), rowgrant.assign_group_perm('everyone', 'view', 'documents', 2);
SELECT rowgrant.users_with_perm('view', 'documents', 2);
SELECT rowgrant.users_with_perm('view', 'documents', 2, with_group_users => false);
SELECT rowgrant.users_with_perm('change', 'documents', '1');
SELECT * FROM rowgrant.users_with_perms('documents', 2);
SELECT * FROM rowgrant.users_with_perms('documents', 1, with_group_users => false);
SELECT * FROM rowgrant.groups_with_perms('documents', 2);
SELECT * FROM rowgrant.groups_with_perms('documents', 99);

-- Every way in which it is held.
SELECT * FROM rowgrant.explain_perm('cleo', 'view', 'documents', 2);
SELECT * FROM rowgrant.explain_perm('olga', 'delete', 'documents', 1);
SELECT * FROM rowgrant.explain_perm('zoe', 'view', 'documents', 2);
SELECT * FROM rowgrant.explain_perm('anybody', 'view', 'documents', '3');
SELECT * FROM rowgrant.explain_perm('anybody', 'change', 'documents', 3);
SELECT * FROM rowgrant.explain_perm(NULL, 'view', 'documents', 2);
SELECT * FROM mistake($$SELECT rowgrant.explain_perm('cleo', 'veiw', 'documents', 2)$$);
SELECT * FROM mistake($$SELECT rowgrant.users_with_perm('view', 'documents', 'x')$$);

-- All of three permissions, held in three ways: with any of them gone the object is not listed.
SELECT rowgrant.assign_perm('tess', 'add', 'documents', 2), rowgrant.assign_perm('tess', 'delete', 'documents'), rowgrant.add_member('crew', 'tess');
CREATE VIEW all_three AS SELECT array(SELECT rowgrant.objects_for_user('tess', '{add,delete,change}', 'documents', NULL::integer)) AS listed,
    rowgrant.has_perms('tess', '{add,delete,change}', 'documents', 2);
SELECT * FROM all_three;
BEGIN; SELECT rowgrant.remove_perm('tess', 'add', 'documents', 2); SELECT * FROM all_three; ROLLBACK;
-- (crew holds delete at model level too, by deck.)
BEGIN; SELECT rowgrant.remove_perm('tess', 'delete', 'documents'); SELECT * FROM all_three; SELECT rowgrant.remove_subgroup('deck', 'crew'); SELECT * FROM all_three; ROLLBACK;
BEGIN; SELECT rowgrant.remove_subgroup('ship', 'engine'), rowgrant.remove_subgroup('ship', 'deck'); SELECT * FROM all_three; ROLLBACK;
BEGIN; SELECT rowgrant.remove_member('crew', 'tess'); SELECT * FROM all_three; ROLLBACK;
SELECT * FROM all_three;
DROP VIEW all_three;

-- With the application's tables: inactive users are not listed, superusers where asked for.
CREATE TABLE users (id text PRIMARY KEY, active boolean, root boolean);
CREATE TABLE groups (id text PRIMARY KEY);
CREATE TABLE members (u text, g text);
INSERT INTO users SELECT u, u <> 'ida', u IN ('root', 'zoe', 'ida') FROM unnest('{olga,cleo,zoe,yan,tess,ida,root,42,ann}'::text[]) u;
INSERT INTO groups VALUES ('staff'), ('ship'), ('deck'), ('engine'), ('crew'), ('passengers'), ('7');
INSERT INTO members VALUES ('ida', 'crew'), ('root', 'staff'), ('yan', 'crew');
SELECT rowgrant.register_users('users', 'active', 'root'), rowgrant.register_groups('groups'), rowgrant.register_membership('members', 'u', 'g');
SELECT rowgrant.users_with_perm('change', 'documents', 2);
SELECT rowgrant.users_with_perm('change', 'documents', 2, with_superusers => true);
SELECT rowgrant.users_with_perm('change', 'documents', 99, with_superusers => true);
SELECT * FROM rowgrant.users_with_perms('documents', 1, with_superusers => true);
SELECT * FROM rowgrant.explain_perm('zoe', 'view', 'documents', 1);
SELECT * FROM rowgrant.explain_perm('yan', 'delete', 'documents', 1);
SELECT * FROM rowgrant.explain_perm('ida', 'view', 'documents', 2);
SELECT * FROM mistake($$SELECT rowgrant.add_member('crew', 'stranger')$$);
SELECT * FROM mistake($$SELECT rowgrant.add_member('pirates', 'cleo')$$);
SELECT * FROM mistake($$SELECT rowgrant.add_subgroup('crew', 'pirates')$$);

-- Deleting a user or a group ends its memberships; one created anew starts without.
DELETE FROM users WHERE id = 'cleo';
INSERT INTO users VALUES ('cleo', true, false);
SELECT rowgrant.perms_for_user('cleo', 'documents', 2);
DELETE FROM groups WHERE id = 'crew';
INSERT INTO groups VALUES ('crew');
SELECT rowgrant.perms_for_user('tess', 'documents', 2), rowgrant.perms_for_group('crew', 'documents', 2);
SELECT count(*) FROM rowgrant.membership; SELECT count(*) FROM rowgrant.subgroup;
UPDATE groups SET id = 'boat' WHERE id = 'ship';
SELECT * FROM rowgrant.groups_with_perms('documents', 2);
TRUNCATE groups;
SELECT count(*) FROM rowgrant.membership; SELECT count(*) FROM rowgrant.subgroup;
DROP TABLE members, users, groups, documents;
