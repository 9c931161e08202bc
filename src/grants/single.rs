//! Grants as rows of the grant tables. Run as the extension's owner.

use crate::catalog::ObjectType;
use crate::error::{Error, Result};
use crate::key::{Family, Key};
use crate::pg::attempt::past_conflict;
use crate::pg::relation::{qualified_name, quote};
use crate::pg::spi::{self, Argument, See};
use crate::pg::types;
use crate::pg::value::Value;
use crate::pg::{inherit, owner};

/// Locks the object's row as a foreign key locks, so that it cannot be deleted, nor its key
/// changed, before this transaction ends; `23503` where there is no such row.
pub fn lock_object(object_type: &ObjectType, key: &Key) -> Result<()> {
    let Some(table) = object_type.relation else { return object_type.check_value(key) };
    let missing = || missing_object(object_type, key);
    let mut conditions = Vec::new();
    let mut arguments = Vec::new();
    let parts = object_type.shape.split(key)?;
    let bases = object_type.shape.base_types();
    for ((name, part), base) in object_type.key_columns.iter().zip(&parts).zip(bases) {
        let Some(value) = Value::of_key(part, base)? else { return Err(missing()) };
        arguments.push(Argument::value(value));
        conditions.push(format!(
            "t.{} {} ${}",
            quote(name),
            types::equality_operator(base)?,
            arguments.len()
        ));
    }
    let sql = format!(
        "SELECT FROM {} t WHERE {}{} FOR KEY SHARE",
        qualified_name(table),
        conditions.join(" AND "),
        inherit::and_reliable(table, "t")
    );
    match owner::run_for(table, || spi::execute(&sql, &arguments, See::Latest))? {
        0 => Err(missing()),
        _ => Ok(()),
    }
}

/// `23503`: the table has no row with that key.
pub fn missing_object(object_type: &ObjectType, key: &Key) -> Error {
    let table = object_type.relation.map(qualified_name).unwrap_or_default();
    Error::foreign_key(format!(
        "object \"{}\" of type \"{}\" does not exist",
        key.to_text(),
        object_type.name
    ))
    .hint(format!("There is no such row in {table}."))
}

/// Grants on one object; whether that added a grant or changed its expiry.
pub fn add(
    family: Family,
    key: &Key,
    permission: i32,
    subject: i32,
    expires_at: Option<i64>,
) -> Result<bool> {
    let sql = match family {
        Family::Bigint => {
            "INSERT INTO rowgrant.grant_bigint AS g (object, perm, subject, expires_at) \
             VALUES ($1, $2, $3, $4) ON CONFLICT (object, perm, subject) \
             DO UPDATE SET expires_at = EXCLUDED.expires_at \
             WHERE g.expires_at IS DISTINCT FROM EXCLUDED.expires_at"
        }
        Family::Uuid => {
            "INSERT INTO rowgrant.grant_uuid AS g (object, perm, subject, expires_at) \
             VALUES ($1, $2, $3, $4) ON CONFLICT (object, perm, subject) \
             DO UPDATE SET expires_at = EXCLUDED.expires_at \
             WHERE g.expires_at IS DISTINCT FROM EXCLUDED.expires_at"
        }
        Family::Text => {
            "INSERT INTO rowgrant.grant_text AS g (object, perm, subject, expires_at) \
             VALUES ($1, $2, $3, $4) ON CONFLICT (object, perm, subject) \
             DO UPDATE SET expires_at = EXCLUDED.expires_at \
             WHERE g.expires_at IS DISTINCT FROM EXCLUDED.expires_at"
        }
    };
    let arguments = [
        Argument::key(key),
        Argument::integer(permission),
        Argument::integer(subject),
        Argument::timestamp(expires_at),
    ];
    past_conflict(|| Ok(spi::execute(sql, &arguments, See::Latest)? > 0))
}

/// Changes when a grant expires; whether it stands.
pub fn set_expiry(
    family: Family,
    key: &Key,
    permission: i32,
    subject: i32,
    expires_at: Option<i64>,
) -> Result<bool> {
    let sql = format!(
        "UPDATE rowgrant.{} SET expires_at = $4 WHERE object OPERATOR(pg_catalog.=) $1 \
         AND perm OPERATOR(pg_catalog.=) $2 AND subject OPERATOR(pg_catalog.=) $3",
        family.table()
    );
    let arguments = [
        Argument::key(key),
        Argument::integer(permission),
        Argument::integer(subject),
        Argument::timestamp(expires_at),
    ];
    Ok(spi::execute(&sql, &arguments, See::Latest)? > 0)
}

/// Revokes on one object; whether there was such a grant.
pub fn remove(family: Family, key: &Key, permission: i32, subject: i32) -> Result<bool> {
    let sql = match family {
        Family::Bigint => {
            "DELETE FROM rowgrant.grant_bigint WHERE object OPERATOR(pg_catalog.=) $1 \
             AND perm OPERATOR(pg_catalog.=) $2 AND subject OPERATOR(pg_catalog.=) $3"
        }
        Family::Uuid => {
            "DELETE FROM rowgrant.grant_uuid WHERE object OPERATOR(pg_catalog.=) $1 \
             AND perm OPERATOR(pg_catalog.=) $2 AND subject OPERATOR(pg_catalog.=) $3"
        }
        Family::Text => {
            "DELETE FROM rowgrant.grant_text WHERE object OPERATOR(pg_catalog.=) $1 \
             AND perm OPERATOR(pg_catalog.=) $2 AND subject OPERATOR(pg_catalog.=) $3"
        }
    };
    let arguments = [Argument::key(key), Argument::integer(permission), Argument::integer(subject)];
    Ok(spi::execute(sql, &arguments, See::Latest)? > 0)
}

/// Grants at model level; whether that added a grant.
pub fn add_model_level(permission: i32, subject: i32) -> Result<bool> {
    let arguments = [Argument::integer(permission), Argument::integer(subject)];
    let sql = "INSERT INTO rowgrant.model_grant (perm, subject) VALUES ($1, $2) \
               ON CONFLICT (perm, subject) DO NOTHING";
    past_conflict(|| Ok(spi::execute(sql, &arguments, See::Latest)? > 0))
}

/// Revokes at model level; whether there was such a grant.
pub fn remove_model_level(permission: i32, subject: i32) -> Result<bool> {
    let arguments = [Argument::integer(permission), Argument::integer(subject)];
    let sql = "DELETE FROM rowgrant.model_grant WHERE perm OPERATOR(pg_catalog.=) $1 \
               AND subject OPERATOR(pg_catalog.=) $2";
    Ok(spi::execute(sql, &arguments, See::Latest)? > 0)
}
