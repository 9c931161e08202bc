"""Requests to Django REST framework, each in a transaction of its own."""

from rest_framework.test import APIClient

from . import ALICE, BOB, ROOT, check, expect, expect_untouched

HIDDEN, ABSENT = "/documents/20/", "/documents/999/"


def client(user_id):
    return APIClient(HTTP_X_USER=str(user_id))


alice, bob, root, nobody = client(ALICE), client(BOB), client(ROOT), APIClient()


def keys(response):
    expect(response.status_code, 200)
    return [document["id"] for document in response.json()]


def expect_status(status, *responses):
    expect([response.status_code for response in responses], [status] * len(responses))


@check
def rest_get():
    expect(keys(alice.get("/documents/")), list(range(1, 13)))
    expect(keys(nobody.get("/documents/")), [])
    expect(keys(bob.get("/documents/")), list(range(20, 26)))
    expect(alice.get("/documents/7/").json()["title"], "Document 7")
    expect_status(404, alice.get(HIDDEN), alice.get(ABSENT), bob.get("/documents/7/"), nobody.get("/documents/7/"))


@check
def rest_head():
    expect_status(200, alice.head("/documents/7/"), bob.head(HIDDEN))
    expect_status(404, alice.head(HIDDEN), nobody.head("/documents/7/"))


@check
def rest_options():
    """What may be seen is described, with PUT where it may be changed."""

    def may_put(client, path):
        response = client.options(path)
        expect_status(200, response)
        return "PUT" in response.json().get("actions", {})

    expect(may_put(alice, "/documents/1/"), True)
    expect(may_put(alice, "/documents/5/"), False)
    expect_status(404, alice.options(HIDDEN), alice.options(ABSENT), nobody.options("/documents/1/"))


@check
def rest_post():
    response = alice.post("/documents/", {"title": "New", "folder": 1})
    expect_status(201, response)
    new = response.json()
    expect((new["id"] >= 1000, new["owner"]), (True, ALICE))
    path = f"/documents/{new['id']}/"
    expect(alice.get(path).json(), new)
    expect_status(404, bob.get(path))
    expect_status(204, alice.delete(path))
    # A folder that she may not see is none to refer to.
    expect_status(400, alice.post("/documents/", {"title": "New", "folder": 2}))
    expect_status(403, bob.post("/documents/", {"title": "New"}), nobody.post("/documents/", {"title": "New"}))
    expect(keys(root.get("/documents/")), list(range(1, 31)))


def expect_changes(send):
    expect_status(200, send(alice, "/documents/1/", "Changed"))
    expect(alice.get("/documents/1/").json()["title"], "Changed")
    expect_status(200, send(alice, "/documents/1/", "Document 1"))
    expect_status(403, send(alice, "/documents/5/", "Changed"))
    expect_status(404, send(alice, HIDDEN, "Changed"), send(alice, ABSENT, "Changed"), send(nobody, HIDDEN, "Changed"))
    expect_untouched(1, 5, 20)


@check
def rest_put():
    expect_changes(lambda client, path, title: client.put(path, {"title": title, "body": "Text 1", "folder": 1}))


@check
def rest_patch():
    expect_changes(lambda client, path, title: client.patch(path, {"title": title}))


@check
def rest_delete():
    path = f"/documents/{alice.post('/documents/', {'title': 'New'}).json()['id']}/"
    expect_status(404, bob.delete(path), nobody.delete(path))
    expect_status(204, alice.delete(path))
    expect_status(404, alice.delete(path), alice.delete(HIDDEN))
    expect_status(403, alice.delete("/documents/1/"), alice.delete("/documents/5/"))
    expect_untouched(1, 5, 20)
