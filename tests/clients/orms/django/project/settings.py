"""A library whose documents are protected by the database."""

import os

import dj_database_url

SECRET_KEY = "only for tests"
ALLOWED_HOSTS = ["testserver"]
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
STATIC_URL = "static/"
ROOT_URLCONF = "project.urls"

DATABASES = {
    "default": dj_database_url.config()
    | {
        "ATOMIC_REQUESTS": True,
        "DISABLE_SERVER_SIDE_CURSORS": os.environ.get("ORM_POOLED") == "1",
        "OPTIONS": {"pool": {"min_size": 1, "max_size": 1}},
    }
}

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "rest_framework",
    "library",
    "permissions",
]

MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "library.identity.middleware",
]
SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "EXCEPTION_HANDLER": "library.api.exception_handler",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}

# Django logs statements only where DEBUG is set.
DEBUG = True
LOGGING = {
    "version": 1,
    "formatters": {"statement": {"format": "%(sql)s"}},
    "handlers": {
        "queries": {
            "class": "logging.FileHandler",
            "filename": os.environ["LOG_QUERIES"],
            "formatter": "statement",
        }
    },
    "loggers": {"django.db.backends": {"handlers": ["queries"], "level": "DEBUG", "propagate": False}},
}
