"""All that a Django project needs to work with rowgrant."""

from asgiref.sync import sync_to_async
from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.models import Permission
from django.db import connection, models
from django.db.models import F, Func, Value


def call(function, *arguments):
    """What a function of rowgrant's answers."""
    with connection.cursor() as cursor:
        marks = ", ".join(["%s"] * len(arguments))
        cursor.execute(f"SELECT rowgrant.{function}({marks})", arguments)
        return cursor.fetchone()[0]


def is_protected(model):
    """Whether rowgrant is asked about it: about models with PermittedQuerySet."""
    return hasattr(model._meta.default_manager, "for_user")


class RowgrantBackend(BaseBackend):
    """Answers user.has_perm("library.view_article") and user.has_perm("library.view_article", article)."""

    def has_perm(self, user, perm, obj=None):
        app_label, _, codename = perm.rpartition(".")
        if obj is not None:
            if not is_protected(obj) or app_label not in ("", obj._meta.app_label):
                return False
            return call("has_perm", user.pk, codename, obj._meta.db_table, obj.pk)
        known = Permission.objects.filter(content_type__app_label=app_label, codename=codename)
        found = [permission.content_type.model_class() for permission in known.select_related("content_type")]
        tables = [model._meta.db_table for model in found if model and is_protected(model)]
        return any(call("has_perm", user.pk, codename, table) for table in tables)

    def get_all_permissions(self, user, obj=None):
        if obj is None or not is_protected(obj):
            return set()
        held = call("perms_for_user", user.pk, obj._meta.db_table, obj.pk)
        return {f"{obj._meta.app_label}.{name}" for name in held}

    ahas_perm = sync_to_async(has_perm)
    aget_all_permissions = sync_to_async(get_all_permissions)


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
