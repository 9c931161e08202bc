//! The triggers on the application's tables. Run as the extension's owner.

use pgrx::pg_sys::Oid;

use crate::catalog::Kind;
use crate::error::Result;
use crate::key::{KeyColumn, KeyShape};
use crate::pg::relation::{qualified_name, quote};
use crate::pg::spi::{self, Argument, See};
use crate::pg::types;

/// Names of the triggers for DELETE, UPDATE of the key, and TRUNCATE.
type Names = [&'static str; 3];

/// On protected tables.
pub const ON_OBJECTS: Names =
    ["rowgrant_object_delete", "rowgrant_object_key", "rowgrant_object_truncate"];
const ON_USERS: Names = ["rowgrant_user_delete", "rowgrant_user_key", "rowgrant_user_truncate"];
const ON_GROUPS: Names = ["rowgrant_group_delete", "rowgrant_group_key", "rowgrant_group_truncate"];

/// On the registered table of users or groups.
pub fn on_subjects_names(kind: Kind) -> Names {
    match kind {
        Kind::User => ON_USERS,
        Kind::Group => ON_GROUPS,
    }
}

/// Puts the triggers on a protected table, in place of those that are there.
pub fn on_objects(table: Oid, id: i32, columns: &[String], shape: &KeyShape) -> Result<()> {
    let key: Vec<(&str, Oid)> =
        columns.iter().map(String::as_str).zip(shape.base_types()).collect();
    create(table, ON_OBJECTS, "object_changed", &id.to_string(), &key)
}

/// Puts the triggers on the table of users or groups, in place of those that are there.
pub fn on_subjects(table: Oid, kind: Kind, key: &str, column: &KeyColumn) -> Result<()> {
    let names = on_subjects_names(kind);
    create(table, names, "subject_changed", kind.code(), &[(key, column.base)])
}

/// Row triggers, as partitions inherit them and every way of deleting fires them. The condition
/// keeps an UPDATE that leaves the key alone from calling anything.
fn create(
    table: Oid,
    [delete, update, truncate]: Names,
    function: &str,
    argument: &str,
    key: &[(&str, Oid)],
) -> Result<()> {
    let on = qualified_name(table);
    let unchanged = key
        .iter()
        .map(|(column, base)| {
            let column = quote(column);
            Ok(format!("OLD.{column} {} NEW.{column}", types::equality_operator(*base)?))
        })
        .collect::<Result<Vec<_>>>()?
        .join(" AND ");
    let run = format!("EXECUTE FUNCTION rowgrant.{function}('{argument}')");
    let wanted = [
        (delete, format!("AFTER DELETE ON {on} FOR EACH ROW {run}")),
        (update, format!("AFTER UPDATE ON {on} FOR EACH ROW WHEN (NOT ({unchanged})) {run}")),
        (truncate, format!("AFTER TRUNCATE ON {on} FOR EACH STATEMENT {run}")),
    ];
    if key_triggers_stand(table, delete, argument, key)? {
        return Ok(());
    }
    drop_from(table, [delete, update, truncate])?;
    for (name, definition) in wanted {
        spi::execute(&format!("CREATE TRIGGER {name} {definition}"), &[], See::Latest)?;
    }
    Ok(())
}

/// Whether these columns are the key for which the triggers were made. PostgreSQL keeps them right
/// when a column is renamed, and lets none be dropped without the trigger.
pub fn stand_on_key(table: Oid, id: i32, columns: &[String], shape: &KeyShape) -> Result<bool> {
    let key: Vec<(&str, Oid)> =
        columns.iter().map(String::as_str).zip(shape.base_types()).collect();
    key_triggers_stand(table, ON_OBJECTS[0], &id.to_string(), &key)
}

/// Whether the triggers are there already, for this very argument and key: then a second call of
/// protect takes no lock that would stop the application.
fn key_triggers_stand(table: Oid, name: &str, argument: &str, key: &[(&str, Oid)]) -> Result<bool> {
    let columns = key.iter().map(|(column, _)| (*column).to_owned()).collect();
    let found = spi::execute(
        "SELECT FROM pg_catalog.pg_trigger d, pg_catalog.pg_trigger u \
         WHERE d.tgrelid OPERATOR(pg_catalog.=) $1 AND d.tgname OPERATOR(pg_catalog.=) $2::pg_catalog.name \
         AND pg_catalog.strpos(pg_catalog.pg_get_triggerdef(d.oid), $3) OPERATOR(pg_catalog.>) 0 \
         AND u.tgrelid OPERATOR(pg_catalog.=) $1 \
         AND u.tgname OPERATOR(pg_catalog.=) pg_catalog.replace($2, '_delete', '_key')::pg_catalog.name \
         AND NOT EXISTS (SELECT FROM pg_catalog.unnest($4) c WHERE pg_catalog.strpos(\
         pg_catalog.pg_get_triggerdef(u.oid), 'old.' OPERATOR(pg_catalog.||) pg_catalog.quote_ident(c) OPERATOR(pg_catalog.||) ' ') OPERATOR(pg_catalog.=) 0)",
        &[
            Argument::oid(table),
            Argument::text(name),
            Argument::text(&format!("('{argument}')")),
            Argument::texts(columns),
        ],
        See::Latest,
    )?;
    Ok(found > 0)
}

/// Takes the triggers off a table.
pub fn drop_from(table: Oid, names: Names) -> Result<()> {
    let on = qualified_name(table);
    for name in names {
        let there = spi::execute(
            "SELECT FROM pg_catalog.pg_trigger WHERE tgrelid OPERATOR(pg_catalog.=) $1 \
             AND tgname OPERATOR(pg_catalog.=) $2::pg_catalog.name",
            &[Argument::oid(table), Argument::text(name)],
            See::Latest,
        )?;
        if there > 0 {
            spi::execute(&format!("DROP TRIGGER {name} ON {on}"), &[], See::Latest)?;
        }
    }
    Ok(())
}
