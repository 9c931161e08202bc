//! A row of a protected table, given whole or by its key, becomes the columns that decide: its key
//! and its owner. No row value is built, and an index on the key can serve.

use std::rc::Rc;

use pgrx::pg_sys;

use super::asked::{Asked, Object, Who};
use super::estimate::reached;
use crate::catalog::ObjectType;
use crate::error::Result;
use crate::pg::expr::Expr;
use crate::pg::function;
use crate::pg::plan::{Answer, Column, FunctionCall, Planner};

const HAS_PERM: [pg_sys::Oid; 5] =
    [pg_sys::ANYOID, pg_sys::TEXTOID, pg_sys::REGCLASSOID, pg_sys::ANYOID, pg_sys::ANYOID];

const KEY_MAY_BE: [pg_sys::Oid; 5] =
    [pg_sys::ANYOID, pg_sys::TEXTOID, pg_sys::REGCLASSOID, pg_sys::NAMEOID, pg_sys::ANYOID];

pub fn simplify(planner: &Planner, call: &FunctionCall) -> Result<Answer> {
    let Some(asked) = Asked::of(call) else { return Ok(Answer::Nothing) };
    let Some(object_type) = asked.object_type(Some(planner))? else { return Ok(Answer::Nothing) };
    // Where some grouping sets leave columns out, those of the row would be NULL there.
    if planner.has_grouping_sets() {
        return Ok(Answer::Nothing);
    }
    let row = match &asked.object {
        Object::Row(row) => planner.row_of_table(*row),
        // A key is judged by the row that is stored. That is the row at hand where rows are only read,
        // and it decides the same, whichever of several children it is in, where it names no owner.
        Object::Key(key) if planner.only_reads() && object_type.owner_column.is_none() => {
            row_of_key(planner, &object_type, *key)?
        }
        Object::Key(_) | Object::Columns(_) | Object::Part(_) | Object::All => None,
    };
    let Some(row) = row else { return Ok(Answer::Nothing) };
    let Some(decides) = by_columns(planner, call, &asked, &object_type, &row) else {
        return Ok(Answer::Nothing);
    };
    let hints = match few_objects(planner, &asked, &object_type)? {
        true => hints(planner, &asked, &object_type, &row).unwrap_or_default(),
        false => Vec::new(),
    };
    Ok(Answer::Expression(decides.and(&hints)))
}

/// Whether a key of several columns may be looked up by all of them.
fn few_objects(planner: &Planner, asked: &Asked, object_type: &Rc<ObjectType>) -> Result<bool> {
    Ok(object_type.key_columns.len() > 1
        && !reached(asked, object_type, planner)?.values.is_empty())
}

/// What is true of every row, and tells the planner which values of each column of the key to look up: it
/// asks one call about one column of an index only.
fn hints(
    planner: &Planner,
    asked: &Asked,
    object_type: &ObjectType,
    row: &Column,
) -> Option<Vec<Expr>> {
    let function = function::executable("key_may_be", &KEY_MAY_BE)?;
    let user = match asked.who {
        Who::User(user) => user,
        Who::Current => {
            Expr::call(function::executable("current_user_id", &[])?, pg_sys::TEXTOID, &[])
        }
        Who::Group(_) => return None,
    };
    let hint = |name: &String| {
        let value = planner.column_of_row(row, name)?;
        let arguments = [user, asked.perm, Expr::table(row.relation), Expr::name(name), value];
        Some(Expr::call(function, pg_sys::BOOLOID, &arguments))
    };
    object_type.key_columns.iter().map(hint).collect()
}

/// The row of the object type's table whose key the expression is.
fn row_of_key(planner: &Planner, object_type: &ObjectType, key: Expr) -> Result<Option<Column>> {
    let parts = key.row_columns().unwrap_or_else(|| vec![key]);
    if parts.len() != object_type.key_columns.len() {
        return Ok(None);
    }
    let mut row: Option<Column> = None;
    for (part, name) in parts.into_iter().zip(&object_type.key_columns) {
        let Some(column) = planner.column(part) else { return Ok(None) };
        if planner.column_name(&column).as_ref() != Some(name) {
            return Ok(None);
        }
        if row.as_ref().is_some_and(|row| !row.is_of_same_row(&column)) {
            return Ok(None);
        }
        row = Some(column);
    }
    let Some(row) = row else { return Ok(None) };
    let of_row = crate::catalog::object_type_of_relation(row.relation)?;
    Ok(of_row.is_some_and(|of_row| of_row.id == object_type.id).then_some(row))
}

fn by_columns(
    planner: &Planner,
    call: &FunctionCall,
    asked: &Asked,
    object_type: &ObjectType,
    row: &Column,
) -> Option<Expr> {
    let (name, user) = match asked.who {
        Who::User(user) => ("has_perm", Some(user)),
        Who::Current => ("can", None),
        Who::Group(_) => return None,
    };
    let signature = if user.is_some() { &HAS_PERM[..] } else { &HAS_PERM[1..] };
    // Whoever may not call the one must not be let in by the other.
    let function =
        function::executable(name, signature).filter(|_| function::may_execute(call.function))?;
    let owner = match &object_type.owner_column {
        Some(owner) => planner.column_of_row(row, owner)?,
        None => Expr::null(),
    };
    let mut arguments: Vec<Expr> = user.into_iter().collect();
    arguments.extend([asked.perm, Expr::table(row.relation), owner]);
    for column in &object_type.key_columns {
        arguments.push(planner.column_of_row(row, column)?);
    }
    Some(Expr::call(function, pg_sys::BOOLOID, &arguments))
}
