//! The parts of rowgrant that need no server, so that they can be tested without one.

pub mod implication;
pub mod interval;
pub mod model;
pub mod numeric;
pub mod row_text;
pub mod suggest;
pub mod text_set;
pub mod uuid_text;
