"""Users, objects and grants drawn at random, made the way a project makes them: by Django and guardian."""

import datetime
import ipaddress
import random
import uuid

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractUser, Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection, models, transaction
from guardian.shortcuts import assign_perm

from .models import MODELS, Article, Event, Folder, Host, Note, Page, Project, permissions_of

USERS = ["ann", "bob", "cleo", "dan", "eve", "fay", "inactive", "root"]
GROUPS = ["authors", "editors", "Readers", "it's empty"]
PAGES = ["about", "About", "ABOUT US", "it's here", 'the "new" page', "two  blanks", "100%/a_b", r"back\slash", "Über uns"]


def random_uuid(rng: random.Random) -> uuid.UUID:
    return uuid.UUID(int=rng.getrandbits(128), version=4)


def make_users(rng: random.Random) -> None:
    User = get_user_model()
    for name in USERS:
        user = User(username=name, is_active=name != "inactive", is_superuser=name == "root")
        # Drawn here rather than by the field's default, so that the seed decides.
        if isinstance(User._meta.pk, models.UUIDField):
            user.pk = random_uuid(rng)
        user.save()
    groups = [Group.objects.create(name=name) for name in GROUPS]
    # guardian's own user for whoever is not logged in is made by migrate.
    for user in User.objects.order_by("username"):
        user.groups.add(*rng.sample(groups[:-1], rng.randrange(3)))


def make_objects(rng: random.Random) -> None:
    def moment(i: int) -> datetime.datetime:
        start = datetime.datetime(2024, 2, 28, 23, 30, tzinfo=datetime.timezone.utc)
        return start + datetime.timedelta(hours=i, microseconds=rng.choice([0, 500_000, rng.randrange(1_000_000)]))

    addresses = [str(ipaddress.IPv4Address(rng.getrandbits(32))) for _ in range(4)]
    addresses += [str(ipaddress.IPv6Address(0x20010DB8 << 96 | rng.getrandbits(bits))) for bits in (8, 16, 64, 96)]
    Article.objects.bulk_create(Article(title=f"Article {i}") for i in range(8))
    Article.objects.create(pk=5_000_000_000, title="Beyond int4")
    Folder.objects.bulk_create(Folder(pk=random_uuid(rng)) for _ in range(8))
    Page.objects.bulk_create(Page(pk=path) for path in PAGES)
    Host.objects.bulk_create(Host(pk=address) for address in addresses)
    Event.objects.bulk_create(Event(pk=moment(i)) for i in range(8))
    Note.objects.bulk_create(Note() for _ in range(8))
    Project.objects.bulk_create(Project(name=f"Project {i}") for i in range(8))


def grant_on_models(rng: random.Random, users: list[AbstractUser], groups: list[Group]) -> None:
    for model in MODELS:
        permissions = permissions_of(model)
        rng.choice(users).user_permissions.add(rng.choice(permissions))
        if model is Note or rng.random() < 0.5:
            assign_perm(f"library.{rng.choice(permissions).codename}", rng.choice(users))
            assign_perm(f"library.{rng.choice(permissions).codename}", rng.choice(groups))


def grant_on_objects(rng: random.Random, model: type[models.Model], users: list[AbstractUser], groups: list[Group]) -> None:
    # Read back, because guardian stores a key as str() shows it: an object not read from the
    # database may show another time zone, or an address as it was typed.
    objects = list(model._default_manager.order_by("pk"))
    codenames = [permission.codename for permission in permissions_of(model)]

    def some() -> models.QuerySet:
        return model._default_manager.filter(pk__in=[o.pk for o in rng.sample(objects, 3)])

    for _ in range(20):
        assign_perm(rng.choice(codenames), rng.choice(users), rng.choice(objects))
    for _ in range(6):
        assign_perm(rng.choice(codenames), rng.choice(groups), rng.choice(objects))
    # guardian does not see what an inactive user already has, and would violate its own key.
    for user in rng.sample([user for user in users if user.is_active], 2):
        assign_perm(rng.choice(codenames), user, some())
    assign_perm(rng.choice(codenames), rng.choice(groups), some())
    assign_perm(rng.choice(codenames), rng.sample(users, 3), rng.choice(objects))
    assign_perm(rng.choice(codenames), rng.sample(groups, 2), rng.choice(objects))


def leave_orphans(rng: random.Random, model: type[models.Model], users: list[AbstractUser], groups: list[Group]) -> None:
    table, key = map(connection.ops.quote_name, (model._meta.db_table, model._meta.pk.column))
    for obj in rng.sample(list(model._default_manager.order_by("pk")), 2):
        assign_perm(f"view_{model._meta.model_name}", rng.choice(users), obj)
        assign_perm(f"view_{model._meta.model_name}", rng.choice(groups), obj)
        with connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {table} WHERE {key} = %s", [model._meta.pk.get_db_prep_value(obj.pk, connection)])


def grant_what_guardian_mistakes() -> None:
    """What every seed must have, so that no test goes without it."""
    anonymous = get_user_model().objects.get(username="AnonymousUser")
    anonymous.user_permissions.add(Permission.objects.get(codename="view_note"))
    # The codename of an article's permission on a model of another app.
    other = Permission(name="Can publish", codename="publish", content_type=ContentType.objects.get_for_model(Group))
    other.save()
    Group.objects.get(name="it's empty").permissions.add(other)


@transaction.atomic
def fill(seed: int) -> None:
    """Fills a database that holds nothing but what migrate made."""
    rng = random.Random(seed)
    make_users(rng)
    make_objects(rng)
    # Not by key: the anonymous user's is random where keys are UUIDs.
    users = list(get_user_model().objects.order_by("username"))
    groups = list(Group.objects.order_by("name"))
    grant_on_models(rng, users, groups)
    for model in MODELS:
        if model is not Note:
            grant_on_objects(rng, model, users, groups)
        # Foreign keys keep a project's permission rows from being left behind.
        if model not in (Note, Project):
            leave_orphans(rng, model, users, groups)
    grant_what_guardian_mistakes()
