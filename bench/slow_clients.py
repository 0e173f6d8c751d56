#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A normal client beside thousands of slow ones: its latency, and the server's memory.

    bench/slow_clients.py [--writers 5000] [--readers 1000] [--seconds 20]
"""

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "e2e"))

from client import Connection  # noqa: E402
from gateway import Server, free_port, http_server, mock, pipeline  # noqa: E402
from idle import peak_bytes, resident_bytes  # noqa: E402
from slow_crowd import SlowCrowd  # noqa: E402

PERIOD = 0.005  # between two requests of the normal client
P99_MAX = 0.020


def latencies(port: int, seconds: float) -> list[float]:
    taken = []
    with Connection(port) as connection:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            begin = time.monotonic()
            assert connection.request().status == 200
            taken.append(time.monotonic() - begin)
            time.sleep(PERIOD)
    return taken


def tell(what: str, taken: list[float]) -> float:
    p99 = statistics.quantiles(taken, n=100)[98]
    print(f"{what}: {len(taken)} requests, median {statistics.median(taken) * 1e3:.2f} ms, p99 {p99 * 1e3:.2f} ms")
    return p99


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--writers", type=int, default=5000, help="heads that never end")
    options.add_argument("--readers", type=int, default=1000, help="of a response of 8 MB")
    options.add_argument("--seconds", type=float, default=20)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder) / "home").start()
        port = free_port()
        server.apply(
            http_server(port, {"path": "/big", "backend": "big"}, {"backend": "p"}, maxConnections=50_000),
            pipeline("big", mock("x" * 8_000_000)),
            pipeline("p", mock("ok")),
        )
        tell("alone", latencies(port, given.seconds / 4))
        before = resident_bytes(server.pid)
        with SlowCrowd(port, given.writers, given.readers, "/big"):
            p99 = tell(f"beside {given.writers} slow writers and {given.readers} slow readers", latencies(port, given.seconds))
            open_now = server.status("http-server")["openConnections"]
            more = resident_bytes(server.pid) - before
        print(f"{open_now} connections, {more / 2**20:.0f} MiB more than before, peak {peak_bytes(server.pid) / 2**20:.0f} MiB")
        server.stop()
    return int(p99 > P99_MAX)


if __name__ == "__main__":
    sys.exit(main())
