//! explain_perm, as SQL calls it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::{Map, Value as Json, json};

use super::{Holder, Reach};
use crate::catalog::{self, AUTHENTICATED, EVERYONE, Kind, Subjects};
use crate::error::Result;
use crate::key::Key;
use crate::pg::call::{Call, Column, Output, Rows};
use crate::pg::{grants, relation};

/// A group into which the user comes without another between, and the tables that say so; none for
/// a built-in group.
struct Entry {
    group: i32,
    tables: BTreeSet<String>,
}

impl Entry {
    fn via(&self) -> &'static str {
        match self.group {
            EVERYONE | AUTHENTICATED => "built-in group",
            _ => "group",
        }
    }
}

/// A grant that counts: the permission granted and the subject that holds it, on the object or at
/// model level.
struct Granted {
    permission: i32,
    subject: i32,
    on_object: bool,
}

/// `explain_perm(user_id, perm, object_type, key)`
///
/// A row for each grant that gives the permission and, where a group holds it, each group through
/// which the user gets there; one for owning the row, and one for being a superuser.
pub fn explain_perm(call: &Call) -> Result<Output> {
    let rows = call.rows()?;
    let (Some(perm), Some(name), Some(key)) = (call.text(1), call.text(2), call.value(3)) else {
        return Ok(Output::Set);
    };
    let object_type = catalog::object_type(&name)?;
    let giving = object_type.giving(&perm)?;
    let sources = catalog::sources()?;
    let user = catalog::user_id(&sources, call.value(0))?;
    let subjects = Subjects::of_user(&sources, &user, true)?;
    let Some(key) = object_type.key(key)? else { return Ok(Output::Set) };
    let holder = Holder { sources, subjects, accept_model_level: true, with_superuser: true };
    let reach = Reach { object_type, giving, holder };
    explain_standing(&reach, &perm, &key, &rows)?;
    explain_grants(&reach, &perm, &key, &rows)?;
    Ok(Output::Set)
}

/// What the user holds without a grant.
fn explain_standing(reach: &Reach, perm: &str, key: &Key, rows: &Rows) -> Result<()> {
    let Holder { sources, subjects, .. } = &reach.holder;
    let user = || Column::Text(subjects.user.as_ref().map(Key::to_text).unwrap_or_default());
    let permission = || Column::Text(perm.to_owned());
    if reach.owns(key)? {
        let path = json!({ "owner_column": reach.object_type.owner_column });
        let object = Column::Text(key.to_text());
        rows.push([Column::Text("owner".into()), user(), permission(), object, Column::Json(path)]);
    }
    if subjects.superuser && reach.object_type.has_row(key)? {
        let column = sources.users.as_ref().and_then(|users| users.superuser_column.as_ref());
        let path = Column::Json(json!({ "superuser_column": column }));
        rows.push([Column::Text("superuser".into()), user(), permission(), Column::Null, path]);
    }
    Ok(())
}

fn explain_grants(reach: &Reach, perm: &str, key: &Key, rows: &Rows) -> Result<()> {
    let subjects = &reach.holder.subjects;
    let counts = |subject: i32| subjects.ids.binary_search(&subject).is_ok();
    let mut granted = Vec::new();
    grants::each_on_object(key.into(), &reach.giving, |permission, subject| {
        if counts(subject) {
            granted.push(Granted { permission, subject, on_object: true });
        }
    })?;
    if reach.object_type.has_row(key)? {
        grants::each_model_level(&reach.giving, |permission, subject| {
            if counts(subject) {
                granted.push(Granted { permission, subject, on_object: false });
            }
        })?;
    }
    if granted.is_empty() {
        return Ok(());
    }
    let own = match &subjects.user {
        Some(user) => catalog::subject_id(Kind::User, user)?,
        None => None,
    };
    let entries = entries(&reach.holder, own)?;
    let chains = entries.iter().map(|entry| chains(entry.group)).collect::<Result<Vec<_>>>()?;
    for grant in &granted {
        if Some(grant.subject) == own {
            rows.push(row(reach, perm, key, grant, "own", Map::new())?);
        }
        for (entry, chains) in entries.iter().zip(&chains) {
            let Some(chain) = chains.get(&grant.subject) else { continue };
            let mut path = Map::new();
            let groups: Result<Vec<String>> =
                chain.iter().map(|group| catalog::subject_name(*group)).collect();
            path.insert("groups".into(), json!(groups?));
            if !entry.tables.is_empty() {
                path.insert("memberships".into(), json!(entry.tables));
            }
            rows.push(row(reach, perm, key, grant, entry.via(), path)?);
        }
    }
    Ok(())
}

fn row(
    reach: &Reach,
    perm: &str,
    key: &Key,
    grant: &Granted,
    via: &str,
    mut path: Map<String, Json>,
) -> Result<[Column; 5]> {
    let object_type = &reach.object_type;
    let name = |id: i32| {
        let known = object_type.permissions.iter().find(|permission| permission.id == id);
        known.map_or_else(String::new, |permission| permission.name.clone())
    };
    let asked = object_type.permission(perm)?.id;
    let chain = object_type.implications.chain(grant.permission, asked);
    path.insert("permissions".into(), json!(chain.into_iter().map(name).collect::<Vec<_>>()));
    Ok([
        Column::Text(via.into()),
        Column::Text(catalog::subject_name(grant.subject)?),
        Column::Text(name(grant.permission)),
        if grant.on_object { Column::Text(key.to_text()) } else { Column::Null },
        Column::Json(Json::Object(path)),
    ])
}

/// The groups into which the user comes directly, each once.
fn entries(holder: &Holder, own: Option<i32>) -> Result<Vec<Entry>> {
    let mut tables: BTreeMap<i32, BTreeSet<String>> = BTreeMap::new();
    if let Some(user) = &holder.subjects.user {
        for group in catalog::direct_groups(&holder.sources, user, own)? {
            let table = relation::qualified_name(group.table);
            tables.entry(group.subject).or_default().insert(table);
        }
    }
    for built_in in [EVERYONE, AUTHENTICATED] {
        if holder.subjects.ids.binary_search(&built_in).is_ok() {
            tables.entry(built_in).or_default();
        }
    }
    Ok(tables.into_iter().map(|(group, tables)| Entry { group, tables }).collect())
}

/// A shortest chain of groups from this one to each that is above it, both included.
fn chains(group: i32) -> Result<BTreeMap<i32, Vec<i32>>> {
    let mut found = BTreeMap::from([(group, vec![group])]);
    let mut open = VecDeque::from([group]);
    while let Some(next) = open.pop_front() {
        for &parent in catalog::parents(next)?.iter() {
            if !found.contains_key(&parent) {
                let mut chain = found[&next].clone();
                chain.push(parent);
                found.insert(parent, chain);
                open.push_back(parent);
            }
        }
    }
    Ok(found)
}
