//! ALTER COLUMN TYPE of a key: its grants, or subjects, are brought to the new type's form. Run as
//! the extension's owner, after the statement.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use pgrx::pg_sys::Oid;

use super::grants;
use crate::catalog::{self, Kind, ObjectType, SubjectSource};
use crate::error::{Error, Result};
use crate::key::{Key, KeyColumn, KeyShape};
use crate::pg::relation::Relation;
use crate::pg::scan::find_rows;
use crate::pg::snapshot;
use crate::pg::spi::{self, Argument, See};
use crate::pg::types;

/// The declared type of a column and how it is compared.
fn column(relation: &Relation, name: &str) -> Result<(Oid, KeyColumn)> {
    let (number, declared) = relation.required_column(name)?;
    let collation = relation.collation(number);
    let key = KeyColumn::new(declared, collation).map_err(|why| {
        Error::argument(format!(
            "column \"{name}\" is a key, and type {} cannot be one: {why}",
            types::name(declared)
        ))
        .hint("Call rowgrant.unprotect first.")
    })?;
    Ok((declared, key))
}

/// The error of a key that the new type spells otherwise.
fn lost(key: &Key) -> Error {
    Error::in_use(format!("the grants on \"{}\" would be lost", key.to_text()))
        .hint("As the new type spells it, there is no such row. Revoke them first.")
}

/// Brings the grants of an object type to the type that its key's columns have now.
pub fn objects(object_type: &ObjectType) -> Result<()> {
    let Some(table) = object_type.relation else { return Ok(()) };
    let relation = Relation::open(table);
    let columns = object_type.key_columns.iter().map(|name| column(&relation, name));
    let columns = columns.collect::<Result<Vec<_>>>()?;
    let (declared, columns): (Vec<Oid>, Vec<KeyColumn>) = columns.into_iter().unzip();
    let shape = KeyShape::new(columns);
    spi::execute(
        "UPDATE rowgrant.object_type SET key_types = $2::pg_catalog.regtype[] \
         WHERE id OPERATOR(pg_catalog.=) $1 \
         AND key_types::pg_catalog.oid[] OPERATOR(pg_catalog.<>) $2",
        &[Argument::integer(object_type.id), Argument::oids(&declared)],
        See::Latest,
    )?;
    if shape == object_type.shape {
        return Ok(());
    }
    let permissions = object_type.permission_ids();
    let mut keys = BTreeMap::new();
    for old in grants::objects(object_type.shape.family(), &permissions)? {
        let parts = object_type.shape.split(&old)?;
        let new = shape.of_keys(&parts).map_err(|_| lost(&old))?;
        keys.insert(old, new);
    }
    let new: BTreeSet<Key> = keys.values().cloned().collect();
    let existing = snapshot::with_latest(|| {
        let now = catalog::object_type_by_id(object_type.id)?;
        now.map_or(Ok(BTreeSet::new()), |now| now.existing(&new, See::Latest))
    })?;
    if let Some((old, _)) = keys.iter().find(|(_, new)| !existing.contains(new)) {
        return Err(lost(old));
    }
    grants::rekey((object_type.shape.family(), shape.family()), &keys, &permissions)
}

/// Brings the users, or groups, to the type that their table's key has now.
pub fn subjects(kind: Kind, source: &SubjectSource) -> Result<()> {
    let relation = Relation::open(source.relation);
    let (declared, now) = column(&relation, &source.key_column)?;
    spi::execute(
        "UPDATE rowgrant.subject_source SET key_type = $2 \
         WHERE kind OPERATOR(pg_catalog.=) $1::pg_catalog.\"char\" \
         AND key_type::pg_catalog.oid OPERATOR(pg_catalog.<>) $2",
        &[Argument::text(kind.code()), Argument::oid(declared)],
        See::Latest,
    )?;
    if now == source.column {
        return Ok(());
    }
    for (id, stored) in grants::stored_subjects(kind.code())? {
        let old = Key::Text(stored.clone());
        let new = now.of_text(&stored, "id").map_err(|_| lost(&old))?;
        let mut there = false;
        snapshot::with_latest(|| {
            find_rows(source.relation, &[(&source.key_column, &new)], &[], |_| {
                there = true;
                Ok(ControlFlow::Break(()))
            })
        })?;
        if !there {
            return Err(lost(&old));
        }
        grants::rename_subject(id, &stored, &new.to_text())?;
    }
    Ok(())
}
