//! rowgrant: GRANT for rows. See README.md for what it does, docs/design.md for why it is built
//! this way. The SQL surface is written in sql/; `pg::entry` ties it to the functions here.

mod catalog;
mod check;
mod cleanup;
mod doctor;
mod error;
mod grants;
mod guardian;
mod key;
mod listing;
mod model;
mod pg;
mod planner;
mod session;
mod setup;

pgrx::pg_module_magic!();

pgrx::extension_sql_file!("../sql/10_tables.sql", name = "tables", bootstrap);
pgrx::extension_sql_file!("../sql/20_setup.sql", name = "setup", requires = ["tables"]);
pgrx::extension_sql_file!("../sql/30_grants.sql", name = "grants", requires = ["setup"]);
pgrx::extension_sql_file!("../sql/40_check.sql", name = "check", requires = ["grants"]);
pgrx::extension_sql_file!("../sql/50_listing.sql", name = "listing", requires = ["check"]);
pgrx::extension_sql_file!("../sql/60_cleanup.sql", name = "cleanup", requires = ["listing"]);
pgrx::extension_sql_file!("../sql/65_session.sql", name = "session", requires = ["check"]);
pgrx::extension_sql_file!("../sql/68_views.sql", name = "views", requires = ["cleanup"]);
pgrx::extension_sql_file!("../sql/70_guardian.sql", name = "guardian", requires = ["cleanup"]);
pgrx::extension_sql_file!(
    "../sql/75_planner.sql",
    name = "planner",
    requires = ["listing", "session"]
);
pgrx::extension_sql_file!(
    "../sql/80_doctor.sql",
    name = "doctor",
    requires = ["guardian", "planner"]
);
pgrx::extension_sql_file!("../sql/90_rights.sql", name = "rights", finalize);
