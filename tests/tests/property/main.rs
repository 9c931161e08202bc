//! Random models, driven through SQL and compared with a naive model: what users and groups hold,
//! asked and listed in all forms with all options, who holds it, and why.
//!
//! ROWGRANT_CASES is the number of models (2,000), ROWGRANT_SEED repeats a run; a failing case
//! prints its own seed, with which ROWGRANT_CASES=1 repeats it alone.

mod ask;
mod generate;
mod holders;
mod model;
mod session;
mod setup;
mod step;
mod undo;

use std::sync::atomic::{AtomicBool, Ordering};
use std::{env, thread};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use rowgrant_tests::Database;

use ask::Asking;
use model::Model;
use session::Session;

fn setting(name: &str, default: impl FnOnce() -> u64) -> u64 {
    env::var(name).ok().map_or_else(default, |text| text.parse().expect("a number"))
}

/// Says which case it was, however it fails, and ends the other threads' work.
struct Case<'a> {
    seed: u64,
    failed: &'a AtomicBool,
}

impl Drop for Case<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.failed.store(true, Ordering::Relaxed);
            println!("repeat it with ROWGRANT_SEED={} ROWGRANT_CASES=1", self.seed);
        }
    }
}

fn compare(
    session: &mut Session,
    model: &Model,
    rng: &mut StdRng,
    questions: impl FnOnce(&mut Asking),
) {
    let mut asking = Asking::new(session, model, rng);
    questions(&mut asking);
    let wrong = asking.finish();
    assert!(wrong.is_empty(), "{}\n{model:#?}\n{}", wrong.join("\n"), session.script());
}

fn run(session: &mut Session, case: &Case) {
    let mut rng = StdRng::seed_from_u64(case.seed);
    let mut model = generate::model(&mut rng);
    session.begin();
    setup::set_up(session, &model);
    for _ in 0..rng.random_range(1..30) {
        // Neither what is asked between changes, nor changes that are taken back, may show later.
        if rng.random_bool(0.1) {
            let mut passing = model.clone();
            session.execute("SAVEPOINT passing;");
            step::step(session, &mut passing, &mut rng);
            compare(session, &passing, &mut rng, |asking| asking.something());
            session.execute("ROLLBACK TO passing;");
        }
        step::step(session, &mut model, &mut rng);
        if rng.random_bool(0.2) {
            compare(session, &model, &mut rng, |asking| asking.something());
        }
    }
    compare(session, &model, &mut rng, |asking| asking.everything());
    session.roll_back();
}

#[test]
fn all_ways_of_asking_agree_with_a_naive_model() {
    let cases = setting("ROWGRANT_CASES", || 2_000);
    let seed = setting("ROWGRANT_SEED", || rand::rng().random());
    println!("seed {seed}, {cases} cases");
    let workers = thread::available_parallelism().map_or(1, |n| n.get() as u64).clamp(1, 8);
    let workers = workers.min(cases);
    let databases: Vec<Database> =
        (0..workers).map(|n| Database::new(&format!("rowgrant_property_{n}"))).collect();
    let failed = AtomicBool::new(false);
    thread::scope(|scope| {
        for (database, first) in databases.iter().zip(0..) {
            let failed = &failed;
            scope.spawn(move || {
                let mut session = Session::new(database.connect());
                session.execute(setup::PRELUDE);
                for case in (first..cases).step_by(workers as usize) {
                    if failed.load(Ordering::Relaxed) {
                        break;
                    }
                    run(&mut session, &Case { seed: seed.wrapping_add(case), failed });
                }
            });
        }
    });
}
