//! catalog_changed, the trigger on the tables of names, and relations_dropped.

use super::{orphans, triggers};
use crate::catalog::{self, Kind};
use crate::error::{Error, Result};
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
        refuse_lost_meaning()?;
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
        setup::forget_dropped()?;
        if parts {
            snapshot::with_latest(clean_after_parts)?;
        }
        Ok(())
    })
}

/// Refuses where a column or type was dropped without which what stays means nothing, or something
/// else: grants on rows that cannot be told apart, users who cannot be told to be inactive.
fn refuse_lost_meaning() -> Result<()> {
    let mut lost = None;
    spi::query(
        "WITH gone AS (SELECT classid, objid, objsubid, address_names[3] AS col \
         FROM pg_catalog.pg_event_trigger_dropped_objects()), \
         col AS (SELECT objid, col FROM gone \
         WHERE classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass \
         AND objsubid OPERATOR(pg_catalog.>) 0 AND EXISTS (SELECT FROM pg_catalog.pg_class c \
         WHERE c.oid OPERATOR(pg_catalog.=) gone.objid)), \
         meant AS (SELECT 'the key of object type ' OPERATOR(pg_catalog.||) pg_catalog.quote_ident(name) AS what, \
         relation, key_columns AS cols FROM rowgrant.object_type \
         UNION ALL SELECT 'the owner column of object type ' OPERATOR(pg_catalog.||) pg_catalog.quote_ident(name), \
         relation, ARRAY[owner_column] FROM rowgrant.object_type \
         UNION ALL SELECT 'a column of the registered table of ' OPERATOR(pg_catalog.||) \
         CASE WHEN kind OPERATOR(pg_catalog.=) 'u'::pg_catalog.\"char\" THEN 'users' ELSE 'groups' END, \
         relation, ARRAY[key_column, active_column, superuser_column] FROM rowgrant.subject_source \
         UNION ALL SELECT 'a column of a registered table of memberships', \
         relation, ARRAY[user_column, group_column] FROM rowgrant.membership_source) \
         SELECT what FROM meant m JOIN col ON m.relation::pg_catalog.oid OPERATOR(pg_catalog.=) col.objid \
         AND col.col::pg_catalog.name OPERATOR(pg_catalog.=) ANY (m.cols) \
         UNION ALL SELECT 'the type of the key of object type ' OPERATOR(pg_catalog.||) pg_catalog.quote_ident(t.name) \
         FROM rowgrant.object_type t JOIN gone ON gone.objid OPERATOR(pg_catalog.=) ANY (t.key_types::pg_catalog.oid[]) \
         AND gone.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_type'::pg_catalog.regclass \
         WHERE t.relation IS NULL OR EXISTS (SELECT FROM pg_catalog.pg_class c \
         WHERE c.oid OPERATOR(pg_catalog.=) t.relation::pg_catalog.oid)",
        &[],
        See::Latest,
        |row| {
            lost = lost.take().or(row.text(1));
            Ok(())
        },
    )?;
    let Some(lost) = lost else { return Ok(()) };
    Err(Error::in_use(format!("cannot drop {lost}"))
        .hint("Call rowgrant.unprotect, or register the table without that column, first."))
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
    for object_type in catalog::intact_types()? {
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
