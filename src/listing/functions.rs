//! objects_for_user and objects_for_group, as SQL calls them.

use std::rc::Rc;

use pgrx::pg_sys::Oid;

use super::everything;
use crate::catalog::{self, ObjectType, Sources, Subjects};
use crate::check::{Holder, Reach};
use crate::error::{Error, Result};
use crate::key::KeySet;
use crate::pg::call::{Call, Output, Set, key_as};
use crate::pg::held::Merged;
use crate::pg::spi::{self, See};
use crate::pg::value::Value;
use crate::pg::{inherit, relation, types};

/// What is held of one or more permissions.
pub(super) enum Held {
    Everywhere,
    Objects(KeySet),
}

/// The objects that one permission reaches.
pub(super) fn held(reach: &Reach) -> Result<Held> {
    if reach.is_everywhere()? {
        return Ok(Held::Everywhere);
    }
    let mut objects = KeySet::new(reach.object_type.shape.family());
    reach.each_granted(|key| {
        objects.insert(key);
    })?;
    if let Some(owner) = reach.owner() {
        let users = reach.holder.sources.users.as_ref();
        everything::each_owned(&reach.object_type, users, owner, |key| {
            objects.insert((&key).into());
            Ok(())
        })?;
    }
    Ok(Held::Objects(objects))
}

/// Both, or either, of what is held.
fn combine(left: Held, right: Held, any: bool) -> Held {
    match (left, right, any) {
        (Held::Everywhere, _, true) | (_, Held::Everywhere, true) => Held::Everywhere,
        (Held::Everywhere, other, false) | (other, Held::Everywhere, false) => other,
        (Held::Objects(left), Held::Objects(right), true) => Held::Objects(left.or(right)),
        (Held::Objects(left), Held::Objects(right), false) => Held::Objects(left.and(right)),
    }
}

fn list(object_type: &ObjectType, held: Held, set: &Set) -> Result<Output> {
    match held {
        Held::Everywhere => everything::each_row(object_type, |key| set.push_key(&key))?,
        Held::Objects(objects) => objects.iter().try_for_each(|key| set.push_key(&key))?,
    }
    Ok(Output::Set)
}

pub(super) fn holder(user: Option<Value>, use_groups: bool) -> Result<Holder> {
    let sources: Rc<Sources> = catalog::sources()?;
    let id = catalog::user_id(&sources, user)?;
    let subjects = Subjects::of_user(&sources, &id, use_groups)?;
    Ok(Holder { sources, subjects, accept_model_level: true, with_superuser: true })
}

/// `objects_for_user(user_id, perm, object_type, key_type)`
///
/// An untyped literal that spells an array of permissions comes here too; no permission's name
/// begins with a brace.
pub fn objects_for_user(call: &Call) -> Result<Output> {
    of_perm(call, || holder(call.value(0), true))
}

/// `objects_for_group(group_id, perm, object_type, key_type)`; an untyped array as above.
pub fn objects_for_group(call: &Call) -> Result<Output> {
    of_perm(call, || group_holder(call.value(0), true))
}

/// The objects of one permission, as they are read.
struct Stream {
    objects: Merged,
    /// The base type of the keys that are asked for.
    base: Oid,
}

impl Stream {
    /// `None` where they must be gathered first: the caller wants all at once, or rows; or they come
    /// from the protected table, too.
    fn of(call: &Call, reach: &Reach) -> Result<Option<Self>> {
        let base = types::base(call.argument_type(3));
        if !call.may_stream()
            || [b'c', b'p'].contains(&types::kind(base))
            || reach.owner().is_some()
            || reach.is_everywhere()?
        {
            return Ok(None);
        }
        let objects = Merged::new(reach.object_type.shape.family(), &reach.pairs())?;
        Ok(objects.map(|objects| Self { objects, base }))
    }

    fn next(&mut self, call: &Call) -> Result<Output> {
        let key = self.objects.next()?;
        let value = key.map(|key| key_as(&key, self.base)).transpose()?;
        Ok(call.next(value))
    }
}

fn of_perm(call: &Call, holder: impl FnOnce() -> Result<Holder>) -> Result<Output> {
    if let Some(stream) = call.stream::<Stream>() {
        return stream.next(call);
    }
    let key_type = call.argument_type(3);
    let (Some(perm), Some(name)) = (call.text(1), call.text(2)) else {
        return call.set(key_type).map(|_| Output::Set);
    };
    if perm.starts_with('{') {
        let perms = Value::parse(types::TEXT_ARRAY, &perm, "perms")?.texts();
        return of_perms(&call.set(key_type)?, perms, &name, false, holder()?);
    }
    let object_type = catalog::object_type(&name)?;
    let giving = object_type.giving(&perm)?;
    let reach = Reach { object_type, giving, holder: holder()? };
    match Stream::of(call, &reach)? {
        Some(stream) => call.begin_stream(stream).next(call),
        None => list(&reach.object_type, held(&reach)?, &call.set(key_type)?),
    }
}

/// `objects_for_group(group_id, perms, object_type, key_type, any_perm, use_groups,
/// accept_global_perms)`
pub fn objects_for_group_perms(call: &Call) -> Result<Output> {
    let set = call.set(call.argument_type(3))?;
    let (Some(perms), Some(name)) = (call.texts(1), call.text(2)) else { return Ok(Output::Set) };
    let option = |n, default| call.bool(n).unwrap_or(default);
    let holder = Holder {
        accept_model_level: option(6, true),
        ..group_holder(call.value(0), option(5, true))?
    };
    of_perms(&set, perms, &name, option(4, false), holder)
}

pub(super) fn group_holder(group: Option<Value>, use_groups: bool) -> Result<Holder> {
    let sources = catalog::sources()?;
    let subjects = catalog::group_subjects(&sources, group, use_groups)?;
    Ok(Holder { sources, subjects, accept_model_level: true, with_superuser: true })
}

/// `objects_for_user(user_id, perms, object_type, key_type, any_perm, use_groups,
/// accept_global_perms, with_superuser)`
///
/// Of no permissions at all nothing is listed; a NULL among them is not held.
pub fn objects_for_user_perms(call: &Call) -> Result<Output> {
    let set = call.set(call.argument_type(3))?;
    let (Some(perms), Some(name)) = (call.texts(1), call.text(2)) else { return Ok(Output::Set) };
    let option = |n, default| call.bool(n).unwrap_or(default);
    let holder = Holder {
        accept_model_level: option(6, true),
        with_superuser: option(7, true),
        ..holder(call.value(0), option(5, true))?
    };
    of_perms(&set, perms, &name, option(4, false), holder)
}

fn of_perms(
    set: &Set,
    perms: Vec<Option<String>>,
    object_type: &str,
    any_perm: bool,
    holder: Holder,
) -> Result<Output> {
    let object_type = catalog::object_type(object_type)?;
    let mut all = None;
    for perm in perms {
        let one = match perm {
            Some(perm) => {
                let giving = object_type.giving(&perm)?;
                let object_type = Rc::clone(&object_type);
                held(&Reach { object_type, giving, holder: holder.clone() })?
            }
            None => Held::Objects(KeySet::new(object_type.shape.family())),
        };
        all = Some(match all {
            None => one,
            Some(so_far) => combine(so_far, one, any_perm),
        });
    }
    let nothing = || Held::Objects(KeySet::new(object_type.shape.family()));
    list(&object_type, all.unwrap_or_else(nothing), set)
}

/// `objects_for_user(user_id, perm, rows)`: the rows themselves, read by a query of the caller's,
/// with his privileges and under his policies.
pub fn objects_for_user_rows(call: &Call) -> Result<Output> {
    let row_type: Oid = types::base(call.argument_type(2));
    let set = call.set(row_type)?;
    let table = types::relation_of_row_type(row_type).ok_or_else(|| {
        Error::argument(format!("{} is not the row type of a table", types::name(row_type)))
            .hint("Give a NULL of the table's type, as in NULL::documents, or the object type's name and NULL of the key's type.")
    })?;
    let table_name = relation::qualified_name(table);
    let object_type = catalog::object_type_of_table(table)?;
    let Some(perm) = call.text(1) else { return Ok(Output::Set) };
    let giving = object_type.giving(&perm)?;
    let reach = Reach { object_type, giving, holder: holder(call.value(0), true)? };
    // Not `d`: that could be a column.
    let reliable = inherit::and_reliable(table, "d");
    let select = format!("SELECT (d.*)::{table_name} FROM {table_name} d WHERE true{reliable}");
    let add = |row: &spi::Row| {
        if let Some(row) = row.value(1) {
            set.push(row);
        }
        Ok(())
    };
    match held(&reach)? {
        Held::Everywhere => {
            spi::query(&select, &[], See::Statement, add)?;
        }
        Held::Objects(objects) => {
            let (condition, arguments) = reach.object_type.key_among(objects.iter())?;
            let sql = format!("{select} AND {condition}");
            spi::query_sized(&sql, &arguments, See::Statement, add)?;
        }
    }
    Ok(Output::Set)
}
