//! doctor(): what is wrong, or risky, and what helps.

mod checks;
mod functions;

pub use functions::{clean_expired, doctor};
