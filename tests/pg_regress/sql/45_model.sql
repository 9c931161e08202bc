-- The model as one document.
CREATE FUNCTION pg_temp.changes(document jsonb, dry_run boolean DEFAULT false) RETURNS TABLE (change text) LANGUAGE sql AS
    $$SELECT concat_ws(' ', action, subject, nullif(detail, '{}')) FROM rowgrant.apply_model(document, dry_run)$$;
SELECT jsonb_pretty(rowgrant.model());
CREATE TABLE documents (id integer PRIMARY KEY, slug text NOT NULL UNIQUE, owner uuid);
CREATE TABLE notes (a integer, b text, PRIMARY KEY (a, b));
CREATE TABLE users (id uuid PRIMARY KEY, active boolean, root boolean);
CREATE TABLE teams (id text PRIMARY KEY);
CREATE TABLE in_team (u uuid, t text);
INSERT INTO documents VALUES (1, 'one', NULL), (2, 'two', NULL);
INSERT INTO users VALUES ('00000000-0000-0000-0000-000000000001', true, false), ('00000000-0000-0000-0000-000000000002', true, false);
INSERT INTO teams VALUES ('red'), ('blue');
SELECT pg_temp.changes('{}');
SELECT pg_temp.changes('{"object_types": {
    "documents": {"relation": "public.documents", "owner_column": "owner", "perms": {"editor": ["view", "change"], "view": [], "change": []}},
    "notes": {"relation": "public.notes"},
    "tickets": {"key_type": "int8"}}, "users": {"relation": "public.users", "active_column": "active"}}', dry_run => true);
SELECT count(*) FROM rowgrant.object_type;
SELECT pg_temp.changes('{"object_types": {
    "documents": {"relation": "public.documents", "owner_column": "owner", "perms": {"editor": ["view", "change"], "view": [], "change": []}},
    "notes": {"relation": "public.notes"},
    "tickets": {"key_type": "int8"}}, "users": {"relation": "public.users", "active_column": "active"}}');
SELECT jsonb_pretty(rowgrant.model());
SELECT pg_temp.changes(rowgrant.model());
SELECT rowgrant.assign_perm('00000000-0000-0000-0000-000000000001', 'editor', 'documents', 1), rowgrant.assign_perm('00000000-0000-0000-0000-000000000001', 'view', 'documents'),
       rowgrant.assign_perm('00000000-0000-0000-0000-000000000001', 'view', 'tickets', 5);

-- What takes grants away says so, and needs to be allowed.
SELECT * FROM mistake($$SELECT rowgrant.apply_model('{"object_types": {"documents": {"relation": "public.documents", "perms": {"view": []}}}}')$$);
SELECT pg_temp.changes('{"object_types": {"documents": {"relation": "public.documents", "perms": {"view": []}}}}', true);
SELECT * FROM mistake($$SELECT rowgrant.apply_model('{"object_types": {"papers": {"relation": "public.documents", "key": ["slug"], "perms": {"view": []}}}}')$$);
SELECT pg_temp.changes('{"object_types": {"papers": {"relation": "public.documents", "key": ["slug"], "perms": {"view": [], "editor": ["view"]}}}, "drop_grants": true}');
SELECT * FROM grants;
SELECT pg_temp.changes(rowgrant.model());

-- Names that are swapped, and roles that change places.
SELECT pg_temp.changes('{"object_types": {"papers": {"relation": "public.notes"}, "notes": {"relation": "public.documents", "perms": {"view": ["editor"], "editor": []}}}, "drop_grants": true}');
SELECT pg_temp.changes(rowgrant.model());
SELECT rowgrant.model() -> 'object_types';

-- Groups, memberships, subgroups and members.
SELECT pg_temp.changes('{"groups": {"relation": "public.teams"}, "memberships": {"public.in_team": {"user_column": "u", "group_column": "t"}},
    "subgroups": {"red": ["blue", "authenticated"]}, "members": {"blue": ["{00000000000000000000000000000002}"]}}');
SELECT rowgrant.model() - 'object_types';
SELECT pg_temp.changes(rowgrant.model());
SELECT pg_temp.changes('{"subgroups": {"blue": ["red"]}, "members": {}}');
SELECT pg_temp.changes('{"users": null, "groups": null, "memberships": {}, "subgroups": {}, "object_types": {}, "drop_grants": true}');
SELECT rowgrant.model();
SELECT tgname FROM pg_trigger WHERE tgname LIKE 'rowgrant%';

-- Mistakes, named with their path; nothing is changed.
SELECT (mistake(format('SELECT rowgrant.apply_model(%L)', document))).* FROM unnest(ARRAY[
    '[]', '{"object_type": {}}', '{"object_types": {"d": {"relation": "documents"}}}', '{"object_types": {"d": {"relation": "public.documents", "perms": {"a": ["b"]}}}}',
    '{"object_types": {"d": {"relation": "public.documents", "key": ["owner"]}}}', '{"object_types": {"d": {"relation": "public.documents", "perms": {" ": []}}}}',
    '{"object_types": {"d": {"relation": "public.documents"}, "e": {"relation": "\"public\".documents"}}}', '{"object_types": {"d": {"key_type": "money"}}}', '{"object_types": {"d": {"key_type": "nosuch"}}}',
    '{"object_types": {"d": {"key_type": "text", "perms": {"a": ["b"], "b": ["a"]}}}}', '{"users": {"relation": "public.users", "active_column": "id"}}',
    '{"users": {"relation": "public.users"}, "members": {"x": ["7"]}}', '{"users": {"relation": "public.users"}, "members": {"x": ["00000000-0000-0000-0000-000000000009"]}}',
    '{"members": {"everyone": ["7"]}}', '{"subgroups": {"a": ["b"], "b": ["a"]}}']) document;
SELECT * FROM mistake($$SELECT rowgrant.apply_model(NULL)$$);
SELECT rowgrant.model();
-- Only the owner of a table may declare it.
CREATE ROLE regress_other;
GRANT EXECUTE ON FUNCTION rowgrant.apply_model TO regress_other;
SET ROLE regress_other;
SELECT rowgrant.apply_model('{"object_types": {"d": {"relation": "public.documents"}}}');
SELECT rowgrant.model();
RESET ROLE;
REVOKE ALL ON FUNCTION rowgrant.apply_model FROM regress_other;
DROP ROLE regress_other;
DROP TABLE documents, notes, users, teams, in_team;
