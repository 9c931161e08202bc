//! object_changed, the trigger on protected tables.

use super::{grants, moves, triggers};
use crate::catalog::{self, ObjectType};
use crate::error::Result;
use crate::key::Key;
use crate::pg::scan::rows_of;
use crate::pg::trigger::{Event, Trigger, current_command};
use crate::pg::{self, inherit, owner};

/// So many keys are handed to one statement.
const CHUNK: usize = 10_000;

/// `object_changed('object type id')`
pub fn object_changed(trigger: &Trigger) -> Result<()> {
    if trigger.is_replay() {
        return Ok(());
    }
    let id = trigger.argument().and_then(|id| id.parse().ok()).unwrap_or_default();
    // None where the type is gone and its trigger was restored with the table from a dump.
    let Some(object_type) = catalog::object_type_by_id(id)? else { return Ok(()) };
    if trigger.event() == Event::Truncate {
        return truncated(trigger, &object_type);
    }
    let what = format!("key of object type \"{}\"", object_type.name);
    let old = trigger.old(&object_type.key_columns)?;
    let Some(old) = object_type.shape.of_columns(&old, &what)? else { return Ok(()) };
    let new = || {
        let new = trigger.new_row(&object_type.key_columns)?;
        object_type.shape.of_columns(&new, &what)
    };
    match trigger.event() {
        Event::BeforeUpdate => {
            if let Some(new) = new()?.filter(|new| *new != old) {
                moves::begin(id, old, new, trigger.version(), current_command());
            }
            Ok(())
        }
        Event::Update => match new()? {
            Some(new) if new != old => moved(trigger, &object_type, &old, &new),
            _ => Ok(()),
        },
        Event::Delete => {
            let to = moves::moved_to(id, &old, trigger.version(), trigger.removed_by());
            match to {
                // Carried out as DELETE and INSERT, into another partition.
                Some(new) if object_type.has_row(&new)? => moved(trigger, &object_type, &old, &new),
                _ => deleted(&object_type, &old),
            }
        }
        _ => Ok(()),
    }
}

fn deleted(object_type: &ObjectType, key: &Key) -> Result<()> {
    let permissions = object_type.permission_ids();
    // Most rows have no grants: one look into the index tells, without a statement.
    if !pg::grants::any_of_permissions_latest(key, &permissions)? {
        return Ok(());
    }
    owner::run(|| grants::delete_of_object(object_type.shape.family(), key, &permissions))
}

/// Lets the grants follow a row to its new key.
///
/// Another row of the same command may have had that key, and its grants still stand there until
/// its own turn comes. Those that arrive wait aside until then: under the negative of the
/// permission's id, where nothing looks for them.
fn moved(trigger: &Trigger, object_type: &ObjectType, old: &Key, new: &Key) -> Result<()> {
    let id = object_type.id;
    let family = object_type.shape.family();
    let permissions = object_type.permission_ids();
    let aside: Vec<i32> = permissions.iter().rev().map(|permission| -permission).collect();
    moves::end(id, old);
    let occupied = pg::grants::any_of_permissions_latest(new, &permissions)?;
    let waits = occupied && moves::is_leaving(id, new);
    if occupied && !waits {
        // Of a row that went unseen.
        let key: Vec<&str> = object_type.key_columns.iter().map(String::as_str).collect();
        trigger.check_tells_moves(&key, triggers::ON_OBJECTS.leaving)?;
        owner::run(|| grants::delete_of_object(family, new, &permissions))?;
    }
    if pg::grants::any_of_permissions_latest(old, &permissions)? {
        owner::run(|| grants::move_object(family, old, new, &permissions, waits))?;
    }
    if pg::grants::any_of_permissions_latest(old, &aside)? {
        owner::run(|| grants::move_object(family, old, old, &aside, true))?;
    }
    Ok(())
}

/// Removes the grants of the rows of this one table or partition, before they are gone.
fn truncated(trigger: &Trigger, object_type: &ObjectType) -> Result<()> {
    let table = trigger.relation();
    let permissions = object_type.permission_ids();
    if object_type.relation == Some(table) && inherit::holding_rows(table) == [table] {
        return owner::run(|| grants::delete_object_level(&permissions));
    }
    let family = object_type.shape.family();
    let mut chunk = Vec::new();
    let delete = |chunk: &mut Vec<Key>| {
        let keys = std::mem::take(chunk);
        owner::run(|| grants::delete_of_objects(family, &keys, &permissions))
    };
    rows_of(table, &object_type.key_columns, |columns| {
        chunk.extend(object_type.shape.of_columns(columns, "key")?);
        if chunk.len() >= CHUNK { delete(&mut chunk) } else { Ok(()) }
    })?;
    delete(&mut chunk)
}
