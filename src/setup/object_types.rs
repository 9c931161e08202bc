//! protect, unprotect and define_object_type.

use pgrx::pg_sys::Oid;

use super::table::Table;
use super::{change, check_name, permissions};
use crate::catalog::{self, ObjectType};
use crate::cleanup::{grants, triggers};
use crate::error::{Error, Result};
use crate::key::{KeyColumn, KeyShape};
use crate::pg::call::{Call, Output, null_argument};
use crate::pg::relation;
use crate::pg::spi::{self, Argument, See};
use crate::pg::types;

/// What a call of protect or define_object_type declares.
struct Declared {
    name: Option<String>,
    relation: Option<Oid>,
    key_columns: Vec<String>,
    key_types: Vec<Oid>,
    shape: KeyShape,
    owner_column: Option<String>,
}

/// `protect(relation, name, perms, key, owner_column)`
pub fn protect(call: &Call) -> Result<Output> {
    let table = Table::open(call.oid(0))?;
    let perms = permissions::names(call, 2)?;
    let key_columns = match call.texts(3) {
        Some(columns) => {
            let columns: Option<Vec<String>> = columns.into_iter().collect();
            let columns = columns.ok_or_else(|| null_argument("a column in key"))?;
            table.check_key(&columns)?;
            columns
        }
        None => table.primary_key()?,
    };
    let columns =
        key_columns.iter().map(|c| table.column(c)).collect::<Result<Vec<(Oid, KeyColumn)>>>()?;
    let owner_column = call.name(4);
    if let Some(column) = &owner_column {
        table.column(column)?;
    }
    let (key_types, shape): (Vec<Oid>, Vec<KeyColumn>) = columns.into_iter().unzip();
    let declared = Declared {
        name: call.text(1),
        relation: Some(table.oid),
        key_columns,
        key_types,
        shape: KeyShape::new(shape),
        owner_column,
    };
    change(|| {
        let existing = find_by_relation(table.oid)?;
        let name = match (&declared.name, &existing) {
            (Some(name), _) => name.clone(),
            (None, Some(existing)) => existing.name.clone(),
            (None, None) => table.relation.name(),
        };
        check_name(&name, "object type")?;
        let id = match &existing {
            Some(existing) => alter(existing, &name, &declared)?,
            None => insert(&name, &declared)?,
        };
        let known = existing.as_ref().map_or(&[][..], |existing| &existing.permissions);
        permissions::add_missing(id, known, &perms)?;
        triggers::on_objects(table.oid, id, &declared.key_columns, &declared.shape)?;
        Ok(Output::Text(name))
    })
}

/// `define_object_type(name, key_type, perms)`
pub fn define_object_type(call: &Call) -> Result<Output> {
    let name = call.required_text(0, "name")?;
    let key_type = call.oid(1).ok_or_else(|| null_argument("key_type"))?;
    let perms = permissions::names(call, 2)?;
    check_name(&name, "object type")?;
    let key_types = match types::relation_of_row_type(types::base(key_type)) {
        Some(row_type) => relation::Relation::open(row_type).column_types(),
        None => vec![key_type],
    };
    let shape = key_types
        .iter()
        .map(|t| {
            KeyColumn::new(*t, types::collation(*t)).map_err(|why| {
                Error::argument(format!("type {} cannot be a key: {why}", types::name(*t)))
                    .hint("Keep the ids as text.")
            })
        })
        .collect::<Result<Vec<_>>>()?;
    let declared = Declared {
        name: Some(name.clone()),
        relation: None,
        key_columns: Vec::new(),
        key_types,
        shape: KeyShape::new(shape),
        owner_column: None,
    };
    change(|| {
        let existing = catalog::find_object_type(&name)?
            .filter(|same| same.relation.is_none() && same.shape == declared.shape);
        let id = match &existing {
            Some(same) => same.id,
            None => insert(&name, &declared)?,
        };
        let known = existing.as_ref().map_or(&[][..], |existing| &existing.permissions);
        permissions::add_missing(id, known, &perms)?;
        Ok(Output::Text(name))
    })
}

/// `unprotect(object_type, drop_grants)`
pub fn unprotect(call: &Call) -> Result<Output> {
    let object_type = catalog::object_type(&call.required_text(0, "object_type")?)?;
    let table = object_type.relation.map(|oid| Table::open(Some(oid))).transpose()?;
    let drop_grants = call.bool(1).unwrap_or(false);
    change(|| {
        if let Some(table) = &table {
            // Takes the strongest lock: nobody grants, deletes or asks by row until it is done.
            triggers::drop_from(table.oid, triggers::ON_OBJECTS)?;
        }
        let ids = object_type.permission_ids();
        if drop_grants {
            grants::delete_of_permissions(&ids)?;
        } else {
            grants::refuse_if_any(&ids, &format!("object type \"{}\"", object_type.name))?;
        }
        delete(object_type.id)?;
        Ok(Output::Void)
    })
}

/// Removes the object type with its permissions, but not its grants.
pub fn delete(id: i32) -> Result<()> {
    let sql = "DELETE FROM rowgrant.object_type WHERE id OPERATOR(pg_catalog.=) $1";
    spi::execute(sql, &[Argument::integer(id)], See::Latest)?;
    Ok(())
}

fn find_by_relation(oid: Oid) -> Result<Option<std::rc::Rc<ObjectType>>> {
    Ok(catalog::object_type_of_relation(oid)?.filter(|found| found.relation == Some(oid)))
}

fn taken(name: &str) -> Error {
    Error::duplicate(format!("object type \"{name}\" already exists"))
        .hint("Give another name, as in rowgrant.protect(relation, name => 'other').")
}

fn check_free(name: &str, id: i32) -> Result<()> {
    let sql = "SELECT FROM rowgrant.object_type \
               WHERE name OPERATOR(pg_catalog.=) $1 AND id OPERATOR(pg_catalog.<>) $2";
    let arguments = [Argument::text(name), Argument::integer(id)];
    if spi::execute(sql, &arguments, See::Latest)? > 0 { Err(taken(name)) } else { Ok(()) }
}

fn insert(name: &str, declared: &Declared) -> Result<i32> {
    check_free(name, 0)?;
    let mut id = 0;
    spi::query(
        "INSERT INTO rowgrant.object_type (name, relation, key_columns, key_types, owner_column) \
         VALUES ($1, $2, $3::pg_catalog.name[], $4::pg_catalog.regtype[], $5::pg_catalog.name) \
         RETURNING id",
        &arguments(name, declared),
        See::Latest,
        |row| {
            id = row.integer(1).unwrap_or_default() as i32;
            Ok(())
        },
    )?;
    Ok(id)
}

fn arguments(name: &str, declared: &Declared) -> [Argument; 5] {
    [
        Argument::text(name),
        Argument::maybe_oid(declared.relation),
        Argument::texts(declared.key_columns.clone()),
        Argument::oids(&declared.key_types),
        Argument::maybe_text(declared.owner_column.as_deref()),
    ]
}

/// Changes what stands to what is declared; another key only while there are no grants.
fn alter(existing: &ObjectType, name: &str, declared: &Declared) -> Result<i32> {
    let same_names = existing.key_columns == declared.key_columns;
    let renamed = match declared.relation {
        Some(table) if !same_names => {
            triggers::stand_on_key(table, existing.id, &declared.key_columns, &existing.shape)?
        }
        _ => false,
    };
    let same_key = (same_names || renamed) && existing.shape == declared.shape;
    let same_rest = existing.name == name && existing.owner_column == declared.owner_column;
    if same_key && same_rest && !renamed {
        return Ok(existing.id);
    }
    check_free(name, existing.id)?;
    if !same_key {
        let what = format!("the key of object type \"{}\"", existing.name);
        grants::refuse_if_any(&existing.permission_ids(), &what)?;
    }
    let mut all = Vec::from(arguments(name, declared));
    all.push(Argument::integer(existing.id));
    spi::execute(
        "UPDATE rowgrant.object_type SET name = $1, relation = $2, \
         key_columns = $3::pg_catalog.name[], key_types = $4::pg_catalog.regtype[], \
         owner_column = $5::pg_catalog.name WHERE id OPERATOR(pg_catalog.=) $6",
        &all,
        See::Latest,
    )?;
    Ok(existing.id)
}
