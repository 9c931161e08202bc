//! One column of a key: from a value or a text to the form in which equal values are equal.

use pgrx::pg_sys::{self, Oid};
use rowgrant_core::{interval, numeric, uuid_text};

use super::{Key, KeyRef};
use crate::error::{Error, Result};
use crate::pg::types;
use crate::pg::value::{Value, not_a_key};

/// How values of a type get their canonical form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// smallint, integer, bigint: the number.
    Integer,
    /// uuid: its bytes.
    Uuid,
    /// text, varchar, name: as they are.
    Text,
    /// char(n): without trailing blanks, which its `=` ignores.
    Padded,
    /// citext: in lower case, as its `=` compares.
    CaseInsensitive,
    /// numeric, real, double precision: without trailing zeros and negative zero.
    Number,
    /// Equal where they last equally long.
    Interval,
    /// date, time, timestamp, with or without time zone: ISO 8601 in UTC.
    DateTime,
    /// bytea: hexadecimal digits.
    Bytes,
    /// What the output function prints: it depends on no setting, and equal values are identical.
    Printed,
}

/// The type of a key, or of one column of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyColumn {
    pub base: Oid,
    form: Form,
}

/// What a text says as a value of some type.
pub enum Reading {
    Spells(Key),
    /// No value of that type.
    Nothing,
    /// That cannot be told in safety.
    Unknown,
}

impl KeyColumn {
    /// The column's type and collation, or the reason why it can be no key.
    pub fn new(type_oid: Oid, collation: Oid) -> std::result::Result<Self, String> {
        let base = types::base(type_oid);
        let form = form_of(base)?;
        if !types::collation_is_deterministic(collation) {
            return Err(
                "its collation is nondeterministic: texts of different bytes are equal".into()
            );
        }
        Ok(Self { base, form })
    }

    pub fn is_integer(&self) -> bool {
        self.form == Form::Integer
    }

    pub fn is_uuid(&self) -> bool {
        self.form == Form::Uuid
    }

    /// Whether any text is a key: text, varchar, char(n), citext.
    pub fn is_textual(&self) -> bool {
        matches!(self.form, Form::Text | Form::Padded | Form::CaseInsensitive)
    }

    /// The number that a value is, where the key is one too.
    pub fn integer(&self, value: Value) -> Option<i64> {
        if self.is_integer() { value.as_integer(value.base_type()) } else { None }
    }

    /// The canonical form of a value of any type: a value of the key's own type as it is, an
    /// integer where a number is wanted, everything else by way of its text. `what` names it in
    /// errors.
    pub fn of_value(&self, value: Value, what: &str) -> Result<Key> {
        if let Some(number) = self.integer(value) {
            return Ok(Key::Bigint(number));
        }
        let base = value.base_type();
        if base == self.base {
            return Ok(self.of_own(value));
        }
        match base {
            pg_sys::TEXTOID | pg_sys::VARCHAROID | pg_sys::UNKNOWNOID => {
                self.of_text(&value.print(), what)
            }
            pg_sys::BPCHAROID => self.of_text(value.print().trim_end_matches(' '), what),
            _ => match KeyColumn::new(base, Oid::INVALID) {
                Ok(own) => self.of_text(&own.of_own(value).to_text(), what),
                Err(_) => self.of_text(&value.print(), what),
            },
        }
    }

    /// As [`of_value`](Self::of_value), with the text, where it is one, written into `room`.
    pub fn of_value_in<'a>(
        &self,
        value: Value,
        what: &str,
        room: &'a mut String,
    ) -> Result<KeyRef<'a>> {
        room.clear();
        if self.form == Form::Text && value.base_type() == self.base {
            value.with_text(|text| room.push_str(text));
            return Ok(KeyRef::Text(room));
        }
        Ok(match self.of_value(value, what)? {
            Key::Bigint(number) => KeyRef::Bigint(number),
            Key::Uuid(uuid) => KeyRef::Uuid(uuid),
            Key::Text(text) => {
                room.push_str(&text);
                KeyRef::Text(room)
            }
        })
    }

    /// Whether that text is read, or refused, without the type's own input function.
    pub fn parses_plainly(&self, text: &str) -> bool {
        match self.form {
            Form::Integer => plain_integer(text).is_some(),
            Form::Uuid | Form::Text | Form::Padded => true,
            _ => false,
        }
    }

    /// The canonical form of the value that `text` spells, as far as that can be told without the
    /// type's own input function, whose error would end the statement.
    pub fn read(&self, text: &str) -> Reading {
        let spells = match self.form {
            Form::Integer => plain_integer(text).is_some(),
            Form::Uuid => uuid_text::parse(text).is_some(),
            Form::Text | Form::Padded | Form::CaseInsensitive => true,
            Form::Number if numeric::is_short_decimal(text) => true,
            _ => return Reading::Unknown,
        };
        if !spells {
            return Reading::Nothing;
        }
        self.of_text(text, "id").map_or(Reading::Nothing, Reading::Spells)
    }

    /// The canonical form of the value that `text` spells.
    pub fn of_text(&self, text: &str, what: &str) -> Result<Key> {
        match self.form {
            Form::Integer => match plain_integer(text) {
                Some(number) => Ok(Key::Bigint(number)),
                // What the type itself reads and Rust does not (0x2a, 1_000 from 16 on).
                None => Value::parse(pg_sys::INT8OID, text, what)
                    .map(|v| Key::Bigint(v.as_integer(pg_sys::INT8OID).unwrap_or_default()))
                    .map_err(|e| e.hint(format!("It must be of type {}.", types::name(self.base)))),
            },
            Form::Uuid => match uuid_text::parse(text) {
                Some(uuid) => Ok(Key::Uuid(uuid)),
                None => Err(not_a_key(self.base, text, what)),
            },
            Form::Text => Ok(Key::Text(text.into())),
            Form::Padded => Ok(Key::Text(text.trim_end_matches(' ').into())),
            _ => Ok(self.of_own(Value::parse(self.base, text, what)?)),
        }
    }

    /// The key that is stored as this text: it is in canonical form already.
    pub fn of_stored(&self, text: &str) -> Result<Key> {
        match self.form {
            Form::Integer | Form::Uuid => self.of_text(text, "stored key"),
            _ => Ok(Key::Text(text.into())),
        }
    }

    /// The canonical form of a value of the key's own type.
    fn of_own(&self, value: Value) -> Key {
        let text = match self.form {
            Form::Integer => {
                return Key::Bigint(value.as_integer(self.base).unwrap_or_default());
            }
            Form::Uuid => return Key::Uuid(value.as_uuid()),
            Form::Text => return Key::Text(value.with_text(|text| text.into())),
            Form::Printed => value.print(),
            Form::Padded => value.as_text().trim_end_matches(' ').to_owned(),
            Form::CaseInsensitive => value.lower_case(),
            Form::Number => numeric::canonical(&value.print_exactly()).to_owned(),
            Form::Interval => {
                let (months, days, microseconds) = value.as_interval();
                interval::canonical(months, days, microseconds)
            }
            Form::DateTime => value.print_iso(self.base),
            Form::Bytes => {
                let digits: String =
                    value.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
                format!("\\x{digits}")
            }
        };
        Key::Text(text.into())
    }
}

/// The decimal number that a text is, blanks around it aside.
fn plain_integer(text: &str) -> Option<i64> {
    text.trim_matches([' ', '\t', '\n', '\r', '\x0b', '\x0c']).parse().ok()
}

/// The form of a base type, or the reason why it has none.
fn form_of(base: Oid) -> std::result::Result<Form, String> {
    match base {
        pg_sys::INT2OID | pg_sys::INT4OID | pg_sys::INT8OID => return Ok(Form::Integer),
        pg_sys::UUIDOID => return Ok(Form::Uuid),
        pg_sys::TEXTOID | pg_sys::VARCHAROID => return Ok(Form::Text),
        // Its input function cuts what is too long.
        pg_sys::NAMEOID => return Ok(Form::Printed),
        pg_sys::BPCHAROID => return Ok(Form::Padded),
        pg_sys::NUMERICOID | pg_sys::FLOAT4OID | pg_sys::FLOAT8OID => return Ok(Form::Number),
        pg_sys::INTERVALOID => return Ok(Form::Interval),
        pg_sys::DATEOID
        | pg_sys::TIMEOID
        | pg_sys::TIMETZOID
        | pg_sys::TIMESTAMPOID
        | pg_sys::TIMESTAMPTZOID => return Ok(Form::DateTime),
        pg_sys::BYTEAOID => return Ok(Form::Bytes),
        pg_sys::MONEYOID => return Err("its text form depends on lc_monetary".into()),
        _ => {}
    }
    if types::kind(base) == b'e' {
        return Ok(Form::Printed);
    }
    match (types::extension_of(base).as_deref(), types::bare_name(base).as_str()) {
        (Some("citext"), "citext") => return Ok(Form::CaseInsensitive),
        // Declares no equalimage, but compares label by label and byte by byte.
        (Some("ltree"), "ltree") => return Ok(Form::Printed),
        _ => {}
    }
    if !types::collation_is_deterministic(types::range_collation(base)) {
        return Err("its collation is nondeterministic: ranges of different bytes are equal".into());
    }
    if let Some(part) = types::array_element(base).or_else(|| types::range_subtype(base)) {
        return match form_of(part)? {
            Form::Integer | Form::Uuid | Form::Text => Ok(Form::Printed),
            _ => Err(format!("values of {} within it have several spellings", types::name(part))),
        };
    }
    if !types::equal_means_identical(base) {
        return Err("equal values of it need not have the same text form".into());
    }
    if !types::text_form_is_immutable(base) {
        return Err("its text form depends on settings or on other objects".into());
    }
    Ok(Form::Printed)
}

impl Key {
    /// The error of a key that is NULL, or has a NULL in it, where one is needed.
    pub fn missing() -> Error {
        Error::argument("key must not be null").hint("Give the primary key of the object.")
    }
}
