#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What strangers can make the server hold: its memory at the peak and 10 s after they have gone, its CPU while
thousands wait for a place, and the latency of a normal client beside each. --server measures another binary.

    bench/attacks.py [--server PATH] [--only NAME ...] [--json FILE]
    bench/attacks.py --only streams --connections 50000     every connection holds a stream open
"""

import argparse
import importlib.util
import json
import multiprocessing
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "e2e"))
sys.path.insert(0, str(ROOT / "tests" / "conformance"))

import frames as f  # noqa: E402
import hpack  # noqa: E402
from certificates import self_signed  # noqa: E402
from gateway import Server, free_port, http_server, mock, pipeline, proxy  # noqa: E402
from idle import Http2, IdleCrowd, peak_bytes, raise_file_limit, resident_bytes  # noqa: E402
from peer import Gone, Peer, fields  # noqa: E402
from run import cpu_seconds  # noqa: E402


MIB = 1 << 20
SECONDS = 8  # that an attack holds on


def descriptors(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


class NormalClient(multiprocessing.Process):
    """Asks every 5 ms in a process of its own; its latencies come by a pipe."""

    def __init__(self, port: int):
        self._ours, self._theirs = multiprocessing.Pipe()
        super().__init__(args=(port,), daemon=True)
        self._port = port
        self.start()

    def run(self) -> None:
        from client import Connection

        taken, failed = [], 0
        with Connection(self._port) as connection:
            while not self._theirs.poll():
                begin = time.monotonic()
                try:
                    assert connection.request().status == 200
                    taken.append(time.monotonic() - begin)
                except (AssertionError, OSError):
                    failed += 1
                time.sleep(0.005)
        self._theirs.send((taken, failed))

    def result(self) -> dict:
        self._ours.send("end")
        taken, failed = self._ours.recv()
        self.join()
        p99 = statistics.quantiles(taken, n=100)[98] if len(taken) > 1 else float("nan")
        return {"normal_p50_ms": round(statistics.median(taken) * 1e3, 2), "normal_p99_ms": round(p99 * 1e3, 2),
                "normal_failed": failed}  # fmt: skip


# --- the attacks; each runs in a process of its own until it is killed


def hold() -> None:
    time.sleep(3600)


def pump(peer: Peer, stream_count: int, size: int) -> None:
    """Bodies that lack their last byte, as fast as the windows allow, for as long as anybody listens."""
    window = {0: 65535}
    left = {}
    for n in range(stream_count):
        stream = 2 * n + 1
        peer.send(f.headers(stream, fields(("content-length", str(size)), method="POST"), f.END_HEADERS))
        window[stream] = peer.server_settings.get(f.INITIAL_WINDOW_SIZE, 65535)
        left[stream] = size - 1
    pending, peer.seen = peer.seen, []
    while any(left.values()):
        for stream in [stream for stream, rest in left.items() if rest > 0]:
            room = min(left[stream], 16000, window[stream], window[0])
            if room > 0:
                peer.send(f.data(stream, b"x" * room))
                left[stream] -= room
                window[stream] -= room
                window[0] -= room
        blocked = window[0] <= 0 or all(window[s] <= 0 for s, rest in left.items() if rest > 0)
        while pending or blocked:
            frame = pending.pop(0) if pending else peer.read()
            if frame.type == f.WINDOW_UPDATE:
                window[frame.stream] = window.get(frame.stream, 0) + int.from_bytes(frame.payload, "big")
                blocked = False
            elif frame.type in (f.HEADERS, f.RST_STREAM):
                left[frame.stream] = 0
                blocked = False


def uploads(port: int) -> None:
    peer = Peer(port)
    try:
        pump(peer, 100, 4_000_000)
    except Gone:
        pass
    hold()


def references(port: int) -> None:
    peers = []
    for _ in range(40):
        peer = Peer(port)
        peers.append(peer)
        entry = hpack.literal("x-large", "v" * 3900, first=0x40, bits=6)
        peer.send(f.headers(1, fields(method="POST") + entry, f.END_HEADERS))
        block = fields(method="POST") + hpack.indexed(62) * 15
        for n in range(1, 100):
            peer.send(f.headers(2 * n + 1, block, f.END_HEADERS))
    hold()


def window_0(port: int) -> None:
    peer = Peer(port, True, (f.INITIAL_WINDOW_SIZE, 0))
    for n in range(60):
        peer.request(2 * n + 1, path="/two")
    hold()


def key_updates(port: int, program: str) -> None:
    for _ in range(4):
        subprocess.Popen([program, str(port), str(SECONDS)], stdout=subprocess.DEVNULL)
    hold()


def wait_for_a_place(port: int, count: int, leavers: int, pipe) -> None:
    raise_file_limit()
    clients = []
    for number in range(count):
        clients.append(socket.create_connection(("127.0.0.1", port), 60, (f"127.9.{1 + number // 20000}.1", 0)))
    pipe.send("waiting")
    pipe.recv()
    for client in clients[:leavers]:
        client.close()
    pipe.send("left")
    hold()


# --- what is measured


class Site:
    def __init__(self, folder: Path, program: Path | None, backend: str, *options: str, wrapper: list[str] = ()):
        self.server = Server(folder, *options)
        if program is not None:
            self.server.program = program
        self.server.wrapper = list(wrapper)
        self.server.start()
        self.port, self.normal_port, self.tls_port = free_port(), free_port(), free_port()
        pair = self_signed(folder, "DNS:localhost")
        tls = {"https": True, "certBase64": pair.cert64, "keyBase64": pair.key64}
        paths = ({"path": "/two", "backend": "two"}, {"path": "/big", "backend": "big"}, {"backend": "p"})
        self.server.apply(
            pipeline("p", mock("hello")),
            pipeline("big", mock("x" * (8 * MIB))),
            pipeline("two", proxy(backend)),
            http_server(self.port, *paths),
            http_server(self.tls_port, *paths, name="secure", writeTimeout="10m", **tls),
            http_server(self.normal_port, {"backend": "p"}, name="normal"),
        )


def measure_memory(site: Site, attack, *arguments) -> dict:
    pid = site.server.pid
    normal = NormalClient(site.normal_port)
    time.sleep(1)
    before = resident_bytes(pid)
    Path(f"/proc/{pid}/clear_refs").write_text("5")  # the peak is from now on
    attacker = multiprocessing.Process(target=attack, args=arguments, daemon=True)
    attacker.start()
    time.sleep(SECONDS)
    result = {"peak_mib": round((peak_bytes(pid) - before) / MIB, 1)}
    attacker.kill()
    attacker.join()
    result |= normal.result()
    time.sleep(10)
    result["after_10s_mib"] = round((resident_bytes(pid) - before) / MIB, 1)
    return result


def measure_waiting(site: Site, count: int = 6000) -> dict:
    site.server.apply(http_server(site.port, {"backend": "p"}, maxConnections=10))
    pid = site.server.pid
    before = descriptors(pid)
    ours, theirs = multiprocessing.Pipe()
    attacker = multiprocessing.Process(
        target=wait_for_a_place, args=(site.port, count, count // 2, theirs), daemon=True
    )
    attacker.start()
    ours.recv()
    time.sleep(1)
    spent, began = cpu_seconds([pid]), time.monotonic()
    time.sleep(5)
    cpu = (cpu_seconds([pid]) - spent) / (time.monotonic() - began)
    result = {"waiting": count, "cpu_percent_of_a_core": round(100 * cpu, 2), "descriptors": descriptors(pid) - before}
    normal = NormalClient(site.normal_port)
    time.sleep(3)
    ours.send("leave")
    ours.recv()
    result |= normal.result()
    time.sleep(2)
    result["descriptors_after_half_have_left"] = descriptors(pid) - before
    attacker.kill()
    attacker.join()
    return result


# --- every connection holds a stream


def hold_streams(pipe, port: int, count: int, number: int) -> None:
    with IdleCrowd(port, count, None, True, number) as crowd:
        for peer in crowd._peers:
            peer.connection.sendall(Http2.frame(Http2.HEADERS, Http2.END_HEADERS, 1, Http2.head()))
        pipe.send("done")
        pipe.recv()


def measure_streams(folder: Path, program: Path | None, connections: int) -> dict:
    # bench/idle.py, which has the same name as tests/e2e/idle.py
    spec = importlib.util.spec_from_file_location("bench_idle", ROOT / "bench" / "idle.py")
    bench = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(ROOT / "bench"))
    spec.loader.exec_module(bench)
    port, normal_port = free_port(), free_port()
    count = bench.processes_for(connections)
    workers = max(os.cpu_count() or 1, count)
    environment = {}
    if connections + bench.SPARE > bench.file_limit():
        environment = bench.own_tables(folder, port)
    server = Server(folder / "home", "--workers", str(workers))
    if program is not None:
        server.program = program
    server.wrapper = ["env", *(f"{key}={value}" for key, value in environment.items())]
    server.start()
    limits = {"maxConnections": connections + 100, "keepAliveTimeout": "1h", "bodyTimeout": "1h"}
    server.apply(
        pipeline("p", mock("hello")),
        http_server(port, {"backend": "p"}, **limits),
        http_server(normal_port, {"backend": "p"}, name="normal"),
    )
    before = resident_bytes(server.pid)
    pipes = []
    for number in range(count):
        ours, theirs = multiprocessing.Pipe()
        share = connections // count + (number < connections % count)
        multiprocessing.Process(target=hold_streams, args=(theirs, port, share, 1 + number), daemon=True).start()
        pipes.append(ours)
    for pipe in pipes:
        assert pipe.recv() == "done"
    normal = NormalClient(normal_port)
    time.sleep(5)
    result = {
        "connections": server.status("http-server")["openConnections"],
        "bytes_each": round((resident_bytes(server.pid) - before) / connections),
        "refusals": {k: v for k, v in server.status("http-server").get("refusals", {}).items() if v},
    }
    result |= normal.result()
    for pipe in pipes:
        pipe.send("end")
    time.sleep(10)
    result["after_10s_mib"] = round((resident_bytes(server.pid) - before) / MIB, 1)
    server.stop()
    return result


NAMES = ("waiting", "uploads", "references", "window0", "keyupdates", "streams")


def measure(name: str, folder: Path, given: argparse.Namespace, backend: str) -> dict:
    if name == "streams":
        return measure_streams(folder, given.server, given.connections)
    site = Site(folder, given.server, backend)
    try:
        if name == "waiting":
            return measure_waiting(site)
        if name == "keyupdates":
            program = folder / "key_updates"
            source = ROOT / "bench" / "key_updates.cc"
            subprocess.run(["g++", "-std=c++20", "-O2", "-o", program, source, "-lssl", "-lcrypto"], check=True)
            return measure_memory(site, key_updates, site.tls_port, str(program))
        attack = {"uploads": uploads, "references": references, "window0": window_0}[name]
        return measure_memory(site, attack, site.port)
    finally:
        site.server.stop()


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--server", type=Path, help="the sluice-server to measure (default: the one that was built)")
    options.add_argument("--only", nargs="*", choices=NAMES, default=list(NAMES[:-1]))
    options.add_argument("--connections", type=int, default=50_000, help="of streams")
    options.add_argument("--json", type=Path, default=ROOT / "build" / "bench-attacks.json")
    given = options.parse_args()
    if given.server is not None:
        given.server = given.server.resolve()
    result = {}
    body = b"x" * (2 * MIB)
    backend = subprocess.Popen([sys.executable, "-c", LARGE_BACKEND, str(len(body))], stdout=subprocess.PIPE, text=True)
    try:
        url = f"http://127.0.0.1:{backend.stdout.readline().strip()}"
        for name in given.only:
            with tempfile.TemporaryDirectory() as folder:
                result[name] = measure(name, Path(folder), given, url)
            print(f"{name}: " + ", ".join(f"{key} {value}" for key, value in result[name].items()), flush=True)
    finally:
        backend.kill()
    given.json.parent.mkdir(parents=True, exist_ok=True)
    given.json.write_text(json.dumps(result, indent=2) + "\n")
    return 0


# A backend whose every answer is as large as it is told.
LARGE_BACKEND = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    body = b"x" * int(sys.argv[1])
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        try:
            self.wfile.write(self.body)
        except OSError:
            self.close_connection = True
    def log_message(self, *_): pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
"""


if __name__ == "__main__":
    sys.exit(main())
