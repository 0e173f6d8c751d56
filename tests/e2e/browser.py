# SPDX-License-Identifier: Apache-2.0
"""Chromium with the live picture: one that looks at all pages, and one that does what a test says."""

import base64
import json
import shutil
import subprocess

import pytest
from gateway import DEADLINE, ROOT

FOLDER = ROOT / "tests" / "e2e" / "picture"


def program() -> str:
    browser = shutil.which("chromium")
    if browser is None or not (FOLDER / "node_modules" / "axe-core").exists():
        pytest.skip("no chromium, or no npm ci in tests/e2e/picture: tools/install.sh test and tools/test.sh see to both")
    return browser


def look(url: str, folder, pages, views, **more) -> dict:
    """What Chromium finds (picture/look.js). The screenshots stay in `folder`."""
    folder.mkdir(exist_ok=True)
    order = {"url": url, "chromium": program(), "folder": str(folder), "pages": pages, "views": views, **more}
    done = subprocess.run(
        ["node", "look.js"], cwd=FOLDER, input=json.dumps(order), capture_output=True, text=True, timeout=DEADLINE * 10
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


class Page:
    """A page that is open (picture/drive.js): page.click("#all"), page.until("document.title")."""

    def __init__(self, url: str, **more):
        self.process = subprocess.Popen(["node", "drive.js"], cwd=FOLDER, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._ask({"url": url, "chromium": program(), **more})

    def _ask(self, order: dict):
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline() or '{"error": "the browser has ended"}')
        assert "error" not in answer, answer["error"]
        return answer["value"]

    def __getattr__(self, deed: str):
        return lambda *arguments: self._ask({"do": deed, "with": arguments})

    def save(self, selector: str) -> tuple[str, bytes]:
        name, content = self.saved(selector)
        return name, base64.b64decode(content)

    def __enter__(self) -> "Page":
        return self

    def __exit__(self, *_) -> None:
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(DEADLINE)
