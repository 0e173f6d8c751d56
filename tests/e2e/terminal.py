# SPDX-License-Identifier: Apache-2.0
"""egctl on a terminal: standard input is one, so that it asks."""

import os
import pty
import subprocess

from gateway import BIN, DEADLINE, sanitizer_environment


def egctl_on_terminal(server, *arguments: str, answer: str) -> subprocess.CompletedProcess:
    """`answer`: what the person types, without the end of the line."""
    ours, its = pty.openpty()
    try:
        os.write(ours, f"{answer}\n".encode())
        return subprocess.run(
            [BIN / "egctl", "--server", server.api, *arguments],
            stdin=its,
            capture_output=True,
            text=True,
            timeout=DEADLINE * 2,
            env={**os.environ, "HOME": str(server.home), **sanitizer_environment()},
        )
    finally:
        os.close(its)
        os.close(ours)
