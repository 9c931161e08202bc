//! The few objects that a user reaches, looked up by the table's own index.

use std::rc::Rc;

use pgrx::pg_sys;

use super::asked::{Asked, Object, Who};
use super::cost::{FETCH, FOUND, PROBE, READ, table_rows};
use super::estimate::{Estimate, Reached, reached};
use crate::catalog::ObjectType;
use crate::check::PROBES;
use crate::error::Result;
use crate::pg::expr::Expr;
use crate::pg::function;
use crate::pg::index::Index;
use crate::pg::plan::{Answer, Column, FunctionCall, Planner};

const KEYS: [pg_sys::Oid; 6] = [
    pg_sys::ANYOID,
    pg_sys::TEXTOID,
    pg_sys::REGCLASSOID,
    pg_sys::NAMEOID,
    pg_sys::ANYARRAYOID,
    pg_sys::INT8OID,
];

pub fn index_condition(planner: &Planner, call: &FunctionCall, index: &Index) -> Result<Answer> {
    let Some(asked) = Asked::of(call) else { return Ok(Answer::Nothing) };
    let Some(object_type) = asked.object_type(Some(planner))? else { return Ok(Answer::Nothing) };
    let Some(column) = key_column(planner, call, index, &asked, &object_type)? else {
        return Ok(Answer::Nothing);
    };
    let reached = reached(&asked, &object_type, planner)?;
    let Estimate::Objects(objects) = reached.estimate else { return Ok(Answer::Nothing) };
    let rows = table_rows(&asked, &object_type, planner);
    let part = |name: &String| planner.column(planner.column_of_row(&column, name)?);
    let key: Vec<Column> = object_type.key_columns.iter().filter_map(part).collect();
    // The planner asks one call about one column of an index only: has_perm about the first, and
    // key_may_be about the others.
    let is_part = matches!(asked.object, Object::Part(_));
    let serves = index.columns_before(&key).is_some_and(|before| match before.as_slice() {
        [] => !is_part,
        before => is_part && serves_behind(before, &column, &reached, &object_type, planner, rows),
    });
    if !serves || !pays(planner, &column, objects, rows) {
        return Ok(Answer::Nothing);
    }
    let Some(name) = planner.column_name(&column) else { return Ok(Answer::Nothing) };
    let keys = |null: Expr, array| {
        let (function, who) = match asked.who {
            Who::User(user) => ("objects_for_user", user),
            Who::Current => {
                let current = function::executable("current_user_id", &[])?;
                ("objects_for_user", Expr::call(current, pg_sys::TEXTOID, &[]))
            }
            Who::Group(group) => ("objects_for_group", group),
        };
        let function = function::executable(function, &KEYS)?;
        let table = Expr::table(object_type.relation?);
        let planned = Expr::bigint(objects as i64);
        let arguments = [who, asked.perm, table, Expr::name(&name), null, planned];
        Some(Expr::planned_call(function, array, &arguments))
    };
    // Who owns the row may change while an update waits for it, and children may have rows of the same
    // key that others own: such rows are asked about themselves too.
    let is_exact =
        is_part || object_type.key_columns.len() == 1 && object_type.owner_column.is_none();
    let condition = index.among(call, &column, keys);
    Ok(condition.map_or(Answer::Nothing, |c| Answer::IndexCondition(c, is_exact)))
}

/// So many times as many combinations of the values of a key's columns are looked up at most as there
/// are objects.
const COMBINATIONS: f64 = 16.0;

/// The column of the index that is asked about, where it is the key of the object type's table, or one
/// of the key's columns.
fn key_column(
    planner: &Planner,
    call: &FunctionCall,
    index: &Index,
    asked: &Asked,
    object_type: &Rc<ObjectType>,
) -> Result<Option<Column>> {
    let count = object_type.key_columns.len();
    let at = match &asked.object {
        Object::Key(_) if count == 1 => (index.argument + 1).checked_sub(call.arguments.len()),
        Object::Columns(columns) if columns.len() == count => {
            (index.argument + count).checked_sub(call.arguments.len())
        }
        Object::Part(part) if index.argument + 1 == call.arguments.len() => {
            let name = planner.column(*part).and_then(|column| planner.column_name(&column));
            object_type.key_columns.iter().position(|key| Some(key) == name.as_ref())
        }
        _ => None,
    };
    let name = at.and_then(|at| object_type.key_columns.get(at));
    let column = index.table_column(planner, call).filter(|column| {
        index.has_default_order(column)
            && name.is_some()
            && planner.column_name(column).as_ref() == name
    });
    let Some(column) = column else { return Ok(None) };
    let of_table = crate::catalog::object_type_of_relation(column.relation)?;
    Ok(of_table.is_some_and(|of_table| of_table.id == object_type.id).then_some(column))
}

/// Whether the index's column is looked up behind those before it: where each of them is a column of
/// the key and given, or looked up like it. Otherwise rows would not come in the order of the index,
/// which the planner does not see. An index looks each value of one column up with each of the next.
fn serves_behind(
    before: &[&Column],
    column: &Column,
    reached: &Reached,
    object_type: &ObjectType,
    planner: &Planner,
    rows: f64,
) -> bool {
    let Estimate::Objects(objects) = reached.estimate else { return false };
    let values = |column: &Column| {
        if planner.is_fixed(column) {
            return Some(1.0);
        }
        let name = planner.column_name(column)?;
        let at = object_type.key_columns.iter().position(|key| *key == name)?;
        pays(planner, column, objects, rows).then_some(*reached.values.get(at)? as f64)
    };
    let combinations = before
        .iter()
        .copied()
        .chain([column])
        .try_fold(1.0, |product, c| Some(product * values(c)?));
    combinations.is_some_and(|combinations: f64| combinations <= COMBINATIONS * objects)
}

/// Whether looking the objects up may be the best plan. Where the planner has the choice it decides
/// by cost; but it uses all conditions on an index's column or none. So that none is offered where
/// the column has a better use: a given key, or few within given bounds; a join with few rows, each of
/// which looks up one key; or the order of the first few rows wanted. Nor where a join by another
/// index finds so few rows that asking of each costs less, which the planner would not see: to it
/// pages read at random cost as much as on a disk, and those of the objects are not in its account.
fn pays(planner: &Planner, column: &Column, objects: f64, rows: f64) -> bool {
    if planner.is_fixed(column) {
        return false;
    }
    let fetching = objects * FETCH;
    if planner.rows_within(column).is_some_and(|within| within * PROBE < fetching) {
        return false;
    }
    // To find that many objects among all rows, so many must be tried.
    let tried = planner.limit().map(|limit| (limit * rows / objects.max(1.0)).min(rows));
    if let Some(partners) = planner.fewest_partners(column) {
        let probes = tried.map_or(partners, |tried| tried.min(partners));
        if probes * PROBE < fetching {
            return false;
        }
    }
    if let Some(joined) = planner.fewest_joined(column) {
        let asking = (joined.rows * PROBE).min(PROBES as f64 * PROBE + objects * READ);
        if joined.share < 1.0 && joined.rows * FOUND + asking < fetching {
            return false;
        }
    }
    match tried {
        Some(tried) if planner.is_ordered_by(column) => tried * PROBE >= fetching,
        _ => true,
    }
}
