//! Grants whose object, user or group is gone, where no trigger saw it go. Run as the extension's
//! owner.

use std::collections::{BTreeMap, BTreeSet};

use super::grants::by_subject;
use crate::catalog::{self, Kind, ObjectType};
use crate::error::Result;
use crate::key::{Family, Key};
use crate::pg::relation::{qualified_name, quote};
use crate::pg::spi::{self, Argument, See};
use crate::pg::types;
use crate::pg::{inherit, owner};

/// So many objects, or subjects, are looked up at once.
const CHUNK: usize = 10_000;

/// Grants on one object that is gone, or to somebody who is.
pub struct Orphan {
    pub key: Key,
    pub grants: i64,
}

/// Calls `each` with the objects that are gone, in the order of their keys, and the number of grants
/// that stand on each.
pub fn objects_gone(
    object_type: &ObjectType,
    see: See,
    mut each: impl FnMut(Orphan) -> Result<()>,
) -> Result<()> {
    if object_type.relation.is_none() {
        return Ok(());
    }
    let family = object_type.shape.family();
    let mut last: Option<Key> = None;
    loop {
        let chunk = granted_objects(family, &object_type.permission_ids(), last.as_ref(), see)?;
        let keys: BTreeSet<Key> = chunk.keys().cloned().collect();
        let existing = object_type.existing(&keys, see)?;
        last = keys.last().cloned();
        for (key, grants) in chunk {
            if !existing.contains(&key) {
                each(Orphan { key, grants })?;
            }
        }
        if keys.len() < CHUNK {
            return Ok(());
        }
    }
}

/// The next objects on which there are grants.
fn granted_objects(
    family: Family,
    permissions: &[i32],
    after: Option<&Key>,
    see: See,
) -> Result<BTreeMap<Key, i64>> {
    let mut arguments = vec![Argument::integers(permissions)];
    let mut beyond = "";
    if let Some(after) = after {
        beyond = "AND object OPERATOR(pg_catalog.>) $2";
        arguments.push(Argument::key(after));
    }
    let sql = format!(
        "SELECT object, pg_catalog.count(*) FROM rowgrant.{} \
         WHERE perm OPERATOR(pg_catalog.=) ANY ($1) {beyond} \
         GROUP BY object ORDER BY object LIMIT {CHUNK}",
        family.table()
    );
    let mut found = BTreeMap::new();
    spi::query_sized(&sql, &arguments, see, |row| {
        if let (Some(object), Some(count)) = (row.value(1), row.integer(2)) {
            found.insert(object.as_key(family), count);
        }
        Ok(())
    })?;
    Ok(found)
}

/// The subjects of users, or of groups, whose row is gone.
pub fn subjects_gone(kind: Kind, see: See) -> Result<Vec<i32>> {
    let sources = catalog::sources()?;
    let Some(source) = kind.source(&sources) else { return Ok(Vec::new()) };
    let mut gone = Vec::new();
    let mut last = 0;
    loop {
        let mut chunk = BTreeMap::new();
        spi::query_sized(
            &format!(
                "SELECT id, key FROM rowgrant.subject \
                 WHERE kind OPERATOR(pg_catalog.=) $1::pg_catalog.\"char\" \
                 AND id OPERATOR(pg_catalog.>) $2 ORDER BY id LIMIT {CHUNK}"
            ),
            &[Argument::text(kind.code()), Argument::integer(last)],
            see,
            |row| {
                if let (Some(id), Some(text)) = (row.integer(1), row.text(2)) {
                    chunk.insert(id as i32, source.column.of_stored(&text)?);
                }
                Ok(())
            },
        )?;
        let sql = format!(
            "SELECT t.{column} FROM {table} t WHERE t.{column} {equal} ANY ($1){reliable}",
            reliable = inherit::and_reliable(source.relation, "t"),
            column = quote(&source.key_column),
            table = qualified_name(source.relation),
            equal = types::equality_operator(source.column.base)?,
        );
        let mut existing = BTreeSet::new();
        let arguments = [Argument::keys_as(source.column.base, chunk.values())?];
        owner::run_for(source.relation, || {
            spi::query_sized(&sql, &arguments, see, |row| {
                if let Some(id) = row.value(1) {
                    existing.insert(source.column.of_value(id, "id")?);
                }
                Ok(())
            })
        })?;
        gone.extend(chunk.iter().filter(|(_, key)| !existing.contains(key)).map(|(id, _)| *id));
        match chunk.last_key_value() {
            Some((id, _)) if chunk.len() == CHUNK => last = *id,
            _ => return Ok(gone),
        }
    }
}

/// Removes the grants on all objects of the type that are gone; their number, of which there are no
/// more than `most`. Where `lock` is set nobody may write to the table until the transaction ends.
pub fn clean_objects(object_type: &ObjectType, most: i64, lock: bool) -> Result<i64> {
    let mut keys = Vec::new();
    let mut found = 0;
    let mut collect = |orphan: Orphan| {
        if found < most {
            found += orphan.grants;
            keys.push(orphan.key);
        }
        Ok(())
    };
    objects_gone(object_type, See::Latest, &mut collect)?;
    let Some(table) = object_type.relation.filter(|_| !keys.is_empty()) else { return Ok(0) };
    if lock {
        // A row may have come with such a key, and a grant on it, since: none does from here on.
        spi::define(&format!("LOCK TABLE {} IN SHARE MODE", qualified_name(table)))?;
    }
    let candidates: BTreeSet<Key> = keys.into_iter().collect();
    let existing = object_type.existing(&candidates, See::Latest)?;
    let gone: Vec<&Key> = candidates.difference(&existing).collect();
    let family = object_type.shape.family();
    let sql = format!(
        "WITH gone AS MATERIALIZED (SELECT object, perm, subject FROM rowgrant.{table} \
         WHERE object OPERATOR(pg_catalog.=) ANY ($1) AND perm OPERATOR(pg_catalog.=) ANY ($2) \
         ORDER BY object, perm, subject LIMIT $3 FOR UPDATE) \
         DELETE FROM rowgrant.{table} g USING gone d \
         WHERE g.object OPERATOR(pg_catalog.=) d.object AND g.perm OPERATOR(pg_catalog.=) d.perm \
         AND g.subject OPERATOR(pg_catalog.=) d.subject",
        table = family.table()
    );
    let arguments = [
        Argument::keys(family, gone),
        Argument::integers(&object_type.permission_ids()),
        Argument::bigint(most),
    ];
    Ok(spi::query_sized(&sql, &arguments, See::Latest, |_| Ok(()))? as i64)
}

/// Removes what is granted to these subjects, of these permissions or of any; the number of grants,
/// no more than `most`.
pub fn clean_subjects(subjects: &[i32], permissions: Option<&[i32]>, most: i64) -> Result<i64> {
    let mut removed = 0;
    let of_type = match permissions {
        Some(_) => "AND perm OPERATOR(pg_catalog.=) ANY ($3)",
        None => "AND $3 IS NULL",
    };
    for (table, condition) in by_subject() {
        let sql = format!(
            "DELETE FROM rowgrant.{table} WHERE ctid OPERATOR(pg_catalog.=) ANY (ARRAY(\
             SELECT ctid FROM rowgrant.{table} WHERE subject OPERATOR(pg_catalog.=) ANY ($1) \
             {of_type}{condition} LIMIT $2))"
        );
        let arguments = [
            Argument::integers(subjects),
            Argument::bigint(most - removed),
            permissions.map_or_else(Argument::no_integers, Argument::integers),
        ];
        removed += spi::query_sized(&sql, &arguments, See::Latest, |_| Ok(()))? as i64;
    }
    Ok(removed)
}

/// The number of grants to these subjects on each object of the type; at model level under `None`.
pub fn granted_to(
    object_type: &ObjectType,
    subjects: &[i32],
    see: See,
) -> Result<BTreeMap<Option<Key>, i64>> {
    let mut found = BTreeMap::new();
    let arguments =
        [Argument::integers(subjects), Argument::integers(&object_type.permission_ids())];
    let family = object_type.shape.family();
    let condition =
        "subject OPERATOR(pg_catalog.=) ANY ($1) AND perm OPERATOR(pg_catalog.=) ANY ($2)";
    let table = family.table();
    let sql = format!(
        "SELECT object, pg_catalog.count(*) FROM (\
         SELECT object FROM rowgrant.{table} WHERE {condition} AND expires_at IS NULL UNION ALL \
         SELECT object FROM rowgrant.{table} WHERE {condition} AND expires_at IS NOT NULL) g GROUP BY object"
    );
    spi::query_sized(&sql, &arguments, see, |row| {
        if let (Some(object), Some(count)) = (row.value(1), row.integer(2)) {
            found.insert(Some(object.as_key(family)), count);
        }
        Ok(())
    })?;
    let sql = format!("SELECT pg_catalog.count(*) FROM rowgrant.model_grant WHERE {condition}");
    spi::query_sized(&sql, &arguments, see, |row| {
        if let Some(count) = row.integer(1).filter(|count| *count > 0) {
            found.insert(None, count);
        }
        Ok(())
    })?;
    Ok(found)
}
