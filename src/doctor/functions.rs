//! doctor and clean_expired, as SQL calls them.

use super::checks::{CHECKS, policies_gone};
use crate::catalog::{self, Kind};
use crate::cleanup::grants::FAMILIES;
use crate::cleanup::{self, triggers};
use crate::error::{Error, Result};
use crate::pg::call::{Call, Column, Output};
use crate::pg::relation::{exists, qualified_name, quote};
use crate::pg::spi::{self, Argument, See};
use crate::pg::{own, owner};

/// What was found: severity, subject, problem and remedy.
type Findings = Vec<[String; 4]>;

fn report(found: &mut Findings, severity: &str, subject: String, problem: String, remedy: String) {
    found.push([severity.to_owned(), subject, problem, remedy]);
}

/// `doctor()`: no rows when all is well; else what is worst first.
pub fn doctor(call: &Call) -> Result<Output> {
    let rows = call.rows()?;
    let mut found = Findings::new();
    owner::run(|| {
        // There are none until the extension is updated to the library's version.
        let policies_gone = own::own_tables()?.row_security.map(|_| policies_gone());
        for check in CHECKS.iter().copied().chain(policies_gone.as_deref()) {
            spi::query(check, &[], See::Statement, |row| {
                let text = |n| row.value(n).map_or_else(String::new, |value| value.print());
                report(&mut found, &text(1), text(2), text(3), text(4));
                Ok(())
            })?;
        }
        check_triggers(&mut found)?;
        check_orphans(&mut found)
    })?;
    let rank = |severity: &str| ["error", "warning", "info"].iter().position(|s| *s == severity);
    found.sort_by_cached_key(|finding| (rank(&finding[0]), finding.clone()));
    for finding in found {
        rows.push(finding.map(Column::Text));
    }
    Ok(Output::Set)
}

fn check_triggers(found: &mut Findings) -> Result<()> {
    let mut wanted = Vec::new();
    for object_type in catalog::intact_types()? {
        if let Some(table) = object_type.relation {
            let protect = format!("SELECT rowgrant.protect('{}')", qualified_name(table));
            wanted.push((table, &triggers::ON_OBJECTS, object_type.key_columns.clone(), protect));
        }
    }
    let sources = catalog::sources()?;
    for kind in [Kind::User, Kind::Group] {
        if let Some(source) = kind.source(&sources).filter(|source| exists(source.relation)) {
            let register = format!("call rowgrant.register_{}s again", kind.noun());
            let key = vec![source.key_column.clone()];
            wanted.push((source.relation, triggers::Names::of_subjects(kind), key, register));
        }
    }
    for (table, names, key, remedy) in wanted {
        let key: Vec<&str> = key.iter().map(String::as_str).collect();
        for (part, trigger, state) in triggers::not_firing(table, names, &key)? {
            let part = qualified_name(part);
            let (severity, problem, remedy) = match state {
                None => ("error", "is missing: grants may be left behind", remedy.clone()),
                Some(b'O') => (
                    "warning",
                    "does not fire where a subscription applies changes",
                    format!("ALTER TABLE {part} ENABLE ALWAYS TRIGGER {}", quote(trigger)),
                ),
                Some(_) => (
                    "error",
                    "is disabled: grants may be left behind",
                    format!("ALTER TABLE {part} ENABLE ALWAYS TRIGGER {}", quote(trigger)),
                ),
            };
            let subject = format!("trigger {trigger} on {part}");
            report(found, severity, subject, problem.to_owned(), remedy);
        }
    }
    Ok(())
}

fn check_orphans(found: &mut Findings) -> Result<()> {
    let (mut objects, mut grants) = (0, 0);
    cleanup::each_orphan(|_, _, count| {
        objects += 1;
        grants += count;
    })?;
    if grants > 0 {
        let problem =
            format!("grants that outlive object, user or group: {grants} (objects: {objects})");
        let remedy = "SELECT rowgrant.clean_orphans()".to_owned();
        report(found, "warning", "orphans".to_owned(), problem, remedy);
    }
    Ok(())
}

/// `clean_expired(max_rows)`: removes grants that have expired, no more than so many; their number.
pub fn clean_expired(call: &Call) -> Result<Output> {
    let most = call.bigint(0).unwrap_or(i64::MAX);
    if most < 0 {
        return Err(Error::argument("max_rows must not be negative"));
    }
    owner::run(|| {
        let mut removed = 0;
        for family in FAMILIES {
            let table = family.table();
            let sql = format!(
                "DELETE FROM rowgrant.{table} WHERE ctid OPERATOR(pg_catalog.=) ANY (ARRAY(\
                 SELECT ctid FROM rowgrant.{table} \
                 WHERE expires_at OPERATOR(pg_catalog.<=) pg_catalog.statement_timestamp() \
                 LIMIT $1 FOR UPDATE))"
            );
            let arguments = [Argument::bigint(most - removed)];
            removed += spi::query_sized(&sql, &arguments, See::Latest, |_| Ok(()))? as i64;
        }
        Ok(Output::Integer(removed))
    })
}
