//! has_perm, can, has_perms, group_has_perm and require_perm, as SQL calls them.

use super::site::{ObjectName, Of, Site, Who};
use crate::error::{Error, Result};
use crate::pg::call::{Call, Output};
use crate::pg::row::row_value;
use crate::pg::value::Value;

fn by_key(call: &Call, who: Who) -> Result<bool> {
    let at = who.next();
    let Some(key) = call.value(at + 2) else { return Ok(false) };
    let Some(known) = Site::of(call).known(call, who, Of::Name(at + 1))? else {
        return Ok(false);
    };
    match known.reach.object_type.key(key)? {
        Some(key) => known.holds(&key),
        None => Ok(false),
    }
}

fn by_row(call: &Call, who: Who) -> Result<bool> {
    let Some(row) = call.value(who.next() + 1) else { return Ok(false) };
    let row = row_value(row);
    let Some(known) = Site::of(call).known(call, who, Of::RowType(row.type_oid))? else {
        return Ok(false);
    };
    match known.reach.object_type.key_of_row(&row)? {
        (Some(key), owner) => known.holds_row((&key).into(), owner),
        (None, _) => Ok(false),
    }
}

/// The row given by its table, its owner (NULL where rows have none) and the columns of its key.
fn by_columns(call: &Call, who: Who) -> Result<bool> {
    let at = who.next();
    let site = Site::of(call);
    let Some((known, columns)) = site.known_of_columns(call, who, at + 1)? else {
        return Ok(false);
    };
    if known.is_surely_everywhere() {
        return Ok(call.are_given(at + 3));
    }
    let owner = call.value_as(at + 2, columns.types[0]);
    columns.values.clear();
    let types = columns.types[1..].iter().enumerate();
    columns.values.extend(types.map(|(n, t)| call.value_as(at + 3 + n, *t)));
    let shape = &known.reach.object_type.shape;
    let key = shape.of_columns_in(&columns.values, "key", &mut columns.text)?;
    key.map_or(Ok(false), |key| known.holds_row(key, owner))
}

fn by_model(call: &Call, who: Who) -> Result<bool> {
    match Site::of(call).known(call, who, Of::Name(who.next() + 1))? {
        Some(known) => known.is_everywhere(),
        None => Ok(false),
    }
}

/// `has_perm(user_id, perm, object_type, key)`
pub fn has_perm_key(call: &Call) -> Result<bool> {
    by_key(call, Who::User)
}

/// `has_perm(user_id, perm, object)`
pub fn has_perm_row(call: &Call) -> Result<bool> {
    by_row(call, Who::User)
}

/// `has_perm(user_id, perm, relation, owner, VARIADIC key)`
pub fn has_perm_columns(call: &Call) -> Result<bool> {
    by_columns(call, Who::User)
}

/// `has_perm(user_id, perm, object_type)`
pub fn has_perm_model(call: &Call) -> Result<bool> {
    by_model(call, Who::User)
}

/// `can(perm, object_type, key)`
pub fn can_key(call: &Call) -> Result<bool> {
    by_key(call, Who::Current)
}

/// `can(perm, object)`
pub fn can_row(call: &Call) -> Result<bool> {
    by_row(call, Who::Current)
}

/// `can(perm, relation, owner, VARIADIC key)`
pub fn can_columns(call: &Call) -> Result<bool> {
    by_columns(call, Who::Current)
}

/// `can(perm, object_type)`
pub fn can_model(call: &Call) -> Result<bool> {
    by_model(call, Who::Current)
}

/// `has_perms(user_id, perms, object_type, key, any_perm)`: all of the permissions, or any.
/// Of no permissions at all nothing is held; a NULL among them is not held.
pub fn has_perms(call: &Call) -> Result<Output> {
    let (Some(perms), Some(name), Some(key)) = (call.texts(1), call.text(2), call.value(3)) else {
        return Ok(Output::Bool(false));
    };
    let any_perm = call.bool(4).unwrap_or(false);
    let site = Site::of(call);
    let mut answer = None;
    for perm in perms {
        let held = match perm {
            Some(perm) => {
                let reach = site.reach(call.value(0), &perm, &name)?;
                match reach.object_type.key(key)? {
                    Some(key) => reach.holds(&key)?,
                    None => false,
                }
            }
            None => false,
        };
        answer = Some(match answer {
            None => held,
            Some(so_far) if any_perm => so_far || held,
            Some(so_far) => so_far && held,
        });
    }
    Ok(Output::Bool(answer.unwrap_or(false)))
}

/// `group_has_perm(group_id, perm, object_type, key)`
pub fn group_has_perm(call: &Call) -> Result<bool> {
    by_key(call, Who::Group)
}

/// `require_perm(user_id, perm, object_type, key)`
pub fn require_perm_key(call: &Call) -> Result<Output> {
    let object = || format!("{} {}", show(call.text(2)), show(call.value(3).map(Value::print)));
    required(call, by_key(call, Who::User)?, object)
}

/// `require_perm(user_id, perm, object)`
pub fn require_perm_row(call: &Call) -> Result<Output> {
    let allowed = by_row(call, Who::User)?;
    let object = || {
        let Some(value) = call.value(2) else { return "NULL".to_owned() };
        let row = row_value(value);
        let named = ObjectName::RowType(row.type_oid).find().and_then(|of| {
            let (key, _) = of.key_of_row(&row)?;
            Ok(format!("\"{}\" {}", of.name, show(key.map(|k| k.to_text()))))
        });
        named.unwrap_or_else(|_| value.print())
    };
    required(call, allowed, object)
}

/// `require_perm(user_id, perm, object_type)`
pub fn require_perm_model(call: &Call) -> Result<Output> {
    required(call, by_model(call, Who::User)?, || {
        format!("all objects of type {}", show(call.text(2)))
    })
}

fn show(name: Option<String>) -> String {
    name.map_or_else(|| "NULL".to_owned(), |name| format!("\"{name}\""))
}

fn required(call: &Call, allowed: bool, object: impl Fn() -> String) -> Result<Output> {
    if allowed {
        return Ok(Output::Void);
    }
    let user = match call.value(0) {
        Some(user) => format!("user {}", show(Some(user.print()))),
        None => "the anonymous user".to_owned(),
    };
    Err(Error::forbidden(format!(
        "{user} does not have permission {} on {}",
        show(call.text(1)),
        object()
    )))
}
