#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the results of the filters in docs/filters.md, as a server names them, for which it starts one.

    <!-- results -->                   a table; its last column is written anew, and a kind that is missing added
    <!-- end of results -->

    tools/filter_results.py            writes the page if it differs
    tools/filter_results.py --check    says so, and fails
"""

import re
import sys

from reference_page import code, main, pages_with_blocks, table
from rest_reference import fetch, server

SOURCE = "what the server says of its filters"
PLACE = "/apis/v2/metadata/objects/pipeline/filters"
HEADS = ["kind", "task", "results"]


def of_server() -> dict[str, list[str]]:
    with server() as address:
        kinds = fetch(address, PLACE)
        return {kind: fetch(address, f"{PLACE}/{kind}/results") for kind in kinds}


def told(results: list[str]) -> str:
    """wasmResult1, wasmResult2 and so on are one entry."""
    words: list[str] = []
    for name in results:
        stem, number = re.fullmatch(r"(.*?)(\d*)", name).groups()
        first = re.fullmatch(rf"`{re.escape(stem)}(\d+)`(?: … `.*`)?", words[-1]) if words and number else None
        if first:
            words[-1] = f"`{stem}{first[1]}` … `{name}`"
        else:
            words.append(code(name))
    return ", ".join(words) or "none"


def made(before: str, results: dict[str, list[str]]) -> str:
    rows = [[part.strip() for part in line.strip("|").split(" | ")] for line in before.splitlines()[2:]]
    tasks = {re.match(r"\[(\w+)\]", row[0])[1]: row for row in rows}
    for kind in results.keys() - tasks.keys():
        tasks[kind] = [f"[{kind}](#)", ""]
    return table(HEADS, ([*row[:2], told(results[kind])] for kind, row in tasks.items() if kind in results))


def pages():
    results = of_server()
    return pages_with_blocks("results", lambda words, before: made(before, results))


if __name__ == "__main__":
    sys.exit(main(__doc__, SOURCE, pages))
