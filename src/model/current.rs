//! What stands, as a document. Run as the extension's owner.

use std::collections::{BTreeMap, BTreeSet};

use rowgrant_core::model::{Groups, Id, KeyType, Membership, Model, ObjectType, Users};

use crate::catalog;
use crate::error::Result;
use crate::key::Key;
use crate::pg::relation::{exists, qualified_name};
use crate::pg::spi::{self, See};
use crate::pg::value::Value;

/// The whole document, in canonical form.
pub fn current(see: See) -> Result<Model> {
    let sources = catalog::sources()?;
    let users = sources.users.as_ref().map(|users| Users {
        relation: qualified_name(users.relation),
        active_column: users.active_column.clone(),
        superuser_column: users.superuser_column.clone(),
        anonymous_user: users.anonymous_user.as_ref().map(Key::to_text).map(Id),
    });
    let groups =
        sources.groups.as_ref().map(|groups| Groups { relation: qualified_name(groups.relation) });
    let memberships = sources.memberships.iter().map(|membership| {
        let columns = Membership {
            user_column: membership.user_column.clone(),
            group_column: membership.group_column.clone(),
        };
        (qualified_name(membership.relation), columns)
    });
    Ok(Model {
        users: Some(users),
        groups: Some(groups),
        memberships: Some(memberships.collect()),
        object_types: Some(object_types(see)?),
        subgroups: Some(pairs(
            "SELECT p.key, c.key FROM rowgrant.subgroup s \
             JOIN rowgrant.subject p ON p.id OPERATOR(pg_catalog.=) s.parent \
             JOIN rowgrant.subject c ON c.id OPERATOR(pg_catalog.=) s.child",
            see,
        )?),
        members: Some(pairs(
            "SELECT g.key, u.key FROM rowgrant.membership m \
             JOIN rowgrant.subject g ON g.id OPERATOR(pg_catalog.=) m.group_subject \
             JOIN rowgrant.subject u ON u.id OPERATOR(pg_catalog.=) m.user_subject",
            see,
        )?),
        drop_grants: false,
    })
}

fn object_types(see: See) -> Result<BTreeMap<String, ObjectType>> {
    let mut types = BTreeMap::new();
    let texts = |value: Option<Value>| -> Vec<String> {
        value.map(Value::texts).unwrap_or_default().into_iter().flatten().collect()
    };
    spi::query(
        "SELECT name, relation::pg_catalog.oid, key_columns, ARRAY(SELECT \
         pg_catalog.format_type(k.key_type, NULL) FROM pg_catalog.unnest(key_types) \
         WITH ORDINALITY k (key_type, n) ORDER BY k.n), owner_column FROM rowgrant.object_type",
        &[],
        see,
        |row| {
            let relation = row.as_oid(2).filter(|oid| exists(*oid)).map(qualified_name);
            let has_table = relation.is_some();
            let object_type = ObjectType {
                relation,
                key: has_table.then(|| texts(row.value(3))),
                owner_column: row.value(5).map(Value::print),
                key_type: (!has_table).then(|| KeyType::of(texts(row.value(4)))),
                perms: BTreeMap::new(),
            };
            types.insert(row.text(1).unwrap_or_default(), object_type);
            Ok(())
        },
    )?;
    spi::query(
        "SELECT t.name, p.name, ARRAY(SELECT q.name FROM rowgrant.implication i \
         JOIN rowgrant.permission q ON q.id OPERATOR(pg_catalog.=) i.implied \
         WHERE i.permission OPERATOR(pg_catalog.=) p.id) FROM rowgrant.permission p \
         JOIN rowgrant.object_type t ON t.id OPERATOR(pg_catalog.=) p.object_type",
        &[],
        see,
        |row| {
            let (name, perm) = (row.text(1).unwrap_or_default(), row.text(2).unwrap_or_default());
            if let Some(object_type) = types.get_mut(&name) {
                object_type.perms.insert(perm, texts(row.value(3)).into_iter().collect());
            }
            Ok(())
        },
    )?;
    Ok(types)
}

fn pairs(sql: &str, see: See) -> Result<BTreeMap<String, BTreeSet<Id>>> {
    let mut found: BTreeMap<String, BTreeSet<Id>> = BTreeMap::new();
    spi::query(sql, &[], see, |row| {
        if let (Some(one), Some(other)) = (row.text(1), row.text(2)) {
            found.entry(one).or_default().insert(Id(other));
        }
        Ok(())
    })?;
    Ok(found)
}
