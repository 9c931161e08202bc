-- Finding out what is wrong.

CREATE FUNCTION rowgrant.doctor() RETURNS TABLE(severity text, subject text, problem text, remedy text)
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'rowgrant_doctor';
COMMENT ON FUNCTION rowgrant.doctor() IS 'What is wrong or risky, and what helps; no rows when all is well';
CREATE FUNCTION rowgrant.clean_expired(max_rows bigint DEFAULT NULL) RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rowgrant_clean_expired';
COMMENT ON FUNCTION rowgrant.clean_expired(bigint) IS 'Removes grants that have expired, no more than max_rows; their number';

CREATE FUNCTION rowgrant.definition_of(function oid) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (SELECT pg_catalog.concat_ws(' ', p.proowner, l.lanname, p.prosrc, p.probin, p.prosecdef,
                                        p.proleakproof, p.proisstrict, p.proretset, p.provolatile, p.proparallel, p.proconfig,
                                        CASE WHEN p.prosupport OPERATOR(pg_catalog.<>) 0 THEN 'planned' END)
            FROM pg_catalog.pg_proc p
            JOIN pg_catalog.pg_language l ON l.oid OPERATOR(pg_catalog.=) p.prolang
            WHERE p.oid OPERATOR(pg_catalog.=) function);
COMMENT ON FUNCTION rowgrant.definition_of(oid) IS 'All that ALTER FUNCTION and CREATE OR REPLACE can change, for doctor()';

CREATE TABLE rowgrant.definition (
    function   text COLLATE "C" NOT NULL PRIMARY KEY,
    definition text NOT NULL,
    is_public  boolean NOT NULL
);
COMMENT ON TABLE rowgrant.definition IS 'What the extension''s functions were when it was installed or updated';
COMMENT ON COLUMN rowgrant.definition.function IS 'Name and arguments; not an oid, which pg_upgrade would not keep';
COMMENT ON COLUMN rowgrant.definition.definition IS 'As definition_of tells it';
COMMENT ON COLUMN rowgrant.definition.is_public IS 'Whether PUBLIC may execute it';
