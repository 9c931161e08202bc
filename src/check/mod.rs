//! Asking: may this user do this?
//!
//! One way for all: the names (`catalog`), then who the user is (`Subjects`), then the grants
//! (`Reach`). Checking and listing differ only in the last step, so they cannot disagree.

mod explain;
mod functions;
mod known;
mod model_level;
mod perms;
mod reach;
mod site;

pub use explain::explain_perm;
pub use functions::{
    can_columns, can_key, can_model, can_row, group_has_perm, has_perm_columns, has_perm_key,
    has_perm_model, has_perm_row, has_perms, require_perm_key, require_perm_model,
    require_perm_row,
};
pub use known::PROBES;
pub use perms::{perms_for_group, perms_for_user};
pub use reach::{Holder, Reach};
