//! ALTER TYPE ... RENAME VALUE: keys that are values of an enum are stored as its labels. Run as the
//! extension's owner, after the statement.

use std::collections::BTreeMap;

use pgrx::pg_sys::Oid;

use super::grants;
use crate::catalog::{self, Kind};
use crate::error::Result;
use crate::key::Key;
use crate::pg::lock;
use crate::pg::snapshot;
use crate::pg::spi::{self, Argument, See};

/// Gives all keys that hold the label of the changed type the new one. Grants that are being made
/// are waited for.
pub fn all(from: &str, to: &str) -> Result<()> {
    for changed in changed_types()? {
        let sources = catalog::sources()?;
        for kind in [Kind::User, Kind::Group] {
            if kind.source(&sources).is_some_and(|source| source.column.base == changed) {
                lock::change_ids(kind.ids())?;
                snapshot::with_latest(|| subject(kind, from, to))?;
            }
        }
        for object_type in catalog::intact_types()? {
            if object_type.shape.base_types().contains(&changed) {
                lock::for_removal(object_type.id)?;
                snapshot::with_latest(|| objects(&object_type, changed, from, to))?;
            }
        }
    }
    Ok(())
}

fn changed_types() -> Result<Vec<Oid>> {
    let mut types = Vec::new();
    spi::query(
        "SELECT objid FROM pg_catalog.pg_event_trigger_ddl_commands() \
         WHERE classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_type'::pg_catalog.regclass",
        &[],
        See::Latest,
        |row| {
            types.extend(row.as_oid(1));
            Ok(())
        },
    )?;
    Ok(types)
}

fn objects(object_type: &catalog::ObjectType, base: Oid, from: &str, to: &str) -> Result<()> {
    let family = object_type.shape.family();
    let permissions = object_type.permission_ids();
    let mut keys: BTreeMap<Key, Key> = BTreeMap::new();
    for key in grants::objects(family, &permissions)? {
        let relabelled = object_type.shape.relabelled(&key, base, from, to)?;
        keys.insert(key, relabelled);
    }
    grants::rekey((family, family), &keys, &permissions)
}

fn subject(kind: Kind, from: &str, to: &str) -> Result<()> {
    for id in grants::subjects(kind.code(), Some(&Key::Text(from.into())))? {
        grants::rename_subject(id, from, to)?;
    }
    spi::execute(
        "UPDATE rowgrant.subject_source SET anonymous_user = $3 \
         WHERE kind OPERATOR(pg_catalog.=) $1::pg_catalog.\"char\" \
         AND anonymous_user OPERATOR(pg_catalog.=) $2",
        &[Argument::text(kind.code()), Argument::text(from), Argument::text(to)],
        See::Latest,
    )?;
    Ok(())
}
