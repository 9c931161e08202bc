//! What ALTER TABLE and its like do to tables that are protected or registered: the event triggers
//! table_altering and table_altered. Run on every such statement, so the first thing is to find out
//! whether it concerns anything.

use std::rc::Rc;

use pgrx::pg_sys::{self, Oid};

use super::triggers::{self, Names};
use super::{grants, relabel, retype};
use crate::catalog::{self, Kind, ObjectType, Sources};
use crate::error::{Error, Result};
use crate::key::{Key, KeyColumn};
use crate::pg::ddl::{Retyped, Statement};
use crate::pg::relation::Relation;
use crate::pg::scan::rows_of;
use crate::pg::spi::{self, Argument, See};
use crate::pg::{inherit, owner, relation, snapshot, types, version};
use crate::setup;

/// All that could be concerned.
struct Known {
    types: Vec<Rc<ObjectType>>,
    sources: Rc<Sources>,
}

impl Known {
    fn load() -> Result<Self> {
        let types = catalog::intact_types()?.into_iter().filter(|of| of.relation.is_some());
        Ok(Self { types: types.collect(), sources: catalog::sources()? })
    }

    fn is_empty(&self) -> bool {
        self.types.is_empty()
            && self.sources.users.is_none()
            && self.sources.groups.is_none()
            && self.sources.memberships.is_empty()
    }

    fn kinds(&self) -> impl Iterator<Item = (Kind, &catalog::SubjectSource)> {
        let with = |kind: Kind| kind.source(&self.sources).map(|source| (kind, source));
        [Kind::User, Kind::Group].into_iter().filter_map(with)
    }
}

/// Before a statement: what would keep the type of a key from being changed makes way.
pub fn table_altering(statement: &Statement) -> Result<()> {
    if let Statement::DropExtension = statement {
        // Of anybody else it will be refused.
        return if owner::is_owner()? { owner::run(setup::remove_all) } else { Ok(()) };
    }
    let Statement::Alter { relation, retyped, .. } = statement else { return Ok(()) };
    // PostgreSQL itself has not looked yet, and refuses the statement of anybody else.
    if retyped.is_empty() || !version::owns_relation(*relation, owner::current_role()) {
        return Ok(());
    }
    owner::run(|| {
        let known = Known::load()?;
        let tables = inherit::with_columns_of(*relation)?;
        for object_type in &known.types {
            let changes = of_columns(retyped, &object_type.key_columns);
            if !object_type.relation.is_some_and(|table| tables.contains(&table))
                || changes.is_empty()
            {
                continue;
            }
            let count = grants::count_on_objects(&object_type.permission_ids())?;
            if count > 0 && !changes.iter().all(|change| change.plain) {
                return Err(unclear(&format!("object type \"{}\"", object_type.name)));
            }
            let table = object_type.relation.unwrap_or(Oid::INVALID);
            triggers::drop_conditional(table, &triggers::ON_OBJECTS)?;
        }
        for (kind, source) in known.kinds() {
            let changes = of_columns(retyped, std::slice::from_ref(&source.key_column));
            if !tables.contains(&source.relation) || changes.is_empty() {
                continue;
            }
            let subjects = grants::subjects(kind.code(), None)?;
            if !subjects.is_empty() && !changes.iter().all(|change| change.plain) {
                return Err(unclear(&format!("the table of {}s", kind.noun())));
            }
            triggers::drop_conditional(source.relation, Names::of_subjects(kind))?;
        }
        Ok(())
    })
}

fn of_columns<'a>(retyped: &'a [Retyped], columns: &[String]) -> Vec<&'a Retyped> {
    retyped.iter().filter(|change| columns.contains(&change.column)).collect()
}

fn unclear(what: &str) -> Error {
    Error::in_use(format!("the key of {what} cannot be changed by this expression: grants stand on it"))
        .hint("Which row a grant would be on afterwards is clear only without USING, or with a mere cast.")
}

/// After a statement.
pub fn table_altered(statement: &Statement) -> Result<()> {
    owner::run(|| {
        if let Statement::RenameValue { from, to } = statement {
            return relabel::all(from, to);
        }
        let known = Known::load()?;
        if known.is_empty() {
            return Ok(());
        }
        let mut changed = Vec::new();
        match statement {
            Statement::RenameColumn { relation, from, to } => {
                return rename_column(&inherit::with_columns_of(*relation)?, from, to);
            }
            Statement::Alter { relation, retyped, leaves, joins, given } => {
                if !retyped.is_empty() {
                    let tables = inherit::with_columns_of(*relation)?;
                    retype_keys(&known, &tables, retyped)?;
                    check_meanings(&known, &tables)?;
                    // A change of a type tells nothing of the tables declared OF it.
                    changed = tables;
                }
                if *leaves {
                    forget_stray(&known)?;
                }
                // At no other time: a dump restores the triggers by itself, after other changes.
                if *given {
                    let changed = changed_tables()?;
                    snapshot::with_latest(|| obey(&Known::load()?, &changed))?;
                }
                if retyped.is_empty() && !joins {
                    return Ok(());
                }
            }
            Statement::Create => {}
            Statement::RenameValue { .. } | Statement::DropExtension | Statement::Other => {
                return Ok(());
            }
        }
        // As things are now.
        changed.extend(changed_tables()?);
        snapshot::with_latest(|| complete(&Known::load()?, &changed))
    })
}

/// The tables that the statement made or changed, and those of which they are partitions or children,
/// to any depth.
fn changed_tables() -> Result<Vec<Oid>> {
    let mut tables = Vec::new();
    spi::query(
        "WITH RECURSIVE changed (oid) AS (\
         SELECT objid FROM pg_catalog.pg_event_trigger_ddl_commands() \
         WHERE classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass \
         UNION SELECT i.inhparent FROM pg_catalog.pg_inherits i \
         JOIN changed c ON i.inhrelid OPERATOR(pg_catalog.=) c.oid) SELECT oid FROM changed",
        &[],
        See::Latest,
        |row| {
            tables.extend(row.as_oid(1));
            Ok(())
        },
    )?;
    Ok(tables)
}

/// Lets the new owners of tables obey the policies, where those are for them, too.
fn obey(known: &Known, given: &[Oid]) -> Result<()> {
    let concerned = |of: &&Rc<ObjectType>| of.relation.is_some_and(|table| given.contains(&table));
    known.types.iter().filter(concerned).try_for_each(|of| setup::complete_row_security(of))
}

/// Puts triggers on what has come to hold rows of a table that has them.
fn complete(known: &Known, changed: &[Oid]) -> Result<()> {
    for object_type in &known.types {
        if object_type.relation.is_some_and(|table| changed.contains(&table)) {
            triggers::complete_objects(object_type)?;
            setup::complete_row_security(object_type)?;
        }
    }
    for (kind, source) in known.kinds() {
        if changed.contains(&source.relation) {
            triggers::complete_subjects(kind, source)?;
        }
    }
    Ok(())
}

/// Follows a column to its new name.
fn rename_column(tables: &[Oid], from: &str, to: &str) -> Result<()> {
    let arguments = [Argument::oids(tables), Argument::text(from), Argument::text(to)];
    let renamed = |column: &str| {
        format!(
            "{column} = CASE WHEN {column} OPERATOR(pg_catalog.=) $2::pg_catalog.name \
             THEN $3::pg_catalog.name ELSE {column} END"
        )
    };
    let columns = |names: &[&str]| names.iter().map(|n| renamed(n)).collect::<Vec<_>>().join(", ");
    for (table, changes, among) in [
        (
            "object_type",
            format!(
                "key_columns = pg_catalog.array_replace(key_columns, $2::pg_catalog.name, \
                 $3::pg_catalog.name), {}",
                renamed("owner_column")
            ),
            "$2::pg_catalog.name OPERATOR(pg_catalog.=) ANY (key_columns) \
             OR owner_column OPERATOR(pg_catalog.=) $2::pg_catalog.name",
        ),
        (
            "subject_source",
            columns(&["key_column", "active_column", "superuser_column"]),
            "$2::pg_catalog.name IN (key_column, active_column, superuser_column)",
        ),
        (
            "membership_source",
            columns(&["user_column", "group_column"]),
            "$2::pg_catalog.name IN (user_column, group_column)",
        ),
    ] {
        let sql = format!(
            "UPDATE rowgrant.{table} SET {changes} \
             WHERE relation::pg_catalog.oid OPERATOR(pg_catalog.=) ANY ($1) AND ({among})"
        );
        spi::execute(&sql, &arguments, See::Latest)?;
    }
    Ok(())
}

/// Brings grants and subjects to keys of the new type.
fn retype_keys(known: &Known, tables: &[Oid], retyped: &[Retyped]) -> Result<()> {
    for object_type in &known.types {
        if object_type.relation.is_some_and(|table| tables.contains(&table))
            && !of_columns(retyped, &object_type.key_columns).is_empty()
        {
            retype::objects(object_type)?;
        }
    }
    for (kind, source) in known.kinds() {
        if tables.contains(&source.relation)
            && !of_columns(retyped, std::slice::from_ref(&source.key_column)).is_empty()
        {
            retype::subjects(kind, source)?;
        }
    }
    Ok(())
}

/// Refuses a new type that makes a column mean nothing: a flag must be boolean, and what names users
/// or groups of a type that ids can have.
fn check_meanings(known: &Known, tables: &[Oid]) -> Result<()> {
    let refused = |column: &str, table: Oid, problem: String, what: &str| {
        let message = format!(
            "column \"{column}\" of table {}, {what}, {problem}",
            relation::qualified_name(table)
        );
        Err(Error::in_use(message).hint("Call the function that registered it again first."))
    };
    if let Some(users) = known.sources.users.as_ref().filter(|u| tables.contains(&u.relation)) {
        let opened = Relation::open(users.relation);
        let flags = [(&users.active_column, "active"), (&users.superuser_column, "a superuser")];
        for (column, says) in flags {
            let Some(column) = column else { continue };
            let (_, declared) = opened.required_column(column)?;
            if types::base(declared) != pg_sys::BOOLOID {
                let what = format!("which tells whether a user is {says}");
                return refused(column, users.relation, "must stay boolean".into(), &what);
            }
        }
    }
    let mut naming = Vec::new();
    for object_type in &known.types {
        if let (Some(table), Some(column)) = (object_type.relation, &object_type.owner_column) {
            naming.push((table, column, "which names the owner"));
        }
    }
    for membership in &known.sources.memberships {
        let what = "which names who is a member of what";
        naming.push((membership.relation, &membership.user_column, what));
        naming.push((membership.relation, &membership.group_column, what));
    }
    for (table, column, what) in naming {
        if !tables.contains(&table) {
            continue;
        }
        let opened = Relation::open(table);
        let (number, declared) = opened.required_column(column)?;
        if let Err(why) = KeyColumn::new(declared, opened.collation(number)) {
            let problem = format!("cannot be of type {}: {why}", types::name(declared));
            return refused(column, table, problem, what);
        }
    }
    Ok(())
}

/// Removes the grants on rows of tables that have left, and their triggers.
fn forget_stray(known: &Known) -> Result<()> {
    for object_type in &known.types {
        let Some(table) = object_type.relation else { continue };
        let holding = inherit::with_descendants(table);
        let permissions = object_type.permission_ids();
        for stray in triggers::tables_of(object_type.id)? {
            if holding.contains(&stray) || !relation::exists(stray) {
                continue;
            }
            let mut keys: Vec<Key> = Vec::new();
            rows_of(stray, &object_type.key_columns, |columns| {
                keys.extend(object_type.shape.of_columns(columns, "key")?);
                Ok(())
            })?;
            grants::delete_of_objects(object_type.shape.family(), &keys, &permissions)?;
            triggers::drop_from(stray, &triggers::ON_OBJECTS)?;
        }
        setup::complete_row_security(object_type)?;
    }
    for (kind, source) in known.kinds() {
        let holding = inherit::with_descendants(source.relation);
        for stray in triggers::tables_with(kind)? {
            if holding.contains(&stray) {
                continue;
            }
            let mut keys = Vec::new();
            rows_of(stray, std::slice::from_ref(&source.key_column), |columns| {
                if let Some(id) = columns[0] {
                    keys.push(source.column.of_value(id, "id")?.to_text());
                }
                Ok(())
            })?;
            grants::delete_subjects(&grants::subjects_among(kind.code(), keys)?)?;
            triggers::drop_from(stray, Names::of_subjects(kind))?;
        }
    }
    Ok(())
}
