//! Random values of all types through every function: no crash, no internal error, no doubt about
//! what is held.
//!
//! ROWGRANT_CALLS is the number of calls (100,000), ROWGRANT_SEED repeats a run.

use std::collections::BTreeMap;
use std::env;

use postgres::Client;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use rowgrant_tests::{Database, literal};

const SETUP: &str = "
    CREATE EXTENSION IF NOT EXISTS citext;
    CREATE TYPE mood AS ENUM ('sad', 'so so');
    CREATE DOMAIN even AS integer CHECK (VALUE % 2 = 0);
    CREATE TABLE users (id integer PRIMARY KEY, active boolean, root boolean);
    CREATE TABLE groups (id text PRIMARY KEY);
    CREATE TABLE members (u integer, g text);
    CREATE TABLE documents (id integer PRIMARY KEY, owner integer, parent integer);
    CREATE TABLE parts (id integer, region text, PRIMARY KEY (id, region)) PARTITION BY LIST (region);
    CREATE TABLE parts_a PARTITION OF parts FOR VALUES IN ('a');
    CREATE TABLE moods (id mood PRIMARY KEY);
    CREATE TABLE addresses (id inet PRIMARY KEY);
    CREATE TABLE names (id citext PRIMARY KEY);
    CREATE TABLE ids (id uuid PRIMARY KEY);
    CREATE VIEW seen AS SELECT id FROM documents;
    INSERT INTO users SELECT i, i % 3 > 0, i = 1 FROM generate_series(1, 5) i;
    INSERT INTO groups VALUES ('a'), ('b'), ('');
    INSERT INTO documents SELECT i, i % 5 FROM generate_series(1, 9) i;
    INSERT INTO parts SELECT i, 'a' FROM generate_series(1, 3) i;
    INSERT INTO moods VALUES ('sad');
    INSERT INTO addresses VALUES ('10.0.0.1');
    INSERT INTO names VALUES ('Ann');
    INSERT INTO ids VALUES ('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11');
    SELECT rowgrant.protect('documents', owner_column => 'owner'), rowgrant.protect('parts'), rowgrant.protect('moods'),
           rowgrant.protect('addresses'), rowgrant.protect('names'), rowgrant.protect('ids'),
           rowgrant.define_object_type('tickets', 'bigint'), rowgrant.register_users('users', 'active', 'root'),
           rowgrant.register_groups('groups'), rowgrant.register_membership('members', 'u', 'g');
    CREATE FUNCTION attempt(statement text) RETURNS text LANGUAGE plpgsql AS $$
    BEGIN
        EXECUTE statement;
        RETURN '00000';
    EXCEPTION WHEN OTHERS THEN
        RETURN SQLSTATE || ' ' || SQLERRM;
    END $$;
";

const WORDS: &[&str] = &[
    "documents",
    "parts",
    "moods",
    "addresses",
    "names",
    "ids",
    "tickets",
    "view",
    "change",
    "add",
    "delete",
    "a",
    "b",
    "everyone",
    "authenticated",
    "1",
    "2",
    "3",
    "01",
    " 4",
    "-5",
    "99999999999999999999",
    "2147483648",
    "sad",
    "so so",
    "10.0.0.1",
    "10.0.0.1/32",
    "ann",
    "ANN",
    "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
    "{A0EEBC999C0B4EF8BB6D6BB9BD380A11}",
    "(1,a)",
    "( 1 ,\"a\")",
    "(1)",
    "(,)",
    "{",
    "{}",
    "{view,change}",
    "{NULL}",
    "{1,2}",
    "{{1},{2}}",
    "",
    " ",
    "'",
    "\"",
    "\\",
    "\n",
    "\u{1}",
    "é",
    "𝄞",
    "public.documents",
    "NULL",
    "now",
    "infinity",
    "1e400",
    "0x1f",
    "NaN",
];

fn garbage(rng: &mut StdRng) -> String {
    let length = rng.random_range(0..12);
    (0..length).map(|_| char::from_u32(rng.random_range(1..0x250)).unwrap_or('?')).collect()
}

fn text(rng: &mut StdRng) -> String {
    match rng.random_range(0..10) {
        0 => garbage(rng),
        1 => format!("{}{}", WORDS.choose(rng).unwrap(), garbage(rng)),
        _ => (*WORDS.choose(rng).unwrap()).to_owned(),
    }
}

fn quoted(rng: &mut StdRng) -> String {
    literal(Some(&text(rng)))
}

/// A value of any type at all.
fn value(rng: &mut StdRng) -> String {
    let number = rng.random_range(-3..12);
    match rng.random_range(0..24) {
        0 => "NULL".into(),
        1 => "NULL::integer".into(),
        2..=6 => number.to_string(),
        7 => format!("{number}::smallint"),
        8 => format!("{number}::bigint"),
        9 => format!("{}.50", number),
        10 => format!("({number}::float8 / 3)"),
        11 => "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid".into(),
        12 => "'10.0.0.1'::inet".into(),
        13 => "'Ann'::citext".into(),
        14 => "'sad'::mood".into(),
        15 => "4::even".into(),
        16 => "ROW(1, 'a')".into(),
        17 => "ROW(1, NULL, 3)".into(),
        18 => "'2024-01-01'::timestamptz".into(),
        19 => "'{\"a\": 1}'::jsonb".into(),
        20 => "ARRAY[1, 2]".into(),
        21 => "'x'::char(4)".into(),
        22 => "'\\x00ff'::bytea".into(),
        _ => quoted(rng),
    }
}

fn json(rng: &mut StdRng, depth: usize) -> String {
    let keys = [
        "users",
        "groups",
        "memberships",
        "object_types",
        "subgroups",
        "members",
        "drop_grants",
        "relation",
        "key",
        "perms",
        "key_type",
        "owner_column",
        "active_column",
        "public.documents",
        "public.members",
        "documents",
        "a",
        "x",
    ];
    match rng.random_range(0..if depth > 3 { 5 } else { 9 }) {
        0 => "null".into(),
        1 => rng.random_bool(0.5).to_string(),
        2 => rng.random_range(-2..9).to_string(),
        3 | 4 => serde_json::Value::String(text(rng)).to_string(),
        5 => {
            let items: Vec<String> =
                (0..rng.random_range(0..3)).map(|_| json(rng, depth + 1)).collect();
            format!("[{}]", items.join(","))
        }
        _ => {
            let fields = (0..rng.random_range(0..4)).map(|_| {
                let key = serde_json::Value::String((*keys.choose(rng).unwrap()).to_owned());
                format!("{key}:{}", json(rng, depth + 1))
            });
            let fields: Vec<String> = fields.collect();
            format!("{{{}}}", fields.join(","))
        }
    }
}

fn argument(name: &str, declared: &str, rng: &mut StdRng) -> String {
    if rng.random_bool(0.03) {
        return "NULL".into();
    }
    // Mostly a name that there is, as otherwise nothing behind it would be reached.
    let known: &[&str] = match name {
        "object_type" => &["documents", "parts", "moods", "addresses", "names", "ids", "tickets"],
        "perm" => &["view", "change", "add", "delete"],
        _ => &[],
    };
    if let (Some(known), true) = (known.choose(rng), rng.random_bool(0.85)) {
        return literal(Some(known));
    }
    match declared {
        "text" | "name" => quoted(rng),
        "anyelement" | "anycompatible" | "\"any\"" => value(rng),
        "boolean" => rng.random_bool(0.5).to_string(),
        "bigint" => rng.random_range(-1..20).to_string(),
        "text[]" | "name[]" => match rng.random_range(0..3) {
            0 => format!("ARRAY[{}, {}]::{declared}", quoted(rng), quoted(rng)),
            1 => "'{view}'".into(),
            _ => "'{view,change}'".into(),
        },
        "anyarray" | "anycompatiblearray" => match rng.random_range(0..4) {
            0 => "ARRAY[1, 2, 3, NULL]".into(),
            1 => "'{1,2}'::text[]".into(),
            2 => "'{}'::integer[]".into(),
            _ => "ARRAY[1, 2, 3]".into(),
        },
        "jsonb" => format!("{}::jsonb", literal(Some(&json(rng, 0)))),
        "record" => [
            "ROW(1, 2, 3)::documents",
            "ROW(1, 'a')::parts",
            "ROW(1)",
            "NULL::documents",
            "ROW('x')::groups",
        ]
        .choose(rng)
        .map(|row| (*row).to_owned())
        .unwrap(),
        "regclass" => {
            ["'documents'", "'parts'", "'seen'", "'users'", "0", "'rowgrant.subject'", "'pg_class'"]
                .choose(rng)
                .map(|name| format!("{name}::regclass"))
                .unwrap()
        }
        "regtype" => [
            "integer",
            "money",
            "text",
            "mood",
            "even",
            "documents",
            "record",
            "int4range",
            "anyelement",
        ]
        .choose(rng)
        .map(|name| format!("'{name}'::regtype"))
        .unwrap(),
        "timestamp with time zone" => "'2099-01-01'::timestamptz".into(),
        "oid" => rng.random_range(0..99999).to_string(),
        other => panic!("an argument of type {other} is not made up here"),
    }
}

/// A function: its name, the names and types of its arguments, and how many have a default.
type Function = (String, Vec<String>, Vec<String>, usize);

fn functions(client: &mut Client) -> Vec<Function> {
    let sql = "SELECT proname::text, coalesce(proargnames, '{}'),
        coalesce((SELECT array_agg(format_type(t, NULL) ORDER BY n) FROM unnest(proargtypes::oid[])
        WITH ORDINALITY a (t, n)), '{}'), pronargdefaults::int FROM pg_proc WHERE pronamespace = 'rowgrant'::regnamespace
        AND prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype, 'internal'::regtype) ORDER BY oid";
    let rows = client.query(sql, &[]).unwrap();
    let function =
        |row: &postgres::Row| (row.get(0), row.get(1), row.get(2), row.get::<_, i32>(3) as usize);
    rows.iter().map(function).collect()
}

#[test]
fn no_call_crashes_or_raises_an_internal_error() {
    let setting = |name: &str| env::var(name).ok().map(|text| text.parse().expect("a number"));
    let calls: u64 = setting("ROWGRANT_CALLS").unwrap_or(100_000);
    let seed: u64 = setting("ROWGRANT_SEED").unwrap_or_else(|| rand::rng().random());
    println!("seed {seed}, {calls} calls");
    let mut rng = StdRng::seed_from_u64(seed);
    let database = Database::new("rowgrant_fuzz");
    let mut client = database.connect();
    client.batch_execute(SETUP).unwrap();
    let functions = functions(&mut client);
    let mut states: BTreeMap<String, u64> = BTreeMap::new();
    let mut made = 0;
    while made < calls {
        // Each round begins from the same state.
        client.batch_execute("BEGIN").unwrap();
        for _ in 0..10 {
            let statements: Vec<String> = (0..100)
                .map(|_| {
                    let (name, names, types, defaults) = functions.choose(&mut rng).unwrap();
                    let given = types.len() - rng.random_range(0..=*defaults);
                    let arguments = names.iter().zip(&types[..given]);
                    let arguments = arguments.map(|(n, t)| argument(n, t, &mut rng));
                    let arguments = arguments.collect::<Vec<_>>().join(", ");
                    format!("SELECT * FROM rowgrant.{name}({arguments})")
                })
                .collect();
            let asked = statements.iter().map(|s| format!("attempt({})", literal(Some(s))));
            let asked = asked.collect::<Vec<_>>().join(", ");
            let answers: Vec<String> =
                client.query_one(&format!("SELECT ARRAY[{asked}]"), &[]).unwrap().get(0);
            for (statement, answer) in statements.iter().zip(answers) {
                let state = answer[..5].to_owned();
                assert!(
                    !["XX000", "XX001", "XX002", "58000"].contains(&state.as_str()),
                    "seed {seed}: {statement}\n{answer}"
                );
                *states.entry(state).or_default() += 1;
                made += 1;
            }
        }
        let doubts = "SELECT count(*) FROM rowgrant.doctor() WHERE severity = 'error'";
        let doubts: i64 = client.query_one(doubts, &[]).unwrap().get(0);
        assert_eq!(doubts, 0, "seed {seed}, after {made} calls");
        client.batch_execute("ROLLBACK").unwrap();
    }
    println!("{states:?}");
    // Most calls must get as far as rowgrant, or this looks at the parser only.
    let reached: u64 = ["00000", "42704", "22023", "22P02", "23503", "0A000", "42501", "2BP01"]
        .iter()
        .filter_map(|state| states.get(*state))
        .sum();
    assert!(reached * 2 > calls, "{states:?}");
}
