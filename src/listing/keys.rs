//! The keys of what is held, or what a column of them can be, as one array, for looking rows up by an
//! index. The planner writes such calls; see `planner::index_condition`.

use std::collections::HashSet;
use std::rc::Rc;

use super::everything;
use super::functions::{Held, group_holder, held, holder};
use crate::catalog::{self, Subjects};
use crate::check::{Holder, Reach};
use crate::error::{Error, Result};
use crate::key::Key;
use crate::pg::array::ArrayBuilder;
use crate::pg::call::{Call, Output};
use crate::pg::function;
use crate::pg::snapshot::{self, Moment};
use crate::pg::types;
use crate::pg::value::Value;

/// A plan is given up when what it reads is so many times as much as it was made for, ...
const OUTGROWN: usize = 8;
/// ... and more than this.
const FEW: usize = 5_000;

/// The array that a call site made last; a plan may ask for it again and again.
#[derive(Default)]
struct Site(Option<Made>);

struct Made {
    moment: Moment,
    subjects: Rc<Subjects>,
    perm: String,
    array: ArrayBuilder,
}

/// `objects_for_user(user_id, perm, relation, key_column, keys, planned)`
pub fn keys_for_user(call: &Call) -> Result<Output> {
    keys(call, || holder(call.value(0), true))
}

/// `objects_for_group(group_id, perm, relation, key_column, keys, planned)`
pub fn keys_for_group(call: &Call) -> Result<Output> {
    keys(call, || group_holder(call.value(0), true))
}

fn keys(call: &Call, holder: impl FnOnce() -> Result<Holder>) -> Result<Output> {
    // The planner only wants to know how many there are, which it has been told.
    if !call.is_planned() {
        return Ok(Output::Null);
    }
    let holder = holder()?;
    let (Some(perm), Some(table), Some(column)) = (call.text(1), call.oid(2), call.name(3)) else {
        return Ok(Output::Null);
    };
    let moment = snapshot::moment();
    let site = call.memo::<Site>();
    if let Some(made) = &site.0
        && (made.moment, &made.perm, &made.subjects) == (moment, &perm, &holder.subjects)
    {
        return Ok(Output::Array(made.array.datum()));
    }
    let object_type = catalog::object_type_of_table(table)?;
    let array_type = types::base(call.argument_type(4));
    let element = types::array_element(array_type).ok_or_else(|| {
        Error::argument("keys must be an array")
            .hint("Give NULL::bigint[], for keys of type bigint.")
    })?;
    let giving = object_type.giving(&perm)?;
    let reach = Reach { object_type, giving, holder };
    let subjects = Rc::clone(&reach.holder.subjects);
    let mut array = ArrayBuilder::new(call, element);
    let shape = reach.object_type.shape.clone();
    let at = reach.object_type.key_columns.iter().position(|name| *name == column);
    let at = at.ok_or_else(|| Error::undefined(format!("\"{column}\" is no column of the key")))?;
    let is_whole = reach.object_type.key_columns.len() == 1;
    let mut parts = HashSet::new();
    let mut push = |key: &Key| {
        // A key that no row can have: a number too large for its column.
        if let Some(value) = Value::of_key(key, element)? {
            array.push(value);
        }
        Ok(())
    };
    let mut add = |key: &Key| {
        if is_whole {
            return push(key);
        }
        let part = shape.split(key)?.swap_remove(at);
        if parts.insert(part.clone()) { push(&part) } else { Ok(()) }
    };
    match held(&reach)? {
        Held::Everywhere => everything::each_row(&reach.object_type, |key| add(&key))?,
        Held::Objects(objects) => objects.iter().try_for_each(|key| add(&key))?,
    }
    let planned = usize::try_from(call.bigint(5).unwrap_or_default()).unwrap_or_default();
    if array.len() > FEW && array.len() > planned.saturating_mul(OUTGROWN) {
        function::forget_plans_with(call.function());
    }
    array.finish()?;
    let datum = array.datum();
    site.0 = Some(Made { moment, subjects, perm, array });
    Ok(Output::Array(datum))
}
