"""The connections, and who the user is."""

import os

from sqlalchemy import create_engine, event, func, make_url, select
from sqlalchemy.orm import Session, sessionmaker

url = make_url(os.environ["DATABASE_URL"]).set(drivername="postgresql+psycopg")
# Behind PgBouncer the next transaction may run on a server that has not prepared the statement.
connect_args = {"prepare_threshold": None} if os.environ["ORM_POOLED"] == "1" else {}
# One connection for all, so that every transaction would find what the one before it left behind.
engine = create_engine(url, pool_size=1, max_overflow=0, connect_args=connect_args)
sessions = sessionmaker(engine)


@event.listens_for(Session, "after_begin")
def set_user(session, transaction, connection):
    user_id = session.info.get("user_id")
    if user_id is not None and not transaction.nested:
        connection.execute(select(func.rowgrant.set_user(user_id)))
