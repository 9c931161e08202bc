//! enable_rls and disable_rls: policies on a protected table, its partitions and its children.

use pgrx::pg_sys::Oid;

use super::change;
use super::table::Table;
use crate::catalog::{self, ObjectType};
use crate::error::{Error, Result};
use crate::pg::call::{Call, Output, null_argument};
use crate::pg::relation::{Relation, qualified_name, quote, quote_literal};
use crate::pg::spi::{self, Argument, See};
use crate::pg::{inherit, notice, own, owner, relation, role};

/// The commands, by the names of their policies, in the order of the columns of row_security.
const COMMANDS: [Command; 4] = [
    Command { policy: "rowgrant_select", sql: "SELECT" },
    Command { policy: "rowgrant_insert", sql: "INSERT" },
    Command { policy: "rowgrant_update", sql: "UPDATE" },
    Command { policy: "rowgrant_delete", sql: "DELETE" },
];

struct Command {
    policy: &'static str,
    sql: &'static str,
}

/// What the policies on the table of an object type and all that hold rows of it say.
struct Policies {
    object_type: i32,
    type_name: String,
    /// Roles by oid, ascending.
    roles: Vec<Oid>,
    /// Whether the owners of what comes to hold rows obey, whatever roles are left.
    forced: bool,
    /// The permission for each command; without one nobody may.
    perms: [Option<String>; 4],
}

/// `enable_rls(object_type, roles, select_perm, insert_perm, update_perm, delete_perm)`
pub fn enable_rls(call: &Call) -> Result<Output> {
    let name = call.required_text(0, "object_type")?;
    let roles = call.texts(1).ok_or_else(|| null_argument("roles"))?;
    let roles = roles.into_iter().collect::<Option<Vec<_>>>();
    let roles = roles.ok_or_else(|| null_argument("a role in roles"))?;
    let perms = [2, 3, 4, 5].map(|n| call.text(n));
    let table = table_of(&*catalog::object_type(&name)?)?;
    let roles = role_oids(&roles)?;
    change(|| {
        // As it is now that nobody else can change it.
        let object_type = catalog::object_type(&name)?;
        for perm in perms.iter().flatten() {
            object_type.permission(perm)?;
        }
        let object_type = object_type.id;
        Policies { object_type, type_name: name, roles, forced: false, perms }.create(table.oid)
    })?;
    warn_of_others(&table)?;
    Ok(Output::Void)
}

/// `disable_rls(object_type)`
pub fn disable_rls(call: &Call) -> Result<Output> {
    let object_type = catalog::object_type(&call.required_text(0, "object_type")?)?;
    table_of(&object_type)?;
    change(|| remove(object_type.id))?;
    Ok(Output::Void)
}

fn table_of(object_type: &ObjectType) -> Result<Table> {
    match object_type.relation {
        Some(table) => Table::open(Some(table)),
        None => Err(Error::argument(format!(
            "object type \"{}\" has no table here whose rows could be hidden",
            object_type.name
        ))
        .hint("Row-level security is for tables: protect one with rowgrant.protect(table).")),
    }
}

fn role_oids(names: &[String]) -> Result<Vec<Oid>> {
    if names.is_empty() {
        return Err(Error::argument("roles must not be empty")
            .hint("Give '{public}' for all roles, or call rowgrant.disable_rls."));
    }
    let mut roles = Vec::with_capacity(names.len());
    for name in names {
        roles.push(match name.as_str() {
            "public" => role::PUBLIC,
            name => role::find(name).ok_or_else(|| {
                Error::undefined(format!("role \"{name}\" does not exist"))
                    .hint("Roles are named as they are, without quotes: '{app}'.")
            })?,
        });
    }
    // PUBLIC is every role.
    if roles.contains(&role::PUBLIC) {
        roles.truncate(0);
        roles.push(role::PUBLIC);
    }
    roles.sort_unstable_by_key(|role| role.to_u32());
    roles.dedup();
    Ok(roles)
}

impl Policies {
    /// Puts the policies on the table and all that hold rows of it. Run within `change`.
    fn create(&self, table: Oid) -> Result<()> {
        for part in inherit::with_descendants(table) {
            if !self.stand_on(part)? {
                self.create_on(part)?;
            }
        }
        Ok(())
    }

    /// Whether they are there already: nothing is done then, and no lock taken that would stop the
    /// application.
    fn stand_on(&self, table: Oid) -> Result<bool> {
        let roles: Vec<i64> = self.roles.iter().map(|role| i64::from(role.to_u32())).collect();
        let mut arguments = vec![
            Argument::oid(table),
            Argument::integer(self.object_type),
            Argument::text(&self.type_name),
            Argument::bigints(&roles),
            Argument::integer(i32::from(self.forces(table)?)),
        ];
        arguments.extend(self.perms.iter().map(|perm| Argument::maybe_text(perm.as_deref())));
        let sql = format!(
            "SELECT FROM rowgrant.row_security r JOIN pg_class c ON c.oid = r.relation \
             WHERE c.oid = $1 AND r.object_type = $2 AND r.type_name = $3 \
             AND (r.select_perm, r.insert_perm, r.update_perm, r.delete_perm) IS NOT DISTINCT FROM ($6, $7, $8, $9) \
             AND (c.relforcerowsecurity OR $5 = 0) AND {INTACT} \
             AND NOT EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = ANY ({OUR_NAMES}) \
             AND ARRAY(SELECT role::int8 FROM unnest(p.polroles) role ORDER BY role) <> $4)"
        );
        Ok(spi::execute(&sql, &arguments, See::Latest)? > 0)
    }

    fn wanted(&self) -> impl Iterator<Item = (&Command, &String)> {
        COMMANDS
            .iter()
            .zip(&self.perms)
            .filter_map(|(command, perm)| Some((command, perm.as_ref()?)))
    }

    fn create_on(&self, table: Oid) -> Result<()> {
        let on = qualified_name(table);
        let forced = self.forces(table)?;
        // What it was before is what disable_rls brings back.
        let mut arguments = vec![
            Argument::oid(table),
            Argument::integer(self.object_type),
            Argument::text(&self.type_name),
        ];
        arguments.extend(self.perms.iter().map(|perm| Argument::maybe_text(perm.as_deref())));
        spi::execute(
            "INSERT INTO rowgrant.row_security AS r (relation, object_type, type_name, select_perm, \
             insert_perm, update_perm, delete_perm, was_enabled, was_forced) \
             SELECT $1, $2, $3, $4, $5, $6, $7, c.relrowsecurity, c.relforcerowsecurity \
             FROM pg_catalog.pg_class c WHERE c.oid OPERATOR(pg_catalog.=) $1 \
             ON CONFLICT (relation) DO UPDATE SET object_type = $2, type_name = $3, select_perm = $4, \
             insert_perm = $5, update_perm = $6, delete_perm = $7",
            &arguments,
            See::Latest,
        )?;
        drop_policies(table)?;
        let roles: Vec<String> = self.roles.iter().map(|role| role::spelled(*role)).collect();
        let roles = roles.join(", ");
        // The whole row, even where a column is named as the table.
        let row = format!("{}.*", quote(&Relation::open(table).name()));
        for (command, perm) in self.wanted() {
            let perm = quote_literal(perm);
            let of_row = format!("rowgrant.can({perm}::pg_catalog.text, {row})");
            let name = quote_literal(&self.type_name);
            let condition = match command.sql {
                // A row that is not there yet can be granted to nobody: all of them must be.
                "INSERT" => format!(
                    "WITH CHECK (rowgrant.can({perm}::pg_catalog.text, {name}::pg_catalog.text))"
                ),
                // What the row becomes must be within reach, too.
                "UPDATE" => format!("USING ({of_row}) WITH CHECK ({of_row})"),
                _ => format!("USING ({of_row})"),
            };
            spi::define(&format!(
                "CREATE POLICY {} ON {on} FOR {} TO {roles} {condition}",
                command.policy, command.sql
            ))?;
        }
        spi::define(&format!("ALTER TABLE {on} ENABLE ROW LEVEL SECURITY"))?;
        // Former policies may have been for the owner, too.
        if forced || self.was_forced(table)? {
            spi::define(&format!("ALTER TABLE {on} FORCE ROW LEVEL SECURITY"))
        } else {
            spi::define(&format!("ALTER TABLE {on} NO FORCE ROW LEVEL SECURITY"))
        }
    }

    fn was_forced(&self, table: Oid) -> Result<bool> {
        let sql = "SELECT FROM rowgrant.row_security \
                   WHERE relation::pg_catalog.oid OPERATOR(pg_catalog.=) $1 AND was_forced";
        Ok(spi::execute(sql, &[Argument::oid(table)], See::Latest)? > 0)
    }

    /// Whether the table's owner obeys: as one of the roles he would pass the policies by.
    fn forces(&self, table: Oid) -> Result<bool> {
        let owner = relation::owner(table)?;
        Ok(self.forced || self.roles.iter().any(|role| role::covers(*role, owner)))
    }
}

/// The condition that row-level security is enabled on the table `c`, and that the policies there, of
/// which the row `r` of row_security tells, are those that enable_rls makes. Where only pg_catalog is
/// searched, as PostgreSQL spells them.
pub const INTACT: &str = "c.relrowsecurity \
    AND (SELECT count(*) FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = ANY \
         ('{rowgrant_select,rowgrant_insert,rowgrant_update,rowgrant_delete}'::name[])) \
      = num_nonnulls(r.select_perm, r.insert_perm, r.update_perm, r.delete_perm) \
    AND NOT EXISTS (SELECT FROM (VALUES ('rowgrant_select', 'r', r.select_perm), ('rowgrant_insert', 'a', r.insert_perm), \
         ('rowgrant_update', 'w', r.update_perm), ('rowgrant_delete', 'd', r.delete_perm)) w (name, command, perm) \
         WHERE w.perm IS NOT NULL AND NOT EXISTS (SELECT FROM pg_policy p \
         WHERE p.polrelid = c.oid AND p.polname = w.name AND p.polcmd::text = w.command AND p.polpermissive \
         AND coalesce(pg_get_expr(p.polqual, p.polrelid), '') = CASE w.command WHEN 'a' THEN '' \
             ELSE format('rowgrant.can(%L::text, %I.*)', w.perm, c.relname) END \
         AND coalesce(pg_get_expr(p.polwithcheck, p.polrelid), '') = CASE w.command \
             WHEN 'a' THEN format('rowgrant.can(%L::text, %L::text)', w.perm, r.type_name) \
             WHEN 'w' THEN format('rowgrant.can(%L::text, %I.*)', w.perm, c.relname) ELSE '' END))";

const OUR_NAMES: &str =
    "'{rowgrant_select,rowgrant_insert,rowgrant_update,rowgrant_delete}'::pg_catalog.name[]";

/// Takes rowgrant's policies off a table.
fn drop_policies(table: Oid) -> Result<()> {
    let mut names = Vec::new();
    spi::query(
        &format!(
            "SELECT polname::pg_catalog.text FROM pg_catalog.pg_policy \
             WHERE polrelid OPERATOR(pg_catalog.=) $1 AND polname OPERATOR(pg_catalog.=) ANY ({OUR_NAMES})"
        ),
        &[Argument::oid(table)],
        See::Latest,
        |row| {
            names.extend(row.text(1));
            Ok(())
        },
    )?;
    for name in names {
        spi::define(&format!("DROP POLICY {} ON {}", quote(&name), qualified_name(table)))?;
    }
    Ok(())
}

/// Leaves the tables of an object type as they were before enable_rls. Run within `change`.
pub fn remove(object_type: i32) -> Result<()> {
    remove_from(&tables_with(object_type)?, Going::Policies)
}

/// Leaves all tables as they were, before the extension goes.
pub fn remove_all() -> Result<()> {
    if own::own_tables()?.row_security.is_none() {
        return Ok(());
    }
    remove_from(&select_tables("true", &[])?, Going::Extension)
}

/// What goes with the policies.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Going {
    /// Nothing else.
    Policies,
    /// The extension, and with it other policies that call its functions.
    Extension,
}

fn remove_from(tables: &[Oid], going: Going) -> Result<()> {
    for table in tables {
        if relation::exists(*table) {
            remove_one(*table, going)?;
        }
        forget(*table)?;
    }
    Ok(())
}

/// Forgets tables that are gone.
pub fn forget_dropped() -> Result<()> {
    if own::own_tables()?.row_security.is_none() {
        return Ok(());
    }
    let gone = "NOT EXISTS (SELECT FROM pg_catalog.pg_class c \
                WHERE c.oid OPERATOR(pg_catalog.=) relation::pg_catalog.oid)";
    select_tables(gone, &[])?.into_iter().try_for_each(forget)
}

fn forget(table: Oid) -> Result<()> {
    let sql = "DELETE FROM rowgrant.row_security \
               WHERE relation::pg_catalog.oid OPERATOR(pg_catalog.=) $1";
    spi::execute(sql, &[Argument::oid(table)], See::Latest)?;
    Ok(())
}

/// Policies that came since keep row-level security as it is: without it their table would be open.
fn remove_one(table: Oid, going: Going) -> Result<()> {
    drop_policies(table)?;
    let mut before = (true, true);
    spi::query(
        "SELECT r.was_enabled::pg_catalog.int4, r.was_forced::pg_catalog.int4 \
         FROM rowgrant.row_security r WHERE r.relation::pg_catalog.oid OPERATOR(pg_catalog.=) $1 \
         AND (r.was_enabled OR NOT EXISTS (SELECT FROM pg_catalog.pg_policy p \
         WHERE p.polrelid OPERATOR(pg_catalog.=) r.relation::pg_catalog.oid \
         AND ($2 OPERATOR(pg_catalog.=) 0 OR NOT EXISTS (SELECT FROM pg_catalog.pg_depend d \
         JOIN pg_catalog.pg_proc f ON f.oid OPERATOR(pg_catalog.=) d.refobjid \
         WHERE d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_policy'::pg_catalog.regclass \
         AND d.objid OPERATOR(pg_catalog.=) p.oid \
         AND d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_proc'::pg_catalog.regclass \
         AND f.pronamespace OPERATOR(pg_catalog.=) 'rowgrant'::pg_catalog.regnamespace::pg_catalog.oid))))",
        &[Argument::oid(table), Argument::integer(i32::from(going == Going::Extension))],
        See::Latest,
        |row| {
            before = (row.integer(1) == Some(1), row.integer(2) == Some(1));
            Ok(())
        },
    )?;
    let on = qualified_name(table);
    for (was, change) in [(before.0, "DISABLE"), (before.1, "NO FORCE")] {
        if !was {
            spi::define(&format!("ALTER TABLE {on} {change} ROW LEVEL SECURITY"))?;
        }
    }
    Ok(())
}

/// The tables on which the policies of an object type are.
fn tables_with(object_type: i32) -> Result<Vec<Oid>> {
    // Not until the extension is updated to the library's version.
    if own::own_tables()?.row_security.is_none() {
        return Ok(Vec::new());
    }
    select_tables("object_type OPERATOR(pg_catalog.=) $1", &[Argument::integer(object_type)])
}

fn select_tables(condition: &str, arguments: &[Argument]) -> Result<Vec<Oid>> {
    let mut tables = Vec::new();
    spi::query(
        &format!(
            "SELECT relation::pg_catalog.oid FROM rowgrant.row_security WHERE {condition} \
             ORDER BY relation::pg_catalog.oid"
        ),
        arguments,
        See::Latest,
        |row| {
            tables.extend(row.as_oid(1));
            Ok(())
        },
    )?;
    Ok(tables)
}

/// Brings the policies of an object type to its present name, and to what has come to hold rows of
/// its table; takes them off what no longer does. Run as the extension's owner.
pub fn complete(object_type: &ObjectType) -> Result<()> {
    let Some(table) = object_type.relation else { return Ok(()) };
    let known = tables_with(object_type.id)?;
    if known.is_empty() {
        return Ok(());
    }
    let holding = inherit::with_descendants(table);
    let (_, stray): (Vec<Oid>, Vec<Oid>) = known.iter().partition(|oid| holding.contains(oid));
    remove_from(&stray, Going::Policies)?;
    match standing(table, object_type)? {
        Some(policies) => policies.create(table),
        None => Ok(()),
    }
}

/// What the policies on the table are to say; there may be none left, if their roles are gone.
fn standing(table: Oid, object_type: &ObjectType) -> Result<Option<Policies>> {
    let mut found = None;
    spi::query(
        &format!(
            "SELECT r.select_perm, r.insert_perm, r.update_perm, r.delete_perm, role.role, \
             c.relforcerowsecurity::pg_catalog.int4 \
             FROM rowgrant.row_security r JOIN pg_catalog.pg_class c \
             ON c.oid OPERATOR(pg_catalog.=) r.relation::pg_catalog.oid \
             LEFT JOIN (pg_catalog.pg_policy p CROSS JOIN LATERAL pg_catalog.unnest(p.polroles) role) \
             ON p.polrelid OPERATOR(pg_catalog.=) c.oid \
             AND p.polname OPERATOR(pg_catalog.=) ANY ({OUR_NAMES}) \
             WHERE c.oid OPERATOR(pg_catalog.=) $1"
        ),
        &[Argument::oid(table)],
        See::Latest,
        |row| {
            let policies = found.get_or_insert_with(|| Policies {
                object_type: object_type.id,
                type_name: object_type.name.clone(),
                roles: Vec::new(),
                forced: false,
                perms: [1, 2, 3, 4].map(|n| row.text(n)),
            });
            policies.roles.extend(row.as_oid(5));
            policies.forced |= policies.roles.is_empty() && row.integer(6) == Some(1);
            Ok(())
        },
    )?;
    if let Some(policies) = &mut found {
        policies.roles.sort_unstable_by_key(|role| role.to_u32());
        policies.roles.dedup();
        if policies.roles.is_empty() {
            // Nobody may: there is nobody to name in a policy.
            policies.perms = [const { None }; 4];
        }
    }
    Ok(found)
}

/// Refuses to let a permission go that a policy asks for.
pub fn refuse_if_used(object_type: &ObjectType, perm: &str) -> Result<()> {
    if own::own_tables()?.row_security.is_none() {
        return Ok(());
    }
    let used = spi::execute(
        "SELECT FROM rowgrant.row_security WHERE object_type OPERATOR(pg_catalog.=) $1 \
         AND $2 OPERATOR(pg_catalog.=) ANY (ARRAY[select_perm, insert_perm, update_perm, delete_perm])",
        &[Argument::integer(object_type.id), Argument::text(perm)],
        See::Latest,
    )?;
    if used == 0 {
        return Ok(());
    }
    Err(Error::in_use(format!(
        "row-level security of object type \"{}\" asks for permission \"{perm}\"",
        object_type.name
    ))
    .hint("Call rowgrant.enable_rls with another permission, or rowgrant.disable_rls, first."))
}

/// Policies add up: what others let through is seen too.
fn warn_of_others(table: &Table) -> Result<()> {
    let mut others = Vec::new();
    owner::run(|| {
        spi::query(
            &format!(
                "SELECT pg_catalog.quote_ident(polname) FROM pg_catalog.pg_policy \
                 WHERE polrelid OPERATOR(pg_catalog.=) $1 AND polpermissive \
                 AND polname OPERATOR(pg_catalog.<>) ALL ({OUR_NAMES}) ORDER BY polname"
            ),
            &[Argument::oid(table.oid)],
            See::Latest,
            |row| {
                others.extend(row.text(1));
                Ok(())
            },
        )
    })?;
    if !others.is_empty() {
        notice::raise(
            format!(
                "other policies of {} let rows through, too: {}",
                table.name,
                others.join(", ")
            ),
            "Make them AS RESTRICTIVE to narrow what users see, or drop them.",
        );
    }
    Ok(())
}
