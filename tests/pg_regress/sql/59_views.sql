-- The permissions as data: views that an ORM maps as models.
CREATE SCHEMA views;
SET search_path = views;
CREATE TABLE users (id integer PRIMARY KEY);
CREATE TABLE groups (id uuid PRIMARY KEY);
CREATE TABLE docs (id bigint PRIMARY KEY);
CREATE TABLE pages (doc bigint, page text, PRIMARY KEY (doc, page));
CREATE TABLE files (id uuid PRIMARY KEY);
INSERT INTO users VALUES (1), (2), (30);
INSERT INTO groups VALUES ('00000000-0000-0000-0000-0000000000aa');
INSERT INTO docs VALUES (7), (8);
INSERT INTO pages VALUES (7, 'a,"b');
INSERT INTO files VALUES ('00000000-0000-0000-0000-0000000000ff');
SELECT rowgrant.register_users('users');
SELECT rowgrant.register_groups('groups');
SELECT rowgrant.protect(t) FROM unnest('{docs,pages,files}'::regclass[]) t;
CREATE ROLE views_admin;
GRANT SELECT, INSERT, UPDATE, DELETE ON rowgrant.user_grants, rowgrant.group_grants, rowgrant.members TO views_admin;
GRANT SELECT ON rowgrant.object_types, rowgrant.permissions TO views_admin;
SELECT severity, subject FROM rowgrant.doctor();
SET ROLE views_admin;
-- A role with rights on the views alone.
SELECT rowgrant.assign_perm(1, 'view', 'docs', 7);
SELECT name, relation, key_columns FROM rowgrant.object_types ORDER BY name;
SELECT object_type, perm, implies FROM rowgrant.permissions WHERE object_type = 'docs' ORDER BY perm;

-- Insert, in any spelling; what is returned is what is stored.
INSERT INTO rowgrant.user_grants (user_id, perm, object_type, key) VALUES (' 1', 'view', 'docs', '007') RETURNING user_id, perm, object_type, key, expires_at;
INSERT INTO rowgrant.user_grants (user_id, perm, object_type, key) VALUES ('1', 'view', 'docs', '7') RETURNING id = (SELECT id FROM rowgrant.user_grants) AS same;
INSERT INTO rowgrant.user_grants (user_id, perm, object_type, key) VALUES
    ('30', 'change', 'pages', '(7,"a,""b")'), ('2', 'view', 'files', '{00000000-0000-0000-0000-0000000000FF}'), ('2', 'view', 'docs', NULL)
    RETURNING user_id, perm, object_type, key;
INSERT INTO rowgrant.group_grants (group_id, perm, object_type, key, expires_at) VALUES
    ('00000000-0000-0000-0000-0000000000AA', 'view', 'docs', '8', '2999-01-01 00:00Z'), ('everyone', 'view', 'docs', '8', NULL), ('authenticated', 'add', 'docs', NULL, NULL)
    RETURNING group_id, perm, object_type, key;
INSERT INTO rowgrant.members (group_id, user_id) VALUES ('00000000-0000-0000-0000-0000000000AA', '030') RETURNING group_id, user_id;
COPY rowgrant.user_grants (user_id, perm, object_type, key) FROM STDIN WITH (FORMAT csv);
1,delete,docs,7
1,delete,docs,8
\.
SELECT user_id, perm, object_type, key, expires_at FROM rowgrant.user_grants ORDER BY 1, 2, 3, 4;
SELECT group_id, perm, object_type, key, extract(year FROM expires_at AT TIME ZONE 'UTC') AS expires FROM rowgrant.group_grants ORDER BY 1, 2, 3, 4;
SELECT group_id, user_id FROM rowgrant.members;
SELECT count(DISTINCT id) = count(*) AS unique_ids, count(*) FROM (SELECT id FROM rowgrant.user_grants UNION ALL SELECT id FROM rowgrant.group_grants) g;
SELECT rowgrant.has_perm(30, 'view', 'docs', 8), rowgrant.has_perm(30, 'add', 'docs'), rowgrant.has_perm(1, 'delete', 'docs', 8), rowgrant.has_perm(2, 'view', 'docs', 7);

-- Only the expiry changes.
UPDATE rowgrant.user_grants SET expires_at = '2999-01-01 00:00Z' WHERE user_id = '1' AND perm = 'view' RETURNING extract(year FROM expires_at AT TIME ZONE 'UTC');
UPDATE rowgrant.user_grants SET expires_at = '2000-01-01 00:00Z' WHERE user_id = '1' AND perm = 'delete' AND key = '7';
SELECT rowgrant.has_perm(1, 'view', 'docs', 7), rowgrant.has_perm(1, 'delete', 'docs', 7);
UPDATE rowgrant.user_grants SET expires_at = NULL WHERE user_id = '1' RETURNING perm, key, expires_at;
UPDATE rowgrant.user_grants SET perm = 'change' WHERE user_id = '1';
UPDATE rowgrant.user_grants SET key = NULL WHERE user_id = '1';
UPDATE rowgrant.user_grants SET expires_at = now() WHERE user_id = '2' AND key IS NULL;
UPDATE rowgrant.group_grants SET group_id = 'everyone';
UPDATE rowgrant.members SET user_id = '1';

-- The functions' checks and errors.
INSERT INTO rowgrant.user_grants (user_id, perm, object_type, key) VALUES ('99', 'view', 'docs', '7');
INSERT INTO rowgrant.user_grants (user_id, perm, object_type, key) VALUES ('1', 'view', 'docs', '99');
INSERT INTO rowgrant.user_grants (user_id, perm, object_type, key) VALUES ('1', 'view', 'docs', 'x');
INSERT INTO rowgrant.user_grants (user_id, perm, object_type, key) VALUES ('1', 'vew', 'docs', '7');
INSERT INTO rowgrant.user_grants (user_id, perm, object_type, key) VALUES ('1', 'view', 'dcs', '7');
INSERT INTO rowgrant.user_grants (user_id, perm, object_type, key) VALUES (NULL, 'view', 'docs', '7');
INSERT INTO rowgrant.user_grants (user_id, perm, object_type, expires_at) VALUES ('1', 'view', 'docs', now());
INSERT INTO rowgrant.members (group_id, user_id) VALUES ('everyone', '1');
INSERT INTO rowgrant.members (group_id, user_id) VALUES ('00000000-0000-0000-0000-0000000000AA', '99');

-- Delete, by id as an ORM does.
SELECT id FROM rowgrant.user_grants WHERE user_id = '1' AND perm = 'view' \gset
DELETE FROM rowgrant.user_grants WHERE id = :'id' RETURNING user_id, perm, key;
DELETE FROM rowgrant.user_grants WHERE id = :'id';
DELETE FROM rowgrant.user_grants;
DELETE FROM rowgrant.group_grants WHERE group_id IN ('everyone', 'authenticated');
DELETE FROM rowgrant.members;
SELECT group_id, perm, key FROM rowgrant.group_grants;
SELECT count(*) FROM rowgrant.user_grants;
-- Shadowed names do not matter.
RESET ROLE;
CREATE FUNCTION views.concat_ws(text, VARIADIC text[]) RETURNS text LANGUAGE sql AS $$SELECT 'mine'$$;
GRANT USAGE ON SCHEMA views TO views_admin;
SET ROLE views_admin;
SET search_path = views, pg_catalog;
INSERT INTO rowgrant.user_grants (user_id, perm, object_type, key) VALUES ('1', 'view', 'docs', '7') RETURNING id <> 'mine' AS ours;
RESET ROLE;
SET search_path = views;
-- A group does not become a built-in one.
CREATE TABLE teams (id text PRIMARY KEY);
INSERT INTO teams VALUES ('staff');
DELETE FROM groups;
SELECT rowgrant.register_groups('teams');
SELECT rowgrant.assign_group_perm('staff', 'view', 'docs', 7);
UPDATE teams SET id = 'everyone';
SELECT group_id FROM rowgrant.group_grants;
DROP SCHEMA views CASCADE;
DROP OWNED BY views_admin;
DROP ROLE views_admin;
SELECT rowgrant.model();
