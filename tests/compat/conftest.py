# SPDX-License-Identifier: Apache-2.0
"""facts.toml says what people have written for Easegress; the tests here give the same to a server."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "e2e"))

from facts import FACTS  # noqa: E402
from gateway import Server  # noqa: E402


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """What a test puts there, it takes away."""
    instance = Server(tmp_path_factory.mktemp("compat") / "home", "--profiling").start()
    yield instance
    instance.stop()


def pytest_terminal_summary(terminalreporter):
    if terminalreporter.config.option.verbose < 0:
        return
    terminalreporter.section("what Easegress' users have")
    for table in ("document", "command", "server_file"):
        rows = FACTS[table]
        good = sum(row["outcome"] in ("accepted", "works") for row in rows)
        terminalreporter.write_line(f"{table}: {good} of {len(rows)}")
    for reason, numbers in sorted(missing().items(), key=lambda item: -len(item[1])):
        terminalreporter.write_line(f"  {len(numbers):2} {reason}: {', '.join(map(str, numbers))}")


def missing() -> dict[str, list[int]]:
    """What the documents that are left out are told -> their numbers."""
    told: dict[str, list[int]] = {}
    for row in FACTS["document"]:
        for line in row["says"] if row["outcome"] == "left out" else []:
            told.setdefault(line, []).append(row["number"])
    return told
