#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What the counts of a request cost: CPU per request of the server, beside the same program without them.

The other program is a copy of sluice-server in which the functions of UNCOUNTED return at once: those that count a
request for its server and its route when it has ended, and nothing else (there is no access log and no tracing here).
The counts of filters are inlined, and stay in both. Nobody scrapes. Each contender is a process with a Mock, and a
Proxy to a bare responder. CPU is utime + stime of the process over the round. Rounds go through all contenders in
turn. The load is wrk -t1 -c64, keep-alive. Medians of the ratios of neighbours in time.

    bench/metrics.py [--rounds 9] [--seconds 2] [--json FILE]
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from run import BIN, Arena, Contender, compare, free_port, wait_for_port

TARGET = 1.01  # counted / not counted
UNCOUNTED = ["sluice::server::ServedExchange::record("]
RETURN = b"\xc3" if os.uname().machine == "x86_64" else b"\xc0\x03\x5f\xd6"  # else: AArch64
KINDS = ["mock", "proxy"]


def address_of(program: Path, function: str) -> int:
    listed = subprocess.run(["nm", "-C", program], capture_output=True, text=True, check=True).stdout
    found = [line for line in listed.splitlines() if f" T {function}" in line]
    if len(found) != 1:
        sys.exit(f"{program} has {len(found)} functions {function}")
    return int(found[0].split()[0], 16)


def offset_of(program: Path, address: int) -> int:
    listed = subprocess.run(["readelf", "-lW", program], capture_output=True, text=True, check=True).stdout
    for row in listed.splitlines():
        words = row.split()
        if words[:1] == ["LOAD"]:
            offset, begin, size = int(words[1], 16), int(words[2], 16), int(words[4], 16)
            if begin <= address < begin + size:
                return address - begin + offset
    sys.exit(f"{program}: {address:#x} is in no segment")


def without_counts(folder: Path) -> Path:
    program = folder / "uncounted"
    shutil.copy(BIN / "sluice-server", program)
    with open(program, "r+b") as file:
        for function in UNCOUNTED:
            file.seek(offset_of(program, address_of(program, function)))
            file.write(RETURN)
    return program


class Asked(Contender):
    def __init__(self, kind: str, program: str, port: int, process: subprocess.Popen):
        super().__init__(f"{kind}, {program}", port, process)
        self.kind = kind

    def wrk(self) -> list:
        return [f"http://127.0.0.1:{self.port}/{self.kind}"]


def objects(port: int, backend: int) -> str:
    return f"""
kind: HTTPServer
name: shop
port: {port}
overload: {{target: 1h}}
rules: [{{paths: [{{path: /mock, backend: mock}}, {{path: /proxy, backend: proxy}}]}}]
---
kind: Pipeline
name: mock
filters: [{{name: mock, kind: Mock, rules: [{{body: ok, code: 200}}]}}]
---
kind: Pipeline
name: proxy
filters: [{{name: proxy, kind: Proxy, pools: [{{servers: [{{url: 'http://127.0.0.1:{backend}'}}]}}]}}]
"""


def add_contenders(arena: Arena) -> None:
    arena.add_responder()
    backend = arena.contenders.pop().port
    started = []
    for name, program in (("not counted", without_counts(arena.folder)), ("counted", arena.bin / "sluice-server")):
        api, process = arena.start_sluice(name.replace(" ", "-"), "--disable-access-log", program=program)
        port = free_port()
        arena.egctl(api, ["apply", "-f", "-"], objects(port, backend))
        wait_for_port(port, process)
        started.append((name, port, process))
    for kind in KINDS:
        arena.contenders += [Asked(kind, *one) for one in started]


def report(contenders: list[Contender]) -> dict:
    rows = []
    print(f"\n{'':22}{'CPU µs/request':>15}{'least':>8}{'most':>8}{'/ not counted':>15}")
    for each in contenders:
        base = next(c for c in contenders if c.name == f"{each.kind}, not counted")
        ratio = each.ratio_to(base)
        rows.append({"name": each.name, "cpu_us_per_request": round(each.median, 2), "ratio": round(ratio, 3)})
        print(f"{each.name:22}{each.median:15.2f}{min(each.micros):8.2f}{max(each.micros):8.2f}{ratio:15.3f}")
    most = max(row["ratio"] for row in rows)
    print(f"\ncounted: at most {most:.3f}, target <= {TARGET}: {'met' if most <= TARGET else 'MISSED'}")
    return {"rows": rows, "target": TARGET, "most": most}


if __name__ == "__main__":
    compare(__doc__, 9, "bench-metrics.json", add_contenders, report)
