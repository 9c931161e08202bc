//! Listing the objects that a user or a group may reach.

mod everything;
mod functions;

pub use functions::{
    objects_for_group, objects_for_user, objects_for_user_perms, objects_for_user_rows,
};
