#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What letting in costs: permits per second with a real disk, beside the sold-out path, whatever the number of keys.

One server with three sales, its data on the file system of the build folder. Every round measures all of
them in turn, so that a machine that speeds up or slows down does so for everybody:

  permits           distinct users and no limit: each answer waits until its permit is on disk
  sold out, 10      the limit is reached, with 10 keys
  sold out, many    the same with 1,000,000 keys

Then the flash-sale guest inside one thread, with the store and with one that does nothing (CPU of the thread).

    bench/permits.py [--rounds 7] [--seconds 2] [--connections 64 200 500] [--keys 1000000] [--json FILE]
"""

import argparse
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from run import BIN, ROOT, cpu_seconds, flash_sale_program, free_port, wait_for_port

PERMITS_TARGET = 30_000  # a second
OVERHEAD_TARGET = 0.5  # µs
GROWTH_TARGET = 5.0  # %
YES, NO = "buy\n", "sold out.\n"


def sale(name: str, port: int, code: Path, limit: int) -> str:
    return f"""
kind: HTTPServer
name: {name}-server
port: {port}
rules:
- paths:
  - pathPrefix: /
    backend: {name}
---
kind: Pipeline
name: {name}
filters:
- name: wasm
  kind: WasmHost
  maxConcurrency: 2
  code: {code}
  timeout: 10s
  parameters: {{startTime: "2021-08-08T00:00:00+00:00", blockRatio: "0", maxPermission: "{limit}"}}
- name: mock
  kind: Mock
  rules:
  - body: "buy\\n"
    code: 200
---
"""


class Shop:
    """The server under test, and the ports of its sales."""

    def __init__(self, folder: Path, keys: int):
        self.api = free_port()
        self.ports = {name: free_port() for name in ("permits", "few", "many")}
        log = open(folder / "server.log", "w")
        command = [BIN / "sluice-server", "--home-dir", folder, "--api-addr", f"127.0.0.1:{self.api}"]
        self.process = subprocess.Popen([*command, "--disable-access-log"], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_for_port(self.api, self.process)
        code = flash_sale_program()
        limits = {"permits": 2_000_000_000, "few": 10, "many": keys}
        self.egctl(["apply", "-f", "-"], "".join(sale(n, self.ports[n], code, limits[n]) for n in limits))
        for name in ("few", "many"):
            text = "".join(f'id/in{n}: "true"\n' for n in range(limits[name]))
            self.egctl(["wasm", "apply-data", name, "wasm"], text)
        self.next_user = 0

    def egctl(self, arguments: list[str], text: str = "") -> None:
        command = [BIN / "egctl", "--server", f"127.0.0.1:{self.api}", *arguments]
        done = subprocess.run(command, input=text, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"egctl {' '.join(arguments)}: {done.stderr}")

    def load(self, name: str, seconds: float, connections: int) -> dict:
        users = ["--scatter", "--first", str(self.next_user)] if name == "permits" else ["--scatter", "--cycle", "100000"]
        command = [BIN / "sluice_load", str(self.ports[name]), "--yes", YES, "--no", NO, *users]
        before = cpu_seconds([self.process.pid])
        done = subprocess.run(
            [*command, "-c", str(connections), "-s", str(seconds)], capture_output=True, text=True, check=True
        )
        used = cpu_seconds([self.process.pid]) - before
        report = json.loads(done.stdout)
        answers = report["yes"] + report["no"]
        wrong = report["yes"] if name != "permits" else report["no"]
        if wrong or report["others"] or report["failures"]:
            sys.exit(f"{name}: {report}")
        if name == "permits":
            self.next_user += answers
        return {"rate": report["answers_per_second"], "cpu_us": used / answers * 1e6, "us": report["yes_us"] or report["no_us"]}

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


def measure_sales(folder: Path, arguments) -> tuple[dict, list[float]]:
    shop = Shop(folder, arguments.keys)
    rows: dict[tuple[str, int], list[dict]] = {}
    syncs: list[float] = []
    try:
        cases = [(name, count) for count in arguments.connections for name in shop.ports]
        for name, count in cases:
            shop.load(name, 0.5, count)  # warm
        for number in range(arguments.rounds):
            print(f"round {number + 1} of {arguments.rounds}", flush=True)
            syncs += sync_us(folder)
            turn = number % len(cases)
            for case in cases[turn:] + cases[:turn]:
                rows.setdefault(case, []).append(shop.load(case[0], arguments.seconds, case[1]))
    finally:
        shop.stop()
    return rows, syncs


def sync_us(folder: Path, count: int = 50) -> list[float]:
    """What the disk takes for 16 KiB and an fdatasync, with nothing else of ours on it."""
    taken = []
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        file.write(bytes(1 << 20))
        os.fsync(file.fileno())
        for number in range(count):
            os.pwrite(file.fileno(), os.urandom(16384), number * 16384 % (1 << 20))
            begin = time.perf_counter()
            os.fdatasync(file.fileno())
            taken.append((time.perf_counter() - begin) * 1e6)
    return taken


def run_us(program: str, keys: int) -> float:
    """The least of its rounds: other work on the machine only adds."""
    done = subprocess.run([BIN / program, str(keys)], capture_output=True, text=True, check=True)
    return min(map(float, re.findall(r"^([\d.]+) us a run", done.stdout, re.MULTILINE)))


def measure_overhead(rounds: int, keys: int) -> dict:
    differences: dict[str, list[float]] = {"few": [], "many": []}
    empty = []
    for _ in range(rounds):
        nothing = run_us("wasm_host_bench_null", 10)
        empty.append(nothing)
        differences["few"].append(run_us("wasm_host_bench", 10) - nothing)
        differences["many"].append(run_us("wasm_host_bench", keys) - nothing)
    return {
        "null_store_us": statistics.median(empty),
        "overhead_us": statistics.median(differences["few"]),
        "overhead_many_keys_us": statistics.median(differences["many"]),
    }


def median_of(rows: list[dict], pick) -> float:
    return statistics.median(map(pick, rows))


def verdict(good: bool) -> str:
    return "met" if good else "MISSED"


def report(rows: dict, syncs: list[float], overhead: dict, arguments) -> dict:
    names = {"permits": "permits", "few": "sold out, 10 keys", "many": f"sold out, {arguments.keys:,} keys"}
    table = []
    for (name, count), measured in rows.items():
        table.append(
            {
                "name": names[name],
                "connections": count,
                "per_second": round(median_of(measured, lambda row: row["rate"])),
                "least_per_second": round(min(row["rate"] for row in measured)),
                "most_per_second": round(max(row["rate"] for row in measured)),
                "cpu_us": round(median_of(measured, lambda row: row["cpu_us"]), 2),
                "p50_us": round(median_of(measured, lambda row: row["us"]["p50"])),
                "p99_us": round(median_of(measured, lambda row: row["us"]["p99"])),
            }
        )
    print(f"\n{'':28}{'conns':>6}{'a second':>10}{'least':>9}{'most':>9}{'CPU µs':>8}{'p50 µs':>8}{'p99 µs':>8}")
    for row in table:
        print(
            f"{row['name']:28}{row['connections']:6}{row['per_second']:10}{row['least_per_second']:9}"
            f"{row['most_per_second']:9}{row['cpu_us']:8.2f}{row['p50_us']:8}{row['p99_us']:8}"
        )
    count = arguments.connections[-1]
    ratio = statistics.median(a["rate"] / b["rate"] for a, b in zip(rows[("permits", count)], rows[("few", count)]))
    # Pairs of one round, whatever the number of connections: the more of them, the less the noise.
    pairs = [pair for c in arguments.connections for pair in zip(rows[("few", c)], rows[("many", c)])]
    growth = statistics.median((b["cpu_us"] / a["cpu_us"] - 1) * 100 for a, b in pairs)
    best = max(row["per_second"] for row in table if row["name"] == "permits")
    disk = statistics.quantiles(syncs, n=100)
    print(f"\nthe disk alone, fdatasync of 16 KiB: p50 {disk[49]:.0f} µs, p99 {disk[98]:.0f} µs")
    print(f"permits a second: {best}, target >= {PERMITS_TARGET}: {verdict(best >= PERMITS_TARGET)}")
    print(f"permits / sold out, {count} connections: {ratio:.2f}")
    print(
        f"CPU per request, {arguments.keys:,} keys against 10: {growth:+.1f} %, target <= {GROWTH_TARGET:.0f} %: "
        + verdict(growth <= GROWTH_TARGET)
    )
    print(
        f"transaction over a store that does nothing: {overhead['overhead_us']:.2f} µs "
        f"({overhead['overhead_many_keys_us']:.2f} µs at {arguments.keys:,} keys; the run itself "
        f"{overhead['null_store_us']:.2f} µs), target <= {OVERHEAD_TARGET}: "
        + verdict(overhead["overhead_us"] <= OVERHEAD_TARGET)
    )
    return {"rows": table, "permits_to_sold_out": ratio, "growth_percent": growth, "fdatasync_us": {"p50": disk[49], "p99": disk[98]}, **overhead}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--connections", type=int, nargs="+", default=[64, 200, 500])
    parser.add_argument("--keys", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, default=BIN.parent, help="whose file system holds the data")
    parser.add_argument("--json", type=Path, default=ROOT / "build" / "permits.json")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="permits-", dir=arguments.folder) as name:
        rows, syncs = measure_sales(Path(name), arguments)
    overhead = measure_overhead(arguments.rounds, arguments.keys)
    result = report(rows, syncs, overhead, arguments)
    result |= {"rounds": arguments.rounds, "seconds": arguments.seconds, "load_average": os.getloadavg()}
    arguments.json.write_text(json.dumps(result, indent=2) + "\n")
    print(f"written to {arguments.json}")


if __name__ == "__main__":
    main()
