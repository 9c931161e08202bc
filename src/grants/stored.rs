//! stored_subject and stored_key: what the views show of a grant that was just made.

use super::subject::Grantee;
use crate::catalog::{self, Kind};
use crate::error::Result;
use crate::pg::call::{Call, Output};

/// `stored_subject(kind, id)`
pub fn stored_subject(call: &Call) -> Result<Output> {
    let kind = match call.text(0).as_deref() {
        Some("u") => Kind::User,
        _ => Kind::Group,
    };
    let Some(id) = call.value(1) else { return Ok(Output::Null) };
    let grantee = Grantee::new(kind, id)?;
    let subject = match &grantee {
        Grantee::BuiltIn(subject) => Some(*subject),
        Grantee::Key(key) => catalog::subject_id(kind, key)?,
    };
    let Some(subject) = subject else { return Ok(Output::Null) };
    Ok(Output::Texts(vec![subject.to_string(), grantee.to_string()]))
}

/// `stored_key(object_type, key)`
pub fn stored_key(call: &Call) -> Result<Output> {
    let (Some(name), Some(key)) = (call.text(0), call.value(1)) else { return Ok(Output::Null) };
    let key = catalog::object_type(&name)?.key(key)?;
    Ok(key.map_or(Output::Null, |key| Output::Text(key.to_text())))
}
