//! No grant outlives its object, its user or its group.

mod functions;
pub mod grants;
pub mod triggers;

pub use functions::{catalog_changed, object_changed, relations_dropped, subject_changed};
