//! catalog_changed, the trigger on the tables of names, and relations_dropped.

use super::{orphans, triggers};
use crate::catalog::{self, Kind};
use crate::error::Result;
use crate::pg::ddl::Statement;
use crate::pg::spi::{self, Argument, See};
use crate::pg::trigger::Trigger;
use crate::pg::{inherit, owner, snapshot};
use crate::setup;

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
pub fn relations_dropped(_statement: &Statement) -> Result<()> {
    let mut types = Vec::new();
    let mut permissions = Vec::new();
    let mut kinds = Vec::new();
    owner::run(|| {
        let parts = parts_dropped()?;
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
        if parts {
            snapshot::with_latest(clean_after_parts)?;
        }
        Ok(())
    })
}

/// Whether a table was dropped that held rows of another: it had triggers of its own for TRUNCATE.
fn parts_dropped() -> Result<bool> {
    let found = spi::execute(
        "SELECT FROM pg_catalog.pg_event_trigger_dropped_objects() t \
         JOIN pg_catalog.pg_event_trigger_dropped_objects() c \
         ON c.object_type OPERATOR(pg_catalog.=) 'table' \
         AND c.schema_name OPERATOR(pg_catalog.=) t.address_names[1] \
         AND c.object_name OPERATOR(pg_catalog.=) t.address_names[2] \
         WHERE t.object_type OPERATOR(pg_catalog.=) 'trigger' \
         AND t.address_names[3] OPERATOR(pg_catalog.=) ANY ($1) \
         AND NOT EXISTS (SELECT FROM rowgrant.object_type o \
         WHERE o.relation::pg_catalog.oid OPERATOR(pg_catalog.=) c.objid) \
         AND NOT EXISTS (SELECT FROM rowgrant.subject_source s \
         WHERE s.relation::pg_catalog.oid OPERATOR(pg_catalog.=) c.objid)",
        &[Argument::texts(triggers::ON_TRUNCATE.map(str::to_owned).to_vec())],
        See::Latest,
    )?;
    Ok(found > 0)
}

/// Its rows went unseen: what was granted on them, or to them, is found by what is left.
fn clean_after_parts() -> Result<()> {
    for name in catalog::type_names()? {
        let object_type = catalog::object_type(&name)?;
        let has_parts = |table| inherit::holding_rows(table) != [table];
        if object_type.relation.is_some_and(has_parts) {
            orphans::clean_objects(&object_type, i64::MAX, false)?;
        }
    }
    for kind in [Kind::User, Kind::Group] {
        let sources = catalog::sources()?;
        let has_parts = |table| inherit::holding_rows(table) != [table];
        if kind.source(&sources).is_some_and(|source| has_parts(source.relation)) {
            super::grants::delete_subjects(&orphans::subjects_gone(kind, See::Latest)?)?;
        }
    }
    Ok(())
}
