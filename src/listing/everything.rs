//! The keys that come from the protected table itself: all of them, or those that a user owns.

use std::ops::ControlFlow;

use crate::catalog::ObjectType;
use crate::error::{Error, Result};
use crate::key::Key;
use crate::pg::scan::find_rows;

/// Calls `each` with the key of every row of the table.
pub fn each_row(object_type: &ObjectType, each: impl FnMut(Key) -> Result<()>) -> Result<()> {
    let Some(table) = object_type.relation else {
        return Err(Error::unsupported(format!(
            "all objects of type \"{}\" cannot be listed: it has no table here",
            object_type.name
        ))
        .hint("The permission is held on every object: ask has_perm(user_id, perm, object_type) first."));
    };
    each_key(object_type, table, &[], each)
}

/// Calls `each` with the key of every row that the user owns.
pub fn each_owned(
    object_type: &ObjectType,
    owner: &Key,
    each: impl FnMut(Key) -> Result<()>,
) -> Result<()> {
    let (Some(table), Some(column)) = (object_type.relation, &object_type.owner_column) else {
        return Ok(());
    };
    each_key(object_type, table, &[(column, owner)], each)
}

fn each_key(
    object_type: &ObjectType,
    table: pgrx::pg_sys::Oid,
    equal: &[(&str, &Key)],
    mut each: impl FnMut(Key) -> Result<()>,
) -> Result<()> {
    let want: Vec<&str> = object_type.key_columns.iter().map(String::as_str).collect();
    find_rows(table, equal, &want, |columns| {
        if let Some(key) = object_type.shape.of_columns(columns, "key")? {
            each(key)?;
        }
        Ok(ControlFlow::Continue(()))
    })
}
