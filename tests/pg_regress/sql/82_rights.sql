-- What an owner of tables puts into them runs with his own rights, whatever rowgrant does with them.
CREATE ROLE regress_mallory;
GRANT CREATE ON SCHEMA public TO regress_mallory;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA rowgrant TO regress_mallory;
SET ROLE regress_mallory;
CREATE TABLE seen (who name);
GRANT INSERT ON seen TO PUBLIC;
CREATE FUNCTION spy(integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF current_user <> 'regress_mallory' THEN RAISE WARNING 'runs as %', current_user; END IF;
    RETURN 1;
END $$;
CREATE FUNCTION spy(text) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $$BEGIN RETURN spy(1); END$$;
CREATE TYPE mood AS ENUM ('sad', 'glad');
CREATE FUNCTION mood_of(text) RETURNS mood LANGUAGE plpgsql AS $$BEGIN PERFORM spy(1); RETURN 'sad'; END$$;
CREATE CAST (text AS mood) WITH FUNCTION mood_of(text) AS ASSIGNMENT;
CREATE DOMAIN even AS integer CHECK (VALUE % 2 = 0 AND spy(VALUE) = 1);
CREATE TABLE docs (id even PRIMARY KEY, n integer CHECK (n + spy(2) > 0), owner integer);
CREATE INDEX ON docs ((n + spy(1)));
CREATE INDEX ON docs (id) WHERE spy(1) = 1;
CREATE TABLE moods (id mood PRIMARY KEY);
CREATE TABLE users (id integer PRIMARY KEY, active boolean);
CREATE INDEX ON users ((spy(1)));
CREATE TABLE members (u integer, g text);
CREATE INDEX ON members ((spy(1)));
INSERT INTO docs VALUES (2, 1, 1), (4, 1, 2);
INSERT INTO moods VALUES ('sad'), ('glad');
INSERT INTO users SELECT generate_series(1, 3), true;
INSERT INTO members VALUES (1, 'g');
-- Shadowed operators and types.
CREATE FUNCTION differs(mood, mood) RETURNS boolean LANGUAGE sql AS 'SELECT spy(1) = 1';
CREATE OPERATOR public.= (LEFTARG = mood, RIGHTARG = mood, FUNCTION = differs);
SET search_path = pg_temp, public, pg_catalog;
SELECT rowgrant.protect('docs', owner_column => 'owner'), rowgrant.protect('moods'), rowgrant.register_users('users', 'active'), rowgrant.register_membership('members', 'u', 'g');
\c
SET client_min_messages = warning;
SET ROLE regress_mallory;
SET search_path = pg_temp, public, pg_catalog;
SELECT rowgrant.assign_perm(1, 'view', 'docs', 2), rowgrant.assign_perms(ARRAY[1, 2], '{view}', 'docs', ARRAY[2, 4]), rowgrant.assign_perms(ARRAY[1], '{view}', 'moods', ARRAY['glad']),
       rowgrant.assign_group_perm('g', 'change', 'docs', 4), rowgrant.add_member('h', 2);
SELECT rowgrant.has_perm(1, 'view', 'moods', 'sad'), rowgrant.has_perm(1, 'view', 'moods', 'glad'), rowgrant.has_perm(1, 'change', 'docs', 4);
SELECT array(SELECT rowgrant.users_with_perm('change', 'docs', 4)), rowgrant.perms_for_user(1, 'docs', 4), array(SELECT rowgrant.objects_for_user(1, 'view', 'moods', NULL::text));
SELECT count(*) FROM rowgrant.orphans();
SELECT count(*) FROM rowgrant.apply_model(rowgrant.model());
UPDATE docs SET id = 6 WHERE id = 4;
DELETE FROM moods;
DELETE FROM users WHERE id = 1;
SELECT rowgrant.clean_orphans();
SELECT * FROM mistake($$SELECT rowgrant.import_guardian()$$);
SELECT count(*) FROM rowgrant.grant_bigint;
RESET ROLE; RESET search_path;
-- Policies of the owner's, forced upon him, hide no row from the checks of grants.
ALTER TABLE docs ENABLE ROW LEVEL SECURITY; ALTER TABLE docs FORCE ROW LEVEL SECURITY;
SET ROLE regress_mallory;
SELECT count(*) FROM docs;
SELECT rowgrant.assign_perm(2, 'delete', 'docs', 6);
RESET ROLE;
SELECT * FROM grants ORDER BY 1, 2, 3, 5;
DROP TABLE docs, moods, users, members, seen;
SELECT rowgrant.model();
SELECT rowgrant.remove_member('h', 2);
DROP OPERATOR public.= (mood, mood); DROP FUNCTION differs(mood, mood); DROP DOMAIN even; DROP CAST (text AS mood); DROP FUNCTION mood_of(text), spy(integer), spy(text); DROP TYPE mood;
DROP OWNED BY regress_mallory; DROP ROLE regress_mallory;
