//! Making the changes. Run as the extension's owner, while the lock on the names is held.

use std::collections::{BTreeMap, BTreeSet};

use rowgrant_core::model::{Change, ObjectType};

use super::wanted::{Wanted, types_named};
use crate::catalog::{self, Kind, built_in_group};
use crate::cleanup::grants;
use crate::error::{Error, Result};
use crate::grants::Grantee;
use crate::key::Key;
use crate::pg::{lock, relation, snapshot};
use crate::setup;

/// Makes the changes in their order.
pub fn carry_out(wanted: &Wanted, changes: &[&Change]) -> Result<()> {
    lock_ids(changes)?;
    let renames = changes.iter().filter_map(|change| match change {
        Change::Rename { from, to } => Some((from.clone(), to.clone())),
        _ => None,
    });
    let mut renames = renames.collect::<Vec<_>>();
    for change in changes {
        // Each sees what the ones before it did.
        snapshot::with_latest(|| match change {
            // All at once, when the first is due: two may swap their names.
            Change::Rename { .. } => setup::rename(&std::mem::take(&mut renames)),
            other => make(wanted, other),
        })?;
    }
    implications(changes)
}

/// First of all: object types are locked after users and groups.
fn lock_ids(changes: &[&Change]) -> Result<()> {
    let users = |change: &&Change| {
        matches!(change, Change::RegisterUsers(_) | Change::UnregisterUsers { .. })
    };
    let groups = |change: &&Change| {
        matches!(change, Change::RegisterGroups(_) | Change::UnregisterGroups { .. })
    };
    if changes.iter().any(users) {
        lock::change_ids(Kind::User.ids())?;
    }
    if changes.iter().any(groups) {
        lock::change_ids(Kind::Group.ids())?;
    }
    Ok(())
}

fn make(wanted: &Wanted, change: &Change) -> Result<()> {
    match change {
        Change::RemoveMember { group, user } => {
            setup::delete_member(&grantee(Kind::Group, group), &grantee(Kind::User, user))?;
        }
        Change::RemoveSubgroup { parent, child } => {
            setup::delete_subgroup(&grantee(Kind::Group, parent), &grantee(Kind::Group, child))?;
        }
        Change::UnregisterMembership { relation } => {
            setup::forget_membership(wanted.table(relation)?.oid)?;
        }
        Change::UnregisterUsers { relation } => {
            setup::unregister(Kind::User, wanted.table(relation)?)?;
        }
        Change::UnregisterGroups { relation } => {
            setup::unregister(Kind::Group, wanted.table(relation)?)?;
        }
        Change::Unprotect { object_type } => {
            let object_type = catalog::object_type(object_type)?;
            let name = object_type.relation.map(relation::qualified_name);
            let table = name.map(|name| wanted.table(&name)).transpose()?;
            let known = (object_type.name.as_str(), object_type.id);
            setup::remove(known, table, &object_type.permission_ids(), true)?;
        }
        Change::Rename { .. } => {}
        Change::Create { object_type, declared } => create(wanted, object_type, declared)?,
        Change::ChangeKey { object_type, .. } => {
            let former = catalog::object_type(object_type)?;
            grants::delete_object_level(&former.permission_ids())?;
            create(wanted, object_type, declared(wanted, object_type)?)?;
        }
        Change::ChangeOwner { object_type, .. } => {
            create(wanted, object_type, declared(wanted, object_type)?)?;
        }
        Change::DropPerm { object_type, perm } => {
            let object_type = catalog::object_type(object_type)?;
            let id = object_type.permission(perm)?.id;
            setup::refuse_if_used(&object_type, perm)?;
            grants::delete_of_permissions(&[id])?;
            setup::delete_permission(id)?;
        }
        Change::DefinePerm { object_type, perm, .. } => {
            let object_type = catalog::object_type(object_type)?;
            let names = std::slice::from_ref(perm);
            setup::add_missing(object_type.id, &object_type.permissions, names)?;
        }
        Change::RegisterUsers(users) => wanted.users(users)?.register()?,
        Change::RegisterGroups(groups) => wanted.groups(groups)?.register()?,
        Change::RegisterMembership { relation, columns } => {
            let table = wanted.table(relation)?.oid;
            setup::read_membership(table, &columns.user_column, &columns.group_column)?;
        }
        Change::AddSubgroup { parent, child } => {
            setup::insert_subgroup(&grantee(Kind::Group, parent), &grantee(Kind::Group, child))?;
        }
        Change::AddMember { group, user } => {
            setup::insert_member(&grantee(Kind::Group, group), &grantee(Kind::User, user))?;
        }
    }
    Ok(())
}

fn grantee(kind: Kind, id: &str) -> Grantee {
    match built_in_group(id).filter(|_| kind == Kind::Group) {
        Some(subject) => Grantee::BuiltIn(subject),
        None => Grantee::Key(Key::Text(id.into())),
    }
}

fn declared<'a>(wanted: &'a Wanted, name: &str) -> Result<&'a ObjectType> {
    let types = wanted.model.object_types.as_ref();
    types
        .and_then(|types| types.get(name))
        .ok_or_else(|| Error::internal(format!("object type \"{name}\" is not in the document")))
}

/// Makes an object type, or changes the one of that table.
fn create(wanted: &Wanted, name: &str, declared: &ObjectType) -> Result<()> {
    let perms: Vec<String> = declared.perms.keys().cloned().collect();
    match &declared.relation {
        Some(relation) => {
            let (key, owner_column) = (declared.key.clone(), declared.owner_column.clone());
            let table = wanted.table(relation)?;
            setup::protect_table(table, Some(name.to_owned()), &perms, key, owner_column)?;
        }
        None => {
            let names = declared.key_type.as_ref().map(|key_type| key_type.names());
            let key_types = types_named(names.unwrap_or_default())?;
            setup::define_ids(name, key_types, &perms)?;
        }
    }
    Ok(())
}

/// Changes what implies what: first all that ends, then all that begins, so that two permissions
/// may change places.
fn implications(changes: &[&Change]) -> Result<()> {
    let mut all: BTreeMap<(&str, &str), &BTreeSet<String>> = BTreeMap::new();
    for change in changes {
        match change {
            Change::Create { object_type, declared } => {
                let perms = declared.perms.iter();
                all.extend(perms.map(|(perm, implies)| ((&**object_type, &**perm), implies)));
            }
            Change::DefinePerm { object_type, perm, implies } => {
                all.insert((object_type, perm), implies);
            }
            _ => {}
        }
    }
    for step in [setup::stop_implying, setup::imply] {
        for ((object_type, perm), implies) in &all {
            snapshot::with_latest(|| {
                let object_type = catalog::object_type(object_type)?;
                let ids = implies.iter().map(|name| Ok(object_type.permission(name)?.id));
                step(object_type.id, perm, &ids.collect::<Result<Vec<i32>>>()?)
            })?;
        }
    }
    Ok(())
}
