//! register_users, register_groups and register_membership.

use std::ops::ControlFlow;

use super::change;
use super::table::Table;
use crate::catalog::{BUILT_IN_GROUPS, Kind};
use crate::cleanup::{grants, triggers};
use crate::error::{Error, Result};
use crate::key::{Key, KeyColumn};
use crate::pg::call::{Call, Output, null_argument};
use crate::pg::scan::find_rows;
use crate::pg::spi::{self, Argument, See};

/// `register_users(relation, active_column, superuser_column, anonymous_user)`
pub fn register_users(call: &Call) -> Result<Output> {
    let table = Table::open(call.oid(0))?;
    let (active, superuser) = (call.name(1), call.name(2));
    for column in [&active, &superuser].into_iter().flatten() {
        table.check_boolean(column)?;
    }
    register(Kind::User, &table, [active, superuser, call.text(3)])
}

/// `register_groups(relation)`
pub fn register_groups(call: &Call) -> Result<Output> {
    let table = Table::open(call.oid(0))?;
    register(Kind::Group, &table, [None, None, None])
}

fn register(
    kind: Kind,
    table: &Table,
    [active, superuser, anonymous]: [Option<String>; 3],
) -> Result<Output> {
    let key = table.primary_key()?;
    let [key] = key.as_slice() else {
        return Err(Error::argument(format!(
            "the primary key of table {} has several columns",
            table.name
        ))
        .hint(format!("A {} is named by one value.", kind.noun())));
    };
    let (key_type, column) = table.column(key)?;
    if kind == Kind::Group {
        refuse_built_in_names(table, key, &column)?;
    }
    let anonymous = anonymous.map(|id| {
        let id = column.of_text(&id, "anonymous user")?;
        check_exists(kind, table, key, &id).map(|()| id.to_text())
    });
    let anonymous = anonymous.transpose()?;
    change(|| {
        adopt(kind, table, key, &column)?;
        let arguments = [
            Argument::text(kind.code()),
            Argument::oid(table.oid),
            Argument::text(key),
            Argument::oid(key_type),
            Argument::maybe_text(active.as_deref()),
            Argument::maybe_text(superuser.as_deref()),
            Argument::maybe_text(anonymous.as_deref()),
        ];
        forget_former(kind, table)?;
        triggers::on_subjects(table.oid, kind, key, &column)?;
        let unchanged = spi::execute(
            "SELECT FROM rowgrant.subject_source \
             WHERE (kind, relation, key_column, key_type, active_column, superuser_column, \
             anonymous_user) IS NOT DISTINCT FROM ($1::pg_catalog.\"char\", \
             $2::pg_catalog.regclass, $3::pg_catalog.name, $4::pg_catalog.regtype, \
             $5::pg_catalog.name, $6::pg_catalog.name, $7)",
            &arguments,
            See::Latest,
        )?;
        if unchanged > 0 {
            return Ok(Output::Void);
        }
        spi::execute(
            "INSERT INTO rowgrant.subject_source AS s (kind, relation, key_column, key_type, \
             active_column, superuser_column, anonymous_user) \
             VALUES ($1::pg_catalog.\"char\", $2, $3::pg_catalog.name, $4, \
             $5::pg_catalog.name, $6::pg_catalog.name, $7) \
             ON CONFLICT (kind) DO UPDATE SET relation = EXCLUDED.relation, \
             key_column = EXCLUDED.key_column, key_type = EXCLUDED.key_type, \
             active_column = EXCLUDED.active_column, \
             superuser_column = EXCLUDED.superuser_column, \
             anonymous_user = EXCLUDED.anonymous_user",
            &arguments,
            See::Latest,
        )?;
        Ok(Output::Void)
    })
}

/// Takes the triggers off the table that was registered before, if it was another.
fn forget_former(kind: Kind, table: &Table) -> Result<()> {
    let mut former = None;
    spi::query(
        "SELECT relation::pg_catalog.oid FROM rowgrant.subject_source \
         WHERE kind OPERATOR(pg_catalog.=) $1::pg_catalog.\"char\" \
         AND relation::pg_catalog.oid OPERATOR(pg_catalog.<>) $2",
        &[Argument::text(kind.code()), Argument::oid(table.oid)],
        See::Latest,
        |row| {
            former = row.as_oid(1);
            Ok(())
        },
    )?;
    match former {
        Some(former) => triggers::drop_from(former, triggers::on_subjects_names(kind)),
        None => Ok(()),
    }
}

/// A group named as a built-in one could never be granted to.
fn refuse_built_in_names(table: &Table, key: &str, column: &KeyColumn) -> Result<()> {
    for name in BUILT_IN_GROUPS {
        if !column.is_textual() {
            continue;
        }
        let mut found = false;
        let id = column.of_text(name, "group id")?;
        find_rows(table.oid, &[(key, &id)], &[], |_| {
            found = true;
            Ok(ControlFlow::Break(()))
        })?;
        if found {
            return Err(Error::argument(format!(
                "table {} has a group \"{name}\", which is the name of a built-in group",
                table.name
            ))
            .hint("Rename it: granting to that name grants to the built-in group."));
        }
    }
    Ok(())
}

fn check_exists(kind: Kind, table: &Table, key: &str, id: &Key) -> Result<()> {
    let mut found = false;
    find_rows(table.oid, &[(key, id)], &[], |_| {
        found = true;
        Ok(ControlFlow::Break(()))
    })?;
    if found {
        return Ok(());
    }
    Err(Error::foreign_key(format!(
        "{} \"{}\" does not exist in {}",
        kind.noun(),
        id.to_text(),
        table.name
    ))
    .hint(format!(
        "Insert it, or revoke what was granted to it, before registering {}.",
        table.name
    )))
}

/// Brings the subjects that have grants already into the form of the table's key; each must exist.
fn adopt(kind: Kind, table: &Table, key: &str, column: &KeyColumn) -> Result<()> {
    grants::delete_idle_subjects(kind.code())?;
    let mut subjects = Vec::new();
    spi::query(
        "SELECT id, key FROM rowgrant.subject \
         WHERE kind OPERATOR(pg_catalog.=) $1::pg_catalog.\"char\" ORDER BY id",
        &[Argument::text(kind.code())],
        See::Latest,
        |row| {
            subjects
                .push((row.integer(1).unwrap_or_default() as i32, row.text(2).unwrap_or_default()));
            Ok(())
        },
    )?;
    for (id, stored) in subjects {
        let adopted = column.of_text(&stored, &format!("{} id", kind.noun()))?;
        check_exists(kind, table, key, &adopted)?;
        if adopted.to_text() != stored {
            spi::execute(
                "UPDATE rowgrant.subject SET key = $2 WHERE id OPERATOR(pg_catalog.=) $1",
                &[Argument::integer(id), Argument::text(&adopted.to_text())],
                See::Latest,
            )?;
        }
    }
    Ok(())
}

/// `register_membership(relation, user_column, group_column)`
pub fn register_membership(call: &Call) -> Result<Output> {
    let table = Table::open(call.oid(0))?;
    let user = call.name(1).ok_or_else(|| null_argument("user_column"))?;
    let group = call.name(2).ok_or_else(|| null_argument("group_column"))?;
    table.column(&user)?;
    table.column(&group)?;
    change(|| {
        let arguments = [Argument::oid(table.oid), Argument::text(&user), Argument::text(&group)];
        let unchanged = spi::execute(
            "SELECT FROM rowgrant.membership_source \
             WHERE (relation, user_column, group_column) IS NOT DISTINCT FROM \
             ($1::pg_catalog.regclass, $2::pg_catalog.name, $3::pg_catalog.name)",
            &arguments,
            See::Latest,
        )?;
        if unchanged == 0 {
            spi::execute(
                "INSERT INTO rowgrant.membership_source (relation, user_column, group_column) \
                 VALUES ($1, $2::pg_catalog.name, $3::pg_catalog.name) \
                 ON CONFLICT (relation) DO UPDATE SET user_column = EXCLUDED.user_column, \
                 group_column = EXCLUDED.group_column",
                &arguments,
                See::Latest,
            )?;
        }
        Ok(Output::Void)
    })
}
