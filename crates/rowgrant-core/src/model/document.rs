//! The document's form.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize};

/// The whole document. Names of tables and types are given with their schema.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// The table of users; null where there is none.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub users: Option<Option<Users>>,
    /// The table of groups; null where there is none.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub groups: Option<Option<Groups>>,
    /// The application's tables of memberships.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memberships: Option<BTreeMap<String, Membership>>,
    /// Object types by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object_types: Option<BTreeMap<String, ObjectType>>,
    /// The subgroups of each group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subgroups: Option<BTreeMap<String, BTreeSet<Id>>>,
    /// The members of each group that the application has no table of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub members: Option<BTreeMap<String, BTreeSet<Id>>>,
    /// Whether grants of what is taken away may be dropped.
    #[serde(default, skip_serializing_if = "is_false")]
    pub drop_grants: bool,
}

/// As `register_users`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Users {
    pub relation: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active_column: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub superuser_column: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub anonymous_user: Option<Id>,
}

/// As `register_groups`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Groups {
    pub relation: String,
}

/// As `register_membership`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Membership {
    pub user_column: String,
    pub group_column: String,
}

/// As `protect`, with `relation`, or `define_object_type`, with `key_type`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObjectType {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relation: Option<String>,
    /// The key's columns; the primary key where it is not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner_column: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_type: Option<KeyType>,
    /// Each permission with those that it implies.
    #[serde(default = "default_perms")]
    pub perms: BTreeMap<String, BTreeSet<String>>,
}

/// The type of ids that are kept elsewhere: one, or that of each column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum KeyType {
    One(String),
    Columns(Vec<String>),
}

impl KeyType {
    /// One type, or those of the columns.
    pub fn names(&self) -> &[String] {
        match self {
            KeyType::One(name) => std::slice::from_ref(name),
            KeyType::Columns(names) => names,
        }
    }

    /// The shortest way to write these types.
    pub fn of(mut names: Vec<String>) -> Self {
        match names.len() {
            1 => KeyType::One(names.remove(0)),
            _ => KeyType::Columns(names),
        }
    }
}

/// The id of a user or a group: a string, or a whole number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Id(pub String);

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct IdVisitor;

        impl Visitor<'_> for IdVisitor {
            type Value = Id;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("an id, as a string or a whole number")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Id, E> {
                Ok(Id(text.to_owned()))
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Id, E> {
                Ok(Id(number.to_string()))
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Id, E> {
                Ok(Id(number.to_string()))
            }
        }

        deserializer.deserialize_any(IdVisitor)
    }
}

fn default_perms() -> BTreeMap<String, BTreeSet<String>> {
    ["add", "change", "delete", "view"].map(|name| (name.to_owned(), BTreeSet::new())).into()
}

fn is_false(flag: &bool) -> bool {
    !flag
}

/// Tells what is null from what is not given.
fn given<'de, T, D>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Option::deserialize(deserializer).map(Some)
}

/// Reads a document; the error names the path of the mistake.
pub fn parse(json: &str) -> Result<Model, String> {
    if !json.trim_start().starts_with('{') {
        return Err("it must be an object".into());
    }
    let mut deserializer = serde_json::Deserializer::from_str(json);
    serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        // The position within the text is of no use: jsonb does not keep what was typed.
        let inner = error.inner().to_string();
        let what = inner.rsplit_once(" at line ").map_or(inner.as_str(), |(what, _)| what);
        if path == "." { what.to_owned() } else { format!("{path}: {what}") }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_a_mistake_is_named() {
        let mistake = |json: &str| parse(json).unwrap_err();
        assert_eq!(mistake("[]"), "it must be an object");
        assert!(mistake(r#"{"object_types": {"d": {"tabel": "x"}}}"#).starts_with(
            "object_types.d.tabel: unknown field `tabel`, expected one of `relation`"
        ));
        assert_eq!(
            mistake(r#"{"object_types": {"d": {"perms": {"view": [1]}}}}"#),
            "object_types.d.perms.view[0]: invalid type: integer `1`, expected a string"
        );
        assert_eq!(
            mistake(r#"{"members": {"g": [1.5]}}"#),
            "members.g[0]: invalid type: floating point `1.5`, expected an id, as a string or a whole number"
        );
        assert_eq!(mistake(r#"{"users": {}}"#), "users: missing field `relation`");
    }

    #[test]
    fn null_is_not_the_same_as_not_given() {
        assert_eq!(parse(r#"{"users": null}"#).unwrap().users, Some(None));
        assert_eq!(parse("{}").unwrap(), Model::default());
        assert_eq!(serde_json::to_string(&Model::default()).unwrap(), "{}");
    }

    #[test]
    fn what_is_written_reads_back_the_same() {
        let json = r#"{"users":{"relation":"public.users","anonymous_user":"0"},"groups":null,"memberships":{"public.m":{"user_column":"u","group_column":"g"}},"object_types":{"d":{"relation":"public.d","key":["id"],"perms":{"edit":["view"],"view":[]}},"t":{"key_type":["integer","text"],"perms":{}}},"subgroups":{"a":["b"]},"members":{"a":["1","2"]},"drop_grants":true}"#;
        assert_eq!(serde_json::to_string(&parse(json).unwrap()).unwrap(), json);
        let short =
            parse(r#"{"members": {"a": [1, "2"]}, "object_types": {"t": {"key_type": "uuid"}}}"#);
        let short = short.unwrap();
        assert_eq!(short.members.unwrap()["a"], BTreeSet::from([Id("1".into()), Id("2".into())]));
        assert_eq!(short.object_types.unwrap()["t"].perms.len(), 4);
    }
}
