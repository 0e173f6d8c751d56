#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""CPU per request of a server with tracing, beside the same server without it.

The servers are ports of one process: none has no `tracing`, nor has the same again; the others sample no request,
1 %, and all.
Each has two kinds of request: one that a Mock answers, and one that a Proxy brings to a bare
responder. A collector on the same machine takes the spans and reads nothing of them. CPU is utime +
stime of the process over the round, so the export is part of it. Rounds go through all contenders in
turn. The load is wrk -t1 -c64, keep-alive. Medians of the ratios of neighbours in time.

    bench/tracing.py [--rounds 7] [--seconds 2] [--json FILE]
"""

import shutil
import subprocess

from proxy import nginx_conf
from run import Arena, Contender, compare, free_port, wait_for_port

TARGET = 1.02  # 1 % / none
# Those of the target are neighbours in time. The second one without tracing tells what a difference is worth.
RATES = {"none": None, "1 %": 0.01, "none again": None, "0 %": 0, "100 %": 1}
KINDS = ["mock", "proxy"]


def start_sink(arena: Arena) -> str:
    """A collector that costs little of the cores that the server uses."""
    port = free_port()
    body = f"  client_body_buffer_size 16m; client_max_body_size 0; server {{ listen {port}; location / {{ return 200; }} }}"
    configuration = arena.folder / "sink.conf"
    configuration.write_text(nginx_conf(arena.folder, "sink", body))
    process = arena.start(shutil.which("nginx") or "/usr/sbin/nginx", "-p", arena.folder, "-c", configuration)
    wait_for_port(port, process)
    return f"http://127.0.0.1:{port}"


def server(name: str, port: int, rate: float | None, sink: str) -> str:
    tracing = ""
    if rate is not None:
        tracing = f"tracing: {{serviceName: bench, sampleRate: {rate}, exporter: {{otlp: {{endpoint: '{sink}'}}}}}}\n"
    return (
        f"kind: HTTPServer\nname: {name}\nport: {port}\noverload: {{target: 1h}}\n{tracing}"
        "rules: [{paths: [{path: /mock, backend: mock}, {path: /proxy, backend: proxy}]}]\n---\n"
    )


def pipelines(backend: int) -> str:
    return (
        "kind: Pipeline\nname: mock\nfilters: [{name: mock, kind: Mock, rules: [{body: ok, code: 200}]}]\n---\n"
        "kind: Pipeline\nname: proxy\nfilters:\n"
        f"- {{name: proxy, kind: Proxy, pools: [{{servers: [{{url: 'http://127.0.0.1:{backend}'}}]}}]}}\n"
    )


class Asked(Contender):
    def __init__(self, kind: str, rate: str, port: int, process: subprocess.Popen):
        super().__init__(f"{kind}, {rate}", port, process)
        self.kind = kind

    def wrk(self) -> list:
        return [f"http://127.0.0.1:{self.port}/{self.kind}"]


def add_contenders(arena: Arena) -> None:
    sink = start_sink(arena)
    arena.add_responder()
    backend = arena.contenders.pop().port
    api, process = arena.start_sluice("sluice", "--disable-access-log")
    ports = {rate: free_port() for rate in RATES}
    servers = "".join(server(f"s{n}", port, RATES[rate], sink) for n, (rate, port) in enumerate(ports.items()))
    arena.egctl(api, ["apply", "-f", "-"], servers + pipelines(backend))
    for kind in KINDS:
        arena.contenders += [Asked(kind, rate, port, process) for rate, port in ports.items()]


def report(contenders: list[Contender]) -> dict:
    rows = []
    print(f"\n{'':16}{'CPU µs/request':>15}{'least':>8}{'most':>8}{'/ none':>9}")
    for each in contenders:
        base = next(c for c in contenders if c.name == f"{each.kind}, none")
        ratio = each.ratio_to(base)
        rows.append({"name": each.name, "cpu_us_per_request": round(each.median, 2), "ratio_to_none": round(ratio, 3)})
        print(f"{each.name:16}{each.median:15.2f}{min(each.micros):8.2f}{max(each.micros):8.2f}{ratio:9.3f}")
    most = max(row["ratio_to_none"] for row in rows if row["name"].endswith(" 1 %"))
    print(f"\n1 %: at most {most:.3f}, target <= {TARGET}: {'met' if most <= TARGET else 'MISSED'}")
    return {"rows": rows, "target": TARGET, "most": most}


if __name__ == "__main__":
    compare(__doc__, 7, "bench-tracing.json", add_contenders, report)
