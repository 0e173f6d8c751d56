#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""TLS handshakes per CPU second of the server: Sluice beside nginx, with the same certificates.

Full and resumed handshakes (TLS 1.3, and TLS 1.2 for what older clients do), with an ECDSA P-256 and an
RSA 2048 certificate. The client is `openssl s_time`, one GET per connection; CPU is utime + stime of all
threads of the server's processes. Contenders take turns within a round, both run all the time.

    bench/tls.py [--rounds 3] [--seconds 3] [--json FILE]
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from proxy import ProxyArena
from run import ROOT, cpu_seconds, family, free_port, wait_for_port

KEYS = {"ECDSA P-256": ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"], "RSA 2048": ["rsa:2048"]}
VERSIONS = {"TLS 1.3": "-tls1_3", "TLS 1.2": "-tls1_2"}
MODES = {"full": "-new", "resumed": "-reuse"}


class Target:
    def __init__(self, name: str, process: subprocess.Popen, ports: dict[str, int]):
        self.name, self.process, self.ports = name, process, ports
        self.rates: dict[tuple[str, str, str], list[float]] = {}

    def measure(self, key: str, version: str, mode: str, seconds: int) -> None:
        """`openssl s_time` prints how many connections it has made."""
        pids = family(self.process.pid)
        before = cpu_seconds(pids)
        done = subprocess.run(
            ["openssl", "s_time", "-connect", f"127.0.0.1:{self.ports[key]}", VERSIONS[version], MODES[mode],
             "-www", "/", "-time", str(seconds)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        used = cpu_seconds(pids) - before
        count = re.findall(r"(\d+) connections in \d+ real seconds", done.stdout)
        if not count or used == 0:
            sys.exit(f"{self.name}, {key}, {version}, {mode}: {done.stdout}{done.stderr}")
        self.rates.setdefault((key, version, mode), []).append(int(count[-1]) / used)


def make_pairs(folder: Path) -> dict[str, tuple[Path, Path]]:
    pairs = {}
    for number, (name, key) in enumerate(KEYS.items()):
        pair = folder / f"{number}.crt", folder / f"{number}.key"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", *key, "-nodes", "-days", "2", "-subj", "/CN=localhost",
             "-keyout", pair[1], "-out", pair[0]], check=True, capture_output=True,
        )  # fmt: skip
        pairs[name] = pair
    return pairs


def start_nginx(arena: ProxyArena, pairs: dict) -> Target:
    ports = {name: free_port() for name in pairs}
    servers = "\n".join(
        f"""  server {{ listen {ports[name]} ssl; ssl_certificate {pair[0]}; ssl_certificate_key {pair[1]};
    ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers ECDHE+AESGCM:ECDHE+CHACHA20; ssl_ecdh_curve X25519:P-256:P-384;
    ssl_session_tickets on; ssl_session_cache off;
    location / {{ return 200 "hello"; }} }}"""
        for name, pair in pairs.items()
    )
    process = arena.start_nginx("tls", servers)
    for port in ports.values():
        wait_for_port(port, process)
    return Target("nginx", process, ports)


def indent(path: Path) -> str:
    return "".join(f"    {line}\n" for line in path.read_text().splitlines())


def start_sluice(arena: ProxyArena, pairs: dict) -> Target:
    home = arena.folder / "sluice"
    home.mkdir()
    api = free_port()
    process = arena.start(
        arena.bin / "sluice-server", "--home-dir", home, "--api-addr", f"127.0.0.1:{api}", "--disable-access-log"
    )
    wait_for_port(api, process)
    ports = {name: free_port() for name in pairs}
    servers = "".join(
        f"""---
kind: HTTPServer
name: server-{number}
port: {ports[name]}
https: true
certs:
  one: |
{indent(pair[0])}keys:
  one: |
{indent(pair[1])}rules: [{{paths: [{{backend: hello}}]}}]
"""
        for number, (name, pair) in enumerate(pairs.items())
    )
    pipeline = """---
kind: Pipeline
name: hello
filters: [{name: mock, kind: Mock, rules: [{code: 200, body: hello}]}]
"""
    arena.egctl(api, ["apply", "-f", "-"], pipeline + servers)
    for port in ports.values():
        wait_for_port(port, process)
    return Target("Sluice", process, ports)


def report(targets: list[Target]) -> dict:
    nginx, sluice = targets
    rows = []
    print(f"\n{'handshakes per CPU second':34}{'nginx':>10}{'Sluice':>10}{'Sluice / nginx':>16}")
    for case in nginx.rates:
        ours, theirs = statistics.median(sluice.rates[case]), statistics.median(nginx.rates[case])
        rows.append({"case": ", ".join(case), "nginx": round(theirs), "sluice": round(ours),
                     "ratio": round(ours / theirs, 2)})  # fmt: skip
        print(f"{rows[-1]['case']:34}{theirs:10.0f}{ours:10.0f}{ours / theirs:16.2f}")
    return {"rows": rows}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--json", type=Path, default=ROOT / "build" / "bench-tls.json")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as name:
        os.chmod(name, 0o755)
        arena = ProxyArena(Path(name))
        try:
            pairs = make_pairs(arena.folder)
            targets = [start_nginx(arena, pairs), start_sluice(arena, pairs)]
            for number in range(arguments.rounds):
                print(f"round {number + 1} of {arguments.rounds}", flush=True)
                for key in KEYS:
                    for version in VERSIONS:
                        for mode in MODES:
                            for target in targets if number % 2 == 0 else targets[::-1]:
                                target.measure(key, version, mode, arguments.seconds)
            result = report(targets)
        finally:
            arena.stop()
    result |= {"rounds": arguments.rounds, "seconds": arguments.seconds}
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    arguments.json.write_text(json.dumps(result, indent=2) + "\n")
    print(f"written to {arguments.json}")


if __name__ == "__main__":
    main()
