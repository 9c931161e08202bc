"""The ORM, with protection."""

from django.db import connection, transaction

from library.identity import as_user
from library.models import Document, Folder

from . import ALICE, BOB, CAROL, ROOT, STRANGER, check, expect, expect_keys, expect_untouched, refused, trial


@check
def list_():
    with as_user(ALICE):
        expect(sorted(document.pk for document in Document.objects.all()), list(range(1, 13)))


@check
def page():
    with as_user(ALICE):
        newest = Document.objects.order_by("-created_at")
        first = newest[:5]
        expect_keys(first, [12, 11, 10, 9, 8])
        expect_keys(newest[5:10], [7, 6, 5, 4, 3])
        expect_keys(newest.filter(created_at__lt=first[4].created_at)[:5], [7, 6, 5, 4, 3])


@check
def count():
    with as_user(ALICE):
        expect(Document.objects.count(), 12)
        expect(Document.objects.filter(title__startswith="Document 1").count(), 4)


@check
def get():
    with as_user(ALICE):
        expect(Document.objects.get(pk=7).title, "Document 7")
        try:
            Document.objects.get(pk=20)
        except Document.DoesNotExist:
            pass
        else:
            raise AssertionError("document 20 was found")


@check
def join():
    with as_user(ALICE):
        # The condition makes an inner join of the outer one that a nullable key gets.
        documents = Document.objects.select_related("folder").filter(folder__isnull=False).order_by("pk")
        expect_keys(documents, [1, 3, 4, 6, 7, 9, 10, 12])
        expect([document.folder.name for document in documents], ["Plans", "Public"] * 4)


@check
def prefetch():
    with as_user(ALICE):
        folders = Folder.objects.prefetch_related("documents")
        found = {folder.pk: sorted(document.pk for document in folder.documents.all()) for folder in folders}
        expect(found, {1: [1, 4, 7, 10], 3: [3, 6, 9, 12]})


@check
def create():
    with trial(ALICE):
        document = Document.objects.create(title="New", folder_id=1)
        expect((document.pk >= 1000, document.owner_id), (True, ALICE))
        expect(Document.objects.get(pk=document.pk).title, "New")
        document.title = "Changed"
        document.save()
        document.refresh_from_db()
        expect(document.title, "Changed")
        expect(document.delete()[0], 1)
        expect(Document.objects.filter(title="Changed").exists(), False)


@check
def update():
    with as_user(ALICE):
        document = Document.objects.get(pk=1)
        document.title = "Changed"
        document.save()
    with as_user(ALICE):
        document = Document.objects.get(pk=1)
        expect(document.title, "Changed")
        document.title = "Document 1"
        document.save()
    expect_untouched(1)


@check
def update_hidden():
    with as_user(ALICE):
        for key in 5, 20:
            expect(Document.objects.filter(pk=key).update(title="Changed"), 0)
    expect_untouched(5, 20)


@check
def update_all():
    with trial(ALICE):
        expect(Document.objects.update(title="Changed"), 3)
        expect_keys(Document.objects.filter(title="Changed").order_by("pk"), [1, 2, 3])


@check
def delete():
    with trial(ALICE):
        expect(Document.objects.get(pk=2).delete()[0], 1)
        expect(Document.objects.filter(pk=2).exists(), False)


@check
def delete_hidden():
    with as_user(ALICE):
        for key in 5, 20:
            expect(Document.objects.filter(pk=key).delete()[0], 0)
    expect_untouched(5, 20)


@check
def bulk_create():
    with trial(ALICE):
        documents = Document.objects.bulk_create(Document(title=f"New {n}", folder_id=1) for n in range(3))
        expect([document.owner_id for document in documents], [ALICE] * 3)
        expect_keys(Document.objects.order_by("pk"), [*range(1, 13), *(document.pk for document in documents)])


@check
def create_forbidden():
    with as_user(BOB), refused():
        Document.objects.create(title="New")
    with as_user(ROOT):
        expect(Document.objects.filter(title="New").exists(), False)


@check
def give_away():
    with as_user(ALICE), refused():
        Document.objects.create(title="New", owner_id=BOB)
    with as_user(ROOT):
        expect(Document.objects.filter(title="New").exists(), False)


@check
def upsert():
    def insert_or_change(key):
        document = Document(pk=key, title="Changed")
        Document.objects.bulk_create([document], update_conflicts=True, unique_fields=["pk"], update_fields=["title"])

    with trial(ALICE):
        insert_or_change(1)
        expect(Document.objects.get(pk=1).title, "Changed")
        with refused():
            insert_or_change(20)
    expect_untouched(1, 20)


@check
def lock():
    with as_user(ALICE):
        expect_keys(Document.objects.select_for_update().order_by("pk"), [1, 2, 3])


@check
def owner():
    with trial(BOB):
        expect_keys(Document.objects.order_by("pk"), range(20, 26))
        document = Document.objects.get(pk=21)
        document.title = "Changed"
        document.save()
        expect(Document.objects.get(pk=21).title, "Changed")
        expect(Document.objects.get(pk=22).delete()[0], 1)
        expect_keys(Document.objects.order_by("pk"), [20, 21, 23, 24, 25])


@check
def two_users():
    found, backends = [], set()
    for user_id in ALICE, BOB, None, ALICE:
        with as_user(user_id):
            found.append(Document.objects.count())
            backends.add(connection.connection.info.backend_pid)
        connection.close()
    expect(found, [12, 6, 0, 12])
    expect(len(backends), 1)


@check
def rollback():
    with trial(ALICE):
        expect(Document.objects.filter(pk=1).update(title="Changed"), 1)
    with transaction.atomic():
        expect(Document.objects.count(), 0)
    expect_untouched(1)


def expect_nobody():
    expect_keys(Document.objects.all(), [])
    expect_keys(Folder.objects.all(), [])
    expect(Document.objects.update(title="Changed"), 0)
    expect(Folder.objects.update(name="Changed"), 0)
    expect(Document.objects.all().delete()[0], 0)
    expect(Folder.objects.all().delete()[0], 0)
    with refused():
        Document.objects.create(title="New")
    with refused():
        Folder.objects.create(name="New")


@check
def nobody():
    with transaction.atomic():
        expect_nobody()
    expect_untouched(*range(1, 31))


@check
def stranger():
    for user_id in STRANGER, CAROL:
        with as_user(user_id):
            expect_nobody()
    expect_untouched(*range(1, 31))


@check
def superuser():
    with as_user(ROOT):
        expect_keys(Document.objects.order_by("pk"), range(1, 31))


@check
def no_user_left():
    with as_user(ALICE):
        expect(Document.objects.count(), 12)
    expect_keys(Document.objects.all(), [])
