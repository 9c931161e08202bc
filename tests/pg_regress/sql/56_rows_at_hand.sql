-- Asked by key, the stored row decides, however the key is spelled and whatever the plan; asked by row,
-- the row that is given.
CREATE TABLE docs (id integer PRIMARY KEY, owner integer, body text);
INSERT INTO docs SELECT g, g % 5, 'b' || g FROM generate_series(1, 20) g;
SELECT rowgrant.protect('docs', owner_column => 'owner');
-- The row that an upsert proposes is none that is stored.
INSERT INTO docs VALUES (7, 1, 'stolen') ON CONFLICT (id) DO UPDATE SET body = excluded.body
    WHERE rowgrant.has_perm(1, 'change', 'docs', excluded.id) RETURNING *;
INSERT INTO docs VALUES (7, 1, 'stolen') ON CONFLICT (id) DO UPDATE
    SET body = CASE WHEN rowgrant.has_perm(1, 'change', 'docs', excluded.id) THEN excluded.body ELSE docs.body END RETURNING *;
-- Nor the row that an update writes.
UPDATE docs SET owner = 1 WHERE id = 8 RETURNING rowgrant.has_perm(1, 'change', 'docs', id), rowgrant.has_perm(1, 'change', 'docs', id::text);
UPDATE docs SET owner = 3 WHERE id = 8;
CREATE ROLE regress_app;
GRANT ALL ON docs TO regress_app;
GRANT EXECUTE ON FUNCTION rowgrant.set_user(anyelement) TO regress_app;
ALTER TABLE docs ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON docs FOR SELECT USING (true);
CREATE POLICY changed ON docs FOR UPDATE USING (true) WITH CHECK (rowgrant.can('change', 'docs', id));
BEGIN; SET LOCAL ROLE regress_app; SELECT rowgrant.set_user(1);
UPDATE docs SET owner = 1 WHERE id = 8 RETURNING *;
ROLLBACK;
DROP POLICY seen ON docs; DROP POLICY changed ON docs; ALTER TABLE docs DISABLE ROW LEVEL SECURITY;
-- Grouping sets leave columns out.
SELECT d.id FROM docs d GROUP BY GROUPING SETS ((d.id), (d.owner)) HAVING rowgrant.has_perm(1, 'view', 'docs', d.id) ORDER BY 1;
SELECT count(*) FROM docs d GROUP BY GROUPING SETS ((d), (d.owner)) HAVING rowgrant.has_perm(1, 'view', d);
DROP OWNED BY regress_app; DROP ROLE regress_app;

-- Children may have rows of one key with other owners.
CREATE TABLE par (id integer PRIMARY KEY, owner integer);
CREATE TABLE chi (x integer, UNIQUE (id)) INHERITS (par);
SELECT rowgrant.protect('par', owner_column => 'owner');
INSERT INTO par VALUES (1, 2), (2, 2);
INSERT INTO chi VALUES (1, 1, 0);
SET enable_seqscan = off;
SELECT tableoid::regclass, * FROM par p WHERE rowgrant.has_perm(1, 'view', p);
RESET enable_seqscan; SET enable_indexscan = off; SET enable_bitmapscan = off; SET enable_indexonlyscan = off;
SELECT tableoid::regclass, * FROM par p WHERE rowgrant.has_perm(1, 'view', p);
RESET enable_indexscan; RESET enable_bitmapscan; RESET enable_indexonlyscan;

-- A partition that has come to be another table's.
CREATE TABLE pt (id integer PRIMARY KEY) PARTITION BY RANGE (id);
CREATE TABLE p2 PARTITION OF pt FOR VALUES FROM (1000) TO (2000);
CREATE TABLE qt (id integer PRIMARY KEY) PARTITION BY RANGE (id);
INSERT INTO pt SELECT generate_series(1000, 1003);
SELECT rowgrant.protect('pt'), rowgrant.protect('qt'), rowgrant.assign_perm(5, 'view', 'pt');
SELECT count(*) FROM p2 WHERE rowgrant.has_perm(5, 'view', p2);
ALTER TABLE pt DETACH PARTITION p2;
SELECT state, message FROM mistake($$SELECT count(*) FROM p2 WHERE rowgrant.has_perm(5, 'view', p2)$$);
ALTER TABLE qt ATTACH PARTITION p2 FOR VALUES FROM (1000) TO (2000);
SELECT count(*) FROM p2 WHERE rowgrant.has_perm(5, 'view', p2);

-- A plan does not outlive the name that its query has for the object type.
CREATE TABLE first (id integer PRIMARY KEY);
CREATE TABLE second (id integer PRIMARY KEY);
INSERT INTO first VALUES (1); INSERT INTO second VALUES (1);
SELECT rowgrant.protect('first', 'things'), rowgrant.assign_perm(1, 'view', 'things', 1);
PREPARE things AS SELECT count(*) FROM first d WHERE rowgrant.has_perm(1, 'view', 'things', d.id);
EXECUTE things;
SELECT rowgrant.protect('first', 'former'), rowgrant.protect('second', 'things');
EXECUTE things;
DEALLOCATE things;
-- The same bits are another number in another type.
CREATE TABLE negative (id integer PRIMARY KEY);
INSERT INTO negative VALUES (-1);
SELECT rowgrant.protect('negative'), rowgrant.assign_perm(1, 'view', 'negative', -1);
SELECT rowgrant.has_perm(1, 'view', 'negative', id::oid), rowgrant.has_perm(1, 'view', 'negative', 4294967295::oid) FROM negative;
SELECT count(*) FROM negative WHERE rowgrant.has_perm(1, 'view', 'negative', id::oid);
DROP TABLE docs, par, chi, pt, qt, first, second, negative;
