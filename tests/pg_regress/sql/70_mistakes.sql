-- The mistakes most likely made: each says what is wrong and how to mend it.
CREATE TABLE documents (id integer PRIMARY KEY);
CREATE TABLE heap (id integer);
CREATE TABLE cash (id money PRIMARY KEY);
CREATE VIEW documents_view AS SELECT * FROM documents;
CREATE TABLE users (id integer PRIMARY KEY);
CREATE TABLE groups (id integer PRIMARY KEY);
INSERT INTO documents VALUES (1);
-- No type at all yet.
SELECT * FROM mistake($$SELECT rowgrant.has_perm(1, 'view', 'documents', 1)$$);
SELECT rowgrant.protect('documents');
-- 1. An unknown type.
SELECT * FROM mistake($$SELECT rowgrant.has_perm(1, 'view', 'document', 1)$$);
SELECT * FROM mistake($$SELECT rowgrant.assign_perm(1, 'view', 'Documents', 1)$$);
-- 2. A misspelt permission.
SELECT * FROM mistake($$SELECT rowgrant.has_perm(1, 'veiw', 'documents', 1)$$);
SELECT * FROM mistake($$SELECT rowgrant.objects_for_user(1, 'View', 'documents', NULL::integer)$$);
-- 3. A key of the wrong type.
SELECT * FROM mistake($$SELECT rowgrant.has_perm(1, 'view', 'documents', 'one')$$);
SELECT * FROM mistake($$SELECT rowgrant.assign_perm(1, 'view', 'documents', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid)$$);
-- 4. An unprotected table.
SELECT * FROM mistake($$SELECT rowgrant.has_perm(1, 'view', u) FROM users u$$);
INSERT INTO users VALUES (1);
SELECT * FROM mistake($$SELECT rowgrant.has_perm(1, 'view', u) FROM users u$$);
SELECT * FROM mistake($$SELECT * FROM rowgrant.objects_for_user(1, 'view', NULL::users)$$);
SELECT * FROM mistake($$SELECT rowgrant.has_perm(1, 'view', r) FROM (SELECT 1 AS id) r$$);
-- 5. NULL in each place: asking is refused, granting is an error.
SELECT rowgrant.has_perm(NULL, 'view', 'documents', 1), rowgrant.has_perm(1, NULL, 'documents', 1),
       rowgrant.has_perm(1, 'view', NULL, 1), rowgrant.has_perm(1, 'view', 'documents', NULL), rowgrant.has_perm(1, 'view', NULL::documents),
       rowgrant.has_perms(1, NULL, 'documents', 1), rowgrant.has_perms(1, '{view,NULL}', 'documents', 1, true), rowgrant.group_has_perm(NULL, 'view', 'documents', 1);
SELECT * FROM mistake($$SELECT rowgrant.assign_perm(NULL, 'view', 'documents', 1)$$);
SELECT * FROM mistake($$SELECT rowgrant.assign_perm(1, NULL, 'documents', 1)$$);
SELECT * FROM mistake($$SELECT rowgrant.assign_perm(1, 'view', NULL, 1)$$);
SELECT * FROM mistake($$SELECT rowgrant.assign_perm(1, 'view', 'documents', NULL)$$);
SELECT * FROM mistake($$SELECT rowgrant.assign_perm(1, 'view', NULL::documents)$$);
SELECT * FROM mistake($$SELECT rowgrant.assign_group_perm(NULL, 'view', 'documents', 1)$$);
SELECT * FROM mistake($$SELECT rowgrant.protect(NULL)$$);
SELECT * FROM mistake($$SELECT rowgrant.protect('documents', perms => '{view,NULL}')$$);
SELECT * FROM mistake($$SELECT rowgrant.define_object_type(NULL, 'text')$$);
SELECT * FROM mistake($$SELECT rowgrant.define_perm('documents', NULL)$$);
-- 6. A user or a group that is not there.
SELECT rowgrant.register_users('users'), rowgrant.register_groups('groups');
SELECT * FROM mistake($$SELECT rowgrant.assign_perm(2, 'view', 'documents', 1)$$);
SELECT * FROM mistake($$SELECT rowgrant.assign_perm('bob', 'view', 'documents', 1)$$);
SELECT * FROM mistake($$SELECT rowgrant.assign_group_perm(2, 'view', 'documents', 1)$$);
-- 7. A row that is not there.
SELECT * FROM mistake($$SELECT rowgrant.assign_perm(1, 'view', 'documents', 2)$$);
-- 8. A view.
SELECT * FROM mistake($$SELECT rowgrant.protect('documents_view')$$);
-- 9. A table with no key.
SELECT * FROM mistake($$SELECT rowgrant.protect('heap')$$);
SELECT * FROM mistake($$SELECT rowgrant.register_users('heap')$$);
-- 10. A key type with no canonical form.
SELECT * FROM mistake($$SELECT rowgrant.protect('cash')$$);
-- 11. A name that is taken, or no name.
SELECT * FROM mistake($$SELECT rowgrant.protect('users', name => 'documents')$$);
SELECT * FROM mistake($$SELECT rowgrant.protect('users', name => '')$$);
-- 12. Columns that are not there.
SELECT * FROM mistake($$SELECT rowgrant.protect('documents', owner_column => 'author')$$);
SELECT * FROM mistake($$SELECT rowgrant.protect('documents', key => '{no}')$$);
SELECT * FROM mistake($$SELECT rowgrant.register_membership('users', 'id', 'group_id')$$);
-- And tables that cannot be protected.
CREATE TEMP TABLE temporary (id integer PRIMARY KEY);
SELECT state, regexp_replace(message, '\d+', 'N') AS message, hint FROM mistake($$SELECT rowgrant.protect('temporary')$$);
SELECT * FROM mistake($$SELECT rowgrant.protect('pg_class')$$);
SELECT * FROM mistake($$SELECT rowgrant.protect('rowgrant.subject')$$);
SELECT * FROM grants;
DROP VIEW documents_view;
DROP TABLE documents, heap, cash, users, groups, temporary;

-- A table that is none.
SELECT * FROM mistake($$SELECT rowgrant.has_perm(1, 'view', 0::regclass, NULL, 2)$$);
