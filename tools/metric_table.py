#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the table of docs/metrics.md from the declarations in the source, which `egctl metrics --list` prints.

    <!-- metrics -->
    <!-- end of metrics -->

    tools/metric_table.py              writes the page if it differs
    tools/metric_table.py --check      says so, and fails
"""

import sys

from reference_page import cell, code, egctl_json, main, pages_with_blocks, table

SOURCE = "the declarations"


def row(family: dict) -> list[str]:
    labels = ", ".join(code(name) for name in family["labels"].split(",") if name)
    return [code(family["name"]), family["type"], family["unit"], labels, cell(family["help"])]


def pages():
    rows = map(row, egctl_json("metrics", "--list"))
    made = table(["figure", "type", "unit", "labels", "meaning"], rows)
    return pages_with_blocks("metrics", lambda words, before: made)


if __name__ == "__main__":
    sys.exit(main(__doc__, SOURCE, pages))
