//! SQL run by the extension itself. Whoever writes or reads the application's tables through it
//! does so within `owner::run`; every statement names its objects with their schema.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ffi::CString;

use pgrx::pg_sys::{self, Datum, Oid};
use pgrx::{FromDatum, IntoDatum};

use super::value::{Value, uuid_datum};
use crate::error::{Error, Result};
use crate::key::{Family, Key};

/// An argument of a statement.
pub struct Argument {
    type_oid: Oid,
    datum: Option<Datum>,
}

impl Argument {
    pub fn text(text: &str) -> Self {
        Self { type_oid: pg_sys::TEXTOID, datum: text.into_datum() }
    }

    pub fn maybe_text(text: Option<&str>) -> Self {
        Self { type_oid: pg_sys::TEXTOID, datum: text.and_then(IntoDatum::into_datum) }
    }

    pub fn integer(number: i32) -> Self {
        Self { type_oid: pg_sys::INT4OID, datum: Some(Datum::from(number)) }
    }

    pub fn bigint(number: i64) -> Self {
        Self { type_oid: pg_sys::INT8OID, datum: Some(Datum::from(number)) }
    }

    pub fn bigints(numbers: &[i64]) -> Self {
        Self { type_oid: pg_sys::INT8ARRAYOID, datum: numbers.to_vec().into_datum() }
    }

    pub fn integers(numbers: &[i32]) -> Self {
        Self { type_oid: pg_sys::INT4ARRAYOID, datum: numbers.to_vec().into_datum() }
    }

    /// A NULL in place of an array of integers.
    pub fn no_integers() -> Self {
        Self { type_oid: pg_sys::INT4ARRAYOID, datum: None }
    }

    pub fn oid(oid: Oid) -> Self {
        Self { type_oid: pg_sys::OIDOID, datum: Some(oid.into()) }
    }

    pub fn maybe_oid(oid: Option<Oid>) -> Self {
        Self { type_oid: pg_sys::OIDOID, datum: oid.map(Datum::from) }
    }

    pub fn oids(oids: &[Oid]) -> Self {
        Self { type_oid: pg_sys::OIDARRAYOID, datum: oids.to_vec().into_datum() }
    }

    pub fn texts(texts: Vec<String>) -> Self {
        Self { type_oid: pg_sys::TEXTARRAYOID, datum: texts.into_datum() }
    }

    /// A timestamptz in microseconds since 2000-01-01.
    pub fn timestamp(microseconds: Option<i64>) -> Self {
        Self { type_oid: pg_sys::TIMESTAMPTZOID, datum: microseconds.map(Datum::from) }
    }

    /// A key in the type of its family's table.
    pub fn key(key: &Key) -> Self {
        match key {
            Key::Bigint(number) => {
                Self { type_oid: pg_sys::INT8OID, datum: Some(Datum::from(*number)) }
            }
            Key::Uuid(uuid) => Self { type_oid: pg_sys::UUIDOID, datum: uuid_datum(*uuid) },
            Key::Text(text) => Self::text(text),
        }
    }

    /// Keys of one family as an array.
    pub fn keys<'a>(family: Family, keys: impl IntoIterator<Item = &'a Key>) -> Self {
        let keys = keys.into_iter();
        let (type_oid, datum) = match family {
            Family::Bigint => {
                let all = keys.filter_map(|k| if let Key::Bigint(n) = k { Some(*n) } else { None });
                (pg_sys::INT8ARRAYOID, all.collect::<Vec<i64>>().into_datum())
            }
            Family::Uuid => {
                let all = keys.filter_map(|k| match k {
                    Key::Uuid(uuid) => Some(pgrx::Uuid::from_bytes(uuid.into_bytes())),
                    _ => None,
                });
                (pg_sys::UUIDARRAYOID, all.collect::<Vec<pgrx::Uuid>>().into_datum())
            }
            Family::Text => {
                let all = keys.map(Key::to_text);
                (pg_sys::TEXTARRAYOID, all.collect::<Vec<String>>().into_datum())
            }
        };
        Self { type_oid, datum }
    }

    pub fn value(value: Value) -> Self {
        Self { type_oid: value.base_type(), datum: Some(value.datum()) }
    }

    /// Keys as an array of a base type; those that no value of that type can equal are left out.
    pub fn keys_as<'a>(base: Oid, keys: impl IntoIterator<Item = &'a Key>) -> Result<Self> {
        let mut values = Vec::new();
        for key in keys {
            values.extend(Value::of_key(key, base)?);
        }
        Ok(Self::values(base, &values))
    }

    /// Values of one base type, which has an array type, as an array. Made here rather than by a
    /// cast in SQL: a cast between text and a type of the application's may call a function of the
    /// application's, with the rights under which the statement runs.
    pub fn values(element: Oid, values: &[Value]) -> Self {
        let mut datums: Vec<Datum> = values.iter().map(|value| value.datum()).collect();
        // SAFETY: every datum is of the element's type; the array copies what they point to.
        unsafe {
            let (mut length, mut by_value, mut align) = (0, false, 0);
            pg_sys::get_typlenbyvalalign(element, &mut length, &mut by_value, &mut align);
            let array = pg_sys::construct_array(
                datums.as_mut_ptr(),
                datums.len() as i32,
                element,
                i32::from(length),
                by_value,
                align,
            );
            let type_oid = pg_sys::get_array_type(element);
            Self { type_oid, datum: Some(Datum::from(array)) }
        }
    }
}

/// Under which snapshot a statement runs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum See {
    /// What the calling statement sees; reads only, and works on a standby.
    Statement,
    /// All that is committed by now, whatever the isolation level: as foreign keys look.
    Latest,
}

/// A row of a result, valid until the next one.
pub struct Row {
    tuple: pg_sys::HeapTuple,
    descriptor: pg_sys::TupleDesc,
}

impl Row {
    /// The n-th column, from 1; `None` where it is NULL.
    pub fn value(&self, n: i32) -> Option<Value> {
        // SAFETY: the tuple is of the descriptor's shape.
        unsafe {
            let mut null = false;
            let datum = pg_sys::SPI_getbinval(self.tuple, self.descriptor, n, &mut null);
            let type_oid = pg_sys::SPI_gettypeid(self.descriptor, n);
            (!null).then(|| Value::new(datum, type_oid))
        }
    }

    pub fn text(&self, n: i32) -> Option<String> {
        self.value(n).map(Value::as_text)
    }

    pub fn integer(&self, n: i32) -> Option<i64> {
        self.value(n).and_then(|v| v.as_integer(v.base_type()))
    }

    /// The whole row as a value of its row type.
    pub fn as_oid(&self, n: i32) -> Option<Oid> {
        // SAFETY: the column is of type oid.
        self.value(n).and_then(|v| unsafe { Oid::from_datum(v.datum(), false) })
    }
}

/// So many plans are kept at most: statements that name tables of the application's are as many as
/// those tables, and each costs some kilobytes, and a look at every change of a table.
const PLANS_KEPT: usize = 200;

thread_local! {
    /// Plans, kept for the session; PostgreSQL makes them anew when what they name changes.
    static PLANS: RefCell<HashMap<(String, Vec<Oid>), pg_sys::SPIPlanPtr>> =
        RefCell::new(HashMap::new());
    /// How many statements run within each other; only where none does may plans be freed.
    static DEPTH: Cell<usize> = const { Cell::new(0) };
}

/// Runs a statement, planned once for the session; returns the number of rows processed.
pub fn execute(sql: &str, arguments: &[Argument], see: See) -> Result<u64> {
    query(sql, arguments, see, |_| Ok(()))
}

/// Disconnects when dropped.
struct Connection;

impl Connection {
    fn open() -> Self {
        if DEPTH.get() == 0 && PLANS.with_borrow(HashMap::len) >= PLANS_KEPT {
            // SAFETY: no statement of ours is running, so no plan is in use.
            PLANS.take().into_values().for_each(|plan| unsafe {
                pg_sys::SPI_freeplan(plan);
            });
        }
        DEPTH.set(DEPTH.get() + 1);
        // SAFETY: paired with SPI_finish; an abort cleans up by itself.
        unsafe { pg_sys::SPI_connect() };
        Self
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get() - 1);
        if !std::thread::panicking() {
            // SAFETY: connected by `open`.
            unsafe { pg_sys::SPI_finish() };
        }
    }
}

/// Runs a statement, planned once for the session, and hands its rows over one by one; returns
/// their number.
pub fn query(
    sql: &str,
    arguments: &[Argument],
    see: See,
    each: impl FnMut(&Row) -> Result<()>,
) -> Result<u64> {
    let _connection = Connection::open();
    let plan = kept_plan(sql, &types(arguments))?;
    run(plan, arguments, see, each)
}

/// As `query`, planned anew for these very arguments: for arrays of any size, of which a plan made
/// for none in particular expects ten elements.
pub fn query_sized(
    sql: &str,
    arguments: &[Argument],
    see: See,
    each: impl FnMut(&Row) -> Result<()>,
) -> Result<u64> {
    let _connection = Connection::open();
    // The plan is freed with the connection.
    let plan = prepare(sql, &types(arguments), pg_sys::CURSOR_OPT_CUSTOM_PLAN)?;
    run(plan, arguments, see, each)
}

/// Runs a statement whose text is its own: a change of a table.
pub fn define(sql: &str) -> Result<()> {
    query_sized(sql, &[], See::Latest, |_| Ok(())).map(|_| ())
}

fn types(arguments: &[Argument]) -> Vec<Oid> {
    arguments.iter().map(|argument| argument.type_oid).collect()
}

fn run(
    plan: pg_sys::SPIPlanPtr,
    arguments: &[Argument],
    see: See,
    mut each: impl FnMut(&Row) -> Result<()>,
) -> Result<u64> {
    let mut values: Vec<Datum> =
        arguments.iter().map(|a| a.datum.unwrap_or(Datum::null())).collect();
    let nulls: Vec<std::ffi::c_char> = arguments
        .iter()
        .map(|a| if a.datum.is_some() { b' ' } else { b'n' } as std::ffi::c_char)
        .collect();
    // SAFETY: plan, values and nulls agree in number; a latest snapshot is registered while it is
    // used. A read-only execution uses the active snapshot as it is.
    unsafe {
        let (read_only, snapshot) = match see {
            See::Statement => (true, std::ptr::null_mut()),
            See::Latest => {
                pg_sys::CommandCounterIncrement();
                (false, pg_sys::RegisterSnapshot(pg_sys::GetLatestSnapshot()))
            }
        };
        let code = pg_sys::SPI_execute_snapshot(
            plan,
            values.as_mut_ptr(),
            nulls.as_ptr(),
            snapshot,
            std::ptr::null_mut(),
            read_only,
            true,
            0,
        );
        if !snapshot.is_null() {
            pg_sys::UnregisterSnapshot(snapshot);
        }
        if code < 0 {
            return Err(Error::internal(format!("SPI_execute_snapshot returned {code}")));
        }
        let processed = pg_sys::SPI_processed;
        let table = pg_sys::SPI_tuptable;
        if !table.is_null() {
            for n in 0..(*table).numvals as usize {
                let row = Row { tuple: *(*table).vals.add(n), descriptor: (*table).tupdesc };
                each(&row)?;
            }
            pg_sys::SPI_freetuptable(table);
        }
        Ok(processed)
    }
}

fn prepare(sql: &str, types: &[Oid], options: u32) -> Result<pg_sys::SPIPlanPtr> {
    let spelled =
        CString::new(sql).map_err(|_| Error::internal("a statement holds a zero byte"))?;
    let mut types = types.to_vec();
    // SAFETY: the string and the types outlive the call.
    let plan = unsafe {
        let count = types.len() as i32;
        pg_sys::SPI_prepare_cursor(spelled.as_ptr(), count, types.as_mut_ptr(), options as i32)
    };
    if plan.is_null() {
        return Err(Error::internal(format!("cannot prepare: {sql}")));
    }
    Ok(plan)
}

fn kept_plan(sql: &str, types: &[Oid]) -> Result<pg_sys::SPIPlanPtr> {
    let known = PLANS.with_borrow(|plans| plans.get(&(sql.to_owned(), types.to_vec())).copied());
    if let Some(plan) = known {
        return Ok(plan);
    }
    let plan = prepare(sql, types, 0)?;
    // SAFETY: moves the plan to permanent memory.
    unsafe { pg_sys::SPI_keepplan(plan) };
    PLANS.with_borrow_mut(|plans| plans.insert((sql.to_owned(), types.to_vec()), plan));
    Ok(plan)
}
