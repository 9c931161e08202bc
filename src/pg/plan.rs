//! What the planner asks a support function, and what it knows of the query.

use pgrx::PgList;
use pgrx::pg_sys::{self, Datum, NodeTag, Oid};

use super::expr::{Expr, has_parameter, var_of};
use super::index::Index;
use super::relation::{Relation, name_of};
use super::types;
use super::value::Value;
use super::version;

/// The planner's state for one query level.
#[derive(Clone, Copy)]
pub struct Planner(pub(super) *mut pg_sys::PlannerInfo);

/// What an expression will be, as far as one can tell while planning.
pub enum Foreseen {
    /// This value, or NULL; for planning only.
    Value(Option<Value>),
    /// A parameter of a plan that is to serve every value of it.
    Parameter,
    Unknown,
}

/// A column of a table of the query.
pub struct Column {
    pub relation: Oid,
    pub number: i16,
    pub(super) var: *mut pg_sys::Var,
}

/// The call of a function.
pub struct FunctionCall {
    pub function: Oid,
    pub arguments: Vec<Expr>,
}

/// What the planner asks.
pub enum Request {
    /// Whether the call can be replaced.
    Simplify(Planner, FunctionCall),
    /// For how many of the rows the call is true, between 0 and 1.
    Selectivity(Planner, FunctionCall),
    /// What the call costs.
    Cost(Option<Planner>, FunctionCall),
    /// How many rows the call returns.
    Rows(Option<Planner>, FunctionCall),
    /// What condition on the index's column the call amounts to.
    IndexCondition(Planner, FunctionCall, Index),
}

/// The answer to a request.
pub enum Answer {
    Nothing,
    Expression(Expr),
    Selectivity(f64),
    /// Once, and for each call; in the planner's units.
    Cost(f64, f64),
    Rows(f64),
    /// A condition that follows from the call, and whether the call follows from it.
    IndexCondition(Expr, bool),
}

impl Request {
    /// # Safety
    /// The pointer must be the argument of a support function.
    pub(super) unsafe fn new(node: *mut pg_sys::Node) -> Option<Request> {
        // SAFETY: the caller's promise; the tag tells the structure.
        unsafe {
            match (*node).type_ {
                NodeTag::T_SupportRequestSimplify => {
                    let request = &*node.cast::<pg_sys::SupportRequestSimplify>();
                    let call = FunctionCall::of(request.fcall.cast())?;
                    Some(Request::Simplify(Planner::new(request.root)?, call))
                }
                NodeTag::T_SupportRequestSelectivity => {
                    let request = &*node.cast::<pg_sys::SupportRequestSelectivity>();
                    let call = FunctionCall::new(request.funcid, request.args);
                    Some(Request::Selectivity(Planner::new(request.root)?, call))
                }
                NodeTag::T_SupportRequestCost => {
                    let request = &*node.cast::<pg_sys::SupportRequestCost>();
                    let call = FunctionCall::of(request.node)?;
                    Some(Request::Cost(Planner::new(request.root), call))
                }
                NodeTag::T_SupportRequestRows => {
                    let request = &*node.cast::<pg_sys::SupportRequestRows>();
                    let call = FunctionCall::of(request.node)?;
                    Some(Request::Rows(Planner::new(request.root), call))
                }
                NodeTag::T_SupportRequestIndexCondition => {
                    let request = &*node.cast::<pg_sys::SupportRequestIndexCondition>();
                    let call = FunctionCall::of(request.node)?;
                    let index = Index {
                        info: request.index,
                        column: request.indexcol as usize,
                        argument: request.indexarg as usize,
                        collation: request.indexcollation,
                    };
                    Some(Request::IndexCondition(Planner::new(request.root)?, call, index))
                }
                _ => None,
            }
        }
    }
}

impl Answer {
    /// Writes the answer into the request; what the support function returns.
    ///
    /// # Safety
    /// The node must be the request that was answered.
    pub(super) unsafe fn write(self, node: *mut pg_sys::Node) -> Datum {
        // SAFETY: the caller's promise: each kind of request has its own kind of answer.
        unsafe {
            match self {
                Answer::Nothing => return Datum::null(),
                Answer::Expression(expression) => return Datum::from(expression.0),
                Answer::IndexCondition(condition, is_exact) => {
                    (*node.cast::<pg_sys::SupportRequestIndexCondition>()).lossy = !is_exact;
                    let mut list = PgList::<pg_sys::Node>::new();
                    list.push(condition.0);
                    return Datum::from(list.into_pg());
                }
                Answer::Selectivity(selectivity) => {
                    (*node.cast::<pg_sys::SupportRequestSelectivity>()).selectivity =
                        selectivity.clamp(0.0, 1.0);
                }
                Answer::Cost(startup, per_tuple) => {
                    let request = node.cast::<pg_sys::SupportRequestCost>();
                    (*request).startup = startup;
                    (*request).per_tuple = per_tuple;
                }
                Answer::Rows(rows) => (*node.cast::<pg_sys::SupportRequestRows>()).rows = rows,
            }
        }
        Datum::from(node)
    }
}

impl FunctionCall {
    /// # Safety
    /// The list must be one of expressions.
    unsafe fn new(function: Oid, arguments: *mut pg_sys::List) -> Self {
        // SAFETY: the caller's promise; the list is not freed.
        let list = unsafe { PgList::<pg_sys::Node>::from_pg(arguments) };
        Self { function, arguments: list.iter_ptr().map(Expr).collect() }
    }

    /// # Safety
    /// The node must be null or an expression.
    unsafe fn of(node: *mut pg_sys::Node) -> Option<Self> {
        // SAFETY: the caller's promise.
        unsafe {
            if node.is_null() || (*node).type_ != NodeTag::T_FuncExpr {
                return None;
            }
            let call = &*node.cast::<pg_sys::FuncExpr>();
            Some(Self::new(call.funcid, call.args))
        }
    }
}

impl Planner {
    fn new(root: *mut pg_sys::PlannerInfo) -> Option<Self> {
        (!root.is_null()).then_some(Self(root))
    }

    fn rte(&self, number: i32) -> Option<&pg_sys::RangeTblEntry> {
        // SAFETY: the query and its range table live as long as it is planned.
        unsafe {
            let table = PgList::<pg_sys::RangeTblEntry>::from_pg((*(*self.0).parse).rtable);
            let entry = table.get_ptr(usize::try_from(number).ok()?.checked_sub(1)?)?;
            Some(&*entry)
        }
    }

    /// Whether the query changes nothing, and so names no rows that it is about to write.
    pub fn only_reads(&self) -> bool {
        // SAFETY: the query lives as long as it is planned.
        unsafe { (*(*self.0).parse).commandType == pg_sys::CmdType::CMD_SELECT }
    }

    /// Whether the query groups by more than one set of columns.
    pub fn has_grouping_sets(&self) -> bool {
        // SAFETY: as above.
        unsafe { !(*(*self.0).parse).groupingSets.is_null() }
    }

    /// What the expression will be; functions that are stable are called for that.
    pub fn foresee(&self, expression: Expr) -> Foreseen {
        // SAFETY: an expression of this query; the result is one too.
        unsafe {
            let node = pg_sys::estimate_expression_value(self.0, expression.0);
            match (*node).type_ {
                NodeTag::T_Const => {
                    let value = &*node.cast::<pg_sys::Const>();
                    let known = !value.constisnull;
                    Foreseen::Value(known.then(|| Value::new(value.constvalue, value.consttype)))
                }
                _ if has_parameter(node) => Foreseen::Parameter,
                _ => Foreseen::Unknown,
            }
        }
    }

    /// The column of a table that the expression is; only a table's own column of this very level.
    pub fn column(&self, expression: Expr) -> Option<Column> {
        // SAFETY: the tag tells the structure.
        unsafe {
            let var = var_of(expression.0)?;
            if (*var).varlevelsup != 0 {
                return None;
            }
            let entry = self.rte(version::table_number(var))?;
            if entry.rtekind != pg_sys::RTEKind::RTE_RELATION {
                return None;
            }
            Some(Column { relation: entry.relid, number: (*var).varattno, var })
        }
    }

    /// The number of rows that the planner believes the table of a column to have; `None` before
    /// it has looked.
    pub fn table_rows(&self, column: &Column) -> Option<f64> {
        let relation = self.relation_of(column)?;
        Some(relation.tuples.max(1.0))
    }

    pub(super) fn relation_of(&self, column: &Column) -> Option<&pg_sys::RelOptInfo> {
        self.relation(column.table_number())
    }

    /// What the planner knows of the query's table of that number; `None` before it has looked.
    pub(super) fn relation(&self, number: i32) -> Option<&pg_sys::RelOptInfo> {
        // SAFETY: the array has that many entries, null where there is none.
        unsafe {
            let root = &*self.0;
            if root.simple_rel_array.is_null() || number >= root.simple_rel_array_size {
                return None;
            }
            (*root.simple_rel_array.add(number as usize)).as_ref()
        }
    }

    /// The number of rows that the query is limited to.
    pub fn limit(&self) -> Option<f64> {
        // SAFETY: the state lives as long as the query is planned.
        let limit = unsafe { (*self.0).limit_tuples };
        (limit > 0.0).then_some(limit)
    }

    /// Whether the query's rows are wanted in the order of that column first.
    pub fn is_ordered_by(&self, column: &Column) -> bool {
        // SAFETY: as above; path keys point to equivalence classes.
        unsafe {
            let keys = PgList::<pg_sys::PathKey>::from_pg((*self.0).query_pathkeys);
            keys.get_ptr(0).is_some_and(|key| has_member((*key).pk_eclass, column))
        }
    }

    /// Whether the column must equal some constant.
    pub fn is_fixed(&self, column: &Column) -> bool {
        self.classes_of(column).any(|class| class.ec_has_const)
    }

    /// The number of rows that the query's other conditions on the column leave, if it has any.
    pub fn rows_within(&self, column: &Column) -> Option<f64> {
        let relation = self.relation_of(column)?;
        // SAFETY: as above; the list holds restrictions, whose clauses are expressions.
        unsafe {
            let all = PgList::<pg_sys::RestrictInfo>::from_pg(relation.baserestrictinfo);
            let mut within = PgList::<pg_sys::RestrictInfo>::new();
            for restriction in all.iter_ptr() {
                if is_comparison_of((*restriction).clause.cast(), column) {
                    within.push(restriction);
                }
            }
            if within.is_empty() {
                return None;
            }
            let share = pg_sys::clauselist_selectivity(
                self.0,
                within.into_pg(),
                column.table_number(),
                pg_sys::JoinType::JOIN_INNER,
                std::ptr::null_mut(),
            );
            Some(relation.tuples.max(1.0) * share)
        }
    }

    pub(super) fn classes_of(
        &self,
        column: &Column,
    ) -> impl Iterator<Item = &pg_sys::EquivalenceClass> {
        // SAFETY: as above.
        let classes = unsafe { PgList::<pg_sys::EquivalenceClass>::from_pg((*self.0).eq_classes) };
        let found: Vec<_> = classes
            .iter_ptr()
            // SAFETY: the list holds classes.
            .filter(|class| unsafe { has_member(*class, column) })
            .map(|class| unsafe { &*class })
            .collect();
        found.into_iter()
    }

    /// The table whose whole row the expression is, with an expression for each of its columns by
    /// name.
    pub fn row_of_table(&self, expression: Expr) -> Option<Column> {
        let row = self.column(expression)?;
        let entry_type = types::row_type_of_relation(row.relation);
        // SAFETY: a Var, as `column` says.
        (row.number == 0 && unsafe { (*row.var).vartype } == entry_type).then_some(row)
    }

    /// That column of the row's table.
    pub fn column_of_row(&self, row: &Column, name: &str) -> Option<Expr> {
        let table = Relation::open(row.relation);
        let attribute = table
            .columns()
            .iter()
            .find(|a| !a.attisdropped && name_of(&a.attname) == name)
            .copied()?;
        // SAFETY: a copy of the Var that names the row, made to name the column.
        unsafe {
            let var = pg_sys::copyObjectImpl(row.var.cast()).cast::<pg_sys::Var>();
            (*var).varattno = attribute.attnum;
            (*var).varattnosyn = attribute.attnum;
            (*var).vartype = attribute.atttypid;
            (*var).vartypmod = attribute.atttypmod;
            (*var).varcollid = attribute.attcollation;
            Some(Expr(var.cast()))
        }
    }

    /// The name of a column of a table.
    pub fn column_name(&self, column: &Column) -> Option<String> {
        let table = Relation::open(column.relation);
        let at = usize::try_from(column.number).ok()?.checked_sub(1)?;
        table.columns().get(at).map(|a| name_of(&a.attname).to_owned())
    }
}

/// # Safety
/// The class must be one of the planner's.
unsafe fn has_member(class: *mut pg_sys::EquivalenceClass, column: &Column) -> bool {
    // SAFETY: the caller's promise; tags tell the structures.
    unsafe {
        // What is equal under another collation need not be so for the column's index.
        (*class).ec_collation == (*column.var).varcollid
            && columns_of(class, column.table_number()).any(|var| (*var).varattno == column.number)
    }
}

/// The columns of a table that are in the class.
///
/// # Safety
/// The class must be one of the planner's.
pub(super) unsafe fn columns_of(
    class: *const pg_sys::EquivalenceClass,
    table: i32,
) -> impl Iterator<Item = *mut pg_sys::Var> {
    // SAFETY: the caller's promise; members are expressions.
    unsafe {
        let members = version::members(class, table).into_iter();
        members
            .filter_map(|member| var_of((*member).em_expr.cast()))
            .filter(move |var| version::table_number(*var) == table)
    }
}

/// Whether the expression compares that column with something that is none of its table.
///
/// # Safety
/// The node must be an expression.
unsafe fn is_comparison_of(node: *mut pg_sys::Node, column: &Column) -> bool {
    // SAFETY: the caller's promise; tags tell the structures.
    unsafe {
        let arguments = match (*node).type_ {
            NodeTag::T_OpExpr => (*node.cast::<pg_sys::OpExpr>()).args,
            NodeTag::T_ScalarArrayOpExpr => (*node.cast::<pg_sys::ScalarArrayOpExpr>()).args,
            _ => return false,
        };
        let arguments = PgList::<pg_sys::Node>::from_pg(arguments);
        let is_column = |argument: *mut pg_sys::Node| {
            var_of(argument).is_some_and(|var| {
                (*var).varno == (*column.var).varno && (*var).varattno == column.number
            })
        };
        let columns = arguments.iter_ptr().filter(|argument| is_column(*argument)).count();
        let others = arguments.iter_ptr().filter(|argument| !is_column(*argument));
        columns == 1 && others.into_iter().all(|other| !pg_sys::contain_var_clause(other))
    }
}

impl Column {
    /// The number of its table in the query.
    pub(super) fn table_number(&self) -> i32 {
        // SAFETY: a Var.
        unsafe { version::table_number(self.var) }
    }

    /// Whether both are columns of the same table of the query.
    pub fn is_of_same_row(&self, other: &Column) -> bool {
        // SAFETY: both are Vars.
        unsafe { (*self.var).varno == (*other.var).varno }
    }
}
