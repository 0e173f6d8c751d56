#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""CPU per request of this build beside an older one, for every Sluice row of run.py and proxy.py.

Both run at the same time and idle but for the one being measured. A round measures a row of one and of
the other, one right after the other, in turns; the ratio is the median over the rounds of new / old.
As a process may be lucky with its addresses, all are started anew --restarts times.

    bench/beside.py OLD_BIN_DIR [--restarts 3] [--rounds 7] [--seconds 2] [--most 1.02] [--json FILE]

Exits with 1 if a row is slower than --most.
"""

import argparse
import os
import statistics
import sys
import tempfile
from pathlib import Path

from proxy import ProxyArena
from run import BIN, ROOT, Arena, flash_sale_program, write_result


class BothArena(ProxyArena):
    """Adds sales as run.py does and proxies as proxy.py does; each kind keeps its own load."""

    def add_all(self, label: str, folder: Path, backend: int) -> dict:
        self.bin, self.label = folder, label
        self.contenders = []
        self.add_sluice_proxy(backend)
        for access_log in (False, True):
            Arena.add_sluice(self, flash_sale_program(), access_log)
        return {contender.name.removeprefix(label).strip(): contender for contender in self.contenders}

    def add(self, name, port, process) -> None:
        if name.endswith("Proxy"):
            ProxyArena.add(self, name, port, process)
        else:
            Arena.add(self, name, port, process)


def measure(old_bin: Path, rounds: int, seconds: int, pairs: dict) -> None:
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as name:
        os.chmod(name, 0o755)  # nginx's workers may run as another user
        arena = BothArena(Path(name))
        try:
            backend = arena.start_backend(1024)
            old, new = arena.add_all("old", old_bin, backend), arena.add_all("new", BIN, backend)
            for row in old:
                for contender in (old[row], new[row]):
                    contender.measure(1, keep=False)
            for number in range(rounds):
                for row in old:
                    order = (old[row], new[row]) if number % 2 == 0 else (new[row], old[row])
                    for contender in order:
                        contender.measure(seconds, keep=True)
                    pairs.setdefault(row, []).append((old[row].micros[-1], new[row].micros[-1]))
                print(f"round {number + 1} of {rounds}", flush=True)
        finally:
            arena.stop()


def report(pairs: dict, most: float) -> list[dict]:
    rows = []
    print(f"\n{'CPU µs/request':34}{'old':>8}{'new':>8}{'least old':>11}{'least new':>11}{'new / old':>11}")
    for row, values in pairs.items():
        old, new = [o for o, _ in values], [n for _, n in values]
        ratio = statistics.median(n / o for o, n in values)
        rows.append({"row": row, "old": old, "new": new, "ratio": round(ratio, 3)})
        print(
            f"{row:34}{statistics.median(old):8.2f}{statistics.median(new):8.2f}{min(old):11.2f}{min(new):11.2f}{ratio:11.3f}"
            f"{'  SLOWER' if ratio > most else ''}"
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old", type=Path, metavar="OLD_BIN_DIR")
    parser.add_argument("--restarts", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--most", type=float, default=1.02)
    parser.add_argument("--json", type=Path, default=ROOT / "build" / "bench-beside.json")
    arguments = parser.parse_args()
    pairs: dict = {}
    for _ in range(arguments.restarts):
        measure(arguments.old.resolve(), arguments.rounds, arguments.seconds, pairs)
    rows = report(pairs, arguments.most)
    write_result(arguments.json, {"rows": rows, "most": arguments.most})
    if any(row["ratio"] > arguments.most for row in rows):
        sys.exit(1)


if __name__ == "__main__":
    main()
