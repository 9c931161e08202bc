//! Selectivity, costs and numbers of rows.
//!
//! Costs are in the planner's units, of which a page read in order is 1, and passing a row on 0.01:
//! a unit is one or two microseconds of work in memory.

use super::asked::{Asked, Object};
use super::estimate::{Estimate, estimate};
use crate::catalog::ObjectType;
use crate::error::Result;
use crate::pg::plan::{Answer, FunctionCall, Planner};
use crate::pg::statistics;

/// Answering for one row, from memory as a rule.
const CHECK: f64 = 0.02;
/// The same, where every row is reached.
const CHECK_EVERYWHERE: f64 = 0.004;
/// Looking one object up.
pub const PROBE: f64 = 1.2;
/// Reading one object of a reach.
pub const READ: f64 = 0.05;
/// Reading one object of a reach and looking its row up by an index.
pub const FETCH: f64 = 0.35;
/// Reading one of the rows that an index finds together.
pub const FOUND: f64 = 0.2;
/// Reading one row of the table for what it says of its owner.
const OWNER: f64 = 0.015;

/// The share of the objects that a user reaches where nothing is known of him.
const DEFAULT_SHARE: f64 = 0.05;

/// How often one given row is reached, where that is all that is asked.
const ONE_ROW: f64 = 0.5;

/// Makes plans for one user cheaper than one plan for all, whose user is a parameter: PostgreSQL
/// then plans for each. Less than what lets it compile expressions (jit_above_cost).
const FOR_ALL_USERS: f64 = 50_000.0;

pub fn selectivity(planner: &Planner, call: &FunctionCall) -> Result<Answer> {
    let Some(asked) = Asked::of(call) else { return Ok(Answer::Nothing) };
    let Some(object_type) = asked.object_type(Some(planner))? else { return Ok(Answer::Nothing) };
    if let Object::Part(_) = asked.object {
        return Ok(Answer::Selectivity(1.0));
    }
    // Of one row at most it matters little, and looking the reach up would take longer than the query.
    if asked.key_columns(planner).any(|column| planner.is_fixed(&column)) {
        return Ok(Answer::Selectivity(ONE_ROW));
    }
    Ok(Answer::Selectivity(match estimate(&asked, &object_type, planner)? {
        Estimate::Everywhere => 1.0,
        Estimate::Objects(objects) => objects / table_rows(&asked, &object_type, planner),
        Estimate::Parameter | Estimate::Unknown => DEFAULT_SHARE,
    }))
}

/// The number of rows of the object type's table, as the planner knows it or as PostgreSQL does.
pub fn table_rows(asked: &Asked, object_type: &ObjectType, planner: &Planner) -> f64 {
    let key = match &asked.object {
        Object::Key(key) => Some(key),
        Object::Columns(columns) => columns.first(),
        Object::Row(_) | Object::Part(_) | Object::All => None,
    };
    let column = key.and_then(|key| planner.column(*key));
    let planned = column.filter(|column| Some(column.relation) == object_type.relation);
    // That of a partitioned table is known only when its partitions are.
    let planned = planned.and_then(|column| planner.table_rows(&column)).filter(|rows| *rows > 1.0);
    let known = || object_type.relation.map_or(1.0, statistics::rows);
    planned.unwrap_or_else(known).max(1.0)
}

pub fn cost(planner: Option<&Planner>, call: &FunctionCall) -> Result<Answer> {
    let (Some(planner), Some(asked)) = (planner, Asked::of(call)) else {
        return Ok(Answer::Nothing);
    };
    let Some(object_type) = asked.object_type(Some(planner))? else { return Ok(Answer::Nothing) };
    if let Object::Part(_) = asked.object {
        return Ok(Answer::Cost(0.0, 0.0));
    }
    if let Object::All = asked.object {
        let objects = objects(estimate(&asked, &object_type, planner)?, &object_type);
        // Of the array that an index is searched with, each element is looked up.
        let each = if returns_array(call) { FETCH } else { READ };
        return Ok(Answer::Cost(0.0, objects * each + reading_owners(&object_type)));
    }
    // Without a row of a table it is one check, whoever the user is.
    let of_rows = asked.key_columns(planner).any(|column| !planner.is_fixed(&column));
    if !of_rows {
        return Ok(Answer::Cost(0.0, CHECK));
    }
    Ok(match estimate(&asked, &object_type, planner)? {
        Estimate::Parameter => Answer::Cost(FOR_ALL_USERS, CHECK),
        Estimate::Everywhere => Answer::Cost(0.0, CHECK_EVERYWHERE),
        _ => Answer::Cost(0.0, CHECK),
    })
}

pub fn rows(planner: Option<&Planner>, call: &FunctionCall) -> Result<Answer> {
    let (Some(planner), Some(asked)) = (planner, Asked::of(call)) else {
        return Ok(Answer::Nothing);
    };
    let Some(object_type) = asked.object_type(Some(planner))? else { return Ok(Answer::Nothing) };
    Ok(Answer::Rows(objects(estimate(&asked, &object_type, planner)?, &object_type).max(1.0)))
}

fn objects(estimate: Estimate, object_type: &ObjectType) -> f64 {
    let all = || object_type.relation.map_or(1000.0, statistics::rows);
    match estimate {
        Estimate::Everywhere => all(),
        Estimate::Objects(objects) => objects,
        Estimate::Parameter | Estimate::Unknown => all() * DEFAULT_SHARE,
    }
}

fn returns_array(call: &FunctionCall) -> bool {
    crate::pg::function::symbol(call.function).is_some_and(|symbol| symbol.contains("keys_for"))
}

/// Without an index on the owner column, listing what a user owns reads the whole table.
fn reading_owners(object_type: &ObjectType) -> f64 {
    match (object_type.relation, &object_type.owner_column) {
        (Some(table), Some(column)) if !crate::pg::relation::has_index_on(table, column) => {
            OWNER * statistics::rows(table)
        }
        _ => 0.0,
    }
}
