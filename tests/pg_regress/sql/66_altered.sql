-- Columns and types that are altered, renamed or dropped.
-- A key's new type: the cast that ALTER TABLE applies is applied to the grants.
CREATE TABLE number (id integer PRIMARY KEY, other integer, name text);
INSERT INTO number VALUES (1, 2, 'a'), (2, 1, 'b');
SELECT rowgrant.protect('number'), rowgrant.assign_perm(3, 'view', 'number', 1);
SELECT * FROM mistake('ALTER TABLE number ALTER id TYPE bigint USING other::bigint');
SELECT * FROM mistake('ALTER TABLE number ALTER id TYPE bigint USING other');
SELECT * FROM mistake('ALTER TABLE number ALTER id TYPE bigint USING id::text::bigint');
ALTER TABLE number ALTER id TYPE bigint USING id::bigint;
ALTER TABLE number ALTER id TYPE text USING number.id::text;
SELECT name, rowgrant.has_perm(3, 'view', n) FROM number n ORDER BY name;
ALTER TABLE number ALTER id TYPE numeric(4,1) USING id::numeric(4,1);
SELECT id, name, rowgrant.has_perm(3, 'view', n) FROM number n ORDER BY name;
SET TimeZone = 'Etc/GMT-1';
CREATE TABLE moment (id timestamptz PRIMARY KEY, name text);
INSERT INTO moment VALUES ('2020-01-01 01:00+00', 'a'), ('2020-01-01 00:00+00', 'b');
SELECT rowgrant.protect('moment'), rowgrant.assign_perm(3, 'view', m) FROM moment m WHERE name = 'a';
ALTER TABLE moment ALTER id TYPE timestamp;
SELECT name, rowgrant.has_perm(3, 'view', m) FROM moment m ORDER BY name;
RESET TimeZone;
CREATE TABLE word (id text PRIMARY KEY);
INSERT INTO word VALUES ('abc'), ('b');
SELECT rowgrant.protect('word'), rowgrant.assign_perm(3, 'view', 'word', 'abc');
ALTER TABLE word ALTER id TYPE varchar(2) USING id::varchar(2);
SELECT id, rowgrant.has_perm(3, 'view', w) FROM word w ORDER BY id;
DROP TABLE number, moment, word;

-- Values of an enum.
CREATE TYPE mood AS ENUM ('sad', 'glad');
CREATE TABLE felt (mood mood, day integer, PRIMARY KEY (mood, day));
INSERT INTO felt VALUES ('sad', 1), ('glad', 1);
CREATE TABLE moods (id mood PRIMARY KEY);
INSERT INTO moods VALUES ('sad'), ('glad');
SELECT rowgrant.protect('felt'), rowgrant.register_groups('moods'), rowgrant.define_object_type('tempers', 'mood');
SELECT rowgrant.assign_perm(3, 'view', 'felt', ROW('sad', 1)), rowgrant.assign_group_perm('sad', 'change', 'felt', ROW('glad', 1)),
       rowgrant.assign_perm(3, 'view', 'tempers', 'sad');
ALTER TYPE mood RENAME VALUE 'sad' TO 'between';
ALTER TYPE mood RENAME VALUE 'glad' TO 'sad';
ALTER TYPE mood RENAME VALUE 'between' TO 'glad';
SELECT mood, rowgrant.has_perm(3, 'view', f), rowgrant.group_has_perm('glad', 'change', 'felt', ROW(mood, day)), rowgrant.has_perm(3, 'view', 'tempers', mood)
FROM felt f ORDER BY mood;
SELECT * FROM mistake('DROP TYPE mood CASCADE');
SELECT rowgrant.unprotect('tempers', true);
DROP TABLE felt, moods;
DROP TYPE mood;

-- Columns that decide who may do what are not dropped, or changed into something that decides nothing.
CREATE TABLE people (id integer PRIMARY KEY, active boolean, chief boolean, note text);
INSERT INTO people VALUES (1, true, false), (2, false, true);
CREATE TABLE member (who integer, what text);
CREATE TABLE thing (id integer PRIMARY KEY, owner integer, note text);
SELECT rowgrant.register_users('people', 'active', 'chief'), rowgrant.register_membership('member', 'who', 'what'),
       rowgrant.protect('thing', owner_column => 'owner');
SELECT * FROM mistake('ALTER TABLE people ALTER active TYPE text');
SELECT * FROM mistake('ALTER TABLE people ALTER chief TYPE integer USING chief::integer');
SELECT * FROM mistake('ALTER TABLE people DROP active');
SELECT * FROM mistake('ALTER TABLE people DROP id');
SELECT * FROM mistake('ALTER TABLE member DROP what');
SELECT * FROM mistake('ALTER TABLE thing DROP owner');
SELECT * FROM mistake('ALTER TABLE thing DROP id CASCADE');
SELECT * FROM mistake('ALTER TABLE thing ALTER owner TYPE json USING NULL');
ALTER TABLE people DROP note;
ALTER TABLE thing DROP note;
CREATE DOMAIN flag AS boolean;
ALTER TABLE people ALTER active TYPE flag;
CREATE DOMAIN whom AS integer;
ALTER TABLE member ALTER who TYPE whom;
SELECT * FROM mistake('DROP DOMAIN whom CASCADE');
-- What no event trigger saw: nobody gains by it, and doctor() tells.
ALTER EVENT TRIGGER rowgrant_table_altered DISABLE;
ALTER EVENT TRIGGER rowgrant_relations_dropped DISABLE;
ALTER TABLE people ALTER active TYPE text, ALTER chief TYPE text;
SELECT rowgrant.assign_perm(1, 'view', 'thing');
SELECT id, rowgrant.has_perm(id, 'view', 'thing') FROM people ORDER BY id;
SELECT rowgrant.users_with_perm('view', 'thing', 1, true, true);
ALTER TABLE thing DROP owner;
CREATE TYPE short_lived AS ENUM ('x');
SELECT rowgrant.define_object_type('lost', 'short_lived');
DROP TYPE short_lived;
ALTER EVENT TRIGGER rowgrant_table_altered ENABLE;
ALTER EVENT TRIGGER rowgrant_relations_dropped ENABLE;
SELECT severity, subject, problem FROM rowgrant.doctor() WHERE severity = 'error' ORDER BY 2, 3;
SELECT * FROM mistake($$SELECT rowgrant.has_perm(1, 'view', 'lost', 'x')$$);
SELECT rowgrant.unprotect('lost');
CREATE TABLE unconcerned (x integer); ALTER TABLE unconcerned ADD y integer; DROP TABLE unconcerned;
SELECT rowgrant.protect('thing', owner_column => NULL);
DROP TABLE people, member, thing;

-- Tables declared OF a type.
CREATE TYPE shape AS (id integer, name text);
CREATE TABLE shaped OF shape (PRIMARY KEY (id));
INSERT INTO shaped VALUES (1, 'a'), (2, 'b');
SELECT rowgrant.protect('shaped'), rowgrant.assign_perm(3, 'view', 'shaped', 1);
ALTER TYPE shape RENAME ATTRIBUTE id TO key CASCADE;
ALTER TYPE shape ALTER ATTRIBUTE key TYPE text CASCADE;
SELECT * FROM rowgrant.objects_for_user(3, 'view', NULL::shaped);
UPDATE shaped SET key = '9' WHERE key = '1';
SELECT * FROM mistake('ALTER TYPE shape DROP ATTRIBUTE key CASCADE');
SELECT * FROM rowgrant.objects_for_user(3, 'view', NULL::shaped);
SELECT * FROM rowgrant.doctor();
DROP TABLE shaped; DROP TYPE shape;

-- A column renamed as though the table were a view.
CREATE TABLE seen (id integer PRIMARY KEY, other integer);
INSERT INTO seen VALUES (1, 2), (2, 1);
SELECT rowgrant.protect('seen'), rowgrant.assign_perm(3, 'view', 'seen', 1);
ALTER VIEW seen RENAME COLUMN id TO key;
ALTER VIEW seen RENAME COLUMN other TO id;
SELECT *, rowgrant.has_perm(3, 'view', s) FROM seen s ORDER BY key;
DROP TABLE seen;

-- Of a table, its children and its partitions one is protected.
CREATE TABLE parent (id integer PRIMARY KEY);
CREATE TABLE child (PRIMARY KEY (id)) INHERITS (parent);
CREATE TABLE joining (id integer PRIMARY KEY);
SELECT rowgrant.protect('child'), rowgrant.protect('joining');
SELECT * FROM mistake($$SELECT rowgrant.protect('parent')$$);
SELECT rowgrant.unprotect('child'), rowgrant.protect('parent');
SELECT * FROM mistake($$SELECT rowgrant.protect('child')$$);
SELECT * FROM mistake('ALTER TABLE joining INHERIT parent');
CREATE TABLE whole (id integer PRIMARY KEY) PARTITION BY RANGE (id);
SELECT rowgrant.protect('whole');
SELECT state FROM mistake('ALTER TABLE whole ATTACH PARTITION joining FOR VALUES FROM (0) TO (10)');
-- Children made with a schema, and temporary ones, of which nobody else can know.
CREATE SCHEMA young CREATE TABLE toddler (PRIMARY KEY (id)) INHERITS (public.parent);
INSERT INTO young.toddler VALUES (7);
SELECT rowgrant.assign_perm(3, 'view', 'parent', 7);
DELETE FROM parent WHERE id = 7;
CREATE TEMPORARY TABLE passing () INHERITS (parent);
INSERT INTO passing VALUES (8);
SELECT * FROM mistake($$SELECT rowgrant.assign_perm(3, 'view', 'parent', 8)$$);
SELECT rowgrant.assign_perm(3, 'view', 'parent');
SELECT rowgrant.has_perm(3, 'view', 'parent', 8), rowgrant.objects_for_user(3, 'view', 'parent', NULL::integer);
SELECT * FROM rowgrant.orphans();
SELECT * FROM rowgrant.doctor();
DROP TABLE passing, young.toddler, child, parent, joining, whole;
DROP SCHEMA young;

-- A trigger of the same name, put elsewhere by somebody else, is no trigger of ours.
CREATE TABLE people (id integer PRIMARY KEY);
INSERT INTO people VALUES (1), (2);
CREATE TABLE thing (id integer PRIMARY KEY);
INSERT INTO thing VALUES (1), (2);
SELECT rowgrant.protect('thing'), rowgrant.register_users('people');
SELECT rowgrant.assign_perm(1, 'view', 'thing', 1), rowgrant.assign_perm(2, 'view', 'thing', 2);
CREATE ROLE regress_forger;
CREATE SCHEMA forged AUTHORIZATION regress_forger;
SET ROLE regress_forger;
CREATE FUNCTION forged.nothing() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NULL; END$$;
CREATE TABLE forged.people (id integer);
INSERT INTO forged.people VALUES (1);
CREATE TRIGGER rowgrant_user_truncate BEFORE TRUNCATE ON forged.people FOR EACH STATEMENT EXECUTE FUNCTION forged.nothing('u');
CREATE TABLE forged.thing (id integer);
INSERT INTO forged.thing VALUES (2);
DO $$
BEGIN
    FOR n IN 1..200 LOOP
        EXECUTE format('CREATE TRIGGER rowgrant_object_truncate BEFORE TRUNCATE ON forged.thing FOR EACH STATEMENT EXECUTE FUNCTION forged.nothing(%L)', n);
        CREATE TABLE forged.p (x integer);
        CREATE TABLE forged.c () INHERITS (forged.p);
        ALTER TABLE forged.c NO INHERIT forged.p;
        DROP TABLE forged.c, forged.p;
        DROP TRIGGER rowgrant_object_truncate ON forged.thing;
    END LOOP;
END $$;
RESET ROLE;
SELECT rowgrant.has_perm(1, 'view', 'thing', 1), rowgrant.has_perm(2, 'view', 'thing', 2);
DROP SCHEMA forged CASCADE;
DROP ROLE regress_forger;
DROP TABLE people, thing;
