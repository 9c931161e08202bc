"""The log of all that the checks before this one have sent."""

import re

from django.conf import settings

from . import check, expect


@check
def silent():
    with open(settings.LOGGING["handlers"]["queries"]["filename"]) as log:
        statements = log.read().splitlines()
    others = [statement for statement in statements if not re.fullmatch(r"SELECT rowgrant\.set_user\(.*?\)", statement)]
    expect([statement for statement in others if "rowgrant" in statement.lower()], [])
    assert len(others) < len(statements), "no statement that sets the user"
    for verb in "SELECT", "INSERT", "UPDATE", "DELETE":
        assert any(statement.startswith(f"{verb} ") for statement in others), f"no {verb}"
