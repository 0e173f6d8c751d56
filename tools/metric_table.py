#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the table of docs/metrics.md from the declarations in the source, which `egctl metrics --list` prints.

    <!-- metrics -->
    <!-- end of metrics -->

    tools/metric_table.py              writes the page if it differs
    tools/metric_table.py --check      says so, and fails
"""

import argparse
import json
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(os.environ.get("SLUICE_BIN_DIR", ROOT / "build" / "bin"))
PAGE = ROOT / "docs" / "metrics.md"
BLOCK = re.compile(r"(<!-- metrics -->\n)(.*?)(<!-- end of metrics -->)", re.S)


def families() -> list[dict]:
    done = subprocess.run(
        [BIN / "egctl", "metrics", "--list", "-o", "json"], check=True, capture_output=True, text=True
    )
    return json.loads(done.stdout)


def row(family: dict) -> str:
    labels = ", ".join(f"`{name}`" for name in family["labels"].split(",") if name)
    cells = [f"`{family['name']}`", family["type"], family["unit"], labels, family["help"].replace("|", "\\|")]
    return ("| " + " | ".join(cells) + " |").replace("|  |", "| |").replace("|  |", "| |")


def table() -> str:
    return "\n".join(["| figure | type | unit | labels | meaning |", "|---|---|---|---|---|", *map(row, families())]) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description="Writes the table of docs/metrics.md.")
    parser.add_argument("--check", action="store_true", help="say whether the page differs, and write nothing")
    arguments = parser.parse_args()
    before = PAGE.read_text()
    after = BLOCK.sub(lambda found: found[1] + table() + found[3], before)
    if after == before:
        return 0
    if not arguments.check:
        PAGE.write_text(after)
    print(f"docs/{PAGE.name} {'differs from the declarations' if arguments.check else 'is written'}")
    return 1 if arguments.check else 0


if __name__ == "__main__":
    sys.exit(main())
