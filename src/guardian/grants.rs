//! Bringing over what one table of grants holds on one model, in a fixed number of statements.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use pgrx::pg_sys::Oid;

use super::django::{Django, GrantTable, Objects};
use crate::catalog::{self, Kind, ObjectType, SubjectSource};
use crate::error::{Error, Result};
use crate::grants::for_grants;
use crate::key::Key;
use crate::pg::attempt::attempt;
use crate::pg::relation::quote;
use crate::pg::spi::{self, Argument, See};
use crate::pg::types;
use crate::pg::value::Value;

/// What came over.
#[derive(Default)]
pub struct Brought {
    pub users: BTreeSet<i32>,
    pub groups: BTreeSet<i32>,
    pub grants: i64,
    pub skipped: i64,
}

/// One table of grants, as far as one content type goes.
pub struct Source<'a> {
    pub django: &'a Django,
    pub grant: &'a GrantTable,
    pub content_type: i64,
}

impl Source<'_> {
    /// The rows of the table that are about this content type: `g`, with the permission `p`.
    fn rows(&self) -> String {
        let by_type = match self.grant.objects {
            Objects::Generic => "AND g.content_type_id OPERATOR(pg_catalog.=) $1",
            _ => "",
        };
        format!(
            "FROM {} g JOIN {} p ON p.id OPERATOR(pg_catalog.=) g.permission_id \
             AND p.content_type_id OPERATOR(pg_catalog.=) $1 {by_type}",
            self.grant.table.name, self.django.permission.name
        )
    }

    fn argument(&self) -> Argument {
        Argument::bigint(self.content_type)
    }

    /// The number of rows about this content type, whether or not they make sense.
    pub fn count(&self) -> Result<i64> {
        let rows = match self.grant.objects {
            Objects::Generic => format!(
                "FROM {} WHERE content_type_id OPERATOR(pg_catalog.=) $1",
                self.grant.table.name
            ),
            _ => self.rows(),
        };
        let mut count = 0;
        let sql = format!("SELECT pg_catalog.count(*) {rows}");
        spi::query_sized(&sql, &[self.argument()], See::Latest, |row| {
            count = row.integer(1).unwrap_or_default();
            Ok(())
        })?;
        Ok(count)
    }

    /// Brings the rows over. `permissions` are Django's ids with rowgrant's. Run as the extension's
    /// owner.
    pub fn bring(
        &self,
        object_type: &ObjectType,
        permissions: &[(i64, i32)],
        brought: &mut Brought,
    ) -> Result<()> {
        let total = self.count()?;
        let (holders, subjects) = self.subjects()?;
        let (django, own): (Vec<i64>, Vec<i32>) = permissions.iter().copied().unzip();
        let mut arguments = vec![
            self.argument(),
            holders,
            Argument::integers(&subjects),
            Argument::bigints(&django),
            Argument::integers(&own),
        ];
        let holder = format!(
            "g.{} {}",
            quote(&self.grant.holder),
            types::equality_operator(self.holder_type()?)?
        );
        let rows = format!(
            "{} JOIN ROWS FROM (pg_catalog.unnest($2), pg_catalog.unnest($3)) s (id, subject) \
             ON {holder} s.id \
             JOIN ROWS FROM (pg_catalog.unnest($4), pg_catalog.unnest($5)) m (id, perm) \
             ON g.permission_id OPERATOR(pg_catalog.=) m.id",
            self.rows()
        );
        let sql = match self.objects(object_type)? {
            None => insert("rowgrant.model_grant", "perm, subject", "m.perm, s.subject", &rows),
            Some((column, operator, spelled, keys)) => {
                arguments.push(spelled);
                arguments.push(keys);
                let rows = format!(
                    "{rows} JOIN ROWS FROM (pg_catalog.unnest($6), pg_catalog.unnest($7)) \
                     k (spelled, object) ON g.{column} {operator} k.spelled"
                );
                let table = format!("rowgrant.{}", object_type.shape.family().table());
                insert(&table, "object, perm, subject", "k.object, m.perm, s.subject", &rows)
            }
        };
        let mut joined = 0;
        spi::query_sized(&sql, &arguments, See::Latest, |row| {
            joined = row.integer(1).unwrap_or_default();
            brought.grants += row.integer(2).unwrap_or_default();
            let subjects = row.value(3).map(Value::elements).unwrap_or_default();
            let subjects = subjects.into_iter().flatten();
            let subjects = subjects.filter_map(|s| s.as_integer(s.base_type())).map(|s| s as i32);
            match self.grant.kind {
                Kind::User => brought.users.extend(subjects),
                Kind::Group => brought.groups.extend(subjects),
            }
            Ok(())
        })?;
        brought.skipped += total - joined;
        Ok(())
    }

    fn holder_type(&self) -> Result<Oid> {
        let (_, declared) = self.grant.table.relation().required_column(&self.grant.holder)?;
        Ok(types::base(declared))
    }

    /// The users or groups as the table names them, and the subjects that they are.
    fn subjects(&self) -> Result<(Argument, Vec<i32>)> {
        let kind = self.grant.kind;
        let sources = catalog::sources()?;
        let source = kind.source(&sources);
        let mut keys = BTreeSet::new();
        let sql = format!("SELECT DISTINCT g.{} {}", quote(&self.grant.holder), self.rows());
        spi::query_sized(&sql, &[self.argument()], See::Latest, |row| {
            if let Some(id) = row.value(1) {
                keys.insert(SubjectSource::canonical(source, id, &format!("{} id", kind.noun()))?);
            }
            Ok(())
        })?;
        let subjects: BTreeMap<Key, i32> = for_grants(kind, &keys)?;
        let holders = Argument::keys_as(self.holder_type()?, subjects.keys())?;
        Ok((holders, subjects.into_values().collect()))
    }

    /// The column that names the object, how it compares, what stands in it for objects that exist,
    /// and their keys; none where the grants are on the whole model.
    fn objects(
        &self,
        object_type: &ObjectType,
    ) -> Result<Option<(&'static str, String, Argument, Argument)>> {
        let family = object_type.shape.family();
        match self.grant.objects {
            Objects::Model => Ok(None),
            Objects::Generic => {
                let spelled = self.spelled(object_type)?;
                let keys: BTreeSet<Key> = spelled.values().cloned().collect();
                let existing = object_type.lock_existing(&keys)?;
                let (texts, keys): (Vec<String>, Vec<Key>) =
                    spelled.into_iter().filter(|(_, key)| existing.contains(key)).unzip();
                let operator = types::equality_operator(types::TEXT)?;
                let keys = Argument::keys(family, keys.iter());
                Ok(Some(("object_pk", operator, Argument::texts(texts), keys)))
            }
            Objects::Direct(_) => {
                let (_, declared) =
                    self.grant.table.relation().required_column("content_object_id")?;
                let base = types::base(declared);
                let sql = format!("SELECT DISTINCT g.content_object_id {}", self.rows());
                let mut keys = BTreeSet::new();
                spi::query_sized(&sql, &[self.argument()], See::Latest, |row| {
                    if let Some(key) = row.value(1) {
                        keys.extend(object_type.key(key)?);
                    }
                    Ok(())
                })?;
                let existing = object_type.lock_existing(&keys)?;
                let spelled = Argument::keys_as(base, existing.iter())?;
                let operator = types::equality_operator(base)?;
                let keys = Argument::keys(family, existing.iter());
                Ok(Some(("content_object_id", operator, spelled, keys)))
            }
        }
    }

    /// The texts that guardian stores for keys, with the keys that they spell; those that spell none
    /// are left out.
    fn spelled(&self, object_type: &ObjectType) -> Result<HashMap<String, Key>> {
        let mut texts = HashSet::new();
        let sql = format!("SELECT DISTINCT g.object_pk::pg_catalog.text {}", self.rows());
        spi::query_sized(&sql, &[self.argument()], See::Latest, |row| {
            texts.extend(row.text(1));
            Ok(())
        })?;
        let mut spelled = HashMap::with_capacity(texts.len());
        for text in texts {
            if let Some(key) = self.key(object_type, &text)? {
                spelled.insert(text, key);
            }
        }
        Ok(spelled)
    }

    fn key(&self, object_type: &ObjectType, text: &str) -> Result<Option<Key>> {
        let parse = || object_type.key_of_text(text);
        // Parsing these fails without an error of PostgreSQL's, which alone needs a subtransaction.
        let answer = if object_type.shape.parses_plainly(text) { parse() } else { attempt(parse) };
        match answer {
            Err(Error { code, .. }) if code == Error::invalid_key("").code => Ok(None),
            answer => answer,
        }
    }
}

/// Inserts what is not there yet; returns the number of rows read, that of rows inserted, and their
/// subjects.
fn insert(table: &str, columns: &str, values: &str, rows: &str) -> String {
    format!(
        "WITH found AS MATERIALIZED (SELECT {values} {rows}), \
         added AS (INSERT INTO {table} ({columns}) SELECT * FROM found ORDER BY {columns} \
         ON CONFLICT ({columns}) DO NOTHING RETURNING subject) \
         SELECT (SELECT pg_catalog.count(*) FROM found), (SELECT pg_catalog.count(*) FROM added), \
         ARRAY(SELECT DISTINCT subject FROM added)"
    )
}
