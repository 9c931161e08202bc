-- Two rows with one key, which a deferrable constraint allows until the transaction ends: grants go
-- where it is clear whose they are, and the statement is refused where it is not.
CREATE TABLE dd (id integer PRIMARY KEY DEFERRABLE INITIALLY DEFERRED, name text);
INSERT INTO dd VALUES (1, 'a'), (2, 'b'), (3, 'c'), (4, 'd');
SELECT rowgrant.protect('dd'), rowgrant.assign_perm(100, 'view', 'dd', 1), rowgrant.assign_perm(200, 'view', 'dd', 2);

-- In one command, in two, and by another row.
CREATE VIEW held AS SELECT name, id, ARRAY(SELECT rowgrant.users_with_perm('view', 'dd', id)) AS users FROM dd ORDER BY name;
UPDATE dd SET id = CASE id WHEN 1 THEN 2 WHEN 2 THEN 1 ELSE id END;
SELECT * FROM held;
BEGIN;
SELECT * FROM mistake($$UPDATE dd SET id = 1 WHERE name = 'a'$$);
-- Without grants anything goes.
UPDATE dd SET id = 4 WHERE name = 'c';
UPDATE dd SET id = 3 WHERE name = 'd';
ROLLBACK;
BEGIN;
INSERT INTO dd VALUES (2, 'new');
SELECT * FROM mistake($$DELETE FROM dd WHERE name = 'a'$$);
SELECT rowgrant.remove_perm(100, 'view', 'dd', 2);
DELETE FROM dd WHERE name = 'a';
COMMIT;
SELECT * FROM held;
BEGIN;
DELETE FROM dd WHERE name = 'b';
INSERT INTO dd VALUES (1, 'anew');
COMMIT;
SELECT * FROM held;
CREATE TABLE people (id integer PRIMARY KEY DEFERRABLE INITIALLY DEFERRED, name text);
INSERT INTO people VALUES (1, 'ann'), (2, 'bob');
SELECT rowgrant.register_users('people');
SELECT rowgrant.assign_perm(1, 'view', 'dd', 1), rowgrant.assign_perm(2, 'view', 'dd', 2);
SELECT * FROM mistake($$UPDATE people SET id = 2 WHERE name = 'ann'$$);
UPDATE people SET id = 3 - id;
SELECT name, id, ARRAY(SELECT rowgrant.objects_for_user(id, 'view', 'dd', NULL::integer)) FROM people ORDER BY name;
DROP VIEW held;
DROP TABLE dd, people;

-- What the command that moves a row grants on its new key stays, with what follows the row.
CREATE TABLE moved (id integer PRIMARY KEY);
INSERT INTO moved VALUES (1);
SELECT rowgrant.protect('moved'), rowgrant.assign_perm(1, 'view', 'moved', 1), rowgrant.assign_perm(2, 'view', 'moved', 1);
WITH gone AS (UPDATE moved SET id = 10 RETURNING id)
SELECT rowgrant.assign_perm(3, 'view', 'moved', id), rowgrant.assign_perm(2, 'view', 'moved', id, 'infinity') FROM gone;
SELECT rowgrant.users_with_perm('view', 'moved', 10);
SELECT s.key, g.expires_at FROM rowgrant.grant_bigint g JOIN rowgrant.subject s ON s.id = g.subject ORDER BY 1;
UPDATE moved SET id = 11 RETURNING rowgrant.assign_perm(4, 'view', 'moved', id);
SELECT rowgrant.users_with_perm('view', 'moved', 11);
-- What was granted to a row that went unseen does not.
SET session_replication_role = replica;
DELETE FROM moved;
RESET session_replication_role;
INSERT INTO moved VALUES (12);
SELECT rowgrant.assign_perm(5, 'view', 'moved', 12);
UPDATE moved SET id = 11;
SELECT rowgrant.users_with_perm('view', 'moved', 11);
CREATE TABLE people (id integer PRIMARY KEY);
INSERT INTO people VALUES (1), (5);
SELECT rowgrant.register_users('people');
SELECT * FROM mistake($$WITH new AS (UPDATE people SET id = 6 WHERE id = 1 RETURNING id) SELECT rowgrant.assign_perm(id, 'view', 'moved', 11) FROM new$$);
DROP TABLE moved, people;
