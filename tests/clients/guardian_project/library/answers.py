"""What Django and guardian answer to every question about every user, group and object."""

from collections.abc import Callable, Iterable
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser, Group
from django.db.models import Model
from guardian.shortcuts import (
    get_group_perms,
    get_groups_with_perms,
    get_objects_for_group,
    get_objects_for_user,
    get_perms,
    get_users_with_perms,
)

from .models import MODELS, permissions_of

Answers = dict[str, Any]


def answers() -> Answers:
    users = list(get_user_model().objects.order_by("username"))
    groups = list(Group.objects.order_by("name"))
    objects = {model: list(model._default_manager.order_by("pk")) for model in MODELS}
    return {
        "users": [
            {"pk": str(u.pk), "username": u.username, "active": u.is_active, "superuser": u.is_superuser} for u in users
        ],
        "groups": [
            {"pk": str(g.pk), "name": g.name, "members": sorted(str(pk) for pk in g.user_set.values_list("pk", flat=True))}
            for g in groups
        ],
        "models": {
            name(model): {
                "db_table": model._meta.db_table,
                "key": model._meta.pk.column,
                "permissions": codenames(model),
                "pks": keys(found),
            }
            for model, found in objects.items()
        },
        "of_user": {
            "null" if user.is_anonymous else str(user.pk): {
                name(model): of_user(user, model, found) for model, found in objects.items()
            }
            for user in [*users, AnonymousUser()]
        },
        "of_group": {
            str(group.pk): {name(model): of_group(group, model, found) for model, found in objects.items()}
            for group in groups
        },
        "of_object": {
            name(model): {str(obj.pk): of_object(obj) for obj in found} for model, found in objects.items()
        },
    }


def of_user(user: Any, model: type[Model], objects: list[Model]) -> Answers:
    permissions = codenames(model)
    return {
        "model": {c: user.has_perm(f"library.{c}") for c in permissions},
        "objects": {c: {str(o.pk): user.has_perm(f"library.{c}", o) for o in objects} for c in permissions},
        "listed": {c: listed(get_objects_for_user, user, f"library.{c}", model) for c in permissions},
        "perms": {str(o.pk): sorted(get_perms(user, o)) for o in objects},
    }


def of_group(group: Group, model: type[Model], objects: list[Model]) -> Answers:
    return {
        "listed": {c: listed(get_objects_for_group, group, f"library.{c}", model) for c in codenames(model)},
        "perms": {str(o.pk): sorted(get_group_perms(group, o)) for o in objects},
    }


def of_object(obj: Model) -> Answers:
    users = get_users_with_perms(obj, attach_perms=True, with_group_users=True)
    groups = get_groups_with_perms(obj, attach_perms=True)
    return {
        "users": {str(user.pk): sorted(found) for user, found in users.items()},
        "groups": {str(group.pk): sorted(found) for group, found in groups.items()},
    }


def listed(question: Callable[..., Iterable[Model]], who: Any, permission: str, model: type[Model]) -> list[str] | str:
    """The keys, or the name of the exception: a stored key that does not parse makes guardian raise."""
    try:
        return sorted(keys(question(who, permission, klass=model)))
    except Exception as error:
        return type(error).__name__


def codenames(model: type[Model]) -> list[str]:
    return [permission.codename for permission in permissions_of(model)]


def keys(objects: Iterable[Model]) -> list[str]:
    return [str(obj.pk) for obj in objects]


def name(model: type[Model]) -> str:
    return model._meta.model_name
