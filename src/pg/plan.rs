//! What the planner asks a support function, and the expressions that it is answered with.

use std::ffi::CString;

use pgrx::PgList;
use pgrx::pg_sys::{self, Datum, NodeTag, Oid};

use super::relation::{Relation, name_of};
use super::types;
use super::value::Value;
use super::version;

/// Tells the calls that the planner was given to run; printed as any other.
pub(super) const PLANNED: pg_sys::CoercionForm::Type = pg_sys::CoercionForm::COERCE_SQL_SYNTAX;

/// An expression of the query that is being planned.
#[derive(Clone, Copy)]
pub struct Expr(*mut pg_sys::Node);

/// The planner's state for one query level.
#[derive(Clone, Copy)]
pub struct Planner(*mut pg_sys::PlannerInfo);

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
    var: *mut pg_sys::Var,
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

/// An index that the planner considers.
pub struct Index {
    info: *mut pg_sys::IndexOptInfo,
    column: usize,
    pub argument: usize,
    collation: Oid,
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
            let node = below_relabels(expression.0);
            if (*node).type_ != NodeTag::T_Var {
                return None;
            }
            let var = node.cast::<pg_sys::Var>();
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

    fn relation_of(&self, column: &Column) -> Option<&pg_sys::RelOptInfo> {
        // SAFETY: the array has that many entries, null where there is none.
        unsafe {
            let number = (*column.var).varno as usize;
            let root = &*self.0;
            if root.simple_rel_array.is_null() || number >= root.simple_rel_array_size as usize {
                return None;
            }
            (*root.simple_rel_array.add(number)).as_ref()
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
                version::table_number(column.var),
                pg_sys::JoinType::JOIN_INNER,
                std::ptr::null_mut(),
            );
            Some(relation.tuples.max(1.0) * share)
        }
    }

    /// The least number of rows of a table whose column this one is joined with by equality.
    pub fn fewest_partners(&self, column: &Column) -> Option<f64> {
        // SAFETY: as above; members of a set of range table indexes.
        unsafe {
            let root = &*self.0;
            let own = version::table_number(column.var);
            let mut fewest: Option<f64> = None;
            for class in self.classes_of(column) {
                let mut number = -1;
                loop {
                    number = pg_sys::bms_next_member(class.ec_relids, number);
                    if number < 0 {
                        break;
                    }
                    if number == own || number >= root.simple_rel_array_size {
                        continue;
                    }
                    let relation = *root.simple_rel_array.add(number as usize);
                    if !relation.is_null() && (*relation).rows > 0.0 {
                        let rows = (*relation).rows;
                        fewest = Some(fewest.map_or(rows, |f| f.min(rows)));
                    }
                }
            }
            fewest
        }
    }

    fn classes_of(&self, column: &Column) -> impl Iterator<Item = &pg_sys::EquivalenceClass> {
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
        let members = PgList::<pg_sys::EquivalenceMember>::from_pg((*class).ec_members);
        // What is equal under another collation need not be so for the column's index.
        (*class).ec_collation == (*column.var).varcollid
            && members.iter_ptr().any(|member| {
                let node = below_relabels((*member).em_expr.cast());
                let var = node.cast::<pg_sys::Var>();
                (*node).type_ == NodeTag::T_Var
                    && (*var).varno == (*column.var).varno
                    && (*var).varattno == column.number
            })
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
            let argument = below_relabels(argument);
            let var = argument.cast::<pg_sys::Var>();
            (*argument).type_ == NodeTag::T_Var
                && (*var).varno == (*column.var).varno
                && (*var).varattno == column.number
        };
        let columns = arguments.iter_ptr().filter(|argument| is_column(*argument)).count();
        let others = arguments.iter_ptr().filter(|argument| !is_column(*argument));
        columns == 1 && others.into_iter().all(|other| !pg_sys::contain_var_clause(other))
    }
}

/// # Safety
/// The node must be an expression.
unsafe fn below_relabels(mut node: *mut pg_sys::Node) -> *mut pg_sys::Node {
    // SAFETY: the caller's promise; the tag tells the structure.
    unsafe {
        while (*node).type_ == NodeTag::T_RelabelType {
            let relabel = &*node.cast::<pg_sys::RelabelType>();
            let below = pg_sys::exprType(relabel.arg.cast());
            let (one, other) = (types::base(relabel.resulttype), types::base(below));
            // -1 of type integer, called an oid, is another number.
            if one != other && !(types::is_text(one) && types::is_text(other)) {
                break;
            }
            node = relabel.arg.cast();
        }
        node
    }
}

/// Whether the expression is a parameter of the whole query, or made of one by casts and functions.
///
/// # Safety
/// The node must be an expression.
unsafe fn has_parameter(node: *mut pg_sys::Node) -> bool {
    // SAFETY: the caller's promise; tags tell the structures.
    unsafe {
        let any = |list| {
            let list = PgList::<pg_sys::Node>::from_pg(list);
            list.iter_ptr().any(|node| has_parameter(node))
        };
        match (*node).type_ {
            NodeTag::T_Param => {
                (*node.cast::<pg_sys::Param>()).paramkind == pg_sys::ParamKind::PARAM_EXTERN
            }
            NodeTag::T_RelabelType => {
                has_parameter((*node.cast::<pg_sys::RelabelType>()).arg.cast())
            }
            NodeTag::T_CoerceViaIO => {
                has_parameter((*node.cast::<pg_sys::CoerceViaIO>()).arg.cast())
            }
            NodeTag::T_FuncExpr => any((*node.cast::<pg_sys::FuncExpr>()).args),
            NodeTag::T_OpExpr => any((*node.cast::<pg_sys::OpExpr>()).args),
            _ => false,
        }
    }
}

impl Column {
    /// Whether both are columns of the same table of the query.
    pub fn is_of_same_row(&self, other: &Column) -> bool {
        // SAFETY: both are Vars.
        unsafe { (*self.var).varno == (*other.var).varno }
    }
}

impl Expr {
    pub fn null() -> Self {
        // SAFETY: allocates a node in the planner's memory.
        unsafe { Self(pg_sys::makeNullConst(pg_sys::TEXTOID, -1, Oid::INVALID).cast()) }
    }

    pub fn type_oid(self) -> Oid {
        // SAFETY: an expression.
        unsafe { pg_sys::exprType(self.0) }
    }

    /// The constant that the expression is; the outer `None` where it is none.
    pub fn constant(self) -> Option<Option<Value>> {
        // SAFETY: the tag tells the structure.
        unsafe {
            if (*self.0).type_ != NodeTag::T_Const {
                return None;
            }
            let value = &*self.0.cast::<pg_sys::Const>();
            Some((!value.constisnull).then(|| Value::new(value.constvalue, value.consttype)))
        }
    }

    /// The columns of a row value written out.
    pub fn row_columns(self) -> Option<Vec<Expr>> {
        // SAFETY: the tag tells the structure.
        unsafe {
            if (*self.0).type_ != NodeTag::T_RowExpr {
                return None;
            }
            let list = PgList::<pg_sys::Node>::from_pg((*self.0.cast::<pg_sys::RowExpr>()).args);
            Some(list.iter_ptr().map(Expr).collect())
        }
    }

    /// A table, as a constant of type regclass.
    pub fn table(relation: Oid) -> Self {
        Self::by_value(pg_sys::REGCLASSOID, 4, relation.into())
    }

    pub fn bigint(number: i64) -> Self {
        Self::by_value(pg_sys::INT8OID, 8, Datum::from(number))
    }

    pub fn name(name: &str) -> Self {
        let size = pg_sys::NAMEDATALEN as usize;
        let length = name.len().min(size - 1);
        // SAFETY: a name is so many bytes, all zero behind the text; no longer text fits.
        unsafe {
            let datum = pg_sys::palloc0(size).cast::<u8>();
            std::ptr::copy_nonoverlapping(name.as_ptr(), datum, length);
            let collation = types::collation(pg_sys::NAMEOID);
            let datum = Datum::from(datum);
            let constant =
                pg_sys::makeConst(pg_sys::NAMEOID, -1, collation, size as i32, datum, false, false);
            Self(constant.cast())
        }
    }

    fn by_value(type_oid: Oid, length: i32, datum: Datum) -> Self {
        // SAFETY: as above.
        unsafe {
            Self(pg_sys::makeConst(type_oid, -1, Oid::INVALID, length, datum, false, true).cast())
        }
    }

    fn null_of(type_oid: Oid) -> Self {
        // SAFETY: as above.
        unsafe { Self(pg_sys::makeNullConst(type_oid, -1, types::collation(type_oid)).cast()) }
    }

    /// This expression and all of the others.
    pub fn and(self, others: &[Expr]) -> Self {
        if others.is_empty() {
            return self;
        }
        let mut list = PgList::<pg_sys::Node>::new();
        list.push(self.0);
        others.iter().for_each(|other| list.push(other.0));
        // SAFETY: as above.
        unsafe {
            let and = pg_sys::makeBoolExpr(pg_sys::BoolExprType::AND_EXPR, list.into_pg(), -1);
            Self(and.cast())
        }
    }

    /// A call of a function.
    pub fn call(function: Oid, result: Oid, arguments: &[Expr]) -> Self {
        Self::call_as(function, result, arguments, pg_sys::CoercionForm::COERCE_EXPLICIT_CALL)
    }

    /// A call that [`Call::is_planned`](super::call::Call::is_planned) when the plan is run. To
    /// estimate, the planner calls stable functions too, by expressions that it makes anew: not in
    /// this form, which nothing else has that is no SQL syntax.
    pub fn planned_call(function: Oid, result: Oid, arguments: &[Expr]) -> Self {
        Self::call_as(function, result, arguments, PLANNED)
    }

    fn call_as(
        function: Oid,
        result: Oid,
        arguments: &[Expr],
        form: pg_sys::CoercionForm::Type,
    ) -> Self {
        let mut list = PgList::<pg_sys::Node>::new();
        arguments.iter().for_each(|argument| list.push(argument.0));
        let none = Oid::INVALID;
        // SAFETY: as above.
        unsafe {
            Self(pg_sys::makeFuncExpr(function, result, list.into_pg(), none, none, form).cast())
        }
    }

    /// Whether its value changes from one row to the next, or from one call to the next.
    fn varies(self) -> bool {
        // SAFETY: an expression.
        unsafe { pg_sys::contain_var_clause(self.0) || pg_sys::contain_volatile_functions(self.0) }
    }
}

/// Where a function of the extension's may be executed by the current user: its oid.
pub fn executable(name: &str, arguments: &[Oid]) -> Option<Oid> {
    let function = find(name, arguments)?;
    may_execute(function).then_some(function)
}

fn find(name: &str, arguments: &[Oid]) -> Option<Oid> {
    let name = CString::new(name).ok()?;
    // SAFETY: syscache look-ups.
    unsafe {
        let schema = pg_sys::get_namespace_oid(c"rowgrant".as_ptr(), true);
        let arguments = pg_sys::buildoidvector(arguments.as_ptr(), arguments.len() as i32);
        let found = pg_sys::SearchSysCache3(
            pg_sys::SysCacheIdentifier::PROCNAMEARGSNSP as i32,
            Datum::from(name.as_ptr()),
            Datum::from(arguments),
            schema.into(),
        );
        if found.is_null() {
            return None;
        }
        let oid = (*(pg_sys::GETSTRUCT(found) as pg_sys::Form_pg_proc)).oid;
        pg_sys::ReleaseSysCache(found);
        Some(oid)
    }
}

/// Whether the current user may execute the function.
pub fn may_execute(function: Oid) -> bool {
    // SAFETY: a syscache look-up.
    unsafe { super::version::may_execute(function, pg_sys::GetUserId()) }
}

/// The C symbol of a function of the extension's.
pub fn symbol(function: Oid) -> Option<String> {
    // SAFETY: a syscache look-up; the text is copied before it is released.
    unsafe {
        let identifier = pg_sys::SysCacheIdentifier::PROCOID as i32;
        let found = pg_sys::SearchSysCache1(identifier, function.into());
        if found.is_null() {
            return None;
        }
        let mut null = false;
        let column = pg_sys::Anum_pg_proc_prosrc as pg_sys::AttrNumber;
        let datum = pg_sys::SysCacheGetAttr(identifier, found, column, &mut null);
        let symbol = (!null).then(|| Value::new(datum, pg_sys::TEXTOID).as_text());
        pg_sys::ReleaseSysCache(found);
        symbol
    }
}

/// Has this session's plans that call the function made anew when they are next run. What is called
/// tells PostgreSQL's cache of plans what a change of the function would; no other session hears.
pub fn forget_plans_with(function: Oid) {
    // SAFETY: marks plans only; may be called while they run.
    unsafe {
        let cache = pg_sys::SysCacheIdentifier::PROCOID as i32;
        let none = Datum::null();
        let hash = pg_sys::GetSysCacheHashValue(cache, function.into(), none, none, none);
        pg_sys::CallSyscacheCallbacks(cache, hash);
    }
}

/// The functions that ask about the transaction's user.
pub(super) fn forget_plans_about_current_user() {
    const TEXT: Oid = pg_sys::TEXTOID;
    const COLUMNS: [Oid; 4] =
        [pg_sys::TEXTOID, pg_sys::REGCLASSOID, pg_sys::ANYOID, pg_sys::ANYOID];
    let functions: [(&str, &[Oid]); 5] = [
        ("current_user_id", &[]),
        ("can", &COLUMNS),
        ("can", &[TEXT, pg_sys::RECORDOID]),
        ("can", &[TEXT, TEXT, pg_sys::ANYELEMENTOID]),
        ("can", &[TEXT, TEXT, TEXT]),
    ];
    for (name, arguments) in functions {
        if let Some(function) = find(name, arguments) {
            forget_plans_with(function);
        }
    }
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
