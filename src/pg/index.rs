//! An index that the planner considers.

use pgrx::PgList;
use pgrx::pg_sys::{self, NodeTag, Oid};

use super::expr::{Expr, below_relabels};
use super::plan::{Column, FunctionCall, Planner};
use super::types;

/// An index that the planner considers.
pub struct Index {
    pub(super) info: *mut pg_sys::IndexOptInfo,
    pub(super) column: usize,
    pub argument: usize,
    pub(super) collation: Oid,
}

/// How a column of an index is compared with the elements of an array.
struct Comparison {
    /// The array of the column's own type.
    array: Oid,
    /// The type that the operator takes, and its array.
    compared: Oid,
    compared_array: Oid,
    operator: Oid,
}

impl Index {
    /// The column of the index that the call's argument matches, as a column of the table.
    pub fn table_column(&self, planner: &Planner, call: &FunctionCall) -> Option<Column> {
        planner.column(*call.arguments.get(self.argument)?)
    }

    /// Whether it is a B-tree in the default order of the type of the column, under the column's
    /// own collation: one whose `=` is the type's own.
    pub fn has_default_order(&self, column: &Column) -> bool {
        self.has_default_order_at(self.column, column)
    }

    fn has_default_order_at(&self, at: usize, column: &Column) -> bool {
        // SAFETY: the planner's structures, whose arrays hold an entry for each column of the index;
        // the cache's entry lives for ever.
        unsafe {
            let base = types::base((*column.var).vartype);
            let entry = pg_sys::lookup_type_cache(base, pg_sys::TYPECACHE_BTREE_OPFAMILY as i32);
            (*self.info).relam == pg_sys::BTREE_AM_OID
                && *(*self.info).opfamily.add(at) == (*entry).btree_opf
                && *(*self.info).indexcollations.add(at) == (*column.var).varcollid
        }
    }

    /// Those of the columns by which the index is ordered before the one that is asked about; `None`
    /// where there are others, too.
    pub fn columns_before<'a>(&self, columns: &'a [Column]) -> Option<Vec<&'a Column>> {
        let at = |at: usize| {
            // SAFETY: as above.
            let number = i16::try_from(unsafe { *(*self.info).indexkeys.add(at) }).ok()?;
            let column = columns.iter().find(|column| column.number == number)?;
            let serves =
                self.has_default_order_at(at, column) && self.operator_at(at, column).is_some();
            serves.then_some(column)
        };
        (0..self.column).map(at).collect()
    }

    /// The type of the elements of the array that the column is compared with.
    pub fn element_type(&self, column: &Column) -> Oid {
        // SAFETY: a Var.
        types::base(unsafe { (*column.var).vartype })
    }

    /// How the column is compared with the elements of an array, if it can be.
    fn operator_at(&self, at: usize, column: &Column) -> Option<Comparison> {
        let element = self.element_type(column);
        // SAFETY: arrays of the planner's structures hold an entry for each column; syscache look-ups.
        unsafe {
            let array = pg_sys::get_array_type(element);
            let input = *(*self.info).opcintype.add(at);
            // What takes any enum, or any array, takes the type itself.
            let compared = if types::kind(input) == b'p' { element } else { input };
            let operator = pg_sys::get_opfamily_member(
                *(*self.info).opfamily.add(at),
                input,
                input,
                pg_sys::BTEqualStrategyNumber as i16,
            );
            let compared_array = pg_sys::get_array_type(compared);
            let fits = compared == element || pg_sys::IsBinaryCoercible(element, compared);
            (fits && ![array, compared_array, operator].contains(&Oid::INVALID))
                .then_some(Comparison { array, compared, compared_array, operator })
        }
    }

    /// `column = ANY (keys)`, where `keys` makes the call that returns the array; it is given a NULL
    /// of the array's type.
    pub fn among(
        &self,
        call: &FunctionCall,
        column: &Column,
        keys: impl FnOnce(Expr, Oid) -> Option<Expr>,
    ) -> Option<Expr> {
        let Comparison { array, compared, compared_array, operator } =
            self.operator_at(self.column, column)?;
        // SAFETY: the nodes are allocated in the planner's memory.
        unsafe {
            let keys = keys(Expr::null_of(array), array)?;
            if keys.varies() {
                return None;
            }
            let relabel = |expression: Expr, to: Oid, collation: Oid| {
                if pg_sys::exprType(expression.0) == to {
                    return expression.0;
                }
                let form = pg_sys::CoercionForm::COERCE_IMPLICIT_CAST;
                pg_sys::makeRelabelType(expression.0.cast(), to, -1, collation, form).cast()
            };
            let mut arguments = PgList::<pg_sys::Node>::new();
            let column_node = below_relabels(call.arguments[self.argument].0);
            arguments.push(relabel(Expr(column_node), compared, self.collation));
            arguments.push(relabel(keys, compared_array, types::collation(compared_array)));
            let node = pg_sys::palloc0(size_of::<pg_sys::ScalarArrayOpExpr>())
                .cast::<pg_sys::ScalarArrayOpExpr>();
            (*node).xpr.type_ = NodeTag::T_ScalarArrayOpExpr;
            (*node).opno = operator;
            (*node).opfuncid = pg_sys::get_opcode(operator);
            (*node).useOr = true;
            (*node).inputcollid = self.collation;
            (*node).args = arguments.into_pg();
            (*node).location = -1;
            Some(Expr(node.cast()))
        }
    }
}
