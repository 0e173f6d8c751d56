# SPDX-License-Identifier: Apache-2.0
"""Turns of the workers of pytest-xdist: ordinary tests run beside each other, a test marked `alone` runs while
no other worker runs one."""

import fcntl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from gateway import ROOT

FOLDER = ROOT / "build" / "turns"


@contextmanager
def _locked(path: Path, how: int) -> Iterator[None]:
    with open(path, "w") as file:  # closing it unlocks it, also when the process dies
        fcntl.flock(file, how)
        yield


@contextmanager
def turn(alone: bool, folder: Path = FOLDER) -> Iterator[None]:
    """Everybody passes the door. A test that is `alone` keeps it closed, so that others cannot overtake it while it
    waits for those that still run."""
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as kept:
        with ExitStack() as passing:
            (kept if alone else passing).enter_context(_locked(folder / "door", fcntl.LOCK_EX))
            kept.enter_context(_locked(folder / "room", fcntl.LOCK_EX if alone else fcntl.LOCK_SH))
        yield
