#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A sale that is asked for more than it can answer: what is answered, how fast, and who is lost.

The server has one worker and runs on the first processor, the load on the second. A request of the flash sale costs
the load about as much as the server, so the load could not ask for ten times as much as the server can answer: before
the sale a second rule computes for a few tenths of a millisecond (tests/guests/wat/work.wat). --without-work leaves
it out; then --share, which gives the server a part of its processor by a cgroup of its own, makes the load the greater.

First the capacity: what it answers a second of the same mix of requests with few sockets, which is all that it can.
Then, for each factor, a fresh sale is asked for a while at a tenth of the capacity, at the factor times the capacity,
and at a tenth again, at Poisson times that do not wait for answers. Latencies count from the time at which a request
was due.

    bench/overload.py [--seconds 20] [--factors 2 10] [--sockets 9000] [--new 0.1] [--without-work] [--share 1] [--server PROGRAM] [--json FILE]

  goodput     200 within a second, a second
  p99 known   of the answers to those whom the sale has let in (--known of the requests), p99 others: the others
  lost        told "in" and not in the store, or turned away when they came again: must be 0
  recovery    whole seconds from the end of the overload to the begin of the first second whose p99 is at most twice
              (and 5 ms more than) that of before, with every request answered 200; 0: the first of all
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from run import BIN, flash_sale_program, free_port, wait_for_port

from guests import compiled_guests  # of tests/e2e, whose path comes with run

YES, NO = "buy\n", "sold out.\n"
QUIET = 5  # seconds before the overload
AFTER = 10  # and after it
QUIET_SHARE = 0.1  # of the capacity
SATURATING_SOCKETS = 64


def sale(name: str, port: int, code: Path, limit: int, arguments) -> str:
    work = "" if arguments.without_work else f"- name: work\n  kind: WasmHost\n  code: {compiled_guests() / 'work.wasm'}\n"
    known = "" if arguments.without_known else '  known: {prefix: "id/", header: Authorization}\n'
    target = f"overload: {{target: {arguments.target}}}\n" if arguments.target else ""
    return f"""
kind: HTTPServer
name: {name}-server
port: {port}
{target}rules:
- paths:
  - pathPrefix: /
    backend: {name}
---
kind: Pipeline
name: {name}
filters:
{work}- name: wasm
  kind: WasmHost
  code: {code}
  parameters: {{startTime: "2021-08-08T00:00:00+00:00", blockRatio: "{arguments.block_ratio}", maxPermission: "{limit}"}}
{known}- name: mock
  kind: Mock
  rules:
  - body: "buy\\n"
    code: 200
---
"""


class Share:
    """A cgroup in which processes have a part of a processor: in short periods, so that they stand still shortly."""

    PERIOD_US = 10_000

    def __init__(self, part: float):
        quota = max(1000, int(part * self.PERIOD_US))
        first, second = Path("/sys/fs/cgroup/cpu"), Path("/sys/fs/cgroup")
        self.folder = (first if first.exists() else second) / f"sluice-bench-{os.getpid()}"
        self.folder.mkdir()
        if first.exists():
            (self.folder / "cpu.cfs_period_us").write_text(str(self.PERIOD_US))
            (self.folder / "cpu.cfs_quota_us").write_text(str(quota))
        else:
            (self.folder / "cpu.max").write_text(f"{quota} {self.PERIOD_US}")

    def take(self, pid: int) -> None:
        (self.folder / "cgroup.procs").write_text(str(pid))

    def remove(self) -> None:
        self.folder.rmdir()


class Memory(threading.Thread):
    """The greatest resident set of a process while this runs, in MiB."""

    def __init__(self, pid: int):
        super().__init__(daemon=True)
        self.pid, self.peak, self.over = pid, 0.0, threading.Event()
        self.start()

    def now(self) -> float:
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        return 0.0

    def run(self) -> None:
        while not self.over.wait(0.2):
            self.peak = max(self.peak, self.now())

    def stop(self) -> float:
        self.over.set()
        self.join()
        return self.peak


class Shop:
    def __init__(self, folder: Path, arguments):
        self.arguments, self.folder, self.api = arguments, folder, free_port()
        self.code = flash_sale_program()
        command = ["taskset", "-c", "0", arguments.server, "--home-dir", folder, "--api-addr", f"127.0.0.1:{self.api}"]
        log = open(folder / "server.log", "w")
        self.process = subprocess.Popen(
            [*command, "--workers", "1", "--disable-access-log"], stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
        wait_for_port(self.api, self.process)
        self.share = Share(arguments.share) if arguments.share < 1 else None
        if self.share:
            self.share.take(self.process.pid)

    def egctl(self, arguments: list[str], text: str = "") -> str:
        command = [BIN / "egctl", "--server", f"127.0.0.1:{self.api}", *arguments]
        done = subprocess.run(command, input=text, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"egctl {' '.join(arguments)}: {done.stderr}")
        return done.stdout

    def open(self, name: str, limit: int) -> int:
        port = free_port()
        self.egctl(["apply", "-f", "-"], sale(name, port, self.code, limit, self.arguments))
        return port

    def load(self, port: int, phases: list[str], sockets: int, *more) -> dict:
        mix = ["--new", str(self.arguments.new), "--known-share", str(self.arguments.known), "--come-again"]
        command = ["taskset", "-c", "1", BIN / "sluice_open_load", str(port), *phases, "--sockets", str(sockets)]
        names = ["--prefix", "", "--yes", YES, "--no", NO, "--sources", str(self.arguments.sources)]
        done = subprocess.run([*command, *mix, *names, *map(str, more)], capture_output=True, text=True, check=True)
        return json.loads(done.stdout)

    def capacity(self) -> float:
        """Few sockets: nothing is shed, nothing waits long, and the server is never idle."""
        port = self.open("capacity", self.arguments.limit)
        command = ["taskset", "-c", "1", BIN / "sluice_load", str(port), "--yes", YES, "--no", NO]
        kept = subprocess.run([*command, "-c", "64", "-s", "2"], capture_output=True, text=True, check=True)
        rate = json.loads(kept.stdout)["answers_per_second"]  # more than it can with new connections among them
        report = self.load(port, [f"{rate * 1.2:.0f}:4"], SATURATING_SOCKETS, "--patience", "2")
        seconds = report["seconds"][1:4]
        return sum(row["counts"].get("yes", 0) + row["counts"].get("no", 0) for row in seconds) / len(seconds)

    def keys(self, name: str) -> set[str]:
        found: set[str] = set()
        text = self.egctl(["wasm", "list-data", name, "wasm"])
        for line in text.splitlines():
            if line.startswith("id/"):
                found.add(line.partition(":")[0].removeprefix("id/"))
        return found

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()
        if self.share:
            self.share.remove()


def seconds_to_recover(rows: list[dict], end: int) -> int | None:
    before = max(row["p99_us"] or 0 for row in rows[1:QUIET])
    for number, row in enumerate(rows[end:]):
        fine = row["p99_us"] is not None and row["p99_us"] <= max(2 * before, before + 5000)
        if fine and set(row["counts"]) <= {"yes", "no"}:
            return number
    return None


def measure(shop: Shop, factor: float, capacity: float, arguments) -> dict:
    name = f"sale{str(factor).replace('.', '-')}"
    port = shop.open(name, arguments.limit)
    let_in = shop.folder / f"{name}-let-in"
    quiet = capacity * QUIET_SHARE
    phases = [f"{quiet:.0f}:{QUIET}", f"{factor * capacity:.0f}:{arguments.seconds}", f"{quiet:.0f}:{AFTER}"]
    memory = Memory(shop.process.pid)
    idle = memory.now()
    report = shop.load(port, phases, arguments.sockets, "--no-wait", "--let-in", let_in, "--patience", arguments.patience)
    peak = memory.stop()
    time.sleep(10)
    told = set(let_in.read_text().split())
    stored = shop.keys(name)
    again = subprocess.run(
        [BIN / "sluice_load", str(port), "--users", let_in, "--prefix", "", "--yes", YES, "--no", NO, "-c", "50"],
        capture_output=True,
        text=True,
        check=True,
    )
    came_again = json.loads(again.stdout)
    overload = report["seconds"][QUIET : QUIET + arguments.seconds]
    return {
        "factor": factor,
        "arrivals": sum(row["due"] for row in overload) / len(overload),
        "goodput": sum(row["good"] for row in overload) / len(overload),
        "p99_known_ms": (report["known"]["answered_us"] or {}).get("p99", 0) / 1000,
        "p99_others_ms": (report["unknown"]["answered_us"] or {}).get("p99", 0) / 1000,
        "p99_shed_ms": (report["unknown"]["shed_us"] or {}).get("p99", 0) / 1000,
        "known": report["known"]["counts"],
        "others": report["unknown"]["counts"],
        "rss_mib": {"before": idle, "peak": peak, "after 10 s": memory.now()},
        "told": len(told),
        "stored": len(stored),
        "lost": len(told - stored) + report["turned_away"] + len(told) - came_again["yes"],
        "recovery_s": seconds_to_recover(report["seconds"], QUIET + arguments.seconds),
        "load_late_p99_ms": report["lag_us"]["p99"] / 1000,
        "seconds": report["seconds"],
    }


def show(row: dict, capacity: float) -> None:
    print(f"\n{row['factor']:g} x capacity: {row['arrivals']:,.0f} requests a second")
    print(f"  goodput     {row['goodput']:,.0f} a second, {row['goodput'] / capacity:.0%} of the capacity")
    print(f"  p99         known {row['p99_known_ms']:.1f} ms, others {row['p99_others_ms']:.1f} ms, shed {row['p99_shed_ms']:.1f} ms")
    print(f"  known       {row['known']}\n  others      {row['others']}")
    print("  memory      " + ", ".join(f"{when} {size:.0f} MiB" for when, size in row["rss_mib"].items()))
    print(f"  permits     told {row['told']}, stored {row['stored']}, lost {row['lost']}")
    print(f"  recovery    {row['recovery_s']} s; the load itself was late by {row['load_late_p99_ms']:.1f} ms (p99)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", type=Path, default=BIN / "sluice-server")
    parser.add_argument("--seconds", type=int, default=20, help="of each overload")
    parser.add_argument("--factors", type=float, nargs="+", default=[2, 10])
    parser.add_argument("--share", type=float, default=1, help="of a processor, for the server; 1: all of it")
    parser.add_argument("--without-work", action="store_true", help="the flash sale alone")
    parser.add_argument("--sockets", type=int, default=9000)
    parser.add_argument("--sources", type=int, default=200, help="addresses of clients")
    parser.add_argument("--new", type=float, default=0.1, help="share of requests with a connection of their own")
    parser.add_argument("--known", type=float, default=0.05, help="share of requests by users who are in")
    parser.add_argument("--limit", type=int, default=10_000, help="permits")
    parser.add_argument("--block-ratio", type=float, default=0.4)
    parser.add_argument("--patience", type=float, default=5, help="seconds until a client gives up")
    parser.add_argument("--target", default="", help="overload.target of the HTTPServer")
    parser.add_argument("--without-known", action="store_true", help="for a server that has no such field")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    if os.cpu_count() < 2:
        sys.exit("needs two processors")
    with tempfile.TemporaryDirectory(dir=BIN.parent) as folder:
        shop = Shop(Path(folder), arguments)
        try:
            capacity = shop.capacity()
            print(f"server: one worker, {arguments.share:.0%} of processor 0; load: processor 1; capacity {capacity:,.0f} answers a second")
            rows = []
            for factor in arguments.factors:
                rows.append(measure(shop, factor, capacity, arguments))
                show(rows[-1], capacity)
        finally:
            shop.stop()
    if arguments.json:
        arguments.json.write_text(json.dumps({"capacity": capacity, "rows": rows}, indent=1))
    if any(row["lost"] for row in rows):
        sys.exit("permits were lost")


if __name__ == "__main__":
    main()
