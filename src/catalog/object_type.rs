//! An object type with its permissions.

use std::ops::ControlFlow;

use pgrx::pg_sys::Oid;
use rowgrant_core::implication::Implications;
use rowgrant_core::suggest;

use crate::error::{Error, Result};
use crate::key::{Key, KeyShape};
use crate::pg::relation;
use crate::pg::row;
use crate::pg::scan;
use crate::pg::spi::Argument;
use crate::pg::types;
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
    pub fn key_of_row(&self, row: &row::RowValue) -> Result<(Option<Key>, Option<Value>)> {
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
        scan::find_rows(table, &equal, want, |columns| {
            answer = Some(found(columns)?);
            Ok(ControlFlow::Break(()))
        })?;
        Ok(answer)
    }

    /// The condition that the key of a row `d` is among these: one array of the key's own type, so that the
    /// table's index serves; for keys that are arrays, or have several columns, parallel arrays of text.
    pub fn key_among<'a>(
        &self,
        keys: impl Iterator<Item = &'a Key>,
    ) -> Result<(String, Vec<Argument>)> {
        let bases = self.shape.base_types();
        let mut parts: Vec<Vec<String>> = vec![Vec::new(); bases.len()];
        for key in keys {
            for (column, part) in parts.iter_mut().zip(self.shape.split(key)?) {
                column.push(part.to_text());
            }
        }
        let arguments = parts.into_iter().map(Argument::texts).collect();
        let columns = bases.iter().zip(&self.key_columns).map(|(base, name)| {
            let operator = types::equality_operator(*base)?;
            Ok((format!("d.{} {operator}", relation::quote(name)), types::qualified_name(*base)))
        });
        let columns = columns.collect::<Result<Vec<_>>>()?;
        if let ([(column, type_name)], None) = (columns.as_slice(), types::array_element(bases[0]))
        {
            let condition = format!("{column} ANY ($1::pg_catalog.text[]::{type_name}[])");
            return Ok((condition, arguments));
        }
        let (mut arrays, mut names, mut equal) = (Vec::new(), Vec::new(), Vec::new());
        for (i, (column, type_name)) in columns.iter().enumerate() {
            arrays.push(format!("pg_catalog.unnest(${}::pg_catalog.text[])", i + 1));
            names.push(format!("c{i}"));
            equal.push(format!("{column} k.c{i}::{type_name}"));
        }
        let condition = format!(
            "EXISTS (SELECT FROM ROWS FROM ({}) AS k ({}) WHERE {})",
            arrays.join(", "),
            names.join(", "),
            equal.join(" AND ")
        );
        Ok((condition, arguments))
    }
}
