//! The case's tables in SQL, and how its users, groups, objects and permissions are written.

use rand::Rng;
use rand::rngs::StdRng;

use super::case::{Case, TableLayout, TypeLayout};
use super::family::{FAMILIES, Family, NAME};
use super::model::Subject;

/// Makes what all cases of a database share: the schema `pool` with a table of the values of each
/// family in three spellings, and the schema `app` of the application's tables.
pub fn pool() -> Vec<String> {
    let mut sql: Vec<String> = [
        "CREATE SCHEMA pool",
        "CREATE SCHEMA app",
        "GRANT USAGE ON SCHEMA pool, app TO PUBLIC",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA pool, app GRANT SELECT ON TABLES TO PUBLIC",
        "CREATE EXTENSION citext SCHEMA public",
        "CREATE TYPE pool.mood AS ENUM ('so so', 'ok', 'OK', 'a,b', '7', 'gone')",
        "CREATE TYPE pool.pair AS (a integer, b text)",
        // A statement's only answer, or the SQLSTATE that it raises.
        "CREATE FUNCTION pool.attempt(statement text) RETURNS text LANGUAGE plpgsql AS $$
         DECLARE answer text;
         BEGIN
             EXECUTE statement INTO answer;
             RETURN answer;
         EXCEPTION WHEN OTHERS THEN RETURN SQLSTATE;
         END $$",
    ]
    .map(str::to_owned)
    .into();
    for family in FAMILIES.iter().chain([&NAME]) {
        let Family { name, value, .. } = family;
        sql.push(format!("CREATE TABLE pool.{name} (n integer, spelling integer, txt text, key {value})"));
        let mut rows = Vec::new();
        for n in 0..family.keys.len() {
            for spelling in 0..3 {
                let text = quote(family.text(n, spelling));
                rows.push(format!("({n}, {spelling}, {text}, {text})"));
            }
        }
        sql.push(format!("INSERT INTO pool.{name} VALUES {}", rows.join(", ")));
        sql.push(format!("ANALYZE pool.{name}"));
        if !family.is_composite() {
            sql.push(format!("CREATE DOMAIN pool.{name}_domain AS {}", family.column));
        }
    }
    sql
}

/// Finds pairs of values of which the pools say that they are equal, or not, and PostgreSQL does
/// not agree.
pub fn mistakes_in_pool() -> String {
    let mut parts = Vec::new();
    for family in FAMILIES.iter().chain([&NAME]) {
        let Family { name, equals, .. } = family;
        parts.push(format!(
            "SELECT '{name}: ' || a.txt || ' and ' || b.txt FROM pool.{name} a, pool.{name} b \
             WHERE (a.key {equals} b.key) <> (a.n = b.n)"
        ));
    }
    parts.join(" UNION ALL ")
}

pub fn quote(text: &str) -> String {
    if text.contains('\\') {
        format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
    } else {
        format!("'{}'", text.replace('\'', "''"))
    }
}

impl Case {
    pub fn set_up(&self) -> Vec<String> {
        let mut sql = Vec::new();
        if self.users.registered {
            let users = &self.users;
            let id = column_type(users.family, users.domain);
            sql.push(format!(
                "CREATE TABLE app.users (id {id} PRIMARY KEY, active boolean, root boolean)"
            ));
            let option = |given: bool, value: &str| if given { quote(value) } else { "NULL".into() };
            let mut anonymous = "NULL".to_owned();
            if let Some(user) = users.anonymous {
                let id = quote(users.family.text(user, 0));
                sql.push(format!("INSERT INTO app.users VALUES ({id}, true, false)"));
                anonymous = quote(users.family.text(user, 1));
            }
            sql.push(format!(
                "SELECT rowgrant.register_users('app.users', {}, {}, {anonymous})",
                option(users.active_column, "active"),
                option(users.superuser_column, "root"),
            ));
        }
        if self.groups.registered {
            let id = self.groups.family.column;
            sql.push(format!("CREATE TABLE app.groups (id {id} PRIMARY KEY)"));
            sql.push("SELECT rowgrant.register_groups('app.groups')".into());
        }
        let reference = |table: &str| match self.foreign_keys {
            true => format!("REFERENCES app.{table} ON UPDATE CASCADE ON DELETE CASCADE"),
            false => String::new(),
        };
        let column = |family: &'static Family| match self.membership_other_type {
            true => family.other_column,
            false => family.column,
        };
        sql.push(format!(
            "CREATE TABLE app.memberships (team {} {}, note text, member {} {})",
            column(self.groups.family),
            reference("groups"),
            column(self.users.family),
            reference("users"),
        ));
        if self.membership_index {
            sql.push("CREATE INDEX ON app.memberships (member, team)".into());
        }
        sql.push("SELECT rowgrant.register_membership('app.memberships', 'member', 'team')".into());
        for (n, object_type) in self.types.iter().enumerate() {
            self.set_up_type(n, object_type, &mut sql);
        }
        sql
    }

    fn set_up_type(&self, n: usize, object_type: &TypeLayout, sql: &mut Vec<String>) {
        let name = type_name(n);
        let perms = object_type.perms.join(",");
        match &object_type.table {
            None => sql.push(format!(
                "SELECT rowgrant.define_object_type('{name}', '{}', '{{{perms}}}')",
                object_type.family.value
            )),
            Some(table) => {
                self.create_table(n, object_type.family, table, sql);
                let owner = if table.owner { "'owner'" } else { "NULL" };
                sql.push(format!(
                    "SELECT rowgrant.protect('{}', '{name}', '{{{perms}}}', owner_column => {owner})",
                    self.table(n)
                ));
            }
        }
        for (stronger, perm) in object_type.perms.iter().enumerate() {
            let implied: Vec<&str> = object_type
                .implies
                .iter()
                .filter(|(from, _)| *from == stronger)
                .map(|(_, to)| object_type.perms[*to])
                .collect();
            if !implied.is_empty() {
                let implied = implied.join(",");
                sql.push(format!("SELECT rowgrant.define_perm('{name}', '{perm}', '{{{implied}}}')"));
            }
        }
    }

    fn create_table(&self, n: usize, family: &Family, table: &TableLayout, sql: &mut Vec<String>) {
        let name = self.table(n);
        let owner = column_type(self.users.family, self.users.domain);
        // The key's columns stand in another order in the table than in the key.
        let (key_columns, key) = match family.is_composite() {
            true => ("b text, a integer".to_owned(), "a, b"),
            false => (format!("id {}", column_type(family, table.domain)), "id"),
        };
        let partitioned = if table.partitioned { format!(" PARTITION BY HASH ({key})") } else { String::new() };
        sql.push(format!(
            "CREATE TABLE {name} (gone integer, owner {owner}, {key_columns}, note text DEFAULT 'x', \
             PRIMARY KEY ({key})){partitioned}"
        ));
        if table.partitioned {
            for part in 0..2 {
                sql.push(format!(
                    "CREATE TABLE app.t{n}_{part} PARTITION OF {name} FOR VALUES WITH (MODULUS 2, REMAINDER {part})"
                ));
            }
        }
        if table.dropped_column {
            sql.push(format!("ALTER TABLE {name} DROP COLUMN gone"));
        }
    }

    /// The table of an object type, as SQL names it.
    pub fn table(&self, n: usize) -> String {
        match &self.types[n].table {
            Some(table) if table.quoted => format!("app.\"T {n}\""),
            _ => format!("app.t{n}"),
        }
    }

    /// The key of row `d` of an object type's table, as one value.
    pub fn key_of_row(&self, n: usize) -> &'static str {
        if self.types[n].family.is_composite() { "ROW(d.a, d.b)::pool.pair" } else { "d.id" }
    }

    /// A group's or user's id as SQL, in a random form.
    pub fn subject(&self, subject: Subject, rng: &mut StdRng) -> String {
        match subject {
            Subject::User(user) => literal(self.users.family, user, rng),
            Subject::Group(group) => literal(self.groups.family, group, rng),
            Subject::Everyone => "'everyone'".into(),
            Subject::Authenticated => "'authenticated'".into(),
        }
    }
}

pub fn type_name(n: usize) -> String {
    format!("type {n}")
}

fn column_type(family: &Family, domain: bool) -> String {
    if domain { format!("pool.{}_domain", family.name) } else { family.column.to_owned() }
}

/// A value as SQL, in a random spelling and of a random type or none.
pub fn literal(family: &Family, key: usize, rng: &mut StdRng) -> String {
    let text = quote(family.text(key, rng.random_range(0..3)));
    let form = rng.random_range(0..=family.given.len());
    match family.given.get(form) {
        None => text,
        Some(form) => {
            let typed = format!("{text}::{}", family.value);
            form.replace("txt", &format!("{text}::text")).replace("key", &typed)
        }
    }
}

/// A value of the family's own type, whose form does not matter.
pub fn typed(family: &Family, key: usize, rng: &mut StdRng) -> String {
    format!("{}::{}", quote(family.text(key, rng.random_range(0..3))), family.value)
}
