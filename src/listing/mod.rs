//! Listing the objects that a user or a group may reach, and those who may reach an object.

mod everything;
mod functions;
mod holders;
mod holders_functions;
mod keys;

pub use functions::{
    objects_for_group, objects_for_group_perms, objects_for_user, objects_for_user_perms,
    objects_for_user_rows,
};
pub use holders_functions::{groups_with_perms, users_with_perm, users_with_perms};
pub use keys::{keys_for_group, keys_for_user};
