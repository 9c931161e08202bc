//! An object type with its permissions.

use std::borrow::Borrow;
use std::collections::BTreeSet;
use std::ops::ControlFlow;

use pgrx::pg_sys::{self, Oid};
use rowgrant_core::implication::Implications;
use rowgrant_core::suggest;

use crate::error::{Error, Result};
use crate::key::{Key, KeyShape};
use crate::pg::row;
use crate::pg::scan;
use crate::pg::spi::{self, Argument, See};
use crate::pg::types;
use crate::pg::value::{Value, not_a_key};
use crate::pg::{inherit, owner, relation};

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
    /// What errors call its keys.
    pub key_label: String,
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
        self.shape.of_value(value, &self.key_label)
    }

    /// The key that a text spells, of one column.
    pub fn key_of_text(&self, text: &str) -> Result<Option<Key>> {
        self.shape.of_text(text, &self.key_label)
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
        let key = self.shape.of_columns(&columns, &self.key_label)?;
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
        let mut answer = None;
        self.each_row(key, want, |columns| {
            answer = Some(found(columns)?);
            Ok(ControlFlow::Break(()))
        })?;
        Ok(answer)
    }

    /// Refuses a key that is no value of its type: a number too large for it, or the label of an enum
    /// that has just been renamed.
    pub fn check_value(&self, key: &Key) -> Result<()> {
        for (part, base) in self.shape.split(key)?.iter().zip(self.shape.base_types()) {
            if Value::of_key(part, base)?.is_none() {
                return Err(not_a_key(base, &part.to_text(), &self.key_label));
            }
        }
        Ok(())
    }

    /// The number of rows with that key.
    pub fn count_rows(&self, key: &Key) -> Result<usize> {
        let mut count = 0;
        self.each_row(key, &[], |_| {
            count += 1;
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(count)
    }

    fn each_row(
        &self,
        key: &Key,
        want: &[&str],
        each: impl FnMut(&[Option<Value>]) -> Result<ControlFlow<()>>,
    ) -> Result<()> {
        let Some(table) = self.relation else { return Ok(()) };
        let parts = self.shape.split(key)?;
        let names = self.key_columns.iter().map(String::as_str);
        let equal: Vec<(&str, &Key)> = names.zip(&parts).collect();
        scan::find_rows(table, &equal, want, each)
    }

    /// Whether there is an object with that key: any, where the objects are kept elsewhere.
    pub fn has_row(&self, key: &Key) -> Result<bool> {
        Ok(self.relation.is_none() || self.read_row(key, &[], |_| Ok(()))?.is_some())
    }

    /// The condition that the key of a row `d` is among these: an array of each column's own type, so
    /// that the table's index serves; keys that are arrays themselves go as text.
    pub fn key_among<K: Borrow<Key>>(
        &self,
        keys: impl Iterator<Item = K>,
    ) -> Result<(String, Vec<Argument>)> {
        let bases = self.shape.base_types();
        let is_array = |base: Oid| types::array_element(base).is_some();
        let elements: Vec<Oid> = bases
            .iter()
            .map(|base| if is_array(*base) { pg_sys::TEXTOID } else { *base })
            .collect();
        let mut columns: Vec<Vec<Value>> = vec![Vec::new(); bases.len()];
        for key in keys {
            let parts = self.shape.split(key.borrow())?;
            let values = parts.iter().zip(&elements).map(|(part, base)| Value::of_key(part, *base));
            // A key that no row can have: a number too large for its column.
            let Some(values) = values.collect::<Result<Option<Vec<_>>>>()? else { continue };
            for (column, value) in columns.iter_mut().zip(values) {
                column.push(value);
            }
        }
        let arguments =
            elements.iter().zip(&columns).map(|(base, values)| Argument::values(*base, values));
        let arguments = arguments.collect();
        let (mut unnested, mut names, mut equal) = (vec![], vec![], vec![]);
        for (i, (base, name)) in bases.iter().zip(&self.key_columns).enumerate() {
            let compared =
                format!("d.{} {}", relation::quote(name), types::equality_operator(*base)?);
            if bases.len() == 1 && !is_array(*base) {
                return Ok((format!("{compared} ANY ($1)"), arguments));
            }
            let cast = match is_array(*base) {
                true => format!("::{}", types::qualified_name(*base)),
                false => String::new(),
            };
            unnested.push(format!("pg_catalog.unnest(${})", i + 1));
            names.push(format!("c{i}"));
            equal.push(format!("{compared} k.c{i}{cast}"));
        }
        let condition = format!(
            "EXISTS (SELECT FROM ROWS FROM ({}) AS k ({}) WHERE {})",
            unnested.join(", "),
            names.join(", "),
            equal.join(" AND ")
        );
        Ok((condition, arguments))
    }

    /// Those of the keys of which the table has a row now; locks the rows as foreign keys lock, in the
    /// order of their keys. Of objects kept elsewhere all are there. Run as the extension's owner.
    pub fn lock_existing(&self, keys: &BTreeSet<Key>) -> Result<BTreeSet<Key>> {
        self.find(keys, true, See::Latest)
    }

    /// Those of the keys of which the table has a row, without a lock. Run as the extension's owner.
    pub fn existing(&self, keys: &BTreeSet<Key>, see: See) -> Result<BTreeSet<Key>> {
        self.find(keys, false, see)
    }

    fn find(&self, keys: &BTreeSet<Key>, lock: bool, see: See) -> Result<BTreeSet<Key>> {
        let Some(table) = self.relation else { return Ok(keys.clone()) };
        let (condition, arguments) = self.key_among(keys.iter())?;
        let columns: Vec<String> =
            self.key_columns.iter().map(|name| format!("d.{}", relation::quote(name))).collect();
        let columns = columns.join(", ");
        let locking = match lock {
            true => format!("ORDER BY {columns} FOR KEY SHARE OF d"),
            false => String::new(),
        };
        let sql = format!(
            "SELECT {columns} FROM {} d WHERE {condition}{} {locking}",
            relation::qualified_name(table),
            inherit::and_reliable(table, "d")
        );
        let mut found = BTreeSet::new();
        owner::run_for(table, || {
            spi::query_sized(&sql, &arguments, see, |row| {
                let values: Vec<_> =
                    (1..=self.key_columns.len()).map(|n| row.value(n as i32)).collect();
                found.extend(self.shape.of_columns(&values, "key")?);
                Ok(())
            })
        })?;
        Ok(found)
    }
}
