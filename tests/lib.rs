//! Helpers shared by the tests that speak to a real server.
//!
//! The server is found by PGHOST, PGPORT and PGUSER, as `scripts/with-server` sets them; each test
//! makes a database of its own.

use std::env;

use postgres::{Client, NoTls};

/// Connects to a database as the superuser.
pub fn connect(database: &str) -> Client {
    let host = env::var("PGHOST").expect("PGHOST is not set: run scripts/test");
    let port = env::var("PGPORT").unwrap_or_else(|_| "5432".into());
    let user = env::var("PGUSER").unwrap_or_else(|_| "postgres".into());
    let parameters = format!("host={host} port={port} user={user} dbname={database}");
    Client::connect(&parameters, NoTls).expect("cannot connect")
}

/// A database of one test, dropped at its end.
pub struct Database {
    name: String,
}

impl Database {
    /// Makes it anew, without the extension.
    pub fn empty(name: &str) -> Self {
        let mut admin = connect("postgres");
        admin.batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).unwrap();
        admin.batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
        Self { name: name.into() }
    }

    /// Makes it anew, with the extension.
    pub fn new(name: &str) -> Self {
        let database = Self::empty(name);
        database.connect().batch_execute("CREATE EXTENSION rowgrant").unwrap();
        database
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn connect(&self) -> Client {
        connect(&self.name)
    }
}

impl Drop for Database {
    /// After every test nothing is left behind, and nothing is wrong.
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let wrong = "SELECT (SELECT count(*) FROM rowgrant.orphans()), \
                         (SELECT count(*) FROM rowgrant.doctor() WHERE severity = 'error')";
            // Not where the test has dropped the extension.
            if let Ok(row) = self.connect().query_one(wrong, &[]) {
                assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (0, 0));
            }
        }
        let drop = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        connect("postgres").batch_execute(&drop).ok();
    }
}

/// A text as an SQL literal, or NULL.
pub fn literal(text: Option<&str>) -> String {
    match text {
        Some(text) => format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "''")),
        None => "NULL".into(),
    }
}
