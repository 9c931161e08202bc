-- After all of it nothing is left behind, and nothing is wrong.
SELECT * FROM rowgrant.orphans();
SELECT * FROM rowgrant.doctor();
SELECT rowgrant.model();
SELECT count(*) FROM grants;
