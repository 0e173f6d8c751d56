#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""CPU per request of the server process, beside a bare responder, nginx, and nginx + Lua.

All contenders run at the same time and idle but for the one being measured; rounds go through all of
them in turn, so that a machine that speeds up or slows down does so for everybody. The load is
wrk -t1 -c64, keep-alive, the same bytes for each. CPU is utime + stime of all threads of the server's
processes over the round, requests are counted by wrk. Medians over the rounds.

    bench/run.py [--rounds 5] [--seconds 4] [--only NAME...] [--json FILE]
"""

import argparse
import json
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BENCH = Path(__file__).resolve().parent
ROOT = BENCH.parent
sys.path.append(str(ROOT / "tests" / "e2e"))
from gateway import free_port  # noqa: E402

BIN = Path(os.environ.get("SLUICE_BIN_DIR", ROOT / "build" / "bin"))
CPUCLOCK_SCHED = 2  # of a clock id that is made of a pid: all CPU that the process has used
TARGET = 1.3  # flash sale / nginx + Lua


def wait_for_port(port: int, process: subprocess.Popen) -> None:
    end = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > end:
                sys.exit(f"{process.args[0]} does not serve port {port}")
            time.sleep(0.05)


def family(pid: int) -> list[int]:
    """The process and its children, as nginx has them."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *map(int, children)]


def cpu_seconds(pids: list[int]) -> float:
    """By the CPU clocks of the processes: /proc/PID/stat has ticks of 10 ms, which is 1 % of a second."""
    return sum(time.clock_gettime_ns(~pid << 3 | CPUCLOCK_SCHED) for pid in pids) / 1e9


class Contender:
    def __init__(self, name: str, port: int, process: subprocess.Popen):
        self.name, self.port, self.process = name, port, process
        self.micros: list[float] = []
        self.rates: list[float] = []

    def wrk(self) -> list:
        """What wrk is given beside threads, connections and duration."""
        return ["-s", BENCH / "users.lua", f"http://127.0.0.1:{self.port}/flashsale"]

    # Of wrk's complaints, those that end the run.
    FAULTS = r"Socket errors:.*|Non-2xx or 3xx responses:.*"

    def measure(self, seconds: float, keep: bool) -> None:
        pids = family(self.process.pid)
        before = cpu_seconds(pids)
        command = ["wrk", "-t1", "-c64", f"-d{seconds}s", *self.wrk()]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        used = cpu_seconds(pids) - before
        if fault := re.search(self.FAULTS, done.stdout):
            sys.exit(f"{self.name}: {fault.group()}")
        requests = int(re.search(r"(\d+) requests in", done.stdout).group(1))
        if keep:
            self.micros.append(used / requests * 1e6)
            self.rates.append(float(re.search(r"Requests/sec:\s*([\d.]+)", done.stdout).group(1)))

    @property
    def median(self) -> float:
        return statistics.median(self.micros)

    def ratio_to(self, base: "Contender") -> float:
        """The median over the rounds: each compares neighbours in time."""
        return statistics.median(mine / its for mine, its in zip(self.micros, base.micros))


class Arena:
    """Starts the contenders; stops what it started."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.bin, self.label = BIN, "Sluice"  # of the next Sluice that is added
        self.processes: list[subprocess.Popen] = []
        self.contenders: list[Contender] = []

    def start(self, *command) -> subprocess.Popen:
        log = open(self.folder / f"{Path(command[0]).name}-{len(self.processes)}.log", "w")
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder)
        self.processes.append(process)
        return process

    def add(self, name: str, port: int, process: subprocess.Popen) -> None:
        wait_for_port(port, process)
        self.contenders.append(Contender(name, port, process))

    def add_responder(self) -> None:
        program = self.folder / "epoll_responder"
        subprocess.run(["g++", "-std=c++20", "-O2", "-pthread", "-o", program, BENCH / "epoll_responder.cc"], check=True)
        port = free_port()
        self.add("bare epoll responder", port, self.start(program, str(port), "2"))

    def add_nginx(self) -> None:
        mock, lua = free_port(), free_port()
        text = (BENCH / "nginx.conf.in").read_text()
        for name, value in (("@DIR@", self.folder), ("@MOCK@", mock), ("@LUA@", lua)):
            text = text.replace(name, str(value))
        configuration = self.folder / "nginx.conf"
        configuration.write_text(text)
        nginx = shutil.which("nginx") or "/usr/sbin/nginx"
        process = self.start(nginx, "-p", self.folder, "-c", configuration)
        self.add("nginx return 200", mock, process)
        self.add("nginx + Lua flash sale", lua, process)

    def start_sluice(self, home: str, *options: str, program: Path | None = None) -> tuple[int, subprocess.Popen]:
        """A server in a folder of its own; returns the port of its admin API."""
        folder, api = self.folder / home, free_port()
        folder.mkdir()
        command = [program or self.bin / "sluice-server", "--home-dir", folder, "--api-addr", f"127.0.0.1:{api}"]
        process = self.start(*command, "--log-dir", "log", *options)
        wait_for_port(api, process)
        return api, process

    def add_sluice(self, code: Path, access_log: bool) -> None:
        options = [] if access_log else ["--disable-access-log"]
        api, process = self.start_sluice(f"{self.label}-{access_log}", *options)
        mock, sale = free_port(), free_port()
        self.egctl(api, ["apply", "-f", "-"], objects(mock, sale, code))
        users = "".join(f'id/user{n}: "true"\n' for n in (1, 2, 3))
        self.egctl(api, ["wasm", "apply-data", "sale", "wasm"], users)
        if access_log:
            self.add(f"{self.label} flash sale, access log on", sale, process)
        else:
            self.add(f"{self.label} Mock", mock, process)
            self.add(f"{self.label} flash sale", sale, process)

    def egctl(self, api: int, arguments: list[str], text: str) -> None:
        command = [self.bin / "egctl", "--server", f"127.0.0.1:{api}", *arguments]
        done = subprocess.run(command, input=text, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"egctl {' '.join(arguments)}: {done.stderr}")

    def stop(self) -> None:
        for process in self.processes:
            process.send_signal(signal.SIGTERM)
        for process in self.processes:
            process.wait()


def objects(mock_port: int, sale_port: int, code: Path) -> str:
    """Both answer "sold out."; the sale has the cookbook's parameters."""
    return f"""
kind: HTTPServer
name: mock-server
port: {mock_port}
rules:
- paths:
  - pathPrefix: /flashsale
    backend: mock
---
kind: HTTPServer
name: sale-server
port: {sale_port}
rules:
- paths:
  - pathPrefix: /flashsale
    backend: sale
---
kind: Pipeline
name: mock
filters:
- name: mock
  kind: Mock
  rules:
  - body: "sold out.\\n"
    code: 200
---
kind: Pipeline
name: sale
flow:
- filter: wasm
- filter: mock
filters:
- name: wasm
  kind: WasmHost
  maxConcurrency: 2
  code: {code}
  timeout: 100ms
  parameters:
    startTime: "2021-08-08T00:00:00+00:00"
    blockRatio: "0.4"
    maxPermission: "3"
- name: mock
  kind: Mock
  rules:
  - body: "You can buy the laptop for $1 now.\\n"
    code: 200
"""


def flash_sale_program() -> Path:
    example = ROOT / "examples" / "flash-sale"
    program = example / "build" / "optimized.wasm"
    if not program.exists():
        for command in (["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"], ["npm", "run", "--silent", "asbuild"]):
            subprocess.run(command, cwd=example, stdin=subprocess.DEVNULL, check=True)
    return program


def report(contenders: list[Contender]) -> dict:
    reference = next((c for c in contenders if c.name == "nginx + Lua flash sale"), None)
    rows = []
    for contender in contenders:
        rows.append(
            {
                "name": contender.name,
                "cpu_us_per_request": round(contender.median, 2),
                "least": round(min(contender.micros), 2),
                "most": round(max(contender.micros), 2),
                "requests_per_second": round(statistics.median(contender.rates)),
                "ratio_to_nginx_lua": round(contender.median / reference.median, 2) if reference else None,
            }
        )
    print(f"\n{'':34}{'CPU µs/request':>15}{'least':>8}{'most':>8}{'requests/s':>12}{'/ nginx+Lua':>13}")
    for row in rows:
        print(
            f"{row['name']:34}{row['cpu_us_per_request']:15.2f}{row['least']:8.2f}{row['most']:8.2f}"
            f"{row['requests_per_second']:12}{row['ratio_to_nginx_lua'] or '':>13}"
        )
    sale = next((row for row in rows if row["name"] == "Sluice flash sale"), None)
    if sale and sale["ratio_to_nginx_lua"]:
        verdict = "met" if sale["ratio_to_nginx_lua"] <= TARGET else "MISSED"
        print(f"\nflash sale / nginx + Lua: {sale['ratio_to_nginx_lua']:.2f}, target <= {TARGET}: {verdict}")
    return {"rows": rows, "target": TARGET}


def measure_in_turns(contenders: list[Contender], rounds: int, seconds: float) -> None:
    """A warm-up, then rounds. Another one begins each, and every other goes backwards: a machine that becomes
    slower or faster does not favour the last or the first."""
    for contender in contenders:
        contender.measure(1, keep=False)
    for number in range(rounds):
        print(f"round {number + 1} of {rounds}", flush=True)
        turn = number % len(contenders)
        order = contenders[turn:] + contenders[:turn]
        for contender in reversed(order) if number % 2 else order:
            contender.measure(seconds, keep=True)


def compare(text: str, rounds: int, file: str, add_contenders, report) -> None:
    """The main function of a bench that compares servers of its own: add_contenders(arena), then rounds, then
    report(contenders), which returns what `file` gets."""
    parser = argparse.ArgumentParser(description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=rounds)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--json", type=Path, default=ROOT / "build" / file)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as name:
        os.chmod(name, 0o755)
        arena = Arena(Path(name))
        try:
            add_contenders(arena)
            measure_in_turns(arena.contenders, arguments.rounds, arguments.seconds)
            result = report(arena.contenders)
        finally:
            arena.stop()
    write_result(arguments.json, result | {"rounds": arguments.rounds, "processors": os.cpu_count()})


def write_result(path: Path, result: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(result, indent=2) + "\n")
    print(f"written to {path}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--only", nargs="*", choices=["responder", "nginx", "sluice"], help="contenders to run")
    parser.add_argument("--json", type=Path, default=ROOT / "build" / "bench.json")
    arguments = parser.parse_args()
    only = set(arguments.only or ["responder", "nginx", "sluice"])

    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as name:
        os.chmod(name, 0o755)  # nginx's workers may run as another user
        arena = Arena(Path(name))
        try:
            if "responder" in only:
                arena.add_responder()
            if "nginx" in only:
                arena.add_nginx()
            if "sluice" in only:
                program = flash_sale_program()
                arena.add_sluice(program, access_log=False)
                arena.add_sluice(program, access_log=True)
            measure_in_turns(arena.contenders, arguments.rounds, arguments.seconds)
            result = report(arena.contenders)
        finally:
            arena.stop()
    result |= {"rounds": arguments.rounds, "seconds": arguments.seconds, "processors": os.cpu_count()}
    write_result(arguments.json, result)


if __name__ == "__main__":
    main()
