#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""CPU per request of a reverse proxy: Sluice beside nginx and HAProxy, all in front of the same backend.

As bench/run.py: all contenders run at the same time and idle but for the one being measured, rounds go
through all of them in turn, CPU is utime + stime of all threads of the proxy's processes. The backend
(nginx, a fixed response) and the client (wrk -t1 -c64, keep-alive) do not count. Every proxy has as many
threads as the machine has processors, keeps its connections to the backend, and writes no access log.

    bench/proxy.py [--rounds 5] [--seconds 4] [--bytes 1024] [--json FILE]
"""

import argparse
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from run import ROOT, Arena, Contender, free_port, measure_in_turns, wait_for_port, write_result

TARGET = 1.2  # Sluice / nginx


def nginx_conf(folder: Path, name: str, body: str) -> str:
    return f"""
daemon off;
worker_processes auto;
pid {folder}/{name}.pid;
error_log {folder}/{name}.log error;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  keepalive_requests 1000000000;
  client_body_temp_path {folder}/{name}-body;
  proxy_temp_path {folder}/{name}-proxy;
  fastcgi_temp_path {folder}/{name}-fastcgi;
  uwsgi_temp_path {folder}/{name}-uwsgi;
  scgi_temp_path {folder}/{name}-scgi;
{body}
}}
"""


def haproxy_conf(frontends: str, backend: int) -> str:
    return f"""global
  maxconn 4096
  nbthread {os.cpu_count()}
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  http-reuse always
{frontends}
backend back
  server one 127.0.0.1:{backend}
"""


class ProxyContender(Contender):
    def wrk(self) -> list:
        return [f"http://127.0.0.1:{self.port}/"]


class ProxyArena(Arena):
    def add(self, name: str, port: int, process: subprocess.Popen) -> None:
        wait_for_port(port, process)
        self.contenders.append(ProxyContender(name, port, process))

    def start_nginx(self, name: str, body: str) -> subprocess.Popen:
        configuration = self.folder / f"{name}.conf"
        configuration.write_text(nginx_conf(self.folder, name, body))
        return self.start(shutil.which("nginx") or "/usr/sbin/nginx", "-p", self.folder, "-c", configuration)

    def start_backend(self, size: int) -> int:
        port = free_port()
        process = self.start_nginx("backend", f'  server {{ listen {port}; location / {{ return 200 "{"x" * size}"; }} }}')
        wait_for_port(port, process)
        return port

    def add_nginx_proxy(self, backend: int) -> None:
        port = free_port()
        process = self.start_nginx(
            "proxy",
            f"""  upstream backend {{ server 127.0.0.1:{backend}; keepalive 256; keepalive_requests 1000000000; }}
  server {{ listen {port}; location / {{
    proxy_pass http://backend; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host;
  }} }}""",
        )
        self.add("nginx proxy_pass", port, process)

    def start_haproxy(self, frontends: str, backend: int) -> subprocess.Popen:
        configuration = self.folder / "haproxy.cfg"
        configuration.write_text(haproxy_conf(frontends, backend))
        return self.start(shutil.which("haproxy") or "/usr/sbin/haproxy", "-f", configuration, "-db")

    def add_haproxy(self, backend: int) -> None:
        port = free_port()
        front = f"frontend front\n  bind 127.0.0.1:{port}\n  default_backend back"
        self.add("HAProxy", port, self.start_haproxy(front, backend))

    def add_sluice_proxy(self, backend: int) -> None:
        home = self.folder / self.label
        home.mkdir()
        api, port = free_port(), free_port()
        process = self.start(
            self.bin / "sluice-server", "--home-dir", home, "--api-addr", f"127.0.0.1:{api}", "--disable-access-log"
        )
        wait_for_port(api, process)
        self.egctl(
            api,
            ["apply", "-f", "-"],
            f"""
kind: HTTPServer
name: front
port: {port}
rules: [{{paths: [{{backend: back}}]}}]
---
kind: Pipeline
name: back
filters:
- name: proxy
  kind: Proxy
  pools: [{{servers: [{{url: "http://127.0.0.1:{backend}"}}]}}]
""",
        )
        self.add(f"{self.label} Proxy", port, process)


def report(contenders: list[Contender]) -> dict:
    nginx = next(c for c in contenders if c.name.startswith("nginx"))
    rows = [
        {
            "name": c.name,
            "cpu_us_per_request": round(c.median, 2),
            "least": round(min(c.micros), 2),
            "most": round(max(c.micros), 2),
            "requests_per_second": round(sorted(c.rates)[len(c.rates) // 2]),
            "ratio_to_nginx": round(c.median / nginx.median, 2),
        }
        for c in contenders
    ]
    print(f"\n{'':20}{'CPU µs/request':>15}{'least':>8}{'most':>8}{'requests/s':>12}{'/ nginx':>9}")
    for row in rows:
        print(
            f"{row['name']:20}{row['cpu_us_per_request']:15.2f}{row['least']:8.2f}{row['most']:8.2f}"
            f"{row['requests_per_second']:12}{row['ratio_to_nginx']:9.2f}"
        )
    sluice = next(row for row in rows if row["name"].startswith("Sluice"))
    verdict = "met" if sluice["ratio_to_nginx"] <= TARGET else "MISSED"
    print(f"\nSluice / nginx: {sluice['ratio_to_nginx']:.2f}, target <= {TARGET}: {verdict}")
    return {"rows": rows, "target": TARGET}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--bytes", type=int, default=1024, help="of the response's body")
    parser.add_argument("--json", type=Path, default=ROOT / "build" / "bench-proxy.json")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as name:
        os.chmod(name, 0o755)  # nginx's workers may run as another user
        arena = ProxyArena(Path(name))
        try:
            backend = arena.start_backend(arguments.bytes)
            arena.add_nginx_proxy(backend)
            arena.add_haproxy(backend)
            arena.add_sluice_proxy(backend)
            measure_in_turns(arena.contenders, arguments.rounds, arguments.seconds)
            result = report(arena.contenders)
        finally:
            arena.stop()
    result |= {"rounds": arguments.rounds, "seconds": arguments.seconds, "bytes": arguments.bytes}
    write_result(arguments.json, result)


if __name__ == "__main__":
    main()
