use std::collections::BTreeMap;
use std::{env, fs};

use anyhow::{Result, bail, ensure};
use sqlx::types::Uuid;
use sqlx::{PgConnection, PgPool};

use crate::model::{Document, Folder, as_user, query, query_as, query_scalar};

const ALICE: Uuid = key(1);
const BOB: Uuid = key(2);
const CAROL: Uuid = key(3);
const ROOT: Uuid = key(4);
const STRANGER: Uuid = key(99);

/// The nth key of the fixtures: n in decimal digits, read as hexadecimal ones.
const fn key(n: u128) -> Uuid {
    Uuid::from_u128(n / 10 * 16 + n % 10)
}

fn keys(numbers: impl IntoIterator<Item = u128>) -> Vec<Uuid> {
    numbers.into_iter().map(key).collect()
}

fn ids(documents: &[Document]) -> Vec<Uuid> {
    documents.iter().map(|document| document.id).collect()
}

async fn visible(conn: &mut PgConnection) -> Result<Vec<Uuid>> {
    Ok(ids(&Document::all(conn).await?))
}

async fn title(conn: &mut PgConnection, id: Uuid) -> Result<String> {
    Ok(Document::find(conn, id).await?.title)
}

macro_rules! expect {
    ($got:expr, $wanted:expr) => {{
        let (got, wanted) = ($got, $wanted);
        ensure!(got == wanted, "{} is {got:?}, not {wanted:?}", stringify!($got));
    }};
}

fn expect_forbidden<T>(result: sqlx::Result<T>) -> Result<()> {
    match result {
        Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("42501") => Ok(()),
        Err(error) => Err(error.into()),
        Ok(_) => bail!("it was allowed"),
    }
}

fn expect_not_found<T>(result: sqlx::Result<T>) -> Result<()> {
    match result {
        Err(sqlx::Error::RowNotFound) => Ok(()),
        Err(error) => Err(error.into()),
        Ok(_) => bail!("it was found"),
    }
}

// A transaction that is dropped is rolled back.

pub async fn list(pool: &PgPool) -> Result<()> {
    let mut tx = as_user(pool, ALICE).await?;
    expect!(visible(&mut tx).await?, keys(1..=12));
    Ok(())
}

pub async fn page(pool: &PgPool) -> Result<()> {
    let mut tx = as_user(pool, ALICE).await?;
    let page = "SELECT * FROM documents ORDER BY created_at DESC LIMIT 5 OFFSET $1";
    let first: Vec<Document> = query_as(page).bind(0).fetch_all(&mut *tx).await?;
    expect!(ids(&first), keys((8..=12).rev()));
    let second: Vec<Document> = query_as(page).bind(5).fetch_all(&mut *tx).await?;
    expect!(ids(&second), keys((3..=7).rev()));
    let next = "SELECT * FROM documents WHERE created_at < $1 ORDER BY created_at DESC LIMIT 5";
    let second: Vec<Document> =
        query_as(next).bind(first[4].created_at).fetch_all(&mut *tx).await?;
    expect!(ids(&second), keys((3..=7).rev()));
    Ok(())
}

pub async fn count(pool: &PgPool) -> Result<()> {
    let mut tx = as_user(pool, ALICE).await?;
    let all: i64 = query_scalar("SELECT count(*) FROM documents").fetch_one(&mut *tx).await?;
    expect!(all, 12);
    let some: i64 = query_scalar("SELECT count(*) FROM documents WHERE title LIKE $1")
        .bind("Document 1%")
        .fetch_one(&mut *tx)
        .await?;
    expect!(some, 4);
    Ok(())
}

pub async fn get(pool: &PgPool) -> Result<()> {
    let mut tx = as_user(pool, ALICE).await?;
    expect!(title(&mut tx, key(7)).await?, "Document 7");
    expect_not_found(Document::find(&mut tx, key(20)).await)
}

pub async fn join(pool: &PgPool) -> Result<()> {
    let mut tx = as_user(pool, ALICE).await?;
    let rows: Vec<(Uuid, String)> = query_as(
        "SELECT d.id, f.name FROM documents d JOIN folders f ON f.id = d.folder_id ORDER BY d.id",
    )
    .fetch_all(&mut *tx)
    .await?;
    let folder = |n| if n % 3 == 1 { "Plans" } else { "Public" };
    expect!(rows, [1, 3, 4, 6, 7, 9, 10, 12].map(|n| (key(n), folder(n).to_owned())));
    Ok(())
}

pub async fn prefetch(pool: &PgPool) -> Result<()> {
    let mut tx = as_user(pool, ALICE).await?;
    let folders: Vec<Folder> = query_as("SELECT * FROM folders").fetch_all(&mut *tx).await?;
    let mut tree: BTreeMap<Uuid, Vec<Uuid>> =
        folders.iter().map(|folder| (folder.id, Vec::new())).collect();
    let documents: Vec<Document> =
        query_as("SELECT * FROM documents WHERE folder_id = ANY($1) ORDER BY id")
            .bind(folders.iter().map(|folder| folder.id).collect::<Vec<_>>())
            .fetch_all(&mut *tx)
            .await?;
    for document in documents {
        tree.entry(document.folder_id).or_default().push(document.id);
    }
    let wanted = [(key(1), keys([1, 4, 7, 10])), (key(3), keys([3, 6, 9, 12]))];
    expect!(tree, wanted.into());
    Ok(())
}

pub async fn create(pool: &PgPool) -> Result<()> {
    let mut tx = as_user(pool, ALICE).await?;
    let created = Document::create(&mut tx, "Created", key(1)).await?;
    expect!(created.owner_id, Some(ALICE));
    expect!(title(&mut tx, created.id).await?, "Created");
    expect!(Document::rename(&mut tx, created.id, "Changed").await?, 1);
    expect!(title(&mut tx, created.id).await?, "Changed");
    expect!(Document::delete(&mut tx, created.id).await?, 1);
    expect_not_found(Document::find(&mut tx, created.id).await)
}

pub async fn update(pool: &PgPool) -> Result<()> {
    let mut tx = as_user(pool, ALICE).await?;
    let mut document = Document::find(&mut tx, key(1)).await?;
    document.title = "Changed".to_owned();
    expect!(document.save(&mut tx).await?, 1);
    tx.commit().await?;

    let mut tx = as_user(pool, ALICE).await?;
    let mut document = Document::find(&mut tx, key(1)).await?;
    expect!(document.title, "Changed");
    document.title = "Document 1".to_owned();
    expect!(document.save(&mut tx).await?, 1);
    tx.commit().await?;
    Ok(())
}

pub async fn update_hidden(pool: &PgPool) -> Result<()> {
    let mut tx = as_user(pool, ALICE).await?;
    expect!(Document::rename(&mut tx, key(5), "Changed").await?, 0);
    expect!(Document::rename(&mut tx, key(20), "Changed").await?, 0);
    tx.commit().await?;

    let mut tx = as_user(pool, ROOT).await?;
    expect!(title(&mut tx, key(5)).await?, "Document 5");
    expect!(title(&mut tx, key(20)).await?, "Document 20");
    Ok(())
}

pub async fn update_all(pool: &PgPool) -> Result<()> {
    let mut tx = as_user(pool, ALICE).await?;
    expect!(Document::rename_all(&mut tx, "Changed").await?, 3);
    let changed: Vec<Uuid> =
        query_scalar("SELECT id FROM documents WHERE title = 'Changed' ORDER BY id")
            .fetch_all(&mut *tx)
            .await?;
    expect!(changed, keys(1..=3));
    Ok(())
}

pub async fn delete(pool: &PgPool) -> Result<()> {
    let mut tx = as_user(pool, ALICE).await?;
    let document = Document::find(&mut tx, key(2)).await?;
    expect!(Document::delete(&mut tx, document.id).await?, 1);
    expect_not_found(Document::find(&mut tx, key(2)).await)
}

pub async fn delete_hidden(pool: &PgPool) -> Result<()> {
    let mut tx = as_user(pool, ALICE).await?;
    expect!(Document::delete(&mut tx, key(5)).await?, 0);
    expect!(Document::delete(&mut tx, key(20)).await?, 0);
    tx.commit().await?;

    let mut tx = as_user(pool, ROOT).await?;
    expect!(title(&mut tx, key(5)).await?, "Document 5");
    expect!(title(&mut tx, key(20)).await?, "Document 20");
    Ok(())
}

pub async fn bulk_create(pool: &PgPool) -> Result<()> {
    let mut tx = as_user(pool, ALICE).await?;
    let titles = ["One", "Two", "Three"];
    let created = Document::create_all(&mut tx, &titles, key(1)).await?;
    expect!(created.iter().map(|document| &document.title[..]).collect::<Vec<_>>(), titles);
    let mut wanted = keys(1..=12);
    wanted.extend(ids(&created));
    wanted.sort();
    expect!(visible(&mut tx).await?, wanted);
    Ok(())
}

pub async fn create_forbidden(pool: &PgPool) -> Result<()> {
    let mut tx = as_user(pool, BOB).await?;
    expect_forbidden(Document::create(&mut tx, "Created", key(2)).await)?;
    tx.rollback().await?;

    let mut tx = as_user(pool, ROOT).await?;
    expect!(visible(&mut tx).await?, keys(1..=30));
    Ok(())
}

pub async fn give_away(pool: &PgPool) -> Result<()> {
    let insert =
        "INSERT INTO documents (title, body, folder_id, owner_id) VALUES ('Given', '', $1, $2)";
    let mut tx = as_user(pool, ALICE).await?;
    let returning = format!("{insert} RETURNING id");
    expect_forbidden(
        query_scalar::<Uuid>(&returning).bind(key(1)).bind(BOB).fetch_one(&mut *tx).await,
    )?;
    tx.rollback().await?;

    let mut tx = as_user(pool, ALICE).await?;
    let given = query(insert).bind(key(1)).bind(BOB).execute(&mut *tx).await?;
    expect!(given.rows_affected(), 1);
    expect!(visible(&mut tx).await?, keys(1..=12));
    Ok(())
}

pub async fn upsert(pool: &PgPool) -> Result<()> {
    let upsert = "INSERT INTO documents (id, title, body, folder_id) \
                  VALUES ($1, 'Upserted', '', $2) \
                  ON CONFLICT (id) DO UPDATE SET title = excluded.title";
    let mut tx = as_user(pool, ALICE).await?;
    let done = query(upsert).bind(key(1)).bind(key(1)).execute(&mut *tx).await?;
    expect!(done.rows_affected(), 1);
    expect!(title(&mut tx, key(1)).await?, "Upserted");
    expect_forbidden(query(upsert).bind(key(20)).bind(key(2)).execute(&mut *tx).await)
}

pub async fn lock(pool: &PgPool) -> Result<()> {
    let mut tx = as_user(pool, ALICE).await?;
    let locked: Vec<Document> =
        query_as("SELECT * FROM documents ORDER BY id FOR UPDATE").fetch_all(&mut *tx).await?;
    expect!(ids(&locked), keys(1..=3));
    Ok(())
}

pub async fn owner(pool: &PgPool) -> Result<()> {
    let mut tx = as_user(pool, BOB).await?;
    let documents = Document::all(&mut tx).await?;
    expect!(ids(&documents), keys(20..=25));
    ensure!(documents.iter().all(|document| document.owner_id == Some(BOB)));
    expect!(Document::rename(&mut tx, key(21), "Changed").await?, 1);
    expect!(title(&mut tx, key(21)).await?, "Changed");
    expect!(Document::delete(&mut tx, key(22)).await?, 1);
    expect_not_found(Document::find(&mut tx, key(22)).await)
}

pub async fn two_users(pool: &PgPool) -> Result<()> {
    expect!(visible(&mut *as_user(pool, ALICE).await?).await?, keys(1..=12));
    expect!(visible(&mut *as_user(pool, BOB).await?).await?, keys(20..=25));
    expect!(visible(&mut *pool.begin().await?).await?, keys([]));
    expect!(visible(&mut *as_user(pool, ALICE).await?).await?, keys(1..=12));
    expect!(pool.size(), 1);
    Ok(())
}

pub async fn rollback(pool: &PgPool) -> Result<()> {
    let mut tx = as_user(pool, ALICE).await?;
    expect!(Document::rename(&mut tx, key(1), "Changed").await?, 1);
    tx.rollback().await?;

    expect!(visible(&mut *pool.begin().await?).await?, keys([]));
    let mut tx = as_user(pool, ALICE).await?;
    expect!(title(&mut tx, key(1)).await?, "Document 1");
    Ok(())
}

async fn expect_nothing_allowed(conn: &mut PgConnection) -> Result<()> {
    expect!(visible(conn).await?, keys([]));
    let folders: Vec<Uuid> = query_scalar("SELECT id FROM folders").fetch_all(&mut *conn).await?;
    expect!(folders, keys([]));
    expect!(Document::rename_all(conn, "Changed").await?, 0);
    let deleted = query("DELETE FROM documents").execute(&mut *conn).await?;
    expect!(deleted.rows_affected(), 0);
    expect_forbidden(Document::create(conn, "Created", key(1)).await)
}

pub async fn nobody(pool: &PgPool) -> Result<()> {
    expect_nothing_allowed(&mut *pool.begin().await?).await
}

pub async fn stranger(pool: &PgPool) -> Result<()> {
    expect_nothing_allowed(&mut *as_user(pool, STRANGER).await?).await?;
    expect_nothing_allowed(&mut *as_user(pool, CAROL).await?).await
}

pub async fn superuser(pool: &PgPool) -> Result<()> {
    expect!(visible(&mut *as_user(pool, ROOT).await?).await?, keys(1..=30));
    Ok(())
}

pub async fn no_user_left(pool: &PgPool) -> Result<()> {
    let mut conn = pool.acquire().await?;
    expect!(visible(&mut conn).await?, keys([]));
    drop(conn);
    let mut tx = as_user(pool, ALICE).await?;
    expect!(visible(&mut tx).await?, keys(1..=12));
    tx.commit().await?;
    let mut conn = pool.acquire().await?;
    expect!(visible(&mut conn).await?, keys([]));
    Ok(())
}

pub async fn silent(_: &PgPool) -> Result<()> {
    let log = fs::read_to_string(env::var("LOG_QUERIES")?)?;
    ensure!(log.contains("UPDATE documents SET title"), "the statements are not in the log");
    let (setting, other): (Vec<_>, Vec<_>) = log
        .lines()
        .filter(|line| line.contains("rowgrant"))
        .partition(|line| line.contains(r#""SELECT rowgrant.set_user($1)""#));
    ensure!(!setting.is_empty(), "no statement sets the user");
    expect!(other, [""; 0]);
    Ok(())
}

pub async fn plain_list(pool: &PgPool) -> Result<()> {
    let mut conn = pool.acquire().await?;
    expect!(visible(&mut conn).await?, keys(1..=30));
    let folders: Vec<Uuid> =
        query_scalar("SELECT id FROM folders ORDER BY id").fetch_all(&mut *conn).await?;
    expect!(folders, keys(1..=3));
    Ok(())
}

pub async fn plain_write(pool: &PgPool) -> Result<()> {
    let mut conn = pool.acquire().await?;
    let created = Document::create(&mut conn, "Created", key(1)).await?;
    expect!(created.owner_id, None);
    expect!(Document::rename(&mut conn, created.id, "Changed").await?, 1);
    expect!(title(&mut conn, created.id).await?, "Changed");
    expect!(Document::delete(&mut conn, created.id).await?, 1);
    expect_not_found(Document::find(&mut conn, created.id).await)
}
