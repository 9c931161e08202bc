//! No grant outlives its object, its user or its group: triggers see to it, and what no trigger sees
//! can be found.

mod altered;
mod functions;
pub mod grants;
mod moves;
mod objects;
mod orphans;
mod orphans_functions;
mod relabel;
mod retype;
mod subjects;
pub mod triggers;

pub use altered::{table_altered, table_altering};
pub use functions::{catalog_changed, relations_dropped};
pub use objects::object_changed;
pub use orphans_functions::{clean_orphans, each_orphan, orphans};
pub use subjects::subject_changed;
