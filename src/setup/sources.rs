//! register_users, register_groups and register_membership, and their undoing.

use std::collections::HashMap;

use pgrx::pg_sys::Oid;

use super::change;
use super::table::Table;
use crate::catalog::{self, BUILT_IN_GROUPS, Kind, SubjectSource};
use crate::cleanup::grants;
use crate::cleanup::triggers::{self, Names};
use crate::error::{Error, Result};
use crate::key::{Key, KeyColumn, free_text};
use crate::pg::call::{Call, Output, null_argument};
use crate::pg::relation::qualified_name;
use crate::pg::scan::has_row;
use crate::pg::spi::{self, Argument, See};
use crate::pg::{lock, snapshot};

/// The columns of a table of users that mean something, and the anonymous user's id.
#[derive(Default)]
pub struct Meaning {
    pub active: Option<String>,
    pub superuser: Option<String>,
    pub anonymous: Option<String>,
}

/// A table of users or groups, found fit.
pub struct Source<'a> {
    kind: Kind,
    table: &'a Table,
    key: String,
    key_type: Oid,
    column: KeyColumn,
    meaning: Meaning,
}

impl<'a> Source<'a> {
    pub fn new(kind: Kind, table: &'a Table, meaning: Meaning) -> Result<Self> {
        for column in [&meaning.active, &meaning.superuser].into_iter().flatten() {
            table.check_boolean(column)?;
        }
        let mut key = table.primary_key()?;
        if key.len() > 1 {
            return Err(Error::argument(format!(
                "the primary key of table {} has several columns",
                table.name
            ))
            .hint(format!("A {} is named by one value.", kind.noun())));
        }
        let key = key.remove(0);
        let (key_type, column) = table.column(&key)?;
        if kind == Kind::Group {
            refuse_built_in_names(table, &key, &column)?;
        }
        let anonymous = meaning.anonymous.map(|id| {
            let id = column.of_text(&id, "anonymous user")?;
            check_exists(kind, table.oid, &key, &id).map(|()| id.to_text())
        });
        let meaning = Meaning { anonymous: anonymous.transpose()?, ..meaning };
        Ok(Self { kind, table, key, key_type, column, meaning })
    }

    /// The canonical form of an id, of which the table must have a row.
    pub fn existing(&self, id: &str) -> Result<String> {
        existing_in(self.kind, self.table.oid, &self.key, &self.column, id)
    }

    /// The anonymous user's id in canonical form.
    pub fn anonymous(&self) -> Option<&str> {
        self.meaning.anonymous.as_deref()
    }

    /// Whether ids mean already what they are to mean.
    fn has_ids_of(&self, registered: Option<&SubjectSource>) -> bool {
        registered.is_some_and(|registered| {
            registered.relation == self.table.oid
                && registered.key_column == self.key
                && registered.column == self.column
        })
    }

    /// Run within `change`.
    pub fn register(&self) -> Result<()> {
        let Source { kind, table, meaning, .. } = self;
        let registered = catalog::sources()?;
        if !self.has_ids_of(kind.source(&registered)) {
            lock::change_ids(kind.ids())?;
            snapshot::with_latest(|| adopt(*kind, table, &self.key, &self.column))?;
        }
        let arguments = [
            Argument::text(kind.code()),
            Argument::oid(table.oid),
            Argument::text(&self.key),
            Argument::oid(self.key_type),
            Argument::maybe_text(meaning.active.as_deref()),
            Argument::maybe_text(meaning.superuser.as_deref()),
            Argument::maybe_text(meaning.anonymous.as_deref()),
        ];
        forget_former(*kind, table)?;
        triggers::on_subjects(table.oid, *kind, &self.key, &self.column)?;
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
            return Ok(());
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
        Ok(())
    }
}

/// `register_users(relation, active_column, superuser_column, anonymous_user)`
pub fn register_users(call: &Call) -> Result<Output> {
    let table = Table::open(call.oid(0))?;
    let meaning =
        Meaning { active: call.name(1), superuser: call.name(2), anonymous: call.text(3) };
    let source = Source::new(Kind::User, &table, meaning)?;
    change(|| source.register())?;
    Ok(Output::Void)
}

/// `register_groups(relation)`
pub fn register_groups(call: &Call) -> Result<Output> {
    let table = Table::open(call.oid(0))?;
    let source = Source::new(Kind::Group, &table, Meaning::default())?;
    change(|| source.register())?;
    Ok(Output::Void)
}

/// Lets ids of users, or of groups, be free. Run within `change`.
pub fn unregister(kind: Kind, table: &Table) -> Result<()> {
    lock::change_ids(kind.ids())?;
    triggers::drop_from(table.oid, Names::of_subjects(kind))?;
    spi::execute(
        "DELETE FROM rowgrant.subject_source \
         WHERE kind OPERATOR(pg_catalog.=) $1::pg_catalog.\"char\"",
        &[Argument::text(kind.code())],
        See::Latest,
    )?;
    respell(kind, |stored| Ok(free_text(stored)))
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
        Some(former) => triggers::drop_from(former, Names::of_subjects(kind)),
        None => Ok(()),
    }
}

/// A group named as a built-in one could never be granted to.
fn refuse_built_in_names(table: &Table, key: &str, column: &KeyColumn) -> Result<()> {
    for name in BUILT_IN_GROUPS {
        if !column.is_textual() {
            continue;
        }
        let id = column.of_text(name, "group id")?;
        if has_row(table.oid, &[(key, &id)])? {
            return Err(Error::argument(format!(
                "table {} has a group \"{name}\", which is the name of a built-in group",
                table.name
            ))
            .hint("Rename it: granting to that name grants to the built-in group."));
        }
    }
    Ok(())
}

/// The canonical form of an id, of which the table must have a row.
pub fn existing_in(
    kind: Kind,
    table: Oid,
    key: &str,
    column: &KeyColumn,
    id: &str,
) -> Result<String> {
    let id = column.of_text(id, &format!("{} id", kind.noun()))?;
    check_exists(kind, table, key, &id)?;
    Ok(id.to_text())
}

fn check_exists(kind: Kind, table: Oid, key: &str, id: &Key) -> Result<()> {
    if has_row(table, &[(key, id)])? {
        return Ok(());
    }
    let name = qualified_name(table);
    let (noun, id) = (kind.noun(), id.to_text());
    Err(Error::foreign_key(format!("{noun} \"{id}\" does not exist in {name}"))
        .hint(format!("Insert it into {name}, or revoke what was granted to it.")))
}

/// Brings the subjects that have grants already into the form of the table's key; each must exist.
fn adopt(kind: Kind, table: &Table, key: &str, column: &KeyColumn) -> Result<()> {
    grants::delete_idle_subjects(kind.code())?;
    let what = format!("{} id", kind.noun());
    respell(kind, |stored| {
        let adopted = column.of_text(stored, &what)?;
        check_exists(kind, table.oid, key, &adopted)?;
        Ok(adopted.to_text())
    })
}

/// Gives every subject the spelling that its key has from now on; no two may become one.
fn respell(kind: Kind, spelling: impl Fn(&str) -> Result<String>) -> Result<()> {
    let mut former: HashMap<String, String> = HashMap::new();
    let mut changed = Vec::new();
    for (id, stored) in grants::stored_subjects(kind.code())? {
        let spelled = spelling(&stored)?;
        if let Some(other) = former.insert(spelled.clone(), stored.clone()) {
            let noun = kind.noun();
            return Err(Error::in_use(format!(
                "{noun}s \"{other}\" and \"{stored}\" would become one: \"{spelled}\""
            ))
            .hint("Revoke what was granted to one of them."));
        }
        changed.push((id, stored, spelled));
    }
    for (id, stored, spelled) in changed {
        grants::rename_subject(id, &stored, &spelled)?;
    }
    Ok(())
}

/// A table of memberships, found fit.
pub fn check_membership(table: &Table, user: &str, group: &str) -> Result<()> {
    table.column(user)?;
    table.column(group)?;
    Ok(())
}

/// `register_membership(relation, user_column, group_column)`
pub fn register_membership(call: &Call) -> Result<Output> {
    let table = Table::open(call.oid(0))?;
    let user = call.name(1).ok_or_else(|| null_argument("user_column"))?;
    let group = call.name(2).ok_or_else(|| null_argument("group_column"))?;
    check_membership(&table, &user, &group)?;
    change(|| read_membership(table.oid, &user, &group))?;
    Ok(Output::Void)
}

/// Run within `change`.
pub fn read_membership(table: Oid, user: &str, group: &str) -> Result<()> {
    let arguments = [Argument::oid(table), Argument::text(user), Argument::text(group)];
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
    Ok(())
}

/// Reads that table of memberships no more. Run within `change`.
pub fn forget_membership(table: Oid) -> Result<()> {
    spi::execute(
        "DELETE FROM rowgrant.membership_source \
         WHERE relation::pg_catalog.oid OPERATOR(pg_catalog.=) $1",
        &[Argument::oid(table)],
        See::Latest,
    )?;
    Ok(())
}
