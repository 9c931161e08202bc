//! The call of an SQL function: its arguments, its result, and what it remembers between calls.

use pgrx::pg_sys::{self, Datum, Oid};
use pgrx::{FromDatum, IntoDatum, JsonB, PgMemoryContexts};

use super::types;
use super::value::Value;
use crate::error::{Error, Result};
use crate::key::Key;

/// One call of an SQL function.
pub struct Call(pg_sys::FunctionCallInfo);

/// What a function returns.
pub enum Output {
    Void,
    Null,
    Bool(bool),
    Integer(i64),
    Text(String),
    Texts(Vec<String>),
    Json(serde_json::Value),
    /// An array that the call site keeps.
    Array(Datum),
    /// The rows have been written to the set.
    Set,
    /// One of several values; the call is made again for the next one.
    Next(Datum),
}

impl Call {
    /// # Safety
    /// `fcinfo` must be that of a running call, and outlive this.
    pub unsafe fn new(fcinfo: pg_sys::FunctionCallInfo) -> Self {
        Self(fcinfo)
    }

    /// The n-th argument; `None` where it is NULL.
    pub fn value(&self, n: usize) -> Option<Value> {
        // SAFETY: fcinfo holds nargs arguments; the expression tells the types of polymorphic ones.
        unsafe {
            let arguments = (*self.0).args.as_slice((*self.0).nargs as usize);
            let argument = arguments.get(n)?;
            if argument.isnull {
                return None;
            }
            let type_oid = pg_sys::get_fn_expr_argtype((*self.0).flinfo, n as i32);
            Some(Value::new(argument.value, type_oid))
        }
    }

    /// The n-th argument, of which the caller has asked the type before.
    pub fn value_as(&self, n: usize, type_oid: Oid) -> Option<Value> {
        // SAFETY: as above; the arguments of one call site keep their types.
        unsafe {
            let argument = (*self.0).args.as_slice((*self.0).nargs as usize).get(n)?;
            (!argument.isnull).then(|| Value::new(argument.value, type_oid))
        }
    }

    /// Whether no argument from the n-th on is NULL.
    pub fn are_given(&self, n: usize) -> bool {
        // SAFETY: as above.
        unsafe {
            let arguments = (*self.0).args.as_slice((*self.0).nargs as usize);
            arguments[n.min(arguments.len())..].iter().all(|argument| !argument.isnull)
        }
    }

    fn datum(&self, n: usize) -> Option<Datum> {
        self.value(n).map(Value::datum)
    }

    pub fn text(&self, n: usize) -> Option<String> {
        // SAFETY: declared as text in sql/.
        self.datum(n).and_then(|d| unsafe { String::from_datum(d, false) })
    }

    /// A text argument that may not be NULL.
    pub fn required_text(&self, n: usize, name: &str) -> Result<String> {
        self.text(n).ok_or_else(|| null_argument(name))
    }

    /// An argument of type name.
    pub fn name(&self, n: usize) -> Option<String> {
        // SAFETY: declared as name in sql/: a NUL-terminated array.
        self.datum(n).and_then(|d| types::copy_cstr(d.cast_mut_ptr::<std::ffi::c_char>()))
    }

    pub fn bool(&self, n: usize) -> Option<bool> {
        self.datum(n).map(|d| d.value() & 0xff != 0)
    }

    pub fn bigint(&self, n: usize) -> Option<i64> {
        self.datum(n).map(|d| d.value() as i64)
    }

    pub fn oid(&self, n: usize) -> Option<Oid> {
        self.datum(n).map(|d| Oid::from(d.value() as u32))
    }

    /// A timestamptz, in microseconds since 2000-01-01.
    pub fn timestamp(&self, n: usize) -> Option<i64> {
        self.datum(n).map(|d| d.value() as i64)
    }

    /// The elements of a text[] or name[].
    pub fn texts(&self, n: usize) -> Option<Vec<Option<String>>> {
        self.value(n).map(Value::texts)
    }

    /// The number of arguments.
    pub fn count(&self) -> usize {
        // SAFETY: the structure of a running call.
        unsafe { (*self.0).nargs as usize }
    }

    /// Whether the n-th argument is a constant of the expression. A parameter is none: in PL/pgSQL
    /// its value changes while the expression and what it remembers stay.
    pub fn is_constant(&self, n: usize) -> bool {
        // SAFETY: the expression, where there is one, outlives the call; the tag tells its structure.
        unsafe {
            let expression = (*(*self.0).flinfo).fn_expr;
            if expression.is_null() || (*expression).type_ != pg_sys::NodeTag::T_FuncExpr {
                return false;
            }
            let list = (*expression.cast::<pg_sys::FuncExpr>()).args;
            if list.is_null() || n >= (*list).length as usize {
                return false;
            }
            let argument = (*(*list).elements.add(n)).ptr_value.cast::<pg_sys::Node>();
            (*argument).type_ == pg_sys::NodeTag::T_Const
        }
    }

    /// Whether the planner was given this call to run, by `Expr::planned_call`.
    pub fn is_planned(&self) -> bool {
        // SAFETY: as above.
        unsafe {
            let expression = (*(*self.0).flinfo).fn_expr;
            !expression.is_null()
                && (*expression).type_ == pg_sys::NodeTag::T_FuncExpr
                && (*expression.cast::<pg_sys::FuncExpr>()).funcformat == super::expr::PLANNED
        }
    }

    /// The memory in which the call site remembers.
    pub(super) fn memory(&self) -> pg_sys::MemoryContext {
        // SAFETY: the structure of a running call.
        unsafe { (*(*self.0).flinfo).fn_mcxt }
    }

    /// The function that is called.
    pub fn function(&self) -> Oid {
        // SAFETY: the structure of a running call.
        unsafe { (*(*self.0).flinfo).fn_oid }
    }

    /// The type of the n-th argument, NULL or not.
    pub fn argument_type(&self, n: usize) -> Oid {
        // SAFETY: InvalidOid where there is no expression.
        unsafe { pg_sys::get_fn_expr_argtype((*self.0).flinfo, n as i32) }
    }

    /// What this call site remembers, made anew where it remembers nothing. It lives as long as the
    /// expression, which may be longer than the statement: whoever uses it must check its stamp.
    #[allow(clippy::mut_from_ref)]
    pub fn memo<T: Default>(&self) -> &mut T {
        // SAFETY: fn_extra belongs to the function; each symbol asks for one type only, and calls
        // of one call site do not overlap.
        unsafe {
            let function = (*self.0).flinfo;
            if (*function).fn_extra.is_null() {
                let memo = PgMemoryContexts::For((*function).fn_mcxt)
                    .leak_and_drop_on_delete(T::default());
                (*function).fn_extra = memo.cast();
            }
            &mut *(*function).fn_extra.cast::<T>()
        }
    }

    /// What was begun by [`begin_stream`](Self::begin_stream), where this call goes on with it.
    #[allow(clippy::mut_from_ref)]
    pub fn stream<S>(&self) -> Option<&mut S> {
        // SAFETY: fn_extra is the context of a stream, which belongs to the function; each symbol has
        // streams of one type only, and calls of one call site do not overlap.
        unsafe {
            if (*(*self.0).flinfo).fn_extra.is_null() {
                return None;
            }
            let context = pg_sys::per_MultiFuncCall(self.0);
            (*context).user_fctx.cast::<S>().as_mut()
        }
    }

    /// Whether the caller takes values one by one.
    pub fn may_stream(&self) -> bool {
        // SAFETY: the structure of a running call; the tag tells.
        unsafe {
            let info = (*self.0).resultinfo.cast::<pg_sys::ReturnSetInfo>();
            let one_by_one = pg_sys::SetFunctionReturnMode::SFRM_ValuePerCall;
            !info.is_null()
                && (*info).type_ == pg_sys::NodeTag::T_ReturnSetInfo
                && (*info).allowedModes as u32 & one_by_one != 0
        }
    }

    /// Begins to return values one by one; only where [`may_stream`](Self::may_stream). The state is
    /// dropped when no more values are asked for.
    #[allow(clippy::mut_from_ref)]
    pub fn begin_stream<S>(&self, state: S) -> &mut S {
        // SAFETY: nothing was begun yet; the memory lives as long as values are asked for.
        unsafe {
            let context = pg_sys::init_MultiFuncCall(self.0);
            let memory = (*context).multi_call_memory_ctx;
            let state = PgMemoryContexts::For(memory).leak_and_drop_on_delete(state);
            (*context).user_fctx = state.cast();
            &mut *state
        }
    }

    /// Returns the next value, or that there is none.
    pub fn next(&self, value: Option<Value>) -> Output {
        // SAFETY: a stream was begun; what it kept is not used after its end.
        unsafe {
            let info = (*self.0).resultinfo.cast::<pg_sys::ReturnSetInfo>();
            match value {
                Some(value) => {
                    (*info).isDone = pg_sys::ExprDoneCond::ExprMultipleResult;
                    Output::Next(value.datum())
                }
                None => {
                    pg_sys::end_MultiFuncCall(self.0, pg_sys::per_MultiFuncCall(self.0));
                    (*info).isDone = pg_sys::ExprDoneCond::ExprEndResult;
                    Output::Null
                }
            }
        }
    }

    /// Begins to return a set of values of `type_oid`, kept in memory up to work_mem and on disk
    /// beyond it.
    pub fn set(&self, type_oid: Oid) -> Result<Set> {
        if type_oid == pg_sys::RECORDOID {
            return Err(Error::argument("the type asked for cannot be record").hint(
                "Give a NULL of a composite type with the columns of the key, or NULL::text.",
            ));
        }
        // SAFETY: the descriptor is made in the memory that `store` asks for.
        unsafe {
            self.store(|| {
                if types::kind(type_oid) == b'c' {
                    return pg_sys::lookup_rowtype_tupdesc_copy(type_oid, -1);
                }
                let made = pg_sys::CreateTemplateTupleDesc(1);
                pg_sys::TupleDescInitEntry(made, 1, c"value".as_ptr(), type_oid, -1, 0);
                made
            })
        }
        .map(|(store, descriptor)| Set { store, descriptor, type_oid })
    }

    /// Begins to return a set of the rows that the function is declared to return.
    pub fn rows(&self) -> Result<Rows> {
        // SAFETY: the call is running; the descriptor is filled in by the look-up.
        unsafe {
            self.store(|| {
                let mut descriptor = std::ptr::null_mut();
                pg_sys::get_call_result_type(self.0, std::ptr::null_mut(), &mut descriptor);
                pg_sys::CreateTupleDescCopy(descriptor)
            })
        }
        .map(|(store, descriptor)| Rows { store, descriptor })
    }

    /// # Safety
    /// `describe` must return a descriptor allocated in the current memory context.
    unsafe fn store(
        &self,
        describe: impl FnOnce() -> pg_sys::TupleDesc,
    ) -> Result<(*mut pg_sys::Tuplestorestate, pg_sys::TupleDesc)> {
        // SAFETY: the structures are those of a running call; the store is made in the query's
        // memory, as it outlives the call.
        unsafe {
            let info = (*self.0).resultinfo.cast::<pg_sys::ReturnSetInfo>();
            let materialize = pg_sys::SetFunctionReturnMode::SFRM_Materialize;
            if info.is_null()
                || (*info).type_ != pg_sys::NodeTag::T_ReturnSetInfo
                || (*info).allowedModes as u32 & materialize == 0
            {
                return Err(Error::unsupported(
                    "set-valued function called in context that cannot accept a set",
                ));
            }
            let memory = (*(*info).econtext).ecxt_per_query_memory;
            let previous = pg_sys::MemoryContextSwitchTo(memory);
            let descriptor = describe();
            let random = (*info).allowedModes as u32
                & pg_sys::SetFunctionReturnMode::SFRM_Materialize_Random
                != 0;
            let store = pg_sys::tuplestore_begin_heap(random, false, pg_sys::work_mem);
            pg_sys::MemoryContextSwitchTo(previous);
            (*info).returnMode = materialize;
            (*info).setResult = store;
            (*info).setDesc = descriptor;
            Ok((store, descriptor))
        }
    }
}

/// A column of a row that a function returns.
pub enum Column {
    Null,
    Text(String),
    Texts(Vec<String>),
    Integer(i64),
    Json(serde_json::Value),
}

/// The rows that a function returns, of several columns each.
pub struct Rows {
    store: *mut pg_sys::Tuplestorestate,
    descriptor: pg_sys::TupleDesc,
}

impl Rows {
    /// Adds one row, of the columns that sql/ declares.
    pub fn push<const N: usize>(&self, columns: [Column; N]) {
        let datums = columns.map(|column| match column {
            Column::Null => None,
            Column::Text(text) => text.into_datum(),
            Column::Texts(texts) => texts.into_datum(),
            Column::Integer(number) => number.into_datum(),
            Column::Json(json) => JsonB(json).into_datum(),
        });
        let mut nulls = datums.map(|datum| datum.is_none());
        let mut values = datums.map(|datum| datum.unwrap_or(Datum::null()));
        // SAFETY: as many values as the descriptor has columns, of its types.
        unsafe {
            pg_sys::tuplestore_putvalues(
                self.store,
                self.descriptor,
                values.as_mut_ptr(),
                nulls.as_mut_ptr(),
            );
        }
    }
}

/// A key as a value of the base type that is asked for.
pub fn key_as(key: &Key, base: Oid) -> Result<Value> {
    let not_one = || super::value::not_a_key(base, &key.to_text(), "key for the type asked for");
    Value::of_key(key, base)?.ok_or_else(not_one)
}

/// The values, or rows of a table, that a function returns.
pub struct Set {
    store: *mut pg_sys::Tuplestorestate,
    descriptor: pg_sys::TupleDesc,
    pub type_oid: Oid,
}

impl Set {
    /// Adds one value of the set's type; a row value becomes a row.
    pub fn push(&self, value: Value) {
        // SAFETY: the value is of the set's type.
        unsafe {
            if types::kind(self.type_oid) == b'c' {
                let header = pg_sys::pg_detoast_datum(value.datum().cast_mut_ptr())
                    as pg_sys::HeapTupleHeader;
                let mut tuple = pg_sys::HeapTupleData {
                    t_len: ((*header).t_choice.t_datum.datum_len_ as u32) >> 2,
                    t_data: header,
                    ..Default::default()
                };
                pg_sys::tuplestore_puttuple(self.store, &mut tuple);
            } else {
                let (mut datum, mut null) = (value.datum(), false);
                pg_sys::tuplestore_putvalues(self.store, self.descriptor, &mut datum, &mut null);
            }
        }
    }

    /// Adds a key, cast to the set's type by way of its text where the types differ.
    pub fn push_key(&self, key: &Key) -> Result<()> {
        self.push(key_as(key, types::base(self.type_oid))?);
        Ok(())
    }
}

impl Set {
    /// Adds a text to a set of texts.
    pub fn push_text(&self, text: &str) {
        if let Some(datum) = text.into_datum() {
            // SAFETY: the datum is a text.
            self.push(unsafe { Value::new(datum, pg_sys::TEXTOID) });
        }
    }
}

/// The error of an argument that may not be NULL.
pub fn null_argument(name: &str) -> Error {
    Error::argument(format!("{name} must not be null"))
        .hint("Only functions that ask about permissions take NULL, and answer that it is refused.")
}

pub(super) fn array_elements(array: Value) -> Vec<Option<Value>> {
    let Some(element) = types::array_element(array.base_type()) else { return vec![Some(array)] };
    // SAFETY: the datum is an array of that element type; the elements live as long as the call.
    unsafe {
        let (mut length, mut by_value, mut align) = (0, false, 0);
        pg_sys::get_typlenbyvalalign(element, &mut length, &mut by_value, &mut align);
        let (mut datums, mut nulls, mut count) = (std::ptr::null_mut(), std::ptr::null_mut(), 0);
        pg_sys::deconstruct_array(
            pg_sys::pg_detoast_datum(array.datum().cast_mut_ptr()).cast(),
            element,
            i32::from(length),
            by_value,
            align,
            &mut datums,
            &mut nulls,
            &mut count,
        );
        (0..count as usize)
            .map(|i| (!*nulls.add(i)).then(|| Value::new(*datums.add(i), element)))
            .collect()
    }
}

/// What a function of ours may return. Those that are asked of each row return a bool rather than an
/// output: reading one back costs more than the answer, where memory has it.
pub(super) trait Returned {
    /// The datum; `None` for NULL.
    fn datum(self) -> Option<Datum>;
}

impl Returned for bool {
    fn datum(self) -> Option<Datum> {
        Some(Datum::from(self))
    }
}

impl Returned for Output {
    fn datum(self) -> Option<Datum> {
        match self {
            Output::Set | Output::Null => None,
            Output::Void => Some(Datum::null()),
            Output::Bool(answer) => answer.datum(),
            Output::Integer(number) => Some(Datum::from(number)),
            Output::Array(datum) | Output::Next(datum) => Some(datum),
            Output::Text(text) => text.into_datum(),
            Output::Texts(texts) => texts.into_datum(),
            Output::Json(json) => JsonB(json).into_datum(),
        }
    }
}
