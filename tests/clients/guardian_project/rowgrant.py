"""All that a Django project needs to work with rowgrant."""

from django.contrib.auth.models import Permission
from django.db import connection, models
from django.db.models import F, Func, Value


def call(function, *arguments):
    """What a function of rowgrant's answers."""
    with connection.cursor() as cursor:
        marks = ", ".join(["%s"] * len(arguments))
        cursor.execute(f"SELECT rowgrant.{function}({marks})", arguments)
        return cursor.fetchone()[0]


class RowgrantBackend:
    """Answers user.has_perm("library.view_article") and user.has_perm("library.view_article", article)."""

    def authenticate(self, request, **credentials):
        return None

    def has_perm(self, user, perm, obj=None):
        app_label, codename = perm.split(".")
        if obj is not None:
            return call("has_perm", user.pk, codename, obj._meta.db_table, obj.pk)
        known = Permission.objects.filter(content_type__app_label=app_label, codename=codename)
        models_of = [permission.content_type.model_class() for permission in known]
        return any(call("has_perm", user.pk, codename, model._meta.db_table) for model in models_of if model)

    def get_all_permissions(self, user, obj=None):
        if obj is None:
            return set()
        held = call("perms_for_user", user.pk, obj._meta.db_table, obj.pk)
        return {f"{obj._meta.app_label}.{name}" for name in held}


class PermittedQuerySet(models.QuerySet):
    """Article.objects.for_user(request.user, "view").order_by("-id")[:20]"""

    def for_user(self, user, perm):
        table = self.model._meta.db_table
        return self.filter(
            Func(
                Value(user.pk),
                Value(perm),
                Value(table),
                F("pk"),
                function="rowgrant.has_perm",
                output_field=models.BooleanField(),
            )
        )


def assign_perm(perm, user, obj):
    """In the transaction that is running, if one is; True where it was not there before."""
    return call("assign_perm", user.pk, perm, obj._meta.db_table, obj.pk)


def remove_perm(perm, user, obj):
    """True where it was there."""
    return call("remove_perm", user.pk, perm, obj._meta.db_table, obj.pk)
