-- The extension comes without a trace on anything else, and goes without one.
SELECT count(*) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
WHERE c.relnamespace <> 'rowgrant'::regnamespace AND t.tgfoid IN (SELECT oid FROM pg_proc WHERE pronamespace = 'rowgrant'::regnamespace);

-- Everything has a comment.
SELECT 'relation ' || c.relname AS uncommented FROM pg_class c
WHERE c.relnamespace = 'rowgrant'::regnamespace AND c.relkind IN ('r', 'S') AND obj_description(c.oid, 'pg_class') IS NULL
UNION ALL
SELECT 'column ' || c.relname || '.' || a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relnamespace = 'rowgrant'::regnamespace AND c.relkind = 'r' AND a.attnum > 0
  AND col_description(c.oid, a.attnum) IS NULL
UNION ALL
SELECT 'function ' || p.oid::regprocedure FROM pg_proc p
WHERE p.pronamespace = 'rowgrant'::regnamespace AND obj_description(p.oid, 'pg_proc') IS NULL;

-- PUBLIC may ask, and nothing else.
SELECT DISTINCT p.proname FROM pg_proc p
WHERE p.pronamespace = 'rowgrant'::regnamespace AND has_function_privilege('public', p.oid, 'EXECUTE') ORDER BY 1;
SELECT c.relname FROM pg_class c
WHERE c.relnamespace = 'rowgrant'::regnamespace AND c.relkind IN ('r', 'S')
  AND (has_table_privilege('public', c.oid, 'SELECT') OR has_table_privilege('public', c.oid, 'INSERT'));

-- The tables are dumped with their data, except what CREATE EXTENSION makes.
SELECT c.relname FROM pg_class c
WHERE c.relnamespace = 'rowgrant'::regnamespace AND c.relkind IN ('r', 'S')
  AND c.oid NOT IN (SELECT unnest(extconfig) FROM pg_extension WHERE extname = 'rowgrant') ORDER BY 1;

CREATE TABLE survivor (id integer PRIMARY KEY);
SELECT rowgrant.protect('survivor');
SELECT rowgrant.register_users('survivor');
DROP EXTENSION rowgrant;
DROP EXTENSION rowgrant CASCADE;
SELECT count(*) FROM pg_trigger WHERE tgrelid = 'survivor'::regclass;
SELECT count(*) FROM pg_namespace WHERE nspname = 'rowgrant';
SELECT count(*) FROM pg_event_trigger;
SELECT count(*) FROM pg_proc WHERE probin LIKE '%rowgrant%';
DELETE FROM survivor;
DROP TABLE survivor;
CREATE EXTENSION rowgrant;
