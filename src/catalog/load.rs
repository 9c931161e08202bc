//! Reading the tables of names under the active snapshot.

use std::ops::ControlFlow;

use pgrx::pg_sys::{self, Oid};
use rowgrant_core::implication::Implications;

use super::{MembershipSource, ObjectType, Permission, Sources, SubjectSource};
use crate::error::{Error, Result};
use crate::key::{Key, KeyColumn, KeyShape};
use crate::pg::own::own_tables;
use crate::pg::place::{Finder, RowId};
use crate::pg::relation::{self, Relation};
use crate::pg::scan::find_rows;
use crate::pg::types;
use crate::pg::value::Value;

fn integer(value: Option<Value>) -> i32 {
    value.and_then(|v| v.as_integer(pg_sys::INT4OID)).unwrap_or_default() as i32
}

fn text(value: Option<Value>) -> Option<String> {
    value.map(Value::print)
}

fn oid(value: Option<Value>) -> Option<Oid> {
    value.map(Value::as_oid)
}

/// The number of the state of all names; `place` is where its row was found last, and becomes where
/// it is.
pub fn version(place: &mut Option<RowId>) -> Result<i64> {
    let mut version = None;
    // There is no other row: its id can be only one.
    let mut finder = Finder::open(own_tables()?.catalog_state, &[], &["id"], &["version"])?;
    finder.find(&[], place.take(), |at, row| {
        *place = at;
        version = row[0].and_then(|v| v.as_integer(pg_sys::INT8OID));
        Ok(ControlFlow::Break(()))
    })?;
    version.ok_or_else(|| Error::internal("rowgrant.catalog_state is empty"))
}

/// The names of all object types.
pub fn type_names() -> Result<Vec<String>> {
    let mut names = Vec::new();
    find_rows(own_tables()?.object_type, &[], &["name"], |row| {
        names.extend(text(row[0]));
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(names)
}

/// The name of the object type whose table this is.
pub fn type_name_of_relation(relation: Oid) -> Result<Option<String>> {
    type_name_by("relation", &Key::Bigint(i64::from(relation.to_u32())))
}

/// The name of the object type with that id.
pub fn type_name_of_id(id: i32) -> Result<Option<String>> {
    type_name_by("id", &Key::Bigint(i64::from(id)))
}

fn type_name_by(column: &str, key: &Key) -> Result<Option<String>> {
    let mut name = None;
    find_rows(own_tables()?.object_type, &[(column, key)], &["name"], |row| {
        name = text(row[0]);
        Ok(ControlFlow::Break(()))
    })?;
    Ok(name)
}

/// What the row of an object type says.
pub struct Stored {
    pub id: i32,
    pub relation: Option<Oid>,
    key_columns: Vec<String>,
    key_types: Vec<Oid>,
    owner_column: Option<String>,
}

impl Stored {
    /// Whether its key still is one: the types are there, and fit.
    pub fn is_intact(&self) -> bool {
        self.key_types.iter().all(|t| types::exists(*t) && KeyColumn::new(*t, Oid::INVALID).is_ok())
    }
}

/// The row of the object type of that name.
pub fn stored(name: &str) -> Result<Option<Stored>> {
    let mut found = None;
    let want = ["id", "relation", "key_columns", "key_types", "owner_column"];
    let key = Key::Text(name.into());
    find_rows(own_tables()?.object_type, &[("name", &key)], &want, |row| {
        let columns = row[2].map(Value::elements).unwrap_or_default();
        let key_types = row[3].map(Value::elements).unwrap_or_default();
        found = Some(Stored {
            id: integer(row[0]),
            relation: oid(row[1]).filter(|oid| relation::exists(*oid)),
            key_columns: columns.into_iter().filter_map(text).collect(),
            key_types: key_types.into_iter().filter_map(oid).collect(),
            owner_column: text(row[4]),
        });
        Ok(ControlFlow::Break(()))
    })?;
    Ok(found)
}

/// The object type of that name.
pub fn object_type(name: &str) -> Result<Option<ObjectType>> {
    let Some(stored) = stored(name)? else { return Ok(None) };
    let Stored { id, relation, key_columns, key_types, owner_column } = stored;
    let shape = key_types.iter().map(|t| key_column(name, *t)).collect::<Result<Vec<_>>>()?;
    let permissions = permissions(id)?;
    let implications = implications(&permissions)?;
    Ok(Some(ObjectType {
        id,
        name: name.to_owned(),
        key_label: format!("key of object type \"{name}\""),
        relation,
        key_columns,
        shape: KeyShape::new(shape),
        owner_column,
        permissions,
        implications,
    }))
}

/// A registered key type was found fit when it was registered.
fn key_column(name: &str, key_type: Oid) -> Result<KeyColumn> {
    if !types::exists(key_type) {
        let gone = format!("the type of the key of \"{name}\" was dropped");
        return Err(Error::undefined(gone)
            .hint("Call rowgrant.unprotect, or the function that registered it, again."));
    }
    KeyColumn::new(key_type, Oid::INVALID).map_err(|why| {
        Error::argument(format!(
            "the key of \"{name}\" is of type {}, which can be no key any more: {why}",
            types::name(key_type)
        ))
    })
}

/// The permissions of the object type with that id, in order of theirs.
pub fn permissions(object_type: i32) -> Result<Vec<Permission>> {
    let mut found = Vec::new();
    let key = Key::Bigint(i64::from(object_type));
    find_rows(own_tables()?.permission, &[("object_type", &key)], &["id", "name"], |row| {
        found.push(Permission { id: integer(row[0]), name: text(row[1]).unwrap_or_default() });
        Ok(ControlFlow::Continue(()))
    })?;
    found.sort_by_key(|p| p.id);
    Ok(found)
}

fn implications(permissions: &[Permission]) -> Result<Implications> {
    let mut edges = Vec::new();
    for permission in permissions {
        let key = Key::Bigint(i64::from(permission.id));
        find_rows(own_tables()?.implication, &[("permission", &key)], &["implied"], |row| {
            edges.push((permission.id, integer(row[0])));
            Ok(ControlFlow::Continue(()))
        })?;
    }
    Ok(Implications::new(edges))
}

/// The application's tables that are registered and still there.
pub fn sources() -> Result<Sources> {
    let mut sources = Sources::default();
    let want = [
        "kind",
        "relation",
        "key_column",
        "key_type",
        "active_column",
        "superuser_column",
        "anonymous_user",
    ];
    let mut rows = Vec::new();
    find_rows(own_tables()?.subject_source, &[], &want, |row| {
        rows.push((
            text(row[0]),
            oid(row[1]).unwrap_or(Oid::INVALID),
            text(row[2]).unwrap_or_default(),
            oid(row[3]).unwrap_or(Oid::INVALID),
            (text(row[4]), text(row[5]), text(row[6])),
        ));
        Ok(ControlFlow::Continue(()))
    })?;
    for (kind, relation, key_name, key_type, (active_column, superuser_column, anonymous)) in rows {
        let column = key_column(&relation::qualified_name(relation), key_type)?;
        let anonymous_user = anonymous.map(|id| column.of_stored(&id)).transpose()?;
        let source = SubjectSource {
            relation,
            key_column: key_name,
            column,
            active_column,
            superuser_column,
            anonymous_user,
        };
        match kind.as_deref() {
            Some("u") => sources.users = Some(source),
            _ => sources.groups = Some(source),
        }
    }
    let want = ["relation", "user_column", "group_column"];
    find_rows(own_tables()?.membership_source, &[], &want, |row| {
        let relation = oid(row[0]).unwrap_or(Oid::INVALID);
        if relation::exists(relation) {
            sources.memberships.push(MembershipSource {
                relation,
                user_column: text(row[1]).unwrap_or_default(),
                group_column: text(row[2]).unwrap_or_default(),
            });
        }
        Ok(ControlFlow::Continue(()))
    })?;
    // Held open no longer than this look-up; opening it here raises the error of a table that is
    // gone while it is still registered.
    for source in sources.users.iter().chain(&sources.groups) {
        drop(Relation::open(source.relation));
    }
    Ok(sources)
}
