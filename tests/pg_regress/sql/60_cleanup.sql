-- No grant outlives its object.
CREATE TABLE folders (id integer PRIMARY KEY);
CREATE TABLE documents (id text PRIMARY KEY, folder integer REFERENCES folders ON DELETE CASCADE, note text);
INSERT INTO folders VALUES (1), (2);
INSERT INTO documents SELECT 'd' || i, i % 2 + 1 FROM generate_series(1, 6) i;
SELECT rowgrant.protect('folders', perms => '{view}'), rowgrant.protect('documents', perms => '{view}');
SELECT rowgrant.assign_perms(ARRAY[1, 2], '{view}', 'documents', array(SELECT id FROM documents)),
       rowgrant.assign_perms(ARRAY[1], '{view}', 'folders', ARRAY[1, 2]), rowgrant.assign_perm(3, 'view', 'documents');
-- One row; the same key anew.
DELETE FROM documents WHERE id = 'd1';
INSERT INTO documents VALUES ('d1', 2);
SELECT rowgrant.has_perm(1, 'view', 'documents', 'd1');
-- The grants follow the key, and nothing else.
UPDATE documents SET id = 'd9' WHERE id = 'd2';
UPDATE documents SET note = 'x';
SELECT rowgrant.has_perm(1, 'view', 'documents', 'd9'), rowgrant.has_perm(1, 'view', 'documents', 'd2');
-- By cascade, many at a time.
DELETE FROM folders WHERE id = 1;
SELECT object_type, object, subject FROM grants ORDER BY 1, 2, 3;
-- A delete that is rolled back loses nothing.
BEGIN;
DELETE FROM documents;
SELECT count(*) FROM grants WHERE object_type = 'documents';
ROLLBACK;
SELECT count(*) FROM grants WHERE object_type = 'documents';
-- TRUNCATE, also CASCADE; model-level grants are not the rows'.
TRUNCATE folders CASCADE;
SELECT object_type, object, subject FROM grants;
-- Another type with the same keys keeps its own.
CREATE TABLE notes (id integer PRIMARY KEY);
INSERT INTO notes VALUES (1);
INSERT INTO folders VALUES (1);
SELECT rowgrant.protect('notes', perms => '{view}');
SELECT rowgrant.assign_perm(1, 'view', 'notes', 1), rowgrant.assign_perm(1, 'view', 'folders', 1);
DELETE FROM folders;
SELECT object_type, object, subject FROM grants ORDER BY 1;
-- DROP TABLE, alone, by its schema, and rolled back.
BEGIN;
DROP TABLE notes;
SELECT count(*) FROM grants WHERE object_type = 'notes';
ROLLBACK;
SELECT rowgrant.has_perm(1, 'view', 'notes', 1);
CREATE SCHEMA s;
ALTER TABLE notes SET SCHEMA s;
DROP SCHEMA s CASCADE;
DROP TABLE documents, folders;
SELECT * FROM grants;
SELECT name FROM rowgrant.object_type;
