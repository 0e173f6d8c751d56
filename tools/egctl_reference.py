#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes docs/reference-egctl.md from the --help of egctl and of all its commands.

    tools/egctl_reference.py            writes the page if it differs
    tools/egctl_reference.py --check    says so, and fails
"""

import re
import sys
from collections.abc import Iterator

from man_pages import EVERYWHERE, Help, below, parse
from reference_page import DOCS, cell, code, main, run, table

SOURCE = "the help of egctl"
PAGE = DOCS / "reference-egctl.md"
OLDER = "Older forms"
HELP = "-h,--help"
HEAD = """# Commands of egctl

`tools/egctl_reference.py` writes this page from `egctl COMMAND --help`. [egctl.md](egctl.md) explains
output, checks and profiles, and has the [exit codes](egctl.md#exit-codes). Commands may be abbreviated:
`egctl desc hs`. Every command takes the options of `egctl` itself, before or behind its name, and `--help`.

"""
COLUMNS = {"Positionals": "argument", "Options": "option"}


def commands(words: tuple[str, ...] = (), headings=("Commands", OLDER)) -> Iterator[tuple[tuple[str, ...], Help]]:
    """Each command with its help, the commands below it behind it. Those of before stand at the end."""
    page = parse(run("egctl", *words, "--help"))
    yield words, page
    for heading in headings:
        for word in below(page, heading):
            yield from commands((*words, word))


def shown(name: str) -> str:
    """-f,--file FILE REQUIRED -> `-f`, `--file FILE`, required"""
    required = name.endswith(" REQUIRED")
    names = ", ".join(code(part) for part in name.removesuffix(" REQUIRED").strip().split(","))
    return names + (", required" if required else "")


def notes(lines: list[str]) -> str:
    """Prose as it is, and lines that are indented as a block."""
    text, verbatim = "", False
    for line in [line for line in lines if not EVERYWHERE.match(line)]:
        if line.startswith("  ") != verbatim and line.strip():
            text += "```\n\n" if verbatim else "\n```text\n"
            verbatim = not verbatim
        text += line.removeprefix("  ") + "\n"
    return re.sub(r"\n{3,}", "\n\n", text + ("```\n" if verbatim else "")).strip("\n")


def section(words: tuple[str, ...], page: Help) -> str:
    name = " ".join(("egctl", *words))
    about = page.about[0].removeprefix(f"{name} ")
    text = f"## {name}\n\n{about[0].upper() + about[1:].rstrip('.')}.\n\n```text\n{page.usage}\n```\n"
    for heading, column in COLUMNS.items():
        rows = [row for row in page.lists.get(heading, []) if row[0] != HELP]
        if rows:
            text += "\n" + table([column, "meaning"], ([shown(one), cell(what)] for one, what in rows))
    inner = below(page) + below(page, OLDER)
    if words and inner:
        text += "\nCommands: " + ", ".join(code(" ".join((*words, word))) for word in inner) + ".\n"
    if more := notes(page.footer):
        text += f"\n{more}\n"
    return text


def pages():
    parts = dict(commands())
    yield PAGE, HEAD + "\n".join(section(words, page) for words, page in parts.items())


if __name__ == "__main__":
    sys.exit(main(__doc__, SOURCE, pages))
