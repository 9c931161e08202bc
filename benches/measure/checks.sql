-- 50,000 questions, half of them to be answered with yes, a quarter by a group's grant.
CREATE TABLE expert.checks (user_id integer NOT NULL, object bigint NOT NULL, granted boolean NOT NULL);
WITH own AS (
    SELECT subject AS user_id, object FROM expert.grants WHERE perm = 1 AND subject BETWEEN 1 AND :size / 10
    ORDER BY hashint8extended(object, subject) LIMIT 12500
), theirs AS (
    SELECT m.user_id, g.object
    FROM (SELECT subject, object FROM expert.grants WHERE perm = 1 AND subject < 0 ORDER BY hashint8extended(object, subject) LIMIT 12500) g
    CROSS JOIN LATERAL (SELECT user_id FROM memberships WHERE group_id = -g.subject ORDER BY hashint8extended(user_id, g.object) LIMIT 1) m
), yes AS (
    SELECT * FROM own UNION ALL SELECT * FROM theirs
), drawn AS (
    SELECT (1 + abs(hashint8extended(i, 11) % (:size / 10)))::integer AS user_id, 1 + abs(hashint8extended(i, 12) % :size) AS object
    FROM generate_series(1, 200000) i
), no AS (
    SELECT user_id, object FROM drawn
    WHERE NOT EXISTS (SELECT FROM expert.grants g WHERE g.object = drawn.object AND g.perm = 1
        AND g.subject = ANY (ARRAY[drawn.user_id] || ARRAY(SELECT -m.group_id FROM memberships m WHERE m.user_id = drawn.user_id)))
    LIMIT 25000
)
INSERT INTO expert.checks
SELECT * FROM (SELECT user_id, object, true AS granted FROM yes UNION ALL SELECT user_id, object, false FROM no) c
ORDER BY hashint8extended(object, user_id);

-- The same for one user alone: objects of his and of his groups come more than once where there are few.
CREATE FUNCTION expert.checks_of(who integer) RETURNS SETOF expert.checks LANGUAGE sql AS $$
WITH reached AS (
    SELECT DISTINCT object FROM expert.grants
    WHERE perm = 1 AND subject = ANY (ARRAY[who] || ARRAY(SELECT -m.group_id FROM memberships m WHERE m.user_id = who))
), yes AS MATERIALIZED (
    SELECT row_number() OVER (ORDER BY object) - 1 AS n, object FROM reached
), no AS MATERIALIZED (
    SELECT row_number() OVER (ORDER BY id) - 1 AS n, id AS object FROM documents WHERE id NOT IN (SELECT object FROM reached)
), drawn AS MATERIALIZED (
    SELECT i, abs(hashint8extended(i, 13) % (SELECT count(*) FROM yes)) AS yes, abs(hashint8extended(i, 14) % (SELECT count(*) FROM no)) AS no
    FROM generate_series(1, 25000) i
)
SELECT who, object, granted FROM (
    SELECT i, yes.object, true AS granted FROM drawn JOIN yes ON yes.n = drawn.yes
    UNION ALL
    SELECT i, no.object, false FROM drawn JOIN no ON no.n = drawn.no
) c
ORDER BY hashint8extended(object, i)
$$;
-- A user with ten groups, whose reach grows with the data, and one whose reach is 500 in all.
CREATE TABLE expert.fixed_checks AS SELECT * FROM expert.checks_of(1);
CREATE TABLE expert.reach_checks AS SELECT * FROM expert.checks_of((SELECT user_id FROM expert.known WHERE name = 'fixed'));
