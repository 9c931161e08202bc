-- The tables that Django 5 and guardian 3 make, as far as import_guardian reads them, with :grants
-- generic grants: to users and, one in ten, to groups, on a fifth as many documents.
CREATE TABLE django_content_type (id integer PRIMARY KEY, app_label varchar(100) NOT NULL, model varchar(100) NOT NULL);
CREATE TABLE auth_permission (id integer PRIMARY KEY, content_type_id integer NOT NULL REFERENCES django_content_type, codename varchar(100) NOT NULL);
CREATE TABLE auth_user (id integer PRIMARY KEY, username varchar(150) UNIQUE NOT NULL, is_active boolean NOT NULL, is_superuser boolean NOT NULL);
CREATE TABLE auth_group (id integer PRIMARY KEY, name varchar(150) UNIQUE NOT NULL);
CREATE TABLE auth_user_groups (id bigint PRIMARY KEY, user_id integer NOT NULL REFERENCES auth_user, group_id integer NOT NULL REFERENCES auth_group);
CREATE TABLE auth_user_user_permissions (id bigint PRIMARY KEY, user_id integer NOT NULL REFERENCES auth_user, permission_id integer NOT NULL REFERENCES auth_permission);
CREATE TABLE auth_group_permissions (id bigint PRIMARY KEY, group_id integer NOT NULL REFERENCES auth_group, permission_id integer NOT NULL REFERENCES auth_permission);
CREATE TABLE guardian_userobjectpermission (id serial PRIMARY KEY, object_pk varchar(255) NOT NULL,
    content_type_id integer NOT NULL REFERENCES django_content_type, permission_id integer NOT NULL REFERENCES auth_permission,
    user_id integer NOT NULL REFERENCES auth_user, UNIQUE (user_id, permission_id, object_pk));
CREATE TABLE guardian_groupobjectpermission (id serial PRIMARY KEY, object_pk varchar(255) NOT NULL,
    content_type_id integer NOT NULL REFERENCES django_content_type, permission_id integer NOT NULL REFERENCES auth_permission,
    group_id integer NOT NULL REFERENCES auth_group, UNIQUE (group_id, permission_id, object_pk));
CREATE TABLE app_document (id bigint PRIMARY KEY, title text);

INSERT INTO django_content_type VALUES (1, 'app', 'document');
INSERT INTO auth_permission SELECT i, 1, p || '_document' FROM unnest('{add,change,delete,view}'::text[]) WITH ORDINALITY u (p, i);
INSERT INTO auth_user SELECT i, 'user' || i, true, false FROM generate_series(1, greatest(10, :grants / 50)) i;
INSERT INTO auth_group SELECT i, 'group' || i FROM generate_series(1, 100) i;
INSERT INTO app_document SELECT i, 'Document ' || i FROM generate_series(1, :grants / 5) i;
INSERT INTO guardian_userobjectpermission (object_pk, content_type_id, permission_id, user_id)
SELECT 1 + i % (:grants / 5), 1, 1 + i / (:grants / 5) % 4, 1 + (i * 104729::bigint + i / (:grants / 5)) % greatest(10, :grants / 50)
FROM generate_series(1, :grants * 9 / 10) i ON CONFLICT DO NOTHING;
INSERT INTO guardian_groupobjectpermission (object_pk, content_type_id, permission_id, group_id)
SELECT 1 + i % (:grants / 5), 1, 1 + i % 4, 1 + i * 31::bigint % 100
FROM generate_series(1, :grants / 10) i ON CONFLICT DO NOTHING;
ANALYZE;
CREATE EXTENSION rowgrant;
