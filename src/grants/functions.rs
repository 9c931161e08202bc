//! assign_perm, remove_perm and their forms, as SQL calls them.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use pgrx::pg_sys;

use super::subject::Grantee;
use super::{many, single, subject};
use crate::catalog::{self, Kind, ObjectType};
use crate::error::{Error, Result};
use crate::key::Key;
use crate::pg::call::{Call, Output, null_argument};
use crate::pg::row::row_value;
use crate::pg::value::Value;
use crate::pg::{lock, owner, snapshot, types};

/// What one call grants or revokes.
struct Grant {
    kind: Kind,
    grantee: Grantee,
    object_type: Rc<ObjectType>,
    permission: i32,
}

impl Grant {
    fn new(call: &Call, kind: Kind, object_type: Rc<ObjectType>) -> Result<Self> {
        let name = call.required_text(1, "perm")?;
        let id = call.value(0).ok_or_else(|| null_argument(id_name(kind)))?;
        let permission = object_type.permission(&name)?.id;
        Ok(Self { kind, grantee: Grantee::new(kind, id)?, object_type, permission })
    }

    fn named(call: &Call, kind: Kind) -> Result<Self> {
        let object_type = catalog::object_type(&call.required_text(2, "object_type")?)?;
        Self::new(call, kind, object_type)
    }

    fn assign(&self, key: &Key, expires_at: Option<i64>) -> Result<bool> {
        owner::run(|| {
            hold(self.kind, &self.object_type, &[self.permission])?;
            single::lock_object(&self.object_type, key)?;
            let subject = self.grantee.for_grant(self.kind)?;
            single::add(self.object_type.shape.family(), key, self.permission, subject, expires_at)
        })
    }

    fn remove(&self, key: &Key) -> Result<bool> {
        owner::run(|| match self.grantee.for_removal(self.kind)? {
            Some(subject) => {
                single::remove(self.object_type.shape.family(), key, self.permission, subject)
            }
            None => Ok(false),
        })
    }
}

/// Keeps the object type, these permissions of it and what ids mean as they are until the transaction
/// ends; the error where any of it was removed or changed since it was looked up.
fn hold(kind: Kind, object_type: &ObjectType, permissions: &[i32]) -> Result<()> {
    subject::hold_ids(kind)?;
    lock::for_granting(object_type.id)?;
    let now = snapshot::with_latest(|| catalog::object_type_by_id(object_type.id))?;
    let stands = now.is_some_and(|now| {
        now.shape == object_type.shape
            && permissions.iter().all(|id| now.permissions.iter().any(|p| p.id == *id))
    });
    if stands {
        return Ok(());
    }
    Err(Error::undefined(format!(
        "object type \"{}\", or its permission, was removed or changed just now",
        object_type.name
    ))
    .hint("Try again."))
}

fn id_name(kind: Kind) -> &'static str {
    match kind {
        Kind::User => "user_id",
        Kind::Group => "group_id",
    }
}

fn key_argument(call: &Call, object_type: &ObjectType) -> Result<Key> {
    let value = call.value(3).ok_or_else(Key::missing)?;
    object_type.key(value)?.ok_or_else(Key::missing)
}

/// The grant and key of a call that gives the object as a row.
fn by_row(call: &Call, kind: Kind) -> Result<(Grant, Key)> {
    let row = row_value(call.value(2).ok_or_else(|| null_argument("object"))?);
    let table = types::relation_of_row_type(row.type_oid).ok_or_else(|| {
        Error::argument("the object is not a row of a table")
            .hint("Give a row of a protected table, as in FROM documents d ... (.., d).")
    })?;
    let object_type = catalog::object_type_of_table(table)?;
    let (key, _) = object_type.key_of_row(&row)?;
    Ok((Grant::new(call, kind, object_type)?, key.ok_or_else(Key::missing)?))
}

fn assign_key(call: &Call, kind: Kind) -> Result<Output> {
    let grant = Grant::named(call, kind)?;
    let key = key_argument(call, &grant.object_type)?;
    grant.assign(&key, call.timestamp(4)).map(Output::Bool)
}

fn assign_row(call: &Call, kind: Kind) -> Result<Output> {
    let (grant, key) = by_row(call, kind)?;
    grant.assign(&key, expiry(call.value(3))?).map(Output::Bool)
}

fn assign_model(call: &Call, kind: Kind) -> Result<Output> {
    let grant = Grant::named(call, kind)?;
    owner::run(|| {
        hold(kind, &grant.object_type, &[grant.permission])?;
        single::add_model_level(grant.permission, grant.grantee.for_grant(kind)?)
    })
    .map(Output::Bool)
}

/// The time at which a grant on a row expires, of any type that spells a timestamptz.
fn expiry(value: Option<Value>) -> Result<Option<i64>> {
    let Some(value) = value else { return Ok(None) };
    let base = value.base_type();
    let spelled = [
        pg_sys::TIMESTAMPTZOID,
        pg_sys::TIMESTAMPOID,
        pg_sys::DATEOID,
        pg_sys::TEXTOID,
        pg_sys::VARCHAROID,
    ];
    if !spelled.contains(&base) {
        return Err(Error::argument(format!("expires_at cannot be of type {}", types::name(base)))
            .hint("Give a timestamptz."));
    }
    if base == pg_sys::TIMESTAMPTZOID {
        return Ok(Some(value.as_timestamp()));
    }
    // By way of the text, as an assignment cast would have it: in the session's time zone.
    Value::parse(pg_sys::TIMESTAMPTZOID, &value.print(), "expires_at")
        .map(|parsed| Some(parsed.as_timestamp()))
}

fn remove_key(call: &Call, kind: Kind) -> Result<Output> {
    let grant = Grant::named(call, kind)?;
    let key = key_argument(call, &grant.object_type)?;
    grant.remove(&key).map(Output::Bool)
}

fn remove_row(call: &Call, kind: Kind) -> Result<Output> {
    let (grant, key) = by_row(call, kind)?;
    grant.remove(&key).map(Output::Bool)
}

fn remove_model(call: &Call, kind: Kind) -> Result<Output> {
    let grant = Grant::named(call, kind)?;
    owner::run(|| match grant.grantee.for_removal(kind)? {
        Some(subject) => single::remove_model_level(grant.permission, subject),
        None => Ok(false),
    })
    .map(Output::Bool)
}

/// All combinations of the arrays' elements, in the one order in which every bulk call takes its
/// locks: objects ascending, then permissions, then subjects.
struct Combinations {
    object_type: Rc<ObjectType>,
    keys: BTreeSet<Key>,
    permissions: BTreeSet<i32>,
    grantees: Grantees,
}

impl Combinations {
    fn new(call: &Call, kind: Kind) -> Result<Self> {
        let object_type = catalog::object_type(&call.required_text(2, "object_type")?)?;
        let mut permissions = BTreeSet::new();
        for name in call.texts(1).ok_or_else(|| null_argument("perms"))? {
            let name = name.ok_or_else(|| null_element("perms"))?;
            permissions.insert(object_type.permission(&name)?.id);
        }
        let ids = format!("{}s", id_name(kind));
        let mut grantees = Grantees::default();
        for id in elements(call, 0, &ids)? {
            match Grantee::new(kind, id.ok_or_else(|| null_element(&ids))?)? {
                Grantee::BuiltIn(subject) => grantees.built_in.insert(subject),
                Grantee::Key(key) => grantees.keys.insert(key),
            };
        }
        let mut keys = BTreeSet::new();
        for key in elements(call, 3, "keys")? {
            let key = object_type.key(key.ok_or_else(|| null_element("keys"))?)?;
            keys.insert(key.ok_or_else(Key::missing)?);
        }
        Ok(Self { object_type, keys, permissions, grantees })
    }

    fn is_empty(&self) -> bool {
        self.keys.is_empty() || self.permissions.is_empty() || self.grantees.is_empty()
    }
}

/// Whom a bulk call is about.
#[derive(Default)]
struct Grantees {
    built_in: BTreeSet<i32>,
    keys: BTreeSet<Key>,
}

impl Grantees {
    fn is_empty(&self) -> bool {
        self.built_in.is_empty() && self.keys.is_empty()
    }

    /// All subjects, with those that the keys were found to be.
    fn subjects(&self, found: BTreeMap<Key, i32>) -> BTreeSet<i32> {
        self.built_in.iter().copied().chain(found.into_values()).collect()
    }
}

/// The elements of an array, or of one that a text spells.
fn elements(call: &Call, n: usize, name: &str) -> Result<Vec<Option<Value>>> {
    let value = call.value(n).ok_or_else(|| null_argument(name))?;
    let base = value.base_type();
    if base == pg_sys::TEXTOID || base == pg_sys::VARCHAROID {
        return Ok(Value::parse(pg_sys::TEXTARRAYOID, &value.print(), name)?.elements());
    }
    Ok(value.elements())
}

fn null_element(array: &str) -> Error {
    Error::argument(format!("{array} must not contain nulls"))
        .hint(format!("Take them out, as with array_remove({array}, NULL)."))
}

fn assign_all(call: &Call, kind: Kind) -> Result<Output> {
    let all = Combinations::new(call, kind)?;
    let expires_at = call.timestamp(4);
    let family = all.object_type.shape.family();
    owner::run(|| {
        if all.is_empty() {
            return Ok(0);
        }
        hold(kind, &all.object_type, &all.permissions.iter().copied().collect::<Vec<_>>())?;
        many::lock_objects(&all.object_type, &all.keys)?;
        let found = subject::for_grants(kind, &all.grantees.keys)?;
        let subjects = all.grantees.subjects(found);
        many::add(family, &all.keys, &all.permissions, &subjects, expires_at)
    })
    .map(Output::Integer)
}

fn remove_all(call: &Call, kind: Kind) -> Result<Output> {
    let all = Combinations::new(call, kind)?;
    let family = all.object_type.shape.family();
    owner::run(|| {
        if all.is_empty() {
            return Ok(0);
        }
        let found = subject::for_removals(kind, &all.grantees.keys)?;
        let subjects = all.grantees.subjects(found);
        many::remove(family, &all.keys, &all.permissions, &subjects)
    })
    .map(Output::Integer)
}

/// Makes the functions that SQL names, for users and for groups.
macro_rules! sql_functions {
    ($($user:ident, $group:ident => $shared:ident;)*) => {$(
        pub fn $user(call: &Call) -> Result<Output> {
            $shared(call, Kind::User)
        }
        pub fn $group(call: &Call) -> Result<Output> {
            $shared(call, Kind::Group)
        }
    )*};
}

sql_functions! {
    assign_perm_key, assign_group_perm_key => assign_key;
    assign_perm_row, assign_group_perm_row => assign_row;
    assign_perm_model, assign_group_perm_model => assign_model;
    assign_perms, assign_group_perms => assign_all;
    remove_perm_key, remove_group_perm_key => remove_key;
    remove_perm_row, remove_group_perm_row => remove_row;
    remove_perm_model, remove_group_perm_model => remove_model;
    remove_perms, remove_group_perms => remove_all;
}
