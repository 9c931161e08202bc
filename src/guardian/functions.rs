//! import_guardian, as SQL calls it.

use super::django::{Django, Objects};
use super::grants::{Brought, Source};
use super::types::{self, ContentType};
use crate::catalog::{self, Kind};
use crate::error::{Error, Result};
use crate::pg::call::{Call, Column, Output, null_argument};
use crate::pg::relation::{Relation, qualified_name};
use crate::pg::{owner, snapshot, types as pg_types};
use crate::setup::{self, Meaning, Table};

/// `import_guardian(schema)`
///
/// Registers the project's users, groups and memberships, protects the tables of models that have
/// grants, and brings the grants over; a row for each model. What stands already is left as it is.
pub fn import_guardian(call: &Call) -> Result<Output> {
    let schema = call.name(0).ok_or_else(|| null_argument("schema"))?;
    // Its statements join the application's tables with the extension's.
    if !owner::is_owner()? {
        return Err(Error::forbidden("must be the owner of the extension to import")
            .hint("import_guardian reads the project's tables with that role's rights."));
    }
    let rows = call.rows()?;
    setup::lock()?;
    let mut all = snapshot::with_latest(|| import(&schema))?;
    all.sort_by(|(one, _), (other, _)| one.cmp(other));
    for (name, brought) in all {
        rows.push([
            Column::Text(name),
            Column::Integer(brought.users.len() as i64),
            Column::Integer(brought.groups.len() as i64),
            Column::Integer(brought.grants),
            Column::Integer(brought.skipped),
        ]);
    }
    Ok(Output::Set)
}

fn import(schema: &str) -> Result<Vec<(String, Brought)>> {
    let django = Django::find(schema)?;
    register(&django)?;
    let direct = types::direct_tables(&django)?;
    let mut all = Vec::new();
    for content_type in types::used_content_types(&django)? {
        let table = direct.get(&content_type.id).copied();
        let object_type =
            snapshot::with_latest(|| types::object_type(schema, &content_type, table))?;
        let name = object_type.as_ref().map_or_else(|| content_type.label(), |t| t.name.clone());
        let mut brought = Brought::default();
        snapshot::with_latest(|| {
            owner::run(|| match &object_type {
                Some(object_type) => bring(&django, &content_type, object_type, &mut brought),
                None => skip(&django, &content_type, &mut brought),
            })
        })?;
        all.push((name, brought));
    }
    Ok(all)
}

fn bring(
    django: &Django,
    content_type: &ContentType,
    object_type: &catalog::ObjectType,
    brought: &mut Brought,
) -> Result<()> {
    let permissions = types::permission_ids(content_type, object_type)?;
    for grant in &django.grants {
        let source = Source { django, grant, content_type: content_type.id };
        // guardian reads a model's own tables of permissions in place of the generic ones.
        let hidden = grant.objects == Objects::Generic && django.grants.iter().any(|other| {
            other.kind == grant.kind
                && matches!(other.objects, Objects::Direct(t) if Some(t) == object_type.relation)
        });
        if hidden {
            brought.skipped += source.count()?;
        } else {
            source.bring(object_type, &permissions, brought)?;
        }
    }
    Ok(())
}

fn skip(django: &Django, content_type: &ContentType, brought: &mut Brought) -> Result<()> {
    for grant in &django.grants {
        brought.skipped += Source { django, grant, content_type: content_type.id }.count()?;
    }
    Ok(())
}

/// Registers users, groups and memberships that are not registered yet.
fn register(django: &Django) -> Result<()> {
    for (kind, table) in [(Kind::User, &django.users), (Kind::Group, &django.groups)] {
        let sources = catalog::sources()?;
        match kind.source(&sources) {
            Some(known) if known.relation == table.oid => {}
            Some(known) => {
                let (known, noun) = (qualified_name(known.relation), kind.noun());
                return Err(Error::argument(format!(
                    "the table of {noun}s is {known}, but guardian's grants are to {noun}s of {}",
                    table.name
                ))
                .hint("One database has one table of users and one of groups."));
            }
            None => {
                let meaning = match kind {
                    Kind::User => meaning(table)?,
                    Kind::Group => Meaning::default(),
                };
                let source = setup::Source::new(kind, table, meaning)?;
                owner::run(|| source.register())?;
            }
        }
    }
    if let Some((table, user, group)) = &django.membership {
        let sources = snapshot::with_latest(catalog::sources)?;
        if !sources.memberships.iter().any(|known| known.relation == table.oid) {
            setup::check_membership(table, user, group)?;
            owner::run(|| setup::read_membership(table.oid, user, group))?;
        }
    }
    Ok(())
}

/// What Django's columns of a user mean, and which user guardian takes the anonymous one for.
fn meaning(users: &Table) -> Result<Meaning> {
    let boolean = |name: &str| users.check_boolean(name).is_ok().then(|| name.to_owned());
    Ok(Meaning {
        active: boolean("is_active"),
        superuser: boolean("is_superuser"),
        anonymous: anonymous(users)?,
    })
}

/// guardian's own user, found by the name that its settings give him unless a project changes it,
/// in any unique column of texts: the project may log its users in by another.
fn anonymous(users: &Table) -> Result<Option<String>> {
    use crate::key::Key;
    use crate::pg::scan::find_rows;
    use std::ops::ControlFlow;
    let name = Key::Text("AnonymousUser".into());
    let key = users.primary_key()?;
    let relation: &Relation = &users.relation();
    for (columns, _) in relation.unique_keys() {
        let [column] = columns.as_slice() else { continue };
        let textual = relation
            .column(column)
            .is_some_and(|(_, declared, _)| pg_types::is_text(pg_types::base(declared)));
        if !textual {
            continue;
        }
        let mut found = None;
        find_rows(users.oid, &[(column, &name)], &[&key[0]], |row| {
            found = row[0].map(|id| id.print());
            Ok(ControlFlow::Break(()))
        })?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}
