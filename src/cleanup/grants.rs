//! Removing grants, wherever they are. Run as the extension's owner.

use crate::error::{Error, Result};
use crate::key::{Family, Key};
use crate::pg::spi::{self, Argument, See};

const FAMILIES: [Family; 3] = [Family::Bigint, Family::Uuid, Family::Text];

/// The number of grants of these permissions, on objects and at model level.
pub fn count(permissions: &[i32]) -> Result<i64> {
    Ok(count_on_objects(permissions)? + count_in("model_grant", permissions)?)
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

/// Lets the grants follow an object whose key has changed.
pub fn move_object(family: Family, from: &Key, to: &Key, permissions: &[i32]) -> Result<()> {
    let sql = format!(
        "UPDATE rowgrant.{} SET object = $2 WHERE object OPERATOR(pg_catalog.=) $1 \
         AND perm OPERATOR(pg_catalog.=) ANY ($3)",
        family.table()
    );
    let arguments = [Argument::key(from), Argument::key(to), Argument::integers(permissions)];
    spi::execute(&sql, &arguments, See::Latest)?;
    Ok(())
}

/// Removes subjects with all that they hold.
pub fn delete_subjects(ids: &[i32]) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    let tables = FAMILIES.map(Family::table);
    for table in tables.into_iter().chain(["model_grant"]) {
        let sql =
            format!("DELETE FROM rowgrant.{table} WHERE subject OPERATOR(pg_catalog.=) ANY ($1)");
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
    let grants = FAMILIES.map(Family::table).into_iter().chain(["model_grant"]);
    let memberships = [
        ("membership", "user_subject"),
        ("membership", "group_subject"),
        ("subgroup", "child"),
        ("subgroup", "parent"),
    ];
    let idle = grants.map(|table| (table, "subject")).chain(memberships).map(|(table, column)| {
        format!(
            "NOT EXISTS (SELECT FROM rowgrant.{table} g \
             WHERE g.{column} OPERATOR(pg_catalog.=) s.id)"
        )
    });
    let sql = format!(
        "DELETE FROM rowgrant.subject s WHERE kind OPERATOR(pg_catalog.=) $1::pg_catalog.\"char\" AND {}",
        idle.collect::<Vec<_>>().join(" AND ")
    );
    spi::execute(&sql, &[Argument::text(kind)], See::Latest)?;
    Ok(())
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
