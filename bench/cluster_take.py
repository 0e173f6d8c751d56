#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""How long shared data of many keys keeps its visitors waiting when its owner leaves, by the number of keys.

For each number of keys: one etcd and three members on this machine, the keys imported by a member that does not own
them. Meanwhile visitors come to all members, 50 a second to each; each visit writes. Then, one after the other:

  stopped    the owner gets SIGTERM
  restarted  the owner restarts hot
  killed     the owner gets SIGKILL
  cold       the owner gets SIGKILL while no other member runs; one starts, and must read all of it first

Each time: the longest time in which nobody was served, the longest visit, the visits that got 503, and how long the
member that has left needs until it has read all keys again. "quiet" is the same pace without a fault. The load of the
machine stands in the last column: on a busy machine, the figures say little.

    bench/cluster_take.py [--keys 1000 100000 ...] [--member-ttl 3s] [-o text|json] [--folder DIR]
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from fleet import resident_mib
from run import BIN, ROOT

sys.path.insert(0, str(ROOT / "tests" / "e2e"))  # its cluster.py, not the one beside this file
from cluster import Cluster, owner_of  # noqa: E402
from gateway import Orphan, free_port, http_server, pipeline, wait_until, wasm  # noqa: E402
from guests import compiled_guests  # noqa: E402
from shared_sale import wait_running  # noqa: E402
from visitors import Counting, Figures, owner_other_than  # noqa: E402

NS = "p/wasm"
LONG = 600.0  # of any wait; a bound
QUIET = 3.0  # seconds
IN_FLOW = 100  # visits after a fault
CASES = ("quiet", "stopped", "restarted", "killed")


class Take:
    """The members with so many keys."""

    def __init__(self, folder: Path, keys: int, member_ttl: str):
        self.keys = keys
        self.cluster = Cluster(folder)
        self.port = free_port()
        self.members = self.cluster.start(options=("--member-ttl", member_ttl, "--disable-access-log"))
        self.members[0].apply(
            http_server(self.port, {"backend": "p"}, overload={"target": "1h"}),
            pipeline("p", wasm(compiled_guests() / "probe.wasm", timeout="5s", concurrency=4)),
        )
        wait_running(self.members)

    def fill(self, folder: Path) -> float:
        data = folder / "data.yaml"
        with open(data, "w") as file:
            file.writelines(f"id/user{i:07}: '1'\n" for i in range(self.keys))
        owner = owner_of(self.members)
        by = next(member for member in self.members if member is not owner)
        began = time.monotonic()
        command = [BIN / "egctl", "--server", by.api, "wasm", "apply-data", "p", "wasm", "-f", data]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=LONG)
        data.unlink()
        return time.monotonic() - began

    def has_all(self, member) -> bool:
        """It answers what only reads by itself."""

        def handed_over() -> int:
            return member.own_status("p")["filters"]["wasm"]["handedOver"]

        key = f"id/user{self.keys - 1:07}"
        before = handed_over()
        answers = [member.ask(self.port, **{"X-Mode": "get", "X-Key": key}) for _ in range(3)]
        return all(a.status == 200 and a.text == "1" for a in answers) and handed_over() == before

    def wait_all(self) -> float:
        began = time.monotonic()
        owner = owner_of(self.members)
        for member in self.members:
            if member is not owner:
                wait_until(lambda member=member: self.has_all(member), f"{member.name} has the data", LONG)
        return time.monotonic() - began

    def leave(self, case: str, owner) -> None:
        if case == "stopped":
            owner.stop()
        elif case == "restarted":
            Orphan.expect_some()
            owner.hot_restart()
        elif case == "killed":
            owner.kill()

    def measure(self, case: str) -> dict:
        owner = owner_of(self.members)
        rest = [member for member in self.members if member is not owner]
        visitors = Counting(self.members if case in ("quiet", "restarted") else rest, self.port)
        visitors.wait_served()
        began = max(visit.end for visit in list(visitors.visits))
        if case == "quiet":
            visitors.wait_for(QUIET)
        self.leave(case, owner)
        if owner.process is None:
            owner_other_than(owner, rest)
        visitors.wait_served(count=IN_FLOW)
        figures = Figures.of([visit for visit in visitors.stop() if visit.end >= began], began)
        if owner.process is None:
            owner.start()
        return {**self.row(case, figures), "reads_all": round(self.wait_all(), 1)}

    def measure_cold(self) -> dict:
        """The first write after the start of a member that has nothing, on a namespace whose owner is dead."""
        owner, *others = sorted(self.members, key=lambda member: member is not owner_of(self.members))
        for member in others:
            member.stop()
        wait_until(lambda: owner.owners().get(NS) == owner.name, "the owner has it")
        owner.kill()
        began = time.monotonic()
        others[0].start()
        started = time.monotonic()
        wait_until(lambda: self.writes(others[0]), "it writes", LONG)
        row = {
            "case": "cold",
            "without": round(time.monotonic() - began, 2),
            "start": round(started - began, 2),
            "load": os.getloadavg()[0],
        }
        for member in (owner, *others[1:]):
            member.start()
        return row

    def writes(self, member) -> bool:
        return member.ask(self.port, **{"X-Mode": "add", "X-Key": "n"}).status == 200

    @staticmethod
    def row(case: str, figures: Figures) -> dict:
        return {
            "case": case,
            "without": round(figures.without, 2),
            "longest": round(figures.longest, 2),
            "refused": figures.unavailable,
            "unanswered": figures.unanswered,
            "visits": figures.visits,
            "load": os.getloadavg()[0],
        }

    def close(self) -> None:
        self.cluster.close()


def measure(keys: int, member_ttl: str, folder: Path, cases) -> dict:
    take = Take(folder, keys, member_ttl)
    try:
        result = {"keys": keys, "import": round(take.fill(folder), 1), "follow": round(take.wait_all(), 1), "rows": []}
        result["mib"] = [round(resident_mib(member.pid)) for member in take.members]
        for case in CASES:
            if case in cases:
                result["rows"].append(take.measure(case))
        if "cold" in cases:
            result["rows"].append(take.measure_cold())
        return result
    finally:
        take.close()


def show(result: dict) -> None:
    print(
        f"\n{result['keys']:,} keys: imported in {result['import']} s, followed {result['follow']} s later, "
        f"{max(result['mib'])} MiB a member"
    )
    print("| case | nobody served for | longest visit | 503 | no answer | visits | reads all again | load |")
    print("|---|---|---|---|---|---|---|---|")
    for row in result["rows"]:
        names = ("without", "longest", "refused", "unanswered", "visits", "reads_all", "load")
        cells = [str(row.get(name, "–")) for name in names]
        print(f"| {row['case']} | {' | '.join(cells)} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keys", type=int, nargs="+", default=[1000, 100_000, 300_000, 1_000_000])
    parser.add_argument("--cases", nargs="+", default=[*CASES, "cold"], choices=[*CASES, "cold"])
    parser.add_argument("--member-ttl", default="3s")
    parser.add_argument("--folder", type=Path, help="where the members have their files while this runs")
    parser.add_argument("-o", dest="output", choices=["text", "json"], default="text")
    arguments = parser.parse_args()
    results = []
    for keys in arguments.keys:
        with tempfile.TemporaryDirectory(prefix="cluster-take-", dir=arguments.folder) as folder:
            results.append(measure(keys, arguments.member_ttl, Path(folder), arguments.cases))
        if arguments.output == "text":
            show(results[-1])
    if arguments.output == "json":
        print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
