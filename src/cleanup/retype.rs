//! ALTER COLUMN TYPE of a key: its grants, or subjects, are brought to the new type's form. Run as
//! the extension's owner, after the statement.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use pgrx::pg_sys::{self, Oid};

use super::grants;
use crate::catalog::{self, Kind, ObjectType, SubjectSource};
use crate::error::{Error, Result};
use crate::key::{Family, Key, KeyColumn, KeyShape};
use crate::pg::relation::Relation;
use crate::pg::scan::has_row;
use crate::pg::spi::{self, Argument, See};
use crate::pg::value::Value;
use crate::pg::{owner, snapshot, types};

/// A column of a key as it is now.
struct Column {
    declared: Oid,
    modifier: i32,
    key: KeyColumn,
}

impl Column {
    fn of(relation: &Relation, name: &str) -> Result<Self> {
        let (number, declared) = relation.required_column(name)?;
        let key = KeyColumn::new(declared, relation.collation(number)).map_err(|why| {
            Error::argument(format!(
                "column \"{name}\" is a key, and type {} cannot be one: {why}",
                types::name(declared)
            ))
            .hint("Call rowgrant.unprotect first.")
        })?;
        Ok(Self { declared, modifier: relation.type_modifier(number), key })
    }

    /// What the same cast as that of the column makes of its former values; those of which it makes
    /// none are left out.
    fn converted(
        &self,
        table: Oid,
        former: Oid,
        parts: BTreeSet<Key>,
    ) -> Result<HashMap<Key, Key>> {
        let mut former_values = Vec::new();
        let mut known = Vec::new();
        // Arrays have no arrays of their own.
        let is_array = types::array_element(former).is_some();
        let element = if is_array { pg_sys::TEXTOID } else { former };
        for part in parts {
            if let Some(value) = Value::of_key(&part, element)? {
                former_values.push(value);
                known.push(part);
            }
        }
        // The new type may have no cast from the former one at all.
        if known.is_empty() {
            return Ok(HashMap::new());
        }
        let first = match is_array {
            true => format!("::{}", types::qualified_name(former)),
            false => String::new(),
        };
        let sql = format!(
            "SELECT pg_catalog.unnest($1){first}::{}",
            types::with_modifier(self.declared, self.modifier)
        );
        let mut converted = HashMap::new();
        let mut known = known.into_iter();
        owner::run_for(table, || {
            let arguments = [Argument::values(element, &former_values)];
            spi::query_sized(&sql, &arguments, See::Latest, |row| {
                if let (Some(former), Some(value)) = (known.next(), row.value(1)) {
                    converted.insert(former, self.key.of_value(value, "key")?);
                }
                Ok(())
            })
        })?;
        Ok(converted)
    }
}

/// The error of a key that the new type spells otherwise.
fn lost(key: &Key) -> Error {
    Error::in_use(format!("the grants on \"{}\" would be lost", key.to_text()))
        .hint("As the new type spells it, there is no such row. Revoke them first.")
}

/// Brings the grants of an object type to the type that its key's columns have now.
pub fn objects(object_type: &ObjectType) -> Result<()> {
    let Some(table) = object_type.relation else { return Ok(()) };
    let columns = {
        let relation = Relation::open(table);
        let columns = object_type.key_columns.iter().map(|name| Column::of(&relation, name));
        columns.collect::<Result<Vec<_>>>()?
    };
    let declared: Vec<Oid> = columns.iter().map(|column| column.declared).collect();
    let shape = KeyShape::new(columns.iter().map(|column| column.key.clone()).collect());
    spi::execute(
        "UPDATE rowgrant.object_type SET key_types = $2::pg_catalog.regtype[] \
         WHERE id OPERATOR(pg_catalog.=) $1 \
         AND key_types::pg_catalog.oid[] OPERATOR(pg_catalog.<>) $2",
        &[Argument::integer(object_type.id), Argument::oids(&declared)],
        See::Latest,
    )?;
    // Numbers stay what they are.
    if shape.family() == Family::Bigint && object_type.shape.family() == Family::Bigint {
        return Ok(());
    }
    let permissions = object_type.permission_ids();
    let former = grants::objects(object_type.shape.family(), &permissions)?;
    let parts = former.iter().map(|key| object_type.shape.split(key));
    let parts = parts.collect::<Result<Vec<_>>>()?;
    let mut converted = Vec::new();
    for (n, (column, base)) in columns.iter().zip(object_type.shape.base_types()).enumerate() {
        let all = parts.iter().map(|parts| parts[n].clone()).collect();
        converted.push(column.converted(table, base, all)?);
    }
    let mut keys = BTreeMap::new();
    for (old, parts) in former.into_iter().zip(parts) {
        let new = parts.iter().zip(&converted).map(|(part, by_part)| by_part.get(part).cloned());
        let new = new.collect::<Option<Vec<_>>>().ok_or_else(|| lost(&old))?;
        keys.insert(old, KeyShape::of_parts(new));
    }
    let new: BTreeSet<Key> = keys.values().cloned().collect();
    let existing = snapshot::with_latest(|| {
        let now = catalog::object_type_by_id(object_type.id)?;
        now.map_or(Ok(BTreeSet::new()), |now| now.existing(&new, See::Latest))
    })?;
    if let Some((old, _)) = keys.iter().find(|(_, new)| !existing.contains(new)) {
        return Err(lost(old));
    }
    grants::rekey((object_type.shape.family(), shape.family()), &keys, &permissions)
}

/// Brings the users, or groups, to the type that their table's key has now.
pub fn subjects(kind: Kind, source: &SubjectSource) -> Result<()> {
    let now = Column::of(&Relation::open(source.relation), &source.key_column)?;
    spi::execute(
        "UPDATE rowgrant.subject_source SET key_type = $2 \
         WHERE kind OPERATOR(pg_catalog.=) $1::pg_catalog.\"char\" \
         AND key_type::pg_catalog.oid OPERATOR(pg_catalog.<>) $2",
        &[Argument::text(kind.code()), Argument::oid(now.declared)],
        See::Latest,
    )?;
    if now.key.is_integer() && source.column.is_integer() {
        return Ok(());
    }
    let mut former = Vec::new();
    for (id, stored) in grants::stored_subjects(kind.code())? {
        former.push((id, source.column.of_stored(&stored)?, stored));
    }
    let anonymous = source.anonymous_user.iter().cloned();
    let all = former.iter().map(|(_, key, _)| key.clone()).chain(anonymous).collect();
    let converted = now.converted(source.relation, source.column.base, all)?;
    for (id, old, stored) in former {
        let new = converted.get(&old).ok_or_else(|| lost(&old))?;
        let there = || has_row(source.relation, &[(&source.key_column, new)]);
        if !snapshot::with_latest(there)? {
            return Err(lost(&old));
        }
        grants::rename_subject(id, &stored, &new.to_text())?;
    }
    if let Some(anonymous) = &source.anonymous_user {
        let new = converted.get(anonymous).ok_or_else(|| lost(anonymous))?;
        spi::execute(
            "UPDATE rowgrant.subject_source SET anonymous_user = $2 \
             WHERE kind OPERATOR(pg_catalog.=) $1::pg_catalog.\"char\" \
             AND anonymous_user OPERATOR(pg_catalog.<>) $2",
            &[Argument::text(kind.code()), Argument::text(&new.to_text())],
            See::Latest,
        )?;
    }
    Ok(())
}
