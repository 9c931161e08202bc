-- The application's tables, and the grants as an expert would keep them: one narrow table with an index
-- for each direction, both covering. Subjects are users, and groups under the negative of their id.
--   :size  documents; a tenth as many users, a hundredth as many folders, ten times as many grants
-- Whatever is drawn at random is drawn by hash, so that every run has the same data.
SET client_min_messages = warning;
CREATE SCHEMA expert;

CREATE TABLE users (id integer PRIMARY KEY, name text NOT NULL, is_active boolean NOT NULL, is_superuser boolean NOT NULL);
INSERT INTO users SELECT i, 'user ' || i, true, false FROM generate_series(1, :size / 10 + 7) i;
CREATE TABLE groups (id integer PRIMARY KEY, name text NOT NULL);
INSERT INTO groups SELECT i, 'group ' || i FROM generate_series(1, 1000) i;
-- Ten different groups for each user; none for those of known reach, the last seven.
CREATE TABLE memberships (user_id integer NOT NULL, group_id integer NOT NULL);
INSERT INTO memberships
SELECT u, 1 + (abs(hashint8(u) % 1000) + k * 97) % 1000 FROM generate_series(1, :size / 10) u, generate_series(0, 9) k;
ALTER TABLE memberships ADD PRIMARY KEY (user_id, group_id);
CREATE INDEX ON memberships (group_id, user_id);

CREATE TABLE folders (id bigint PRIMARY KEY, name text NOT NULL);
INSERT INTO folders SELECT i, 'folder ' || i FROM generate_series(1, :size / 100) i;
CREATE TABLE documents (
    id         bigint NOT NULL,
    created_at timestamptz NOT NULL,
    author     integer NOT NULL,
    folder_id  bigint NOT NULL,
    title      text NOT NULL,
    body       text NOT NULL
);
-- No two were created at the same time, so that the newest 20 are the same rows in every plan.
INSERT INTO documents
SELECT i, '2020-01-01 00:00Z'::timestamptz + row_number() OVER (ORDER BY hashint8extended(i, 1)) * interval '1 minute',
    1 + abs(hashint8extended(i, 2) % (:size / 10)), 1 + abs(hashint8extended(i, 3) % (:size / 100)),
    'Document ' || i, repeat(md5(i::text), 6)
FROM generate_series(1, :size) i ORDER BY i;
ALTER TABLE documents ADD PRIMARY KEY (id);
CREATE INDEX ON documents (created_at);
CREATE INDEX ON documents (author);
CREATE INDEX ON documents (folder_id);

-- Users of known reach: they hold grants of their own only.
CREATE TABLE expert.known (name text PRIMARY KEY, user_id integer NOT NULL, reach bigint);
INSERT INTO expert.known
SELECT name, :size / 10 + i, CASE WHEN reach IS NOT NULL THEN least(reach, :size / 2) END
FROM (VALUES (1, '10', 10), (2, '1k', 1000), (3, '100k', 100000), (4, '500k', 500000), (5, 'all', NULL), (6, 'none', 0), (7, 'fixed', 500))
    v (i, name, reach);

-- Permission 1 is to view documents, 2 to view folders.
CREATE TABLE expert.grants (object bigint NOT NULL, perm integer NOT NULL, subject integer NOT NULL);
CREATE TABLE expert.model_grants (perm integer, subject integer, PRIMARY KEY (perm, subject));
INSERT INTO expert.model_grants SELECT perm, user_id FROM expert.known, generate_series(1, 2) perm WHERE name = 'all';

INSERT INTO expert.grants
WITH held AS MATERIALIZED (
    SELECT DISTINCT 1 + abs(hashint8extended(u, k + 100) % :size) AS object, 1 AS perm, u AS subject
    FROM generate_series(1, :size / 10) u, generate_series(1, 50) k
    UNION ALL
    SELECT DISTINCT 1 + abs(hashint8extended(g, k + 1000) % :size), 1, -g
    FROM generate_series(1, 1000) g, generate_series(1, 5 * :size / 1000) k
    UNION ALL
    SELECT d.id, 1, known.user_id
    FROM expert.known
    CROSS JOIN LATERAL (SELECT id FROM documents ORDER BY hashint8extended(id, known.user_id) LIMIT known.reach) d
    WHERE reach > 0
), on_folders AS (
    SELECT DISTINCT 1 + abs(hashint8extended(u, k + 200) % (:size / 100)) AS object, 2 AS perm, u AS subject
    FROM generate_series(1, :size / 10) u, generate_series(1, 2) k
    UNION ALL
    SELECT DISTINCT 1 + abs(hashint8extended(g, k + 2000) % (:size / 100)), 2, -g
    FROM generate_series(1, 1000) g, generate_series(1, 1 + :size / 100000) k
    UNION ALL
    -- As great a part of the folders as of the documents, five at least, and such as hold his documents.
    SELECT f.folder_id, 2, known.user_id
    FROM expert.known
    CROSS JOIN LATERAL (
        SELECT DISTINCT d.folder_id FROM held h JOIN documents d ON d.id = h.object WHERE h.subject = known.user_id
        ORDER BY 1 LIMIT greatest(5, known.reach / 100)
    ) f
    WHERE reach > 0
)
SELECT * FROM (SELECT * FROM held UNION ALL SELECT * FROM on_folders) g ORDER BY object, perm, subject;
CREATE UNIQUE INDEX ON expert.grants (object, perm, subject);
CREATE UNIQUE INDEX ON expert.grants (subject, perm, object);
ANALYZE;

-- The function for each row that many write.
CREATE FUNCTION expert.may(asked_user integer, asked_perm integer, asked_object bigint) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
    RETURN EXISTS (SELECT FROM expert.model_grants m WHERE m.perm = asked_perm AND m.subject = asked_user)
        OR EXISTS (SELECT FROM expert.grants g WHERE g.object = asked_object AND g.perm = asked_perm AND g.subject = asked_user)
        OR EXISTS (SELECT FROM expert.grants g JOIN memberships m ON m.group_id = -g.subject
                   WHERE g.object = asked_object AND g.perm = asked_perm AND m.user_id = asked_user);
END $$;
