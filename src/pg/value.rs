//! Values of any SQL type.

use std::ffi::CString;

use pgrx::pg_sys::{self, Datum, Oid};
use pgrx::varlena::text_to_rust_str_unchecked;
use pgrx::{FromDatum, IntoDatum, PgSqlErrorCode, PgTryBuilder};

use rowgrant_core::uuid_text;
use uuid::Uuid;

use super::types;
use crate::error::{Error, Result};
use crate::key::{Family, Key, KeyRef};

/// A value that is not NULL, with its type. Valid as long as what it was taken from: an argument
/// for the duration of the call, a column until the scan moves on.
#[derive(Clone, Copy)]
pub struct Value {
    datum: Datum,
    pub type_oid: Oid,
}

impl Value {
    /// # Safety
    /// `datum` must be a value of type `type_oid`.
    pub unsafe fn new(datum: Datum, type_oid: Oid) -> Self {
        Self { datum, type_oid }
    }

    /// A value of type integer.
    pub fn integer(number: i32) -> Self {
        Self { datum: Datum::from(number), type_oid: pg_sys::INT4OID }
    }

    pub(super) fn datum(self) -> Datum {
        self.datum
    }

    /// The type below all domains.
    pub fn base_type(self) -> Oid {
        types::base(self.type_oid)
    }

    /// The integer, for smallint, integer and bigint.
    pub fn as_integer(self, base: Oid) -> Option<i64> {
        match base {
            pg_sys::INT2OID => Some(i64::from(self.datum.value() as i16)),
            pg_sys::INT4OID => Some(i64::from(self.datum.value() as i32)),
            pg_sys::INT8OID => Some(self.datum.value() as i64),
            _ => None,
        }
    }

    /// A timestamptz, in microseconds since 2000-01-01.
    pub fn as_timestamp(self) -> i64 {
        self.datum.value() as i64
    }

    pub fn as_bool(self) -> bool {
        self.datum.value() & 0xff != 0
    }

    /// An oid, or one of the types named after what oids stand for.
    pub fn as_oid(self) -> Oid {
        Oid::from(self.datum.value() as u32)
    }

    /// The elements of an array; the value itself where it is none.
    pub fn elements(self) -> Vec<Option<Value>> {
        super::call::array_elements(self)
    }

    /// The elements of a text[] or name[].
    pub fn texts(self) -> Vec<Option<String>> {
        self.elements().into_iter().map(|element| element.map(Value::print)).collect()
    }

    /// A value of type uuid.
    pub fn as_uuid(self) -> Uuid {
        // SAFETY: a datum of type uuid points to 16 bytes.
        Uuid::from_bytes(unsafe { *self.datum.cast_mut_ptr::<[u8; 16]>() })
    }

    /// A value of the column `object` of that family's table of grants.
    pub fn as_key(self, family: Family) -> Key {
        self.with_key(family, |key| key.into())
    }

    /// What `use_key` makes of such a value, of which no text is copied.
    pub fn with_key<T>(self, family: Family, use_key: impl FnOnce(KeyRef) -> T) -> T {
        match family {
            Family::Bigint => use_key(KeyRef::Bigint(self.datum.value() as i64)),
            Family::Uuid => use_key(KeyRef::Uuid(self.as_uuid())),
            Family::Text => self.with_text(|text| use_key(KeyRef::Text(text))),
        }
    }

    /// A value of type "char".
    pub fn as_char(self) -> char {
        char::from(self.datum.value() as u8)
    }

    /// The characters of a text, varchar, char(n) or citext value.
    pub fn as_text(self) -> String {
        self.with_text(str::to_owned)
    }

    /// What `use_text` makes of the characters of such a value, which are not copied.
    pub fn with_text<T>(self, use_text: impl FnOnce(&str) -> T) -> T {
        // SAFETY: those types share text's representation, and databases are in UTF-8; the text is used
        // while the value is valid, or before the copy is freed that was made of a compressed one.
        unsafe {
            let stored: *mut pg_sys::varlena = self.datum.cast_mut_ptr();
            let plain = pg_sys::pg_detoast_datum_packed(stored);
            let used = use_text(text_to_rust_str_unchecked(plain));
            if plain != stored {
                pg_sys::pfree(plain.cast());
            }
            used
        }
    }

    /// The bytes of a bytea value.
    pub fn as_bytes(self) -> Vec<u8> {
        // SAFETY: the caller knows that the type is bytea.
        unsafe { Vec::<u8>::from_datum(self.datum, false) }.unwrap_or_default()
    }

    /// Months, days and microseconds of an interval.
    pub fn as_interval(self) -> (i32, i32, i64) {
        // SAFETY: a datum of type interval points to this structure.
        let interval = unsafe { &*self.datum.cast_mut_ptr::<pg_sys::Interval>() };
        (interval.month, interval.day, interval.time)
    }

    /// What the type's output function prints.
    pub fn print(self) -> String {
        // SAFETY: the output function belongs to the datum's type.
        unsafe {
            let (mut output, mut varlena) = (Oid::INVALID, false);
            pg_sys::getTypeOutputInfo(self.type_oid, &mut output, &mut varlena);
            types::copy_cstr(pg_sys::OidOutputFunctionCall(output, self.datum)).unwrap_or_default()
        }
    }

    /// What the type's output function prints with all digits, whatever extra_float_digits is.
    pub fn print_exactly(self) -> String {
        // SAFETY: the datum is of the type; Rust prints the shortest digits that read back the same.
        match self.base_type() {
            pg_sys::FLOAT4OID => float_text(unsafe { f32::from_datum(self.datum, false) }),
            pg_sys::FLOAT8OID => float_text(unsafe { f64::from_datum(self.datum, false) }),
            _ => self.print(),
        }
    }

    /// The text in lower case, as `lower` and citext have it in the database's locale.
    pub fn lower_case(self) -> String {
        const LOWER: u32 = 870;
        // SAFETY: lower(text) takes and returns text; citext has text's representation.
        unsafe {
            let lowered = pg_sys::OidFunctionCall1Coll(
                Oid::from(LOWER),
                pg_sys::DEFAULT_COLLATION_OID,
                self.datum,
            );
            String::from_datum(lowered, false).unwrap_or_default()
        }
    }

    /// A date or time in ISO 8601 and UTC, whatever DateStyle and TimeZone are.
    pub fn print_iso(self, base: Oid) -> String {
        // SAFETY: the buffer is as large as JsonEncodeDateTime asks (MAXDATELEN + 1); a null time
        // zone is only consulted for timestamptz.
        unsafe {
            let mut buffer = [0 as std::ffi::c_char; 129];
            let utc = 0;
            pg_sys::JsonEncodeDateTime(buffer.as_mut_ptr(), self.datum, base, &utc);
            types::copy_cstr(buffer.as_ptr()).unwrap_or_default()
        }
    }

    /// The columns of a row value.
    pub fn row_columns(self) -> Vec<Option<Value>> {
        super::row::row_value_columns(self.datum)
    }

    /// The value of `type_oid` that `text` spells. `22P02` where it spells none; the message names
    /// `what`.
    pub fn parse(type_oid: Oid, text: &str, what: &str) -> Result<Value> {
        let spelled = CString::new(text)
            .map_err(|_| Error::invalid_key(format!("invalid {what}: it contains a zero byte")))?;
        let parsed = PgTryBuilder::new(move || {
            // SAFETY: the input function belongs to the type; the string outlives the call.
            unsafe {
                let (mut input, mut parameter) = (Oid::INVALID, Oid::INVALID);
                pg_sys::getTypeInputInfo(type_oid, &mut input, &mut parameter);
                let spelled = spelled.as_ptr().cast_mut();
                Some(pg_sys::OidInputFunctionCall(input, spelled, parameter, -1))
            }
        })
        // Rethrown as an error of ours at once; nothing goes on in the failed transaction.
        .catch_when(PgSqlErrorCode::ERRCODE_INVALID_TEXT_REPRESENTATION, |_| None)
        .catch_when(PgSqlErrorCode::ERRCODE_INVALID_DATETIME_FORMAT, |_| None)
        .catch_when(PgSqlErrorCode::ERRCODE_DATETIME_FIELD_OVERFLOW, |_| None)
        .catch_when(PgSqlErrorCode::ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE, |_| None)
        .catch_when(PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE, |_| None)
        .catch_when(PgSqlErrorCode::ERRCODE_SYNTAX_ERROR, |_| None)
        .execute();
        match parsed {
            Some(datum) => Ok(Value { datum, type_oid }),
            None => Err(not_a_key(type_oid, text, what)),
        }
    }

    /// A key, or a column of one, as a value of `base_type`; `None` where no value of that type
    /// can be equal to it.
    pub fn of_key(key: &Key, base_type: Oid) -> Result<Option<Value>> {
        let integer = || match key {
            Key::Bigint(number) => Some(*number),
            Key::Uuid(_) => None,
            Key::Text(text) => text.parse::<i64>().ok(),
        };
        let datum = match base_type {
            pg_sys::INT2OID => integer().and_then(|n| i16::try_from(n).ok()).into_datum(),
            pg_sys::INT4OID => integer().and_then(|n| i32::try_from(n).ok()).into_datum(),
            pg_sys::INT8OID => integer().into_datum(),
            pg_sys::OIDOID | pg_sys::REGCLASSOID => {
                integer().and_then(|n| u32::try_from(n).ok()).map(|n| Oid::from(n).into())
            }
            pg_sys::UUIDOID => {
                let uuid = match key {
                    Key::Uuid(uuid) => Some(*uuid),
                    Key::Bigint(_) => None,
                    Key::Text(text) => uuid_text::parse(text),
                };
                uuid.and_then(uuid_datum)
            }
            pg_sys::TEXTOID | pg_sys::VARCHAROID | pg_sys::BPCHAROID => {
                key.text().as_str().into_datum()
            }
            _ => Some(Value::parse(base_type, &key.to_text(), "key")?.datum),
        };
        Ok(datum.map(|datum| Value { datum, type_oid: base_type }))
    }
}

/// A datum of type uuid.
pub(super) fn uuid_datum(uuid: Uuid) -> Option<Datum> {
    pgrx::Uuid::from_bytes(uuid.into_bytes()).into_datum()
}

fn float_text<F: std::fmt::Display>(number: Option<F>) -> String {
    match number.map(|n| n.to_string()) {
        Some(text) if text == "inf" => "Infinity".into(),
        Some(text) if text == "-inf" => "-Infinity".into(),
        Some(text) => text,
        None => String::new(),
    }
}

/// The error of a text that spells no value of its type.
pub fn not_a_key(type_oid: Oid, text: &str, what: &str) -> Error {
    let shown: String = text.chars().take(100).collect();
    Error::invalid_key(format!("invalid {what}: \"{shown}\""))
        .hint(format!("It must be of type {}.", types::name(type_oid)))
}
