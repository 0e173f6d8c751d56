#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What a sale over several members costs, beside the embedded store in the same run.

One gateway with the embedded store lives through the whole run. For each number of members, etcd and the members are
started beside it, with one worker each, and every round measures each case on both, in turns:

  permits          distinct users and no limit, on all members: each answer waits for etcd
  paced            the same at 3,000 requests a second in all, Poisson times; latency from when a request was due
  sold out, owner  the limit of 10 is reached; all requests come to the owner
  sold out, other  all requests come to one member that does not own the sale
  sold out, paced  1,000 requests a second on each member
  permits, owner   as permits, but all requests come to the owner: what the other members spend is for following
  permits, other   all requests come to one member that does not own the sale
  fair             a sale with a limit, 1,000 requests a second on each member: the permits of each, by its requests
  fair, rush       the same at 30,000 requests a second in all, which is more than there can be
  fair, crowd      the same with as many connections on each member, which ask again once they have an answer
  idle             nobody asks: CPU a second and member, of the members and of etcd

CPU is that of the processes from /proc/<pid>/stat, by the part that they play. Latencies are the worst member's.

    bench/cluster.py [--members 1 3 9] [--etcd-members 1] [--rounds 3] [--seconds 2] [--connections 192] [--sealed]
                     [--only CASE...] [-o text|json] [--json FILE]
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
from pathlib import Path

from fleet import UNLIMITED, Crowd, Embedded, Fleet, Members, Paced, measure, measure_idle, resident_mib
from run import BIN, ROOT

PACED_RATE = 3000  # a second, over all members
SOLD_OUT_RATE = 1000  # a second and member
SOLD_OUT_CONNECTIONS = 64
FAIR_RATE = 1000  # a second and member
RUSH_RATE = 30_000  # a second, over all members
LIMIT = 10
USERS_APART = 10_000_000
METRICS_SHOWN = ("syncs", "sent_bytes", "received_bytes", "peer_bytes", "proposals", "database_bytes")
RETURNING = 100_000  # people who ask a sale that is sold out, again and again

TARGETS = {
    "permits_1": 25_000,  # a second, at least
    "permits_3": 15_000,
    "paced_p50_ms": 5.0,  # at most
    "paced_p99_ms": 30.0,
    "sold_out_owner": 1.05,  # of the CPU of embedded
    "sold_out_other": 1.5,
    "sold_out_other_p99_ms": 3.0,
    "jain": 0.98,  # at least
}


class Cases:
    """What is measured, on any fleet."""

    def __init__(self, arguments):
        self.seconds, self.connections = arguments.seconds, arguments.connections
        self.limit = arguments.fair_limit
        self.fair = 0

    def each(self, fleet: Fleet):
        return range(len(fleet.gateways))

    def permits(self, fleet: Fleet, only: int | None = None) -> dict:
        members = list(self.each(fleet)) if only is None else [only]
        share = max(1, self.connections // len(members))
        # Numbers of users far apart: a load does not know how many it will ask.
        first = fleet.users(USERS_APART * len(members))
        options = ("--scatter", "-s", self.seconds, "--first")
        return measure(
            fleet,
            lambda: [
                Crowd(fleet, m, "permits", share, *options, first + i * USERS_APART) for i, m in enumerate(members)
            ],
        )

    def at_times(self, fleet: Fleet, sale: str, rate: float, *options, may_fail: bool = False) -> dict:
        """`rate` requests a second on each member, of distinct users."""
        first = fleet.users(USERS_APART * len(fleet.gateways))
        return measure(
            fleet,
            lambda: [
                Paced(fleet, m, sale, rate, self.seconds, "--prefix", "paced", "--first", first + m * USERS_APART, *options)
                for m in self.each(fleet)
            ],
            may_fail,
        )

    def paced(self, fleet: Fleet) -> dict:
        return self.at_times(fleet, "permits", PACED_RATE / len(fleet.gateways))

    def sold_out(self, fleet: Fleet, member: int, sale: str = "few") -> dict:
        options = ("--scatter", "--cycle", RETURNING, "-s", self.seconds)
        return measure(fleet, lambda: [Crowd(fleet, member, sale, SOLD_OUT_CONNECTIONS, *options)])

    def sold_out_paced(self, fleet: Fleet, sale: str = "few") -> dict:
        return measure(
            fleet, lambda: [Paced(fleet, m, sale, SOLD_OUT_RATE, self.seconds) for m in self.each(fleet)]
        )

    def fair_sale(self, fleet: Fleet, limit: int) -> str:
        self.fair += 1
        fleet.open({f"fair{self.fair}": limit})
        return f"fair{self.fair}"

    def fairness(self, fleet: Fleet, rate: float) -> dict:
        """Who gets the places, in proportion to the requests of each member."""
        limit = int(rate * len(fleet.gateways) * self.seconds / 3)
        measured = self.at_times(fleet, self.fair_sale(fleet, limit), rate, "--sockets", 4000, may_fail=True)
        return with_jain(measured, limit, lambda load: load["yes"] / (load["yes"] + load["no"] + load["bad"]))

    def fairness_of_crowds(self, fleet: Fleet) -> dict:
        name = self.fair_sale(fleet, self.limit)
        share = max(1, self.connections // len(fleet.gateways))
        options = ("--scatter", "-n", self.limit, "--first")
        measured = measure(
            fleet, lambda: [Crowd(fleet, m, name, share, *options, m * USERS_APART) for m in self.each(fleet)]
        )
        return with_jain(measured, self.limit, lambda load: load["yes"])

    def idle(self, fleet: Fleet) -> dict:
        return measure_idle(fleet, self.seconds)


def with_jain(measured: dict, limit: int, share) -> dict:
    if measured["permits"] > limit:
        sys.exit(f"{measured['permits']} permits, and the limit is {limit}")
    return {**measured, "jain": jain([share(load) for load in measured["loads"]])}


def jain(shares: list[float]) -> float:
    return sum(shares) ** 2 / (len(shares) * sum(share**2 for share in shares))


def table_of_cases(cases: Cases, fleet: Fleet, arguments) -> dict:
    """By name: how to measure it, and how to measure embedded beside it."""
    other = len(fleet.gateways) - 1
    table = {
        "permits": (cases.permits, cases.permits),
        "paced": (cases.paced, cases.paced),
        "sold out, owner": (lambda f: cases.sold_out(f, 0), lambda e: cases.sold_out(e, 0)),
        "sold out, other": (lambda f: cases.sold_out(f, other), lambda e: cases.sold_out(e, 0)),
        "sold out, paced": (cases.sold_out_paced, cases.sold_out_paced),
        "permits, owner": (lambda f: cases.permits(f, 0), None),
        "permits, other": (lambda f: cases.permits(f, other), None),
        "fair": (lambda f: cases.fairness(f, FAIR_RATE), None),
        "fair, rush": (lambda f: cases.fairness(f, RUSH_RATE / len(f.gateways)), None),
        "fair, crowd": (cases.fairness_of_crowds, None),
        "idle": (cases.idle, None),
    }
    if other == 0:
        for name in ("sold out, other", "permits, owner", "permits, other", "fair", "fair, rush", "fair, crowd"):
            del table[name]
    if arguments.sealed:
        table["sealed, owner"] = (lambda f: cases.sold_out(f, 0, "sealed"), lambda e: cases.sold_out(e, 0))
    if arguments.sealed and other > 0:
        table["sealed, other"] = (lambda f: cases.sold_out(f, other, "sealed"), lambda e: cases.sold_out(e, 0))
        table["sealed, paced"] = (lambda f: cases.sold_out_paced(f, "sealed"), cases.sold_out_paced)
    return {name: how for name, how in table.items() if not arguments.only or name in arguments.only}


def open_sales(fleet: Fleet, sealed: bool) -> None:
    fleet.open({"permits": UNLIMITED, "few": LIMIT})
    fleet.fill("few", LIMIT)
    if sealed:
        fleet.open({"sealed": LIMIT}, limit={"prefix": "id/", "max": LIMIT})
        measure(fleet, lambda: [Crowd(fleet, 0, "sealed", 1, "-n", 2 * LIMIT)])


def measure_fleet(fleet: Fleet, embedded: Fleet, cases: Cases, arguments) -> dict[str, list[tuple]]:
    """By case: pairs of what was measured on the fleet and on embedded, one after the other."""
    pairs: dict[str, list[tuple]] = {}
    table = table_of_cases(cases, fleet, arguments)
    for number in range(arguments.rounds + 1):  # the first is to get warm
        for name, (on_fleet, on_embedded) in table.items():
            if number == 0 and name.startswith(("fair", "idle")):
                continue
            order = [(fleet, on_fleet), (embedded, on_embedded)]
            measured = {f.name: how(f) for f, how in (order if number % 2 else order[::-1]) if how}
            if number > 0:
                pairs.setdefault(name, []).append((measured[fleet.name], measured.get(embedded.name)))
        print(f"{fleet.name}: round {number} of {arguments.rounds}", file=sys.stderr, flush=True)
    return pairs


def middle(rows: list[dict], pick) -> float:
    return statistics.median(pick(row) for row in rows)


def row_of(fleet: Fleet, name: str, pairs: list[tuple]) -> dict:
    rows = [row for row, _ in pairs]
    beside = [row for _, row in pairs if row]
    row = {
        "members": len(fleet.gateways),
        "case": name,
        "per_second": round(middle(rows, lambda r: r["per_second"])),
        "p50_ms": round(middle(rows, lambda r: r["p50_us"]) / 1000, 2),
        "p99_ms": round(middle(rows, lambda r: r["p99_us"]) / 1000, 2),
        "cpu_us": {part: round(middle(rows, lambda r: r["cpu_us"][part]), 2) for part in rows[0]["cpu_us"]},
    }
    if beside:
        row["embedded_per_second"] = round(middle(beside, lambda r: r["per_second"]))
        row["embedded_p99_ms"] = round(middle(beside, lambda r: r["p99_us"]) / 1000, 2)
        row["embedded_cpu_us"] = round(middle(beside, lambda r: r["cpu_us"]["owner"]), 2)
        part = "others" if name.endswith("other") else "owner"
        if name.startswith(("sold", "sealed")) and not name.endswith("paced"):
            row["asked_to_embedded"] = round(
                statistics.median(r["cpu_us"][part] / b["cpu_us"]["owner"] for r, b in pairs), 3
            )
    if name.startswith("fair"):
        row["jain"] = round(min(r["jain"] for r in rows), 4)
    if rows[0]["etcd"]:
        row["etcd_per_request"] = {
            key: round(middle(rows, lambda r: r["etcd"][key] / r["answers"]), 4) for key in METRICS_SHOWN
        }
        row["sync_ms"] = round(
            middle(rows, lambda r: 1000 * r["etcd"]["sync_seconds"] / max(1, r["etcd"]["syncs"])), 3
        )
    return row


def verdicts(rows: list[dict]) -> list[dict]:
    found = []

    def judge(row: dict, what: str, value: float, target: str, at_most: bool) -> None:
        limit = TARGETS[target]
        met = value <= limit if at_most else value >= limit
        found.append({"what": what, "members": row["members"], "value": value, "target": limit, "met": met})

    for row in rows:
        members, case = row["members"], row["case"]
        if case == "permits" and f"permits_{members}" in TARGETS:
            judge(row, "permits a second", row["per_second"], f"permits_{members}", False)
        if case == "paced" and members == 3:
            judge(row, "paced, p50 ms", row["p50_ms"], "paced_p50_ms", True)
            judge(row, "paced, p99 ms", row["p99_ms"], "paced_p99_ms", True)
        if case.endswith(", owner") and "asked_to_embedded" in row:
            judge(row, f"{case}: CPU / embedded", row["asked_to_embedded"], "sold_out_owner", True)
        if case.endswith(", other") and "asked_to_embedded" in row:
            judge(row, f"{case}: CPU of that member / embedded", row["asked_to_embedded"], "sold_out_other", True)
        if case == "sold out, paced" and members == 3:
            judge(row, "sold out, paced, p99 ms", row["p99_ms"], "sold_out_other_p99_ms", True)
        if case in ("fair", "fair, rush"):
            judge(row, f"{case}: Jain over members", row["jain"], "jain", False)
    return found


def print_text(result: dict) -> None:
    print(f"\n{'':9}{'':17}{'a second':>9}{'p50 ms':>8}{'p99 ms':>8}   CPU µs a request: {'owner':>6}{'others':>8}{'etcd':>8}{'load':>8}"
          f"{'embedded':>10}{'ratio':>7}")
    for row in result["rows"]:
        cpu = "".join(f"{row['cpu_us'][part]:8.1f}" if part in row["cpu_us"] else f"{'':8}" for part in ("owner", "others", "etcd", "load"))
        print(f"{row['members']:>2} {row['case']:23}{row['per_second']:9}{row['p50_ms']:8.2f}{row['p99_ms']:8.2f}{'':19}{cpu}"
              f"{row.get('embedded_cpu_us', ''):>10}{row.get('asked_to_embedded', ''):>7}")
    print("\nof etcd, a request:")
    for row in result["rows"]:
        if row["case"] in ("permits", "paced"):
            its = row["etcd_per_request"]
            print(f"{row['members']:>2} {row['case']:10} {its['syncs']:.3f} syncs of {row['sync_ms']} ms, "
                  f"{its['sent_bytes']:.0f} bytes to members, {its['received_bytes']:.0f} from them, {its['peer_bytes']:.0f} among etcd")
    print()
    for one in result["verdicts"]:
        sign = "<=" if one["what"].find("ms") > 0 or "CPU" in one["what"] else ">="
        print(f"{one['members']} members, {one['what']}: {one['value']}, target {sign} {one['target']}: {'met' if one['met'] else 'MISSED'}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--members", type=int, nargs="+", default=[1, 3, 9])
    parser.add_argument("--etcd-members", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--connections", type=int, default=192, help="of all members together")
    parser.add_argument("--fair-limit", type=int, default=20_000)
    parser.add_argument("--sealed", action="store_true", help="also a sale with `limit`, which is sealed")
    parser.add_argument("--only", nargs="*", help="cases to measure")
    parser.add_argument("--folder", type=Path, default=BIN.parent, help="whose file system holds the data")
    parser.add_argument("-o", "--output", choices=["text", "json"], default="text")
    parser.add_argument("--json", type=Path, default=ROOT / "build" / "cluster.json")
    arguments = parser.parse_args()
    load_before = os.getloadavg()
    rows, memory = [], {}
    with tempfile.TemporaryDirectory(prefix="cluster-", dir=arguments.folder) as name:
        folder = Path(name)
        embedded = Embedded(folder)
        try:
            open_sales(embedded, sealed=False)
            cases = Cases(arguments)
            for count in arguments.members:
                fleet = Members(folder / str(count), count, arguments.etcd_members)
                try:
                    open_sales(fleet, arguments.sealed)
                    measured = measure_fleet(fleet, embedded, cases, arguments)
                    memory[count] = [round(resident_mib(pid)) for pids in fleet.pids().values() for pid in pids]
                finally:
                    fleet.close()
                rows += [row_of(fleet, case, pairs) for case, pairs in measured.items()]
        finally:
            embedded.close()
    result = {
        "rows": rows,
        "verdicts": verdicts(rows),
        "etcd_members": arguments.etcd_members,
        "rounds": arguments.rounds,
        "seconds": arguments.seconds,
        "processors": os.cpu_count(),
        "resident_mib": memory,
        "load_average": [load_before, os.getloadavg()],
    }
    if arguments.output == "json":
        print(json.dumps(result, indent=2))
    else:
        print_text(result)
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    arguments.json.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
