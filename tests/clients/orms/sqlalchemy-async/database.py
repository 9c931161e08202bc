"""The connections, and who the user is."""

import os
from contextvars import ContextVar

from sqlalchemy import event, func, make_url, select
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import Session

url = make_url(os.environ["DATABASE_URL"]).set(drivername="postgresql+asyncpg")
connect_args = {}
if os.environ["ORM_POOLED"] == "1":
    # Behind PgBouncer the next transaction may run on a server that has not prepared the statement. One
    # without a name is prepared each time it is used, and none is left behind.
    connect_args = {
        "statement_cache_size": 0,
        "prepared_statement_cache_size": 0,
        "prepared_statement_name_func": lambda: "",
    }
# One connection for all, so that every transaction would find what the one before it left behind.
engine = create_async_engine(url, pool_size=1, max_overflow=0, connect_args=connect_args)
sessions = async_sessionmaker(engine, expire_on_commit=False)
current_user = ContextVar("current_user", default=None)


@event.listens_for(Session, "after_begin")
def set_user(session, transaction, connection):
    user_id = current_user.get()
    if user_id is not None and not transaction.nested:
        connection.execute(select(func.rowgrant.set_user(user_id)))
