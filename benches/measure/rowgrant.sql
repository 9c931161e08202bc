-- rowgrant on the same tables, filled with the same grants.
SET client_min_messages = warning;
CREATE EXTENSION rowgrant;
SELECT rowgrant.register_users('users', active_column => 'is_active', superuser_column => 'is_superuser');
SELECT rowgrant.register_groups('groups');
SELECT rowgrant.register_membership('memberships', 'user_id', 'group_id');
SELECT rowgrant.protect('documents');
SELECT rowgrant.protect('folders');
-- One grant for everybody, of an object type that goes again, makes the subjects.
SELECT rowgrant.define_object_type('nothing', 'bigint');
SELECT rowgrant.assign_perms(array(SELECT id FROM users), '{view}', 'nothing', ARRAY[0]);
SELECT rowgrant.assign_group_perms(array(SELECT id FROM groups), '{view}', 'nothing', ARRAY[0]);
SELECT rowgrant.unprotect('nothing', drop_grants => true);
-- assign_perms grants every combination of its users and objects, and here everybody holds others: a
-- hundred thousand calls. So the grants are written as assign_perms would have written them, in the
-- order of the primary key.
INSERT INTO rowgrant.grant_bigint (object, perm, subject)
SELECT g.object, p.id, s.id
FROM expert.grants g
JOIN rowgrant.subject s ON s.key = abs(g.subject)::text AND s.kind = CASE WHEN g.subject > 0 THEN 'u' ELSE 'g' END::"char"
JOIN rowgrant.object_type t ON t.name = CASE g.perm WHEN 1 THEN 'documents' ELSE 'folders' END
JOIN rowgrant.permission p ON p.object_type = t.id AND p.name = 'view'
ORDER BY 1, 2, 3;
SELECT rowgrant.assign_perm(user_id, 'view', object_type)
FROM expert.known, (VALUES ('documents'), ('folders')) t (object_type) WHERE known.name = 'all';
