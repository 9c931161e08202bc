from django.db import models
from django.db.models.functions import Now

from .identity import CURRENT_USER


class User(models.Model):
    name = models.TextField()
    is_active = models.BooleanField(default=True)
    is_superuser = models.BooleanField(default=False)

    class Meta:
        db_table = "users"


class Folder(models.Model):
    name = models.TextField()

    class Meta:
        db_table = "folders"


class Document(models.Model):
    title = models.TextField()
    body = models.TextField(blank=True)
    folder = models.ForeignKey(Folder, models.SET_NULL, null=True, blank=True, related_name="documents")
    owner = models.ForeignKey(User, models.SET_NULL, null=True, db_default=CURRENT_USER, related_name="documents")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "documents"
