//! Ids of users and groups that no table of the application's declares: any type, one form.

use pgrx::pg_sys::{self, Oid};
use rowgrant_core::uuid_text;

use super::KeyColumn;
use crate::error::{Error, Result};
use crate::pg::types;
use crate::pg::value::Value;

/// The canonical text of an id of no declared type, so that 42, '42' and 42::bigint are one user,
/// and a uuid is one user however it is spelled.
pub fn free_id(value: Value) -> Result<String> {
    let base = value.base_type();
    let column = KeyColumn::new(base, Oid::INVALID).map_err(|why| {
        Error::argument(format!("an id cannot be of type {}: {why}", types::name(base)))
            .hint("Give it as text.")
    })?;
    let text = column.of_value(value, "id")?.to_text();
    let textual = matches!(base, pg_sys::TEXTOID | pg_sys::VARCHAROID | pg_sys::BPCHAROID);
    Ok(if textual { free_text(&text) } else { text })
}

/// The canonical text of an id given as text.
pub fn free_text(text: &str) -> String {
    uuid_text::parse(text).map_or_else(|| text.to_owned(), uuid_text::canonical)
}
