//! The scenario of tests/clients/orms with Diesel.

mod model;
mod scenario;
mod schema;

use std::env;
use std::fs::OpenOptions;
use std::io::Write;
use std::process::ExitCode;

use anyhow::{Error, Result, bail};
use diesel::connection::{
    CacheSize, Instrumentation, InstrumentationEvent, set_default_instrumentation,
};
use diesel::prelude::*;
use diesel::r2d2::{self, ConnectionManager, CustomizeConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!();

pub type Pool = r2d2::Pool<ConnectionManager<PgConnection>>;

/// Does the checks of `scenario` in their order; true where all went well.
macro_rules! check {
    ($pool:expr, $($name:ident)*) => {{
        let mut all = true;
        $(
            if let Err(why) = scenario::$name($pool) {
                println!("not ok {}: {why}", stringify!($name));
                all = false;
            } else {
                println!("ok {}", stringify!($name));
            }
        )*
        all
    }};
}

fn main() -> Result<ExitCode> {
    let passed = match env::args().nth(1).as_deref() {
        Some("migrate") => {
            PgConnection::establish(&env::var("MIGRATION_URL")?)?
                .run_pending_migrations(MIGRATIONS)
                .map_err(Error::from_boxed)?;
            true
        }
        Some("test") => {
            set_default_instrumentation(log_queries)?;
            check!(
                &connect()?,
                list page count get join prefetch create update update_hidden update_all delete
                delete_hidden bulk_create create_forbidden give_away upsert lock owner two_users
                rollback nobody stranger superuser no_user_left silent
            )
        }
        Some("plain") => check!(&connect()?, plain_list plain_write),
        _ => bail!("usage: orm-diesel migrate|test|plain"),
    };
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A pool of one: what a transaction left behind on its connection, the next would find.
fn connect() -> Result<Pool> {
    let manager = ConnectionManager::new(env::var("DATABASE_URL")?);
    let mut builder = Pool::builder().max_size(1);
    if env::var("ORM_POOLED").as_deref() == Ok("1") {
        builder = builder.connection_customizer(Box::new(Unprepared));
    }
    Ok(builder.build(manager)?)
}

/// PgBouncer may give each transaction another connection to the server: no statement may have a
/// name there.
#[derive(Debug)]
struct Unprepared;

impl CustomizeConnection<PgConnection, r2d2::Error> for Unprepared {
    fn on_acquire(&self, conn: &mut PgConnection) -> Result<(), r2d2::Error> {
        conn.set_prepared_statement_cache_size(CacheSize::Disabled);
        Ok(())
    }
}

fn log_queries() -> Option<Box<dyn Instrumentation>> {
    let path = env::var("LOG_QUERIES").expect("LOG_QUERIES is set");
    let mut file = OpenOptions::new().append(true).open(path).expect("the log can be written");
    Some(Box::new(move |event: InstrumentationEvent<'_>| {
        if let InstrumentationEvent::StartQuery { query, .. } = event {
            writeln!(file, "{query}").expect("the log can be written");
        }
    }))
}
