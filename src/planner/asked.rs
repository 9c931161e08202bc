//! What a call asks: who, which permission, of which object type, on which key.

use std::rc::Rc;

use crate::catalog::{self, ObjectType};
use crate::error::Result;
use crate::pg::expr::Expr;
use crate::pg::function;
use crate::pg::plan::{Column, Foreseen, FunctionCall, Planner};
use crate::pg::types;
use crate::pg::value::Value;

/// Whose permission is asked about.
#[derive(Clone, Copy)]
pub enum Who {
    User(Expr),
    /// The user of the running transaction.
    Current,
    Group(Expr),
}

/// How the object is given.
pub enum Object {
    /// By its key.
    Key(Expr),
    /// As a row of its table.
    Row(Expr),
    /// As a row of its table, by the columns of its key.
    Columns(Vec<Expr>),
    /// One column of the key of a row of its table.
    Part(Expr),
    /// All objects, listed.
    All,
}

/// Which argument names the object type.
enum TypeName {
    Name(Expr),
    Table(Expr),
    RowType(Expr),
}

/// A call taken apart.
pub struct Asked {
    pub who: Who,
    pub perm: Expr,
    object_type: TypeName,
    pub object: Object,
}

impl Asked {
    /// `None` where the function is none of those that can be planned.
    pub fn of(call: &FunctionCall) -> Option<Asked> {
        let symbol = function::symbol(call.function)?;
        let argument = |n: usize| call.arguments.get(n).copied();
        let form = symbol.strip_prefix("rowgrant_")?;
        let (who, at) = match form {
            "can_key" | "can_row" | "can_columns" => (Who::Current, 0),
            "group_has_perm" | "objects_for_group" | "keys_for_group" => {
                (Who::Group(argument(0)?), 1)
            }
            _ => (Who::User(argument(0)?), 1),
        };
        let perm = argument(at)?;
        let name = argument(at + 1)?;
        let (object_type, object) = match form {
            "has_perm_key" | "can_key" | "group_has_perm" => {
                (TypeName::Name(name), Object::Key(argument(at + 2)?))
            }
            "has_perm_row" | "can_row" => (TypeName::RowType(name), Object::Row(name)),
            "has_perm_columns" | "can_columns" => {
                let key = call.arguments.get(at + 3..)?.to_vec();
                (TypeName::Table(name), Object::Columns(key))
            }
            "key_may_be" => (TypeName::Table(name), Object::Part(argument(at + 3)?)),
            "objects_for_user" | "objects_for_group" => (TypeName::Name(name), Object::All),
            "objects_for_user_rows" => (TypeName::RowType(name), Object::All),
            "keys_for_user" | "keys_for_group" => (TypeName::Table(name), Object::All),
            _ => return None,
        };
        Some(Asked { who, perm, object_type, object })
    }

    /// The object type, where a constant tells it and it exists.
    pub fn object_type(&self, planner: Option<&Planner>) -> Result<Option<Rc<ObjectType>>> {
        let constant = |expression: Expr| expression.constant().flatten();
        let table = match self.object_type {
            TypeName::Name(name) => {
                let name = constant(name).map(Value::as_text);
                return name.map_or(Ok(None), |name| catalog::find_object_type(&name));
            }
            TypeName::Table(table) => constant(table).map(Value::as_oid),
            TypeName::RowType(row) => {
                let row_type = types::base(row.type_oid());
                let of_table = || planner?.row_of_table(row).map(|column| column.relation);
                types::relation_of_row_type(row_type).or_else(of_table)
            }
        };
        table.map_or(Ok(None), catalog::object_type_of_relation)
    }

    /// The columns of a table that the object's key is, where it is given by any.
    pub fn key_columns(&self, planner: &Planner) -> impl Iterator<Item = Column> {
        let key = match &self.object {
            Object::Key(key) => key.row_columns().unwrap_or_else(|| vec![*key]),
            Object::Columns(columns) => columns.clone(),
            Object::Row(row) => vec![*row],
            Object::Part(part) => vec![*part],
            Object::All => Vec::new(),
        };
        key.into_iter().filter_map(|part| planner.column(part))
    }

    /// The permission's name; `None` where it is NULL or not known.
    pub fn perm(&self, planner: Option<&Planner>) -> Option<String> {
        let value = match planner {
            Some(planner) => match planner.foresee(self.perm) {
                Foreseen::Value(value) => value,
                _ => None,
            },
            None => self.perm.constant().flatten(),
        };
        value.map(Value::as_text)
    }
}
