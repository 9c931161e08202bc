//! Brings a model about through SQL, changes it step by step, and asks.

use postgres::Client;
use rand::Rng;
use rand::rngs::StdRng;
use rowgrant_tests::literal;

use super::model::{ALL, Asker, Grant, Holder, Model, Options};

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
";

fn quote(text: &str) -> String {
    literal(Some(text))
}

fn key_columns(model: &Model, key: &str) -> String {
    match model.key_type {
        "composite" => format!("({}::composite).a, ({}::composite).b", quote(key), quote(key)),
        _ => format!("{}::{}", quote(key), model.key_type),
    }
}

fn insert_object(model: &Model, object: usize) -> String {
    let target = &model.objects[object];
    let owner = target.owner.map(|u| model.users[u].id.as_str());
    format!("INSERT INTO t SELECT {}, {};", key_columns(model, &target.key), literal(owner))
}

fn same_key(model: &Model, object: usize) -> String {
    let key = quote(&model.objects[object].key);
    match model.key_type {
        "composite" => format!("ROW(a, b)::composite = {key}::composite"),
        _ => format!("k = {key}::{}", model.key_type),
    }
}

fn insert_user(model: &Model, user: usize) -> String {
    let user = &model.users[user];
    format!("INSERT INTO users VALUES ({}, {}, {});", quote(&user.id), user.active, user.superuser)
}

/// Makes the tables and declares them.
pub fn set_up(client: &mut Client, model: &Model) {
    let mut sql = String::new();
    let (key_type, user_type) = (model.key_type, model.user_type);
    sql += &format!("CREATE TABLE keys (n integer, k {key_type});");
    for (n, object) in model.objects.iter().enumerate() {
        sql += &format!("INSERT INTO keys VALUES ({n}, {}::{key_type});", quote(&object.key));
    }
    sql +=
        &format!("CREATE TABLE users (id {user_type} PRIMARY KEY, active boolean, root boolean);");
    sql += "CREATE TABLE groups (id text PRIMARY KEY);";
    sql += &format!("CREATE TABLE members (u {user_type}, g text, PRIMARY KEY (u, g));");
    for user in 0..model.users.len() {
        sql += &insert_user(model, user);
    }
    for group in &model.groups {
        sql += &format!("INSERT INTO groups VALUES ({});", quote(group));
    }
    for (user, group) in &model.memberships {
        let (user, group) = (quote(&model.users[*user].id), quote(&model.groups[*group]));
        sql += &format!("INSERT INTO members VALUES ({user}, {group});");
    }
    if model.registered {
        let anonymous = literal(model.anonymous.map(|u| model.users[u].id.as_str()));
        sql += &format!(
            "SELECT rowgrant.register_users('users', 'active', 'root', {anonymous}), rowgrant.register_groups('groups');"
        );
    }
    sql += "SELECT rowgrant.register_membership('members', 'u', 'g');";
    let perms: Vec<String> = (0..model.perms).map(|p| format!("p{p}")).collect();
    let perms = perms.join(",");
    if model.has_table {
        let columns = match key_type {
            "composite" => "a integer, b text".to_owned(),
            _ => format!("k {key_type}"),
        };
        let key = if key_type == "composite" { "a, b" } else { "k" };
        sql += &format!("CREATE TABLE t ({columns}, owner {user_type}, PRIMARY KEY ({key}));");
        let owner = if model.has_owner { "'owner'" } else { "NULL" };
        sql += &format!(
            "SELECT rowgrant.protect('t', perms => '{{{perms}}}', owner_column => {owner});"
        );
        for object in (0..model.objects.len()).filter(|o| model.objects[*o].exists) {
            sql += &insert_object(model, object);
        }
    } else {
        sql += &format!("SELECT rowgrant.define_object_type('t', '{key_type}', '{{{perms}}}');");
    }
    for above in 0..model.perms {
        let below: Vec<String> = model
            .implies
            .iter()
            .filter(|(a, _)| *a == above)
            .map(|(_, b)| format!("p{b}"))
            .collect();
        sql += &format!("SELECT rowgrant.define_perm('t', 'p{above}', '{{{}}}');", below.join(","));
    }
    client.batch_execute(&sql).unwrap_or_else(|e| panic!("{e:?}\n{sql}"));
}

/// One random change, in the model and in the database.
pub fn step(client: &mut Client, model: &mut Model, rng: &mut StdRng) {
    match rng.random_range(0..20) {
        0 | 1 if model.has_table => {
            let object = rng.random_range(0..model.objects.len());
            if model.objects[object].exists {
                client
                    .batch_execute(&format!("DELETE FROM t WHERE {}", same_key(model, object)))
                    .unwrap();
                model.grants.retain(|g| g.object != Some(object));
            } else {
                client.batch_execute(&insert_object(model, object)).unwrap();
            }
            model.objects[object].exists ^= true;
        }
        2 if model.registered => {
            let user = rng.random_range(0..model.users.len());
            if model.users[user].exists {
                let id = quote(&model.users[user].id);
                client.batch_execute(&format!("DELETE FROM users WHERE id = {id}")).unwrap();
                model.grants.retain(|g| g.holder != Holder::User(user));
            } else {
                client.batch_execute(&insert_user(model, user)).unwrap();
            }
            model.users[user].exists ^= true;
        }
        3..=6 => revoke(client, model, rng),
        _ => grant(client, model, rng),
    }
}

fn random_grant(model: &Model, rng: &mut StdRng) -> Grant {
    let holder = match rng.random_range(0..10) {
        0 => Holder::Everyone,
        1 => Holder::Authenticated,
        2..=4 => Holder::Group(rng.random_range(0..model.groups.len())),
        _ => Holder::User(rng.random_range(0..model.users.len())),
    };
    let object = (!rng.random_bool(0.1)).then(|| rng.random_range(0..model.objects.len()));
    let expired = object.is_some() && rng.random_bool(0.15);
    Grant { holder, perm: rng.random_range(0..model.perms), object, expired }
}

/// The call's name and arguments, ids and keys in either spelling.
fn call(model: &Model, verb: &str, grant: &Grant, rng: &mut StdRng) -> String {
    let (function, id) = match grant.holder {
        Holder::User(u) => {
            let user = &model.users[u];
            ("perm", if rng.random_bool(0.5) { &user.id } else { &user.other }.clone())
        }
        Holder::Group(g) => ("group_perm", model.groups[g].clone()),
        Holder::Everyone => ("group_perm", "everyone".into()),
        Holder::Authenticated => ("group_perm", "authenticated".into()),
    };
    let mut arguments = format!("{}, 'p{}', 't'", quote(&id), grant.perm);
    if let Some(object) = grant.object {
        let object = &model.objects[object];
        arguments += &match rng.random_range(0..3) {
            0 => format!(", {}", quote(&object.other)),
            1 => format!(", {}", quote(&object.key)),
            _ => format!(", {}::{}", quote(&object.key), model.key_type),
        };
    }
    format!("rowgrant.{verb}_{function}({arguments}")
}

fn grant(client: &mut Client, model: &mut Model, rng: &mut StdRng) {
    let grant = random_grant(model, rng);
    let mut sql = call(model, "assign", &grant, rng);
    if grant.expired {
        sql += ", '2001-01-01'";
    } else if grant.object.is_some() && rng.random_bool(0.2) {
        sql += ", 'infinity'";
    }
    let missing = match (grant.holder, grant.object) {
        (Holder::User(u), _) if model.registered && !model.users[u].exists => true,
        (_, Some(object)) => model.has_table && !model.objects[object].exists,
        _ => false,
    };
    if missing {
        let sql = format!("SAVEPOINT s; SELECT {sql})");
        let error = client.batch_execute(&sql).expect_err("granted to or on what is not there");
        assert_eq!(error.code().map(|c| c.code()), Some("23503"), "{error:?}");
        client.batch_execute("ROLLBACK TO s").unwrap();
        return;
    }
    client.batch_execute(&format!("SELECT {sql})")).unwrap_or_else(|e| panic!("{e:?}\n{sql}"));
    let same = |g: &Grant| (g.holder, g.perm, g.object) == (grant.holder, grant.perm, grant.object);
    model.grants.retain(|g| !same(g));
    model.grants.push(grant);
}

fn revoke(client: &mut Client, model: &mut Model, rng: &mut StdRng) {
    let known = (!model.grants.is_empty() && rng.random_bool(0.8))
        .then(|| model.grants[rng.random_range(0..model.grants.len())].clone());
    let grant = known.unwrap_or_else(|| random_grant(model, rng));
    let sql = format!("SELECT {})", call(model, "remove", &grant, rng));
    let removed: bool =
        client.query_one(&sql, &[]).unwrap_or_else(|e| panic!("{e:?}\n{sql}")).get(0);
    let before = model.grants.len();
    let same = |g: &Grant| (g.holder, g.perm, g.object) == (grant.holder, grant.perm, grant.object);
    model.grants.retain(|g| !same(g));
    assert_eq!(removed, model.grants.len() < before, "{sql}");
}

fn spelled(model: &Model, asker: Asker, rng: &mut StdRng) -> Option<String> {
    match asker {
        Asker::Nobody => None,
        Asker::Unknown => Some(match model.user_type {
            "integer" => "99".into(),
            "uuid" => "b0eebc99-9c0b-4ef8-bb6d-6bb9bd380a99".into(),
            _ => "nobody known".into(),
        }),
        Asker::User(u) if rng.random_bool(0.5) => Some(model.users[u].other.clone()),
        Asker::User(u) => Some(model.users[u].id.clone()),
    }
}

/// The type in which a key can be listed and compared with the keys that are known.
fn list_type(model: &Model) -> &str {
    if model.key_type.starts_with("char(") { "bpchar" } else { model.key_type }
}

/// Asks everything and compares; the questions that were answered otherwise.
pub fn compare(client: &mut Client, model: &Model, rng: &mut StdRng) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut askers: Vec<Asker> = (0..model.users.len()).map(Asker::User).collect();
    askers.extend([Asker::Nobody, Asker::Unknown]);
    let mut check = |question: String, expected: String, client: &mut Client| {
        let rows = client.query_one(&format!("SELECT ({question})::text"), &[]);
        let row = rows.unwrap_or_else(|e| panic!("{e:?}\n{question}\n{model:#?}"));
        let answer: Option<String> = row.get(0);
        let answer = answer.unwrap_or_else(|| "NULL".into());
        if answer != expected {
            wrong.push(format!("{question}\n  answered {answer}, expected {expected}"));
        }
    };
    let array = |items: Vec<String>| format!("{{{}}}", items.join(","));
    let numbers = |list: Vec<i32>| array(list.iter().map(i32::to_string).collect());
    let bits = |list: Vec<bool>| {
        array(list.iter().map(|b| if *b { "t" } else { "f" }.to_owned()).collect())
    };
    let every: Vec<usize> = (0..model.objects.len()).collect();
    let unlistable = |everywhere: bool, list: Vec<i32>| {
        if everywhere && !model.has_table { "NULL".to_owned() } else { numbers(list) }
    };
    for asker in askers {
        let user = spelled(model, asker, rng);
        let user_literal = literal(user.as_deref());
        for perm in 0..model.perms {
            let held: Vec<bool> = every.iter().map(|o| model.holds(asker, perm, *o, ALL)).collect();
            let typed = rng.random_bool(0.5);
            let keys: Vec<String> = every
                .iter()
                .map(|o| {
                    let object = &model.objects[*o];
                    let (key, user) = if typed {
                        (
                            format!("{}::{}", quote(&object.key), model.key_type),
                            format!("{user_literal}::{}", model.user_type),
                        )
                    } else {
                        (quote(&object.other), user_literal.clone())
                    };
                    format!("rowgrant.has_perm({user}, 'p{perm}', 't', {key})")
                })
                .collect();
            check(format!("ARRAY[{}]", keys.join(", ")), bits(held.clone()), client);
            let everywhere = model.everywhere(asker, perm, ALL);
            check(
                format!("rowgrant.has_perm({user_literal}, 'p{perm}', 't')"),
                everywhere.to_string(),
                client,
            );
            let one = vec![perm];
            check(
                format!(
                    "listed({user_literal}, '{{p{perm}}}', false, true, true, true, '{}')",
                    list_type(model)
                ),
                unlistable(everywhere, model.list(asker, &one, false, ALL)),
                client,
            );
            if model.has_table {
                let listed = every.iter().filter(|o| held[**o] && model.objects[**o].exists);
                let listed = numbers(listed.map(|o| *o as i32).collect());
                let key =
                    if model.key_type == "composite" { "ROW(d.a, d.b)::composite" } else { "d.k" };
                for from in [
                    format!(
                        "t d JOIN keys ON keys.k = {key} WHERE rowgrant.has_perm({user_literal}, 'p{perm}', d)"
                    ),
                    format!(
                        "rowgrant.objects_for_user({user_literal}, 'p{perm}', NULL::t) d JOIN keys ON keys.k = {key}"
                    ),
                ] {
                    check(
                        format!("SELECT coalesce(array_agg(n ORDER BY n), '{{}}') FROM {from}"),
                        listed.clone(),
                        client,
                    );
                }
            }
        }
        for _ in 0..4 {
            let perms: Vec<usize> = (0..model.perms).filter(|_| rng.random_bool(0.6)).collect();
            let options = Options {
                use_groups: rng.random_bool(0.6),
                accept_global: rng.random_bool(0.6),
                with_superuser: rng.random_bool(0.6),
            };
            let any = rng.random_bool(0.5);
            let names: Vec<String> = perms.iter().map(|p| format!("p{p}")).collect();
            let mut everywhere = perms.iter().map(|p| model.everywhere(asker, *p, options));
            let everywhere = !perms.is_empty()
                && if any { everywhere.any(|e| e) } else { everywhere.all(|e| e) };
            check(
                format!(
                    "listed({user_literal}, '{{{}}}', {any}, {}, {}, {}, '{}')",
                    names.join(","),
                    options.use_groups,
                    options.accept_global,
                    options.with_superuser,
                    list_type(model)
                ),
                unlistable(everywhere, model.list(asker, &perms, any, options)),
                client,
            );
            let held = every
                .iter()
                .map(|o| model.list(asker, &perms, any, ALL).contains(&(*o as i32)))
                .collect();
            let asked: Vec<String> = model
                .objects
                .iter()
                .map(|o| {
                    format!(
                        "rowgrant.has_perms({user_literal}, '{{{}}}', 't', {}, {any})",
                        names.join(","),
                        quote(&o.key)
                    )
                })
                .collect();
            check(format!("ARRAY[{}]", asked.join(", ")), bits(held), client);
        }
    }
    let mut groups: Vec<(Holder, String)> =
        model.groups.iter().enumerate().map(|(g, name)| (Holder::Group(g), name.clone())).collect();
    groups.extend([
        (Holder::Everyone, "everyone".into()),
        (Holder::Authenticated, "authenticated".into()),
    ]);
    for (group, name) in groups {
        for perm in 0..model.perms {
            let held: Vec<bool> =
                every.iter().map(|o| model.group_holds(group, perm, *o)).collect();
            let asked: Vec<String> = model
                .objects
                .iter()
                .map(|o| {
                    format!(
                        "rowgrant.group_has_perm({}, 'p{perm}', 't', {})",
                        quote(&name),
                        quote(&o.other)
                    )
                })
                .collect();
            check(format!("ARRAY[{}]", asked.join(", ")), bits(held.clone()), client);
            if model.has_table {
                let listed = every.iter().filter(|o| held[**o]).map(|o| *o as i32).collect();
                check(
                    format!("listed_by_group({}, 'p{perm}', '{}')", quote(&name), list_type(model)),
                    numbers(listed),
                    client,
                );
            }
        }
    }
    wrong
}
