//! Random models.

use std::collections::BTreeSet;

use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::{IndexedRandom, SliceRandom};

use super::model::{Group, Holder, Model, Object, User};

/// Key types, each with keys in two spellings.
const KEYS: &[(&str, &[(&str, &str)])] = &[
    ("smallint", &[("1", "01"), ("-2", " -2"), ("300", "300"), ("0", "-0")]),
    ("integer", &[("1", "+1"), ("2", "002"), ("-2147483648", "-2147483648"), ("7", "7 ")]),
    ("bigint", &[("1", "1"), ("9223372036854775807", "9223372036854775807"), ("2", "2")]),
    (
        "uuid",
        &[
            ("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11"),
            ("00000000-0000-0000-0000-000000000001", "{00000000000000000000000000000001}"),
            ("ffffffff-ffff-ffff-ffff-ffffffffffff", "ffff-ffff-ffff-ffff-ffff-ffff-ffff-ffff"),
        ],
    ),
    ("text", &[("a", "a"), ("A", "A"), ("", ""), ("it's", "it's"), ("x\n\"\\", "x\n\"\\")]),
    ("varchar(9)", &[("a", "a"), ("a ", "a "), ("é", "é")]),
    ("char(4)", &[("a", "a "), ("bc", "bc  "), ("dddd", "dddd")]),
    ("citext", &[("Abc", "aBC"), ("x", "X"), ("É", "é")]),
    (
        "numeric",
        &[("7.00", "7"), ("7.5", "7.50"), ("1e20", "100000000000000000000"), ("-0.0", "0")],
    ),
    ("timestamptz", &[("2024-01-01 10:00+00", "2024-01-01 12:00+02"), ("infinity", "infinity")]),
    ("date", &[("2024-02-03", "3 Feb 2024"), ("0044-03-15 BC", "0044-03-15 BC")]),
    ("inet", &[("10.0.0.1", "10.0.0.1/32"), ("10.0.0.1/8", "10.0.0.1/8"), ("::1", "0:0::1")]),
    ("bytea", &[("\\x00ff", "\\x00FF"), ("\\x", "\\x")]),
    ("mood", &[("sad", "sad"), ("so so", "so so")]),
    ("interval", &[("1 month", "30 days"), ("24:00:00", "1 day")]),
    (
        "composite",
        &[("(1,a)", "( 1 ,a)"), ("(1,\"a,b\")", "(01,\"a,b\")"), ("(2,\"\")", "(2,\"\")")],
    ),
];

const USERS: &[(&str, &[(&str, &str)])] = &[
    ("integer", &[("1", "01"), ("2", "2"), ("3", "3"), ("4", "4")]),
    ("text", &[("ann", "ann"), ("Ann", "Ann"), ("o'b\\", "o'b\\"), ("everyone", "everyone")]),
    (
        "uuid",
        &[
            ("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "A0EEBC999C0B4EF8BB6D6BB9BD380A11"),
            ("00000000-0000-0000-0000-000000000001", "{00000000-0000-0000-0000-000000000001}"),
            ("00000000-0000-0000-0000-000000000002", "00000000-0000-0000-0000-000000000002"),
        ],
    ),
];

const GROUPS: &[(&str, &[(&str, &str)])] = &[
    ("text", &[("g'0", "g'0"), ("g\\1", "g\\1"), ("Ann", "Ann"), ("3", "3"), ("g4", "g4")]),
    ("integer", &[("1", "01"), ("2", " 2"), ("3", "+3"), ("4", "4"), ("-5", "-5")]),
];

/// A model without grants.
pub fn model(rng: &mut StdRng) -> Model {
    let (key_type, keys) = *KEYS.choose(rng).unwrap();
    let (user_type, ids) = *USERS.choose(rng).unwrap();
    let registered = rng.random_bool(0.7);
    let has_table = key_type == "composite" || rng.random_bool(0.8);
    let has_owner = has_table && rng.random_bool(0.5);
    let users: Vec<User> = ids
        .iter()
        .map(|(id, other)| User {
            id: (*id).into(),
            // A free id is what it is spelled, unless it reads as a uuid.
            other: if registered || user_type == "uuid" { *other } else { *id }.into(),
            exists: true,
            active: rng.random_bool(0.8),
            superuser: rng.random_bool(0.15),
        })
        .collect();
    let (group_type, names) = *GROUPS.choose(rng).unwrap();
    let groups: Vec<Group> = names[..rng.random_range(1..=names.len())]
        .iter()
        .map(|(id, other)| Group {
            id: (*id).into(),
            other: if registered { *other } else { *id }.into(),
            exists: true,
        })
        .collect();
    let pairs: Vec<(usize, usize)> =
        (0..users.len()).flat_map(|u| (0..groups.len()).map(move |g| (u, g))).collect();
    // Sparse, so that most of what a user reaches he reaches through subgroups.
    let mut some = |of: f64| -> BTreeSet<(usize, usize)> {
        pairs.iter().copied().filter(|_| rng.random_bool(of)).collect()
    };
    let (members, kept) = (some(0.2), some(0.1));
    // Any order of the groups in which the parents come later, so that no edge closes a cycle.
    let mut order: Vec<usize> = (0..groups.len()).collect();
    order.shuffle(rng);
    let mut subgroups = BTreeSet::new();
    for (n, child) in order.iter().enumerate() {
        for parent in &order[n + 1..] {
            if rng.random_bool(0.35) {
                subgroups.insert((Holder::Group(*child), *parent));
            }
        }
        for built_in in [Holder::Everyone, Holder::Authenticated] {
            if rng.random_bool(0.06) {
                subgroups.insert((built_in, *child));
            }
        }
    }
    let objects: Vec<Object> = keys
        .iter()
        .map(|(key, other)| Object {
            key: (*key).into(),
            other: (*other).into(),
            exists: has_table && rng.random_bool(0.8),
            owner: (has_owner && rng.random_bool(0.5)).then(|| rng.random_range(0..users.len())),
        })
        .collect();
    let perms = rng.random_range(1..5);
    let mut implies = BTreeSet::new();
    for above in 0..perms {
        for below in 0..above {
            if rng.random_bool(0.4) {
                implies.insert((above, below));
            }
        }
    }
    let anonymous = (registered && rng.random_bool(0.5)).then(|| rng.random_range(0..users.len()));
    Model {
        key_type,
        user_type,
        group_type,
        registered,
        has_table,
        has_owner,
        anonymous,
        users,
        groups,
        members,
        kept,
        subgroups,
        objects,
        perms,
        implies,
        grants: Vec::new(),
    }
}
