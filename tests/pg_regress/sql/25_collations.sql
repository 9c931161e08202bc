-- Texts of which a collation takes different ones as equal have no one form. Such a collation needs ICU.
SELECT state IS NOT DISTINCT FROM '0A000' AS without_icu
FROM mistake($$CREATE COLLATION blind (provider = icu, locale = 'und-u-ks-level2', deterministic = false)$$) \gset
\if :without_icu
\quit
\endif
CREATE TABLE bad (id text COLLATE blind PRIMARY KEY);
SELECT * FROM mistake($$SELECT rowgrant.protect('bad')$$);
DROP TABLE bad;
DROP COLLATION blind;
