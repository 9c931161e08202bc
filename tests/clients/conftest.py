"""A database with the extension and two protected tables for each test."""

import os
import uuid

import psycopg
import pytest

# Projects of their own: see scripts/test-orms.
collect_ignore = ["orms"]


def connect(name, **options):
    return psycopg.connect(f"dbname={name}", autocommit=True, **options)


@pytest.fixture
def database():
    name = f"rowgrant_client_{uuid.uuid4().hex[:12]}"
    with connect("postgres") as admin:
        admin.execute(f"CREATE DATABASE {name}")
    try:
        with connect(name) as db:
            db.execute("CREATE EXTENSION rowgrant")
            db.execute("CREATE TABLE documents (id bigint PRIMARY KEY, title text)")
            db.execute("INSERT INTO documents SELECT i, 'Document ' || i FROM generate_series(1, 20) i")
            db.execute("SELECT rowgrant.protect('documents')")
        yield name
        with connect(name) as db:
            # After every test nothing is left behind, and nothing is wrong.
            assert db.execute("SELECT * FROM rowgrant.orphans()").fetchall() == []
            assert db.execute("SELECT * FROM rowgrant.doctor() WHERE severity = 'error'").fetchall() == []
    finally:
        with connect("postgres") as admin:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def db(database):
    with connect(database) as connection:
        yield connection


@pytest.fixture
def other(database):
    """A second session."""
    with connect(database) as connection:
        yield connection


def value(db, sql, parameters=None, **options):
    return db.execute(sql, parameters, **options).fetchone()[0]


def pytest_configure():
    assert os.environ.get("PGHOST"), "PGHOST is not set: run scripts/test"
