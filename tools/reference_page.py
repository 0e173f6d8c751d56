# SPDX-License-Identifier: Apache-2.0
"""What the tools share that write the reference in docs/ from the programs.

A tool has a function that returns the pages as they should be, and main() writes those that differ, or with --check
names them and fails. A page is made whole, or has blocks between two marks:

    <!-- NAME WORDS -->
    <!-- end of NAME -->
"""

import argparse
import json
import os
import re
import subprocess
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
BIN = Path(os.environ.get("SLUICE_BIN_DIR", ROOT / "build" / "bin"))

Pages = Iterable[tuple[Path, str]]


def run(program: str, *words: str) -> str:
    return subprocess.run([BIN / program, *words], check=True, capture_output=True, text=True).stdout


def egctl_json(*words: str):
    return json.loads(run("egctl", *words, "-o", "json"))


def cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """The cells are Markdown: see cell()."""
    heads = list(heads)
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    for row in rows:
        lines.append("|" + "|".join(f" {one} " if one else " " for one in row) + "|")
    return "\n".join(lines) + "\n"


def code(text: str) -> str:
    return f"`{text}`" if text else ""


def with_blocks(text: str, name: str, make: Callable[[list[str], str], str]) -> str:
    """`make` gets the words of a block's mark, and what is in the block, and returns what is to be in it."""
    block = re.compile(rf"(<!-- {name}((?: [\w.=-]+)*) -->\n)(.*?)(<!-- end of {name} -->)", re.S)
    return block.sub(lambda found: found[1] + make(found[2].split(), found[3]) + found[4], text)


def pages_with_blocks(name: str, make: Callable[[list[str], str], str]) -> Iterator[tuple[Path, str]]:
    for page in sorted(DOCS.glob("*.md")):
        text = page.read_text()
        if f"<!-- {name}" in text:
            yield page, with_blocks(text, name, make)


def write(pages: Pages, source: str, check: bool) -> list[str]:
    """Returns a line for each page that differed."""
    lines = []
    for page, text in pages:
        if page.exists() and page.read_text() == text:
            continue
        if not check:
            page.write_text(text)
        lines.append(f"docs/{page.name} {f'differs from {source}' if check else 'is written'}")
    return lines


def main(about: str, source: str, pages: Callable[[], Pages]) -> int:
    parser = argparse.ArgumentParser(description=about.strip().splitlines()[0])
    parser.add_argument("--check", action="store_true", help="name the pages that differ, and write none")
    check = parser.parse_args().check
    lines = write(pages(), source, check)
    for line in lines:
        print(line)
    return 1 if lines and check else 0
