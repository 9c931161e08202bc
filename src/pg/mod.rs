//! Every call into PostgreSQL that is `unsafe`, behind functions that are not.
//!
//! Rules that hold throughout: relations are opened with a lock that is kept until the end of the
//! transaction, as the executor keeps it; scans are closed before their function returns; what
//! comes from a scan is copied before the next step of that scan. An error of PostgreSQL unwinds
//! as a Rust panic (pgrx), so destructors run; those that must not touch PostgreSQL then ask
//! `std::thread::panicking`.

pub mod array;
pub mod attempt;
pub mod call;
pub mod ddl;
pub mod entry;
pub mod expr;
pub mod function;
pub mod grants;
pub mod held;
pub mod index;
pub mod inherit;
pub mod joins;
pub mod lock;
pub mod memory;
pub mod notice;
pub mod own;
pub mod owner;
mod path;
pub mod place;
pub mod plan;
pub mod relation;
pub mod role;
pub mod row;
pub mod scan;
pub mod session;
pub mod snapshot;
pub mod spi;
pub mod statistics;
pub mod trigger;
pub mod types;
pub mod value;
pub mod version;
mod visible;
