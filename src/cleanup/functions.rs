//! The trigger functions, as SQL calls them.

use crate::catalog::{self, Kind};
use crate::error::Result;
use crate::pg::spi::{self, Argument, See};
use crate::pg::trigger::{Event, Trigger};
use crate::pg::{self, owner};
use crate::setup;

/// `object_changed('object type id')`, a trigger on protected tables.
pub fn object_changed(trigger: &Trigger) -> Result<()> {
    let id = trigger.argument().and_then(|id| id.parse().ok()).unwrap_or_default();
    // None where the type is gone and its trigger was restored with the table from a dump.
    let Some(object_type) = catalog::object_type_by_id(id)? else { return Ok(()) };
    let permissions = object_type.permission_ids();
    if trigger.event() == Event::Truncate {
        return owner::run(|| super::grants::delete_object_level(&permissions));
    }
    let what = format!("key of object type \"{}\"", object_type.name);
    let old = trigger.old(&object_type.key_columns)?;
    let Some(old) = object_type.shape.of_columns(&old, &what)? else { return Ok(()) };
    // Most rows have no grants: one look into the index tells, without a statement.
    if !pg::grants::any_of_permissions_latest(&old, &permissions)? {
        return Ok(());
    }
    let family = object_type.shape.family();
    if trigger.event() == Event::Update {
        let new = trigger.new_row(&object_type.key_columns)?;
        let Some(new) = object_type.shape.of_columns(&new, &what)? else { return Ok(()) };
        if new == old {
            return Ok(());
        }
        return owner::run(|| super::grants::move_object(family, &old, &new, &permissions));
    }
    owner::run(|| super::grants::delete_of_object(family, &old, &permissions))
}

/// `subject_changed('u' or 'g')`, a trigger on the registered tables of users and groups.
pub fn subject_changed(trigger: &Trigger) -> Result<()> {
    let kind = match trigger.argument().as_deref() {
        Some("u") => Kind::User,
        _ => Kind::Group,
    };
    let sources = catalog::sources()?;
    let Some(source) = kind.source(&sources) else { return Ok(()) };
    if trigger.event() == Event::Truncate {
        return owner::run(|| {
            super::grants::delete_subjects(&super::grants::subjects(kind.code(), None)?)
        });
    }
    let columns = [source.key_column.clone()];
    let Some(old) = trigger.old(&columns)?[0] else { return Ok(()) };
    let old = source.column.of_value(old, "id")?;
    let new = match trigger.event() {
        Event::Update => trigger.new_row(&columns)?[0],
        _ => None,
    };
    let new = new.map(|value| source.column.of_value(value, "id")).transpose()?;
    owner::run(|| {
        let subjects = super::grants::subjects(kind.code(), Some(&old))?;
        match new {
            _ if subjects.is_empty() => Ok(()),
            None => super::grants::delete_subjects(&subjects),
            Some(new) if new == old => Ok(()),
            Some(new) => {
                // A subject already there belonged to a row that is gone.
                let stale = super::grants::subjects(kind.code(), Some(&new))?;
                super::grants::delete_subjects(&stale)?;
                spi::execute(
                    "UPDATE rowgrant.subject SET key = $2 WHERE id OPERATOR(pg_catalog.=) ANY ($1)",
                    &[Argument::integers(&subjects), Argument::text(&new.to_text())],
                    See::Latest,
                )?;
                Ok(())
            }
        }
    })
}

/// `catalog_changed()`, a trigger on the tables of names.
pub fn catalog_changed(_trigger: &Trigger) -> Result<()> {
    owner::run(|| {
        spi::execute(
            "UPDATE rowgrant.catalog_state \
             SET version = pg_catalog.nextval('rowgrant.catalog_version')",
            &[],
            See::Latest,
        )?;
        Ok(())
    })
}

/// `relations_dropped()`, an event trigger on sql_drop.
pub fn relations_dropped() -> Result<()> {
    let mut types = Vec::new();
    let mut permissions = Vec::new();
    let mut kinds = Vec::new();
    owner::run(|| {
        spi::query(
            "WITH gone AS (SELECT objid FROM pg_catalog.pg_event_trigger_dropped_objects() \
             WHERE classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass \
             AND objsubid OPERATOR(pg_catalog.=) 0) \
             SELECT 't'::pg_catalog.text, t.id, p.id FROM gone JOIN rowgrant.object_type t \
             ON t.relation::pg_catalog.oid OPERATOR(pg_catalog.=) gone.objid \
             LEFT JOIN rowgrant.permission p ON p.object_type OPERATOR(pg_catalog.=) t.id \
             UNION ALL SELECT s.kind::pg_catalog.text, NULL, NULL FROM gone JOIN rowgrant.subject_source s \
             ON s.relation::pg_catalog.oid OPERATOR(pg_catalog.=) gone.objid \
             UNION ALL SELECT 'm', NULL, NULL FROM gone \
             JOIN rowgrant.membership_source m \
             ON m.relation::pg_catalog.oid OPERATOR(pg_catalog.=) gone.objid",
            &[],
            See::Latest,
            |row| {
                match row.text(1).as_deref() {
                    Some("t") => {
                        types.extend(row.integer(2).map(|id| id as i32));
                        permissions.extend(row.integer(3).map(|id| id as i32));
                    }
                    Some(kind) => kinds.push(kind.to_owned()),
                    None => {}
                }
                Ok(())
            },
        )?;
        if !permissions.is_empty() {
            super::grants::delete_of_permissions(&permissions)?;
        }
        for id in types {
            setup::delete_object_type(id)?;
        }
        for kind in kinds.iter().filter(|kind| *kind != "m") {
            super::grants::delete_subjects(&super::grants::subjects(kind, None)?)?;
            spi::execute(
                "DELETE FROM rowgrant.subject_source \
                 WHERE kind OPERATOR(pg_catalog.=) $1::pg_catalog.\"char\"",
                &[Argument::text(kind)],
                See::Latest,
            )?;
        }
        if kinds.iter().any(|kind| kind == "m") {
            spi::execute(
                "DELETE FROM rowgrant.membership_source m WHERE NOT EXISTS (SELECT FROM \
                 pg_catalog.pg_class c WHERE c.oid OPERATOR(pg_catalog.=) m.relation::pg_catalog.oid)",
                &[],
                See::Latest,
            )?;
        }
        Ok(())
    })
}
