from importlib import import_module

from django.core.management.base import BaseCommand, CommandError

from checks import CHECKS

PARTS = {"test": ["orm", "rest", "silent", "grants"], "plain": ["plain"]}


class Command(BaseCommand):
    help = "Does the checks of the scenario, with protection or without."

    def add_arguments(self, parser):
        parser.add_argument("part", choices=PARTS)

    def handle(self, *, part, **options):
        for module in PARTS[part]:
            import_module(f"checks.{module}")
        failed = 0
        for check in CHECKS:
            name = check.__name__.rstrip("_")
            try:
                check()
            except Exception as error:
                failed += 1
                self.stdout.write(f"not ok {name}: {type(error).__name__}: {error}".replace("\n", " "))
            else:
                self.stdout.write(f"ok {name}")
        if failed:
            raise CommandError(f"{failed} failed")
