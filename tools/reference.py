#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the whole reference in docs/: what the tool of each subject writes.

    tools/reference.py              writes the pages that differ
    tools/reference.py --check      names them, and fails if there are any
"""

import argparse
import sys

import abi_reference
import bounds_reference
import egctl_reference
import field_tables
import filter_results
import metric_table
import rest_reference
import sdk_reference
import server_reference
from reference_page import write

SUBJECTS = [
    abi_reference,
    bounds_reference,
    egctl_reference,
    field_tables,
    filter_results,
    metric_table,
    rest_reference,
    sdk_reference,
    server_reference,
]


def main() -> int:
    parser = argparse.ArgumentParser(description="Writes the whole reference in docs/.")
    parser.add_argument("--check", action="store_true", help="name the pages that differ, and write none")
    check = parser.parse_args().check
    lines = [line for subject in SUBJECTS for line in write(subject.pages(), subject.SOURCE, check)]
    print("\n".join(lines), end="\n" if lines else "")
    return 1 if lines and check else 0


if __name__ == "__main__":
    sys.exit(main())
