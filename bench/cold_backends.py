#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A gateway that has just started gets many requests at once for an HTTP/2 backend that allows 100 streams a
connection: how many connections it opens, what fails, how long the slowest wait.

    bench/cold_backends.py [--requests 100000] [--clients 10] [--streams 100] [--rounds 3] [--tls]

SLUICE_BIN_DIR names the folder of other binaries to measure."""

import argparse
import collections
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "e2e"))

from certificates import self_signed  # noqa: E402
from gateway import BIN, Server, free_port, http_server, pipeline, proxy  # noqa: E402
from test_backend_h2 import Nghttpd  # noqa: E402

LIMIT = 100  # streams of a connection, as nginx, Go and Tomcat have it


def run(folder: Path, given: argparse.Namespace) -> dict:
    pair = self_signed(folder, "IP:127.0.0.1") if given.tls else None
    backend = Nghttpd(folder, f"--max-concurrent-streams={LIMIT}", "--workers=2", pair=pair)
    server = Server(folder / "home").start()
    port = free_port()
    url = f"{'https' if given.tls else 'http'}://127.0.0.1:{backend.port}"
    more = {"tls": {"rootCertBase64": pair.cert64}} if pair else {}
    pool = proxy(url, http2=True, outlierDetection={"consecutiveFailures": 0}, **more)
    server.apply(http_server(port, {"backend": "p"}), pipeline("p", pool))
    log = folder / "h2load.log"
    subprocess.run(
        ["h2load", "-n", str(given.requests), "-c", str(given.clients), "-m", str(given.streams),
         f"--log-file={log}", f"http://127.0.0.1:{port}/hello"],
        check=True, capture_output=True,
    )  # fmt: skip
    rows = [line.split("\t") for line in log.read_text().splitlines()]
    seconds = sorted(int(row[2]) / 1e6 for row in rows)
    statuses = collections.Counter(int(row[1]) for row in rows)
    servers = server.status("p")["filters"]["proxy"]["mainPool"]["servers"]
    server.stop()
    backend.close()
    return {
        "connections": servers[0]["connections"],
        "failed": given.requests - statuses[200],
        "p99": seconds[int(len(seconds) * 0.99)] if seconds else float("inf"),
        "slowest": seconds[-1] if seconds else float("inf"),
    }


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--requests", type=int, default=100_000)
    options.add_argument("--clients", type=int, default=10)
    options.add_argument("--streams", type=int, default=100, help="of each client, at a time")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--tls", action="store_true", help="to the backend")
    given = options.parse_args()
    print(f"{BIN}: {given.requests} requests, {given.clients * given.streams} at a time, {given.rounds} rounds")
    rounds = []
    for _ in range(given.rounds):
        with tempfile.TemporaryDirectory() as folder:
            rounds.append(run(Path(folder), given))
        print("  ", ", ".join(f"{key} {value:.3f}" if isinstance(value, float) else f"{key} {value}"
                              for key, value in rounds[-1].items()))  # fmt: skip
    middle = {key: statistics.median(each[key] for each in rounds) for key in rounds[0]}
    print(f"median: {middle['connections']:.0f} connections, {middle['failed']:.0f} failed, "
          f"p99 {middle['p99'] * 1e3:.0f} ms, slowest {middle['slowest'] * 1e3:.0f} ms")  # fmt: skip
    return int(middle["failed"] > 0)


if __name__ == "__main__":
    sys.exit(main())
