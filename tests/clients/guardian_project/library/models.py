"""A model for each kind of key, one with permission tables of its own, and one without objects' grants."""

import uuid

from django.apps import apps
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import models

from ..rowgrant import PermittedQuerySet


class Permitted(models.Model):
    objects = PermittedQuerySet.as_manager()

    class Meta:
        abstract = True


class Article(Permitted):
    title = models.CharField(max_length=100)

    class Meta:
        permissions = [("publish", "Can publish")]


class Folder(Permitted):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)


class Page(Permitted):
    path = models.CharField(primary_key=True, max_length=100)


class Host(Permitted):
    address = models.GenericIPAddressField(primary_key=True)


class Event(Permitted):
    at = models.DateTimeField(primary_key=True)


class Note(Permitted):
    """Granted as a whole only."""


class Project(Permitted):
    name = models.CharField(max_length=100)


if apps.is_installed("guardian"):
    from guardian.models import GroupObjectPermissionBase, UserObjectPermissionBase

    class ProjectUserObjectPermission(UserObjectPermissionBase):
        content_object = models.ForeignKey(Project, on_delete=models.CASCADE)

        class Meta(UserObjectPermissionBase.Meta):
            pass

    class ProjectGroupObjectPermission(GroupObjectPermissionBase):
        content_object = models.ForeignKey(Project, on_delete=models.CASCADE)

        class Meta(GroupObjectPermissionBase.Meta):
            pass


MODELS: list[type[models.Model]] = [Article, Folder, Page, Host, Event, Note, Project]


def permissions_of(model: type[models.Model]) -> list[Permission]:
    return list(Permission.objects.filter(content_type=ContentType.objects.get_for_model(model)).order_by("codename"))
