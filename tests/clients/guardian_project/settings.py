"""Settings of a project whose users and key types vary, and nothing else."""

import os

USER_MODELS = {"int": "people_int", "uuid": "people_uuid"}
PEOPLE = USER_MODELS[os.environ.get("ROWGRANT_USER_MODEL", "int")]

SECRET_KEY = "only for tests"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# Hashing is slow on purpose, and nobody logs in.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": os.environ["ROWGRANT_DATABASE"],
        "HOST": os.environ.get("PGHOST", ""),
        "PORT": os.environ.get("PGPORT", ""),
        "USER": os.environ.get("PGUSER", ""),
    }
}

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    f"guardian_project.{PEOPLE}",
    "guardian_project.library",
]
AUTH_USER_MODEL = f"{PEOPLE}.User"

# The same project before and after it has moved over.
if os.environ.get("ROWGRANT_BACKEND"):
    AUTHENTICATION_BACKENDS = ["guardian_project.rowgrant.RowgrantBackend"]
else:
    INSTALLED_APPS.insert(2, "guardian")
    AUTHENTICATION_BACKENDS = [
        "django.contrib.auth.backends.ModelBackend",
        "guardian.backends.ObjectPermissionBackend",
    ]
