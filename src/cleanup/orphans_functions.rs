//! orphans and clean_orphans, as SQL calls them.

use std::collections::BTreeMap;

use super::grants;
use super::orphans::{self, Orphan};
use crate::catalog::{self, Kind};
use crate::error::{Error, Result};
use crate::key::Key;
use crate::pg::call::{Call, Column, Output};
use crate::pg::owner;
use crate::pg::spi::See;

fn subjects_gone(see: See) -> Result<Vec<i32>> {
    let mut gone = orphans::subjects_gone(Kind::User, see)?;
    gone.extend(orphans::subjects_gone(Kind::Group, see)?);
    Ok(gone)
}

/// Calls `each` with the object type, key and number of the grants whose object, user or group is
/// gone; at model level there is no key. Run as the extension's owner, under the statement's snapshot.
pub fn each_orphan(mut each: impl FnMut(&str, Option<&Key>, i64)) -> Result<()> {
    let gone = subjects_gone(See::Statement)?;
    for object_type in catalog::intact_types()? {
        // Counts those to somebody gone on objects that are there, and all on the others.
        let mut counts: BTreeMap<Option<Key>, i64> = match gone.is_empty() {
            true => BTreeMap::new(),
            false => orphans::granted_to(&object_type, &gone, See::Statement)?,
        };
        orphans::objects_gone(&object_type, See::Statement, |Orphan { key, grants }| {
            counts.insert(Some(key), grants);
            Ok(())
        })?;
        for (key, grants) in &counts {
            each(&object_type.name, key.as_ref(), *grants);
        }
    }
    Ok(())
}

/// `orphans()`
pub fn orphans(call: &Call) -> Result<Output> {
    let rows = call.rows()?;
    owner::run(|| {
        each_orphan(|object_type, key, grants| {
            let key = key.map_or(Column::Null, |key| Column::Text(key.to_text()));
            rows.push([Column::Text(object_type.to_owned()), key, Column::Integer(grants)]);
        })
    })?;
    Ok(Output::Set)
}

/// `clean_orphans(object_type, max_rows)`: removes them, of one type or of all, no more than so many
/// grants; their number.
pub fn clean_orphans(call: &Call) -> Result<Output> {
    let most = call.bigint(1).unwrap_or(i64::MAX);
    if most < 0 {
        return Err(Error::argument("max_rows must not be negative"));
    }
    let types = match call.text(0) {
        Some(name) => vec![catalog::object_type(&name)?],
        None => catalog::intact_types()?,
    };
    let of_all = call.text(0).is_none();
    owner::run(|| {
        let mut removed = 0;
        for object_type in &types {
            removed += orphans::clean_objects(object_type, most - removed, true)?;
        }
        let gone = subjects_gone(See::Latest)?;
        if !gone.is_empty() {
            if of_all {
                removed += orphans::clean_subjects(&gone, None, most - removed)?;
                grants::delete_subjects_without_grants(&gone)?;
            } else {
                for object_type in &types {
                    let ids = object_type.permission_ids();
                    removed += orphans::clean_subjects(&gone, Some(&ids), most - removed)?;
                }
            }
        }
        Ok(Output::Integer(removed))
    })
}
