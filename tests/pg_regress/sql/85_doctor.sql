-- Each problem that doctor knows, caused and mended.
CREATE TABLE documents (id integer PRIMARY KEY, note text) PARTITION BY RANGE (id);
CREATE TABLE documents_1 PARTITION OF documents FOR VALUES FROM (0) TO (100);
CREATE TABLE users (id integer PRIMARY KEY);
CREATE TABLE groups (id integer PRIMARY KEY);
CREATE TABLE members (u integer, g integer);
CREATE INDEX ON members (u); CREATE INDEX ON members (g);
INSERT INTO documents SELECT generate_series(1, 5);
INSERT INTO users VALUES (1), (2);
SELECT rowgrant.protect('documents'), rowgrant.register_users('users'), rowgrant.register_groups('groups'), rowgrant.register_membership('members', 'u', 'g');
SELECT rowgrant.assign_perms(ARRAY[1, 2], '{view}', 'documents', ARRAY[1, 2, 3]);
SELECT * FROM rowgrant.doctor();

-- Triggers.
ALTER TABLE documents_1 DISABLE TRIGGER "!rowgrant_object_delete";
ALTER TABLE documents_1 ENABLE TRIGGER rowgrant_object_truncate;
DROP TRIGGER "!rowgrant_user_key" ON users;
SELECT * FROM rowgrant.doctor();
ALTER TABLE public.documents_1 ENABLE ALWAYS TRIGGER "!rowgrant_object_delete";
ALTER TABLE public.documents_1 ENABLE ALWAYS TRIGGER rowgrant_object_truncate;
SELECT rowgrant.register_users('users');
ALTER EVENT TRIGGER rowgrant_table_altered DISABLE;
SELECT * FROM rowgrant.doctor();
-- A partition that came while nobody looked.
CREATE TABLE documents_2 PARTITION OF documents FOR VALUES FROM (100) TO (200);
ALTER EVENT TRIGGER rowgrant_table_altered ENABLE;
SELECT * FROM rowgrant.doctor();
SELECT rowgrant.protect('documents');
SELECT * FROM rowgrant.doctor();

-- Orphans, and what has expired.
SET session_replication_role = replica; DELETE FROM documents WHERE id = 1; DELETE FROM users WHERE id = 2; RESET session_replication_role;
SELECT rowgrant.assign_perm(1, 'change', 'documents', i, '2001-01-01') FROM generate_series(2, 4) i;
SELECT * FROM rowgrant.doctor();
SELECT rowgrant.clean_orphans(), rowgrant.clean_expired(2), rowgrant.clean_expired(), rowgrant.clean_expired();
SELECT * FROM rowgrant.doctor();

-- Memberships without an index.
DROP INDEX members_u_idx, members_g_idx;
SELECT * FROM rowgrant.doctor();
CREATE INDEX ON members (u); CREATE INDEX ON members (g);

-- Policies.
CREATE POLICY seen ON documents USING (rowgrant.can('view', documents));
SELECT * FROM rowgrant.doctor();
ALTER TABLE documents ENABLE ROW LEVEL SECURITY;
CREATE ROLE regress_bypass BYPASSRLS;
SELECT * FROM rowgrant.doctor() WHERE subject NOT LIKE '%postgres%';
ALTER TABLE documents FORCE ROW LEVEL SECURITY;
DROP ROLE regress_bypass;
SELECT * FROM rowgrant.doctor();

-- Keys that are none any more, and tables that went while nobody looked.
ALTER TABLE groups DROP CONSTRAINT groups_pkey;
ALTER TABLE documents DROP CONSTRAINT documents_pkey;
SELECT * FROM rowgrant.doctor();
ALTER TABLE documents ADD PRIMARY KEY (id);
ALTER TABLE groups ADD PRIMARY KEY (id);
ALTER EVENT TRIGGER rowgrant_relations_dropped DISABLE;
CREATE TABLE gone (id integer PRIMARY KEY);
SELECT rowgrant.protect('gone');
DROP TABLE gone, members;
ALTER EVENT TRIGGER rowgrant_relations_dropped ENABLE;
SELECT severity, regexp_replace(subject, '\d+', 'N'), problem, remedy FROM rowgrant.doctor();
SELECT rowgrant.unprotect('gone', true);
DELETE FROM rowgrant.membership_source;
SELECT * FROM rowgrant.doctor();

-- Rights, and functions that were altered, replaced or slipped in.
CREATE ROLE regress_reader;
GRANT SELECT ON rowgrant.grant_bigint TO regress_reader; GRANT SELECT ON rowgrant.subject TO PUBLIC; GRANT EXECUTE ON FUNCTION rowgrant.set_user(text) TO PUBLIC;
SELECT * FROM rowgrant.doctor();
REVOKE ALL ON rowgrant.grant_bigint FROM regress_reader; REVOKE ALL ON rowgrant.subject FROM PUBLIC; REVOKE EXECUTE ON FUNCTION rowgrant.set_user(text) FROM PUBLIC;
DROP ROLE regress_reader;
ALTER FUNCTION rowgrant.has_perm(text, text, text) SECURITY DEFINER;
CREATE FUNCTION rowgrant.has_perm(integer, text, text, integer) RETURNS boolean LANGUAGE sql AS 'SELECT true';
SELECT * FROM rowgrant.doctor();
ALTER FUNCTION rowgrant.has_perm(text, text, text) SECURITY INVOKER;
DROP FUNCTION rowgrant.has_perm(integer, text, text, integer);

-- What only a damaged database has.
BEGIN;
INSERT INTO rowgrant.grant_bigint VALUES (1, 999999, 1), (2, -1, 1); INSERT INTO rowgrant.subject (kind, key) VALUES ('U', 'x');
SELECT * FROM rowgrant.doctor();
ROLLBACK;
SELECT * FROM rowgrant.doctor();
DROP TABLE documents, users, groups;
