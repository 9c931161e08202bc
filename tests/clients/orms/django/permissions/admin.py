from django.contrib import admin, messages
from django.db import DatabaseError
from django.shortcuts import redirect

from .models import GroupGrant, Member, UserGrant


class ViewAdmin(admin.ModelAdmin):
    def changeform_view(self, request, *arguments, **options):
        """What the database objects to is told to whoever filled in the form."""
        try:
            return super().changeform_view(request, *arguments, **options)
        except DatabaseError as error:
            self.message_user(request, error.__cause__.diag.message_primary, messages.ERROR)
            return redirect(request.path)


class GrantAdmin(ViewAdmin):
    list_filter = ["object_type", "perm"]
    ordering = ["object_type", "key", "perm"]

    def get_readonly_fields(self, request, obj=None):
        """A grant never becomes another one, but when it expires can be changed."""
        return [] if obj is None else self.fields[:-1]


@admin.register(UserGrant)
class UserGrantAdmin(GrantAdmin):
    fields = list_display = ["user_id", "perm", "object_type", "key", "expires_at"]
    search_fields = ["=user_id"]


@admin.register(GroupGrant)
class GroupGrantAdmin(GrantAdmin):
    fields = list_display = ["group_id", "perm", "object_type", "key", "expires_at"]
    search_fields = ["=group_id"]


@admin.register(Member)
class MemberAdmin(ViewAdmin):
    list_display = ["group_id", "user_id"]
    ordering = ["group_id", "user_id"]

    def has_change_permission(self, request, obj=None):
        return False
