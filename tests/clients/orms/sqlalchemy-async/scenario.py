"""The checks: `scenario.py test` with protection, `scenario.py plain` without."""

import asyncio
import sys
import warnings
from contextlib import asynccontextmanager
from functools import partial

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import SAWarning
from sqlalchemy.orm import joinedload, selectinload
from sqlalchemy.orm.exc import StaleDataError

from checks import ALICE, BOB, CAROL, ROOT, STRANGER, equal, failed, key, keys, query_log, raises, refused, reported
from database import current_user, engine, sessions
from models import Document, Folder

autocommit = engine.execution_options(isolation_level="AUTOCOMMIT")
document_ids = select(Document.id).order_by(Document.id)
document_count = select(func.count()).select_from(Document)


@asynccontextmanager
async def as_user(user_id):
    token = current_user.set(user_id)
    try:
        async with sessions.begin() as session:
            yield session
    finally:
        current_user.reset(token)


nobody = partial(as_user, None)


async def titles(*numbers):
    statement = select(Document.title).where(Document.id.in_(keys(*numbers))).order_by(Document.id)
    async with as_user(ROOT) as session:
        return list(await session.scalars(statement))


async def test_list():
    async with as_user(ALICE) as session:
        documents = list(await session.scalars(select(Document).order_by(Document.id)))
        equal([document.id for document in documents], keys(*range(1, 13)))


async def test_page():
    newest = select(Document).order_by(Document.created_at.desc()).limit(5)
    async with as_user(ALICE) as session:
        first = list(await session.scalars(newest))
        equal([document.id for document in first], keys(12, 11, 10, 9, 8))
        by_offset = list(await session.scalars(newest.offset(5)))
        equal([document.id for document in by_offset], keys(7, 6, 5, 4, 3))
        by_date = list(await session.scalars(newest.where(Document.created_at < first[-1].created_at)))
        equal([document.id for document in by_date], keys(7, 6, 5, 4, 3))


async def test_count():
    async with as_user(ALICE) as session:
        equal(await session.scalar(document_count), 12)
        equal(await session.scalar(document_count.where(Document.title.startswith("Document 1"))), 4)


async def test_get():
    async with as_user(ALICE) as session:
        equal((await session.get_one(Document, key(7))).title, "Document 7")
        equal(await session.get(Document, key(20)), None)


async def test_join():
    async with as_user(ALICE) as session:
        rows = list(await session.execute(select(Document, Folder).join(Document.folder).order_by(Document.id)))
        equal([document.id for document, _ in rows], keys(1, 3, 4, 6, 7, 9, 10, 12))
        equal({folder.name for _, folder in rows}, {"Plans", "Public"})


async def test_prefetch():
    for load in selectinload, joinedload:
        statement = select(Folder).options(load(Folder.documents)).order_by(Folder.id)
        async with as_user(ALICE) as session:
            folders = list((await session.scalars(statement)).unique())
            equal([(folder.id, [document.id for document in folder.documents]) for folder in folders],
                  [(key(1), keys(1, 4, 7, 10)), (key(3), keys(3, 6, 9, 12))])
    async with as_user(ALICE) as session:
        document = await session.get_one(Document, key(2), options=[joinedload(Document.folder)])
        equal((document.folder_id, document.folder), (key(2), None))


async def test_create():
    async with as_user(ALICE) as session:
        document = Document(title="New", folder_id=key(1))
        session.add(document)
        await session.flush()
        created = document.id
        equal(document.owner_id, ALICE)
    async with as_user(ALICE) as session:
        document = await session.get_one(Document, created, options=[selectinload(Document.folder)])
        equal((document.title, document.folder.name, document.owner_id), ("New", "Plans", ALICE))
        document.title = "Changed"
    async with as_user(ALICE) as session:
        document = await session.get_one(Document, created)
        equal(document.title, "Changed")
        await session.delete(document)
    async with as_user(ROOT) as session:
        equal(await session.get(Document, created), None)


async def test_update():
    async with as_user(ALICE) as session:
        (await session.get_one(Document, key(1))).title = "Changed"
    async with as_user(ALICE) as session:
        document = await session.get_one(Document, key(1))
        equal(document.title, "Changed")
        document.title = "Document 1"


async def test_update_hidden():
    for n in 5, 20:
        async with as_user(ALICE) as session:
            result = await session.execute(update(Document).where(Document.id == key(n)).values(title="Changed"))
            equal(result.rowcount, 0)
    # The session itself raises when its change of a loaded object matches no row.
    with raises(StaleDataError):
        async with as_user(ALICE) as session:
            (await session.get_one(Document, key(5))).title = "Changed"
    equal(await titles(5, 20), ["Document 5", "Document 20"])


async def test_update_all():
    async with as_user(ALICE) as session:
        equal((await session.execute(update(Document).values(title="Changed"))).rowcount, 3)
        equal(list(await session.scalars(document_ids.where(Document.title == "Changed"))), keys(1, 2, 3))
        await session.rollback()


async def test_delete():
    async with as_user(ALICE) as session:
        await session.delete(await session.get_one(Document, key(2)))
        await session.flush()
        equal(await session.get(Document, key(2)), None)
        equal(await session.scalar(document_count), 11)
        await session.rollback()


async def test_delete_hidden():
    for n in 5, 20:
        async with as_user(ALICE) as session:
            equal((await session.execute(delete(Document).where(Document.id == key(n)))).rowcount, 0)
    # When its deletion of a loaded object matches no row it only warns, and would commit the rest.
    with warnings.catch_warnings(action="error", category=SAWarning), raises(SAWarning):
        async with as_user(ALICE) as session:
            await session.delete(await session.get_one(Document, key(5)))
    equal(await titles(5, 20), ["Document 5", "Document 20"])


async def test_bulk_create():
    new = [{"title": f"New {n}"} for n in range(3)]
    async with as_user(ALICE) as session:
        documents = list(await session.scalars(insert(Document).returning(Document), new))
        equal({(document.title, document.owner_id) for document in documents}, {(row["title"], ALICE) for row in new})
        equal(await session.scalar(document_count), 15)
        await session.rollback()
    async with as_user(ALICE) as session:
        documents = [Document(**row) for row in new]
        session.add_all(documents)
        await session.flush()
        created = select(Document.id).where(Document.title.startswith("New"), Document.owner_id == ALICE)
        equal(set(await session.scalars(created)), {document.id for document in documents})
        equal(await session.scalar(document_count), 15)
        await session.rollback()


async def test_create_forbidden():
    with refused():
        async with as_user(BOB) as session:
            session.add(Document(title="New"))
    async with as_user(ROOT) as session:
        equal(await session.scalar(document_count), 30)


async def test_give_away():
    with refused():
        async with as_user(ALICE) as session:
            session.add(Document(title="Given", owner_id=BOB))
    async with as_user(ROOT) as session:
        equal(await session.scalar(document_count), 30)
    async with as_user(ALICE) as session:
        await session.execute(insert(Document), [{"id": key(40), "title": "Given", "owner_id": BOB}])
        equal(await session.get(Document, key(40)), None)
    async with as_user(BOB) as session:
        await session.delete(await session.get_one(Document, key(40)))


async def test_upsert():
    def upsert(n):
        return (postgresql.insert(Document).values(id=key(n), title="Upserted")
                .on_conflict_do_update(index_elements=[Document.id], set_={"title": "Upserted"}).returning(Document))

    async with as_user(ALICE) as session:
        document = (await session.scalars(upsert(1))).one()
        equal((document.id, document.title, document.owner_id), (key(1), "Upserted", ROOT))
        await session.rollback()
    with refused():
        async with as_user(ALICE) as session:
            await session.execute(upsert(20))
    equal(await titles(1, 20), ["Document 1", "Document 20"])


async def test_lock():
    async with as_user(ALICE) as session:
        documents = list(await session.scalars(select(Document).order_by(Document.id).with_for_update()))
        equal([document.id for document in documents], keys(1, 2, 3))
        equal(await session.get(Document, key(5), with_for_update=True), None)


async def test_owner():
    async with as_user(BOB) as session:
        equal(list(await session.scalars(document_ids)), keys(*range(20, 26)))
        (await session.get_one(Document, key(21))).title = "Changed"
        await session.delete(await session.get_one(Document, key(22)))
        await session.flush()
        equal(list(await session.scalars(document_ids)), keys(20, 21, 23, 24, 25))
        equal(list(await session.scalars(document_ids.where(Document.title == "Changed"))), keys(21))
        await session.rollback()


async def test_two_users():
    for user_id, count in (ALICE, 12), (BOB, 6), (None, 0), (ALICE, 12):
        async with as_user(user_id) as session:
            equal(await session.scalar(document_count), count)


async def test_rollback():
    async with as_user(ALICE) as session:
        (await session.get_one(Document, key(1))).title = "Changed"
        await session.flush()
        await session.rollback()
    async with nobody() as session:
        equal(await session.scalar(document_count), 0)
    equal(await titles(1), ["Document 1"])


async def has_nothing(user_id):
    async with as_user(user_id) as session:
        equal(list(await session.scalars(select(Document))), [])
        equal(list(await session.scalars(select(Folder))), [])
        equal((await session.execute(update(Document).values(title="Changed"))).rowcount, 0)
        equal((await session.execute(delete(Document))).rowcount, 0)
    with refused():
        async with as_user(user_id) as session:
            session.add(Document(title="New"))


async def test_nobody():
    await has_nothing(None)


async def test_stranger():
    await has_nothing(STRANGER)
    await has_nothing(CAROL)


async def test_superuser():
    async with as_user(ROOT) as session:
        equal(list(await session.scalars(document_ids)), keys(*range(1, 31)))


async def test_no_user_left():
    async with sessions(bind=autocommit) as session:
        equal(await session.scalar(document_count), 0)
    async with as_user(ALICE) as session:
        equal(await session.scalar(document_count), 12)
    async with sessions(bind=autocommit) as session:
        equal(await session.scalar(document_count), 0)


async def test_tasks():
    """Tasks that take turns at the connection have a user each."""
    async def count(user_id):
        async with as_user(user_id) as session:
            return await session.scalar(document_count)

    equal(await asyncio.gather(count(ALICE), count(BOB), count(None), count(ALICE)), [12, 6, 0, 12])


async def test_silent():
    statements = query_log.read_text().splitlines()
    equal({statement for statement in statements if "rowgrant" in statement},
          {"SELECT rowgrant.set_user($1::UUID) AS set_user_1"})
    equal("SELECT count(*) AS count_1 FROM documents" in statements, True)


async def plain_list():
    async with nobody() as session:
        equal(list(await session.scalars(document_ids)), keys(*range(1, 31)))
        equal(list(await session.scalars(select(Folder.id).order_by(Folder.id))), keys(1, 2, 3))


async def plain_write():
    async with nobody() as session:
        document = Document(title="New")
        session.add(document)
        await session.flush()
        created = document.id
        document.title = "Changed"
    async with nobody() as session:
        document = await session.get_one(Document, created)
        equal((document.title, document.owner_id), ("Changed", None))
        await session.delete(document)
    async with nobody() as session:
        equal(await session.get(Document, created), None)


async def main():
    for name, check in list(globals().items()):
        if name.startswith(f"{sys.argv[1]}_"):
            with reported(name.removeprefix("test_")):
                await check()
    await engine.dispose()
    sys.exit(bool(failed))


if __name__ == "__main__":
    asyncio.run(main())
