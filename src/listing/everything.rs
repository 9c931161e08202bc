//! The keys that come from the protected table itself: all of them, or those that a user owns.

use std::ops::ControlFlow;

use crate::catalog::{self, ObjectType, SubjectSource};
use crate::error::{Error, Result};
use crate::key::Key;
use crate::pg::scan::find_rows;
use crate::pg::value::Value;

/// Calls `each` with the key of every row of the table.
pub fn each_row(object_type: &ObjectType, each: impl FnMut(Key) -> Result<()>) -> Result<()> {
    let Some(table) = object_type.relation else {
        return Err(Error::unsupported(format!(
            "all objects of type \"{}\" cannot be listed: it has no table here",
            object_type.name
        ))
        .hint("The permission is held on every object: ask has_perm(user_id, perm, object_type) first."));
    };
    find_rows(table, &[], &key_columns(object_type), of_keys(object_type, each))
}

/// Calls `each` with the key of every row that the user owns.
pub fn each_owned(
    object_type: &ObjectType,
    users: Option<&SubjectSource>,
    owner: &Key,
    each: impl FnMut(Key) -> Result<()>,
) -> Result<()> {
    let (Some(table), Some(column)) = (object_type.relation, &object_type.owner_column) else {
        return Ok(());
    };
    let want = key_columns(object_type);
    catalog::rows_naming(table, column, (users, owner), &want, of_keys(object_type, each))
}

fn key_columns(object_type: &ObjectType) -> Vec<&str> {
    object_type.key_columns.iter().map(String::as_str).collect()
}

fn of_keys(
    object_type: &ObjectType,
    mut each: impl FnMut(Key) -> Result<()>,
) -> impl FnMut(&[Option<Value>]) -> Result<ControlFlow<()>> {
    move |columns| {
        if let Some(key) = object_type.shape.of_columns(columns, "key")? {
            each(key)?;
        }
        Ok(ControlFlow::Continue(()))
    }
}
