//! Planning by what a user really reaches.
//!
//! PostgreSQL asks the support function of has_perm and its kin how often it is true, what it costs,
//! and what it amounts to on an index. Whatever is answered only chooses the plan: which rows a plan
//! yields is decided when it runs, under the statement's snapshot.

mod asked;
mod cost;
mod estimate;
mod index_condition;
mod simplify;

use crate::error::Result;
use crate::pg::call::{Call, Output};
use crate::pg::plan::{Answer, Request};

/// `key_may_be(user_id, perm, relation, key_column, value)`: true; see `simplify`.
pub fn key_may_be(_call: &Call) -> Result<Output> {
    Ok(Output::Bool(true))
}

/// Answers the planner.
pub fn answer(request: Request) -> Result<Answer> {
    match request {
        Request::Simplify(planner, call) => simplify::simplify(&planner, &call),
        Request::Selectivity(planner, call) => cost::selectivity(&planner, &call),
        Request::Cost(planner, call) => cost::cost(planner.as_ref(), &call),
        Request::Rows(planner, call) => cost::rows(planner.as_ref(), &call),
        Request::IndexCondition(planner, call, index) => {
            index_condition::index_condition(&planner, &call, &index)
        }
    }
}
