//! The subject of a grant: checked against the application's table, and made where it is new.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::catalog::{self, Kind, Sources, SubjectSource, built_in_group};
use crate::error::{Error, Result};
use crate::key::Key;
use crate::pg::attempt::past_conflict;
use crate::pg::relation::{qualified_name, quote};
use crate::pg::spi::{self, Argument, See};
use crate::pg::types;
use crate::pg::value::Value;
use crate::pg::{inherit, lock, owner, snapshot};

/// Keeps what ids of that kind mean as it is until the transaction ends; the error where another table
/// was registered since the statement began.
pub fn hold_ids(kind: Kind) -> Result<()> {
    lock::keep_ids(kind.ids())?;
    let before = catalog::sources()?;
    snapshot::with_latest(|| check_same_ids(kind, &before))
}

/// Whether ids of that kind mean what they did `before`; the error where they do not.
pub fn check_same_ids(kind: Kind, before: &Sources) -> Result<()> {
    let now = catalog::sources()?;
    if SubjectSource::same_ids(kind.source(before), kind.source(&now)) {
        return Ok(());
    }
    Err(Error::undefined(format!("the table of {}s was registered anew just now", kind.noun()))
        .hint("Try again."))
}

/// The id's canonical form; the built-in group as its own subject.
pub enum Grantee {
    BuiltIn(i32),
    Key(Key),
}

impl std::fmt::Display for Grantee {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Grantee::BuiltIn(subject) => f.write_str(catalog::built_in_name(*subject)),
            Grantee::Key(key) => f.write_str(&key.to_text()),
        }
    }
}

impl Grantee {
    pub fn new(kind: Kind, id: Value) -> Result<Self> {
        if kind == Kind::Group
            && let Some(subject) = built_in_group(&id.print())
        {
            return Ok(Grantee::BuiltIn(subject));
        }
        let sources = catalog::sources()?;
        let what = format!("{} id", kind.noun());
        SubjectSource::canonical(kind.source(&sources), id, &what).map(Grantee::Key)
    }

    /// The subject to grant to. A registered user or group is locked as a foreign key locks, so
    /// that it cannot be deleted before this transaction ends. Run as the extension's owner.
    pub fn for_grant(&self, kind: Kind) -> Result<i32> {
        let key = match self {
            Grantee::BuiltIn(subject) => return Ok(*subject),
            Grantee::Key(key) => key,
        };
        let sources = catalog::sources()?;
        if let Some(source) = kind.source(&sources) {
            lock_row(source, kind, key)?;
        }
        // Only now: the user may have been deleted and created anew while the lock was waited for.
        if let Some(known) = self.for_removal(kind)? {
            return Ok(known);
        }
        let insert = || {
            spi::execute(
                "INSERT INTO rowgrant.subject (kind, key) \
             SELECT $1::pg_catalog.\"char\", $2 WHERE NOT EXISTS (SELECT FROM rowgrant.subject \
             WHERE key OPERATOR(pg_catalog.=) $2 AND kind OPERATOR(pg_catalog.=) $1::pg_catalog.\"char\") \
             ON CONFLICT (key, kind) DO NOTHING",
                &[Argument::text(kind.code()), Argument::text(&key.to_text())],
                See::Latest,
            )
        };
        past_conflict(insert)?;
        self.for_removal(kind)?.ok_or_else(|| Error::internal("the subject just made is gone"))
    }

    /// The subject to revoke from, if it holds anything.
    pub fn for_removal(&self, kind: Kind) -> Result<Option<i32>> {
        match self {
            Grantee::BuiltIn(subject) => Ok(Some(*subject)),
            Grantee::Key(key) => {
                let mut found = None;
                spi::query(
                    "SELECT id FROM rowgrant.subject WHERE key OPERATOR(pg_catalog.=) $2 \
                     AND kind OPERATOR(pg_catalog.=) $1::pg_catalog.\"char\"",
                    &[Argument::text(kind.code()), Argument::text(&key.to_text())],
                    See::Latest,
                    |row| {
                        found = row.integer(1).map(|id| id as i32);
                        Ok(())
                    },
                )?;
                Ok(found)
            }
        }
    }
}

/// The subjects to grant to, one for each key, as `Grantee::for_grant` finds one: the registered
/// rows are locked in the order of their keys, and what is new is made in one statement. Run as the
/// extension's owner.
pub fn for_grants(kind: Kind, keys: &BTreeSet<Key>) -> Result<BTreeMap<Key, i32>> {
    let sources = catalog::sources()?;
    if let Some(source) = kind.source(&sources) {
        lock_rows(source, kind, keys)?;
    }
    let known = for_removals(kind, keys)?;
    let new: Vec<String> =
        keys.iter().filter(|key| !known.contains_key(key)).map(Key::to_text).collect();
    if new.is_empty() {
        return Ok(known);
    }
    let insert = || {
        spi::query_sized(
            "INSERT INTO rowgrant.subject (kind, key) SELECT $1::pg_catalog.\"char\", k \
         FROM pg_catalog.unnest($2) k ORDER BY k COLLATE pg_catalog.\"C\" \
         ON CONFLICT (key, kind) DO NOTHING",
            &[Argument::text(kind.code()), Argument::texts(new.clone())],
            See::Latest,
            |_| Ok(()),
        )
    };
    past_conflict(insert)?;
    let made = for_removals(kind, keys)?;
    if made.len() < keys.len() {
        return Err(Error::internal("a subject just made is gone"));
    }
    Ok(made)
}

/// The subjects to revoke from, of those keys that hold anything.
pub fn for_removals(kind: Kind, keys: &BTreeSet<Key>) -> Result<BTreeMap<Key, i32>> {
    let by_text: HashMap<String, &Key> = keys.iter().map(|key| (key.to_text(), key)).collect();
    let mut found = BTreeMap::new();
    spi::query_sized(
        "SELECT id, key FROM rowgrant.subject \
         WHERE key OPERATOR(pg_catalog.=) ANY ($2) \
         AND kind OPERATOR(pg_catalog.=) $1::pg_catalog.\"char\"",
        &[Argument::text(kind.code()), Argument::texts(by_text.keys().cloned().collect())],
        See::Latest,
        |row| {
            if let (Some(id), Some(text)) = (row.integer(1), row.text(2))
                && let Some(key) = by_text.get(&text)
            {
                found.insert((*key).clone(), id as i32);
            }
            Ok(())
        },
    )?;
    Ok(found)
}

fn lock_rows(source: &SubjectSource, kind: Kind, keys: &BTreeSet<Key>) -> Result<()> {
    let table = qualified_name(source.relation);
    let column = quote(&source.key_column);
    let sql = format!(
        "SELECT t.{column} FROM {table} t WHERE t.{column} {} ANY ($1){} \
         ORDER BY t.{column} FOR KEY SHARE",
        types::equality_operator(source.column.base)?,
        inherit::and_reliable(source.relation, "t")
    );
    let mut found = BTreeSet::new();
    let arguments = [Argument::keys_as(source.column.base, keys)?];
    owner::run_for(source.relation, || {
        spi::query_sized(&sql, &arguments, See::Latest, |row| {
            if let Some(id) = row.value(1) {
                found.insert(source.column.of_value(id, "id")?);
            }
            Ok(())
        })
    })?;
    match keys.difference(&found).next() {
        Some(missing) => Err(missing_row(&table, kind, missing)),
        None => Ok(()),
    }
}

fn missing_row(table: &str, kind: Kind, key: &Key) -> Error {
    Error::foreign_key(format!("{} \"{}\" does not exist in {table}", kind.noun(), key.to_text()))
        .hint(format!(
            "Insert it into {table} first: it is the registered table of {}s.",
            kind.noun()
        ))
}

fn lock_row(source: &SubjectSource, kind: Kind, key: &Key) -> Result<()> {
    let table = qualified_name(source.relation);
    let missing = || missing_row(&table, kind, key);
    let Some(value) = Value::of_key(key, source.column.base)? else { return Err(missing()) };
    let sql = format!(
        "SELECT FROM {table} t WHERE t.{} {} $1{} FOR KEY SHARE",
        quote(&source.key_column),
        types::equality_operator(source.column.base)?,
        inherit::and_reliable(source.relation, "t")
    );
    let arguments = [Argument::value(value)];
    match owner::run_for(source.relation, || spi::execute(&sql, &arguments, See::Latest))? {
        0 => Err(missing()),
        _ => Ok(()),
    }
}
