from django.contrib import admin
from django.urls import include, path
from rest_framework.routers import SimpleRouter

from library.api import DocumentViewSet

router = SimpleRouter()
router.register("documents", DocumentViewSet)

urlpatterns = [
    path("", include(router.urls)),
    path("admin/", admin.site.urls),
]
