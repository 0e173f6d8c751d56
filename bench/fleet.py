# SPDX-License-Identifier: Apache-2.0
"""Gateways to measure: one with the embedded store, or members of a cluster with their etcd; and loads on them.

Not a program: cluster.py uses it."""

import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from run import BIN, ROOT, cpu_seconds, flash_sale_program

sys.path.insert(0, str(ROOT / "tests" / "e2e"))  # its cluster.py, not the one beside this file
from cluster import Cluster, owner_of  # noqa: E402
from gateway import Server, free_port, http_server, mock, pipeline, wait_until, wasm  # noqa: E402

YES, NO = "buy\n", "sold out.\n"
UNLIMITED = 2_000_000_000
OPTIONS = ("--workers", "1", "--disable-access-log")
METRICS = {
    "syncs": "etcd_disk_wal_fsync_duration_seconds_count",
    "sync_seconds": "etcd_disk_wal_fsync_duration_seconds_sum",
    "sent_bytes": "etcd_network_client_grpc_sent_bytes_total",
    "received_bytes": "etcd_network_client_grpc_received_bytes_total",
    "peer_bytes": "etcd_network_peer_sent_bytes_total",
    "proposals": "etcd_server_proposals_applied_total",
    "watchers": "etcd_debugging_mvcc_watcher_total",
    "database_bytes": "etcd_mvcc_db_total_size_in_bytes",
}


def resident_mib(pid: int) -> float:
    text = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s*(\d+)", text).group(1)) / 1024


class Fleet:
    """`gateways[0]` owns every sale."""

    def __init__(self, name: str, folder: Path):
        self.name, self.folder = name, folder
        self.port = free_port()
        self.gateways: list[Server] = []
        self.next_user = 0
        self.sales: list[str] = []

    def hosts(self) -> list[str]:
        return [getattr(gateway, "host", "127.0.0.1") for gateway in self.gateways]

    def pids(self) -> dict[str, list[int]]:
        """By the part that they play."""
        return {"owner": [self.gateways[0].pid], "others": [g.pid for g in self.gateways[1:]]}

    def metrics(self) -> dict[str, float]:
        return {}

    def open(self, limits: dict[str, int], timeout: str = "10s", **fields) -> None:
        """Puts sales under these names, each at the path of its name. `fields`: of the filter."""
        first = self.gateways[0]
        code = flash_sale_program()
        self.sales += limits
        for name, limit in limits.items():
            parameters = {"startTime": "2021-08-08T00:00:00", "blockRatio": "0", "maxPermission": str(limit)}
            guest = wasm(code, timeout=timeout, parameters=parameters, **fields)
            first.apply(pipeline(name, guest, mock(YES)))
        paths = [{"pathPrefix": f"/{name}", "backend": name} for name in self.sales]
        first.apply(http_server(self.port, *paths, overload={"target": "1h"}))

    def fill(self, name: str, count: int) -> None:
        text = "".join(f'id/in{n}: "true"\n' for n in range(count))
        self.gateways[0].egctl("wasm", "apply-data", name, "wasm", input=text)

    def users(self, count: int) -> int:
        """The first number of so many users who have not come yet."""
        self.next_user += count
        return self.next_user - count

    def close(self) -> None:
        for gateway in reversed(self.gateways):
            gateway.stop()


class Embedded(Fleet):
    def __init__(self, folder: Path):
        super().__init__("embedded", folder)
        self.gateways = [Server(folder / "embedded", *OPTIONS).start()]


class Members(Fleet):
    def __init__(self, folder: Path, count: int, etcd_members: int):
        super().__init__(f"{count} member{'s' if count > 1 else ''}", folder)
        self.cluster = Cluster(folder, etcd_members)
        self.cluster.etcd.data = self.cluster.etcd.folder  # on the disk, unlike in tests
        self.cluster.etcd.start().wait()
        self.gateways = [self.cluster.member(f"m{n}", *OPTIONS).start() for n in range(count)]

    def open(self, limits: dict[str, int], **more) -> None:
        super().open(limits, **more)
        first = self.gateways[0]
        for name in limits:
            for gateway in self.gateways:
                wait_until(lambda: gateway.own_status(name).get("state") == "running", "every member runs the sale")
            if owner_of(self.gateways, f"{name}/wasm") is not first:
                first.egctl("store", "move", f"{name}/wasm", first.name)

    def pids(self) -> dict[str, list[int]]:
        etcd = [process.pid for process in self.cluster.etcd.processes if process]
        return {**super().pids(), "etcd": etcd}

    def metrics(self) -> dict[str, float]:
        """Sums over all etcd; 0 for a metric that this etcd does not have."""
        total = dict.fromkeys(METRICS, 0.0)
        for endpoint in self.cluster.etcd.endpoints:
            with urllib.request.urlopen(f"http://{endpoint}/metrics", timeout=10) as answer:
                text = answer.read().decode()
            for key, name in METRICS.items():
                total[key] += sum(map(float, re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)$", text, re.MULTILINE)))
        return total

    def close(self) -> None:
        self.cluster.close()


class Load:
    """One process of a load tool at one member."""

    def __init__(self, program: str, fleet: Fleet, member: int, sale: str, *options):
        self.member = member
        command = [BIN / program, str(fleet.port), *map(str, options)]
        command += ["--host", fleet.hosts()[member], "--path", f"/{sale}", "--yes", YES, "--no", NO]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def join(self) -> dict:
        output = self.process.stdout.read()
        _, status, usage = os.wait4(self.process.pid, 0)
        self.process.returncode = os.waitstatus_to_exitcode(status)
        if self.process.returncode != 0:
            sys.exit(f"the load on member {self.member} fails")
        report = json.loads(output)
        return {**self.outcome(report), "member": self.member, "load_seconds": usage.ru_utime + usage.ru_stime}


class Crowd(Load):
    """Each connection waits for its answer before it asks again."""

    def __init__(self, fleet: Fleet, member: int, sale: str, connections: int, *options):
        super().__init__("sluice_load", fleet, member, sale, "-c", connections, *options)

    @staticmethod
    def outcome(report: dict) -> dict:
        us = report["yes_us"] or report["no_us"] or {"p50": None, "p99": None}
        bad = {**report["others"], **report["failures"]}
        return {
            "yes": report["yes"],
            "no": report["no"],
            "bad": sum(bad.values()),
            "p50_us": us["p50"],
            "p99_us": us["p99"],
            "seconds": report["seconds"],
        }


class Paced(Load):
    """So many requests a second at Poisson times. Latencies count from the time at which a request was due."""

    def __init__(self, fleet: Fleet, member: int, sale: str, rate: float, seconds: float, *options):
        sockets = () if "--sockets" in options else ("--sockets", 256)
        seed = ("--seed", member + 1)
        super().__init__("sluice_open_load", fleet, member, sale, f"{rate}:{seconds}", *sockets, *seed, *options)

    @staticmethod
    def outcome(report: dict) -> dict:
        counts = report["unknown"]["counts"]
        us = report["unknown"]["answered_us"] or {"p50": None, "p99": None}
        yes, no = counts.pop("yes", 0), counts.pop("no", 0)
        return {
            "yes": yes,
            "no": no,
            "bad": sum(counts.values()),
            "p50_us": us["p50"],
            "p99_us": us["p99"],
            "lag_p99_us": report["lag_us"]["p99"],
            "seconds": report["seconds_planned"],
        }


def cpu_by_part(pids: dict[str, list[int]]) -> dict[str, float]:
    return {part: cpu_seconds(its) for part, its in pids.items() if its}


def measure(fleet: Fleet, start, may_fail: bool = False) -> dict:
    """Starts loads by `start()`, waits for them. CPU is of each part, in µs a request."""
    os.sync()  # a sync of one file can wait for what others have written: the case before must not count here
    pids = fleet.pids()
    before, metrics = cpu_by_part(pids), fleet.metrics()
    loads = [load.join() for load in start()]
    after = cpu_by_part(pids)
    answers = sum(load["yes"] + load["no"] for load in loads)
    bad = sum(load["bad"] for load in loads)
    if (bad and not may_fail) or not answers:
        sys.exit(f"{fleet.name}: {bad} requests without yes or no: {loads}")
    used = {part: (after[part] - before[part]) / answers * 1e6 for part in before}
    used["load"] = sum(load["load_seconds"] for load in loads) / answers * 1e6
    return {
        "answers": answers,
        "bad": bad,
        "permits": sum(load["yes"] for load in loads),
        "per_second": answers / max(load["seconds"] for load in loads),
        "cpu_us": used,
        # A member that answers nobody in the time has no latency.
        "p50_us": max(load["p50_us"] or 0 for load in loads),
        "p99_us": max(load["p99_us"] or 0 for load in loads),
        "loads": loads,
        "etcd": {key: value - metrics[key] for key, value in fleet.metrics().items()},
    }


def measure_idle(fleet: Fleet, seconds: float) -> dict:
    """As measure() with a request a second and gateway, which nobody makes."""
    pids = fleet.pids()
    before, metrics = cpu_by_part(pids), fleet.metrics()
    time.sleep(seconds)
    after = cpu_by_part(pids)
    answers = seconds * len(fleet.gateways)
    return {
        "answers": answers,
        "permits": 0,
        "per_second": 0,
        "cpu_us": {part: (after[part] - before[part]) / answers * 1e6 for part in before},
        "p50_us": 0,
        "p99_us": 0,
        "loads": [],
        "etcd": {key: value - metrics[key] for key, value in fleet.metrics().items()},
    }
