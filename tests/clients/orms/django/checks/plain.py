"""The ORM, without protection."""

from library.models import Document, Folder

from . import check, expect, expect_keys


@check
def plain_list():
    expect_keys(Document.objects.order_by("pk"), range(1, 31))
    expect_keys(Folder.objects.order_by("pk"), range(1, 4))


@check
def plain_write():
    document = Document.objects.create(title="New", folder_id=1)
    document.title = "Changed"
    document.save()
    document = Document.objects.get(pk=document.pk)
    expect((document.title, document.owner_id), ("Changed", None))
    expect(document.delete()[0], 1)
    expect_keys(Document.objects.order_by("pk"), range(1, 31))
