-- Tables that differ in their key only. Their rows are in an order that is none of any key's, so that
-- none has its grants at hand for that. Users 1 to 10 hold the rows of odd number, 11 to 20 the others,
-- user 21 a hundred.
SET client_min_messages = warning;
CREATE EXTENSION rowgrant;
CREATE SCHEMA expert;
CREATE TABLE keys_bigint (id bigint PRIMARY KEY, n integer NOT NULL, created_at timestamptz NOT NULL);
CREATE TABLE keys_uuid (id uuid PRIMARY KEY, n integer NOT NULL, created_at timestamptz NOT NULL);
CREATE TABLE keys_text (id text PRIMARY KEY, n integer NOT NULL, created_at timestamptz NOT NULL);
CREATE TABLE keys_composite (a integer, b integer, n integer NOT NULL, created_at timestamptz NOT NULL, PRIMARY KEY (a, b));
INSERT INTO keys_bigint
SELECT i, i, '2020-01-01 00:00Z'::timestamptz + row_number() OVER (ORDER BY hashint8extended(i, 1)) * interval '1 minute'
FROM generate_series(1, :size) i ORDER BY hashint8extended(i, 4);
INSERT INTO keys_uuid SELECT md5(id::text)::uuid, n, created_at FROM keys_bigint ORDER BY hashint8extended(n, 4);
INSERT INTO keys_text SELECT 'document-' || id, n, created_at FROM keys_bigint ORDER BY hashint8extended(n, 4);
INSERT INTO keys_composite SELECT id / 1000, id % 1000, n, created_at FROM keys_bigint ORDER BY hashint8extended(n, 4);
CREATE INDEX ON keys_bigint (created_at);
CREATE INDEX ON keys_uuid (created_at);
CREATE INDEX ON keys_text (created_at);
CREATE INDEX ON keys_composite (created_at);
SELECT rowgrant.protect(t) FROM unnest('{keys_bigint,keys_uuid,keys_text,keys_composite}'::regclass[]) t;
