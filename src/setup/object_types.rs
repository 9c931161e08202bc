//! protect, unprotect and define_object_type.

use pgrx::pg_sys::Oid;

use super::table::Table;
use super::{change, check_name, permissions, row_security};
use crate::catalog::{self, ObjectType};
use crate::cleanup::{grants, triggers};
use crate::error::{Error, Result};
use crate::key::{KeyColumn, KeyShape};
use crate::pg::call::{Call, Output, null_argument};
use crate::pg::spi::{self, Argument, See};
use crate::pg::types;
use crate::pg::{lock, relation, snapshot};

/// What is declared of an object type, found fit.
struct Declared {
    name: Option<String>,
    relation: Option<Oid>,
    key_columns: Vec<String>,
    key_types: Vec<Oid>,
    shape: KeyShape,
    owner_column: Option<String>,
}

impl Declared {
    fn of_table(
        table: &Table,
        name: Option<String>,
        key: Option<Vec<String>>,
        owner_column: Option<String>,
    ) -> Result<Self> {
        let key_columns = match key {
            Some(columns) => {
                table.check_key(&columns)?;
                columns
            }
            None => table.primary_key()?,
        };
        let columns = key_columns.iter().map(|c| table.column(c));
        let columns = columns.collect::<Result<Vec<(Oid, KeyColumn)>>>()?;
        if let Some(column) = &owner_column {
            table.column(column)?;
        }
        let (key_types, shape): (Vec<Oid>, Vec<KeyColumn>) = columns.into_iter().unzip();
        Ok(Self {
            name,
            relation: Some(table.oid),
            key_columns,
            key_types,
            shape: KeyShape::new(shape),
            owner_column,
        })
    }

    fn of_ids(name: &str, key_types: Vec<Oid>) -> Result<Self> {
        let shape = key_types.iter().map(|key_type| {
            KeyColumn::new(*key_type, types::collation(*key_type)).map_err(|why| {
                Error::argument(format!("type {} cannot be a key: {why}", types::name(*key_type)))
                    .hint("Keep the ids as text.")
            })
        });
        let shape = KeyShape::new(shape.collect::<Result<Vec<_>>>()?);
        Ok(Self {
            name: Some(name.to_owned()),
            relation: None,
            key_columns: Vec::new(),
            key_types,
            shape,
            owner_column: None,
        })
    }
}

/// `protect(relation, name, perms, key, owner_column)`
pub fn protect(call: &Call) -> Result<Output> {
    let table = Table::open(call.oid(0))?;
    let perms = permissions::names(call, 2)?;
    let key = match call.texts(3) {
        Some(columns) => {
            let columns: Option<Vec<String>> = columns.into_iter().collect();
            Some(columns.ok_or_else(|| null_argument("a column in key"))?)
        }
        None => None,
    };
    let (name, owner_column) = (call.text(1), call.name(4));
    change(|| protect_table(&table, name, &perms, key, owner_column)).map(Output::Text)
}

/// Makes the table an object type, or changes the one that it is; its name. Run within `change`.
pub fn protect_table(
    table: &Table,
    name: Option<String>,
    perms: &[String],
    key: Option<Vec<String>>,
    owner_column: Option<String>,
) -> Result<String> {
    let declared = Declared::of_table(table, name, key, owner_column)?;
    let existing = find_by_relation(table.oid)?;
    let name = match (&declared.name, &existing) {
        (Some(name), _) => name.clone(),
        (None, Some(existing)) => existing.name.clone(),
        (None, None) => table.relation().name(),
    };
    check_name(&name, "object type")?;
    let id = match &existing {
        Some(existing) => alter(existing, &name, &declared)?,
        None => insert(&name, &declared)?,
    };
    let known = existing.as_ref().map_or(&[][..], |existing| &existing.permissions);
    permissions::add_missing(id, known, perms)?;
    triggers::on_objects(table.oid, id, &declared.key_columns, &declared.shape)?;
    snapshot::with_latest(|| row_security::complete(&*catalog::object_type(&name)?))?;
    Ok(name)
}

/// Checks what could be declared of a table; the columns of its key.
pub fn check_table(
    table: &Table,
    key: Option<Vec<String>>,
    owner_column: Option<String>,
) -> Result<Vec<String>> {
    Declared::of_table(table, None, key, owner_column).map(|declared| declared.key_columns)
}

/// Checks that ids of these types can be objects.
pub fn check_ids(key_types: Vec<Oid>) -> Result<()> {
    Declared::of_ids("", key_types).map(|_| ())
}

/// `define_object_type(name, key_type, perms)`
pub fn define_object_type(call: &Call) -> Result<Output> {
    let name = call.required_text(0, "name")?;
    let key_type = call.oid(1).ok_or_else(|| null_argument("key_type"))?;
    let perms = permissions::names(call, 2)?;
    change(|| define_ids(&name, column_types(key_type), &perms))?;
    Ok(Output::Text(name))
}

/// The types of a row type's columns; any other type is its own.
pub fn column_types(key_type: Oid) -> Vec<Oid> {
    match types::relation_of_row_type(types::base(key_type)) {
        Some(row_type) => relation::Relation::open(row_type).column_types(),
        None => vec![key_type],
    }
}

/// Makes an object type of ids that are kept elsewhere. Run within `change`.
pub fn define_ids(name: &str, key_types: Vec<Oid>, perms: &[String]) -> Result<()> {
    check_name(name, "object type")?;
    let declared = Declared::of_ids(name, key_types)?;
    let existing = catalog::find_object_type(name)?
        .filter(|same| same.relation.is_none() && same.shape == declared.shape);
    let id = match &existing {
        Some(same) => same.id,
        None => insert(name, &declared)?,
    };
    let known = existing.as_ref().map_or(&[][..], |existing| &existing.permissions);
    permissions::add_missing(id, known, perms)
}

/// `unprotect(object_type, drop_grants)`
pub fn unprotect(call: &Call) -> Result<Output> {
    let name = call.required_text(0, "object_type")?;
    let (id, relation, permissions) = match catalog::broken_type(&name)? {
        Some(broken) => (broken.id, broken.relation, broken.permissions),
        None => {
            let object_type = catalog::object_type(&name)?;
            (object_type.id, object_type.relation, object_type.permission_ids())
        }
    };
    let table = relation.map(|oid| Table::open(Some(oid))).transpose()?;
    let drop_grants = call.bool(1).unwrap_or(false);
    change(|| remove((&name, id), table.as_ref(), &permissions, drop_grants))?;
    Ok(Output::Void)
}

/// Removes an object type, given by name and id, with its permissions. Run within `change`.
pub fn remove(
    (name, id): (&str, i32),
    table: Option<&Table>,
    permissions: &[i32],
    drop_grants: bool,
) -> Result<()> {
    lock::for_removal(id)?;
    row_security::remove(id)?;
    if let Some(table) = table {
        // Takes the strongest lock: nobody grants, deletes or asks by row until it is done.
        triggers::drop_from(table.oid, &triggers::ON_OBJECTS)?;
    }
    if drop_grants {
        grants::delete_of_permissions(permissions)?;
    } else {
        grants::refuse_any(grants::count(permissions)?, &format!("object type \"{name}\""))?;
    }
    delete(id)
}

/// Gives object types other names, all at once: two may swap theirs. Run within `change`.
pub fn rename(names: &[(String, String)]) -> Result<()> {
    // No name begins with a brace.
    let aside = |name: &str| format!("{{{name}");
    let mut steps = Vec::new();
    for (from, to) in names {
        check_name(to, "object type")?;
        steps.push((from.clone(), aside(to)));
    }
    steps.extend(names.iter().map(|(_, to)| (aside(to), to.clone())));
    for (from, to) in &steps {
        check_free(to, 0)?;
        if let Some(relation) = catalog::find_object_type(from)?.and_then(|of| of.relation) {
            relation::forget_plans(relation);
        }
        spi::execute(
            "UPDATE rowgrant.object_type SET name = $2 WHERE name OPERATOR(pg_catalog.=) $1",
            &[Argument::text(from), Argument::text(to)],
            See::Latest,
        )?;
    }
    snapshot::with_latest(|| {
        names.iter().try_for_each(|(_, to)| row_security::complete(&*catalog::object_type(to)?))
    })
}

/// Removes the object type with its permissions, but not its grants.
pub fn delete(id: i32) -> Result<()> {
    permissions::delete_all(id)?;
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
        lock::for_removal(existing.id)?;
        let what = format!("the key of object type \"{}\"", existing.name);
        let count = grants::count_on_objects(&existing.permission_ids())?;
        grants::refuse_any(count, &what)?;
    }
    // Plans have the table in place of the name.
    existing.relation.into_iter().for_each(relation::forget_plans);
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
