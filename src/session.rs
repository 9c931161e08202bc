//! set_user and current_user_id, as SQL calls them: who the application user of a transaction is.

use crate::catalog::{self, Sources, UserId};
use crate::error::Result;
use crate::key::{Key, free_text};
use crate::pg::call::{Call, Output};
use crate::pg::session;

/// `set_user(user_id)`: until the transaction ends; NULL for nobody in particular. An id that cannot
/// be one raises `22P02`; one that no user has is nobody who holds anything.
pub fn set_user(call: &Call) -> Result<Output> {
    let sources = catalog::sources()?;
    let id = catalog::user_id(&sources, call.value(0))?;
    session::set_user(id.map(|id| id.to_text()));
    Ok(Output::Void)
}

/// `current_user_id()`: as set, in canonical form; NULL where none is set.
pub fn current_user_id(_call: &Call) -> Result<Output> {
    Ok(session::user().map_or(Output::Null, Output::Text))
}

/// The user that is set, in the form of the table of users as it is now.
pub fn current(sources: &Sources) -> Result<UserId> {
    let Some(id) = session::user() else { return Ok(None) };
    match &sources.users {
        Some(users) => users.column.of_text(&id, "user id").map(Some),
        None => Ok(Some(Key::Text(free_text(&id).into()))),
    }
}
