//! The scenario of tests/clients/orms with sqlx.

mod model;
mod scenario;

use std::env;
use std::fs::OpenOptions;
use std::process::ExitCode;

use anyhow::{Result, bail};
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;

/// Does the checks of `scenario` in their order; true where all went well.
macro_rules! check {
    ($pool:expr, $($name:ident)*) => {{
        let mut all = true;
        $(
            if let Err(why) = scenario::$name($pool).await {
                println!("not ok {}: {why}", stringify!($name));
                all = false;
            } else {
                println!("ok {}", stringify!($name));
            }
        )*
        all
    }};
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode> {
    let passed = match env::args().nth(1).as_deref() {
        Some("migrate") => {
            sqlx::migrate!().run(&connect("MIGRATION_URL").await?).await?;
            true
        }
        Some("test") => {
            log_queries()?;
            check!(
                &connect("DATABASE_URL").await?,
                list page count get join prefetch create update update_hidden update_all delete
                delete_hidden bulk_create create_forbidden give_away upsert lock owner two_users
                rollback nobody stranger superuser no_user_left silent
            )
        }
        Some("plain") => check!(&connect("DATABASE_URL").await?, plain_list plain_write),
        _ => bail!("usage: orm-sqlx migrate|test|plain"),
    };
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A pool of one: what a transaction left behind on its connection, the next would find.
async fn connect(url: &str) -> Result<PgPool> {
    Ok(PgPoolOptions::new().max_connections(1).connect(&env::var(url)?).await?)
}

fn log_queries() -> Result<()> {
    let file = OpenOptions::new().append(true).open(env::var("LOG_QUERIES")?)?;
    env_logger::builder()
        .parse_filters("sqlx::query=debug")
        .target(env_logger::Target::Pipe(Box::new(file)))
        .init();
    Ok(())
}
