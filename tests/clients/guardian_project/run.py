"""python -m guardian_project.run fill SEED, or answers: the database is that of ROWGRANT_DATABASE."""

import argparse
import json
import os

import django
from django.core.management import call_command


def main() -> None:
    parser = argparse.ArgumentParser(prog="guardian_project.run", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("fill", help="make the tables and fill them").add_argument("seed", type=int)
    commands.add_parser("answers", help="print what Django and guardian answer, as JSON")
    commands.add_parser("moved", help="print what Django answers through rowgrant alone, as JSON")
    arguments = parser.parse_args()

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "guardian_project.settings")
    django.setup()
    # Models can be imported only once Django is set up, and guardian only where it is installed.
    if arguments.command == "moved":
        from .library.moved import moved

        print(json.dumps(moved(), indent=1, sort_keys=True))
        return
    from .library.answers import answers
    from .library.fill import fill

    if arguments.command == "fill":
        # Tables of apps without migrations are made first, and refer to those of auth.
        call_command("migrate", "auth", verbosity=0)
        call_command("migrate", run_syncdb=True, verbosity=0)
        fill(arguments.seed)
    else:
        print(json.dumps(answers(), indent=1, sort_keys=True))


if __name__ == "__main__":
    main()
