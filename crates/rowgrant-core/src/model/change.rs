//! From what stands to what a document declares, by the least change.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{Groups, Id, Membership, Model, ObjectType, Users};

/// One change. The order in which they are declared is that in which they are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    RemoveMember { group: String, user: String },
    RemoveSubgroup { parent: String, child: String },
    UnregisterMembership { relation: String },
    UnregisterUsers { relation: String },
    UnregisterGroups { relation: String },
    Unprotect { object_type: String },
    Rename { from: String, to: String },
    Create { object_type: String, declared: ObjectType },
    ChangeKey { object_type: String, key: Vec<String> },
    ChangeOwner { object_type: String, owner_column: Option<String> },
    DropPerm { object_type: String, perm: String },
    DefinePerm { object_type: String, perm: String, implies: BTreeSet<String> },
    RegisterUsers(Users),
    RegisterGroups(Groups),
    RegisterMembership { relation: String, columns: Membership },
    AddSubgroup { parent: String, child: String },
    AddMember { group: String, user: String },
}

impl Change {
    /// What is done, to what, and how, as `apply_model` returns it.
    pub fn row(&self) -> (&'static str, String, Value) {
        use Change::*;
        let own = String::clone;
        match self {
            RemoveMember { group, user } => ("remove_member", own(group), json!({"user_id": user})),
            RemoveSubgroup { parent, child } => {
                ("remove_subgroup", own(parent), json!({"child_group": child}))
            }
            UnregisterMembership { relation } => {
                ("unregister_membership", own(relation), json!({}))
            }
            UnregisterUsers { relation } => ("unregister_users", own(relation), json!({})),
            UnregisterGroups { relation } => ("unregister_groups", own(relation), json!({})),
            Unprotect { object_type } => ("unprotect", own(object_type), json!({})),
            Rename { from, to } => ("rename", own(from), json!({"name": to})),
            Create { object_type, declared } => {
                let action =
                    if declared.relation.is_some() { "protect" } else { "define_object_type" };
                (action, own(object_type), json!(declared))
            }
            ChangeKey { object_type, key } => ("change_key", own(object_type), json!({"key": key})),
            ChangeOwner { object_type, owner_column } => {
                ("change_owner_column", own(object_type), json!({"owner_column": owner_column}))
            }
            DropPerm { object_type, perm } => {
                ("drop_perm", format!("{object_type}.{perm}"), json!({}))
            }
            DefinePerm { object_type, perm, implies } => {
                ("define_perm", format!("{object_type}.{perm}"), json!({"implies": implies}))
            }
            RegisterUsers(users) => {
                let mut detail = json!(users);
                detail.as_object_mut().map(|detail| detail.remove("relation"));
                ("register_users", own(&users.relation), detail)
            }
            RegisterGroups(groups) => ("register_groups", own(&groups.relation), json!({})),
            RegisterMembership { relation, columns } => {
                ("register_membership", own(relation), json!(columns))
            }
            AddSubgroup { parent, child } => {
                ("add_subgroup", own(parent), json!({"child_group": child}))
            }
            AddMember { group, user } => ("add_member", own(group), json!({"user_id": user})),
        }
    }
}

/// The changes that lead from `current`, which is whole, to `wanted`. Both are in canonical form:
/// tables named in one way, keys spelled out.
pub fn changes(current: &Model, wanted: &Model) -> Vec<Change> {
    let mut all = Vec::new();
    let (members_gone, members_new) = pairs(&current.members, &wanted.members);
    let (subgroups_gone, subgroups_new) = pairs(&current.subgroups, &wanted.subgroups);
    all.extend(members_gone.into_iter().map(|(group, user)| Change::RemoveMember { group, user }));
    all.extend(
        subgroups_gone.into_iter().map(|(parent, child)| Change::RemoveSubgroup { parent, child }),
    );
    let mut sources = Vec::new();
    source_changes(current, wanted, &mut all, &mut sources);
    if let Some(types) = &wanted.object_types {
        let nothing = BTreeMap::new();
        type_changes(current.object_types.as_ref().unwrap_or(&nothing), types, &mut all);
    }
    all.append(&mut sources);
    all.extend(
        subgroups_new.into_iter().map(|(parent, child)| Change::AddSubgroup { parent, child }),
    );
    all.extend(members_new.into_iter().map(|(group, user)| Change::AddMember { group, user }));
    all
}

type Pairs = Vec<(String, String)>;
type Sets = Option<BTreeMap<String, BTreeSet<Id>>>;

/// What is gone and what is new.
fn pairs(current: &Sets, wanted: &Sets) -> (Pairs, Pairs) {
    let Some(wanted) = wanted else { return Default::default() };
    let flat = |sets: &BTreeMap<String, BTreeSet<Id>>| -> BTreeSet<(String, String)> {
        let each = |(one, others): (&String, &BTreeSet<Id>)| {
            others.iter().map(|other| (one.clone(), other.0.clone())).collect::<Vec<_>>()
        };
        sets.iter().flat_map(each).collect()
    };
    let (before, after) = (current.as_ref().map(flat).unwrap_or_default(), flat(wanted));
    (before.difference(&after).cloned().collect(), after.difference(&before).cloned().collect())
}

fn source_changes(current: &Model, wanted: &Model, gone: &mut Vec<Change>, new: &mut Vec<Change>) {
    for relation in current.memberships.iter().flatten().map(|(relation, _)| relation) {
        if wanted.memberships.as_ref().is_some_and(|wanted| !wanted.contains_key(relation)) {
            gone.push(Change::UnregisterMembership { relation: relation.clone() });
        }
    }
    if let Some(users) = &wanted.users {
        match (current.users.as_ref().and_then(Option::as_ref), users) {
            (Some(before), None) => {
                gone.push(Change::UnregisterUsers { relation: before.relation.clone() });
            }
            (before, Some(users)) if before != Some(users) => {
                new.push(Change::RegisterUsers(users.clone()));
            }
            _ => {}
        }
    }
    if let Some(groups) = &wanted.groups {
        match (current.groups.as_ref().and_then(Option::as_ref), groups) {
            (Some(before), None) => {
                gone.push(Change::UnregisterGroups { relation: before.relation.clone() });
            }
            (before, Some(groups)) if before != Some(groups) => {
                new.push(Change::RegisterGroups(groups.clone()));
            }
            _ => {}
        }
    }
    for (relation, columns) in wanted.memberships.iter().flatten() {
        if current.memberships.as_ref().and_then(|all| all.get(relation)) != Some(columns) {
            let (relation, columns) = (relation.clone(), columns.clone());
            new.push(Change::RegisterMembership { relation, columns });
        }
    }
}

type Types = BTreeMap<String, ObjectType>;

/// A table stays the same object type whatever it is called; ids that are kept elsewhere are the
/// same type while name and key type are the same.
fn former<'a>(current: &'a Types, name: &str, wanted: &ObjectType) -> Option<&'a String> {
    let same = |(before, object_type): &(&'a String, &'a ObjectType)| match &wanted.relation {
        Some(relation) => object_type.relation.as_ref() == Some(relation),
        None => *before == name && object_type.key_type == wanted.key_type,
    };
    current.iter().find(same).map(|(before, _)| before)
}

fn type_changes(current: &Types, wanted: &Types, all: &mut Vec<Change>) {
    let kept: BTreeMap<&String, &String> = wanted
        .iter()
        .filter_map(|(name, declared)| Some((former(current, name, declared)?, name)))
        .collect();
    for object_type in current.keys().filter(|name| !kept.contains_key(name)) {
        all.push(Change::Unprotect { object_type: object_type.clone() });
    }
    for (from, to) in kept.iter().filter(|(from, to)| from != to) {
        all.push(Change::Rename { from: (*from).clone(), to: (*to).clone() });
    }
    for (name, declared) in wanted {
        let object_type = || name.clone();
        let Some(before) = former(current, name, declared).map(|before| &current[before]) else {
            let declared = declared.clone();
            all.push(Change::Create { object_type: object_type(), declared });
            continue;
        };
        if let Some(key) = &declared.key
            && before.key.as_ref() != Some(key)
        {
            all.push(Change::ChangeKey { object_type: object_type(), key: key.clone() });
        }
        if before.owner_column != declared.owner_column {
            let owner_column = declared.owner_column.clone();
            all.push(Change::ChangeOwner { object_type: object_type(), owner_column });
        }
        for perm in before.perms.keys().filter(|perm| !declared.perms.contains_key(*perm)) {
            all.push(Change::DropPerm { object_type: object_type(), perm: perm.clone() });
        }
        for (perm, implies) in &declared.perms {
            // What a dropped permission was implied by changes by itself.
            let left = before.perms.get(perm).map(|implied| {
                implied.iter().filter(|p| declared.perms.contains_key(*p)).collect::<BTreeSet<_>>()
            });
            if left != Some(implies.iter().collect()) {
                let (perm, implies) = (perm.clone(), implies.clone());
                all.push(Change::DefinePerm { object_type: object_type(), perm, implies });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    fn between(current: &str, wanted: &str) -> Vec<Change> {
        changes(&parse(current).unwrap(), &parse(wanted).unwrap())
    }

    const WHOLE: &str = r#"{"users": {"relation": "public.u"}, "groups": null,
        "memberships": {"public.m": {"user_column": "u", "group_column": "g"}},
        "object_types": {"d": {"relation": "public.d", "key": ["id"], "perms": {"edit": ["view"], "view": []}},
                         "t": {"key_type": "uuid", "perms": {"view": []}}},
        "subgroups": {"a": ["b"]}, "members": {"a": ["1"]}}"#;

    #[test]
    fn nothing_changes_where_nothing_is_declared_or_all_stands() {
        assert_eq!(between(WHOLE, "{}"), []);
        assert_eq!(between(WHOLE, WHOLE), []);
    }

    #[test]
    fn a_part_that_is_given_is_complete() {
        let gone = between(
            WHOLE,
            r#"{"users": null, "memberships": {}, "object_types": {}, "subgroups": {}, "members": {}}"#,
        );
        let actions: Vec<_> = gone.iter().map(|change| change.row().0).collect();
        let expected = [
            "remove_member",
            "remove_subgroup",
            "unregister_membership",
            "unregister_users",
            "unprotect",
            "unprotect",
        ];
        assert_eq!(actions, expected);
    }

    #[test]
    fn a_table_under_another_name_is_renamed_not_made_anew() {
        let wanted = r#"{"object_types": {"e": {"relation": "public.d", "key": ["id"], "perms": {"edit": ["view"], "view": []}},
                                           "t": {"key_type": "uuid", "perms": {"view": []}}}}"#;
        assert_eq!(between(WHOLE, wanted), [Change::Rename { from: "d".into(), to: "e".into() }]);
    }

    #[test]
    fn another_type_of_ids_is_another_object_type() {
        let wanted = r#"{"object_types": {"d": {"relation": "public.d", "key": ["id"], "perms": {"view": []}},
                                           "t": {"key_type": "bigint", "perms": {"view": []}}}}"#;
        let actions: Vec<_> =
            between(WHOLE, wanted).iter().map(|c| (c.row().0, c.row().1)).collect();
        let expected = [("unprotect", "t"), ("drop_perm", "d.edit"), ("define_object_type", "t")];
        assert_eq!(actions, expected.map(|(action, subject)| (action, subject.to_owned())));
    }
}
