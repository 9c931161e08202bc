//! One connection, with the statements that brought the database to where it is.

use postgres::{Client, Row, SimpleQueryMessage};

pub struct Session {
    client: Client,
    script: Vec<String>,
}

impl Session {
    pub fn new(client: Client) -> Self {
        Self { client, script: Vec::new() }
    }

    /// What to run in an empty database to see the same.
    pub fn script(&self) -> String {
        self.script.join("\n")
    }

    /// Starts a transaction, of which nothing stays.
    pub fn begin(&mut self) {
        self.client.batch_execute("BEGIN").unwrap();
        self.script.clear();
    }

    pub fn roll_back(&mut self) {
        self.client.batch_execute("ROLLBACK").unwrap();
    }

    pub fn execute(&mut self, sql: &str) {
        self.script.push(sql.to_owned());
        if let Err(error) = self.client.batch_execute(sql) {
            panic!("{error:?}\n{}", self.script());
        }
    }

    /// The SQLSTATE with which the statement fails.
    pub fn refusal(&mut self, sql: &str) -> String {
        let Err(error) = self.client.batch_execute(&format!("SAVEPOINT s; {sql}")) else {
            panic!("not refused: {sql}\n{}", self.script());
        };
        self.client.batch_execute("ROLLBACK TO s").unwrap();
        error.code().map_or_else(|| panic!("{error:?}"), |code| code.code().to_owned())
    }

    /// Whether the statement changed anything, as its function says.
    pub fn changes(&mut self, call: &str) -> bool {
        let sql = format!("SELECT {call};");
        self.script.push(sql.clone());
        self.values(&sql)[0].as_deref() == Some("t")
    }

    /// All values of all rows of all the statements, which leave no trace in the script.
    pub fn values(&mut self, sql: &str) -> Vec<Option<String>> {
        let messages = self.client.simple_query(sql);
        let messages =
            messages.unwrap_or_else(|error| panic!("{error:?}\n{sql}\n{}", self.script()));
        let mut values = Vec::new();
        for message in messages {
            if let SimpleQueryMessage::Row(row) = message {
                values.extend((0..row.len()).map(|n| row.get(n).map(str::to_owned)));
            }
        }
        values
    }

    pub fn rows(&mut self, sql: &str) -> Vec<Row> {
        let rows = self.client.query(sql, &[]);
        rows.unwrap_or_else(|error| panic!("{error:?}\n{sql}\n{}", self.script()))
    }
}
