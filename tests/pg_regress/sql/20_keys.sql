-- Every key type: stored in one form, found in every spelling, under every setting.
CREATE EXTENSION citext;
CREATE EXTENSION ltree;
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE DOMAIN positive AS integer CHECK (VALUE > 0);
CREATE FUNCTION try_key(type text, value text, other_spelling text,
    OUT by_text bool, OUT by_other bool, OUT by_value bool, OUT by_row bool, OUT keys bigint, OUT "rows" bigint, OUT stored text)
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TABLE k (id %s PRIMARY KEY)', type);
    EXECUTE format('INSERT INTO k VALUES (%L)', value);
    PERFORM rowgrant.protect('k');
    EXECUTE 'SELECT rowgrant.assign_perm(1, ''view'', ''k'', id) FROM k';
    SET LOCAL TimeZone = 'Asia/Tokyo'; SET LOCAL extra_float_digits = -10; SET LOCAL bytea_output = 'escape';
    SET LOCAL IntervalStyle = 'sql_standard'; SET LOCAL DateStyle = 'German';
    SET LOCAL search_path = pg_temp, public;
    EXECUTE format($q$SELECT rowgrant.has_perm(1, 'view', 'k', %1$L::text), rowgrant.has_perm(1, 'view', 'k', %2$L),
        (SELECT rowgrant.has_perm(1, 'view', 'k', id) FROM k), (SELECT rowgrant.has_perm(1, 'view', k) FROM k),
        (SELECT count(*) FROM k WHERE id IN (SELECT rowgrant.objects_for_user(1, 'view', 'k', NULL::%3$s))),
        (SELECT count(*) FROM rowgrant.objects_for_user(1, 'view', NULL::k)), (SELECT object FROM grants)$q$,
        value, other_spelling, type) INTO by_text, by_other, by_value, by_row, keys, "rows", stored;
    DELETE FROM k;
    IF EXISTS (SELECT FROM grants) THEN RAISE 'orphaned: %', type; END IF;
    DROP TABLE k;
    SET LOCAL TimeZone = 'PST8PDT'; SET LOCAL extra_float_digits = 1; SET LOCAL bytea_output = 'hex';
    SET LOCAL search_path = public;
    SET LOCAL IntervalStyle = 'postgres_verbose'; SET LOCAL DateStyle = 'Postgres, MDY';
END $$;
SELECT type, (try_key(type, value, other)).*
FROM (VALUES
    ('smallint', '7', '007'), ('integer', '7', ' 7 '), ('bigint', '9223372036854775807', '9223372036854775807'),
    ('positive', '7', '7'),
    ('uuid', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{A0EEBC999C0B4EF8BB6D6BB9BD380A11}'),
    ('text', E'it''s "x"\ny\\', E'it''s "x"\ny\\'), ('text', '', ''), ('varchar(20)', 'Ab', 'Ab'),
    ('char(5)', 'ab', 'ab '), ('citext', 'AbC', 'aBc'), ('name', 'abc', 'abc'),
    ('inet', '10.0.0.1', '10.0.0.1/32'), ('cidr', '10.0.0.0/8', '10/8'),
    ('macaddr', '08:00:2b:01:02:03', '08002b010203'), ('macaddr8', '08:00:2b:01:02:03:04:05', '08002b0102030405'),
    ('date', '2024-02-03', '3.2.2024'), ('time', '10:00:00', '10:00 AM'),
    ('timestamptz', '2024-02-03 10:00+00', '2024-02-03 11:00+01'), ('timestamp', '2024-02-03 10:00', '3.2.2024 10:00'),
    ('interval', '1 month', '30 days'), ('interval', '-1 day -2 hours', '-26 hours'),
    ('numeric', '7.00', '7'), ('numeric(10,3)', '7', '7.0'), ('numeric', '1e20', '100000000000000000000.0'),
    ('float8', '0.1', '0.10'), ('float8', '-0', '0'), ('float4', '0.1', '1e-1'),
    ('mood', 'sad', 'sad'), ('bytea', '\x00ff', '\x00FF'), ('ltree', 'a.b', 'a.b'), ('boolean', 't', 'yes'),
    ('integer[]', '{1,2}', '{1, 2}'), ('int4range', '[1,5)', '[1,4]'), ('pg_lsn', '0/1', '0/1'), ('oid', '12', '12')
) AS v (type, value, other);

-- Texts that differ in case are different keys; citext's are not.
CREATE TABLE t (id text PRIMARY KEY);
INSERT INTO t VALUES ('A'), ('a');
SELECT rowgrant.protect('t');
SELECT rowgrant.assign_perm(1, 'view', 't', 'A');
SELECT id FROM t WHERE rowgrant.has_perm(1, 'view', t);
DROP TABLE t;

-- Several columns: as a row value, or the text of one.
CREATE TABLE lines (order_id integer, sku text, qty integer, PRIMARY KEY (order_id, sku));
INSERT INTO lines VALUES (1, 'a b', 1), (1, 'c,"d"', 1), (2, '', 1);
SELECT rowgrant.protect('lines');
SELECT rowgrant.assign_perm(1, 'view', 'lines', ROW(1, 'a b'));
SELECT rowgrant.assign_perm(1, 'view', 'lines', '(1,"c,""d""")');
SELECT rowgrant.assign_perm(1, 'view', l) FROM lines l WHERE sku = '';
SELECT object FROM grants ORDER BY 1;
SELECT rowgrant.has_perm(1, 'view', 'lines', ROW(1::bigint, 'a b'::varchar)), rowgrant.has_perm(1, 'view', 'lines', ROW(1, NULL)),
       rowgrant.has_perm(1, 'view', 'lines', '( 1 ,"a b")'), rowgrant.has_perm(1, 'view', 'lines', ROW(2, 'a b'));
SELECT * FROM rowgrant.objects_for_user(1, 'view', NULL::lines) ORDER BY 1, 2;
CREATE TYPE line_key AS (order_id integer, sku text);
SELECT l.* FROM lines l WHERE (l.order_id, l.sku)::line_key = ANY (array(SELECT rowgrant.objects_for_user(1, 'view', 'lines', NULL::line_key))) ORDER BY 1, 2;
SELECT * FROM mistake($$SELECT rowgrant.objects_for_user(1, 'view', 'lines', NULL::record)$$);
SELECT * FROM mistake($$SELECT rowgrant.has_perm(1, 'view', 'lines', ROW(1))$$);
SELECT * FROM mistake($$SELECT rowgrant.has_perm(1, 'view', 'lines', '1')$$);
SELECT * FROM mistake($$SELECT rowgrant.has_perm(1, 'view', 'lines', '(x,y)')$$);
DROP TABLE lines;
DROP TYPE line_key;

-- A value of another type is the key that its text spells, or none.
CREATE TABLE n (id integer PRIMARY KEY);
INSERT INTO n VALUES (7), (8);
SELECT rowgrant.protect('n');
SELECT rowgrant.assign_perm(1, 'view', 'n', 7.0);
SELECT rowgrant.has_perm(1, 'view', 'n', 7.00), rowgrant.has_perm(1, 'view', 'n', 7::float8), rowgrant.has_perm(1, 'view', 'n', 3000000000);
SELECT * FROM mistake($$SELECT rowgrant.has_perm(1, 'view', 'n', 7.5)$$);
SELECT * FROM mistake($$SELECT rowgrant.assign_perm(1, 'view', 'n', 3000000000)$$);
SELECT * FROM mistake($$SELECT rowgrant.has_perm(1, 'view', 'n', '99999999999999999999')$$);
DROP TABLE n;

-- Types that have no one form for equal values.
SELECT type, m.* FROM unnest('{money,jsonb,regclass,tsvector,numrange}'::text[]) type,
LATERAL mistake(format($$DO $d$ BEGIN CREATE TABLE bad (id %s PRIMARY KEY); PERFORM rowgrant.protect('bad'); END $d$ $$, type)) m;

-- Types with no table: ids kept elsewhere.
SELECT rowgrant.define_object_type('page', 'uuid', '{view}');
SELECT rowgrant.define_object_type('page', 'uuid', '{view}');
SELECT * FROM mistake($$SELECT rowgrant.define_object_type('page', 'text')$$);
SELECT rowgrant.assign_perm(1, 'view', 'page', 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11');
SELECT rowgrant.objects_for_user(1, 'view', 'page', NULL::text);
SELECT rowgrant.assign_perm(2, 'view', 'page');
SELECT rowgrant.has_perm(2, 'view', 'page', 'b0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11');
SELECT * FROM mistake($$SELECT rowgrant.objects_for_user(2, 'view', 'page', NULL::uuid)$$);
SELECT * FROM mistake($$SELECT rowgrant.define_object_type('cash', 'money')$$);
SELECT rowgrant.unprotect('page', true);
DROP FUNCTION try_key;
DROP TYPE mood;
DROP DOMAIN positive;
DROP EXTENSION citext, ltree;

-- The key's columns in another order than the index that finds the row.
CREATE TABLE turned (a integer, b integer, c text);
CREATE INDEX ON turned (b, a);
ALTER TABLE turned ADD PRIMARY KEY (a, b);
INSERT INTO turned VALUES (3, 2, 'x'), (2, 3, 'y');
SELECT rowgrant.protect('turned');
SELECT rowgrant.assign_perm(6, 'view', 'turned');
SELECT rowgrant.has_perm(6, 'view', 'turned', ROW(3, 2)), rowgrant.has_perm(6, 'view', 'turned', ROW(3, 3));
SELECT rowgrant.unprotect('turned', true);
SELECT rowgrant.protect('turned', key => '{b,a}');
SELECT rowgrant.assign_perm(6, 'view', 'turned');
SELECT rowgrant.has_perm(6, 'view', 'turned', ROW(2, 3)), rowgrant.has_perm(6, 'view', 'turned', ROW(2, 2));
DROP TABLE turned;
