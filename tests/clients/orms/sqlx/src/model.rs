use std::env;
use std::sync::LazyLock;

use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::{Query, QueryAs, QueryScalar};
use sqlx::types::Uuid;
use sqlx::types::chrono::{DateTime, Utc};
use sqlx::{FromRow, PgConnection, PgPool, Postgres, QueryBuilder, Result, Transaction};

/// Begins a transaction of that user.
pub async fn as_user(pool: &PgPool, id: Uuid) -> Result<Transaction<'static, Postgres>> {
    let mut tx = pool.begin().await?;
    query("SELECT rowgrant.set_user($1)").bind(id).execute(&mut *tx).await?;
    Ok(tx)
}

#[derive(FromRow)]
pub struct Folder {
    pub id: Uuid,
}

#[derive(FromRow)]
pub struct Document {
    pub id: Uuid,
    pub title: String,
    pub body: String,
    pub folder_id: Uuid,
    pub owner_id: Option<Uuid>,
    pub created_at: DateTime<Utc>,
}

impl Document {
    pub async fn all(conn: &mut PgConnection) -> Result<Vec<Self>> {
        query_as("SELECT * FROM documents ORDER BY id").fetch_all(conn).await
    }

    pub async fn find(conn: &mut PgConnection, id: Uuid) -> Result<Self> {
        query_as("SELECT * FROM documents WHERE id = $1").bind(id).fetch_one(conn).await
    }

    pub async fn create(conn: &mut PgConnection, title: &str, folder_id: Uuid) -> Result<Self> {
        query_as("INSERT INTO documents (title, body, folder_id) VALUES ($1, '', $2) RETURNING *")
            .bind(title)
            .bind(folder_id)
            .fetch_one(conn)
            .await
    }

    pub async fn create_all(
        conn: &mut PgConnection,
        titles: &[&str],
        folder_id: Uuid,
    ) -> Result<Vec<Self>> {
        QueryBuilder::new("INSERT INTO documents (title, body, folder_id) ")
            .push_values(titles, |mut row, title| {
                row.push_bind(title).push_bind("").push_bind(folder_id);
            })
            .push(" RETURNING *")
            .build_query_as()
            .persistent(*PERSISTENT)
            .fetch_all(conn)
            .await
    }

    pub async fn save(&self, conn: &mut PgConnection) -> Result<u64> {
        query("UPDATE documents SET title = $2, body = $3, folder_id = $4 WHERE id = $1")
            .bind(self.id)
            .bind(&self.title)
            .bind(&self.body)
            .bind(self.folder_id)
            .execute(conn)
            .await
            .map(|done| done.rows_affected())
    }

    pub async fn rename(conn: &mut PgConnection, id: Uuid, title: &str) -> Result<u64> {
        query("UPDATE documents SET title = $2 WHERE id = $1")
            .bind(id)
            .bind(title)
            .execute(conn)
            .await
            .map(|done| done.rows_affected())
    }

    pub async fn rename_all(conn: &mut PgConnection, title: &str) -> Result<u64> {
        query("UPDATE documents SET title = $1")
            .bind(title)
            .execute(conn)
            .await
            .map(|done| done.rows_affected())
    }

    pub async fn delete(conn: &mut PgConnection, id: Uuid) -> Result<u64> {
        query("DELETE FROM documents WHERE id = $1")
            .bind(id)
            .execute(conn)
            .await
            .map(|done| done.rows_affected())
    }
}

/// False through PgBouncer, where each transaction may have another connection to the server: no
/// statement may have a name then. `statement_cache_capacity(0)` still gives it one.
pub static PERSISTENT: LazyLock<bool> =
    LazyLock::new(|| env::var("ORM_POOLED").as_deref() != Ok("1"));

pub fn query(sql: &str) -> Query<'_, Postgres, PgArguments> {
    sqlx::query(sql).persistent(*PERSISTENT)
}

pub fn query_as<T: for<'r> FromRow<'r, PgRow>>(sql: &str) -> QueryAs<'_, Postgres, T, PgArguments> {
    sqlx::query_as(sql).persistent(*PERSISTENT)
}

pub fn query_scalar<T>(sql: &str) -> QueryScalar<'_, Postgres, T, PgArguments>
where
    (T,): for<'r> FromRow<'r, PgRow>,
{
    sqlx::query_scalar(sql).persistent(*PERSISTENT)
}
