use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::Integer;

use crate::schema::{documents, folders};

#[diesel::declare_sql_function]
extern "SQL" {
    #[sql_name = "rowgrant.set_user"]
    fn set_user(id: Integer);
}

/// A transaction of that user.
pub fn as_user<T, E: From<diesel::result::Error>>(
    conn: &mut PgConnection,
    id: i32,
    work: impl FnOnce(&mut PgConnection) -> Result<T, E>,
) -> Result<T, E> {
    conn.transaction(|conn| {
        diesel::select(set_user(id)).execute(conn)?;
        work(conn)
    })
}

#[derive(Queryable, Selectable, Identifiable)]
pub struct Folder {
    pub id: i32,
}

#[derive(Queryable, Selectable, Identifiable, Associations, AsChangeset)]
#[diesel(belongs_to(Folder))]
pub struct Document {
    pub id: i32,
    pub title: String,
    pub body: String,
    pub folder_id: i32,
    pub owner_id: Option<i32>,
    pub created_at: DateTime<Utc>,
}

/// What is None gets the column's default.
#[derive(Insertable, Default)]
#[diesel(table_name = documents)]
pub struct NewDocument<'a> {
    pub id: Option<i32>,
    pub title: &'a str,
    pub body: &'a str,
    pub folder_id: i32,
    pub owner_id: Option<i32>,
}
