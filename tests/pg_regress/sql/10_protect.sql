-- protect names the type after the table, and a second call changes nothing.
CREATE TABLE documents (id bigint PRIMARY KEY, title text, author integer, slug text NOT NULL UNIQUE);
INSERT INTO documents SELECT i, 'Document ' || i, i % 3, 'doc-' || i FROM generate_series(1, 9) i;
SELECT rowgrant.protect('documents');
SELECT version AS before FROM rowgrant.catalog_state \gset
SELECT rowgrant.protect('documents');
SELECT version = :before AS unchanged FROM rowgrant.catalog_state;
SELECT name, relation, key_columns, key_types, owner_column FROM rowgrant.object_type;
SELECT name FROM rowgrant.permission ORDER BY id;
SELECT tgname FROM pg_trigger WHERE tgrelid = 'documents'::regclass AND NOT tgisinternal ORDER BY 1;

-- Other arguments change the type; permissions that were added stay.
SELECT rowgrant.define_perm('documents', 'editor', '{view,change}');
SELECT rowgrant.protect('documents', owner_column => 'author', perms => '{view,publish}');
SELECT owner_column FROM rowgrant.object_type;
SELECT name FROM rowgrant.permission ORDER BY id;
SELECT rowgrant.has_perm(2, 'publish', 'documents', 5) AS author_may;
SELECT rowgrant.protect('documents');
SELECT owner_column FROM rowgrant.object_type;

-- Another key, only while nobody holds anything.
SELECT rowgrant.assign_perm(1, 'view', 'documents', 1);
SELECT * FROM mistake($$SELECT rowgrant.protect('documents', key => '{slug}')$$);
SELECT rowgrant.remove_perm(1, 'view', 'documents', 1);
SELECT rowgrant.protect('documents', key => '{slug}');
SELECT rowgrant.assign_perm(1, 'view', 'documents', 'doc-4');
SELECT id FROM documents d WHERE rowgrant.has_perm(1, 'view', d);
SELECT * FROM mistake($$SELECT rowgrant.protect('documents', key => '{title}')$$);

-- The name follows no renaming, and is taken for other tables.
ALTER TABLE documents RENAME TO papers;
CREATE SCHEMA archive;
ALTER TABLE papers SET SCHEMA archive;
SELECT rowgrant.has_perm(1, 'view', 'documents', 'doc-4');
CREATE TABLE documents (id integer PRIMARY KEY);
SELECT * FROM mistake($$SELECT rowgrant.protect('documents')$$);
SELECT rowgrant.protect('documents', name => 'new documents');

-- A key column that is renamed is followed; the grants stay.
ALTER TABLE archive.papers RENAME COLUMN slug TO handle;
SELECT key_columns FROM rowgrant.object_type;
SELECT rowgrant.protect('archive.papers', key => '{handle}');
SELECT rowgrant.has_perm(1, 'view', 'documents', 'doc-4'), array(SELECT d.handle FROM rowgrant.objects_for_user(1, 'view', NULL::archive.papers) d);

-- unprotect refuses while grants exist; told to, it drops them and leaves the table as it was.
SELECT * FROM mistake($$SELECT rowgrant.unprotect('documents')$$);
SELECT rowgrant.unprotect('documents', drop_grants => true);
SELECT rowgrant.unprotect('new documents');
SELECT count(*) FROM pg_trigger WHERE tgrelid IN ('documents'::regclass, 'archive.papers'::regclass);
SELECT count(*) FROM grants;
DROP TABLE documents, archive.papers;
DROP SCHEMA archive;

-- Partitioned tables and inheritance: rows of every part are objects of the whole.
CREATE TABLE events (day date, id integer, PRIMARY KEY (day, id)) PARTITION BY RANGE (day);
CREATE TABLE events_2024 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE events_2025 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
INSERT INTO events VALUES ('2024-05-01', 1), ('2025-05-01', 1), ('2025-05-02', 2);
SELECT rowgrant.protect('events');
SELECT rowgrant.assign_perm(1, 'view', 'events', ROW('2025-05-01'::date, 1));
SELECT rowgrant.assign_perm(1, 'view', e) FROM events_2024 e;
SELECT * FROM events e WHERE rowgrant.has_perm(1, 'view', e) ORDER BY 1;
SELECT * FROM events_2025 e WHERE rowgrant.has_perm(1, 'view', e);
SELECT rowgrant.assign_perm(2, 'view', 'events');
SELECT count(*) FROM rowgrant.objects_for_user(2, 'view', NULL::events);
DELETE FROM events_2025;
DELETE FROM events WHERE day = '2024-05-01';
SELECT * FROM grants;
DROP TABLE events;
SELECT count(*) FROM rowgrant.object_type;
