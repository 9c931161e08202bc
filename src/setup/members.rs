//! add_member, add_subgroup and their removal: memberships that rowgrant keeps itself.

use super::change;
use crate::catalog::{self, Kind};
use crate::error::{Error, Result};
use crate::grants::{Grantee, check_same_ids, hold_ids};
use crate::pg::call::{Call, Output, null_argument};
use crate::pg::owner;
use crate::pg::spi::{self, Argument, See};
use crate::pg::value::Value;

fn required(value: Option<Value>, name: &str) -> Result<Value> {
    value.ok_or_else(|| null_argument(name))
}

/// A group whose members can be chosen: a built-in one has those that its name says.
fn open_group(value: Option<Value>, name: &str) -> Result<Grantee> {
    let value = required(value, name)?;
    match Grantee::new(Kind::Group, value)? {
        Grantee::BuiltIn(_) => Err(built_in(&value.print())),
        group => Ok(group),
    }
}

/// The error of choosing who is in a built-in group.
pub fn built_in(name: &str) -> Error {
    Error::argument(format!("\"{name}\" is a built-in group: its members cannot be chosen"))
        .hint("Grant to it, or make it a subgroup of another group.")
}

/// `add_member(group_id, user_id)`
pub fn add_member(call: &Call) -> Result<Output> {
    let group = open_group(call.value(0), "group_id")?;
    let user = Grantee::new(Kind::User, required(call.value(1), "user_id")?)?;
    hold_ids(Kind::User)?;
    hold_ids(Kind::Group)?;
    owner::run(|| insert_member(&group, &user)).map(Output::Bool)
}

/// Run as the extension's owner.
pub fn insert_member(group: &Grantee, user: &Grantee) -> Result<bool> {
    let group = group.for_grant(Kind::Group)?;
    let user = user.for_grant(Kind::User)?;
    let sql = "INSERT INTO rowgrant.membership (user_subject, group_subject) VALUES ($1, $2) \
               ON CONFLICT (user_subject, group_subject) DO NOTHING";
    changed(sql, user, group)
}

/// `remove_member(group_id, user_id)`
pub fn remove_member(call: &Call) -> Result<Output> {
    let group = open_group(call.value(0), "group_id")?;
    let user = Grantee::new(Kind::User, required(call.value(1), "user_id")?)?;
    owner::run(|| delete_member(&group, &user)).map(Output::Bool)
}

/// Run as the extension's owner.
pub fn delete_member(group: &Grantee, user: &Grantee) -> Result<bool> {
    let subjects = (user.for_removal(Kind::User)?, group.for_removal(Kind::Group)?);
    let (Some(user), Some(group)) = subjects else { return Ok(false) };
    let sql = "DELETE FROM rowgrant.membership WHERE user_subject OPERATOR(pg_catalog.=) $1 \
               AND group_subject OPERATOR(pg_catalog.=) $2";
    changed(sql, user, group)
}

/// `add_subgroup(parent_group, child_group)`
pub fn add_subgroup(call: &Call) -> Result<Output> {
    let parent = open_group(call.value(0), "parent_group")?;
    let child = Grantee::new(Kind::Group, required(call.value(1), "child_group")?)?;
    let before = catalog::sources()?;
    change(|| {
        check_same_ids(Kind::Group, &before)?;
        insert_subgroup(&parent, &child)
    })
    .map(Output::Bool)
}

/// Run within `change`, so that no two calls can close a cycle between them.
pub fn insert_subgroup(parent: &Grantee, child: &Grantee) -> Result<bool> {
    let parent_subject = parent.for_grant(Kind::Group)?;
    let child_subject = child.for_grant(Kind::Group)?;
    if catalog::with_parents(vec![parent_subject])?.contains(&child_subject) {
        return Err(Error::argument(format!(
            "group \"{child}\" cannot be a subgroup of \"{parent}\": it would be one of itself"
        ))
        .hint("Subgroups may not form a cycle."));
    }
    let sql = "INSERT INTO rowgrant.subgroup (child, parent) VALUES ($1, $2) \
               ON CONFLICT (child, parent) DO NOTHING";
    changed(sql, child_subject, parent_subject)
}

/// `remove_subgroup(parent_group, child_group)`
pub fn remove_subgroup(call: &Call) -> Result<Output> {
    let parent = open_group(call.value(0), "parent_group")?;
    let child = Grantee::new(Kind::Group, required(call.value(1), "child_group")?)?;
    owner::run(|| delete_subgroup(&parent, &child)).map(Output::Bool)
}

/// Run as the extension's owner.
pub fn delete_subgroup(parent: &Grantee, child: &Grantee) -> Result<bool> {
    let subjects = (child.for_removal(Kind::Group)?, parent.for_removal(Kind::Group)?);
    let (Some(child), Some(parent)) = subjects else { return Ok(false) };
    let sql = "DELETE FROM rowgrant.subgroup WHERE child OPERATOR(pg_catalog.=) $1 \
               AND parent OPERATOR(pg_catalog.=) $2";
    changed(sql, child, parent)
}

fn changed(sql: &str, one: i32, other: i32) -> Result<bool> {
    let arguments = [Argument::integer(one), Argument::integer(other)];
    Ok(spi::execute(sql, &arguments, See::Latest)? > 0)
}
