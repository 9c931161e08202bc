//! Expressions of a query that is being planned, and those that it is answered with.

use pgrx::PgList;
use pgrx::pg_sys::{self, Datum, NodeTag, Oid};

use super::types;
use super::value::Value;

/// Tells the calls that the planner was given to run; printed as any other.
pub(super) const PLANNED: pg_sys::CoercionForm::Type = pg_sys::CoercionForm::COERCE_SQL_SYNTAX;

/// An expression of the query that is being planned.
#[derive(Clone, Copy)]
pub struct Expr(pub(super) *mut pg_sys::Node);

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

    pub(super) fn null_of(type_oid: Oid) -> Self {
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
    pub(super) fn varies(self) -> bool {
        // SAFETY: an expression.
        unsafe { pg_sys::contain_var_clause(self.0) || pg_sys::contain_volatile_functions(self.0) }
    }
}

/// # Safety
/// The node must be an expression.
pub(super) unsafe fn below_relabels(mut node: *mut pg_sys::Node) -> *mut pg_sys::Node {
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

/// The column that the expression is, below relabels.
///
/// # Safety
/// The node must be an expression.
pub(super) unsafe fn var_of(node: *mut pg_sys::Node) -> Option<*mut pg_sys::Var> {
    // SAFETY: the caller's promise; the tag tells the structure.
    unsafe {
        let node = below_relabels(node);
        ((*node).type_ == NodeTag::T_Var).then(|| node.cast())
    }
}

/// Whether the expression is a parameter of the whole query, or made of one by casts and functions.
///
/// # Safety
/// The node must be an expression.
pub(super) unsafe fn has_parameter(node: *mut pg_sys::Node) -> bool {
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
