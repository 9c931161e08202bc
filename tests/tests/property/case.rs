//! One case: how its tables look, and all that happens to them.

use std::collections::BTreeSet;

use super::family::Family;
use super::model::{Model, ObjectType, Perm, User, UserRow};
use super::operation::Step;

/// All permissions that a type may have, in the order in which one may imply only later ones.
pub const PERMS: [&str; 6] = ["owner", "editor", "add", "change", "delete", "view"];

#[derive(Debug)]
pub struct Case {
    pub seed: u64,
    pub users: Users,
    pub groups: Groups,
    /// The membership table refers to users and groups by foreign keys that cascade.
    pub foreign_keys: bool,
    pub membership_index: bool,
    /// The membership table's columns have another type than the tables that they refer to.
    pub membership_other_type: bool,
    pub types: Vec<TypeLayout>,
    pub steps: Vec<Step>,
    /// Settings that hold while the operations run, and those that hold while questions are asked.
    pub settings: Vec<String>,
    pub asking_settings: Vec<String>,
    /// Every statement is a transaction of its own, and questions are asked in another session;
    /// else all is one transaction that is rolled back.
    pub committed: bool,
}

#[derive(Debug)]
pub struct Users {
    pub family: &'static Family,
    pub registered: bool,
    pub active_column: bool,
    pub superuser_column: bool,
    pub anonymous: Option<User>,
    pub domain: bool,
}

#[derive(Debug)]
pub struct Groups {
    pub family: &'static Family,
    pub registered: bool,
}

#[derive(Debug)]
pub struct TypeLayout {
    pub family: &'static Family,
    pub perms: Vec<&'static str>,
    pub implies: BTreeSet<(Perm, Perm)>,
    pub table: Option<TableLayout>,
}

#[derive(Debug)]
pub struct TableLayout {
    pub owner: bool,
    pub domain: bool,
    pub partitioned: bool,
    /// A column before the key that was dropped, so that columns are not where they are counted.
    pub dropped_column: bool,
    pub quoted: bool,
}

impl Case {
    /// What stands after the set-up, before anything happens.
    pub fn model(&self) -> Model {
        let anonymous_row = UserRow { active: Some(true), superuser: Some(false) };
        Model {
            users_registered: self.users.registered,
            active_column: self.users.active_column,
            superuser_column: self.users.superuser_column,
            anonymous: self.users.anonymous,
            users: self.users.anonymous.iter().map(|user| (*user, anonymous_row)).collect(),
            groups_registered: self.groups.registered,
            groups: BTreeSet::new(),
            memberships: Vec::new(),
            foreign_keys: self.foreign_keys,
            types: self.types.iter().map(TypeLayout::model).collect(),
            grants: Vec::new(),
        }
    }
}

impl TypeLayout {
    fn model(&self) -> ObjectType {
        ObjectType {
            perms: self.perms.len(),
            implies: self.implies.clone(),
            has_table: self.table.is_some(),
            rows: Default::default(),
            has_owner: self.table.as_ref().is_some_and(|table| table.owner),
        }
    }
}
