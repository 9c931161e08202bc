//! Finding Django's and guardian's tables by their foreign keys, as a project may name its users, and
//! its tables of permissions, as it likes.

use std::collections::HashMap;

use pgrx::pg_sys::{self, Oid};

use crate::catalog::Kind;
use crate::error::{Error, Result};
use crate::pg::owner;
use crate::pg::spi::{self, Argument, See};
use crate::pg::types;
use crate::setup::Table;

/// What a row of a table of grants is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Objects {
    /// Any object, by content type and text of its key.
    Generic,
    /// A row of this table, by foreign key.
    Direct(Oid),
    /// Every object of a model.
    Model,
}

/// A table of grants.
pub struct GrantTable {
    pub table: Table,
    pub kind: Kind,
    /// The column with the user or group.
    pub holder: String,
    pub objects: Objects,
}

/// The tables of one Django project.
pub struct Django {
    pub content_type: Table,
    pub permission: Table,
    pub users: Table,
    pub groups: Table,
    /// The table of memberships with its columns of users and groups.
    pub membership: Option<(Table, String, String)>,
    pub grants: Vec<GrantTable>,
}

/// Foreign keys of one column: the tables that they point to, by table and column.
type ForeignKeys = HashMap<Oid, HashMap<String, Oid>>;

const INTEGERS: &[Oid] = &[pg_sys::INT2OID, pg_sys::INT4OID, pg_sys::INT8OID];
const TEXTS: &[Oid] = &[pg_sys::TEXTOID, pg_sys::VARCHAROID];

impl Django {
    /// Finds the tables in a schema. Each must be owned by the current role.
    pub fn find(schema: &str) -> Result<Self> {
        let names = tables_in(schema)?;
        let required = |name: &str| {
            let missing = || {
                Error::undefined(format!("table \"{schema}.{name}\" does not exist"))
                    .hint("Name the schema of the Django project: import_guardian('schema').")
            };
            names.get(name).copied().ok_or_else(missing)
        };
        let content_type = checked(
            required("django_content_type")?,
            &[("id", INTEGERS), ("app_label", TEXTS), ("model", TEXTS)],
        )?;
        let permission = checked(
            required("auth_permission")?,
            &[("id", INTEGERS), ("content_type_id", INTEGERS), ("codename", TEXTS)],
        )?;
        let keys = foreign_keys(schema)?;
        let mut grants = Vec::new();
        for (&oid, columns) in &keys {
            if columns.get("permission_id") == Some(&permission.oid) {
                grants.extend(object_grants(oid, columns, content_type.oid)?);
            }
        }
        // The project's own generic table is used in place of guardian's.
        for (kind, name) in [
            (Kind::User, "guardian_userobjectpermission"),
            (Kind::Group, "guardian_groupobjectpermission"),
        ] {
            let generic = |g: &GrantTable| g.kind == kind && g.objects == Objects::Generic;
            if grants.iter().filter(|g| generic(g)).count() > 1 {
                grants.retain(|g| !generic(g) || g.table.relation().name() != name);
            }
        }
        let target = |kind: Kind| {
            let mut of_kind = grants.iter().filter(|grant| grant.kind == kind);
            of_kind.find_map(|grant| keys[&grant.table.oid].get(&grant.holder).copied())
        };
        let users = target(Kind::User).ok_or_else(|| {
            Error::undefined(format!("schema \"{schema}\" has no tables of django-guardian"))
                .hint("import_guardian reads guardian's tables; without them, use protect and register_users.")
        })?;
        let groups = target(Kind::Group).map_or_else(|| required("auth_group"), Ok)?;
        let (users, groups) = (Table::open(Some(users))?, Table::open(Some(groups))?);
        let named = |name: String| names.get(&name).copied().filter(|oid| keys.contains_key(oid));
        let column_to = |table: Oid, target: &Table| {
            let mut columns = keys[&table].iter();
            columns.find(|(_, to)| **to == target.oid).map(|(column, _)| column.clone())
        };
        for (kind, holders, suffix) in
            [(Kind::User, &users, "user_permissions"), (Kind::Group, &groups, "permissions")]
        {
            if let Some(oid) = named(format!("{}_{suffix}", holders.relation().name()))
                && let Some(holder) = column_to(oid, holders)
            {
                let table = checked(oid, &[("permission_id", INTEGERS)])?;
                grants.push(GrantTable { table, kind, holder, objects: Objects::Model });
            }
        }
        let mut membership = None;
        if let Some(oid) = named(format!("{}_groups", users.relation().name()))
            && let (Some(user), Some(group)) = (column_to(oid, &users), column_to(oid, &groups))
        {
            membership = Some((Table::open(Some(oid))?, user, group));
        }
        Ok(Self { content_type, permission, users, groups, membership, grants })
    }
}

/// What grants on objects a table with a foreign key to permissions holds.
fn object_grants(
    oid: Oid,
    columns: &HashMap<String, Oid>,
    content_types: Oid,
) -> Result<Vec<GrantTable>> {
    let mut found = Vec::new();
    for (kind, holder) in [(Kind::User, "user_id"), (Kind::Group, "group_id")] {
        if !columns.contains_key(holder) {
            continue;
        }
        let (objects, fit): (_, &[(&str, &[Oid])]) =
            match (columns.get("content_object_id"), columns.get("content_type_id")) {
                (Some(target), _) => (Objects::Direct(*target), &[("permission_id", INTEGERS)]),
                (None, Some(types)) if *types == content_types => (
                    Objects::Generic,
                    &[
                        ("permission_id", INTEGERS),
                        ("content_type_id", INTEGERS),
                        ("object_pk", TEXTS),
                    ],
                ),
                _ => continue,
            };
        let table = checked(oid, fit)?;
        found.push(GrantTable { table, kind, holder: holder.to_owned(), objects });
    }
    Ok(found)
}

/// Opens a table whose columns are of PostgreSQL's own types: values of others could bring functions
/// of the application's into statements that run with the extension's rights.
fn checked(oid: Oid, columns: &[(&str, &[Oid])]) -> Result<Table> {
    let table = Table::open(Some(oid))?;
    for (column, fit) in columns {
        let (_, declared) = table.relation().required_column(column)?;
        if !fit.contains(&types::base(declared)) {
            return Err(Error::argument(format!(
                "column \"{column}\" of table {} is of type {}",
                table.name,
                types::name(declared)
            ))
            .hint("import_guardian reads tables as Django and guardian make them."));
        }
    }
    Ok(table)
}

/// The tables of a schema by name.
fn tables_in(schema: &str) -> Result<HashMap<String, Oid>> {
    let mut found = HashMap::new();
    owner::run(|| {
        spi::query(
            "SELECT c.relname::pg_catalog.text, c.oid FROM pg_catalog.pg_class c \
             JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace \
             WHERE n.nspname OPERATOR(pg_catalog.=) $1::pg_catalog.name \
             AND c.relkind OPERATOR(pg_catalog.=) ANY ('{r,p}'::pg_catalog.\"char\"[])",
            &[Argument::text(schema)],
            See::Latest,
            |row| {
                found.extend(row.text(1).zip(row.as_oid(2)));
                Ok(())
            },
        )
    })?;
    Ok(found)
}

fn foreign_keys(schema: &str) -> Result<ForeignKeys> {
    let mut found = ForeignKeys::new();
    owner::run(|| {
        spi::query(
            "SELECT k.conrelid, a.attname::pg_catalog.text, k.confrelid \
             FROM pg_catalog.pg_constraint k \
             JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) k.conrelid \
             JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace \
             JOIN pg_catalog.pg_attribute a ON a.attrelid OPERATOR(pg_catalog.=) k.conrelid \
             AND a.attnum OPERATOR(pg_catalog.=) k.conkey[1] \
             WHERE k.contype OPERATOR(pg_catalog.=) 'f'::pg_catalog.\"char\" \
             AND pg_catalog.cardinality(k.conkey) OPERATOR(pg_catalog.=) 1 \
             AND n.nspname OPERATOR(pg_catalog.=) $1::pg_catalog.name",
            &[Argument::text(schema)],
            See::Latest,
            |row| {
                if let (Some(from), Some(column), Some(to)) =
                    (row.as_oid(1), row.text(2), row.as_oid(3))
                {
                    found.entry(from).or_default().insert(column, to);
                }
                Ok(())
            },
        )
    })?;
    Ok(found)
}
