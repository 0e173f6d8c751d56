#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What idle keep-alive connections cost the server process: resident memory for each, kernel memory apart.

The clients are processes of their own, for each has its limit of descriptors. Where that limit does not let
the server have so many either, each of its workers gets a table of descriptors of its own for the measurement
(own_descriptors.cc says how); the output says so. Nothing else of the server differs.

    bench/idle.py [--connections 50000] [--tls] [--http2] [--rest 40] [--json FILE]
"""

import argparse
import math
import multiprocessing
import os
import resource
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "e2e"))

from certificates import self_signed  # noqa: E402
from gateway import Server, free_port, http_server, mock, pipeline  # noqa: E402
from idle import IdleCrowd, resident_bytes  # noqa: E402
from run import BENCH, ROOT, write_result  # noqa: E402
from slow_clients import latencies  # noqa: E402

SPARE = 2000  # descriptors for everything but connections, and for what chance gives one worker more than others


def file_limit() -> int:
    return resource.getrlimit(resource.RLIMIT_NOFILE)[1]


def processes_for(connections: int) -> int:
    return math.ceil(connections / (file_limit() - SPARE))


class Crowds:
    """IdleCrowds of as many processes as it takes; each does what the others do."""

    def __init__(self, port: int, connections: int, tls: bool, http2: bool):
        count = processes_for(connections)
        self._pipes = []
        self._processes = []
        for number in range(count):
            ours, theirs = multiprocessing.Pipe()
            share = connections // count + (number < connections % count)
            arguments = (theirs, port, share, tls, http2, 1 + number)
            self._processes.append(multiprocessing.Process(target=run_crowd, args=arguments, daemon=True))
            self._processes[-1].start()
            self._pipes.append(ours)
        self._await_all()

    def _await_all(self) -> None:
        for pipe in self._pipes:
            assert pipe.recv() == "done"

    def ask_all(self) -> None:
        for pipe in self._pipes:
            pipe.send("ask")
        self._await_all()

    def close(self) -> None:
        for pipe, process in zip(self._pipes, self._processes):
            pipe.send("close")
            process.join()


def run_crowd(pipe, port: int, count: int, tls: bool, http2: bool, number: int) -> None:
    context = None
    if tls:
        context = ssl._create_unverified_context()
        context.set_alpn_protocols(["h2" if http2 else "http/1.1"])
    with IdleCrowd(port, count, context, http2, number) as crowd:
        pipe.send("done")
        while pipe.recv() == "ask":
            crowd.ask_all()
            pipe.send("done")


def kernel_bytes() -> int:
    """The objects of the whole machine's kernel: of sockets, of both ends of the connections."""
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("Slab:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("/proc/meminfo has no Slab")


def own_tables(folder: Path, port: int) -> dict[str, str]:
    """The environment that gives each worker a table of descriptors of its own."""
    library = folder / "own_descriptors.so"
    source = BENCH / "own_descriptors.cc"
    subprocess.run(["g++", "-std=c++20", "-O2", "-shared", "-fPIC", "-D_GNU_SOURCE", "-o", library, source], check=True)
    return {"LD_PRELOAD": str(library), "SLUICE_IDLE_PORT": str(port)}


def tell(name: str, value: float, unit: str, result: dict) -> None:
    print(f"{name.replace('_', ' ')}: {value:,.{2 if unit == 'ms' else 0}f} {unit}", flush=True)
    result[name] = round(value, 3)


def measure(given: argparse.Namespace, server: Server, port: int, fields: dict, result: dict) -> None:
    server.apply(http_server(port, {"backend": "p"}, **fields), pipeline("p", mock("ok")))
    normal_port = free_port()
    server.apply(http_server(normal_port, {"backend": "p"}, name="normal"))
    Crowds(port, 200, given.tls, given.http2).close()
    before, kernel_before = resident_bytes(server.pid), kernel_bytes()

    def each() -> float:
        return (resident_bytes(server.pid) - before) / given.connections

    crowds = Crowds(port, given.connections, given.tls, given.http2)
    crowds.ask_all()
    tell("at_once", each(), "bytes each", result)
    kernel = (kernel_bytes() - kernel_before) / given.connections
    tell("kernel_objects_of_both_ends", kernel, "bytes each", result)
    time.sleep(given.rest)
    tell("at_rest", each(), "bytes each", result)
    taken = latencies(normal_port, 5)
    tell("normal_client_p50", statistics.median(taken) * 1e3, "ms", result)
    tell("normal_client_p99", statistics.quantiles(taken, n=100)[98] * 1e3, "ms", result)
    crowds.ask_all()
    time.sleep(given.rest)
    tell("at_rest_after_another_request", each(), "bytes each", result)
    result["open"] = server.status("http-server")["openConnections"]
    assert result["open"] == given.connections, result
    crowds.close()
    time.sleep(given.rest)
    tell("after_closing", resident_bytes(server.pid) - before, "bytes in all", result)


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--connections", type=int, default=50_000)
    options.add_argument("--tls", action="store_true", help="over TLS 1.3")
    options.add_argument("--http2", action="store_true")
    options.add_argument("--limit", type=int, default=10 * 1024, help="bytes for each; more is a failure (0: none)")
    options.add_argument("--rest", type=float, default=40, help="seconds of silence before it is measured")
    options.add_argument("--json", type=Path, default=ROOT / "build" / "bench-idle.json")
    given = options.parse_args()
    result = {"connections": given.connections, "tls": given.tls, "http2": given.http2, "file_limit": file_limit()}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        port = free_port()
        workers = max(os.cpu_count() or 1, processes_for(given.connections))
        result |= {"workers": workers, "table_per_worker": given.connections + SPARE > file_limit()}
        environment = {}
        if result["table_per_worker"]:
            print(f"the limit of descriptors is {file_limit()}: each of the {workers} workers gets a table of its own")
            environment = own_tables(folder, port)
        server = Server(folder / "home", "--workers", str(workers))
        server.wrapper = ["env", *(f"{key}={value}" for key, value in environment.items())]
        server.start()
        fields = {"maxConnections": given.connections + 100, "keepAliveTimeout": "1h"}
        if given.tls:
            pair = self_signed(folder, "DNS:localhost")
            fields |= {"https": True, "certBase64": pair.cert64, "keyBase64": pair.key64}
        measure(given, server, port, fields, result)
        server.stop()
    write_result(given.json, result)
    worst = max(result["at_rest"], result["at_rest_after_another_request"])
    return int(given.limit > 0 and worst > given.limit)


if __name__ == "__main__":
    sys.exit(main())
