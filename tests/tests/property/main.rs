//! Random models, driven through SQL and compared with a naive model: has_perm in all its forms,
//! the lists with all their options, and the same for groups.
//!
//! ROWGRANT_CASES is the number of models (2,000), ROWGRANT_SEED repeats a run; a failing case
//! prints its own seed, with which ROWGRANT_CASES=1 repeats it alone.

mod drive;
mod generate;
mod model;

use std::env;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use rowgrant_tests::Database;

fn setting(name: &str, default: impl FnOnce() -> u64) -> u64 {
    env::var(name).ok().map_or_else(default, |text| text.parse().expect("a number"))
}

#[test]
fn all_ways_of_asking_agree_with_a_naive_model() {
    let cases = setting("ROWGRANT_CASES", || 2_000);
    let seed = setting("ROWGRANT_SEED", || rand::rng().random());
    println!("seed {seed}, {cases} cases");
    let database = Database::new("rowgrant_property");
    let mut client = database.connect();
    client.batch_execute(drive::PRELUDE).unwrap();
    for case in 0..cases {
        let case_seed = seed.wrapping_add(case);
        let mut rng = StdRng::seed_from_u64(case_seed);
        let mut model = generate::model(&mut rng);
        client.batch_execute("BEGIN").unwrap();
        drive::set_up(&mut client, &model);
        for _ in 0..rng.random_range(1..25) {
            drive::step(&mut client, &mut model, &mut rng);
        }
        let wrong = drive::compare(&mut client, &model, &mut rng);
        assert!(
            wrong.is_empty(),
            "case with ROWGRANT_SEED={case_seed}:\n{}\n{model:#?}",
            wrong.join("\n")
        );
        client.batch_execute("ROLLBACK").unwrap();
    }
}
