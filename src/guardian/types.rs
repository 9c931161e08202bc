//! From content types to object types, and from codenames to permissions.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use pgrx::pg_sys::Oid;

use super::django::{Django, Objects};
use crate::catalog::{self, ObjectType};
use crate::error::Result;
use crate::pg::spi::{self, Argument, See};
use crate::pg::{owner, snapshot};
use crate::setup::{self, Table};

/// Permissions that Django gives every model; their codenames end in the model's name.
const DEFAULTS: [&str; 4] = ["add", "change", "delete", "view"];

/// A model, and what its permissions are called.
pub struct ContentType {
    pub id: i64,
    app_label: String,
    model: String,
    /// Codenames by the id that Django gives them.
    codenames: BTreeMap<i64, String>,
}

impl ContentType {
    /// As Django writes it.
    pub fn label(&self) -> String {
        format!("{}.{}", self.app_label, self.model)
    }

    /// The table's name, where the model does not set another.
    fn table_name(&self) -> String {
        format!("{}_{}", self.app_label, self.model)
    }

    /// The permission's own name: `view` for `view_article`, as every object type has it, and the
    /// codename for what only this model has.
    fn perm<'a>(&self, codename: &'a str) -> &'a str {
        let own = codename.strip_suffix(&self.model).and_then(|name| name.strip_suffix('_'));
        own.filter(|name| DEFAULTS.contains(name)).unwrap_or(codename)
    }
}

/// The content types that have grants.
pub fn used_content_types(django: &Django) -> Result<Vec<ContentType>> {
    let used = django.grants.iter().map(|grant| {
        let permitted = format!(
            "SELECT p.content_type_id FROM {} g JOIN {} p \
             ON p.id OPERATOR(pg_catalog.=) g.permission_id",
            grant.table.name, django.permission.name
        );
        match grant.objects {
            Objects::Generic => {
                format!("{permitted} UNION SELECT content_type_id FROM {}", grant.table.name)
            }
            _ => permitted,
        }
    });
    let sql = format!(
        "SELECT c.id, c.app_label::pg_catalog.text, c.model::pg_catalog.text FROM {} c \
         WHERE c.id IN ({}) ORDER BY c.id",
        django.content_type.name,
        used.collect::<Vec<_>>().join(" UNION ")
    );
    let mut found = Vec::new();
    owner::run(|| {
        spi::query_sized(&sql, &[], See::Latest, |row| {
            found.push(ContentType {
                id: row.integer(1).unwrap_or_default(),
                app_label: row.text(2).unwrap_or_default(),
                model: row.text(3).unwrap_or_default(),
                codenames: BTreeMap::new(),
            });
            Ok(())
        })?;
        let sql = format!(
            "SELECT p.id, p.codename::pg_catalog.text FROM {} p \
             WHERE p.content_type_id OPERATOR(pg_catalog.=) $1",
            django.permission.name
        );
        for content_type in &mut found {
            let arguments = [Argument::bigint(content_type.id)];
            spi::query_sized(&sql, &arguments, See::Latest, |row| {
                content_type.codenames.extend(row.integer(1).zip(row.text(2)));
                Ok(())
            })?;
        }
        Ok(())
    })?;
    Ok(found)
}

/// The tables of models that have permissions by foreign key: that key tells them, whatever they are
/// called.
pub fn direct_tables(django: &Django) -> Result<HashMap<i64, Oid>> {
    let mut found = HashMap::new();
    for grant in &django.grants {
        let Objects::Direct(target) = grant.objects else { continue };
        let sql = format!(
            "SELECT DISTINCT p.content_type_id FROM {} g JOIN {} p \
             ON p.id OPERATOR(pg_catalog.=) g.permission_id",
            grant.table.name, django.permission.name
        );
        owner::run(|| {
            spi::query_sized(&sql, &[], See::Latest, |row| {
                found.extend(row.integer(1).map(|id| (id, target)));
                Ok(())
            })
        })?;
    }
    Ok(found)
}

/// The object type of a model, protected if it is not yet; none where its table cannot be found.
pub fn object_type(
    schema: &str,
    content_type: &ContentType,
    direct: Option<Oid>,
) -> Result<Option<Rc<ObjectType>>> {
    let name = content_type.table_name();
    let known = catalog::find_object_type(&name)?;
    let table = match direct {
        Some(table) => Some(table),
        None => find_table(schema, &name)?,
    };
    let table = match (table, &known) {
        (Some(table), _) => table,
        (None, Some(known)) if known.relation.is_some() => known.relation.unwrap_or(Oid::INVALID),
        _ => return Ok(None),
    };
    let table = Table::open(Some(table))?;
    let perms: Vec<String> = content_type
        .codenames
        .values()
        .map(|codename| content_type.perm(codename).to_owned())
        .collect();
    let object_type = owner::run(|| {
        snapshot::with_latest(|| protected(&table, &perms))?;
        snapshot::with_latest(|| alias_codenames(&table, content_type))?;
        snapshot::with_latest(|| catalog::object_type_of_relation(table.oid))
    })?;
    Ok(object_type)
}

/// Protects the table, or adds the permissions that are missing to the type that it is.
fn protected(table: &Table, perms: &[String]) -> Result<()> {
    match catalog::object_type_of_relation(table.oid)? {
        Some(known) => setup::add_missing(known.id, &known.permissions, perms),
        None => setup::protect_table(table, None, perms, None, None).map(|_| ()),
    }
}

/// Lets Django's codenames be asked for as well: `view` gives `view_article`.
fn alias_codenames(table: &Table, content_type: &ContentType) -> Result<()> {
    let Some(object_type) = catalog::object_type_of_relation(table.oid)? else { return Ok(()) };
    for codename in content_type.codenames.values() {
        let perm = content_type.perm(codename);
        let known = object_type.permissions.iter().any(|p| p.name == *codename);
        if perm == codename || known {
            continue;
        }
        let names = std::slice::from_ref(codename);
        setup::add_missing(object_type.id, &object_type.permissions, names)?;
        let alias = snapshot::with_latest(|| {
            let object_type = catalog::object_type(&object_type.name)?;
            Ok(object_type.permission(codename)?.id)
        })?;
        setup::imply(object_type.id, perm, &[alias])?;
    }
    Ok(())
}

fn find_table(schema: &str, name: &str) -> Result<Option<Oid>> {
    let mut found = None;
    owner::run(|| {
        spi::query(
            "SELECT c.oid FROM pg_catalog.pg_class c \
             JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace \
             WHERE n.nspname OPERATOR(pg_catalog.=) $1::pg_catalog.name \
             AND c.relname OPERATOR(pg_catalog.=) $2::pg_catalog.name \
             AND c.relkind OPERATOR(pg_catalog.=) ANY ('{r,p}'::pg_catalog.\"char\"[])",
            &[Argument::text(schema), Argument::text(name)],
            See::Latest,
            |row| {
                found = row.as_oid(1);
                Ok(())
            },
        )
    })?;
    Ok(found)
}

/// Django's ids of the permissions with those that they are here.
pub fn permission_ids(
    content_type: &ContentType,
    object_type: &ObjectType,
) -> Result<Vec<(i64, i32)>> {
    let codenames = content_type.codenames.iter();
    codenames
        .map(|(id, codename)| Ok((*id, object_type.permission(content_type.perm(codename))?.id)))
        .collect()
}
