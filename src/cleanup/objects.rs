//! object_changed, the trigger on protected tables.

use super::{grants, moves, triggers};
use crate::catalog::{self, ObjectType};
use crate::error::Result;
use crate::key::Key;
use crate::pg::relation::qualified_name;
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
    match object_type.relation {
        Some(table) if trigger.is_part_of(table)? => {}
        _ => return Ok(()),
    }
    if trigger.event() == Event::Truncate {
        return truncated(trigger, &object_type);
    }
    let what = &object_type.key_label;
    let old = trigger.old(&object_type.key_columns)?;
    let Some(old) = object_type.shape.of_columns(&old, what)? else { return Ok(()) };
    let new = || {
        let new = trigger.new_row(&object_type.key_columns)?;
        object_type.shape.of_columns(&new, what)
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
                _ => deleted(trigger, &object_type, &old),
            }
        }
        _ => Ok(()),
    }
}

fn deleted(trigger: &Trigger, object_type: &ObjectType, key: &Key) -> Result<()> {
    let permissions = object_type.permission_ids();
    // Most rows have no grants: one look into the index tells, without a statement.
    if !pg::grants::any_of_permissions_latest(key.into(), &permissions)? {
        return Ok(());
    }
    is_alone(trigger, object_type, key)?;
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
    let occupied = pg::grants::any_of_permissions_latest(new.into(), &permissions)?;
    let brings = pg::grants::any_of_permissions_latest(old.into(), &permissions)?;
    if occupied || brings {
        trigger.check_tells_moves(&key_columns(object_type), triggers::ON_OBJECTS.leaving)?;
        let alone = is_alone(trigger, object_type, new)?;
        if !alone || (brings && !is_alone(trigger, object_type, old)?) {
            return owner::run(|| {
                let doubtful = [old.clone(), new.clone()];
                grants::delete_of_objects(family, &doubtful, &permissions)
            });
        }
    }
    let waits = occupied && moves::is_leaving(id, new);
    if occupied && !waits {
        owner::run(|| settle(trigger, object_type, (old, new), &permissions))?;
    }
    if brings {
        owner::run(|| grants::move_object(family, old, new, &permissions, waits))?;
    }
    if pg::grants::any_of_permissions_latest(old.into(), &aside)? {
        owner::run(|| grants::move_object(family, old, old, &aside, true))?;
    }
    Ok(())
}

/// Makes place at a row's new key. What stands there was granted to a row that went unseen, but for
/// what this very command granted after it had moved the row: that stays, and takes the place of the
/// same grants that the row brings.
fn settle(
    trigger: &Trigger,
    object_type: &ObjectType,
    (old, new): (&Key, &Key),
    permissions: &[i32],
) -> Result<()> {
    let family = object_type.shape.family();
    let since = trigger.written_by();
    let (mut stale, mut kept) = (Vec::new(), false);
    grants::each_of_object(family, new, permissions, |grant| {
        match grant.is_ours && grant.command >= since {
            true => kept = true,
            false => stale.push(grant.place),
        }
    })?;
    grants::delete_at(family, &stale)?;
    if kept {
        grants::delete_doubled(family, old, new, permissions)?;
    }
    Ok(())
}

/// Whether no two rows of the type's table have one key: see [`moves::is_alone`].
fn is_alone(trigger: &Trigger, object_type: &ObjectType, key: &Key) -> Result<bool> {
    let rows = || object_type.count_rows(key);
    let told = || {
        let (table, key) = (qualified_name(trigger.relation()), key.to_text());
        format!(
            "two rows of {table} have the key \"{key}\": whose the grants on it are cannot be told"
        )
    };
    moves::is_alone(trigger, &key_columns(object_type), (object_type.id, key), rows, told)
}

fn key_columns(object_type: &ObjectType) -> Vec<&str> {
    object_type.key_columns.iter().map(String::as_str).collect()
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
