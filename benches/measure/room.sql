-- Bytes a grant, indexes included, while nothing has been changed yet.
CREATE TABLE expert.room AS
SELECT pg_total_relation_size('rowgrant.grant_bigint')::float8 / count(*) AS bytes FROM rowgrant.grant_bigint;
