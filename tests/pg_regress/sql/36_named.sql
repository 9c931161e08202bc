-- Users and groups named in columns of another type than that of their ids: where the value is the id's
-- own spelling in that type, and nowhere else; whatever else stands there hinders nobody.
CREATE TABLE people (id integer PRIMARY KEY, active boolean DEFAULT true);
INSERT INTO people SELECT generate_series(40, 50);
SELECT rowgrant.register_users('people', 'active');
CREATE FUNCTION ways(about text, which text) RETURNS TABLE (key text, by_row boolean, by_key boolean, listed boolean, users text[]) LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format('SELECT d.id::text, rowgrant.has_perm(%2$L, ''view'', d), rowgrant.has_perm(%2$L, ''view'', %1$L, d.id),
        d.id IN (SELECT rowgrant.objects_for_user(%2$L, ''view'', %1$L, NULL::integer)),
        ARRAY(SELECT rowgrant.users_with_perm(''view'', %1$L, d.id) ORDER BY 1) FROM %1$I d ORDER BY d.id', about, which);
END $$;
CREATE TABLE by_text (id integer PRIMARY KEY, owner text);
INSERT INTO by_text VALUES (1, '42'), (2, '042'), (3, ' 42 '), (4, 'nobody'), (5, NULL), (6, '43');
SELECT rowgrant.protect('by_text', owner_column => 'owner');
SELECT * FROM ways('by_text', '42');
CREATE TABLE by_numeric (id integer PRIMARY KEY, owner numeric);
INSERT INTO by_numeric VALUES (1, 42), (2, 42.00), (3, 42.5), (4, 'NaN'), (5, 1e40);
SELECT rowgrant.protect('by_numeric', owner_column => 'owner');
SELECT * FROM ways('by_numeric', '42');
CREATE TABLE by_address (id integer PRIMARY KEY, owner inet);
INSERT INTO by_address VALUES (1, '0.0.0.42'), (2, NULL);
SELECT rowgrant.protect('by_address', owner_column => 'owner');
SELECT * FROM ways('by_address', '42');

CREATE TABLE groups (id integer PRIMARY KEY);
INSERT INTO groups VALUES (7), (8);
CREATE TABLE member (who text, what text);
INSERT INTO member VALUES ('42', '7'), ('043', '7'), ('44', '07'), ('45', 'nothing'), ('nobody', '7'), (NULL, '7'), ('46', NULL), ('47', '8');
SELECT rowgrant.register_groups('groups'), rowgrant.register_membership('member', 'who', 'what');
SELECT rowgrant.assign_group_perm(7, 'change', 'by_text', 1);
SELECT who, rowgrant.has_perm(who, 'change', 'by_text', 1) FROM generate_series(42, 47) who;
SELECT rowgrant.users_with_perm('change', 'by_text', 1);

-- Ids of no declared type: any column will do.
DROP TABLE member, groups, people;
SELECT * FROM ways('by_text', '42');
SELECT * FROM ways('by_numeric', '42');
SELECT * FROM ways('by_numeric', 'NaN');
SELECT * FROM ways('by_numeric', 'ann');
SELECT * FROM ways('by_address', '0.0.0.42');
SELECT * FROM ways('by_address', 'ann');
CREATE TABLE by_uuid_text (id integer PRIMARY KEY, owner text);
INSERT INTO by_uuid_text VALUES (1, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'), (2, 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11');
SELECT rowgrant.protect('by_uuid_text', owner_column => 'owner');
SELECT * FROM ways('by_uuid_text', '{A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11}');
DROP TABLE by_text, by_numeric, by_address, by_uuid_text;
DROP FUNCTION ways;
