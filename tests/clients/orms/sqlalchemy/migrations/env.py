import os

from alembic import context
from sqlalchemy import create_engine, make_url

from models import Base

engine = create_engine(make_url(os.environ["MIGRATION_URL"]).set(drivername="postgresql+psycopg"))
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=Base.metadata)
    with context.begin_transaction():
        context.run_migrations()
