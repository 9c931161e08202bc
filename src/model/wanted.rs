//! A document made canonical: its tables opened on the caller's behalf, its keys spelled out, its
//! ids in the form of the tables that it names. Mistakes are named with their path.

use std::collections::{BTreeMap, BTreeSet};

use pgrx::pg_sys::Oid;
use rowgrant_core::model::{self, Groups, Id, KeyType, Membership, Model, ObjectType, Users};

use crate::catalog::{self, Kind, built_in_group};
use crate::error::{Error, Result};
use crate::key::free_text;
use crate::pg::spi::{self, Argument, See};
use crate::pg::{owner, types};
use crate::setup::{self, Meaning, Source, Table};

/// What a document wants, and the tables that it, or what stands, names.
pub struct Wanted {
    pub model: Model,
    tables: BTreeMap<String, Table>,
}

impl Wanted {
    /// Checks the document against the server. `before` is what stands: whoever takes a table out of
    /// it must own that table as well.
    pub fn new(before: &Model, document: Model) -> Result<Self> {
        let mut tables = Tables::default();
        let mut model = document;
        for relation in going(before, &model) {
            tables.open(relation)?;
        }
        if let Some(types) = &mut model.object_types {
            for (name, object_type) in types {
                let path = format!("object_types.{name}");
                at(&path, canonical_type(&mut tables, object_type))?;
                at(&path, setup::check_name(name, "object type"))?;
                for perm in object_type.perms.keys() {
                    at(&format!("{path}.perms"), setup::check_name(perm, "permission"))?;
                }
            }
        }
        if let Some(Some(users)) = &mut model.users {
            at("users", canonical_users(&mut tables, users))?;
        }
        if let Some(Some(groups)) = &mut model.groups {
            at("groups", canonical_groups(&mut tables, groups))?;
        }
        if let Some(memberships) = model.memberships.take() {
            let mut named = BTreeMap::new();
            for (relation, columns) in memberships {
                let path = format!("memberships.{relation}");
                let name = at(&path, canonical_membership(&mut tables, &relation, &columns))?;
                named.insert(name, columns);
            }
            model.memberships = Some(named);
        }
        let mut wanted = Self { model, tables: tables.0 };
        wanted.canonical_ids()?;
        // Two spellings may have been one.
        model::check(&wanted.model).map_err(invalid)?;
        Ok(wanted)
    }

    /// A table by its canonical name.
    pub fn table(&self, name: &str) -> Result<&Table> {
        self.tables.get(name).ok_or_else(|| Error::internal(format!("table {name} was not opened")))
    }

    /// The table of users as the document declares it.
    pub fn users(&self, users: &Users) -> Result<Source<'_>> {
        Source::new(Kind::User, self.table(&users.relation)?, meaning(users))
    }

    /// The table of groups as the document declares it.
    pub fn groups(&self, groups: &Groups) -> Result<Source<'_>> {
        Source::new(Kind::Group, self.table(&groups.relation)?, Meaning::default())
    }

    fn canonical_ids(&mut self) -> Result<()> {
        if let Some(subgroups) = &self.model.subgroups {
            let subgroups = self.canonical_pairs("subgroups", subgroups, Kind::Group)?;
            self.model.subgroups = Some(subgroups);
        }
        if let Some(members) = &self.model.members {
            let members = self.canonical_pairs("members", members, Kind::User)?;
            self.model.members = Some(members);
        }
        Ok(())
    }

    fn canonical_pairs(
        &self,
        part: &str,
        pairs: &BTreeMap<String, BTreeSet<Id>>,
        kind: Kind,
    ) -> Result<BTreeMap<String, BTreeSet<Id>>> {
        let mut found: BTreeMap<String, BTreeSet<Id>> = BTreeMap::new();
        for (group, others) in pairs {
            let path = format!("{part}.{group}");
            if built_in_group(group).is_some() {
                return at(&path, Err(setup::built_in(group)));
            }
            let group = at(&path, self.canonical_id(Kind::Group, group))?;
            for other in others {
                let other = at(&path, self.canonical_id(kind, &other.0))?;
                // Nobody is a member of nothing: what is empty needs no entry.
                found.entry(group.clone()).or_default().insert(Id(other));
            }
        }
        Ok(found)
    }

    /// The id in the form of the table that will be registered, which must have it.
    fn canonical_id(&self, kind: Kind, id: &str) -> Result<String> {
        if kind == Kind::Group && built_in_group(id).is_some() {
            return Ok(id.to_owned());
        }
        let declared = match (kind, &self.model.users, &self.model.groups) {
            (Kind::User, Some(users), _) => {
                Some(users.as_ref().map(|users| self.users(users)).transpose()?)
            }
            (Kind::Group, _, Some(groups)) => {
                Some(groups.as_ref().map(|groups| self.groups(groups)).transpose()?)
            }
            _ => None,
        };
        match declared {
            Some(Some(source)) => source.existing(id),
            Some(None) => Ok(free_text(id)),
            None => {
                let sources = catalog::sources()?;
                match kind.source(&sources) {
                    Some(source) => setup::existing_in(
                        kind,
                        source.relation,
                        &source.key_column,
                        &source.column,
                        id,
                    ),
                    None => Ok(free_text(id)),
                }
            }
        }
    }
}

/// The error of a mistake in the document, which names its path.
pub fn invalid(mistake: String) -> Error {
    Error::argument(format!("invalid model: {mistake}"))
        .hint("SELECT rowgrant.model() writes the document of what stands.")
}

/// Names the path in the error.
fn at<T>(path: &str, result: Result<T>) -> Result<T> {
    result.map_err(|error| Error {
        message: format!("invalid model: {path}: {}", error.message),
        ..error
    })
}

/// The tables of what stands that the document leaves out.
fn going<'a>(before: &'a Model, wanted: &Model) -> BTreeSet<&'a str> {
    let mut all = BTreeSet::new();
    if wanted.object_types.is_some() {
        let types = before.object_types.iter().flatten();
        all.extend(types.filter_map(|(_, object_type)| object_type.relation.as_deref()));
    }
    if wanted.users == Some(None) {
        all.extend(before.users.iter().flatten().map(|users| users.relation.as_str()));
    }
    if wanted.groups == Some(None) {
        all.extend(before.groups.iter().flatten().map(|groups| groups.relation.as_str()));
    }
    if wanted.memberships.is_some() {
        all.extend(before.memberships.iter().flatten().map(|(relation, _)| relation.as_str()));
    }
    all
}

/// Tables by canonical name.
#[derive(Default)]
struct Tables(BTreeMap<String, Table>);

impl Tables {
    /// Opens a table by a name with its schema; its canonical name.
    fn open(&mut self, name: &str) -> Result<String> {
        let missing = || {
            Error::undefined(format!("table \"{name}\" does not exist"))
                .hint("Give the name with its schema, as in public.documents.")
        };
        let oid = look_up("regclass", name)?.ok_or_else(missing)?;
        let table = Table::open(Some(oid))?;
        let name = table.name.clone();
        self.0.entry(name.clone()).or_insert(table);
        Ok(name)
    }

    fn get(&self, name: &str) -> Result<&Table> {
        self.0.get(name).ok_or_else(|| Error::internal(format!("table {name} was not opened")))
    }
}

/// What a name stands for, the caller's search_path left aside.
fn look_up(kind: &str, name: &str) -> Result<Option<Oid>> {
    let mut found = None;
    let sql = format!("SELECT pg_catalog.to_{kind}($1)::pg_catalog.oid");
    owner::run(|| {
        spi::query(&sql, &[Argument::text(name)], See::Latest, |row| {
            found = row.as_oid(1);
            Ok(())
        })
    })?;
    Ok(found)
}

fn canonical_type(tables: &mut Tables, object_type: &mut ObjectType) -> Result<()> {
    if let Some(relation) = &mut object_type.relation {
        *relation = tables.open(relation)?;
        let table = tables.get(relation)?;
        let (key, owner_column) = (object_type.key.take(), object_type.owner_column.clone());
        object_type.key = Some(setup::check_table(table, key, owner_column)?);
    }
    if let Some(key_type) = &object_type.key_type {
        let key_types = types_named(key_type.names())?;
        let names =
            owner::run(|| Ok(key_types.iter().map(|oid| types::name(*oid)).collect::<Vec<_>>()))?;
        setup::check_ids(key_types)?;
        object_type.key_type = Some(KeyType::of(names));
    }
    Ok(())
}

/// The types of a key's columns by name; a row type stands for those of its own columns.
pub fn types_named(names: &[String]) -> Result<Vec<Oid>> {
    let mut key_types = Vec::new();
    for name in names {
        let missing = || {
            Error::undefined(format!("type \"{name}\" does not exist"))
                .hint("Give the name of a type that is not PostgreSQL's own with its schema.")
        };
        let oid = look_up("regtype", name)?.ok_or_else(missing)?;
        key_types.extend(setup::column_types(oid));
    }
    Ok(key_types)
}

fn meaning(users: &Users) -> Meaning {
    Meaning {
        active: users.active_column.clone(),
        superuser: users.superuser_column.clone(),
        anonymous: users.anonymous_user.as_ref().map(|id| id.0.clone()),
    }
}

fn canonical_users(tables: &mut Tables, users: &mut Users) -> Result<()> {
    users.relation = tables.open(&users.relation)?;
    let source = Source::new(Kind::User, tables.get(&users.relation)?, meaning(users))?;
    users.anonymous_user = source.anonymous().map(|id| Id(id.to_owned()));
    Ok(())
}

fn canonical_groups(tables: &mut Tables, groups: &mut Groups) -> Result<()> {
    groups.relation = tables.open(&groups.relation)?;
    Source::new(Kind::Group, tables.get(&groups.relation)?, Meaning::default())?;
    Ok(())
}

fn canonical_membership(
    tables: &mut Tables,
    relation: &str,
    columns: &Membership,
) -> Result<String> {
    let name = tables.open(relation)?;
    setup::check_membership(tables.get(&name)?, &columns.user_column, &columns.group_column)?;
    Ok(name)
}
