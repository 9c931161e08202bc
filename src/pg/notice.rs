//! Messages that are no errors.

use pgrx::PgLogLevel;
use pgrx::pg_sys::panic::ErrorReport;

/// Tells the client something worth knowing.
pub fn raise(message: String, hint: &'static str) {
    let code = pgrx::PgSqlErrorCode::ERRCODE_SUCCESSFUL_COMPLETION;
    ErrorReport::new(code, message, "rowgrant").set_hint(hint).report(PgLogLevel::NOTICE);
}
