//! Users and groups named in columns of other tables: owner columns and tables of memberships, whose
//! types need not be those of the ids.
//!
//! A value names an id where it is the id's own spelling in the column's type: the id, cast to that
//! type, is equal to the value, and the value, read as an id, is that id. Neither half would do
//! alone: the text '042' reads as 42, which no look-up of 42 in a column of texts finds, and two
//! texts can be one number.

use std::ops::ControlFlow;

use pgrx::pg_sys::Oid;
use smallvec::{SmallVec, smallvec};

use super::SubjectSource;
use crate::error::Result;
use crate::key::{Key, KeyColumn, Reading, free_id};
use crate::pg::scan::find_rows_spelled;
use crate::pg::value::Value;

/// The id that the value of another table's column names, if it names one.
pub fn named_by(source: Option<&SubjectSource>, value: Value) -> Option<Key> {
    let base = value.base_type();
    if let Some(source) = source
        && (base == source.column.base
            || source.column.is_integer() && value.as_integer(base).is_some())
    {
        return source.column.of_value(value, "id").ok();
    }
    let column = KeyColumn::new(base, Oid::INVALID).ok()?;
    let own = column.of_value(value, "id").ok()?;
    let id = match source {
        Some(source) => match source.column.read(&own.to_text()) {
            Reading::Spells(id) => id,
            _ => return None,
        },
        None => Key::Text(free_id(value).ok()?.into()),
    };
    match column.read(&id.to_text()) {
        Reading::Spells(back) => (back == own).then_some(id),
        Reading::Nothing => None,
        Reading::Unknown => (id.to_text() == own.to_text()).then_some(id),
    }
}

/// What the id is in a column of that type.
pub fn spelled(source: Option<&SubjectSource>, id: &Key, base: Oid) -> Reading {
    match KeyColumn::new(base, Oid::INVALID) {
        Ok(_) if source.is_some_and(|source| source.column.base == base) => {
            Reading::Spells(id.clone())
        }
        Ok(column) => column.read(&id.to_text()),
        Err(_) => Reading::Nothing,
    }
}

/// Calls `each` with the columns `want` of every row of `table` whose `column` names the id, until it
/// breaks.
pub fn rows_naming(
    table: Oid,
    column: &str,
    (source, id): (Option<&SubjectSource>, &Key),
    want: &[&str],
    mut each: impl FnMut(&[Option<Value>]) -> Result<ControlFlow<()>>,
) -> Result<()> {
    let mut columns: SmallVec<[&str; 4]> = smallvec![column];
    columns.extend_from_slice(want);
    let spell = |base| spelled(source, id, base);
    find_rows_spelled(table, column, spell, &columns, |row| match row[0] {
        Some(value) if names(source, value, id) => each(&row[1..]),
        _ => Ok(ControlFlow::Continue(())),
    })
}

fn names(source: Option<&SubjectSource>, value: Value, id: &Key) -> bool {
    if let (Some(source), Key::Bigint(number)) = (source, id)
        && let Some(value) = source.column.integer(value)
    {
        return value == *number;
    }
    named_by(source, value).as_ref() == Some(id)
}
