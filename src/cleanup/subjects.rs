//! subject_changed, the trigger on the registered tables of users and groups.

use super::triggers::Names;
use super::{grants, moves};
use crate::catalog::{self, Kind, SubjectSource};
use crate::error::{Error, Result};
use crate::key::Key;
use crate::pg::scan::{count_rows, has_row, rows_of};
use crate::pg::spi::{self, Argument, See};
use crate::pg::trigger::{Event, Trigger, current_command};
use crate::pg::value::Value;
use crate::pg::{inherit, owner};

/// `subject_changed('u' or 'g')`
pub fn subject_changed(trigger: &Trigger) -> Result<()> {
    if trigger.is_replay() {
        return Ok(());
    }
    let kind = match trigger.argument().as_deref() {
        Some("u") => Kind::User,
        _ => Kind::Group,
    };
    let sources = catalog::sources()?;
    let Some(source) = kind.source(&sources) else { return Ok(()) };
    if !trigger.is_part_of(source.relation)? {
        return Ok(());
    }
    if trigger.event() == Event::Truncate {
        return truncated(trigger, kind, source);
    }
    let columns = [source.key_column.clone()];
    let id =
        |value: Option<Value>| value.map(|value| source.column.of_value(value, "id")).transpose();
    let Some(old) = id(trigger.old(&columns)?[0])? else { return Ok(()) };
    let new = || id(trigger.new_row(&columns)?[0]);
    match trigger.event() {
        Event::BeforeUpdate => {
            if let Some(new) = new()?.filter(|new| *new != old) {
                moves::begin(what(kind), old, new, trigger.version(), current_command());
            }
            Ok(())
        }
        Event::Update => match new()? {
            Some(new) if new != old => moved(trigger, kind, source, &old, &new),
            _ => Ok(()),
        },
        Event::Delete => {
            match moves::moved_to(what(kind), &old, trigger.version(), trigger.removed_by()) {
                // Carried out as DELETE and INSERT, into another partition.
                Some(new) if has_row(source.relation, &[(&source.key_column, &new)])? => {
                    moved(trigger, kind, source, &old, &new)
                }
                _ => owner::run(|| {
                    let gone = grants::subjects(kind.code(), Some(&old))?;
                    if !gone.is_empty() {
                        is_alone(trigger, kind, source, &old)?;
                    }
                    grants::delete_subjects(&gone)
                }),
            }
        }
        _ => Ok(()),
    }
}

/// Users and groups among the moves: no object type has these ids.
fn what(kind: Kind) -> i32 {
    match kind {
        Kind::User => -1,
        Kind::Group => -2,
    }
}

/// Gives a subject its new key. Where another subject still has it, whose own turn in this command
/// comes later, it waits aside: under the kind in capitals, for which nothing looks.
fn moved(
    trigger: &Trigger,
    kind: Kind,
    source: &SubjectSource,
    old: &Key,
    new: &Key,
) -> Result<()> {
    moves::end(what(kind), old);
    if kind == Kind::Group && catalog::built_in_group(&new.to_text()).is_some() {
        return Err(Error::argument(format!(
            "a group cannot come to be called \"{}\"",
            new.to_text()
        ))
        .hint(
            "That is a built-in group: grants to the one would be shown as grants to the other.",
        ));
    }
    let aside = kind.code().to_uppercase();
    owner::run(|| {
        let mut arriving = kind.code();
        let there = grants::subjects(kind.code(), Some(new))?;
        let brought = grants::subjects(kind.code(), Some(old))?;
        if !there.is_empty() || !brought.is_empty() {
            trigger.check_tells_moves(&[&source.key_column], Names::of_subjects(kind).leaving)?;
            let alone = is_alone(trigger, kind, source, new)?;
            if !alone || (!brought.is_empty() && !is_alone(trigger, kind, source, old)?) {
                return grants::delete_subjects(&[there, brought].concat());
            }
        }
        if !there.is_empty() && moves::is_leaving(what(kind), new) {
            arriving = &aside;
        } else if !there.is_empty() {
            check_not_granted(trigger, kind, new, &there)?;
            // Of a row that went unseen.
            grants::delete_subjects(&there)?;
        }
        rename(&brought, arriving, new)?;
        rename(&grants::subjects(&aside, Some(old))?, kind.code(), old)
    })
}

/// Refuses where this very command has granted something to the id after it gave it to the row: that
/// would be lost.
fn check_not_granted(trigger: &Trigger, kind: Kind, id: &Key, subjects: &[i32]) -> Result<()> {
    if !grants::written_since(subjects, trigger.written_by())? {
        return Ok(());
    }
    Err(Error::in_use(format!(
        "{} \"{}\" was granted something by the command that gave it this id",
        kind.noun(),
        id.to_text()
    ))
    .hint("Grant in a command of its own."))
}

/// Whether no two users, or groups, have one id: see [`moves::is_alone`].
fn is_alone(trigger: &Trigger, kind: Kind, source: &SubjectSource, id: &Key) -> Result<bool> {
    let key = source.key_column.as_str();
    let rows = || count_rows(source.relation, &[(key, id)]);
    let told = || {
        let (noun, id) = (kind.noun(), id.to_text());
        format!("two {noun}s have the id \"{id}\": whose the grants are cannot be told")
    };
    moves::is_alone(trigger, &[key], (what(kind), id), rows, told)
}

fn rename(subjects: &[i32], kind: &str, key: &Key) -> Result<()> {
    if subjects.is_empty() {
        return Ok(());
    }
    spi::execute(
        "UPDATE rowgrant.subject SET kind = $2::pg_catalog.\"char\", key = $3 \
         WHERE id OPERATOR(pg_catalog.=) ANY ($1)",
        &[Argument::integers(subjects), Argument::text(kind), Argument::text(&key.to_text())],
        See::Latest,
    )?;
    Ok(())
}

/// Removes the subjects of the rows of this one table or partition, before they are gone.
fn truncated(trigger: &Trigger, kind: Kind, source: &SubjectSource) -> Result<()> {
    let table = trigger.relation();
    if source.relation == table && inherit::holding_rows(table) == [table] {
        return owner::run(|| grants::delete_subjects(&grants::subjects(kind.code(), None)?));
    }
    let mut keys = Vec::new();
    rows_of(table, std::slice::from_ref(&source.key_column), |columns| {
        if let Some(id) = columns[0] {
            keys.push(source.column.of_value(id, "id")?.to_text());
        }
        Ok(())
    })?;
    owner::run(|| grants::delete_subjects(&grants::subjects_among(kind.code(), keys)?))
}
