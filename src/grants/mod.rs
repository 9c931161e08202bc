//! Granting and revoking.

mod functions;
mod many;
mod single;
mod stored;
mod subject;

pub use functions::{
    assign_group_perm_key, assign_group_perm_model, assign_group_perm_row, assign_group_perms,
    assign_perm_key, assign_perm_model, assign_perm_row, assign_perms, remove_group_perm_key,
    remove_group_perm_model, remove_group_perm_row, remove_group_perms, remove_perm_key,
    remove_perm_model, remove_perm_row, remove_perms,
};
pub use stored::{set_expiry, stored_key, stored_subject};
pub use subject::{Grantee, check_same_ids, for_grants, hold_ids};
