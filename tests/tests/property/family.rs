//! Keys of every family of types: a handful of values each, in the spellings that are equal.

/// A type of key, and the values that the cases draw from.
#[derive(Debug)]
pub struct Family {
    /// Name of the table of its values in the schema `pool`.
    pub name: &'static str,
    /// Type of a column that holds such keys.
    pub column: &'static str,
    /// Type of one value; differs from the column's only where there are several columns.
    pub value: &'static str,
    /// A column of another type that holds the same ids, as in a membership table.
    pub other_column: &'static str,
    /// Its `=`, which must be found under any search_path.
    pub equals: &'static str,
    /// Forms in which a value is given to a function: expressions of `key`, which has the type,
    /// and `txt`, which is a text.
    pub given: &'static [&'static str],
    /// The values, each with the texts that spell it. The last one is never stored in any table.
    pub keys: &'static [&'static [&'static str]],
}

impl Family {
    pub fn is_composite(&self) -> bool {
        self.name == "composite"
    }

    /// One of the texts that spell the key with that number.
    pub fn text(&self, key: usize, spelling: usize) -> &'static str {
        let spellings = self.keys[key];
        spellings[spelling % spellings.len()]
    }
}

/// A family of one column whose type needs nothing special.
const fn plain(
    name: &'static str,
    column: &'static str,
    keys: &'static [&'static [&'static str]],
) -> Family {
    let given = &["key", "txt", "txt::varchar"];
    Family { name, column, value: column, other_column: column, equals: "=", given, keys }
}

const UUIDS: &[&[&str]] = &[
    &["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11"],
    &["00000000-0000-0000-0000-000000000000", "{00000000000000000000000000000000}"],
    &["ffffffff-ffff-ffff-ffff-ffffffffffff", "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"],
    &["b0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "b0ee-bc99-9c0b-4ef8-bb6d-6bb9-bd38-0a11"],
    &["00000000-0000-0000-0000-000000000001", "{00000000-0000-0000-0000-000000000001}"],
    &["b0eebc99-9c0b-4ef8-bb6d-6bb9bd380a12", "B0eebc99-9c0b-4ef8-bb6d-6bb9bd380A12"],
];

/// Texts that are easily mistaken for each other, for a number, for a row or for a built-in group.
const TEXTS: &[&[&str]] = &[
    &["a"],
    &["A"],
    &["everyone"],
    &["it's \"x\"\ny\\, (1,2)"],
    &["a "],
    &["NULL"],
];

/// Names that a group may have.
const NAMES: &[&[&str]] = &[&["staff"], &["it's"], &["Everyone"], &["{a,b}"], &["7"], &["nobody"]];

pub const SMALLINT: Family = Family {
    other_column: "bigint",
    given: &["key", "key::integer", "key::bigint", "txt"],
    ..plain("smallint", "smallint", &[&["7", "007"], &["0"], &["-1"], &["32767"], &["70", " 70 "], &["8"]])
};
pub const INTEGER: Family = Family {
    other_column: "bigint",
    given: &["key", "key::bigint", "key::numeric", "txt", "txt::varchar"],
    ..plain("integer", "integer", &[&["7", "007"], &["0"], &["-1"], &["2147483647"], &["70", " 70 "], &["8"]])
};
pub const BIGINT: Family = Family {
    given: &["key", "key::numeric", "txt", "txt::varchar"],
    ..plain(
        "bigint",
        "bigint",
        &[&["7", "+7"], &["0"], &["-9223372036854775808"], &["9223372036854775807"], &["2147483648"], &["8"]],
    )
};
pub const UUID: Family = plain("uuid", "uuid", UUIDS);
pub const TEXT: Family = plain("text", "text", TEXTS);
pub const NAME: Family = plain("names", "text", NAMES);

/// Every family that can be the key of one column, and then that of two.
pub const FAMILIES: &[Family] = &[
    SMALLINT,
    INTEGER,
    BIGINT,
    UUID,
    TEXT,
    plain("varchar", "varchar(20)", TEXTS),
    Family {
        given: &["key", "txt", "txt::varchar", "key::text"],
        ..plain("char", "char(5)", &[&["ab", "ab "], &["AB", "AB   "], &["a"], &["a b", "a b "], &["", "  "], &["abc"]])
    },
    Family {
        equals: "OPERATOR(public.=)",
        given: &["key", "txt", "txt::varchar", "key::text"],
        ..plain(
            "citext",
            "public.citext",
            &[&["ab", "AB", "aB"], &["é"], &["a b"], &["ab "], &["7"], &["abc", "ABC"]],
        )
    },
    Family {
        given: &["key", "txt", "key::text"],
        ..plain(
            "numeric",
            "numeric",
            &[
                &["7", "7.00", "7.0"],
                &["0", "-0", "0.000"],
                &["0.1", ".10", "1e-1"],
                &["100000000000000000000", "1e20", "100000000000000000000.0"],
                &["NaN", "nan"],
                &["70", "70.000"],
            ],
        )
    },
    plain(
        "numeric_scale",
        "numeric(12,3)",
        &[&["7", "7.0"], &["0", "-0"], &["-7.5", "-7.500"], &["700"], &["0.001", "1e-3"], &["8"]],
    ),
    plain(
        "double",
        "double precision",
        &[&["0", "-0"], &["0.1", "1e-1"], &["1e300"], &["NaN"], &["0.30000000000000004"], &["0.3"]],
    ),
    plain(
        "timestamptz",
        "timestamptz",
        &[
            &["2024-02-03 10:00:00+00", "2024-02-03 11:00:00+01", "2024-02-03T10:00:00Z"],
            &["2024-02-03 10:00:00.000001+00", "2024-02-03 05:00:00.000001-05"],
            &["infinity"],
            &["0044-03-15 12:00:00+00 BC"],
            &["2024-07-01 00:00:00+00", "2024-06-30 17:00:00-07"],
            &["2024-02-03 11:00:00+00"],
        ],
    ),
    plain(
        "date",
        "date",
        &[&["2024-02-03", "20240203"], &["2024-03-02"], &["infinity"], &["-infinity"], &["0044-03-15 BC"], &["2025-01-01"]],
    ),
    plain(
        "interval",
        "interval",
        &[&["1 month", "30 days", "720:00:00"], &["0", "1 day -24 hours"], &["-26 hours", "-1 day -2 hours"], &["1 year"], &["00:00:00.000001"], &["2 months"]],
    ),
    plain(
        "inet",
        "inet",
        &[&["10.0.0.1", "10.0.0.1/32"], &["10.0.0.1/8"], &["::1", "0:0:0:0:0:0:0:1", "::1/128"], &["::ffff:10.0.0.1"], &["10.0.0.0/8"], &["10.0.0.2"]],
    ),
    plain(
        "bytea",
        "bytea",
        &[&["\\x00ff", "\\x00FF", "\\000\\377"], &["", "\\x"], &["\\x61", "a"], &["\\x5c", "\\\\"], &["\\x00"], &["\\x62", "b"]],
    ),
    plain("enum", "pool.mood", &[&["ok"], &["OK"], &["so so"], &["a,b"], &["7"], &["gone"]]),
    Family {
        value: "pool.pair",
        given: &["key", "txt", "ROW((key).a, (key).b)", "ROW((key).a::bigint, (key).b::varchar)"],
        ..plain(
            "composite",
            "",
            &[
                &["(1,a)", "( 1 ,\"a\")"],
                &["(1,A)"],
                &["(1,\"\")"],
                &["(2,\"a,\"\"b\\\\)\")", "(2,\"a,\\\"b\\\\)\")"],
                &["(11,a)"],
                &["(2,a)"],
            ],
        )
    },
];

/// Families of ids that are in no table: what they are must be seen from the value alone.
pub const FREE: &[Family] = &[INTEGER, BIGINT, UUID, TEXT];
