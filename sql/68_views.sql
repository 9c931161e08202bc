-- The permissions as data: views that an ORM can map as models. Whoever may insert into, update or
-- delete from them grants and removes by the functions, with their checks and errors.

CREATE VIEW rowgrant.object_types AS
    SELECT t.name, t.relation::text AS relation, t.key_columns, t.owner_column
    FROM rowgrant.object_type t;
COMMENT ON VIEW rowgrant.object_types IS 'Object types';

CREATE VIEW rowgrant.permissions AS
    SELECT p.id, t.name AS object_type, p.name AS perm,
           ARRAY(SELECT i.name FROM rowgrant.implication m JOIN rowgrant.permission i ON i.id = m.implied
                 WHERE m.permission = p.id ORDER BY i.name) AS implies
    FROM rowgrant.permission p
    JOIN rowgrant.object_type t ON t.id = p.object_type;
COMMENT ON VIEW rowgrant.permissions IS 'Permissions of object types, with those that each implies itself';

CREATE VIEW rowgrant.user_grants AS
    SELECT concat_ws(':', p.id, s.id, g.key) AS id, s.key AS user_id, p.name AS perm, t.name AS object_type, g.key, g.expires_at
    FROM (SELECT perm, subject, object::text AS key, expires_at FROM rowgrant.grant_bigint
          UNION ALL SELECT perm, subject, object::text, expires_at FROM rowgrant.grant_uuid
          UNION ALL SELECT perm, subject, object::text, expires_at FROM rowgrant.grant_text
          UNION ALL SELECT perm, subject, NULL, NULL FROM rowgrant.model_grant) g
    JOIN rowgrant.subject s ON s.id = g.subject AND s.kind = 'u'
    JOIN rowgrant.permission p ON p.id = g.perm
    JOIN rowgrant.object_type t ON t.id = p.object_type;
COMMENT ON VIEW rowgrant.user_grants IS 'Grants to users, on objects and, where key is NULL, on whole types';

CREATE VIEW rowgrant.group_grants AS
    SELECT concat_ws(':', p.id, s.id, g.key) AS id, s.key AS group_id, p.name AS perm, t.name AS object_type, g.key, g.expires_at
    FROM (SELECT perm, subject, object::text AS key, expires_at FROM rowgrant.grant_bigint
          UNION ALL SELECT perm, subject, object::text, expires_at FROM rowgrant.grant_uuid
          UNION ALL SELECT perm, subject, object::text, expires_at FROM rowgrant.grant_text
          UNION ALL SELECT perm, subject, NULL, NULL FROM rowgrant.model_grant) g
    JOIN rowgrant.subject s ON s.id = g.subject AND s.kind IN ('g', 'b')
    JOIN rowgrant.permission p ON p.id = g.perm
    JOIN rowgrant.object_type t ON t.id = p.object_type;
COMMENT ON VIEW rowgrant.group_grants IS 'Grants to groups, the built-in ones among them';

CREATE VIEW rowgrant.members AS
    SELECT concat_ws(':', g.id, u.id) AS id, g.key AS group_id, u.key AS user_id
    FROM rowgrant.membership m
    JOIN rowgrant.subject g ON g.id = m.group_subject AND g.kind = 'g'
    JOIN rowgrant.subject u ON u.id = m.user_subject AND u.kind = 'u';
COMMENT ON VIEW rowgrant.members IS 'Memberships that rowgrant keeps';

CREATE FUNCTION rowgrant.stored_subject(kind text, id text) RETURNS text[]
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'rowgrant_stored_subject';
COMMENT ON FUNCTION rowgrant.stored_subject(text, text) IS 'The number and the canonical id of a user (u) or group (g) that holds something';
CREATE FUNCTION rowgrant.stored_key(object_type text, key text) RETURNS text
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'rowgrant_stored_key';
COMMENT ON FUNCTION rowgrant.stored_key(text, text) IS 'A key in its canonical form';

CREATE FUNCTION rowgrant.set_expiry(kind text, id text, perm text, object_type text, key text, expires_at timestamptz) RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_set_expiry';
COMMENT ON FUNCTION rowgrant.set_expiry(text, text, text, text, text, timestamptz) IS 'Changes when a grant on an object expires; false where there is no such grant any more';

CREATE FUNCTION rowgrant.user_grants_changed() RETURNS trigger
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    stored text[];
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.key IS NULL THEN
            PERFORM rowgrant.remove_perm(OLD.user_id, OLD.perm, OLD.object_type);
        ELSE
            PERFORM rowgrant.remove_perm(OLD.user_id, OLD.perm, OLD.object_type, OLD.key);
        END IF;
        RETURN OLD;
    END IF;
    IF TG_OP = 'UPDATE'
       AND (NEW.id, NEW.user_id, NEW.perm, NEW.object_type, NEW.key) IS DISTINCT FROM (OLD.id, OLD.user_id, OLD.perm, OLD.object_type, OLD.key) THEN
        RAISE 'a grant cannot become another one' USING
            ERRCODE = 'feature_not_supported', HINT = 'Only expires_at can be changed: delete the grant, and insert the other.';
    END IF;
    IF NEW.key IS NULL THEN
        IF NEW.expires_at IS NOT NULL THEN
            RAISE 'a grant on all objects cannot expire' USING
                ERRCODE = 'feature_not_supported', HINT = 'Leave expires_at NULL, or name an object by its key.';
        END IF;
        PERFORM rowgrant.assign_perm(NEW.user_id, NEW.perm, NEW.object_type);
    ELSE
        IF TG_OP = 'INSERT' THEN
            PERFORM rowgrant.assign_perm(NEW.user_id, NEW.perm, NEW.object_type, NEW.key, NEW.expires_at);
        ELSIF NOT rowgrant.set_expiry('u', OLD.user_id, OLD.perm, OLD.object_type, OLD.key, NEW.expires_at) THEN
            -- Somebody else has removed it meanwhile.
            RETURN NULL;
        END IF;
        NEW.key := rowgrant.stored_key(NEW.object_type, NEW.key);
    END IF;
    stored := rowgrant.stored_subject('u', NEW.user_id);
    NEW.user_id := stored[2];
    NEW.id := concat_ws(':', (SELECT p.id FROM rowgrant.permissions p WHERE p.object_type = NEW.object_type AND p.perm = NEW.perm), stored[1], NEW.key);
    RETURN NEW;
END $$;
COMMENT ON FUNCTION rowgrant.user_grants_changed() IS 'Writes to the view user_grants';

CREATE FUNCTION rowgrant.group_grants_changed() RETURNS trigger
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    stored text[];
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.key IS NULL THEN
            PERFORM rowgrant.remove_group_perm(OLD.group_id, OLD.perm, OLD.object_type);
        ELSE
            PERFORM rowgrant.remove_group_perm(OLD.group_id, OLD.perm, OLD.object_type, OLD.key);
        END IF;
        RETURN OLD;
    END IF;
    IF TG_OP = 'UPDATE'
       AND (NEW.id, NEW.group_id, NEW.perm, NEW.object_type, NEW.key) IS DISTINCT FROM (OLD.id, OLD.group_id, OLD.perm, OLD.object_type, OLD.key) THEN
        RAISE 'a grant cannot become another one' USING
            ERRCODE = 'feature_not_supported', HINT = 'Only expires_at can be changed: delete the grant, and insert the other.';
    END IF;
    IF NEW.key IS NULL THEN
        IF NEW.expires_at IS NOT NULL THEN
            RAISE 'a grant on all objects cannot expire' USING
                ERRCODE = 'feature_not_supported', HINT = 'Leave expires_at NULL, or name an object by its key.';
        END IF;
        PERFORM rowgrant.assign_group_perm(NEW.group_id, NEW.perm, NEW.object_type);
    ELSE
        IF TG_OP = 'INSERT' THEN
            PERFORM rowgrant.assign_group_perm(NEW.group_id, NEW.perm, NEW.object_type, NEW.key, NEW.expires_at);
        ELSIF NOT rowgrant.set_expiry('g', OLD.group_id, OLD.perm, OLD.object_type, OLD.key, NEW.expires_at) THEN
            -- Somebody else has removed it meanwhile.
            RETURN NULL;
        END IF;
        NEW.key := rowgrant.stored_key(NEW.object_type, NEW.key);
    END IF;
    stored := rowgrant.stored_subject('g', NEW.group_id);
    NEW.group_id := stored[2];
    NEW.id := concat_ws(':', (SELECT p.id FROM rowgrant.permissions p WHERE p.object_type = NEW.object_type AND p.perm = NEW.perm), stored[1], NEW.key);
    RETURN NEW;
END $$;
COMMENT ON FUNCTION rowgrant.group_grants_changed() IS 'Writes to the view group_grants';

CREATE FUNCTION rowgrant.members_changed() RETURNS trigger
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    stored_group text[];
    stored_user text[];
BEGIN
    IF TG_OP = 'DELETE' THEN
        PERFORM rowgrant.remove_member(OLD.group_id, OLD.user_id);
        RETURN OLD;
    END IF;
    IF TG_OP = 'UPDATE' THEN
        RAISE 'a membership cannot become another one' USING
            ERRCODE = 'feature_not_supported', HINT = 'Delete it, and insert the other.';
    END IF;
    PERFORM rowgrant.add_member(NEW.group_id, NEW.user_id);
    stored_group := rowgrant.stored_subject('g', NEW.group_id);
    stored_user := rowgrant.stored_subject('u', NEW.user_id);
    NEW.group_id := stored_group[2];
    NEW.user_id := stored_user[2];
    NEW.id := concat_ws(':', stored_group[1], stored_user[1]);
    RETURN NEW;
END $$;
COMMENT ON FUNCTION rowgrant.members_changed() IS 'Writes to the view members';

CREATE TRIGGER changed INSTEAD OF INSERT OR UPDATE OR DELETE ON rowgrant.user_grants
    FOR EACH ROW EXECUTE FUNCTION rowgrant.user_grants_changed();
CREATE TRIGGER changed INSTEAD OF INSERT OR UPDATE OR DELETE ON rowgrant.group_grants
    FOR EACH ROW EXECUTE FUNCTION rowgrant.group_grants_changed();
CREATE TRIGGER changed INSTEAD OF INSERT OR UPDATE OR DELETE ON rowgrant.members
    FOR EACH ROW EXECUTE FUNCTION rowgrant.members_changed();
