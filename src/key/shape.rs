//! The whole key of an object type: one column or several.

use pgrx::pg_sys::{self, Oid};
use rowgrant_core::row_text::{self, Row};

use super::{Key, KeyColumn, KeyRef};
use crate::error::{Error, Result};
use crate::pg::value::Value;

/// In which of the three grant tables a type's grants are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    Bigint = 0,
    Uuid = 1,
    Text = 2,
}

impl Family {
    /// The table's name, without schema.
    pub fn table(self) -> &'static str {
        match self {
            Family::Bigint => "grant_bigint",
            Family::Uuid => "grant_uuid",
            Family::Text => "grant_text",
        }
    }
}

/// The columns of a key, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyShape {
    columns: Vec<KeyColumn>,
}

impl KeyShape {
    pub fn new(columns: Vec<KeyColumn>) -> Self {
        Self { columns }
    }

    pub fn family(&self) -> Family {
        match self.columns.as_slice() {
            [one] if one.is_integer() => Family::Bigint,
            [one] if one.is_uuid() => Family::Uuid,
            _ => Family::Text,
        }
    }

    /// The base types of the columns.
    pub fn base_types(&self) -> Vec<Oid> {
        self.columns.iter().map(|c| c.base).collect()
    }

    /// The key that a value is or spells. `None` where a column of it is NULL: no row has that key.
    pub fn of_value(&self, value: Value, what: &str) -> Result<Option<Key>> {
        if let [one] = self.columns.as_slice() {
            return one.of_value(value, what).map(Some);
        }
        let base = value.base_type();
        let is_row = base == pg_sys::RECORDOID || crate::pg::types::kind(base) == b'c';
        if is_row {
            return self.of_columns(&value.row_columns(), what);
        }
        self.of_text(&value.print(), what)
    }

    /// The key that a text spells.
    pub fn of_text(&self, text: &str, what: &str) -> Result<Option<Key>> {
        if let [one] = self.columns.as_slice() {
            return one.of_text(text, what).map(Some);
        }
        let parts = row_text::parse(text).map_err(|why| {
            Error::invalid_key(format!("invalid {what}: \"{text}\"")).hint(format!(
                "The key has {} columns: give ROW(...), or the text of one; {why}.",
                self.columns.len()
            ))
        })?;
        self.check_count(parts.len(), what)?;
        let mut keys = Vec::with_capacity(parts.len());
        for (column, part) in self.columns.iter().zip(parts) {
            let Some(part) = part else { return Ok(None) };
            keys.push(column.of_text(&part, what)?);
        }
        Ok(Some(whole(keys)))
    }

    /// Whether that text is read without PostgreSQL's own input function.
    pub fn parses_plainly(&self, text: &str) -> bool {
        matches!(self.columns.as_slice(), [one] if one.parses_plainly(text))
    }

    /// The key made of its columns' values.
    pub fn of_columns(&self, values: &[Option<Value>], what: &str) -> Result<Option<Key>> {
        Ok(self.of_columns_in(values, what, &mut String::new())?.map(Key::from))
    }

    /// The same, with the text, where it is one, written into `room`.
    pub fn of_columns_in<'a>(
        &self,
        values: &[Option<Value>],
        what: &str,
        room: &'a mut String,
    ) -> Result<Option<KeyRef<'a>>> {
        self.check_count(values.len(), what)?;
        if let ([column], [value]) = (self.columns.as_slice(), values) {
            return value.map(|value| column.of_value_in(value, what, room)).transpose();
        }
        let mut row = Row::new(room);
        for (column, value) in self.columns.iter().zip(values) {
            let Some(value) = *value else { return Ok(None) };
            match column.integer(value) {
                Some(number) => row.push_plain(itoa::Buffer::new().format(number)),
                None => push(&mut row, &column.of_value(value, what)?),
            }
        }
        Ok(Some(KeyRef::Text(row.finish())))
    }

    /// The key that these columns' keys make.
    pub fn of_parts(parts: Vec<Key>) -> Key {
        whole(parts)
    }

    /// The key with this text in place of that one where a column of type `base` has it. Both are
    /// taken as they are stored.
    pub fn relabelled(&self, key: &Key, base: Oid, from: &str, to: &str) -> Result<Key> {
        let relabel = |column: &KeyColumn, part: String| match column.base == base && part == from {
            true => to.to_owned(),
            false => part,
        };
        if let [one] = self.columns.as_slice() {
            return Ok(Key::Text(relabel(one, key.to_text()).into()));
        }
        let parts = self.columns.iter().zip(stored_parts(&key.to_text())?);
        let parts: Vec<String> = parts.map(|(column, part)| relabel(column, part)).collect();
        Ok(Key::Text(row_text::format(&parts).into()))
    }

    /// The columns' keys of a whole key, for looking its row up.
    pub fn split(&self, key: &Key) -> Result<Vec<Key>> {
        if self.columns.len() == 1 {
            return Ok(vec![key.clone()]);
        }
        let parts = self.columns.iter().zip(stored_parts(&key.to_text())?);
        parts.map(|(column, part)| column.of_stored(&part)).collect()
    }

    fn check_count(&self, given: usize, what: &str) -> Result<()> {
        let expected = self.columns.len();
        if given == expected {
            return Ok(());
        }
        Err(Error::invalid_key(format!("invalid {what}: it has {given} columns, not {expected}"))
            .hint("Give the columns of the key in the order of the primary key."))
    }
}

fn stored_parts(text: &str) -> Result<Vec<String>> {
    let parts = row_text::parse(text)
        .map_err(|why| Error::internal(format!("stored key \"{text}\" is malformed: {why}")))?;
    Ok(parts.into_iter().map(Option::unwrap_or_default).collect())
}

fn whole(mut keys: Vec<Key>) -> Key {
    if keys.len() == 1 {
        return keys.remove(0);
    }
    let mut text = String::new();
    let mut row = Row::new(&mut text);
    keys.iter().for_each(|key| push(&mut row, key));
    Key::Text(row.finish().into())
}

/// Adds a column's key to the whole one.
fn push(row: &mut Row, key: &Key) {
    match key {
        Key::Bigint(number) => row.push_plain(itoa::Buffer::new().format(*number)),
        Key::Uuid(_) => row.push_plain(&key.text()),
        Key::Text(text) => row.push(text),
    }
}
