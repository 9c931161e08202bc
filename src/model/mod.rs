//! The model as one document: written from what stands, and brought about where it does not.

mod carry_out;
mod current;
mod functions;
mod wanted;

pub use functions::{apply_model, model};
