"""The checks: `scenario.py test` with protection, `scenario.py plain` without."""

import sys
import warnings
from contextlib import contextmanager
from functools import partial

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import SAWarning
from sqlalchemy.orm import joinedload, selectinload
from sqlalchemy.orm.exc import StaleDataError

from checks import ALICE, BOB, CAROL, ROOT, STRANGER, equal, failed, key, keys, query_log, raises, refused, reported
from database import engine, sessions
from models import Document, Folder

autocommit = engine.execution_options(isolation_level="AUTOCOMMIT")
document_ids = select(Document.id).order_by(Document.id)
document_count = select(func.count()).select_from(Document)


@contextmanager
def as_user(user_id):
    with sessions(info={"user_id": user_id}) as session, session.begin():
        yield session


nobody = partial(as_user, None)


def titles(*numbers):
    statement = select(Document.title).where(Document.id.in_(keys(*numbers))).order_by(Document.id)
    with as_user(ROOT) as session:
        return session.scalars(statement).all()


def test_list():
    with as_user(ALICE) as session:
        documents = session.scalars(select(Document).order_by(Document.id)).all()
        equal([document.id for document in documents], keys(*range(1, 13)))


def test_page():
    newest = select(Document).order_by(Document.created_at.desc()).limit(5)
    with as_user(ALICE) as session:
        first = session.scalars(newest).all()
        equal([document.id for document in first], keys(12, 11, 10, 9, 8))
        by_offset = session.scalars(newest.offset(5)).all()
        equal([document.id for document in by_offset], keys(7, 6, 5, 4, 3))
        by_date = session.scalars(newest.where(Document.created_at < first[-1].created_at)).all()
        equal([document.id for document in by_date], keys(7, 6, 5, 4, 3))


def test_count():
    with as_user(ALICE) as session:
        equal(session.scalar(document_count), 12)
        equal(session.scalar(document_count.where(Document.title.startswith("Document 1"))), 4)


def test_get():
    with as_user(ALICE) as session:
        equal(session.get_one(Document, key(7)).title, "Document 7")
        equal(session.get(Document, key(20)), None)


def test_join():
    with as_user(ALICE) as session:
        rows = session.execute(select(Document, Folder).join(Document.folder).order_by(Document.id)).all()
        equal([document.id for document, _ in rows], keys(1, 3, 4, 6, 7, 9, 10, 12))
        equal({folder.name for _, folder in rows}, {"Plans", "Public"})


def test_prefetch():
    for load in selectinload, joinedload:
        statement = select(Folder).options(load(Folder.documents)).order_by(Folder.id)
        with as_user(ALICE) as session:
            folders = session.scalars(statement).unique().all()
            equal([(folder.id, [document.id for document in folder.documents]) for folder in folders],
                  [(key(1), keys(1, 4, 7, 10)), (key(3), keys(3, 6, 9, 12))])
    with as_user(ALICE) as session:
        document = session.get_one(Document, key(2), options=[joinedload(Document.folder)])
        equal((document.folder_id, document.folder), (key(2), None))


def test_create():
    with as_user(ALICE) as session:
        document = Document(title="New", folder_id=key(1))
        session.add(document)
        session.flush()
        created = document.id
        equal(document.owner_id, ALICE)
    with as_user(ALICE) as session:
        document = session.get_one(Document, created)
        equal((document.title, document.folder.name, document.owner_id), ("New", "Plans", ALICE))
        document.title = "Changed"
    with as_user(ALICE) as session:
        document = session.get_one(Document, created)
        equal(document.title, "Changed")
        session.delete(document)
    with as_user(ROOT) as session:
        equal(session.get(Document, created), None)


def test_update():
    with as_user(ALICE) as session:
        session.get_one(Document, key(1)).title = "Changed"
    with as_user(ALICE) as session:
        document = session.get_one(Document, key(1))
        equal(document.title, "Changed")
        document.title = "Document 1"


def test_update_hidden():
    for n in 5, 20:
        with as_user(ALICE) as session:
            result = session.execute(update(Document).where(Document.id == key(n)).values(title="Changed"))
            equal(result.rowcount, 0)
    # The session itself raises when its change of a loaded object matches no row.
    with raises(StaleDataError), as_user(ALICE) as session:
        session.get_one(Document, key(5)).title = "Changed"
    equal(titles(5, 20), ["Document 5", "Document 20"])


def test_update_all():
    with as_user(ALICE) as session:
        equal(session.execute(update(Document).values(title="Changed")).rowcount, 3)
        equal(session.scalars(document_ids.where(Document.title == "Changed")).all(), keys(1, 2, 3))
        session.rollback()


def test_delete():
    with as_user(ALICE) as session:
        session.delete(session.get_one(Document, key(2)))
        session.flush()
        equal(session.get(Document, key(2)), None)
        equal(session.scalar(document_count), 11)
        session.rollback()


def test_delete_hidden():
    for n in 5, 20:
        with as_user(ALICE) as session:
            equal(session.execute(delete(Document).where(Document.id == key(n))).rowcount, 0)
    # When its deletion of a loaded object matches no row it only warns, and would commit the rest.
    with warnings.catch_warnings(action="error", category=SAWarning), raises(SAWarning), as_user(ALICE) as session:
        session.delete(session.get_one(Document, key(5)))
    equal(titles(5, 20), ["Document 5", "Document 20"])


def test_bulk_create():
    new = [{"title": f"New {n}"} for n in range(3)]
    with as_user(ALICE) as session:
        documents = session.scalars(insert(Document).returning(Document), new).all()
        equal({(document.title, document.owner_id) for document in documents}, {(row["title"], ALICE) for row in new})
        equal(session.scalar(document_count), 15)
        session.rollback()
    with as_user(ALICE) as session:
        documents = [Document(**row) for row in new]
        session.add_all(documents)
        session.flush()
        created = select(Document.id).where(Document.title.startswith("New"), Document.owner_id == ALICE)
        equal(set(session.scalars(created)), {document.id for document in documents})
        equal(session.scalar(document_count), 15)
        session.rollback()


def test_create_forbidden():
    with refused(), as_user(BOB) as session:
        session.add(Document(title="New"))
    with as_user(ROOT) as session:
        equal(session.scalar(document_count), 30)


def test_give_away():
    with refused(), as_user(ALICE) as session:
        session.add(Document(title="Given", owner_id=BOB))
    with as_user(ROOT) as session:
        equal(session.scalar(document_count), 30)
    with as_user(ALICE) as session:
        session.execute(insert(Document), [{"id": key(40), "title": "Given", "owner_id": BOB}])
        equal(session.get(Document, key(40)), None)
    with as_user(BOB) as session:
        session.delete(session.get_one(Document, key(40)))


def test_upsert():
    def upsert(n):
        return (postgresql.insert(Document).values(id=key(n), title="Upserted")
                .on_conflict_do_update(index_elements=[Document.id], set_={"title": "Upserted"}).returning(Document))

    with as_user(ALICE) as session:
        document = session.scalars(upsert(1)).one()
        equal((document.id, document.title, document.owner_id), (key(1), "Upserted", ROOT))
        session.rollback()
    with refused(), as_user(ALICE) as session:
        session.execute(upsert(20))
    equal(titles(1, 20), ["Document 1", "Document 20"])


def test_lock():
    with as_user(ALICE) as session:
        documents = session.scalars(select(Document).order_by(Document.id).with_for_update()).all()
        equal([document.id for document in documents], keys(1, 2, 3))
        equal(session.get(Document, key(5), with_for_update=True), None)


def test_owner():
    with as_user(BOB) as session:
        equal(session.scalars(document_ids).all(), keys(*range(20, 26)))
        session.get_one(Document, key(21)).title = "Changed"
        session.delete(session.get_one(Document, key(22)))
        session.flush()
        equal(session.scalars(document_ids).all(), keys(20, 21, 23, 24, 25))
        equal(session.scalars(document_ids.where(Document.title == "Changed")).all(), keys(21))
        session.rollback()


def test_two_users():
    for user_id, count in (ALICE, 12), (BOB, 6), (None, 0), (ALICE, 12):
        with as_user(user_id) as session:
            equal(session.scalar(document_count), count)


def test_rollback():
    with as_user(ALICE) as session:
        session.get_one(Document, key(1)).title = "Changed"
        session.flush()
        session.rollback()
    with nobody() as session:
        equal(session.scalar(document_count), 0)
    equal(titles(1), ["Document 1"])


def has_nothing(user_id):
    with as_user(user_id) as session:
        equal(session.scalars(select(Document)).all(), [])
        equal(session.scalars(select(Folder)).all(), [])
        equal(session.execute(update(Document).values(title="Changed")).rowcount, 0)
        equal(session.execute(delete(Document)).rowcount, 0)
    with refused(), as_user(user_id) as session:
        session.add(Document(title="New"))


def test_nobody():
    has_nothing(None)


def test_stranger():
    has_nothing(STRANGER)
    has_nothing(CAROL)


def test_superuser():
    with as_user(ROOT) as session:
        equal(session.scalars(document_ids).all(), keys(*range(1, 31)))


def test_no_user_left():
    with sessions(bind=autocommit) as session:
        equal(session.scalar(document_count), 0)
    with as_user(ALICE) as session:
        equal(session.scalar(document_count), 12)
    with sessions(bind=autocommit) as session:
        equal(session.scalar(document_count), 0)


def test_autocommit():
    """Every statement is a transaction of its own: the one that sets the user ends, and its user with it."""
    with sessions(bind=autocommit, info={"user_id": ALICE}) as session:
        equal(session.scalar(document_count), 0)


def test_savepoint():
    with as_user(ALICE) as session:
        with session.begin_nested() as savepoint:
            session.execute(select(func.rowgrant.set_user(BOB)))
            equal(session.scalar(document_count), 6)
            savepoint.rollback()
        equal(session.scalar(document_count), 12)


def test_silent():
    statements = query_log.read_text().splitlines()
    equal({statement for statement in statements if "rowgrant" in statement},
          {"SELECT rowgrant.set_user(%(set_user_2)s::UUID) AS set_user_1"})
    equal("SELECT count(*) AS count_1 FROM documents" in statements, True)


def plain_list():
    with nobody() as session:
        equal(session.scalars(document_ids).all(), keys(*range(1, 31)))
        equal(session.scalars(select(Folder.id).order_by(Folder.id)).all(), keys(1, 2, 3))


def plain_write():
    with nobody() as session:
        document = Document(title="New")
        session.add(document)
        session.flush()
        created = document.id
        document.title = "Changed"
    with nobody() as session:
        document = session.get_one(Document, created)
        equal((document.title, document.owner_id), ("Changed", None))
        session.delete(document)
    with nobody() as session:
        equal(session.get(Document, created), None)


if __name__ == "__main__":
    for name, check in list(globals().items()):
        if name.startswith(f"{sys.argv[1]}_"):
            with reported(name.removeprefix("test_")):
                check()
    sys.exit(bool(failed))
