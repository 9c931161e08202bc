//! Who holds permissions on one object: from its grants back to the users, in a fixed number of
//! statements however many hold them. Run as the extension's owner.

use std::collections::{BTreeMap, BTreeSet};

use pgrx::pg_sys;

use crate::catalog::{
    self, AUTHENTICATED, EVERYONE, Kind, MembershipSource, ObjectType, Sources, SubjectSource,
};
use crate::error::Result;
use crate::key::{Key, Reading};
use crate::pg::relation::{Relation, qualified_name, quote};
use crate::pg::spi::{self, Argument, See};
use crate::pg::types;
use crate::pg::{grants, owner};

/// The permissions that somebody was granted, without those that they imply.
pub type Granted = BTreeSet<i32>;

/// What is held on one object, by whom.
#[derive(Default)]
pub struct Holders {
    pub users: BTreeMap<Key, Granted>,
    /// By subject.
    pub groups: BTreeMap<i32, Granted>,
}

/// Which users count.
#[derive(Clone, Copy)]
pub struct Options {
    pub with_group_users: bool,
    pub with_superusers: bool,
}

/// All users and groups that were granted one of these permissions (ascending) on the object, or
/// at model level, or who own it. Inactive users are left out; built-in groups are not expanded.
pub fn of_object(
    object_type: &ObjectType,
    key: &Key,
    permissions: &[i32],
    options: Options,
) -> Result<Holders> {
    let sources = catalog::sources()?;
    let mut by_subject: BTreeMap<i32, Granted> = BTreeMap::new();
    let mut add = |permission, subject| {
        by_subject.entry(subject).or_default().insert(permission);
    };
    grants::each_on_object(key.into(), permissions, &mut add)?;
    let exists = object_type.has_row(key)?;
    if exists {
        grants::each_model_level(permissions, &mut add)?;
    }
    let mut holders = Holders::default();
    for (subject, user) in users_among(&sources, by_subject.keys())? {
        if let Some(granted) = by_subject.remove(&subject) {
            holders.users.insert(user, granted);
        }
    }
    holders.groups = with_children(by_subject)?;
    if options.with_group_users {
        for (user, group) in members(&sources, &holders.groups)? {
            if let Some(granted) = holders.groups.get(&group) {
                holders.users.entry(user).or_default().extend(granted);
            }
        }
    }
    let all = || permissions.iter().copied().collect::<Granted>();
    if let Some(owner) = owner(&sources, object_type, key)? {
        holders.users.insert(owner, all());
    }
    if let Some(users) = &sources.users {
        let active = active(users, holders.users.keys())?;
        holders.users.retain(|user, _| active.contains(user));
        if options.with_superusers && exists {
            for user in superusers(users)? {
                holders.users.insert(user, all());
            }
        }
    }
    Ok(holders)
}

/// The subjects that are users, with their ids.
fn users_among<'a>(
    sources: &Sources,
    subjects: impl Iterator<Item = &'a i32>,
) -> Result<Vec<(i32, Key)>> {
    let subjects: Vec<i32> = subjects.copied().collect();
    let mut users = Vec::new();
    spi::query_sized(
        "SELECT id, key FROM rowgrant.subject WHERE id OPERATOR(pg_catalog.=) ANY ($1) \
         AND kind OPERATOR(pg_catalog.=) 'u'::pg_catalog.\"char\"",
        &[Argument::integers(&subjects)],
        See::Statement,
        |row| {
            if let (Some(id), Some(text)) = (row.integer(1), row.text(2)) {
                users.push((id as i32, stored(sources, Kind::User, text)?));
            }
            Ok(())
        },
    )?;
    Ok(users)
}

/// The key that a subject's stored text is.
fn stored(sources: &Sources, kind: Kind, text: String) -> Result<Key> {
    match kind.source(sources) {
        Some(source) => source.column.of_stored(&text),
        None => Ok(Key::Text(text.into())),
    }
}

/// Hands what each group was granted down to its subgroups.
fn with_children(mut groups: BTreeMap<i32, Granted>) -> Result<BTreeMap<i32, Granted>> {
    let mut open: Vec<i32> = groups.keys().copied().collect();
    while let Some(group) = open.pop() {
        let granted = groups.get(&group).cloned().unwrap_or_default();
        for child in catalog::children(group)? {
            let below = groups.entry(child).or_default();
            let before = below.len();
            below.extend(&granted);
            if below.len() > before {
                open.push(child);
            }
        }
    }
    Ok(groups)
}

/// The members of these groups, each with the group's subject.
fn members(sources: &Sources, groups: &BTreeMap<i32, Granted>) -> Result<Vec<(Key, i32)>> {
    let ordinary = |group: &&i32| ![EVERYONE, AUTHENTICATED].contains(group);
    let subjects: Vec<i32> = groups.keys().filter(ordinary).copied().collect();
    let mut members = Vec::new();
    if subjects.is_empty() {
        return Ok(members);
    }
    spi::query_sized(
        "SELECT u.key, m.group_subject FROM rowgrant.membership m \
         JOIN rowgrant.subject u ON u.id OPERATOR(pg_catalog.=) m.user_subject \
         WHERE m.group_subject OPERATOR(pg_catalog.=) ANY ($1)",
        &[Argument::integers(&subjects)],
        See::Statement,
        |row| {
            if let (Some(text), Some(group)) = (row.text(1), row.integer(2)) {
                members.push((stored(sources, Kind::User, text)?, group as i32));
            }
            Ok(())
        },
    )?;
    if sources.memberships.is_empty() {
        return Ok(members);
    }
    let mut by_key = BTreeMap::new();
    spi::query_sized(
        "SELECT id, key FROM rowgrant.subject WHERE id OPERATOR(pg_catalog.=) ANY ($1)",
        &[Argument::integers(&subjects)],
        See::Statement,
        |row| {
            if let (Some(id), Some(text)) = (row.integer(1), row.text(2)) {
                by_key.insert(stored(sources, Kind::Group, text)?, id as i32);
            }
            Ok(())
        },
    )?;
    for membership in &sources.memberships {
        each_member(sources, membership, by_key.keys(), |user, group| {
            members.extend(by_key.get(&group).map(|subject| (user, *subject)));
        })?;
    }
    Ok(members)
}

/// Calls `each` with the user and group of the rows of a table of memberships that name one of these
/// groups, and perhaps of others.
fn each_member<'a>(
    sources: &Sources,
    membership: &MembershipSource,
    groups: impl Iterator<Item = &'a Key>,
    mut each: impl FnMut(Key, Key),
) -> Result<()> {
    let MembershipSource { relation, user_column, group_column } = membership;
    let (_, declared) = Relation::open(*relation).required_column(group_column)?;
    let base = types::base(declared);
    let mut spelled = Some(Vec::new());
    for group in groups {
        match catalog::spelled(sources.groups.as_ref(), group, base) {
            Reading::Spells(key) => {
                if let Some(spelled) = &mut spelled {
                    spelled.push(key);
                }
            }
            Reading::Nothing => {}
            // All rows are read, and told apart by what they name.
            Reading::Unknown => spelled = None,
        }
    }
    let (user, group) = (quote(user_column), quote(group_column));
    let mut sql = format!("SELECT d.{user}, d.{group} FROM {} d", qualified_name(*relation));
    let mut arguments = Vec::new();
    if let Some(spelled) = spelled {
        sql.push_str(&format!(" WHERE d.{group} {} ANY ($1)", types::equality_operator(base)?));
        arguments.push(Argument::keys_as(base, &spelled)?);
    }
    owner::run_for(*relation, || {
        spi::query_sized(&sql, &arguments, See::Statement, |row| {
            let user =
                row.value(1).and_then(|user| catalog::named_by(sources.users.as_ref(), user));
            let named = |group| catalog::named_by(sources.groups.as_ref(), group);
            if let (Some(user), Some(group)) = (user, row.value(2).and_then(named)) {
                each(user, group);
            }
            Ok(())
        })
    })?;
    Ok(())
}

/// The user who owns the object. The anonymous user owns nothing.
fn owner(sources: &Sources, object_type: &ObjectType, key: &Key) -> Result<Option<Key>> {
    let Some(column) = &object_type.owner_column else { return Ok(None) };
    let users = sources.users.as_ref();
    let owner = object_type.read_row(key, &[column], |row| {
        Ok(row[0].and_then(|value| catalog::named_by(users, value)))
    })?;
    let anonymous = users.and_then(|users| users.anonymous_user.as_ref());
    Ok(owner.flatten().filter(|owner| Some(owner) != anonymous))
}

/// Those of the users who are registered and active.
fn active<'a>(users: &SubjectSource, ids: impl Iterator<Item = &'a Key>) -> Result<BTreeSet<Key>> {
    let condition = format!(
        "d.{} {} ANY ($1)",
        quote(&users.key_column),
        types::equality_operator(users.column.base)?
    );
    let arguments = [Argument::keys_as(users.column.base, ids)?];
    active_where(users, &condition, &arguments)
}

fn superusers(users: &SubjectSource) -> Result<BTreeSet<Key>> {
    let Some(column) = &users.superuser_column else { return Ok(BTreeSet::new()) };
    let mut found = active_where(users, &flag(users, column)?, &[])?;
    // The anonymous user is never one.
    if let Some(anonymous) = &users.anonymous_user {
        found.remove(anonymous);
    }
    Ok(found)
}

/// The condition that a flag of the user `d` is set: never, where the column is no boolean any more.
fn flag(users: &SubjectSource, column: &str) -> Result<String> {
    let (_, declared) = Relation::open(users.relation).required_column(column)?;
    Ok(match types::base(declared) == pg_sys::BOOLOID {
        true => format!("d.{}", quote(column)),
        false => "false".to_owned(),
    })
}

fn active_where(
    users: &SubjectSource,
    condition: &str,
    arguments: &[Argument],
) -> Result<BTreeSet<Key>> {
    let active = match &users.active_column {
        Some(column) => format!("AND {}", flag(users, column)?),
        None => String::new(),
    };
    let sql = format!(
        "SELECT d.{} FROM {} d WHERE {condition} {active}",
        quote(&users.key_column),
        qualified_name(users.relation)
    );
    let mut found = BTreeSet::new();
    owner::run_for(users.relation, || {
        spi::query_sized(&sql, arguments, See::Statement, |row| {
            if let Some(id) = row.value(1) {
                found.insert(users.column.of_value(id, "user id")?);
            }
            Ok(())
        })
    })?;
    Ok(found)
}
