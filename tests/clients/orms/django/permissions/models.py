"""Grants and memberships as rows: the views of rowgrant's that can be written to."""

from django.db import models


class View(models.Model):
    # The view makes it up. With a default of the database's, Django inserts DEFAULT and reads what came of it.
    id = models.CharField(primary_key=True, editable=False, db_default="")

    class Meta:
        abstract = True


class Grant(View):
    perm = models.CharField()
    object_type = models.CharField()
    key = models.CharField(null=True, blank=True, help_text="Leave empty for all objects of the type")
    expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True


class UserGrant(Grant):
    user_id = models.CharField()

    class Meta:
        managed = False
        db_table = 'rowgrant"."user_grants'

    def __str__(self):
        return f"{self.user_id}: {self.perm} {self.object_type} {self.key or ''}"


class GroupGrant(Grant):
    group_id = models.CharField()

    class Meta:
        managed = False
        db_table = 'rowgrant"."group_grants'

    def __str__(self):
        return f"{self.group_id}: {self.perm} {self.object_type} {self.key or ''}"


class Member(View):
    group_id = models.CharField()
    user_id = models.CharField()

    class Meta:
        managed = False
        db_table = 'rowgrant"."members'

    def __str__(self):
        return f"{self.user_id} in {self.group_id}"
