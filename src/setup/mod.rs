//! Declaring object types, permissions and the application's own tables.

mod members;
mod object_types;
mod permissions;
mod row_security;
mod sources;
mod table;

pub use members::{
    add_member, add_subgroup, built_in, delete_member, delete_subgroup, insert_member,
    insert_subgroup, remove_member, remove_subgroup,
};
pub use object_types::{
    check_ids, check_table, column_types, define_ids, define_object_type,
    delete as delete_object_type, protect, protect_table, remove, rename, unprotect,
};
pub use permissions::{
    add_missing, define_perm, delete as delete_permission, drop_perm, imply, stop_implying,
};
pub use row_security::{
    INTACT, complete as complete_row_security, disable_rls, enable_rls, forget_dropped,
    refuse_if_used, remove_all,
};
pub use sources::{
    Meaning, Source, check_membership, existing_in, forget_membership, read_membership,
    register_groups, register_membership, register_users, unregister,
};
pub use table::Table;

use crate::error::{Error, Result};
use crate::pg::spi::{self, See};
use crate::pg::{owner, snapshot};

/// Runs a change of names as the extension's owner, one at a time, and looks only then, so that two
/// changes cannot contradict each other.
fn change<T>(action: impl FnOnce() -> Result<T>) -> Result<T> {
    lock()?;
    owner::run(|| snapshot::with_latest(action))
}

/// Holds the row of `catalog_state` until the transaction ends: nobody else changes names until
/// then.
pub fn lock() -> Result<()> {
    owner::run(|| {
        spi::execute("SELECT FROM rowgrant.catalog_state FOR UPDATE", &[], See::Latest).map(|_| ())
    })
}

/// Refuses names that could not be told apart when shown, or from an array of names.
pub fn check_name(name: &str, what: &str) -> Result<()> {
    let unclear = name.is_empty() || name.trim() != name || name.starts_with('{');
    if unclear || name.chars().any(char::is_control) {
        return Err(Error::argument(format!("invalid name for {what}: \"{name}\"")).hint(
            "A name has at least one character, no control characters, no blanks around it, \
             and no brace at its beginning.",
        ));
    }
    Ok(())
}
