-- Plans chosen from what the user reaches. What a plan shows is tests/tests/plans.rs's to compare; here
-- it is whether the right one is taken.
CREATE TABLE documents (id bigint PRIMARY KEY, created integer NOT NULL, title text);
INSERT INTO documents SELECT i, (i * 7919) % 20011, 'document ' || i FROM generate_series(1, 20000) i;
CREATE INDEX ON documents (created);
CREATE TABLE lines (document integer, line integer, note text, PRIMARY KEY (document, line));
INSERT INTO lines SELECT i, j, 'x' FROM generate_series(1, 4000) i, generate_series(1, 5) j;
CREATE TABLE codes (id uuid PRIMARY KEY, note text);
INSERT INTO codes SELECT md5(i::text)::uuid, 'x' FROM generate_series(1, 20000) i;
CREATE TABLE owned (id integer PRIMARY KEY, owner text, note text);
INSERT INTO owned SELECT i, 'u' || i % 1000, 'x' FROM generate_series(1, 20000) i;
CREATE INDEX ON owned (owner);
CREATE TABLE parts (id integer PRIMARY KEY, note text) PARTITION BY RANGE (id);
CREATE TABLE parts_low PARTITION OF parts FOR VALUES FROM (0) TO (10000);
CREATE TABLE parts_high PARTITION OF parts FOR VALUES FROM (10000) TO (30000);
INSERT INTO parts SELECT i, 'x' FROM generate_series(1, 20000) i;
SELECT rowgrant.protect('documents'), rowgrant.protect('lines'), rowgrant.protect('codes'),
       rowgrant.protect('owned', owner_column => 'owner'), rowgrant.protect('parts');
SELECT rowgrant.assign_perms(ARRAY['few'], '{view}', 'documents', ARRAY[7, 8, 9]),
       rowgrant.assign_perms(ARRAY['many'], '{view}', 'documents', ARRAY(SELECT id FROM documents WHERE id % 2 = 0)),
       rowgrant.assign_perm('all', 'view', 'documents'),
       rowgrant.assign_perms(ARRAY['few'], '{view}', 'lines', ARRAY['(7,1)', '(7,2)', '(900,5)']),
       rowgrant.assign_perms(ARRAY['few'], '{view}', 'codes', ARRAY(SELECT id FROM codes LIMIT 3)),
       rowgrant.assign_perms(ARRAY['few'], '{view}', 'parts', ARRAY[7, 15000]);
VACUUM ANALYZE;
SET max_parallel_workers_per_gather = 0;
-- Rows wide, the key decides: no row is built.
EXPLAIN (COSTS OFF) SELECT * FROM documents d WHERE rowgrant.has_perm('few', 'view', d);
EXPLAIN (COSTS OFF) SELECT * FROM documents d WHERE rowgrant.has_perm('few', 'view', 'documents', d.id);
EXPLAIN (COSTS OFF) SELECT count(*) FROM documents d WHERE rowgrant.has_perm('many', 'view', d);
-- The first page: of few objects by their keys, of many by the order.
EXPLAIN (COSTS OFF) SELECT id FROM documents d WHERE rowgrant.has_perm('few', 'view', d) ORDER BY created DESC LIMIT 20;
EXPLAIN (COSTS OFF) SELECT id FROM documents d WHERE rowgrant.has_perm('many', 'view', d) ORDER BY created DESC LIMIT 20;
EXPLAIN (COSTS OFF) SELECT id FROM documents d WHERE rowgrant.has_perm('all', 'view', d) ORDER BY created DESC LIMIT 20;
EXPLAIN (COSTS OFF) SELECT id FROM documents d WHERE rowgrant.has_perm('nobody', 'view', d) ORDER BY created DESC LIMIT 20;
EXPLAIN (COSTS OFF) SELECT id FROM documents d WHERE rowgrant.has_perm('many', 'view', d) ORDER BY id LIMIT 20;
-- A better use of the key.
EXPLAIN (COSTS OFF) SELECT * FROM documents d WHERE rowgrant.has_perm('many', 'view', d) AND id = 5;
EXPLAIN (COSTS OFF) SELECT * FROM documents d WHERE rowgrant.has_perm('many', 'view', d) AND id BETWEEN 5 AND 10;
-- Keys of other types, of several columns, in partitions; owners; groups.
EXPLAIN (COSTS OFF) SELECT * FROM lines l WHERE rowgrant.has_perm('few', 'view', l);
EXPLAIN (COSTS OFF) SELECT * FROM codes c WHERE rowgrant.has_perm('few', 'view', c);
EXPLAIN (COSTS OFF) SELECT * FROM owned o WHERE rowgrant.has_perm('u7', 'view', o);
EXPLAIN (COSTS OFF) SELECT * FROM parts p WHERE rowgrant.has_perm('few', 'view', p);
EXPLAIN (COSTS OFF) SELECT * FROM documents d WHERE rowgrant.group_has_perm('everyone', 'view', 'documents', d.id);
-- In a join, a subquery, and under a policy.
EXPLAIN (COSTS OFF) SELECT * FROM documents d JOIN parts p ON p.id = d.created WHERE rowgrant.has_perm('few', 'view', d) AND rowgrant.has_perm('all', 'view', p);
EXPLAIN (COSTS OFF) SELECT * FROM owned o WHERE id < 5 AND EXISTS (SELECT FROM documents d WHERE d.created = o.id AND rowgrant.has_perm('few', 'view', d));
-- A join by another index that finds fewer rows than the user reaches.
CREATE TABLE folders (id integer PRIMARY KEY, note text);
INSERT INTO folders SELECT i, 'x' FROM generate_series(1, 2000) i;
CREATE TABLE files (id integer PRIMARY KEY, folder integer NOT NULL, body text);
INSERT INTO files SELECT i, i % 2000 + 1, repeat('x', 200) FROM generate_series(1, 20000) i;
CREATE INDEX ON files (folder);
SELECT rowgrant.protect('folders'), rowgrant.protect('files');
SELECT rowgrant.assign_perms(ARRAY['few'], '{view}', 'folders', ARRAY[7, 8]),
       rowgrant.assign_perms(ARRAY['few'], '{view}', 'files', ARRAY(SELECT id FROM files WHERE id % 50 = 7));
VACUUM ANALYZE;
EXPLAIN (COSTS OFF) SELECT count(*) FROM files f JOIN folders d ON d.id = f.folder WHERE rowgrant.has_perm('few', 'view', f) AND rowgrant.has_perm('few', 'view', d);
SELECT count(*) FROM files f JOIN folders d ON d.id = f.folder WHERE rowgrant.has_perm('few', 'view', f) AND rowgrant.has_perm('few', 'view', d);
EXPLAIN (COSTS OFF) SELECT count(*) FROM files f JOIN folders d ON d.id = f.folder WHERE rowgrant.has_perm('few', 'view', f);
SELECT rowgrant.unprotect('files', true), rowgrant.unprotect('folders', true);
DROP TABLE files, folders;
CREATE VIEW seen AS SELECT id, created FROM documents d WHERE rowgrant.can('view', d);
BEGIN;
SELECT rowgrant.set_user('few'::text);
EXPLAIN (COSTS OFF) SELECT * FROM seen ORDER BY created LIMIT 20;
SELECT rowgrant.set_user('many'::text);
EXPLAIN (COSTS OFF) SELECT * FROM seen ORDER BY created LIMIT 20;
COMMIT;
-- A prepared statement is planned for each user, as long as one plan for all is not asked for.
PREPARE page(text) AS SELECT id FROM documents d WHERE rowgrant.has_perm($1, 'view', d) ORDER BY created DESC LIMIT 20;
EXECUTE page('few'); EXECUTE page('few'); EXECUTE page('few'); EXECUTE page('few'); EXECUTE page('few'); EXECUTE page('few');
EXPLAIN (COSTS OFF) EXECUTE page('few');
EXPLAIN (COSTS OFF) EXECUTE page('many');
SET plan_cache_mode = force_generic_plan;
EXPLAIN (COSTS OFF) EXECUTE page('few');
EXECUTE page('few');
RESET plan_cache_mode;
-- A plan made for one user of the transaction is not kept for the next.
PREPARE mine AS SELECT id FROM documents d WHERE rowgrant.can('view', d) ORDER BY created DESC LIMIT 20;
BEGIN; SELECT rowgrant.set_user('few'::text); EXPLAIN (COSTS OFF) EXECUTE mine; COMMIT;
BEGIN; SELECT rowgrant.set_user('many'::text); EXPLAIN (COSTS OFF) EXECUTE mine; COMMIT;
-- Whoever may ask by row, and nothing else, goes on as he may.
CREATE ROLE regress_asking;
GRANT SELECT ON documents TO regress_asking;
REVOKE EXECUTE ON FUNCTION rowgrant.objects_for_user("any", text, regclass, name, anyarray, bigint) FROM PUBLIC;
SET ROLE regress_asking;
EXPLAIN (COSTS OFF) SELECT id FROM documents d WHERE rowgrant.has_perm('few', 'view', d);
SELECT id FROM documents d WHERE rowgrant.has_perm('few', 'view', d) ORDER BY id;
RESET ROLE;
REVOKE EXECUTE ON FUNCTION rowgrant.has_perm("any", text, regclass, "any", VARIADIC "any") FROM PUBLIC;
SET ROLE regress_asking;
EXPLAIN (COSTS OFF) SELECT id FROM documents d WHERE rowgrant.has_perm('few', 'view', d);
SELECT id FROM documents d WHERE rowgrant.has_perm('few', 'view', d) ORDER BY id;
RESET ROLE;
GRANT EXECUTE ON FUNCTION rowgrant.has_perm("any", text, regclass, "any", VARIADIC "any") TO PUBLIC;
GRANT EXECUTE ON FUNCTION rowgrant.objects_for_user("any", text, regclass, name, anyarray, bigint) TO PUBLIC;
-- Mistakes are the call's to tell, not the planner's.
SELECT * FROM mistake($$SELECT count(*) FROM documents d WHERE rowgrant.has_perm('few', 'veiw', d)$$);
SELECT count(*) FROM documents d WHERE rowgrant.has_perm(NULL::text, 'view', d);
CREATE TABLE addresses (id inet PRIMARY KEY);
SELECT rowgrant.remove_perm(u, 'view', 'documents', 7) FROM unnest('{few}'::text[]) u;
DO $$BEGIN PERFORM rowgrant.unprotect(t, true) FROM unnest('{lines,codes,owned,parts}'::text[]) t; END$$;
SELECT rowgrant.remove_perm('all', 'view', 'documents'), rowgrant.remove_perms(ARRAY['few', 'many'], '{view}', 'documents', ARRAY(SELECT id FROM documents));
SELECT rowgrant.register_users('addresses');
SELECT count(*) FROM documents d WHERE title IS NULL AND rowgrant.has_perm('nonsense', 'view', d);
SELECT * FROM mistake($$SELECT count(*) FROM documents d WHERE rowgrant.has_perm('nonsense', 'view', d)$$);
DROP TABLE addresses;
SELECT count(*) FROM documents d WHERE rowgrant.has_perm('few', NULL, d);
DROP OWNED BY regress_asking; DROP ROLE regress_asking;
DEALLOCATE ALL;
RESET max_parallel_workers_per_gather;
DROP VIEW seen;
DROP TABLE documents, lines, codes, owned, parts;

-- Behind a column that cannot be looked up among many, none is: rows would come in another order than the
-- index's.
CREATE TABLE arrays (a integer[], b integer, c text, PRIMARY KEY (a, b));
INSERT INTO arrays SELECT ARRAY[i], j, repeat('x', 100) FROM generate_series(1, 100) i, generate_series(1, 10) j;
VACUUM ANALYZE arrays;
SELECT rowgrant.protect('arrays');
SELECT count(*) FROM (SELECT rowgrant.assign_perm('few', 'view', 'arrays', ROW(ARRAY[i], 7 - i)) FROM generate_series(1, 5) i) g;
SELECT a, b FROM arrays WHERE rowgrant.has_perm('few', 'view', arrays) ORDER BY a, b LIMIT 2;
SELECT rowgrant.unprotect('arrays', true);
DROP TABLE arrays;
CREATE COLLATION any_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE cases (a text, b integer, c text, PRIMARY KEY (a, b));
INSERT INTO cases SELECT x || i, j, repeat('x', 100) FROM unnest('{K,k}'::text[]) x, generate_series(1, 50) i, generate_series(1, 60) j;
VACUUM ANALYZE cases;
SELECT rowgrant.protect('cases');
SELECT count(*) FROM (SELECT rowgrant.assign_perm('few', 'view', 'cases', ROW(a, b)) FROM (VALUES ('K7', 19), ('K7', 50), ('k7', 20), ('k7', 51)) v (a, b)) g;
SELECT a, b FROM cases d WHERE rowgrant.has_perm('few', 'view', d) AND a COLLATE any_case = 'k7' ORDER BY a COLLATE "C", b LIMIT 2;
SELECT a, b FROM cases d WHERE rowgrant.has_perm('few', 'view', d) AND a COLLATE any_case = 'k7' ORDER BY a, b LIMIT 2;
SELECT rowgrant.unprotect('cases', true);
DROP TABLE cases;
DROP COLLATION any_case;
