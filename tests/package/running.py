# SPDX-License-Identifier: Apache-2.0
"""Servers that run in a root."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from debian import Root, wait_until

AS_SLUICE = ("setpriv", "--reuid=sluice", "--regid=sluice", "--clear-groups")
PAGE = """
kind: HTTPServer
name: shop
port: 8080
rules:
- paths:
  - path: /
    backend: page
---
kind: Pipeline
name: page
flow:
- filter: script
filters:
- name: script
  kind: WasmHost
  code: builtin:javascript
  script: export function run() { response.setBody("from a script"); return 1; }
"""


class Running:
    """A server in a root, in a network of its own. `egctl`: its path inside."""

    def __init__(self, root: Root, egctl: str, *command: str, user: tuple[str, ...] = ()):
        self.root, self.egctl_path, self.user = root, egctl, user
        self.process = root.start(*user, *command)

    def await_health(self) -> None:
        wait_until(lambda: self.egctl("health").returncode == 0 or self.process.poll() is not None, "the server answers")
        assert self.process.poll() is None, self.process.stdout.read()

    def server(self) -> int:
        """The number of the server, below `unshare`."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return int(wait_until(lambda: children.read_text().split(), "there is a process")[0])

    def inside(self, *command: str, text: str | None = None) -> subprocess.CompletedProcess:
        enter = ["nsenter", "--target", str(self.server()), "--net", "--pid", "--mount", "--root", "--", *self.user, *command]
        return subprocess.run(enter, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}, input=text, capture_output=True, text=True)

    def egctl(self, *arguments: str, text: str | None = None) -> subprocess.CompletedProcess:
        return self.inside(self.egctl_path, *arguments, text=text)

    def page(self) -> str:
        """What a visitor gets."""
        program = "import urllib.request; print(urllib.request.urlopen('http://127.0.0.1:8080/').read().decode())"
        enter = ["nsenter", "--target", str(self.server()), "--net", "--", sys.executable, "-c", program]
        return subprocess.run(enter, capture_output=True, text=True, check=True).stdout.strip()

    def serves(self) -> None:
        done = self.egctl("apply", "-f", "-", text=PAGE)
        assert done.returncode == 0, done.stdout + done.stderr
        assert self.page() == "from a script"

    def stop(self) -> None:
        os.kill(self.server(), signal.SIGTERM)
        try:
            said = self.process.communicate(timeout=60)[0]
        finally:
            self.process.kill()
        assert self.process.returncode == 0, said
        self.said = said
