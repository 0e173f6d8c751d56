#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Makes docs/images/picture.png: the live picture of a gateway on which a sale runs.

It starts a server in a folder of its own, opens the page in Chromium (tests/e2e/browser.py), sells 5,000 permits to
visitors who come evenly, and takes the page when two thirds of them are sold.

    tools/picture_of_sale.py [SECONDS]      how long the visitors come; 60 by default
"""

import shutil
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "e2e"))

from browser import Page  # noqa: E402
from client import fetch  # noqa: E402
from gateway import Server, free_port, http_server, mock, pipeline, wait_until  # noqa: E402

PICTURE = ROOT / "docs" / "images" / "picture.png"
BYTES_MAX = 200_000
SIZE = (1280, 900)
PERMITS = 5000
SOLD = 2 * PERMITS // 3
LUCK = 0.8  # the part of the new users whom the program admits
VISITORS = 8


def sale() -> dict:
    program = (ROOT / "examples" / "scripts" / "javascript" / "step6.js").read_text()
    rule = {
        "name": "rule",
        "kind": "WasmHost",
        "code": "builtin:javascript",
        "script": program,
        "timeout": "5s",
        "limit": {"prefix": "id/", "max": PERMITS},
        "parameters": {"maxPermission": str(PERMITS), "blockRatio": str(round(1 - LUCK, 3))},
    }
    return pipeline("sale", rule, mock("You can buy the laptop for $1 now.\n", name="offer"))


class Crowd:
    """Visitors who come evenly, so that `SOLD` of them are admitted after `seconds`."""

    def __init__(self, port: int, seconds: float):
        self.port, self.pause = port, seconds * VISITORS * LUCK / SOLD
        self.stop = threading.Event()
        self.threads = [threading.Thread(target=self.come, args=(number,)) for number in range(VISITORS)]

    def come(self, number: int) -> None:
        user = 0
        due = time.monotonic()
        while not self.stop.is_set():
            user += 1
            fetch(self.port, "/flashsale", Authorization=f"user{number}-{user}")
            due = max(due + self.pause, time.monotonic() - 1)
            time.sleep(max(0.0, due - time.monotonic()))

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for thread in self.threads:
            thread.join()


def take(server: Server, made: Path, seconds: float) -> None:
    port = free_port()
    path = {"pathPrefix": "/flashsale", "backend": "sale"}
    # A machine that is busy with Chromium sheds nobody.
    server.apply(http_server(port, path, name="shop", overload={"target": "1h"}), sale())
    with Page(f"http://{server.api}/") as page:
        page.size(*SIZE)
        with Crowd(port, seconds):
            wait_until(lambda: server.status("sale")["filters"]["rule"]["keys"] >= SOLD, "two thirds are sold", seconds * 20)
            page.screenshot(str(made))


def main(seconds: float) -> None:
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "picture.png"
        server = Server(Path(folder) / "home").start()
        try:
            take(server, made, seconds)
        finally:
            server.stop()
        size = made.stat().st_size
        if size > BYTES_MAX:
            sys.exit(f"the picture has {size} bytes, more than {BYTES_MAX}")
        PICTURE.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(made, PICTURE)
    print(f"{PICTURE.relative_to(ROOT)}: {size} bytes")


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 60.0)
