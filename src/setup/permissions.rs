//! define_perm and drop_perm.

use std::collections::BTreeSet;

use super::{change, check_name, row_security};
use crate::catalog::{self, Permission};
use crate::cleanup::grants;
use crate::error::{Error, Result};
use crate::pg::call::{Call, Output, null_argument};
use crate::pg::lock;
use crate::pg::spi::{self, Argument, See};

/// The permission names in the n-th argument, checked.
pub fn names(call: &Call, n: usize) -> Result<Vec<String>> {
    let names = call.texts(n).ok_or_else(|| null_argument("perms"))?;
    names
        .into_iter()
        .map(|name| {
            let name = name.ok_or_else(|| null_argument("a name in perms"))?;
            check_name(&name, "permission")?;
            Ok(name)
        })
        .collect()
}

/// Adds those permissions that the object type does not have.
pub fn add_missing(object_type: i32, known: &[Permission], names: &[String]) -> Result<()> {
    let known: BTreeSet<&String> = known.iter().map(|p| &p.name).collect();
    let mut seen = BTreeSet::new();
    for name in names.iter().filter(|name| !known.contains(name) && seen.insert(*name)) {
        spi::execute(
            "INSERT INTO rowgrant.permission (object_type, name) VALUES ($1, $2)",
            &[Argument::integer(object_type), Argument::text(name)],
            See::Latest,
        )?;
    }
    Ok(())
}

/// `define_perm(object_type, perm, implies)`: makes the permission, or changes what it implies.
pub fn define_perm(call: &Call) -> Result<Output> {
    let type_name = call.required_text(0, "object_type")?;
    let name = call.required_text(1, "perm")?;
    check_name(&name, "permission")?;
    let implies = call.texts(2).ok_or_else(|| null_argument("implies"))?;
    change(|| {
        let object_type = catalog::object_type(&type_name)?;
        let known = object_type.permissions.iter().find(|p| p.name == name).map(|p| p.id);
        let mut implied = BTreeSet::new();
        for other in implies {
            let other = other.ok_or_else(|| null_argument("a name in implies"))?;
            if other == name {
                return Err(cycle(&name, &other));
            }
            let id = object_type.permission(&other)?.id;
            if known.is_some_and(|known| object_type.implications.implies(id, known)) {
                return Err(cycle(&name, &other));
            }
            implied.insert(id);
        }
        let direct = known.map(|id| object_type.implications.directly(id)).unwrap_or_default();
        if known.is_some() && direct == implied {
            return Ok(Output::Void);
        }
        add_missing(object_type.id, &object_type.permissions, std::slice::from_ref(&name))?;
        let implied: Vec<i32> = implied.into_iter().collect();
        stop_implying(object_type.id, &name, &implied)?;
        imply(object_type.id, &name, &implied)?;
        Ok(Output::Void)
    })
}

/// Takes away what the permission implies other than these. Run within `change`.
pub fn stop_implying(object_type: i32, name: &str, but: &[i32]) -> Result<()> {
    spi::execute(
        "DELETE FROM rowgrant.implication i USING rowgrant.permission p \
         WHERE p.object_type OPERATOR(pg_catalog.=) $1 AND p.name OPERATOR(pg_catalog.=) $2 \
         AND i.permission OPERATOR(pg_catalog.=) p.id \
         AND i.implied OPERATOR(pg_catalog.<>) ALL ($3)",
        &[Argument::integer(object_type), Argument::text(name), Argument::integers(but)],
        See::Latest,
    )?;
    Ok(())
}

/// Lets the permission imply these. Run within `change`, where no cycle comes of it.
pub fn imply(object_type: i32, name: &str, implied: &[i32]) -> Result<()> {
    spi::execute(
        "INSERT INTO rowgrant.implication (permission, implied) \
         SELECT p.id, i FROM rowgrant.permission p, pg_catalog.unnest($3) i \
         WHERE p.object_type OPERATOR(pg_catalog.=) $1 AND p.name OPERATOR(pg_catalog.=) $2 \
         ON CONFLICT (permission, implied) DO NOTHING",
        &[Argument::integer(object_type), Argument::text(name), Argument::integers(implied)],
        See::Latest,
    )?;
    Ok(())
}

fn cycle(name: &str, other: &str) -> Error {
    Error::argument(format!("\"{name}\" cannot imply \"{other}\": it would imply itself"))
        .hint("Implications may not form a cycle.")
}

/// `drop_perm(object_type, perm, drop_grants)`
pub fn drop_perm(call: &Call) -> Result<Output> {
    let type_name = call.required_text(0, "object_type")?;
    let name = call.required_text(1, "perm")?;
    let drop_grants = call.bool(2).unwrap_or(false);
    change(|| {
        let object_type = catalog::object_type(&type_name)?;
        let id = object_type.permission(&name)?.id;
        row_security::refuse_if_used(&object_type, &name)?;
        lock::for_removal(object_type.id)?;
        if drop_grants {
            grants::delete_of_permissions(&[id])?;
        } else {
            let what = format!("permission \"{name}\" of object type \"{type_name}\"");
            grants::refuse_any(grants::count(&[id])?, &what)?;
        }
        delete(id)?;
        Ok(Output::Void)
    })
}

/// Removes a permission, but not its grants. Run within `change`.
pub fn delete(id: i32) -> Result<()> {
    delete_where("id OPERATOR(pg_catalog.=) $1", id)
}

/// Removes all permissions of an object type, but not their grants. Run within `change`.
pub fn delete_all(object_type: i32) -> Result<()> {
    delete_where("object_type OPERATOR(pg_catalog.=) $1", object_type)
}

fn delete_where(condition: &str, id: i32) -> Result<()> {
    let permissions = format!("SELECT id FROM rowgrant.permission WHERE {condition}");
    for sql in [
        format!(
            "DELETE FROM rowgrant.implication WHERE permission IN ({permissions}) \
             OR implied IN ({permissions})"
        ),
        format!("DELETE FROM rowgrant.permission WHERE {condition}"),
    ] {
        spi::execute(&sql, &[Argument::integer(id)], See::Latest)?;
    }
    Ok(())
}
