-- Granting and revoking.
CREATE TABLE documents (id integer PRIMARY KEY);
INSERT INTO documents SELECT generate_series(1, 10);
SELECT rowgrant.protect('documents');
SELECT rowgrant.assign_perm(1, 'view', 'documents', 1), rowgrant.assign_perm('1', 'view', 'documents', '1');
-- True too where only the expiry changes; what has expired counts for nothing.
SELECT rowgrant.assign_perm(1, 'view', 'documents', 1, now() - interval '1 day');
SELECT rowgrant.has_perm(1, 'view', 'documents', 1), array(SELECT rowgrant.objects_for_user(1, 'view', 'documents', NULL::integer));
SELECT rowgrant.assign_perm(1, 'view', d, '2099-01-01') FROM documents d WHERE id = 1;
SELECT rowgrant.assign_perm(1, 'view', d, expires_at => '2099-01-01'::timestamptz) FROM documents d WHERE id = 1;
SELECT rowgrant.has_perm(1, 'view', 'documents', 1);
SELECT rowgrant.assign_perm(1, 'view', d) FROM documents d WHERE id = 1;
SELECT * FROM mistake($$SELECT rowgrant.assign_perm(1, 'view', d, 5) FROM documents d$$);
SELECT * FROM mistake($$SELECT rowgrant.assign_perm(1, 'view', d, 'soon') FROM documents d$$);
SELECT rowgrant.remove_perm(1, 'view', d) FROM documents d WHERE id <= 2 ORDER BY id;
SELECT rowgrant.assign_group_perm(1, 'view', d) FROM documents d WHERE id = 3;
SELECT rowgrant.has_perm(1, 'view', d), rowgrant.group_has_perm(1, 'view', 'documents', d.id) FROM documents d WHERE id = 3;
SELECT rowgrant.remove_group_perm(1, 'view', d) FROM documents d WHERE id = 3;
-- Model level.
SELECT rowgrant.assign_perm(1, 'view', 'documents'), rowgrant.assign_perm(1, 'view', 'documents');
SELECT rowgrant.has_perm(1, 'view', 'documents', 10), rowgrant.has_perm(1, 'view', 'documents', 11), rowgrant.has_perm(1, 'view', 'documents');
SELECT rowgrant.remove_perm(1, 'view', 'documents'), rowgrant.remove_perm(1, 'view', 'documents');
SELECT rowgrant.has_perm(1, 'view', 'documents', 10);
SELECT rowgrant.assign_group_perm('authenticated', 'view', 'documents');
SELECT rowgrant.has_perm(77, 'view', 'documents', 10), rowgrant.has_perm(NULL, 'view', 'documents', 10);
SELECT rowgrant.remove_group_perm('authenticated', 'view', 'documents');

-- In bulk: all combinations, each once.
SELECT rowgrant.assign_perms(ARRAY[1, 2, 2], '{view,change}', 'documents', ARRAY[1, 2, 3, 3]);
SELECT rowgrant.assign_perms('{1,3}'::text[], '{view}', 'documents', '{1,2}'::text[]);
SELECT rowgrant.assign_group_perms(ARRAY['everyone'], '{view}', 'documents', ARRAY[9]);
SELECT rowgrant.assign_perms(ARRAY[1], '{}', 'documents', ARRAY[99]), rowgrant.assign_perms('{}'::integer[], '{view}', 'documents', ARRAY[1]);
SELECT count(*) FROM grants;
SELECT * FROM mistake($$SELECT rowgrant.assign_perms(ARRAY[7, NULL], '{view}', 'documents', ARRAY[1])$$);
SELECT * FROM mistake($$SELECT rowgrant.assign_perms(ARRAY[7], '{view,NULL}', 'documents', ARRAY[1])$$);
SELECT * FROM mistake($$SELECT rowgrant.assign_perms(ARRAY[7], '{view}', 'documents', ARRAY[1, NULL])$$);
SELECT * FROM mistake($$SELECT rowgrant.assign_perms(ARRAY[7], '{view}', 'documents', ARRAY[1, 98, 99])$$);
SELECT count(*) FROM grants;
SELECT rowgrant.remove_perms(ARRAY[1, 2], '{view}', 'documents', ARRAY[1, 2, 3, 4]);
SELECT rowgrant.remove_group_perms(ARRAY['everyone'], '{view}', 'documents', ARRAY[9, 9]);
SELECT * FROM grants ORDER BY 1, 2, 3, 5;

-- One statement sees what it saw when it began; what changes something sees all that came before.
SELECT rowgrant.assign_perm(6, 'view', 'documents', 6), rowgrant.has_perm(6, 'view', 'documents', 6), rowgrant.assign_perm(6, 'view', 'documents', 6), rowgrant.remove_perm(6, 'view', 'documents', 6);

-- Implied permissions: transitive, changed at any time, never a cycle.
SELECT rowgrant.define_perm('documents', 'editor', '{view,change}'), rowgrant.define_perm('documents', 'owner', '{editor,delete}');
SELECT rowgrant.assign_perm(5, 'owner', 'documents', 5);
SELECT p, rowgrant.has_perm(5, p, 'documents', 5) FROM unnest('{view,change,delete,add,editor,owner}'::text[]) p;
SELECT rowgrant.has_perms(5, '{view,delete}', 'documents', 5), rowgrant.has_perms(5, '{view,add}', 'documents', 5),
       rowgrant.has_perms(5, '{view,add}', 'documents', 5, any_perm => true), rowgrant.has_perms(5, '{}', 'documents', 5);
SELECT * FROM mistake($$SELECT rowgrant.define_perm('documents', 'view', '{owner}')$$);
SELECT * FROM mistake($$SELECT rowgrant.define_perm('documents', 'x', '{x}')$$);
SELECT * FROM mistake($$SELECT rowgrant.define_perm('documents', 'x', '{nosuch}')$$);
SELECT * FROM mistake($$SELECT rowgrant.define_perm('documents', ' ')$$);
SELECT rowgrant.define_perm('documents', 'owner', '{delete}');
SELECT rowgrant.has_perm(5, 'view', 'documents', 5), rowgrant.has_perm(5, 'delete', 'documents', 5);
SELECT * FROM mistake($$SELECT rowgrant.drop_perm('documents', 'owner')$$);
SELECT rowgrant.drop_perm('documents', 'owner', drop_grants => true);
SELECT * FROM mistake($$SELECT rowgrant.has_perm(5, 'owner', 'documents', 5)$$);

-- A grant is seen by the next statement, and not after its savepoint is rolled back.
BEGIN;
SAVEPOINT s;
SELECT rowgrant.assign_perm(8, 'view', 'documents', 8);
SELECT rowgrant.has_perm(8, 'view', 'documents', 8);
SELECT rowgrant.define_perm('documents', 'publish');
ROLLBACK TO s;
SELECT rowgrant.has_perm(8, 'view', 'documents', 8);
SELECT * FROM mistake($$SELECT rowgrant.has_perm(8, 'publish', 'documents', 8)$$);
COMMIT;

-- require_perm.
SELECT rowgrant.require_perm(1, 'change', 'documents', 1);
SELECT * FROM mistake($$SELECT rowgrant.require_perm(1, 'view', 'documents', 10)$$);
SELECT * FROM mistake($$SELECT rowgrant.require_perm(NULL, 'view', d) FROM documents d WHERE id = 10$$);
SELECT * FROM mistake($$SELECT rowgrant.require_perm('o''x', 'view', 'documents')$$);
SELECT * FROM mistake($$SELECT rowgrant.require_perm(1, NULL, 'documents', 1)$$);
DROP TABLE documents;
