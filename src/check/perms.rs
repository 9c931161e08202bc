//! perms_for_user and perms_for_group, as SQL calls them.

use std::rc::Rc;

use super::{Holder, Reach};
use crate::catalog::{self, ObjectType, Subjects};
use crate::error::Result;
use crate::pg::call::{Call, Output};

/// `perms_for_user(user_id, object_type, key, use_groups, accept_global_perms)`
pub fn perms_for_user(call: &Call) -> Result<Output> {
    let sources = catalog::sources()?;
    let user = catalog::user_id(&sources, call.value(0))?;
    let subjects = Subjects::of_user(&sources, &user, use_groups(call))?;
    held(call, subjects)
}

/// `perms_for_group(group_id, object_type, key, use_groups, accept_global_perms)`: what the group
/// holds itself or, unless use_groups is false, as a subgroup of others.
pub fn perms_for_group(call: &Call) -> Result<Output> {
    let sources = catalog::sources()?;
    held(call, catalog::group_subjects(&sources, call.value(0), use_groups(call))?)
}

fn use_groups(call: &Call) -> bool {
    call.bool(3).unwrap_or(true)
}

fn held(call: &Call, subjects: Rc<Subjects>) -> Result<Output> {
    let (Some(name), Some(key)) = (call.text(1), call.value(2)) else {
        return Ok(Output::Texts(Vec::new()));
    };
    let object_type: Rc<ObjectType> = catalog::object_type(&name)?;
    let Some(key) = object_type.key(key)? else { return Ok(Output::Texts(Vec::new())) };
    let holder = Holder {
        sources: catalog::sources()?,
        subjects,
        accept_model_level: call.bool(4).unwrap_or(true),
        with_superuser: true,
    };
    let mut names = Vec::new();
    for permission in &object_type.permissions {
        let reach = Reach {
            object_type: Rc::clone(&object_type),
            giving: object_type.giving(&permission.name)?,
            holder: holder.clone(),
        };
        if reach.holds(&key)? {
            names.push(permission.name.clone());
        }
    }
    names.sort_unstable();
    Ok(Output::Texts(names))
}
