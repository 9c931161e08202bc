"""Grants in the admin site, by its own forms. Dave, who has none, is given some."""

from contextlib import contextmanager

import psycopg
from django.contrib.admin.utils import quote
from django.contrib.auth.models import User
from django.contrib.messages import ERROR, get_messages
from django.db import connection
from django.test import Client
from django.urls import reverse

from library.identity import as_user
from library.models import Document
from permissions.models import GroupGrant, Member, UserGrant

from . import DAVE, STRANGER, check, expect, expect_keys


@contextmanager
def privileges():
    """What the owner of the extension grants to let the role of the application grant in turn."""
    views = "rowgrant.user_grants, rowgrant.group_grants, rowgrant.members"
    with psycopg.connect(dbname=connection.settings_dict["NAME"], autocommit=True) as superuser:
        superuser.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {views} TO app")
        try:
            yield
        finally:
            superuser.execute(f"REVOKE ALL ON {views} FROM app")


def staff():
    client = Client()
    client.force_login(User.objects.get(username="admin"))
    return client


def address(model, action, row=None):
    return reverse(f"admin:permissions_{model._meta.model_name}_{action}", args=[quote(row.pk)] if row else [])


def listed(model, **query):
    response = staff().get(address(model, "changelist"), query)
    expect(response.status_code, 200)
    return response.context_data["cl"]


def send(model, action, row=None, refusal=None, **fields):
    """Fills in the form and sends it; a refusal is the message that is shown then."""
    client, path = staff(), address(model, action, row)
    expect(client.get(path).status_code, 200)
    response = client.post(path, fields)
    assert response.status_code == 302, response.context_data["errors"]
    errors = [message.message for message in get_messages(response.wsgi_request) if message.level == ERROR]
    expect(errors, [refusal] if refusal else [])


def expect_dave_sees(*keys):
    with as_user(DAVE):
        expect_keys(Document.objects.order_by("pk"), keys)


@check
@privileges()
def admin_list():
    expect(listed(UserGrant).result_count, 35)
    [grant] = listed(UserGrant, q="2").result_list
    expect((grant.user_id, grant.perm, grant.object_type, grant.key), ("2", "view", "folders", "2"))
    on_type = listed(UserGrant, perm="add").result_list
    expect(sorted((grant.user_id, grant.key) for grant in on_type), [("1", None), ("3", None)])
    [grant] = listed(GroupGrant).result_list
    expect((grant.group_id, grant.perm, grant.object_type, grant.key), ("authenticated", "view", "folders", "3"))
    expect(listed(Member).result_count, 0)


@check
@privileges()
def admin_add():
    send(UserGrant, "add", user_id=DAVE, perm="view", object_type="documents", key=30)
    expect_dave_sees(30)
    send(GroupGrant, "add", group_id="readers", perm="view", object_type="documents", key=29)
    send(Member, "add", group_id="readers", user_id=DAVE)
    expect_dave_sees(29, 30)
    unknown = 'user "999" does not exist in public.users'
    send(UserGrant, "add", refusal=unknown, user_id=STRANGER, perm="view", object_type="documents", key=30)


@check
@privileges()
def admin_change():
    expires = {"expires_at_0": "2020-01-01", "expires_at_1": "12:00:00"}
    send(UserGrant, "change", UserGrant.objects.get(user_id=DAVE), **expires)
    expect_dave_sees(29)
    send(GroupGrant, "change", GroupGrant.objects.get(group_id="readers"), **expires)
    expect_dave_sees()
    send(GroupGrant, "change", GroupGrant.objects.get(group_id="readers"), expires_at_0="", expires_at_1="")
    expect_dave_sees(29)


@check
@privileges()
def admin_delete():
    send(GroupGrant, "delete", GroupGrant.objects.get(group_id="readers"), post="yes")
    send(Member, "delete", Member.objects.get(user_id=DAVE), post="yes")
    send(UserGrant, "delete", UserGrant.objects.get(user_id=DAVE), post="yes")
    expect(listed(UserGrant).result_count, 35)
    expect(listed(GroupGrant).result_count, 1)
    expect(listed(Member).result_count, 0)
    expect_dave_sees()
