-- Who the user of a transaction is.
CREATE TABLE documents (id integer PRIMARY KEY, owner integer);
CREATE TABLE users (id integer PRIMARY KEY, active boolean);
INSERT INTO users VALUES (1, true), (2, true), (3, false);
INSERT INTO documents VALUES (1, 1), (2, 2), (3, NULL);
SELECT rowgrant.protect('documents', owner_column => 'owner'), rowgrant.register_users('users', 'active');
SELECT rowgrant.assign_group_perm('everyone', 'view', 'documents', 3), rowgrant.assign_perm(2, 'add', 'documents'), rowgrant.assign_perm(1, 'change', 'documents', 2);
CREATE VIEW mine AS SELECT rowgrant.current_user_id() AS who, array(SELECT id FROM documents d WHERE rowgrant.can('view', d) ORDER BY id) AS viewed,
    rowgrant.can('change', 'documents', 2) AS changes, rowgrant.can('change', 'documents', '2') AS as_text, rowgrant.can('add', 'documents') AS adds;
SELECT * FROM mine;
BEGIN; SELECT rowgrant.set_user(1); SELECT * FROM mine; SELECT rowgrant.set_user('02'); SELECT * FROM mine; COMMIT;
SELECT * FROM mine;
BEGIN; SELECT rowgrant.set_user(1); ROLLBACK;
SELECT * FROM mine;
-- Nobody holds more than he does: inactive, unknown, none; what is no id is an error.
BEGIN; SELECT rowgrant.set_user(3); SELECT * FROM mine; SELECT rowgrant.set_user(99); SELECT * FROM mine; SELECT rowgrant.set_user(NULL); SELECT * FROM mine;
SELECT rowgrant.can(NULL, 'documents'), rowgrant.can('view', NULL, 1), rowgrant.can('view', 'documents', NULL);
SELECT rowgrant.set_user('x'); ROLLBACK;
-- Savepoints: what was set in one goes with it; what was released stays.
BEGIN; SELECT rowgrant.set_user(1); SAVEPOINT a; SELECT rowgrant.set_user(2); SAVEPOINT b; SELECT rowgrant.set_user(NULL);
SELECT rowgrant.current_user_id(); ROLLBACK TO b; SELECT rowgrant.current_user_id(); ROLLBACK TO a; SELECT rowgrant.current_user_id();
SAVEPOINT c; SELECT rowgrant.set_user(2); RELEASE c; SELECT rowgrant.current_user_id(); ROLLBACK TO a; SELECT rowgrant.current_user_id(); COMMIT;
SELECT rowgrant.current_user_id();
-- In PL/pgSQL: a block that fails takes its user along; one statement after another sees the change.
DO $$ BEGIN
    PERFORM rowgrant.set_user(1);
    RAISE NOTICE '%', (SELECT mine FROM mine);
    BEGIN PERFORM rowgrant.set_user(2); RAISE 'no'; EXCEPTION WHEN OTHERS THEN RAISE NOTICE '%', rowgrant.current_user_id(); END;
    FOR i IN 1 .. 3 LOOP PERFORM rowgrant.set_user(i); RAISE NOTICE '% %', i, rowgrant.can('view', 'documents', 1); END LOOP;
END $$;
SELECT rowgrant.current_user_id();
-- Outside of a transaction it lasts for the statement, and says so.
SELECT rowgrant.set_user(1), rowgrant.current_user_id();
SELECT rowgrant.current_user_id();
-- A prepared statement asks anew each time; SET ROLE and DISCARD change nothing.
PREPARE viewed AS SELECT id FROM documents d WHERE rowgrant.can('view', d) ORDER BY id;
SET plan_cache_mode = force_generic_plan;
BEGIN; SELECT rowgrant.set_user(1); EXECUTE viewed; SELECT rowgrant.set_user(2); EXECUTE viewed; COMMIT;
EXECUTE viewed;
RESET plan_cache_mode;
-- Parallel workers know no user, so the leader asks.
SELECT set_config(name, 'on', false) FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query') \gset
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;
BEGIN; SELECT rowgrant.set_user(1); SELECT id FROM documents d WHERE rowgrant.can('view', d) ORDER BY id; SELECT count(*) FROM documents d WHERE rowgrant.has_perm(1, 'view', d); COMMIT;
RESET ALL;
-- Who may not say so cannot fake it.
CREATE ROLE regress_app; GRANT SELECT ON documents, mine TO regress_app;
SET ROLE regress_app;
SELECT rowgrant.set_user(1);
SELECT set_config('rowgrant.user', '1', false), set_config('rowgrant.user_id', '1', false), set_config('rowgrant.current_user_id', '1', false);
SET rowgrant.user = '1';
SELECT rowgrant.current_user_id(), rowgrant.can('change', 'documents', 2);
RESET ROLE;
BEGIN; SELECT rowgrant.set_user(1); SET LOCAL ROLE regress_app; SELECT rowgrant.current_user_id(), rowgrant.can('change', 'documents', 2); COMMIT;
RESET ALL;
DROP VIEW mine; DROP TABLE documents, users; DROP ROLE regress_app;
