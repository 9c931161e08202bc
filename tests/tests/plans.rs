//! Whatever plan is chosen, a query shows the rows that `has_perm` allows one by one: random grants,
//! random queries, random settings of the planner, plans made before the grants changed.
//!
//! `ROWGRANT_SEED` repeats a run, `ROWGRANT_QUERIES` is the number of queries (1,000 by default).

use std::env;

use postgres::Client;
use rand::prelude::*;
use rand::rngs::StdRng;
use rowgrant_tests::Database;

const SETUP: &str = "
CREATE TABLE numbers (id bigint PRIMARY KEY, n integer);
CREATE TABLE codes (id uuid PRIMARY KEY, n integer);
CREATE TABLE words (id text PRIMARY KEY, n integer);
CREATE TABLE pairs (id text, a integer, b smallint, n integer, PRIMARY KEY (a, b));
CREATE TABLE owned (id integer PRIMARY KEY, n integer, owner text);
CREATE TABLE parts (id integer PRIMARY KEY, n integer) PARTITION BY RANGE (id);
CREATE TABLE parts_low PARTITION OF parts FOR VALUES FROM (0) TO (100);
CREATE TABLE parts_high PARTITION OF parts FOR VALUES FROM (100) TO (1000);
CREATE TABLE family (id integer PRIMARY KEY, n integer);
CREATE TABLE child (PRIMARY KEY (id)) INHERITS (family);
INSERT INTO numbers SELECT i, i % 20 FROM generate_series(1, 300) i;
INSERT INTO codes SELECT md5(i::text)::uuid, i % 20 FROM generate_series(1, 150) i;
INSERT INTO words SELECT 'w' || i, i % 20 FROM generate_series(1, 150) i;
INSERT INTO pairs SELECT format('(%s,%s)', i, j), i, j, i % 20 FROM generate_series(1, 50) i, generate_series(1, 3) j;
INSERT INTO owned SELECT i, i % 20, CASE WHEN i % 3 = 0 THEN 'u' || i % 7 END FROM generate_series(1, 150) i;
INSERT INTO parts SELECT i, i % 20 FROM generate_series(1, 200) i;
INSERT INTO family SELECT i, i % 20 FROM generate_series(1, 80) i;
INSERT INTO child SELECT i, i % 20 FROM generate_series(81, 160) i;
CREATE INDEX ON numbers (n);
CREATE INDEX ON words (n, id);
CREATE INDEX ON owned (owner);
SELECT rowgrant.protect('numbers'), rowgrant.protect('codes'), rowgrant.protect('words'), rowgrant.protect('pairs'),
       rowgrant.protect('owned', owner_column => 'owner'), rowgrant.protect('parts'), rowgrant.protect('family');
SELECT rowgrant.define_perm(t, 'editor', '{view,change}')
FROM unnest('{numbers,codes,words,pairs,owned,parts,family}'::text[]) t;
SELECT rowgrant.add_member('g1', 'u1'), rowgrant.add_member('g1', 'u2'), rowgrant.add_member('g2', 'u3'),
       rowgrant.add_subgroup('g2', 'g1');
CREATE FUNCTION allowed(who text, perm text, object_type text) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
    key text;
    keys text[] = '{}';
BEGIN
    FOR key IN EXECUTE format('SELECT id::text FROM %I', object_type) LOOP
        IF rowgrant.has_perm(who, perm, object_type, key) THEN
            keys = keys || key;
        END IF;
    END LOOP;
    RETURN keys;
END $$;
CREATE FUNCTION allowed_to_group(who text, perm text, object_type text) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
    key text;
    keys text[] = '{}';
BEGIN
    FOR key IN EXECUTE format('SELECT id::text FROM %I', object_type) LOOP
        IF rowgrant.group_has_perm(who, perm, object_type, key) THEN
            keys = keys || key;
        END IF;
    END LOOP;
    RETURN keys;
END $$;";

const TABLES: [&str; 7] = ["numbers", "codes", "words", "pairs", "owned", "parts", "family"];
const PERMS: [&str; 3] = ["view", "change", "editor"];

/// Queries with `{c}` for the condition on `{t} d`, and `{e}` for another on `{s} e`.
const QUERIES: [&str; 24] = [
    "SELECT d.id FROM {t} d WHERE {c}",
    "SELECT d.id FROM {t} d WHERE NOT {c}",
    "SELECT d.id FROM {t} d WHERE {c} OR d.n % 3 = 0",
    "SELECT d.id FROM {t} d WHERE {c} AND d.n = 7",
    "SELECT d.id FROM {t} d WHERE {c} AND d.n BETWEEN 3 AND 9",
    "SELECT d.id, d.n FROM {t} d WHERE {c} ORDER BY d.n DESC, d.id LIMIT 5",
    "SELECT d.id FROM {t} d WHERE {c} ORDER BY d.id LIMIT 5",
    "SELECT d.id FROM {t} d WHERE {c} ORDER BY d.id OFFSET 3",
    "SELECT d.id FROM {t} d WHERE {c} AND d.id = (SELECT min(id::text) FROM {t})::{k}",
    "SELECT d.id FROM {t} d WHERE {c} AND d.id > (SELECT min(id::text) FROM {t})::{k} ORDER BY d.id LIMIT 4",
    "SELECT count(*) AS id FROM {t} d WHERE {c}",
    "SELECT d.n AS id, count(*) FROM {t} d WHERE {c} GROUP BY d.n",
    "SELECT d.id, {c} AS held FROM {t} d",
    "SELECT d.id, e.id AS other FROM {t} d JOIN {s} e ON e.n = d.n WHERE {c} AND {e}",
    "SELECT d.id, e.id AS other FROM {t} d LEFT JOIN {s} e ON e.n = d.n AND {e} WHERE {c}",
    "SELECT d.id FROM {t} d WHERE {c} AND EXISTS (SELECT FROM {s} e WHERE e.n = d.n AND {e})",
    "SELECT d.id FROM {t} d WHERE {c} AND NOT EXISTS (SELECT FROM {s} e WHERE e.n = d.n AND {e})",
    "SELECT d.id FROM {t} d JOIN {t} f USING (n) WHERE {c} AND f.id = (SELECT max(id::text) FROM {t})::{k}",
    "WITH held AS MATERIALIZED (SELECT * FROM {t} d WHERE {c}) SELECT id FROM held WHERE n < 10",
    "SELECT id FROM (SELECT d.id, row_number() OVER (ORDER BY d.id) AS r FROM {t} d WHERE {c}) w WHERE r < 4",
    "SELECT d.id FROM {t} d WHERE {c} UNION ALL SELECT d.id FROM {t} d WHERE NOT {c} AND d.n = 1",
    "SELECT l.id FROM generate_series(0, 3) g, LATERAL (SELECT d.id FROM {t} d WHERE d.n = g AND {c}) l",
    "SELECT d.id FROM {t} d WHERE {c} AND d.id IN (SELECT id FROM {t} WHERE n IN (1, 2))",
    "SELECT d.id FROM {t} d WHERE d.n = ANY ('{1,2,3}') AND {c} AND d.id IS NOT NULL",
];

/// The same on the key of several columns.
const QUERIES_OF_PAIRS: [&str; 9] = [
    "SELECT d.id FROM pairs d WHERE {c} ORDER BY d.a, d.b LIMIT 5",
    "SELECT d.id FROM pairs d WHERE {c} ORDER BY d.a DESC, d.b DESC LIMIT 5",
    "SELECT d.id FROM pairs d WHERE {c} AND d.a = 3 ORDER BY d.b LIMIT 3",
    "SELECT d.id FROM pairs d WHERE {c} AND d.a > 1 ORDER BY d.a, d.b LIMIT 4",
    "SELECT d.id FROM pairs d WHERE {c} AND d.b IN (1, 2, 3) ORDER BY d.a, d.b LIMIT 4",
    "SELECT d.id FROM pairs d JOIN pairs f USING (a, b) WHERE {c} ORDER BY a, b LIMIT 6",
    "SELECT DISTINCT ON (d.a) d.a AS id, d.b FROM pairs d WHERE {c} ORDER BY d.a, d.b",
    "SELECT d.a AS id, count(*), min(d.b) FROM pairs d WHERE {c} GROUP BY d.a",
    "SELECT d.b AS id, count(*) FROM pairs d WHERE NOT {c} OR d.a = 2 GROUP BY d.b",
];

const SETTINGS: [&str; 9] = [
    "enable_seqscan",
    "enable_indexscan",
    "enable_indexonlyscan",
    "enable_bitmapscan",
    "enable_hashjoin",
    "enable_nestloop",
    "enable_mergejoin",
    "enable_sort",
    "enable_partition_pruning",
];

fn setting(name: &str, default: u64) -> u64 {
    env::var(name).ok().map_or(default, |text| text.parse().expect("a number"))
}

fn change(rng: &mut StdRng) -> String {
    let table = TABLES.choose(rng).unwrap();
    let perm = PERMS.choose(rng).unwrap();
    let (kind, who) = match rng.random_range(0..3) {
        0 => ("_group", format!("g{}", rng.random_range(1..3))),
        1 => ("_group", "everyone".to_owned()),
        _ => ("", format!("u{}", rng.random_range(1..5))),
    };
    let share = [1, 3, 20, 100].choose(rng).unwrap();
    let keys = format!("ARRAY(SELECT id::text FROM {table} WHERE random() * 100 < {share})");
    match rng.random_range(0..20) {
        0 => format!("SELECT rowgrant.assign{kind}_perm('{who}', '{perm}', '{table}')"),
        1..4 => format!("SELECT rowgrant.remove{kind}_perm('{who}', '{perm}', '{table}')"),
        4..10 => format!(
            "SELECT rowgrant.remove{kind}_perms(ARRAY['{who}'], ARRAY['{perm}'], '{table}', {keys})"
        ),
        10..12 => format!(
            "SELECT rowgrant.assign{kind}_perms(ARRAY['{who}'], ARRAY['{perm}'], '{table}', {keys}, '2020-01-01')"
        ),
        12 => format!("VACUUM ANALYZE {table}"),
        13 => {
            "VACUUM ANALYZE rowgrant.grant_bigint, rowgrant.grant_text, rowgrant.grant_uuid".into()
        }
        _ => format!(
            "SELECT rowgrant.assign{kind}_perms(ARRAY['{who}'], ARRAY['{perm}'], '{table}', {keys})"
        ),
    }
}

/// A condition on a row, and the same by the keys that are allowed one by one.
struct Condition {
    asked: String,
    naive: String,
    current_user: Option<String>,
}

fn condition(rng: &mut StdRng, table: &str, alias: &str) -> Condition {
    let perm = PERMS.choose(rng).unwrap();
    let user = format!("u{}", rng.random_range(0..7));
    let group = format!("g{}", rng.random_range(1..4));
    let key = match table {
        "pairs" => format!("ROW({alias}.a, {alias}.b)"),
        _ => format!("{alias}.id"),
    };
    let naive = |function: &str, who: &str| {
        format!(
            "coalesce({alias}.id::text = ANY ((SELECT {function}('{who}', '{perm}', '{table}'))::text[]), false)"
        )
    };
    let (asked, current_user) = match rng.random_range(0..7) {
        0 | 1 => (format!("rowgrant.has_perm('{user}', '{perm}', {alias})"), None),
        2 | 3 => (format!("rowgrant.has_perm('{user}', '{perm}', '{table}', {key})"), None),
        4 => (format!("rowgrant.can('{perm}', {alias})"), Some(user.clone())),
        5 => {
            let asked = format!("rowgrant.group_has_perm('{group}', '{perm}', '{table}', {key})");
            return Condition {
                asked,
                naive: naive("allowed_to_group", &group),
                current_user: None,
            };
        }
        _ => (
            format!(
                "{alias}.id::text IN (SELECT rowgrant.objects_for_user('{user}', '{perm}', '{table}', NULL::text))"
            ),
            None,
        ),
    };
    Condition { asked, naive: naive("allowed", &user), current_user }
}

fn rows(client: &mut Client, query: &str) -> Result<String, String> {
    let all = format!("SELECT coalesce(json_agg(q ORDER BY q::text), '[]')::text FROM ({query}) q");
    client.query_one(&all, &[]).map(|row| row.get(0)).map_err(|e| format!("{e:?}"))
}

#[test]
fn every_plan_shows_the_rows_that_has_perm_allows() {
    let count = setting("ROWGRANT_QUERIES", 1000);
    let seed = setting("ROWGRANT_SEED", rand::rng().random());
    println!("seed {seed}, {count} queries");
    let mut rng = StdRng::seed_from_u64(seed);
    let database = Database::new("rowgrant_plans");
    let mut client = database.connect();
    client.batch_execute(SETUP).unwrap();
    client.batch_execute("SET min_parallel_table_scan_size = 0; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0").unwrap();
    let mut shown = 0;
    for n in 0..count {
        for _ in 0..rng.random_range(0..3) {
            let sql = change(&mut rng);
            client.batch_execute(&sql).unwrap_or_else(|e| panic!("seed {seed}: {sql}: {e:?}"));
        }
        for name in SETTINGS {
            client.batch_execute(&format!("SET {name} = {}", rng.random_bool(0.7))).unwrap();
        }
        let workers = if rng.random_bool(0.1) { 2 } else { 0 };
        client.batch_execute(&format!("SET max_parallel_workers_per_gather = {workers}")).unwrap();
        let (table, other) = (*TABLES.choose(&mut rng).unwrap(), *TABLES.choose(&mut rng).unwrap());
        let (first, mut second) =
            (condition(&mut rng, table, "d"), condition(&mut rng, other, "e"));
        // There is one user of a transaction.
        while first.current_user.is_some() && second.current_user.is_some() {
            second = condition(&mut rng, other, "e");
        }
        let key_type = match table {
            "numbers" => "bigint",
            "codes" => "uuid",
            "words" | "pairs" => "text",
            _ => "integer",
        };
        let of_pairs = table == "pairs" && rng.random_bool(0.6);
        let templates = if of_pairs { &QUERIES_OF_PAIRS[..] } else { &QUERIES[..] };
        let template = templates.choose(&mut rng).unwrap();
        let query = |c: &str, e: &str| {
            template
                .replace("{t}", table)
                .replace("{s}", other)
                .replace("{k}", key_type)
                .replace("{c}", c)
                .replace("{e}", e)
        };
        let asked = query(&first.asked, &second.asked);
        let naive = query(&first.naive, &second.naive);
        let level = ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"].choose(&mut rng).unwrap();
        client.batch_execute(&format!("BEGIN ISOLATION LEVEL {level}")).unwrap();
        if let Some(user) = first.current_user.as_ref().or(second.current_user.as_ref()) {
            client.batch_execute(&format!("SELECT rowgrant.set_user('{user}'::text)")).unwrap();
        }
        let fail = |what: String| panic!("seed {seed}, query {n}: {asked}\n{what}");
        let answer = rows(&mut client, &asked).unwrap_or_else(&fail);
        let expected = rows(&mut client, &naive).unwrap_or_else(&fail);
        if answer != expected {
            let explain = client.query(&format!("EXPLAIN {asked}"), &[]).unwrap();
            let plan: Vec<String> = explain.iter().map(|row| row.get(0)).collect();
            fail(format!("shows    {answer}\nexpected {expected}\n{}", plan.join("\n")));
        }
        shown += usize::from(answer != "[]");
        if rng.random_bool(0.2) {
            // A plan made before grants change.
            let mode =
                ["force_generic_plan", "force_custom_plan", "auto"].choose(&mut rng).unwrap();
            client.batch_execute(&format!("SET plan_cache_mode = {mode}")).unwrap();
            let prepared = client
                .prepare(&format!(
                    "SELECT coalesce(json_agg(q ORDER BY q::text), '[]')::text FROM ({asked}) q"
                ))
                .unwrap();
            for _ in 0..3 {
                let answer: String = client.query_one(&prepared, &[]).unwrap().get(0);
                let expected = rows(&mut client, &naive).unwrap_or_else(&fail);
                assert_eq!(answer, expected, "seed {seed}, query {n}, prepared: {asked}");
                let mut sql = change(&mut rng);
                while sql.starts_with("VACUUM") {
                    sql = change(&mut rng);
                }
                client.batch_execute(&sql).unwrap();
            }
        }
        client.batch_execute("COMMIT").unwrap();
    }
    // Or most of this compared nothing with nothing.
    assert!(shown * 2 > count as usize, "{shown} of {count}");
}
