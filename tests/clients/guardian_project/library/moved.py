"""What Django answers through rowgrant alone: as library.answers, without guardian."""

import asyncio
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.db import transaction

from ..rowgrant import assign_perm, remove_perm
from .models import MODELS, Article, permissions_of


def moved() -> dict[str, Any]:
    users = [*get_user_model().objects.order_by("username"), AnonymousUser()]
    return {
        "of_user": {
            "null" if user.is_anonymous else str(user.pk): {
                model._meta.model_name: of_user(user, model) for model in MODELS
            }
            for user in users
        },
        "grants": grants(),
        "asked": asked(),
    }


def of_user(user: Any, model: Any) -> dict[str, Any]:
    objects = list(model.objects.order_by("pk"))
    codenames = [permission.codename for permission in permissions_of(model)]
    return {
        "model": {c: user.has_perm(f"library.{c}") for c in codenames},
        "objects": {c: {str(o.pk): user.has_perm(f"library.{c}", o) for o in objects} for c in codenames},
        "listed": {c: sorted(str(o.pk) for o in model.objects.for_user(user, c)) for c in codenames},
        "perms": {str(o.pk): sorted(user.get_all_permissions(o)) for o in objects},
    }


def grants() -> list[Any]:
    """Granted, seen, rolled back, granted, deleted and created anew."""
    user = get_user_model().objects.create(username="newcomer")
    article = Article.objects.create(title="New")
    seen = [user.has_perm("library.view_article", article)]

    def look() -> None:
        seen.append(user.has_perm("library.view_article", article))
        seen.append(Article.objects.for_user(user, "view").filter(pk=article.pk).exists())

    with transaction.atomic():
        seen.append(assign_perm("view", user, article))
        look()
        transaction.set_rollback(True)
    look()
    seen.append(assign_perm("view", user, article))
    seen.append(assign_perm("view", user, article))
    look()
    seen.append(remove_perm("view", user, article))
    look()
    assign_perm("view", user, article)
    key = article.pk
    article.delete()
    article = Article.objects.create(pk=key, title="Another")
    look()
    article.delete()
    user.delete()
    return seen


def asked() -> dict[str, Any]:
    """Other ways to ask than those of of_user, by somebody who may view one article and no more."""
    user = get_user_model().objects.create(username="newcomer")
    article = Article.objects.create(title="New")
    assign_perm("view", user, article)
    answers = {
        "without app": user.has_perm("view_article", article),
        "in another app": user.has_perm("auth.view_article", article),
        "own name": user.has_perm("library.view", article),
        "asynchronously": asyncio.run(user.ahas_perm("view_article", article)),
        "all asynchronously": sorted(asyncio.run(user.aget_all_permissions(article))),
        "not saved": user.has_perm("library.view_article", Article()),
        "unknown": user.has_perm("library.nonsense"),
        "all on the model": sorted(user.get_all_permissions()),
        # Django's admin asks about every model.
        "model not protected": user.has_perm(f"{user._meta.app_label}.view_user"),
        "object not protected": user.has_perm("view_user", user),
        "all on an object not protected": sorted(user.get_all_permissions(user)),
    }
    article.delete()
    user.delete()
    return answers
