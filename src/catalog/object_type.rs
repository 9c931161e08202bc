//! An object type with its permissions.

use std::ops::ControlFlow;

use pgrx::pg_sys::Oid;
use rowgrant_core::implication::Implications;
use rowgrant_core::suggest;

use crate::error::{Error, Result};
use crate::key::{Key, KeyShape};
use crate::pg::relation;
use crate::pg::value::Value;

/// A permission of an object type.
#[derive(Debug, Clone)]
pub struct Permission {
    pub id: i32,
    pub name: String,
}

/// An object type.
#[derive(Debug)]
pub struct ObjectType {
    pub id: i32,
    pub name: String,
    /// The protected table; none for ids kept elsewhere.
    pub relation: Option<Oid>,
    pub key_columns: Vec<String>,
    pub shape: KeyShape,
    pub owner_column: Option<String>,
    /// In order of id.
    pub permissions: Vec<Permission>,
    pub implications: Implications,
}

impl ObjectType {
    /// The permission of that name, or the error that lists the known ones.
    pub fn permission(&self, name: &str) -> Result<&Permission> {
        self.permissions.iter().find(|p| p.name == name).ok_or_else(|| {
            let known = suggest::known(name, self.permissions.iter().map(|p| p.name.as_str()));
            let hint = known.map_or_else(
                || format!("Define it: rowgrant.define_perm('{}', '{name}').", self.name),
                |list| format!("Known permissions of \"{}\": {list}.", self.name),
            );
            Error::undefined(format!(
                "permission \"{name}\" of object type \"{}\" does not exist",
                self.name
            ))
            .hint(hint)
        })
    }

    /// The ids of the permissions that give this one: itself and all that imply it, ascending.
    pub fn giving(&self, name: &str) -> Result<Vec<i32>> {
        Ok(self.implications.giving(self.permission(name)?.id))
    }

    /// The ids of all permissions, ascending.
    pub fn permission_ids(&self) -> Vec<i32> {
        self.permissions.iter().map(|p| p.id).collect()
    }

    /// The key that a value is or spells.
    pub fn key(&self, value: Value) -> Result<Option<Key>> {
        self.shape.of_value(value, &format!("key of object type \"{}\"", self.name))
    }

    /// The key and, where rows have one, the owner of a row of the table given as a value.
    pub fn key_of_row(&self, row: &relation::RowValue) -> Result<(Option<Key>, Option<Value>)> {
        let missing = |column: &str| {
            Error::argument(format!("the row has no column \"{column}\"")).hint(format!(
                "Give a row of the table of object type \"{}\", as in FROM documents d ... (.., d).",
                self.name
            ))
        };
        let mut columns = Vec::with_capacity(self.key_columns.len());
        for name in &self.key_columns {
            columns.push(row.column(name).ok_or_else(|| missing(name))?);
        }
        let what = format!("key of object type \"{}\"", self.name);
        let key = self.shape.of_columns(&columns, &what)?;
        let owner = match &self.owner_column {
            Some(name) => row.column(name).ok_or_else(|| missing(name))?,
            None => None,
        };
        Ok((key, owner))
    }

    /// Reads one row of the table by its key; the answer of `found` on its columns `want`, `None`
    /// where there is no such row or no table.
    pub fn read_row<T>(
        &self,
        key: &Key,
        want: &[&str],
        mut found: impl FnMut(&[Option<Value>]) -> Result<T>,
    ) -> Result<Option<T>> {
        let Some(table) = self.relation else { return Ok(None) };
        let parts = self.shape.split(key)?;
        let names = self.key_columns.iter().map(String::as_str);
        let equal: Vec<(&str, &Key)> = names.zip(&parts).collect();
        let mut answer = None;
        relation::find_rows(table, &equal, want, |columns| {
            answer = Some(found(columns)?);
            Ok(ControlFlow::Break(()))
        })?;
        Ok(answer)
    }
}
