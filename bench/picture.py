#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""CPU that open pages of the live picture cost the server, and whether figures make a request wait.

Two servers run: one has a single route, the other has 500 routes to 20 pipelines, each route with three
classes of status. A visitor asks every route of both once a second, so that all figures change all the
time.

  pages   CPU of the process over --seconds with --pages streams of events and with none, in turn. The
          median of the differences of neighbours in time, as a share of a core.
  stall   requests at a fixed rate, on times that do not wait for answers, to the server with one route,
          and to the one with 500 while its /metrics is scraped once a second. Percentiles of the rounds
          together.

    bench/picture.py [--rounds 7] [--seconds 10] [--pages 50] [--rate 1000] [--json FILE]
"""

import argparse
import json
import os
import selectors
import socket
import statistics
import subprocess
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

from run import BIN, ROOT, Arena, cpu_seconds, free_port, wait_for_port, write_result

from client import Connection, request  # of tests/e2e, whose path comes with run

TARGET = 0.02  # of a core, for 50 pages
STALL_TARGET_MS = 1
PIPELINES = 20
CODES = [200, 404, 500]


def objects(port: int, routes: int) -> str:
    pipelines = min(PIPELINES, routes)
    rules: list[dict] = [{"code": code, "match": {"headers": {"X-Code": {"exact": str(code)}}}} for code in CODES]
    rules.append({"code": 200, "body": "none"})  # for the load at a fixed rate, which sends no header
    paths = [{"path": f"/r{n}", "backend": f"p{n % pipelines}"} for n in range(routes)]
    all_objects = [{"kind": "HTTPServer", "name": "web", "port": port, "rules": [{"paths": paths}]}]
    for n in range(pipelines):
        all_objects.append({"kind": "Pipeline", "name": f"p{n}", "filters": [{"name": "mock", "kind": "Mock", "rules": rules}]})
    return "\n---\n".join(json.dumps(one) for one in all_objects)


class Gateway:
    def __init__(self, arena: Arena, routes: int):
        home = arena.folder / f"routes-{routes}"
        home.mkdir()
        self.routes, self.api, self.port = routes, free_port(), free_port()
        self.process = arena.start(
            *(BIN / "sluice-server", "--home-dir", home, "--api-addr", f"127.0.0.1:{self.api}", "--log-dir", "log"),
            "--disable-access-log",
        )
        wait_for_port(self.api, self.process)
        arena.egctl(self.api, ["apply", "-f", "-"], objects(self.port, routes))
        with Connection(self.port) as connection:
            for n in range(routes):
                for code in CODES:
                    connection.send(request(f"/r{n}", **{"X-Code": str(code)})).receive()

    def cpu(self) -> float:
        return cpu_seconds([self.process.pid])

    def scrape(self) -> float:
        begin = time.monotonic()
        urllib.request.urlopen(f"http://127.0.0.1:{self.api}/metrics").read()
        return time.monotonic() - begin


class Background:
    """Calls a function until the end of the block."""

    def __init__(self, work):
        self.stop = threading.Event()
        self.thread = threading.Thread(target=work, args=(self.stop,))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()


def visit(gateway: Gateway):
    """Each route once a second."""

    def work(stop: threading.Event) -> None:
        with Connection(gateway.port) as connection:
            due = time.monotonic()
            while not stop.is_set():
                for n in range(gateway.routes):
                    connection.send(request(f"/r{n}", **{"X-Code": "200"})).receive()
                    due += 1 / gateway.routes
                    time.sleep(max(0, due - time.monotonic()))

    return Background(work)


class Pages:
    """Streams of events, read to the end of the block."""

    def __init__(self, gateway: Gateway, count: int):
        self.bytes = 0
        self.selector = selectors.DefaultSelector()
        for _ in range(count):
            page = socket.create_connection(("127.0.0.1", gateway.api))
            page.sendall(b"GET /apis/v2/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
            self.selector.register(page, selectors.EVENT_READ)

    def read(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if not self.selector.get_map():
                time.sleep(left)
                return
            for key, _ in self.selector.select(left):
                piece = key.fileobj.recv(1 << 18)
                assert piece, "a stream has ended"
                self.bytes += len(piece)

    def close(self) -> None:
        for key in list(self.selector.get_map().values()):
            key.fileobj.close()
        self.selector.close()


def cost_of_pages(gateway: Gateway, arguments) -> dict:
    def measure(count: int) -> tuple[float, float]:
        pages = Pages(gateway, count)
        pages.read(2)  # the first event holds everything
        pages.bytes, before = 0, gateway.cpu()
        pages.read(arguments.seconds)
        used = (gateway.cpu() - before) / arguments.seconds
        sent = pages.bytes / max(1, count) / arguments.seconds
        pages.close()
        return used, sent

    with visit(gateway):
        rounds = [(measure(0)[0], *measure(arguments.pages)) for _ in range(arguments.rounds)]
    differences = [with_pages - none for none, with_pages, _ in rounds]
    return {
        "routes": gateway.routes,
        "cores_without": round(statistics.median(none for none, *_ in rounds), 4),
        "cores_for_pages": round(statistics.median(differences), 4),
        "least": round(min(differences), 4),
        "most": round(max(differences), 4),
        "bytes_per_page_and_second": round(statistics.median(sent for *_, sent in rounds)),
    }


def latencies(gateway: Gateway, arguments) -> dict:
    command = [BIN / "sluice_open_load", str(gateway.port), f"{arguments.rate}:{arguments.seconds}", "--path", "/r0"]
    command += ["--arrivals", "fixed", "--sockets", "16", "--yes", "none", "--no", "none"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)["unknown"]["answered_us"]


def stalls(few: Gateway, many: Gateway, arguments) -> dict:
    scrapes: list[float] = []

    def scrape_often(stop: threading.Event) -> None:
        while not stop.wait(1):
            scrapes.append(many.scrape())

    rows: dict[str, list[dict]] = {"one route": [], "500 routes, scraped": []}
    for _ in range(arguments.rounds):
        rows["one route"].append(latencies(few, arguments))
        with Background(scrape_often):
            rows["500 routes, scraped"].append(latencies(many, arguments))
    result = {"scrape_ms": round(statistics.median(scrapes) * 1e3, 1), "scrape_ms_most": round(max(scrapes) * 1e3, 1)}
    for name, rounds in rows.items():
        result[name] = {part: statistics.median(each[part] for each in rounds) for part in ("p50", "p99", "p999", "max")}
    return result


def report(pages: list[dict], stall: dict, count: int) -> None:
    print(f"\n{'routes':>8}{'cores, no page':>16}{f'{count} pages':>12}{'least':>9}{'most':>9}{'KiB/s each':>12}")
    for row in pages:
        print(
            f"{row['routes']:8}{row['cores_without']:16.2%}{row['cores_for_pages']:12.2%}{row['least']:9.2%}{row['most']:9.2%}"
            f"{row['bytes_per_page_and_second'] / 1024:12.1f}"
        )
    most = max(row["cores_for_pages"] for row in pages)
    print(f"{count} pages: at most {most:.2%} of a core, target <= {TARGET:.0%} for 50: {'met' if most <= TARGET else 'MISSED'}")
    print(f"\n{'latency, µs':24}{'p50':>8}{'p99':>8}{'p99.9':>8}{'longest':>9}   (medians of the rounds)")
    for name, row in stall.items():
        if isinstance(row, dict):
            print(f"{name:24}{row['p50']:8.0f}{row['p99']:8.0f}{row['p999']:8.0f}{row['max']:9.0f}")
    more = (stall["500 routes, scraped"]["p999"] - stall["one route"]["p999"]) / 1000
    print(f"a scrape takes {stall['scrape_ms']} ms, {stall['scrape_ms_most']} at most; p99.9 grows by {more:.2f} ms, target <= {STALL_TARGET_MS}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--pages", type=int, default=50)
    parser.add_argument("--rate", type=int, default=1000)
    parser.add_argument("--json", type=Path, default=ROOT / "build" / "bench-picture.json")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as name:
        os.chmod(name, 0o755)
        arena = Arena(Path(name))
        try:
            few, many = Gateway(arena, 1), Gateway(arena, 500)
            pages = [cost_of_pages(gateway, arguments) for gateway in (few, many)]
            stall = stalls(few, many, arguments)
        finally:
            arena.stop()
    report(pages, stall, arguments.pages)
    write_result(arguments.json, {"pages": pages, "stall": stall, "target": TARGET})


if __name__ == "__main__":
    main()
