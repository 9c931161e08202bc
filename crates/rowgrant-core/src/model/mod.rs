//! The document that declares object types, permissions, and the tables of users, groups and
//! memberships: what `model()` writes and `apply_model` brings about.
//!
//! A part of the document that is not given is left as it stands; one that is given is complete.

mod change;
mod check;
mod document;

pub use change::{Change, changes};
pub use check::check;
pub use document::{Groups, Id, KeyType, Membership, Model, ObjectType, Users, parse};
