# SPDX-License-Identifier: Apache-2.0
"""docs/tutorial.md, typed line by line. Ports differ, and the gateway runs already."""

import contextlib
import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from gateway import DEADLINE, ROOT, Server, free_port, wait_until
from pages import expected, steps

PAGE = ROOT / "docs" / "tutorial.md"


class Shell:
    """One shell for the whole page, as a reader has."""

    END = "-- end of the output --"

    def __init__(self, folder: Path, path: str):
        self.process = subprocess.Popen(
            ["bash", "--norc"],
            cwd=folder,
            env={**os.environ, "PATH": path},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, command: str) -> str:
        self.process.stdin.write(f"{command}\necho '{self.END}'\n")
        self.process.stdin.flush()
        output = ""
        for line in self.process.stdout:
            if line.rstrip("\n").endswith(self.END):
                return output + line.rstrip("\n").removesuffix(self.END)
            output += line
        raise AssertionError(f"the shell has ended: {output}")

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait(DEADLINE)
        with contextlib.suppress(ProcessLookupError):  # what the page leaves in the background, if it ends early
            os.killpg(self.process.pid, signal.SIGKILL)


@pytest.fixture
def clone(tmp_path, guests):
    """A clone as `make run` leaves it: the example is compiled, its compiler is there."""
    folder = tmp_path / "clone"
    example = ROOT / "examples" / "flash-sale"
    skip = shutil.ignore_patterns("node_modules", "build")
    shutil.copytree(example, folder / "examples" / "flash-sale", ignore=skip)
    (folder / "examples" / "flash-sale" / "node_modules").symlink_to(example / "node_modules")
    (folder / "sdk").symlink_to(ROOT / "sdk")
    return folder


def test_the_tutorial(server: Server, clone):
    port = free_port()
    all_steps = steps(PAGE.read_text())
    assert len(all_steps) > 30
    shell = Shell(clone, f"{server.home / 'bin'}:{os.environ['PATH']}")
    try:
        for command, output in all_steps:
            # Long enough for a sanitizer build, as in test_cookbook.py.
            typed = command.replace("10090", str(port)).replace("timeout: 100ms", "timeout: 5s")
            seen = shell.run(typed)
            assert expected(output).fullmatch(seen), f"$ {command}{seen}\n--- the page says:\n{output}"
    finally:
        shell.close()
