#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The proof of exactness, at length: crashes, then all combinations of sales, again and again.

    tests/e2e/soak.py [--crashes 200] [--runs 50] [--clusters 20] [--folder DIR]

A run is every limit x block ratio x number of VMs, on one server, with the program reloaded and the
spec updated all the time. A run of a cluster is every limit x block ratio, with the same users at
three members and with others, and programs that only create or only count. The first fault ends it;
its folder stays.
"""

import argparse
import shutil
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import cluster_exact
from cluster import Cluster, owner_of
from crash import CrashingSale
from exact import SALES, VMS_MAX, check_sale
from gateway import Server, free_port
from guests import compiled_guests


class Progress:
    """One line that counts; on a terminal it stays in its place."""

    def __init__(self, what: str, total: int):
        self.what, self.total, self.done, self.begin = what, total, 0, time.monotonic()
        self.shown = 0.0

    def step(self, note: str = "") -> None:
        self.done += 1
        now = time.monotonic()
        if not sys.stdout.isatty() and self.done < self.total and now - self.shown < 15:
            return
        self.shown = now
        seconds = now - self.begin
        left = seconds / self.done * (self.total - self.done)
        line = f"{self.what}: {self.done} of {self.total}, {seconds:.0f} s, {left:.0f} s left  {note}"
        end = "\n" if self.done == self.total or not sys.stdout.isatty() else "\r"
        print(f"{line:110}", end=end, flush=True)


@contextmanager
def running(home: Path):
    """A server that ends in order, or at least ends."""
    server = Server(home, "--disable-access-log").start()
    try:
        yield server
        server.stop()
    finally:
        if server.process is not None:
            server.kill()


def soak_crashes(count: int, code: Path, folder: Path) -> str:
    progress = Progress("kill -9", count)
    with running(folder / "home") as server:
        crashing = CrashingSale(server, free_port(), code, folder / "crowd")
        for number in range(count):
            crashing.crash(turmoil=number % 2 == 1)
            progress.step(f"{crashing.yes_told} told yes")
    return (
        f"{count} x kill -9 in {time.monotonic() - progress.begin:.0f} s "
        f"(restart {crashing.restart_seconds / count * 1000:.0f} ms): {crashing.yes_told} were told yes and "
        f"{crashing.no_told} no, sold out {crashing.sold_out} times; none forgotten, never more than the limit"
    )


def soak_sales(runs: int, code: Path, folder: Path) -> str:
    progress = Progress("sales", runs * len(SALES))
    let_in = answers = changes = 0
    for run in range(runs):
        port = free_port()
        with running(folder / f"run-{run}") as server:
            vms = run % VMS_MAX + 1  # ten runs are all combinations
            for limit, block_ratio in SALES:
                outcome = check_sale(server, port, code, folder / "crowd", limit, block_ratio, vms)
                server.egctl("wasm", "delete-data", "p", "wasm")
                let_in += limit
                answers += outcome.crowd.report["yes"] + outcome.crowd.report["no"]
                changes += outcome.changes
                progress.step(f"limit {limit}, block ratio {block_ratio}, {vms} VMs")
    return (
        f"{runs} runs of {len(SALES)} sales in {time.monotonic() - progress.begin:.0f} s: {answers} answers, "
        f"{changes} reloads and updates, {let_in} to be let in, exactly those were"
    )


def soak_clusters(runs: int, guests: Path, folder: Path) -> str:
    progress = Progress("sales of clusters", runs * (len(cluster_exact.SALES) + 1))
    for run in range(runs):
        cluster = Cluster(folder / f"run-{run}", 3)
        try:
            members, port = cluster.start(), free_port()
            for limit, block_ratio, same in cluster_exact.SALES:
                crowd = folder / f"run-{run}" / "crowd"
                cluster_exact.check_sale(members, port, guests, crowd, limit, block_ratio, same)
                owner_of(members).egctl("wasm", "delete-data", "p", "wasm")
                progress.step(f"limit {limit}, block ratio {block_ratio}, {'the same' if same else 'other'} users")
            cluster_exact.check_mixed(members, port, guests)
            progress.step("programs that only create or only count")
        finally:
            cluster.close()
    return (
        f"{runs} runs of {len(cluster_exact.SALES) + 1} sales on three members in "
        f"{time.monotonic() - progress.begin:.0f} s: exactly the limit was let in, and on every member"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--crashes", type=int, default=200)
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--clusters", type=int, default=20)
    parser.add_argument("--folder", type=Path, help="default: a new one, removed if all is well")
    arguments = parser.parse_args()
    folder = arguments.folder or Path(tempfile.mkdtemp(prefix="sluice-soak-"))
    guests = compiled_guests()
    code = guests / "step6.wasm"
    summary = []
    try:
        if arguments.crashes:
            summary.append(soak_crashes(arguments.crashes, code, folder / "crashes"))
        if arguments.runs:
            summary.append(soak_sales(arguments.runs, code, folder / "sales"))
        if arguments.clusters:
            summary.append(soak_clusters(arguments.clusters, guests, folder / "clusters"))
    except AssertionError as fault:
        sys.exit(f"\nFAILED, see {folder}: {fault}")
    print("\n".join(summary))
    if not arguments.folder:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
