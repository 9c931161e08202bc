-- Coming from django-guardian.

CREATE FUNCTION rowgrant.import_guardian(schema name DEFAULT 'public') RETURNS TABLE(object_type text, users bigint, groups bigint, grants bigint, skipped bigint)
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_import_guardian';
COMMENT ON FUNCTION rowgrant.import_guardian(name) IS 'Brings the permissions of a Django project with django-guardian over; a row for each model, with what this call added';
