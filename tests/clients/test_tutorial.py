"""Every command of docs/tutorial.md is run, in order, and prints what the tutorial says."""

import os
import pathlib
import re
import subprocess

TUTORIAL = pathlib.Path(__file__).parents[2] / "docs" / "tutorial.md"
BLOCK = re.compile(r"^```(sh|sql)\n(.*?)^```\n(?:\s*^```text\n(.*?)^```\n)?", re.MULTILINE | re.DOTALL)
COMMANDS = {"sh": ["bash", "-eu", "-o", "pipefail", "-c"], "sql": ["psql", "-X", "-v", "ON_ERROR_STOP=1", "-d", "site", "-f", "-"]}


def run(kind, text, folder):
    given = {"args": [*COMMANDS[kind], text]} if kind == "sh" else {"args": COMMANDS[kind], "input": text}
    done = subprocess.run(**given, cwd=folder, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}, capture_output=True, text=True)
    assert done.returncode == 0, f"{text}\n{done.stdout}{done.stderr}"
    return done.stdout.rstrip()


def test_the_tutorial_does_what_it_says(tmp_path):
    blocks = BLOCK.findall(TUTORIAL.read_text())
    assert len(blocks) > 10
    for kind, text, expected in blocks:
        printed = run(kind, text, tmp_path)
        if expected:
            assert printed == expected.rstrip(), text
