//! What is asked of a table before it is registered.

use pgrx::pg_sys::{self, Oid};

use crate::error::{Error, Result};
use crate::key::KeyColumn;
use crate::pg::own;
use crate::pg::relation::{self, Relation};
use crate::pg::{owner, types, version};

/// A table of the application's, owned by the current role.
pub struct Table {
    pub oid: Oid,
    pub name: String,
}

impl Table {
    /// Opens it; refuses views and other things without rows of their own, temporary and system
    /// tables, and tables that the current role does not own.
    pub fn open(oid: Option<Oid>) -> Result<Self> {
        let oid = oid.ok_or_else(|| crate::pg::call::null_argument("relation"))?;
        if !relation::exists(oid) {
            return Err(Error::undefined(format!("relation {} does not exist", oid.to_u32())));
        }
        let name = relation::qualified_name(oid);
        let opened = Relation::open(oid);
        let kind = match opened.kind() {
            b'r' | b'p' => None,
            b'v' => Some("a view"),
            b'm' => Some("a materialized view"),
            b'f' => Some("a foreign table"),
            _ => Some("not a table"),
        };
        if let Some(kind) = kind {
            return Err(Error::argument(format!("{name} is {kind}"))
                .hint("Only ordinary and partitioned tables can be used here."));
        }
        if opened.is_temporary() {
            return Err(Error::argument(format!("{name} is a temporary table"))
                .hint("Permissions would outlive it: use a permanent table."));
        }
        let own = own::own_tables()?;
        let schema = |oid| relation::schema_of(oid);
        if oid.to_u32() < pg_sys::FirstNormalObjectId || schema(oid) == schema(own.object_type) {
            return Err(Error::argument(format!("{name} is a system table"))
                .hint("Only the application's own tables can be used here."));
        }
        if !version::owns_relation(oid, owner::current_role()) {
            return Err(Error::forbidden(format!("must be owner of table {name}")));
        }
        Ok(Self { oid, name })
    }

    /// The relation, open no longer than it is read: policies come and go on none that is.
    pub fn relation(&self) -> Relation {
        Relation::open(self.oid)
    }

    /// The declared type of a column and how its values are compared.
    pub fn column(&self, column: &str) -> Result<(Oid, KeyColumn)> {
        let Some((_, type_oid, collation)) = self.relation().column(column) else {
            return Err(Error::argument(format!(
                "column \"{column}\" of table {} does not exist",
                self.name
            )));
        };
        let key = KeyColumn::new(type_oid, collation).map_err(|why| {
            Error::argument(format!(
                "column \"{column}\" of table {} cannot be a key: type {}: {why}",
                self.name,
                types::name(type_oid)
            ))
            .hint("Name another unique column with the argument key.")
        })?;
        Ok((type_oid, key))
    }

    /// Checks that there is such a column of type boolean.
    pub fn check_boolean(&self, column: &str) -> Result<()> {
        match self.relation().column(column) {
            Some((_, type_oid, _)) if types::base(type_oid) == pg_sys::BOOLOID => Ok(()),
            Some(_) => Err(Error::argument(format!(
                "column \"{column}\" of table {} is not boolean",
                self.name
            ))),
            None => Err(Error::argument(format!(
                "column \"{column}\" of table {} does not exist",
                self.name
            ))),
        }
    }

    /// The columns of the primary key.
    pub fn primary_key(&self) -> Result<Vec<String>> {
        let keys = self.relation().unique_keys();
        keys.into_iter().find(|(_, primary)| *primary).map(|(names, _)| names).ok_or_else(|| {
            Error::argument(format!("table {} has no primary key", self.name))
                .hint("Add one, or name a unique NOT NULL key with the argument key.")
        })
    }

    /// Checks that these columns are unique together and never NULL.
    pub fn check_key(&self, columns: &[String]) -> Result<()> {
        for column in columns {
            self.column(column)?;
        }
        let same = |names: &[String]| {
            names.len() == columns.len() && names.iter().all(|n| columns.contains(n))
        };
        let unique = self.relation().unique_keys().iter().any(|(names, _)| same(names));
        let nullable = columns.iter().any(|c| self.relation().column_is_nullable(c));
        if columns.is_empty() || !unique || nullable {
            return Err(Error::argument(format!(
                "({}) is not a unique NOT NULL key of table {}",
                columns.join(", "),
                self.name
            ))
            .hint("It needs a unique index over just these columns, all of them NOT NULL."));
        }
        Ok(())
    }
}
