# SPDX-License-Identifier: Apache-2.0
"""tests/e2e/turns.py: tests run beside each other, and one that is `alone` runs beside none."""

import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "e2e"))

from gateway import wait_until  # noqa: E402
from turns import turn  # noqa: E402

DEADLINE = 60.0


class Runner:
    """A test in a thread: it runs from start() until end()."""

    def __init__(self, folder: Path, alone: bool = False):
        self.running, self._over = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, args=(folder, alone), daemon=True)

    def _run(self, folder: Path, alone: bool) -> None:
        with turn(alone, folder):
            self.running.set()
            assert self._over.wait(DEADLINE)
            self.running.clear()

    def start(self) -> "Runner":
        self._thread.start()
        return self

    def end(self) -> None:
        self._over.set()
        self._thread.join(DEADLINE)
        assert not self._thread.is_alive()


def waiters(path: Path) -> int:
    """How many wait for the lock on `path`, from proc(5), locks."""
    inode = str(path.stat().st_ino)
    return sum(
        "->" in line and line.split(" ")[-3].rsplit(":", 1)[-1] == inode
        for line in Path("/proc/locks").read_text().splitlines()
    )


def test_ordinary_tests_run_beside_each_other(tmp_path):
    two = [Runner(tmp_path).start(), Runner(tmp_path).start()]
    for one in two:
        assert one.running.wait(DEADLINE)
    for one in two:
        one.end()


def test_alone_waits_for_those_that_run_and_is_not_overtaken(tmp_path):
    first = Runner(tmp_path).start()
    assert first.running.wait(DEADLINE)
    alone = Runner(tmp_path, alone=True).start()
    wait_until(lambda: waiters(tmp_path / "room") == 1, "it waits for the one that runs")
    later = Runner(tmp_path).start()
    wait_until(lambda: waiters(tmp_path / "door") == 1, "the next one waits before the door")
    assert not alone.running.is_set() and not later.running.is_set()
    first.end()
    assert alone.running.wait(DEADLINE) and not later.running.is_set()
    alone.end()
    assert later.running.wait(DEADLINE)
    later.end()
