//! What the views of grants are written by: stored_subject and stored_key, which tell what they show of
//! a grant that was just made, and set_expiry.

use super::single;
use super::subject::Grantee;
use crate::catalog::{self, Kind};
use crate::error::Result;
use crate::pg::call::{Call, Output};
use crate::pg::owner;

/// The subject that the first two arguments name, and its canonical id.
fn subject(call: &Call) -> Result<Option<(i32, Grantee)>> {
    let kind = match call.text(0).as_deref() {
        Some("u") => Kind::User,
        _ => Kind::Group,
    };
    let Some(id) = call.value(1) else { return Ok(None) };
    let grantee = Grantee::new(kind, id)?;
    let subject = match &grantee {
        Grantee::BuiltIn(subject) => Some(*subject),
        Grantee::Key(key) => catalog::subject_id(kind, key)?,
    };
    Ok(subject.map(|subject| (subject, grantee)))
}

/// `stored_subject(kind, id)`
pub fn stored_subject(call: &Call) -> Result<Output> {
    let found = subject(call)?;
    Ok(found
        .map_or(Output::Null, |(id, name)| Output::Texts(vec![id.to_string(), name.to_string()])))
}

/// `set_expiry(kind, id, perm, object_type, key, expires_at)`
pub fn set_expiry(call: &Call) -> Result<Output> {
    let (Some((subject, _)), Some(perm), Some(name), Some(key)) =
        (subject(call)?, call.text(2), call.text(3), call.value(4))
    else {
        return Ok(Output::Bool(false));
    };
    let object_type = catalog::object_type(&name)?;
    let permission = object_type.permission(&perm)?.id;
    let Some(key) = object_type.key(key)? else { return Ok(Output::Bool(false)) };
    let family = object_type.shape.family();
    owner::run(|| single::set_expiry(family, &key, permission, subject, call.timestamp(5)))
        .map(Output::Bool)
}

/// `stored_key(object_type, key)`
pub fn stored_key(call: &Call) -> Result<Output> {
    let (Some(name), Some(key)) = (call.text(0), call.value(1)) else { return Ok(Output::Null) };
    let key = catalog::object_type(&name)?.key(key)?;
    Ok(key.map_or(Output::Null, |key| Output::Text(key.to_text())))
}
