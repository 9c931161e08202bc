-- The rows of every stack's scenario, and who may do what with them. psql is given `key`, an SQL
-- expression that makes the text of the n-th key of $1: an integer, a UUID or any text.
BEGIN;
CREATE FUNCTION pg_temp.k(n integer) RETURNS text LANGUAGE sql AS :'key';
DELETE FROM documents;
DELETE FROM folders;
DELETE FROM users;

INSERT INTO users
SELECT r.*
FROM (VALUES (1, 'alice', true, false), (2, 'bob', true, false), (3, 'carol', false, false), (4, 'root', true, true), (5, 'dave', true, false))
         u (n, name, is_active, is_superuser),
     json_populate_record(NULL::users, json_build_object('id', pg_temp.k(n), 'name', name, 'is_active', is_active, 'is_superuser', is_superuser)) r;

INSERT INTO folders
SELECT r.*
FROM (VALUES (1, 'Plans'), (2, 'Secrets'), (3, 'Public')) f (n, name),
     json_populate_record(NULL::folders, json_build_object('id', pg_temp.k(n), 'name', name)) r;

-- Documents 20 to 25 are bob's, the others root's; they are in folders 1, 2, 3, 1, 2, 3, ...
INSERT INTO documents
SELECT r.*
FROM generate_series(1, 30) n,
     json_populate_record(NULL::documents, json_build_object(
         'id', pg_temp.k(n), 'title', 'Document ' || n, 'body', 'Text ' || n, 'folder_id', pg_temp.k(1 + (n - 1) % 3),
         'owner_id', pg_temp.k(CASE WHEN n BETWEEN 20 AND 25 THEN 2 ELSE 4 END),
         'created_at', timestamptz '2024-01-01 00:00Z' + n * interval '1 day')) r;

SELECT rowgrant.assign_perms(ARRAY[pg_temp.k(1)], '{view}', 'documents', ARRAY(SELECT pg_temp.k(n) FROM generate_series(1, 12) n));
SELECT rowgrant.assign_perms(ARRAY[pg_temp.k(1)], '{change}', 'documents', ARRAY(SELECT pg_temp.k(n) FROM generate_series(1, 3) n));
SELECT rowgrant.assign_perm(pg_temp.k(1), 'delete', 'documents', pg_temp.k(2));
SELECT rowgrant.assign_perm(pg_temp.k(1), 'add', 'documents');
SELECT rowgrant.assign_perm(pg_temp.k(1), 'view', 'folders', pg_temp.k(1));
SELECT rowgrant.assign_perm(pg_temp.k(2), 'view', 'folders', pg_temp.k(2));
SELECT rowgrant.assign_perms(ARRAY[pg_temp.k(3)], '{view,change,delete}', 'documents', ARRAY(SELECT pg_temp.k(n) FROM generate_series(1, 5) n));
SELECT rowgrant.assign_perm(pg_temp.k(3), 'add', 'documents');
SELECT rowgrant.assign_group_perm('authenticated', 'view', 'folders', pg_temp.k(3));
COMMIT;
