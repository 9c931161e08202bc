"""Who the user is, to the database: all that the project says to it of permissions."""

from contextlib import contextmanager

from django.db import connection, models, transaction
from django.db.models.functions import Cast


@contextmanager
def as_user(user_id):
    """A transaction of the user's. Durable, as a user set in a savepoint would outlive its release."""
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute("SELECT rowgrant.set_user(%s)", [user_id])
        yield


def middleware(get_response):
    """Each request is a transaction of the user whom an authenticating proxy names in a header."""

    def as_user_of(request):
        with as_user(request.headers.get("X-User")):
            return get_response(request)

    return as_user_of


# What makes the user the owner of the rows he creates: the default of a column.
CURRENT_USER = Cast(
    models.Func(function="rowgrant.current_user_id", output_field=models.TextField()),
    models.BigIntegerField(),
)
