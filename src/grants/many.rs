//! Grants in bulk, each step one statement. Run as the extension's owner.

use std::collections::BTreeSet;

use crate::catalog::ObjectType;
use crate::error::Result;
use crate::key::{Family, Key};
use crate::pg::attempt::{past_conflict, unless_there};
use crate::pg::spi::{self, Argument, See};

/// Locks the objects' rows as foreign keys lock, in the order of their keys; `23503` names the
/// first that does not exist.
pub fn lock_objects(object_type: &ObjectType, keys: &BTreeSet<Key>) -> Result<()> {
    if object_type.relation.is_none() {
        return keys.iter().try_for_each(|key| object_type.check_value(key));
    }
    let found = object_type.lock_existing(keys)?;
    match keys.difference(&found).next() {
        Some(missing) => Err(super::single::missing_object(object_type, missing)),
        None => Ok(()),
    }
}

/// Grants all combinations, sorted as the primary key sorts, which keeps two calls from waiting
/// for each other in a circle and fills index pages in order; the number added or changed.
pub fn add(
    family: Family,
    keys: &BTreeSet<Key>,
    permissions: &BTreeSet<i32>,
    subjects: &BTreeSet<i32>,
    expires_at: Option<i64>,
) -> Result<i64> {
    let mut arguments = arguments(family, keys, permissions, subjects);
    let is_new = keys.len() * permissions.len() * subjects.len() >= MANY
        && spi::query_sized(&stands(family), &arguments, See::Latest, |_| Ok(()))? == 0;
    arguments.push(Argument::timestamp(expires_at));
    let insert = |conflict: &str| {
        let sql = format!(
            "INSERT INTO rowgrant.{} AS g (object, perm, subject, expires_at) \
             SELECT o, p, s, $4 FROM pg_catalog.unnest($1) o, pg_catalog.unnest($2) p, \
             pg_catalog.unnest($3) s ORDER BY o, p, s {conflict}",
            family.table()
        );
        Ok(spi::query_sized(&sql, &arguments, See::Latest, |_| Ok(()))? as i64)
    };
    // Without looking for each in the index first: unless somebody grants the same just now.
    if is_new && let Some(added) = unless_there(|| insert("")) {
        return added;
    }
    past_conflict(|| {
        insert(
            "ON CONFLICT (object, perm, subject) DO UPDATE SET expires_at = EXCLUDED.expires_at \
             WHERE g.expires_at IS DISTINCT FROM EXCLUDED.expires_at",
        )
    })
}

/// From so many grants on it pays to find out first whether all are new.
const MANY: usize = 1000;

/// Finds whether any of the combinations stands.
fn stands(family: Family) -> String {
    format!(
        "SELECT FROM rowgrant.{} WHERE object OPERATOR(pg_catalog.=) ANY ($1) \
         AND perm OPERATOR(pg_catalog.=) ANY ($2) AND subject OPERATOR(pg_catalog.=) ANY ($3) LIMIT 1",
        family.table()
    )
}

/// Revokes all combinations, locking in the same order; the number removed.
pub fn remove(
    family: Family,
    keys: &BTreeSet<Key>,
    permissions: &BTreeSet<i32>,
    subjects: &BTreeSet<i32>,
) -> Result<i64> {
    let table = family.table();
    let sql = format!(
        "WITH doomed AS MATERIALIZED (SELECT object, perm, subject FROM rowgrant.{table} \
         WHERE object OPERATOR(pg_catalog.=) ANY ($1) AND perm OPERATOR(pg_catalog.=) ANY ($2) \
         AND subject OPERATOR(pg_catalog.=) ANY ($3) ORDER BY object, perm, subject FOR UPDATE) \
         DELETE FROM rowgrant.{table} g USING doomed d \
         WHERE g.object OPERATOR(pg_catalog.=) d.object AND g.perm OPERATOR(pg_catalog.=) d.perm \
         AND g.subject OPERATOR(pg_catalog.=) d.subject"
    );
    let arguments = arguments(family, keys, permissions, subjects);
    Ok(spi::query_sized(&sql, &arguments, See::Latest, |_| Ok(()))? as i64)
}

fn arguments(
    family: Family,
    keys: &BTreeSet<Key>,
    permissions: &BTreeSet<i32>,
    subjects: &BTreeSet<i32>,
) -> Vec<Argument> {
    let integers =
        |set: &BTreeSet<i32>| Argument::integers(&set.iter().copied().collect::<Vec<_>>());
    vec![Argument::keys(family, keys.iter()), integers(permissions), integers(subjects)]
}
