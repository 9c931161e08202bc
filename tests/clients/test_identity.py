"""A role that may not call set_user is nobody, whatever it sets; and a policy hides rows from its functions."""

import uuid

import psycopg
import pytest

from conftest import connect, value

GUESSES = ("rowgrant.app_user", "rowgrant.user_id", "rowgrant.session_user_id", "rowgrant.current_user_id", "app.user_id")


@pytest.fixture
def role(database, db):
    """A role that owns the things it makes and may read the documents that their policies show."""
    name = f"regress_app_{uuid.uuid4().hex[:8]}"
    db.execute(f"CREATE ROLE {name} LOGIN")
    db.execute(f"GRANT CREATE, USAGE ON SCHEMA public TO {name}")
    db.execute(f"GRANT CREATE ON DATABASE {database} TO {name}")
    db.execute(f"GRANT ALL ON documents TO {name}")
    db.execute("SELECT rowgrant.assign_perm(7, 'view', 'documents', k) FROM generate_series(1, 3) k")
    yield name
    db.execute(f"DROP OWNED BY {name}; DROP ROLE {name}")


def nobody(connection):
    assert value(connection, "SELECT rowgrant.current_user_id()") is None
    assert not value(connection, "SELECT bool_or(rowgrant.can('view', d)) FROM documents d")


@pytest.mark.parametrize("setting", GUESSES)
def test_no_setting_of_any_kind_makes_a_user(database, db, role, setting):
    with connect(database, user=role) as app:
        app.execute(f"SET {setting} = '7'")
        value(app, "SELECT set_config(%s, '7', false)", [setting])
        nobody(app)
        app.execute(f"RESET {setting}")
        app.execute("DISCARD ALL")
        nobody(app)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute("SELECT rowgrant.set_user(7)")
    db.execute(f"ALTER ROLE {role} SET {setting} = '7'")
    with connect(database, user=role) as app:
        assert value(app, "SELECT current_setting(%s)", [setting]) == "7"
        nobody(app)
    db.execute(f"ALTER ROLE {role} RESET {setting}")
    db.execute(f"ALTER DATABASE {database} SET {setting} = '7'")
    with connect(database, user=role) as app:
        assert value(app, "SELECT current_setting(%s)", [setting]) == "7"
        nobody(app)
    with connect(database, user=role, options=f"-c {setting}=7") as app:
        nobody(app)


def test_a_user_set_under_a_savepoint_that_is_rolled_back_is_gone_for_the_role(db, role):
    with db.transaction():
        with db.transaction(force_rollback=True):
            db.execute("SELECT rowgrant.set_user(7)")
        db.execute(f"SET LOCAL ROLE {role}")
        nobody(db)


def test_the_role_cannot_take_over_a_function_that_says_who_asks(database, role):
    with connect(database, user=role) as app:
        app.execute("CREATE FUNCTION public.current_user_id() RETURNS text LANGUAGE sql RETURN '7'")
        app.execute("CREATE FUNCTION pg_temp.current_user_id() RETURNS text LANGUAGE sql RETURN '7'")
        app.execute("SET search_path = pg_temp, public, rowgrant")
        nobody(app)
        for statement in ("CREATE OR REPLACE FUNCTION rowgrant.current_user_id() RETURNS text LANGUAGE sql RETURN '7'",
                          "CREATE FUNCTION rowgrant.has_perm(int, text, documents) RETURNS boolean LANGUAGE sql RETURN true",
                          "ALTER FUNCTION rowgrant.current_user_id() RENAME TO x",
                          "DROP FUNCTION rowgrant.current_user_id()",
                          "SELECT * FROM rowgrant.grant_bigint",
                          "INSERT INTO rowgrant.subject_member VALUES (1, 1)",
                          "SELECT nextval('rowgrant.catalog_version')"):
            with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.UndefinedTable)):
                app.execute(statement)


def test_a_leaking_function_sees_no_row_that_the_policy_hides(database, db, role):
    db.execute("ALTER TABLE documents ENABLE ROW LEVEL SECURITY")
    db.execute("CREATE POLICY shown ON documents USING (rowgrant.can('view', documents))")
    db.execute(f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA rowgrant TO {role}")
    with connect(database, user=role) as app:
        app.execute("CREATE TABLE leaked (title text)")
        app.execute("CREATE FUNCTION f_leak(text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS "
                    "$$BEGIN INSERT INTO leaked VALUES ($1); RETURN true; END$$")
        app.execute("CREATE OPERATOR <<< (FUNCTION = f_leak, RIGHTARG = text)")
        app.execute("CREATE VIEW over AS SELECT * FROM documents WHERE f_leak(title)")
        for query in ("SELECT id FROM documents WHERE f_leak(title)",
                      "SELECT id FROM documents WHERE <<< title ORDER BY id LIMIT 100",
                      "SELECT id FROM over",
                      "SELECT d.id FROM documents d JOIN documents e ON f_leak(d.title) AND f_leak(e.title) AND d.id = e.id",
                      "SELECT id FROM documents WHERE id = ANY ('{1,2,3,4,5}') AND f_leak(title)",
                      "SELECT id FROM documents WHERE f_leak(title) AND rowgrant.has_perm(7, 'view', documents)",
                      "SELECT id FROM (SELECT id, title FROM documents OFFSET 0) d WHERE f_leak(title)"):
            with app.transaction():
                app.execute("SELECT rowgrant.set_user(7)")
                assert sorted(row[0] for row in app.execute(query)) == [1, 2, 3]
                seen = {row[0] for row in app.execute("SELECT title FROM leaked")}
                assert seen == {"Document 1", "Document 2", "Document 3"}, query
                app.execute("DELETE FROM leaked")
            with app.transaction():
                assert app.execute(query).fetchall() == []
                assert value(app, "SELECT count(*) FROM leaked") == 0, query
