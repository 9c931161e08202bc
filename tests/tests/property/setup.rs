//! Brings a model about through SQL.

use rand::Rng;
use rand::rngs::StdRng;
use rowgrant_tests::literal;

use super::model::{Holder, Model};
use super::session::Session;

/// What is made once for a database.
pub const PRELUDE: &str = "
    CREATE EXTENSION citext;
    CREATE TYPE mood AS ENUM ('sad', 'so so');
    CREATE TYPE composite AS (a integer, b text);
    CREATE FUNCTION listed(u text, perms text[], any_perm boolean, g boolean, m boolean, s boolean, key_type text)
    RETURNS integer[] LANGUAGE plpgsql AS $$
    DECLARE found integer[]; listed bigint;
    BEGIN
        EXECUTE format('SELECT array_agg(n ORDER BY n), (SELECT count(*) FROM rowgrant.objects_for_user($1, $2, ''t'', NULL::%1$s, $3, $4, $5, $6))
            FROM keys WHERE k = ANY (ARRAY(SELECT rowgrant.objects_for_user($1, $2, ''t'', NULL::%1$s, $3, $4, $5, $6)))', key_type)
        INTO found, listed USING u, perms, any_perm, g, m, s;
        IF listed <> coalesce(cardinality(found), 0) THEN RAISE 'listed % objects, % of them known', listed, found; END IF;
        RETURN coalesce(found, '{}');
    EXCEPTION WHEN feature_not_supported THEN RETURN NULL;
    END $$;
    CREATE FUNCTION listed_by_group(g text, p text, key_type text) RETURNS integer[] LANGUAGE plpgsql AS $$
    DECLARE found integer[];
    BEGIN
        EXECUTE format('SELECT coalesce(array_agg(n ORDER BY n), ''{}'') FROM keys
            WHERE k = ANY (ARRAY(SELECT rowgrant.objects_for_group($1, $2, ''t'', NULL::%1$s)))', key_type)
        INTO found USING g, p;
        RETURN found;
    EXCEPTION WHEN feature_not_supported THEN RETURN NULL;
    END $$;
    CREATE FUNCTION required(u text, p text, k text) RETURNS boolean LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM rowgrant.require_perm(u, p, 't', k);
        RETURN true;
    EXCEPTION WHEN insufficient_privilege THEN RETURN false;
    END $$;
    CREATE FUNCTION required_everywhere(u text, p text) RETURNS boolean LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM rowgrant.require_perm(u, p, 't');
        RETURN true;
    EXCEPTION WHEN insufficient_privilege THEN RETURN false;
    END $$;
    CREATE FUNCTION required_row(u text, p text, condition text) RETURNS boolean LANGUAGE plpgsql AS $$
    BEGIN
        EXECUTE format('SELECT rowgrant.require_perm($1, $2, d) FROM t d WHERE %s', condition) USING u, p;
        RETURN true;
    EXCEPTION WHEN insufficient_privilege THEN RETURN false;
    END $$;
";

pub fn quote(text: &str) -> String {
    literal(Some(text))
}

fn key_columns(model: &Model, key: &str) -> String {
    match model.key_type {
        "composite" => format!("({}::composite).a, ({}::composite).b", quote(key), quote(key)),
        _ => format!("{}::{}", quote(key), model.key_type),
    }
}

pub fn insert_object(model: &Model, object: usize) -> String {
    let target = &model.objects[object];
    let owner = target.owner.map(|u| model.users[u].id.as_str());
    format!("INSERT INTO t SELECT {}, {};", key_columns(model, &target.key), literal(owner))
}

/// The condition on the row of an object.
pub fn same_key(model: &Model, object: usize) -> String {
    let key = quote(&model.objects[object].key);
    match model.key_type {
        "composite" => format!("ROW(a, b)::composite = {key}::composite"),
        _ => format!("k = {key}::{}", model.key_type),
    }
}

pub fn insert_user(model: &Model, user: usize) -> String {
    let user = &model.users[user];
    format!("INSERT INTO users VALUES ({}, {}, {});", quote(&user.id), user.active, user.superuser)
}

pub fn insert_group(model: &Model, group: usize) -> String {
    format!("INSERT INTO groups VALUES ({});", quote(&model.groups[group].id))
}

/// The id of a user or a group as a literal, in either spelling.
pub fn spelled(model: &Model, holder: Holder, rng: &mut StdRng) -> String {
    let ids = match holder {
        Holder::User(u) => (&model.users[u].id, &model.users[u].other),
        Holder::Group(g) => (&model.groups[g].id, &model.groups[g].other),
        Holder::Everyone | Holder::Authenticated => return quote(model.name(holder)),
    };
    quote(if rng.random_bool(0.5) { ids.0 } else { ids.1 })
}

/// The key of an object as an argument, in either spelling and of either type.
pub fn spelled_key(model: &Model, object: usize, rng: &mut StdRng) -> String {
    let object = &model.objects[object];
    match rng.random_range(0..3) {
        0 => quote(&object.other),
        1 => quote(&object.key),
        _ => format!("{}::{}", quote(&object.key), model.key_type),
    }
}

fn tables(model: &Model) -> String {
    let Model { key_type, user_type, group_type, .. } = model;
    let mut sql = format!(
        "CREATE TABLE keys (n integer, k {key_type});
        CREATE TABLE users (id {user_type} PRIMARY KEY, active boolean, root boolean);
        CREATE TABLE groups (id {group_type} PRIMARY KEY);
        CREATE TABLE members (u {user_type}, g {group_type}, PRIMARY KEY (u, g));"
    );
    for (n, object) in model.objects.iter().enumerate() {
        sql += &format!("INSERT INTO keys VALUES ({n}, {}::{key_type});", quote(&object.key));
    }
    sql.extend((0..model.users.len()).map(|user| insert_user(model, user)));
    sql.extend((0..model.groups.len()).map(|group| insert_group(model, group)));
    for (user, group) in &model.members {
        let (user, group) = (quote(&model.users[*user].id), quote(&model.groups[*group].id));
        sql += &format!("INSERT INTO members VALUES ({user}, {group});");
    }
    sql
}

fn subjects(model: &Model) -> String {
    let mut sql = String::new();
    if model.registered {
        let anonymous = literal(model.anonymous.map(|u| model.users[u].id.as_str()));
        sql += &format!(
            "SELECT rowgrant.register_users('users', 'active', 'root', {anonymous}), rowgrant.register_groups('groups');"
        );
    }
    sql += "SELECT rowgrant.register_membership('members', 'u', 'g');";
    for (user, group) in &model.kept {
        let (user, group) = (quote(&model.users[*user].id), quote(&model.groups[*group].id));
        sql += &format!("SELECT rowgrant.add_member({group}, {user});");
    }
    for (child, parent) in &model.subgroups {
        let (child, parent) = (quote(model.name(*child)), quote(&model.groups[*parent].id));
        sql += &format!("SELECT rowgrant.add_subgroup({parent}, {child});");
    }
    sql
}

fn object_type(model: &Model) -> String {
    let Model { key_type, user_type, .. } = model;
    let perms: Vec<String> = (0..model.perms).map(|p| format!("p{p}")).collect();
    let perms = perms.join(",");
    let mut sql = String::new();
    if model.has_table {
        let (columns, key) = match *key_type {
            "composite" => ("a integer, b text".to_owned(), "a, b"),
            _ => (format!("k {key_type}"), "k"),
        };
        let owner = if model.has_owner { "'owner'" } else { "NULL" };
        sql += &format!(
            "CREATE TABLE t ({columns}, owner {user_type}, PRIMARY KEY ({key}));
            SELECT rowgrant.protect('t', perms => '{{{perms}}}', owner_column => {owner});"
        );
        let there = (0..model.objects.len()).filter(|o| model.objects[*o].exists);
        sql.extend(there.map(|object| insert_object(model, object)));
    } else {
        sql += &format!("SELECT rowgrant.define_object_type('t', '{key_type}', '{{{perms}}}');");
    }
    for above in 0..model.perms {
        let direct = model.implies.iter().filter(|(a, _)| *a == above);
        let below: Vec<String> = direct.map(|(_, b)| format!("p{b}")).collect();
        if !below.is_empty() {
            sql += &format!(
                "SELECT rowgrant.define_perm('t', 'p{above}', '{{{}}}');",
                below.join(",")
            );
        }
    }
    sql
}

/// Makes the tables and declares them.
pub fn set_up(session: &mut Session, model: &Model) {
    let parts = [tables(model), subjects(model), object_type(model)];
    // A line for each statement makes a script that a failure prints easy to cut down.
    session.execute(&parts.concat().replace(';', ";\n"));
}
