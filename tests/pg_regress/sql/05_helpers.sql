-- Shows what a statement raises: SQLSTATE, message and hint.
CREATE FUNCTION mistake(statement text, OUT state text, OUT message text, OUT hint text) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    message := 'no error';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
END $$;
-- All grants, readable.
CREATE VIEW grants AS
SELECT t.name AS object_type, g.object, p.name AS perm, s.kind, s.key AS subject
FROM (SELECT object::text, perm, subject FROM rowgrant.grant_bigint
      UNION ALL SELECT object::text, perm, subject FROM rowgrant.grant_uuid
      UNION ALL SELECT object, perm, subject FROM rowgrant.grant_text
      UNION ALL SELECT NULL, perm, subject FROM rowgrant.model_grant) g
LEFT JOIN rowgrant.permission p ON p.id = g.perm
LEFT JOIN rowgrant.object_type t ON t.id = p.object_type
LEFT JOIN rowgrant.subject s ON s.id = g.subject;
