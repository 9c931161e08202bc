//! Declaring object types, permissions and the application's own tables.

mod members;
mod object_types;
mod permissions;
mod sources;
mod table;

pub use members::{add_member, add_subgroup, remove_member, remove_subgroup};
pub use object_types::{define_object_type, delete as delete_object_type, protect, unprotect};
pub use permissions::{define_perm, drop_perm};
pub use sources::{register_groups, register_membership, register_users};

use crate::error::{Error, Result};
use crate::pg::spi::{self, See};
use crate::pg::{owner, snapshot};

/// Runs a change of names as the extension's owner, one at a time: it holds the row of
/// `catalog_state` until its transaction ends, and looks only then, so that two changes cannot
/// contradict each other.
fn change<T>(action: impl FnOnce() -> Result<T>) -> Result<T> {
    owner::run(|| {
        spi::execute("SELECT FROM rowgrant.catalog_state FOR UPDATE", &[], See::Latest)?;
        snapshot::with_latest(action)
    })
}

/// Refuses names that could not be told apart when shown, or from an array of names.
fn check_name(name: &str, what: &str) -> Result<()> {
    let unclear = name.is_empty() || name.trim() != name || name.starts_with('{');
    if unclear || name.chars().any(char::is_control) {
        return Err(Error::argument(format!("invalid name for {what}: \"{name}\"")).hint(
            "A name has at least one character, no control characters, no blanks around it, \
             and no brace at its beginning.",
        ));
    }
    Ok(())
}
