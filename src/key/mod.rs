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
use uuid::Uuid;

/// A key, or one column of it, as it is stored and compared.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Key {
    Bigint(i64),
    Uuid(Uuid),
    Text(String),
}

impl Key {
    /// The canonical text, whatever the form.
    pub fn to_text(&self) -> String {
        match self {
            Key::Bigint(number) => number.to_string(),
            Key::Uuid(uuid) => uuid_text::canonical(*uuid),
            Key::Text(text) => text.clone(),
        }
    }
}
