//! Removing grants, wherever they are. Run as the extension's owner.

use std::collections::BTreeMap;

use crate::error::{Error, Result};
use crate::key::{Family, Key};
use crate::pg::snapshot;
use crate::pg::spi::{self, Argument, See};

pub const FAMILIES: [Family; 3] = [Family::Bigint, Family::Uuid, Family::Text];

/// The number of grants of these permissions, on objects and at model level.
pub fn count(permissions: &[i32]) -> Result<i64> {
    Ok(count_on_objects(permissions)? + count_model_level(permissions)?)
}

/// The number of grants of these permissions at model level.
pub fn count_model_level(permissions: &[i32]) -> Result<i64> {
    count_in("model_grant", permissions)
}

/// The number of grants of these permissions on objects.
pub fn count_on_objects(permissions: &[i32]) -> Result<i64> {
    FAMILIES.iter().map(|family| count_in(family.table(), permissions)).sum()
}

fn count_in(table: &str, permissions: &[i32]) -> Result<i64> {
    let mut count = 0;
    let sql = format!(
        "SELECT pg_catalog.count(*) FROM rowgrant.{table} WHERE perm OPERATOR(pg_catalog.=) ANY ($1)"
    );
    spi::query(&sql, &[Argument::integers(permissions)], See::Latest, |row| {
        count = row.integer(1).unwrap_or_default();
        Ok(())
    })?;
    Ok(count)
}

/// Refuses with `2BP01` where there are grants.
pub fn refuse_any(count: i64, what: &str) -> Result<()> {
    if count == 0 {
        return Ok(());
    }
    let grants = if count == 1 { "1 grant".to_owned() } else { format!("{count} grants") };
    Err(Error::in_use(format!("{what} is in use: {grants} would be lost")).hint(
        "Revoke them first, or drop them too with drop_grants => true where the function has it.",
    ))
}

/// Removes all grants of these permissions, model-level ones too.
pub fn delete_of_permissions(permissions: &[i32]) -> Result<()> {
    delete_object_level(permissions)?;
    let sql = "DELETE FROM rowgrant.model_grant WHERE perm OPERATOR(pg_catalog.=) ANY ($1)";
    spi::execute(sql, &[Argument::integers(permissions)], See::Latest)?;
    Ok(())
}

/// Removes all grants of these permissions on single objects.
pub fn delete_object_level(permissions: &[i32]) -> Result<()> {
    for family in FAMILIES {
        let sql = format!(
            "DELETE FROM rowgrant.{} WHERE perm OPERATOR(pg_catalog.=) ANY ($1)",
            family.table()
        );
        spi::execute(&sql, &[Argument::integers(permissions)], See::Latest)?;
    }
    Ok(())
}

/// Removes all grants on one object.
pub fn delete_of_object(family: Family, key: &Key, permissions: &[i32]) -> Result<()> {
    let sql = format!(
        "DELETE FROM rowgrant.{} WHERE object OPERATOR(pg_catalog.=) $1 \
         AND perm OPERATOR(pg_catalog.=) ANY ($2)",
        family.table()
    );
    spi::execute(&sql, &[Argument::key(key), Argument::integers(permissions)], See::Latest)?;
    Ok(())
}

/// Removes all grants on these objects.
pub fn delete_of_objects(family: Family, keys: &[Key], permissions: &[i32]) -> Result<()> {
    let sql = format!(
        "DELETE FROM rowgrant.{} WHERE object OPERATOR(pg_catalog.=) ANY ($1) \
         AND perm OPERATOR(pg_catalog.=) ANY ($2)",
        family.table()
    );
    let arguments = [Argument::keys(family, keys.iter()), Argument::integers(permissions)];
    spi::query_sized(&sql, &arguments, See::Latest, |_| Ok(()))?;
    Ok(())
}

/// Gives the grants on an object to another, or to the same, with the permission's sign turned
/// where `turned` is set.
pub fn move_object(
    family: Family,
    from: &Key,
    to: &Key,
    permissions: &[i32],
    turned: bool,
) -> Result<()> {
    let perm = if turned { "OPERATOR(pg_catalog.-) perm" } else { "perm" };
    let sql = format!(
        "UPDATE rowgrant.{} SET object = $2, perm = {perm} \
         WHERE object OPERATOR(pg_catalog.=) $1 AND perm OPERATOR(pg_catalog.=) ANY ($3)",
        family.table()
    );
    let arguments = [Argument::key(from), Argument::key(to), Argument::integers(permissions)];
    spi::execute(&sql, &arguments, See::Latest)?;
    Ok(())
}

/// A grant, and who wrote it.
pub struct Written {
    /// Its place in the table, while this transaction keeps others from moving it.
    pub place: String,
    /// Whether this transaction did.
    pub is_ours: bool,
    /// By which of its commands.
    pub command: u32,
}

/// Calls `each` with the grants on one object.
pub fn each_of_object(
    family: Family,
    key: &Key,
    permissions: &[i32],
    mut each: impl FnMut(Written),
) -> Result<()> {
    let sql = format!(
        "SELECT ctid::pg_catalog.text, xmin, cmin FROM rowgrant.{} \
         WHERE object OPERATOR(pg_catalog.=) $1 AND perm OPERATOR(pg_catalog.=) ANY ($2)",
        family.table()
    );
    spi::query(&sql, &[Argument::key(key), Argument::integers(permissions)], See::Latest, |row| {
        if let (Some(place), Some(xmin), Some(cmin)) = (row.text(1), row.value(2), row.value(3)) {
            let is_ours = snapshot::is_current_transaction(xmin.as_oid().to_u32());
            each(Written { place, is_ours, command: cmin.as_oid().to_u32() });
        }
        Ok(())
    })?;
    Ok(())
}

/// Removes the grants at these places.
pub fn delete_at(family: Family, places: &[String]) -> Result<()> {
    if places.is_empty() {
        return Ok(());
    }
    let sql = format!(
        "DELETE FROM rowgrant.{} WHERE ctid OPERATOR(pg_catalog.=) ANY ($1::pg_catalog.tid[])",
        family.table()
    );
    spi::execute(&sql, &[Argument::texts(places.to_vec())], See::Latest)?;
    Ok(())
}

/// Removes the grants on one object that stand on another too.
pub fn delete_doubled(family: Family, key: &Key, other: &Key, permissions: &[i32]) -> Result<()> {
    let sql = format!(
        "DELETE FROM rowgrant.{table} g USING rowgrant.{table} o \
         WHERE g.object OPERATOR(pg_catalog.=) $1 AND g.perm OPERATOR(pg_catalog.=) ANY ($3) \
         AND o.object OPERATOR(pg_catalog.=) $2 AND o.perm OPERATOR(pg_catalog.=) g.perm \
         AND o.subject OPERATOR(pg_catalog.=) g.subject",
        table = family.table()
    );
    let arguments = [Argument::key(key), Argument::key(other), Argument::integers(permissions)];
    spi::execute(&sql, &arguments, See::Latest)?;
    Ok(())
}

/// Whether this transaction wrote one of the subjects from that command of its on.
pub fn written_since(subjects: &[i32], command: u32) -> Result<bool> {
    let mut found = false;
    spi::query(
        "SELECT xmin, cmin FROM rowgrant.subject WHERE id OPERATOR(pg_catalog.=) ANY ($1)",
        &[Argument::integers(subjects)],
        See::Latest,
        |row| {
            if let (Some(xmin), Some(cmin)) = (row.value(1), row.value(2)) {
                let is_ours = snapshot::is_current_transaction(xmin.as_oid().to_u32());
                found |= is_ours && cmin.as_oid().to_u32() >= command;
            }
            Ok(())
        },
    )?;
    Ok(found)
}

/// Removes subjects with all that they hold.
pub fn delete_subjects(ids: &[i32]) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    for (table, condition) in by_subject() {
        let sql = format!(
            "DELETE FROM rowgrant.{table} WHERE subject OPERATOR(pg_catalog.=) ANY ($1){condition}"
        );
        spi::execute(&sql, &[Argument::integers(ids)], See::Latest)?;
    }
    for (table, columns) in
        [("membership", ["user_subject", "group_subject"]), ("subgroup", ["child", "parent"])]
    {
        let [one, other] = columns;
        let sql = format!(
            "DELETE FROM rowgrant.{table} WHERE {one} OPERATOR(pg_catalog.=) ANY ($1) \
             OR {other} OPERATOR(pg_catalog.=) ANY ($1)"
        );
        spi::execute(&sql, &[Argument::integers(ids)], See::Latest)?;
    }
    let sql = "DELETE FROM rowgrant.subject WHERE id OPERATOR(pg_catalog.=) ANY ($1)";
    spi::execute(sql, &[Argument::integers(ids)], See::Latest)?;
    Ok(())
}

/// Removes the subjects of that kind that hold nothing and stand in no membership.
pub fn delete_idle_subjects(kind: &str) -> Result<()> {
    let memberships = [
        ("membership", "user_subject"),
        ("membership", "group_subject"),
        ("subgroup", "child"),
        ("subgroup", "parent"),
    ];
    let idle = without_grants().chain(memberships.map(|(table, column)| absent(table, column, "")));
    let sql = format!(
        "DELETE FROM rowgrant.subject s WHERE kind OPERATOR(pg_catalog.=) $1::pg_catalog.\"char\" AND {}",
        idle.collect::<Vec<_>>().join(" AND ")
    );
    spi::execute(&sql, &[Argument::text(kind)], See::Latest)?;
    Ok(())
}

/// Removes those of the subjects that hold nothing, with their memberships.
pub fn delete_subjects_without_grants(ids: &[i32]) -> Result<()> {
    let mut idle = Vec::new();
    let sql = format!(
        "SELECT s.id FROM rowgrant.subject s WHERE s.id OPERATOR(pg_catalog.=) ANY ($1) AND {}",
        without_grants().collect::<Vec<_>>().join(" AND ")
    );
    spi::query_sized(&sql, &[Argument::integers(ids)], See::Latest, |row| {
        idle.extend(row.integer(1).map(|id| id as i32));
        Ok(())
    })?;
    delete_subjects(&idle)
}

fn without_grants() -> impl Iterator<Item = String> {
    by_subject().into_iter().map(|(table, condition)| absent(table, "subject", condition))
}

fn absent(table: &str, column: &str, condition: &str) -> String {
    format!(
        "NOT EXISTS (SELECT FROM rowgrant.{table} \
         WHERE {column} OPERATOR(pg_catalog.=) s.id{condition})"
    )
}

/// All tables of grants, each as often as it has indexes by subject, with the condition, to follow
/// another one, that lets the index serve: grants that expire have one of their own.
pub fn by_subject() -> Vec<(&'static str, &'static str)> {
    let parts =
        |table| [(table, " AND expires_at IS NULL"), (table, " AND expires_at IS NOT NULL")];
    let tables = FAMILIES.map(Family::table).into_iter().flat_map(parts);
    tables.chain([("model_grant", "")]).collect()
}

/// The subjects of that kind, all or the one with that key, as of now.
pub fn subjects(kind: &str, key: Option<&Key>) -> Result<Vec<i32>> {
    let mut ids = Vec::new();
    let text = key.map(Key::to_text);
    let mut arguments = vec![Argument::text(kind)];
    let mut sql = "SELECT id FROM rowgrant.subject \
                   WHERE kind OPERATOR(pg_catalog.=) $1::pg_catalog.\"char\""
        .to_owned();
    if let Some(text) = &text {
        sql.push_str(" AND key OPERATOR(pg_catalog.=) $2");
        arguments.push(Argument::text(text));
    }
    spi::query(&sql, &arguments, See::Latest, |row| {
        ids.extend(row.integer(1).map(|id| id as i32));
        Ok(())
    })?;
    Ok(ids)
}

/// The subjects of that kind with these keys, as of now.
pub fn subjects_among(kind: &str, keys: Vec<String>) -> Result<Vec<i32>> {
    let mut ids = Vec::new();
    spi::query_sized(
        "SELECT id FROM rowgrant.subject WHERE key OPERATOR(pg_catalog.=) ANY ($2) \
         AND kind OPERATOR(pg_catalog.=) $1::pg_catalog.\"char\"",
        &[Argument::text(kind), Argument::texts(keys)],
        See::Latest,
        |row| {
            ids.extend(row.integer(1).map(|id| id as i32));
            Ok(())
        },
    )?;
    Ok(ids)
}

/// The subjects of that kind with their keys.
pub fn stored_subjects(kind: &str) -> Result<Vec<(i32, String)>> {
    let mut subjects = Vec::new();
    spi::query(
        "SELECT id, key FROM rowgrant.subject \
         WHERE kind OPERATOR(pg_catalog.=) $1::pg_catalog.\"char\" ORDER BY id",
        &[Argument::text(kind)],
        See::Latest,
        |row| {
            subjects
                .push((row.integer(1).unwrap_or_default() as i32, row.text(2).unwrap_or_default()));
            Ok(())
        },
    )?;
    Ok(subjects)
}

/// Gives a subject another key.
pub fn rename_subject(id: i32, from: &str, to: &str) -> Result<()> {
    if from != to {
        spi::execute(
            "UPDATE rowgrant.subject SET key = $2 WHERE id OPERATOR(pg_catalog.=) $1",
            &[Argument::integer(id), Argument::text(to)],
            See::Latest,
        )?;
    }
    Ok(())
}

/// The objects on which there are grants of these permissions.
pub fn objects(family: Family, permissions: &[i32]) -> Result<Vec<Key>> {
    let mut found = Vec::new();
    let sql = format!(
        "SELECT DISTINCT object FROM rowgrant.{} WHERE perm OPERATOR(pg_catalog.=) ANY ($1)",
        family.table()
    );
    spi::query_sized(&sql, &[Argument::integers(permissions)], See::Latest, |row| {
        found.extend(row.value(1).map(|object| object.as_key(family)));
        Ok(())
    })?;
    Ok(found)
}

/// Moves the grants on objects to other keys, from one family's table to another's.
pub fn rekey(
    (from, to): (Family, Family),
    keys: &BTreeMap<Key, Key>,
    permissions: &[i32],
) -> Result<()> {
    let changed = || keys.iter().filter(|(old, new)| old != new);
    let sql = format!(
        "WITH gone AS (DELETE FROM rowgrant.{} g USING ROWS FROM (pg_catalog.unnest($1), \
         pg_catalog.unnest($2)) k (old, new) WHERE g.object OPERATOR(pg_catalog.=) k.old \
         AND g.perm OPERATOR(pg_catalog.=) ANY ($3) \
         RETURNING k.new, g.perm, g.subject, g.expires_at) \
         INSERT INTO rowgrant.{} (object, perm, subject, expires_at) SELECT * FROM gone",
        from.table(),
        to.table()
    );
    let arguments = [
        Argument::keys(from, changed().map(|(old, _)| old)),
        Argument::keys(to, changed().map(|(_, new)| new)),
        Argument::integers(permissions),
    ];
    spi::query_sized(&sql, &arguments, See::Latest, |_| Ok(()))?;
    Ok(())
}
