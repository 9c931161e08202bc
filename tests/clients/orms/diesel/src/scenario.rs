use std::{env, fs};

use anyhow::{Result, bail, ensure};
use diesel::prelude::*;
use diesel::result::Error::{DatabaseError, NotFound, RollbackTransaction};
use diesel::upsert::excluded;

use crate::Pool;
use crate::model::{Document, Folder, NewDocument, as_user};
use crate::schema::{documents, folders};

const ALICE: i32 = 1;
const BOB: i32 = 2;
const CAROL: i32 = 3;
const ROOT: i32 = 4;
const STRANGER: i32 = 99;

fn ids(documents: &[Document]) -> Vec<i32> {
    documents.iter().map(|document| document.id).collect()
}

fn numbers(range: impl IntoIterator<Item = i32>) -> Vec<i32> {
    range.into_iter().collect()
}

fn visible(conn: &mut PgConnection) -> QueryResult<Vec<i32>> {
    documents::table.select(documents::id).order(documents::id).load(conn)
}

fn find(conn: &mut PgConnection, id: i32) -> QueryResult<Document> {
    documents::table.find(id).first(conn)
}

fn title(conn: &mut PgConnection, id: i32) -> QueryResult<String> {
    documents::table.find(id).select(documents::title).first(conn)
}

fn new_document(title: &str) -> NewDocument<'_> {
    NewDocument { title, folder_id: 1, ..Default::default() }
}

fn insert(conn: &mut PgConnection, title: &str) -> QueryResult<Document> {
    diesel::insert_into(documents::table).values(new_document(title)).get_result(conn)
}

fn rename(conn: &mut PgConnection, id: i32, title: &str) -> QueryResult<usize> {
    diesel::update(documents::table.find(id)).set(documents::title.eq(title)).execute(conn)
}

fn rename_all(conn: &mut PgConnection, title: &str) -> QueryResult<usize> {
    diesel::update(documents::table).set(documents::title.eq(title)).execute(conn)
}

fn remove(conn: &mut PgConnection, id: i32) -> QueryResult<usize> {
    diesel::delete(documents::table.find(id)).execute(conn)
}

macro_rules! expect {
    ($got:expr, $wanted:expr) => {{
        let (got, wanted) = ($got, $wanted);
        ensure!(got == wanted, "{} is {got:?}, not {wanted:?}", stringify!($got));
    }};
}

/// Diesel has no kind of error for SQLSTATE 42501 and does not tell the code; the message does.
fn expect_forbidden<T>(result: QueryResult<T>) -> Result<()> {
    match result {
        Err(DatabaseError(_, error))
            if error.message().starts_with("new row violates row-level security policy") =>
        {
            Ok(())
        }
        Err(error) => Err(error.into()),
        Ok(_) => bail!("it was allowed"),
    }
}

fn expect_not_found<T>(result: QueryResult<T>) -> Result<()> {
    match result {
        Err(NotFound) => Ok(()),
        Err(error) => Err(error.into()),
        Ok(_) => bail!("it was found"),
    }
}

/// A transaction of that user, or of nobody, that is rolled back.
fn try_as(
    conn: &mut PgConnection,
    user: Option<i32>,
    check: impl FnOnce(&mut PgConnection) -> Result<()>,
) -> Result<()> {
    let attempt = |conn: &mut PgConnection| -> Result<()> {
        check(conn)?;
        Err(RollbackTransaction.into())
    };
    let result = match user {
        Some(id) => as_user(conn, id, attempt),
        None => conn.transaction(attempt),
    };
    match result {
        Err(error) if error.downcast_ref() == Some(&RollbackTransaction) => Ok(()),
        result => result,
    }
}

pub fn list(pool: &Pool) -> Result<()> {
    let conn = &mut pool.get()?;
    as_user(conn, ALICE, |conn| {
        let documents: Vec<Document> = documents::table.order(documents::id).load(conn)?;
        expect!(ids(&documents), numbers(1..=12));
        Ok(())
    })
}

pub fn page(pool: &Pool) -> Result<()> {
    let conn = &mut pool.get()?;
    as_user(conn, ALICE, |conn| {
        let newest = documents::table.order(documents::created_at.desc()).limit(5);
        let first: Vec<Document> = newest.load(conn)?;
        expect!(ids(&first), [12, 11, 10, 9, 8]);
        let second: Vec<Document> = newest.offset(5).load(conn)?;
        expect!(ids(&second), [7, 6, 5, 4, 3]);
        let second: Vec<Document> =
            newest.filter(documents::created_at.lt(first[4].created_at)).load(conn)?;
        expect!(ids(&second), [7, 6, 5, 4, 3]);
        Ok(())
    })
}

pub fn count(pool: &Pool) -> Result<()> {
    let conn = &mut pool.get()?;
    as_user(conn, ALICE, |conn| {
        expect!(documents::table.count().get_result::<i64>(conn)?, 12);
        let some = documents::table.filter(documents::title.like("Document 1%"));
        expect!(some.count().get_result::<i64>(conn)?, 4);
        Ok(())
    })
}

pub fn get(pool: &Pool) -> Result<()> {
    let conn = &mut pool.get()?;
    as_user(conn, ALICE, |conn| {
        expect!(find(conn, 7)?.title, "Document 7");
        expect_not_found(find(conn, 20))
    })
}

pub fn join(pool: &Pool) -> Result<()> {
    let conn = &mut pool.get()?;
    as_user(conn, ALICE, |conn| {
        let rows: Vec<(i32, String)> = documents::table
            .inner_join(folders::table)
            .select((documents::id, folders::name))
            .order(documents::id)
            .load(conn)?;
        let folder = |id| if id % 3 == 1 { "Plans" } else { "Public" };
        expect!(rows, [1, 3, 4, 6, 7, 9, 10, 12].map(|id| (id, folder(id).to_owned())));
        Ok(())
    })
}

pub fn prefetch(pool: &Pool) -> Result<()> {
    let conn = &mut pool.get()?;
    as_user(conn, ALICE, |conn| {
        let folders: Vec<Folder> =
            folders::table.select(Folder::as_select()).order(folders::id).load(conn)?;
        let documents: Vec<Document> =
            Document::belonging_to(&folders).order(documents::id).load(conn)?;
        let tree: Vec<(i32, Vec<i32>)> = documents
            .grouped_by(&folders)
            .iter()
            .zip(&folders)
            .map(|(documents, folder)| (folder.id, ids(documents)))
            .collect();
        expect!(tree, [(1, vec![1, 4, 7, 10]), (3, vec![3, 6, 9, 12])]);
        Ok(())
    })
}

pub fn create(pool: &Pool) -> Result<()> {
    let conn = &mut pool.get()?;
    try_as(conn, Some(ALICE), |conn| {
        let created = insert(conn, "Created")?;
        expect!(created.owner_id, Some(ALICE));
        expect!(title(conn, created.id)?, "Created");
        expect!(rename(conn, created.id, "Changed")?, 1);
        expect!(title(conn, created.id)?, "Changed");
        expect!(remove(conn, created.id)?, 1);
        expect_not_found(find(conn, created.id))
    })
}

pub fn update(pool: &Pool) -> Result<()> {
    let conn = &mut pool.get()?;
    as_user(conn, ALICE, |conn| {
        let mut document = find(conn, 1)?;
        document.title = "Changed".to_owned();
        document.save_changes::<Document>(conn)
    })?;
    as_user(conn, ALICE, |conn| {
        let mut document = find(conn, 1)?;
        expect!(document.title, "Changed");
        document.title = "Document 1".to_owned();
        document.save_changes::<Document>(conn)?;
        Ok(())
    })
}

pub fn update_hidden(pool: &Pool) -> Result<()> {
    let conn = &mut pool.get()?;
    as_user(conn, ALICE, |conn| {
        expect!(rename(conn, 5, "Changed")?, 0);
        expect!(rename(conn, 20, "Changed")?, 0);
        Ok(())
    })?;
    as_user(conn, ROOT, |conn| {
        expect!(title(conn, 5)?, "Document 5");
        expect!(title(conn, 20)?, "Document 20");
        Ok(())
    })
}

pub fn update_all(pool: &Pool) -> Result<()> {
    let conn = &mut pool.get()?;
    try_as(conn, Some(ALICE), |conn| {
        expect!(rename_all(conn, "Changed")?, 3);
        let changed = documents::table.filter(documents::title.eq("Changed"));
        let changed: Vec<Document> = changed.order(documents::id).load(conn)?;
        expect!(ids(&changed), [1, 2, 3]);
        Ok(())
    })
}

pub fn delete(pool: &Pool) -> Result<()> {
    let conn = &mut pool.get()?;
    try_as(conn, Some(ALICE), |conn| {
        let document = find(conn, 2)?;
        expect!(diesel::delete(&document).execute(conn)?, 1);
        expect_not_found(find(conn, 2))
    })
}

pub fn delete_hidden(pool: &Pool) -> Result<()> {
    let conn = &mut pool.get()?;
    as_user(conn, ALICE, |conn| {
        expect!(remove(conn, 5)?, 0);
        expect!(remove(conn, 20)?, 0);
        Ok(())
    })?;
    as_user(conn, ROOT, |conn| {
        expect!(title(conn, 5)?, "Document 5");
        expect!(title(conn, 20)?, "Document 20");
        Ok(())
    })
}

pub fn bulk_create(pool: &Pool) -> Result<()> {
    let conn = &mut pool.get()?;
    try_as(conn, Some(ALICE), |conn| {
        let created: Vec<Document> = diesel::insert_into(documents::table)
            .values(["One", "Two", "Three"].map(new_document))
            .get_results(conn)?;
        expect!(created.len(), 3);
        expect!(visible(conn)?, numbers((1..=12).chain(ids(&created))));
        Ok(())
    })
}

pub fn create_forbidden(pool: &Pool) -> Result<()> {
    let conn = &mut pool.get()?;
    expect_forbidden(as_user(conn, BOB, |conn| insert(conn, "Created")))?;
    as_user(conn, ROOT, |conn| {
        expect!(visible(conn)?, numbers(1..=30));
        Ok(())
    })
}

pub fn give_away(pool: &Pool) -> Result<()> {
    let conn = &mut pool.get()?;
    let given = NewDocument { owner_id: Some(BOB), ..new_document("Given") };
    let insert = diesel::insert_into(documents::table).values(given);
    try_as(conn, Some(ALICE), |conn| {
        expect_forbidden(insert.returning(documents::id).get_result::<i32>(conn))
    })?;
    try_as(conn, Some(ALICE), |conn| {
        expect!(insert.execute(conn)?, 1);
        expect!(visible(conn)?, numbers(1..=12));
        Ok(())
    })
}

pub fn upsert(pool: &Pool) -> Result<()> {
    let upsert = |conn: &mut PgConnection, id| {
        diesel::insert_into(documents::table)
            .values(NewDocument { id: Some(id), ..new_document("Upserted") })
            .on_conflict(documents::id)
            .do_update()
            .set(documents::title.eq(excluded(documents::title)))
            .execute(conn)
    };
    let conn = &mut pool.get()?;
    try_as(conn, Some(ALICE), |conn| {
        expect!(upsert(conn, 1)?, 1);
        expect!(title(conn, 1)?, "Upserted");
        expect_forbidden(upsert(conn, 20))
    })
}

pub fn lock(pool: &Pool) -> Result<()> {
    let conn = &mut pool.get()?;
    as_user(conn, ALICE, |conn| {
        let locked: Vec<Document> =
            documents::table.order(documents::id).for_update().load(conn)?;
        expect!(ids(&locked), [1, 2, 3]);
        Ok(())
    })
}

pub fn owner(pool: &Pool) -> Result<()> {
    let conn = &mut pool.get()?;
    try_as(conn, Some(BOB), |conn| {
        let documents: Vec<Document> = documents::table.order(documents::id).load(conn)?;
        expect!(ids(&documents), numbers(20..=25));
        ensure!(documents.iter().all(|document| document.owner_id == Some(BOB)));
        expect!(rename(conn, 21, "Changed")?, 1);
        expect!(title(conn, 21)?, "Changed");
        expect!(remove(conn, 22)?, 1);
        expect_not_found(find(conn, 22))
    })
}

pub fn two_users(pool: &Pool) -> Result<()> {
    expect!(as_user(&mut *pool.get()?, ALICE, visible)?, numbers(1..=12));
    expect!(as_user(&mut *pool.get()?, BOB, visible)?, numbers(20..=25));
    expect!(pool.get()?.transaction(|conn| visible(conn))?, []);
    expect!(as_user(&mut *pool.get()?, ALICE, visible)?, numbers(1..=12));
    expect!(pool.state().connections, 1);
    Ok(())
}

pub fn rollback(pool: &Pool) -> Result<()> {
    let conn = &mut pool.get()?;
    try_as(conn, Some(ALICE), |conn| {
        expect!(rename(conn, 1, "Changed")?, 1);
        Ok(())
    })?;
    expect!(conn.transaction(|conn| visible(conn))?, []);
    expect!(as_user(conn, ALICE, |conn| title(conn, 1))?, "Document 1");
    Ok(())
}

fn expect_nothing_allowed(conn: &mut PgConnection) -> Result<()> {
    expect!(visible(conn)?, []);
    expect!(folders::table.select(folders::id).load::<i32>(conn)?, []);
    expect!(rename_all(conn, "Changed")?, 0);
    expect!(diesel::delete(documents::table).execute(conn)?, 0);
    expect_forbidden(insert(conn, "Created"))
}

pub fn nobody(pool: &Pool) -> Result<()> {
    let conn = &mut pool.get()?;
    try_as(conn, None, expect_nothing_allowed)
}

pub fn stranger(pool: &Pool) -> Result<()> {
    let conn = &mut pool.get()?;
    try_as(conn, Some(STRANGER), expect_nothing_allowed)?;
    try_as(conn, Some(CAROL), expect_nothing_allowed)
}

pub fn superuser(pool: &Pool) -> Result<()> {
    expect!(as_user(&mut *pool.get()?, ROOT, visible)?, numbers(1..=30));
    Ok(())
}

pub fn no_user_left(pool: &Pool) -> Result<()> {
    let conn = &mut pool.get()?;
    expect!(visible(conn)?, []);
    expect!(as_user(conn, ALICE, visible)?, numbers(1..=12));
    expect!(visible(conn)?, []);
    Ok(())
}

pub fn silent(_: &Pool) -> Result<()> {
    let log = fs::read_to_string(env::var("LOG_QUERIES")?)?;
    ensure!(log.contains(r#"UPDATE "documents" SET"#), "the statements are not in the log");
    let (setting, other): (Vec<_>, Vec<_>) = log
        .lines()
        .filter(|line| line.contains("rowgrant"))
        .partition(|line| line.starts_with("SELECT rowgrant.set_user($1) -- binds: ["));
    ensure!(!setting.is_empty(), "no statement sets the user");
    expect!(other, [""; 0]);
    Ok(())
}

pub fn plain_list(pool: &Pool) -> Result<()> {
    let conn = &mut pool.get()?;
    expect!(visible(conn)?, numbers(1..=30));
    let folders: Vec<i32> = folders::table.select(folders::id).order(folders::id).load(conn)?;
    expect!(folders, [1, 2, 3]);
    Ok(())
}

pub fn plain_write(pool: &Pool) -> Result<()> {
    let conn = &mut pool.get()?;
    let created = insert(conn, "Created")?;
    expect!(created.owner_id, None);
    expect!(rename(conn, created.id, "Changed")?, 1);
    expect!(title(conn, created.id)?, "Changed");
    expect!(remove(conn, created.id)?, 1);
    expect_not_found(find(conn, created.id))
}
