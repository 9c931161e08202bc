"""The documents by HTTP. Who may do what with which is left to the database."""

from django.db import DatabaseError
from rest_framework import serializers, views, viewsets
from rest_framework.exceptions import PermissionDenied

from .models import Document


class DocumentSerializer(serializers.ModelSerializer):
    class Meta:
        model = Document
        fields = ["id", "title", "body", "folder", "owner", "created_at"]
        read_only_fields = ["owner", "created_at"]


class DocumentViewSet(viewsets.ModelViewSet):
    queryset = Document.objects.order_by("id")
    serializer_class = DocumentSerializer

    def get_object(self):
        """Locked before it is changed: the lock is had on rows only that may be changed."""
        document = super().get_object()
        if self.request.method in ("PUT", "PATCH"):
            try:
                document.refresh_from_db(from_queryset=Document.objects.select_for_update())
            except Document.DoesNotExist as error:
                raise PermissionDenied from error
        return document

    def options(self, request, *args, **kwargs):
        """Only what may be seen is described."""
        if self.detail:
            self.get_object()
        return super().options(request, *args, **kwargs)

    def perform_destroy(self, document):
        """DELETE does not match a row that may not be deleted, and is no error then."""
        deleted, _ = document.delete()
        if not deleted:
            raise PermissionDenied


def exception_handler(error, context):
    """What the database refuses is forbidden (403), not a fault of the server (500)."""
    if isinstance(error, DatabaseError) and getattr(error.__cause__, "sqlstate", None) == "42501":
        error = PermissionDenied()
    return views.exception_handler(error, context)
