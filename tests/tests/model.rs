//! apply_model between random pairs of models: the dry run and the real run agree, what is declared
//! comes about, and nothing else.
//!
//! ROWGRANT_CASES is the number of pairs (300), ROWGRANT_SEED repeats a run, as in the property test.

use std::collections::BTreeSet;
use std::env;

use postgres::{Client, Error};
use rand::rngs::StdRng;
use rand::seq::{IndexedRandom, SliceRandom};
use rand::{Rng, SeedableRng};
use rowgrant_tests::{Database, literal};
use serde_json::{Map, Value, json};

const TABLES: &str = r#"
    CREATE SCHEMA "Other";
    CREATE TABLE t_int (id integer PRIMARY KEY, slug text NOT NULL UNIQUE, owner integer);
    CREATE TABLE t_uuid (id uuid PRIMARY KEY, owner integer);
    CREATE TABLE t_text (id text PRIMARY KEY);
    CREATE TABLE "Other"."Odd ""name" (a integer, b text, PRIMARY KEY (a, b));
    CREATE TABLE users_int (id integer PRIMARY KEY, active boolean, root boolean);
    CREATE TABLE users_text (id text PRIMARY KEY, active boolean);
    CREATE TABLE groups (id text PRIMARY KEY);
    CREATE TABLE m_one (u integer, g text);
    CREATE TABLE m_two (u text, g text);
    INSERT INTO t_int SELECT i, 'slug ' || i FROM generate_series(1, 3) i;
    INSERT INTO t_uuid SELECT ('00000000-0000-0000-0000-00000000000' || i)::uuid FROM generate_series(1, 3) i;
    INSERT INTO t_text SELECT i::text FROM generate_series(1, 3) i;
    INSERT INTO "Other"."Odd ""name" SELECT i, 'it''s' FROM generate_series(1, 3) i;
    INSERT INTO users_int SELECT generate_series(1, 4), true;
    INSERT INTO users_text SELECT generate_series(1, 4)::text, true;
    INSERT INTO groups VALUES ('a'), ('b'), ('c'), ('d');
"#;

const NAMES: [&str; 6] = ["n0", "n1", "n2", "n3", "n 4", "n'5"];
const PARTS: [&str; 6] = ["users", "groups", "memberships", "object_types", "subgroups", "members"];

fn perms(rng: &mut StdRng) -> Value {
    let mut names = ["p0", "p1", "p2", "p3"];
    names.shuffle(rng);
    let names = &names[..rng.random_range(0..=4)];
    let implied = |at: usize, rng: &mut StdRng| -> Vec<&str> {
        let below = names[..at].iter().filter(|_| rng.random_bool(0.4));
        below.copied().collect::<BTreeSet<_>>().into_iter().collect()
    };
    let each = names.iter().enumerate().map(|(at, name)| ((*name).into(), json!(implied(at, rng))));
    Value::Object(each.collect())
}

fn object_types(rng: &mut StdRng) -> Value {
    let mut names = NAMES;
    names.shuffle(rng);
    let mut types = Map::new();
    for (at, name) in names.iter().enumerate().take(rng.random_range(0..=6)) {
        let mut declared = match at {
            0 => {
                json!({"relation": "public.t_int", "key": ([["id"], ["slug"]].choose(rng).unwrap())})
            }
            1 => json!({"relation": "public.t_uuid", "key": ["id"]}),
            2 => json!({"relation": "public.t_text", "key": ["id"]}),
            3 => json!({"relation": r#""Other"."Odd ""name""#, "key": ["a", "b"]}),
            4 => json!({"key_type": (["bigint", "uuid"].choose(rng).unwrap())}),
            _ => json!({"key_type": ["integer", "text"]}),
        };
        if at < 2 && rng.random_bool(0.5) {
            declared["owner_column"] = json!("owner");
        }
        declared["perms"] = perms(rng);
        types.insert((*name).into(), declared);
    }
    Value::Object(types)
}

fn part(name: &str, rng: &mut StdRng) -> Value {
    let groups = ["a", "b", "c", "d"];
    match name {
        "users" => match rng.random_range(0..4) {
            0 => Value::Null,
            1 => json!({"relation": "public.users_text", "active_column": "active"}),
            2 => {
                json!({"relation": "public.users_int", "superuser_column": "root", "anonymous_user": "4"})
            }
            _ => json!({"relation": "public.users_int"}),
        },
        "groups" => match rng.random_bool(0.5) {
            true => Value::Null,
            false => json!({"relation": "public.groups"}),
        },
        "memberships" => {
            let all = ["public.m_one", "public.m_two"].into_iter().filter(|_| rng.random_bool(0.5));
            Value::Object(
                all.map(|m| (m.into(), json!({"user_column": "u", "group_column": "g"}))).collect(),
            )
        }
        "object_types" => object_types(rng),
        "subgroups" => {
            let mut all = Map::new();
            for (at, group) in groups.iter().enumerate() {
                let mut below: Vec<&str> =
                    groups[at + 1..].iter().copied().filter(|_| rng.random_bool(0.3)).collect();
                if rng.random_bool(0.1) {
                    below.push("everyone");
                }
                if !below.is_empty() {
                    all.insert((*group).into(), json!(below));
                }
            }
            Value::Object(all)
        }
        _ => {
            let mut all = Map::new();
            for group in groups {
                let users = ["1", "2", "3", "4"].into_iter().filter(|_| rng.random_bool(0.2));
                let users: Vec<&str> = users.collect();
                if !users.is_empty() {
                    all.insert(group.into(), json!(users));
                }
            }
            Value::Object(all)
        }
    }
}

fn document(rng: &mut StdRng) -> Value {
    let given = PARTS.into_iter().filter(|_| rng.random_bool(0.8)).collect::<Vec<_>>();
    Value::Object(given.into_iter().map(|name| (name.into(), part(name, rng))).collect())
}

/// Another document, or the same with a part or two drawn anew.
fn next(document_before: &Value, rng: &mut StdRng) -> Value {
    if rng.random_bool(0.3) {
        return document(rng);
    }
    let mut edited = document_before.clone();
    for _ in 0..rng.random_range(1..3) {
        let name = *PARTS.choose(rng).unwrap();
        edited[name] = part(name, rng);
    }
    edited
}

/// What each change does, to what, and how many grants go with it.
type Rows = Vec<(String, String, Value)>;

fn apply(client: &mut Client, document: &Value, dry_run: bool) -> Result<Rows, Error> {
    let document = literal(Some(&document.to_string()));
    let sql = format!(
        "SELECT action, subject, detail::text FROM rowgrant.apply_model({document}, {dry_run})"
    );
    let rows = client.query(&sql, &[])?;
    let json = |text: String| serde_json::from_str(&text).unwrap();
    Ok(rows.iter().map(|row| (row.get(0), row.get(1), json(row.get(2)))).collect())
}

fn model(client: &mut Client) -> Value {
    let text: String = client.query_one("SELECT rowgrant.model()::text", &[]).unwrap().get(0);
    serde_json::from_str(&text).unwrap()
}

fn grants(client: &mut Client) -> BTreeSet<String> {
    let sql = "SELECT g::text FROM (SELECT object::text, perm, subject FROM rowgrant.grant_bigint
        UNION ALL SELECT object::text, perm, subject FROM rowgrant.grant_uuid
        UNION ALL SELECT object, perm, subject FROM rowgrant.grant_text
        UNION ALL SELECT NULL, perm, subject FROM rowgrant.model_grant) g";
    client.query(sql, &[]).unwrap().iter().map(|row| row.get(0)).collect()
}

fn triggers(client: &mut Client) -> Vec<String> {
    let sql = "SELECT tgrelid::text || tgname FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1";
    client.query(sql, &[]).unwrap().iter().map(|row| row.get(0)).collect()
}

/// Grants at random on whatever there is.
fn grant(client: &mut Client, rng: &mut StdRng) {
    let before = model(client);
    for (name, declared) in before["object_types"].as_object().unwrap() {
        let keys: Vec<String> = match declared["relation"].as_str() {
            Some(relation) => {
                let key = declared["key"].as_array().unwrap().iter().map(|k| k.as_str().unwrap());
                let key = key.collect::<Vec<_>>().join(", ");
                let key = if key.contains(',') { format!("ROW({key})") } else { key };
                let rows = client.query(&format!("SELECT ({key})::text FROM {relation}"), &[]);
                rows.unwrap().iter().map(|row| row.get(0)).collect()
            }
            None if declared["key_type"] == "uuid" => {
                vec!["00000000-0000-0000-0000-000000000001".into()]
            }
            None if declared["key_type"].is_array() => vec!["(1,x)".into()],
            None => vec!["5".into()],
        };
        for perm in declared["perms"].as_object().unwrap().keys() {
            if rng.random_bool(0.5) {
                let (function, who) = match rng.random_range(0..3) {
                    0 => ("assign_group_perm", *["a", "b", "everyone"].choose(rng).unwrap()),
                    // 9 is in no table of users.
                    _ if before["users"].is_null() && rng.random_bool(0.1) => ("assign_perm", "9"),
                    _ => ("assign_perm", *["1", "2", "3"].choose(rng).unwrap()),
                };
                let key = keys.choose(rng).filter(|_| rng.random_bool(0.8));
                let key = key.map_or_else(String::new, |key| format!(", {}", literal(Some(key))));
                let (name, who) = (literal(Some(name)), literal(Some(who)));
                let sql = format!("SELECT rowgrant.{function}({who}, '{perm}', {name}{key})");
                client.execute(&sql, &[]).unwrap();
            }
        }
    }
}

/// One pair; whether it was carried out, rather than refused for what only rows can tell.
fn pair(client: &mut Client, rng: &mut StdRng) -> bool {
    let mut first = document(rng);
    apply(client, &first, false).unwrap();
    grant(client, rng);
    first.as_object_mut().unwrap().remove("drop_grants");
    let second = next(&first, rng);
    let (before, granted, fired) = (model(client), grants(client), triggers(client));

    let dry = apply(client, &second, true).unwrap_or_else(|e| panic!("{e:?}\n{second:#}"));
    assert_eq!(model(client), before);
    assert_eq!((grants(client), triggers(client)), (granted.clone(), fired));
    let going: i64 = dry.iter().filter_map(|(_, _, detail)| detail["grants"].as_i64()).sum();

    client.batch_execute("SAVEPOINT strict").unwrap();
    let mut real = apply(client, &second, false);
    if going > 0 {
        let error = real.expect_err("grants went without leave");
        assert_eq!(error.code().map(|code| code.code()), Some("2BP01"), "{error:?}\n{second:#}");
        client.batch_execute("ROLLBACK TO strict").unwrap();
        assert_eq!(grants(client), granted);
        let mut allowed = second.clone();
        allowed["drop_grants"] = json!(true);
        real = apply(client, &allowed, false);
    }
    let real = match real {
        Ok(rows) => rows,
        Err(error) if error.code().is_some_and(|code| code.code() == "23503") => return false,
        Err(error) => panic!("{error:?}\nfrom {before:#}\nto {second:#}"),
    };
    assert_eq!(real, dry, "from {before:#}\nto {second:#}");

    let left = grants(client);
    let mut wanted = before.clone();
    for (name, declared) in second.as_object().unwrap() {
        wanted[name] = declared.clone();
    }
    assert_eq!(model(client), wanted, "from {before:#}\nto {second:#}\nby {real:#?}");
    assert!(left.is_subset(&granted));
    assert_eq!(granted.len() - left.len(), usize::try_from(going).unwrap());
    assert_eq!(apply(client, &second, false).unwrap(), []);
    let whole = model(client);
    assert_eq!(apply(client, &whole, false).unwrap(), []);
    let wrong = client.query("SELECT * FROM rowgrant.doctor() WHERE severity = 'error'", &[]);
    assert_eq!(wrong.unwrap().len(), 0);
    true
}

#[test]
fn a_dry_run_and_a_real_run_agree_and_bring_about_what_is_declared() {
    let setting = |name: &str| env::var(name).ok().map(|text| text.parse().expect("a number"));
    let cases: u64 = setting("ROWGRANT_CASES").unwrap_or(300);
    let seed: u64 = setting("ROWGRANT_SEED").unwrap_or_else(|| rand::rng().random());
    println!("seed {seed}, {cases} cases");
    let database = Database::new("rowgrant_models");
    let mut client = database.connect();
    client.batch_execute(TABLES).unwrap();
    let mut carried_out = 0;
    for case in 0..cases {
        let case_seed = seed.wrapping_add(case);
        println!("case with ROWGRANT_SEED={case_seed}");
        let mut rng = StdRng::seed_from_u64(case_seed);
        client.batch_execute("BEGIN").unwrap();
        carried_out += u64::from(pair(&mut client, &mut rng));
        client.batch_execute("ROLLBACK").unwrap();
    }
    assert!(carried_out * 2 >= cases, "only {carried_out} of {cases} pairs were carried out");
}
