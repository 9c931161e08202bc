//! Keys: how values of every key type become the one form in which equal keys are equal.

mod column;
mod free;
mod set;
mod shape;

pub use column::{KeyColumn, Reading};
pub use free::{free_id, free_text};
pub use set::KeySet;
pub use shape::{Family, KeyShape};

use rowgrant_core::uuid_text;
use smol_str::SmolStr;
use uuid::Uuid;

/// A key, or one column of it, as it is stored and compared.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Key {
    Bigint(i64),
    Uuid(Uuid),
    Text(SmolStr),
}

/// A key whose text is kept elsewhere.
#[derive(Debug, Clone, Copy)]
pub enum KeyRef<'a> {
    Bigint(i64),
    Uuid(Uuid),
    Text(&'a str),
}

impl<'a> From<&'a Key> for KeyRef<'a> {
    fn from(key: &'a Key) -> Self {
        match key {
            Key::Bigint(number) => KeyRef::Bigint(*number),
            Key::Uuid(uuid) => KeyRef::Uuid(*uuid),
            Key::Text(text) => KeyRef::Text(text),
        }
    }
}

impl From<KeyRef<'_>> for Key {
    fn from(key: KeyRef) -> Self {
        match key {
            KeyRef::Bigint(number) => Key::Bigint(number),
            KeyRef::Uuid(uuid) => Key::Uuid(uuid),
            KeyRef::Text(text) => Key::Text(text.into()),
        }
    }
}

impl Key {
    /// The canonical text, whatever the form.
    pub fn to_text(&self) -> String {
        self.text().into()
    }

    /// The same, which copies no short text but into itself.
    pub fn text(&self) -> SmolStr {
        match self {
            Key::Bigint(number) => itoa::Buffer::new().format(*number).into(),
            Key::Uuid(uuid) => uuid_text::canonical(*uuid).into(),
            Key::Text(text) => text.clone(),
        }
    }
}
