#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What visitors notice of administration: the latency of their requests while a million keys are applied, listed,
exported, imported and deleted, and the memory it takes. Then the start with a million keys. Several rounds: a median
of the longest requests tells what a command does to them, the longest of all also what else happened on the machine.

Two visitors come all the time, one request after the other: one to the sale whose data is administrated (sold out: its
runs only read), one to another sale, who is let in each time (each answer waits for the disk).

    bench/administration.py [--keys 1000000] [--json FILE]
"""

import argparse
import json
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path

from permits import NO, YES, Shop
from run import BIN, ROOT, free_port, wait_for_port

STALL_TARGET_MS = 10
START_TARGET_S = 3
# The administrator's machine and the visitors' are others: here egctl gets what time is left, and a visitor never waits
# for the processor, so that what is measured is the server's doing.
ADMINISTRATOR, VISITOR = ["chrt", "--idle", "0"], ["chrt", "--fifo", "1"]


def megabytes(pid: int, field: str) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) / 1024
    return 0


class Visitors:
    """Loads of one connection each, in short pieces until told to stop."""

    def __init__(self, shop: Shop):
        self.shop, self.reports, self.stopping = shop, {"sold out": [], "permits": []}, False
        self.threads = [
            threading.Thread(target=self.visit, args=("sold out", "few", ["--scatter", "--cycle", "100000"])),
            threading.Thread(target=self.visit, args=("permits", "permits", [])),
        ]

    def visit(self, row: str, sale: str, users: list[str]) -> None:
        while not self.stopping:
            first = ["--first", str(self.shop.next_user)] if sale == "permits" else []
            command = [*VISITOR, BIN / "sluice_load", str(self.shop.ports[sale]), "--yes", YES, "--no", NO, "-c", "1", "-s", "0.3"]
            done = subprocess.run([*command, *users, *first], capture_output=True, text=True, check=True)
            report = json.loads(done.stdout)
            if report["others"] or report["failures"]:
                sys.exit(f"{row}: {report}")
            if sale == "permits":
                self.shop.next_user += report["yes"]
            self.reports[row].append(report)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping = True
        for thread in self.threads:
            thread.join()

    def worst_ms(self, row: str, mark: str) -> float:
        figures = [each[kind][mark] for each in self.reports[row] for kind in ("yes_us", "no_us") if each[kind]]
        return max(figures) / 1000


def step(shop: Shop, name: str, arguments: list[str], stdin=None) -> dict:
    pid = shop.process.pid
    Path(f"/proc/{pid}/clear_refs").write_text("5")  # the peak begins anew
    command = [*ADMINISTRATOR, BIN / "egctl", "--server", f"127.0.0.1:{shop.api}", *arguments]
    with Visitors(shop) as visitors:
        begin = time.perf_counter()
        if name == "nothing":
            time.sleep(3)
        else:
            done = subprocess.run(command, stdin=stdin, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            if done.returncode != 0:
                sys.exit(f"egctl {' '.join(arguments)}: {done.stderr}")
        taken = time.perf_counter() - begin
        if name != "nothing":
            time.sleep(1)  # what is left to do behind it
    row = {"step": name, "seconds": taken, "rss_mb": megabytes(pid, "VmRSS"), "peak_mb": megabytes(pid, "VmHWM")}
    for who in visitors.reports:
        row |= {f"{who} {mark}": visitors.worst_ms(who, mark) for mark in ("p50", "p99", "max")}
    return row


def steps(keys: Path, export: Path) -> dict[str, list[str]]:
    data = ["few", "wasm"]
    return {
        "nothing": [],
        "apply-data": ["wasm", "apply-data", *data, "-f", str(keys)],
        "list-data": ["wasm", "list-data", *data],
        "count-data": ["wasm", "count-data", *data, "--prefix", "id/"],
        "apply-data, again": ["wasm", "apply-data", *data, "-f", str(keys)],
        "export-data": ["wasm", "export-data", *data, str(export)],
        "delete-data --prefix": ["wasm", "delete-data", *data, "--prefix", "id/user"],
        "import-data": ["wasm", "import-data", *data, str(export)],
    }


def summary(rows: list[dict]) -> dict:
    figures = {key: statistics.median(row[key] for row in rows) for key in rows[0] if key != "step"}
    worst = {f"{who} worst": max(row[f"{who} max"] for row in rows) for who in ("sold out", "permits")}
    return {"step": rows[0]["step"], **figures, **worst, "peak_mb": max(row["peak_mb"] for row in rows)}


def print_summary(row: dict) -> None:
    latency = "".join(f"{row[f'{who} {mark}']:8.2f}" for who in ("sold out", "permits") for mark in ("p99", "max", "worst"))
    print(f"{row['step']:22}{row['seconds']:8.2f}{latency}{row['rss_mb']:8.0f}{row['peak_mb']:8.0f}", flush=True)


def start_seconds(shop: Shop, folder: Path) -> float:
    """From exec to the first answer of the sale."""
    shop.stop()
    api = free_port()
    begin = time.perf_counter()
    process = subprocess.Popen(
        [BIN / "sluice-server", "--home-dir", folder, "--api-addr", f"127.0.0.1:{api}", "--disable-access-log"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    wait_for_port(shop.ports["few"], process)
    taken = time.perf_counter() - begin
    process.send_signal(signal.SIGTERM)
    process.wait()
    return taken


def progress(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keys", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", type=Path, default=BIN.parent, help="whose file system holds the data")
    parser.add_argument("--client", type=Path, default="/dev/shm", help="where egctl reads and writes its files")
    parser.add_argument("--json", type=Path, default=ROOT / "build" / "administration.json")
    arguments = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="administration-", dir=arguments.folder)))
        shop = Shop(folder, 10)
        # The client's files are elsewhere: its fsync of an export must not be taken for the server's.
        client = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="client-", dir=arguments.client)))
        keys, export = client / "keys.yaml", client / "export.jsonl"
        keys.write_text("".join(f'id/user{n}: "true"\n' for n in range(arguments.keys)))
        commands = steps(keys, export)
        rows: dict[str, list[dict]] = {name: [] for name in commands}
        for number in range(arguments.rounds):
            if number > 0:
                shop.egctl(["wasm", "delete-data", "few", "wasm", "--prefix", "id/user"])
            for name, command in commands.items():
                progress(f"round {number + 1} of {arguments.rounds}: {name}")
                rows[name].append(step(shop, name, command))
        progress("")
        print(f"{'':22}{'':8}{'sold out, ms':>24}{'permits, ms':>24}{'memory, MB':>16}")
        print(f"{'':22}{'seconds':>8}{'p99':>8}{'max':>8}{'worst':>8}{'p99':>8}{'max':>8}{'worst':>8}{'now':>8}{'peak':>8}")
        result = [summary(each) for each in rows.values()]
        for row in result:
            print_summary(row)
        start = start_seconds(shop, folder)
        longest = max(row[f"{who} max"] for row in result[1:] for who in ("sold out", "permits"))
        print(f"\nlongest request, median of {arguments.rounds} rounds: at most {longest:.1f} ms, target <= {STALL_TARGET_MS}")
        print(f"start with {arguments.keys:,} keys: {start:.2f} s, target <= {START_TARGET_S}")
        result = {"steps": result, "start_seconds": start}
    arguments.json.write_text(json.dumps(result, indent=2) + "\n")
    print(f"written to {arguments.json}")


if __name__ == "__main__":
    main()
