# SPDX-License-Identifier: Apache-2.0
"""`--log-format json`: a line is JSON, whatever a client sends."""

import contextlib
import json
import os
import re
import socket
import subprocess

from client import Connection, fetch
from gateway import BIN, DEADLINE, Server, free_port, http_server, mock, pipeline, wait_until


def test_the_access_log_is_json(tmp_path, port):
    server = Server(tmp_path / "home", "--log-format", "json").start()
    own = free_port()
    server.apply(
        http_server(port, {"pathPrefix": "/", "backend": "p"}),
        http_server(own, {"pathPrefix": "/", "backend": "p"}, name="own", accessLogFormat="own {{URI}}"),
        pipeline("p", mock("x")),
    )
    with Connection(port) as connection:
        connection.send(b'GET /a"b%0a?c=\\"\xff\xc3 HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: "\xfe\\\r\n\r\n')
        status = connection.receive().status
    fetch(port, "/plain", Host="Shop.example:80")
    fetch(own, "/mine")
    wait_until(lambda: len(server.access_log()) == 3, "three lines are written")
    lines = server.access_log()
    assert "own /mine" in lines
    parsed = [json.loads(line) for line in lines if line != "own /mine"]
    plain = next(line for line in parsed if line["target"] == "/plain")
    assert plain["method"] == "GET" and plain["protocol"] == "HTTP/1.1" and plain["status"] == 200
    assert plain["pipeline"] == "p" and plain["filters"][0]["name"] == "mock"
    assert plain["filters"][0]["result"] == "mocked" and plain["durationUs"] >= plain["filters"][0]["durationUs"] >= 0
    assert plain["responseBytes"] > 0 and plain["tags"] == [] and plain["client"] == "127.0.0.1"
    assert "traceId" not in plain
    assert (plain["server"], plain["host"], plain["route"]) == ("http-server", "Shop.example:80", "/*")
    hostile = next(line for line in parsed if line is not plain)
    assert hostile["status"] == status and all(line.isascii() for line in lines)
    server.stop()


def test_a_line_of_json_has_the_labels_of_the_figures(tmp_path, port):
    """Filters and rules change what backends see, and not the host of the line."""
    server = Server(tmp_path / "home", "--log-format", "json").start()
    elsewhere = {"kind": "RequestAdaptor", "name": "elsewhere", "host": "inner.example"}
    server.apply(
        http_server(port, {"pathPrefix": "/api", "backend": "p"}, {"path": "/none", "backend": "gone"}, name="shop"),
        pipeline("p", elsewhere, mock("x")),
    )
    fetch(port, "/api/1", Host="a.example")
    fetch(port, "/none", Host="b.example")
    fetch(port, "/", Host="c\\.example")
    fetch(port, "/api/long", Host="d" * 300)
    wait_until(lambda: len(server.access_log()) == 4, "four lines are written")
    lines = [json.loads(line) for line in server.access_log()]
    assert {line["server"] for line in lines} == {"shop"}
    told = {line["target"]: (line["host"], line["route"], line["pipeline"]) for line in lines}
    assert told["/api/1"] == ("a.example", "/api*", "p")
    assert told["/none"] == ("b.example", "/none", "")
    assert told["/api/long"][0] == "d" * 261
    figures = server.request("GET", "/metrics")[2]
    for line in lines:
        labels = f'server="shop",route="{line["route"]}",pipeline='
        assert f"http_server_request_duration_seconds_count{{{labels}" in figures, line
    server.stop()


def test_the_process_log_is_json(tmp_path):
    server = Server(tmp_path / "home", "--log-format", "json").start()
    server.apply(pipeline("shop", mock("x")))
    log = server.home / "log" / "stdout.log"
    wait_until(lambda: "shop" in log.read_text(), "the object is in the log")
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert {line["level"] for line in lines} <= {"INFO", "WARN"}
    assert any("started" in line["message"] for line in lines)
    assert all(set(line) == {"time", "level", "message"} for line in lines)
    server.stop()


class LogDaemon:
    """The machine's log daemon, as a process meets it: a datagram socket in the file system."""

    def __init__(self, path):
        self.path, self.socket = path, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        self.socket.settimeout(DEADLINE)

    def line(self, wanted: bytes) -> bytes:
        """The next datagram that contains `wanted`."""
        while True:
            data = self.socket.recv(1 << 17)
            if wanted in data:
                return data

    def end(self) -> None:
        self.socket.close()
        self.path.unlink()


def start_on(daemon: LogDaemon, home, port: int, kind: str, *more: str) -> Server:
    server = Server(home, "--log-output", kind, "--log-socket", str(daemon.path), *more).start()
    server.apply(http_server(port, {"pathPrefix": "/", "backend": "p"}), pipeline("p", mock("x")))
    return server


def test_both_logs_go_to_syslog(tmp_path, port):
    daemon = LogDaemon(tmp_path / "log.sock")
    server = start_on(daemon, tmp_path / "home", port, "syslog")
    started = daemon.line(b"started")
    assert re.fullmatch(rb"<30>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d sluice-server\[\d+\]: [^\n]*", started), started
    fetch(port, "/one?two")
    line = daemon.line(b"/one?two")
    assert line.startswith(b"<30>") and b" sluice-access[" in line and b"\n" not in line
    answer = server.egctl("logs", check=False)
    assert answer.returncode != 0 and "the log goes to syslog" in answer.stderr
    assert server.access_log() == []
    server.stop()


def test_journald_gets_fields_and_json(tmp_path, port):
    daemon = LogDaemon(tmp_path / "log.sock")
    server = start_on(daemon, tmp_path / "home", port, "journald", "--log-format", "json")
    fetch(port, "/one")
    fields = dict(line.split(b"=", 1) for line in daemon.line(b'"target":"/one"').splitlines())
    assert set(fields) == {b"MESSAGE", b"PRIORITY", b"SYSLOG_IDENTIFIER"}
    assert fields[b"PRIORITY"] == b"6" and fields[b"SYSLOG_IDENTIFIER"] == b"sluice-access"
    assert json.loads(fields[b"MESSAGE"])["status"] == 200
    server.stop()


def test_a_daemon_that_is_away_costs_lines_and_no_request(tmp_path, port):
    daemon = LogDaemon(tmp_path / "log.sock")
    server = start_on(daemon, tmp_path / "home", port, "syslog")

    def dropped() -> int:
        text = server.request("GET", "/metrics")[2]
        return int(re.search(r"^sluice_access_log_dropped_lines_total (\d+)", text, re.MULTILINE)[1])

    fetch(port, "/before")
    daemon.line(b"/before")
    assert dropped() == 0
    daemon.end()
    assert fetch(port, "/away").status == 200
    wait_until(lambda: dropped() >= 1, "the line is counted as dropped")
    again = LogDaemon(tmp_path / "log.sock")
    wait_until(lambda: fetch(port, "/again").status == 200 and _is_there(again, b"/again"), "lines come again")
    server.stop()


def _is_there(daemon: LogDaemon, wanted: bytes) -> bool:
    daemon.socket.settimeout(0.5)
    try:
        return bool(daemon.line(wanted))
    except TimeoutError:
        return False


def test_an_absent_daemon_is_an_error_at_the_start(tmp_path):
    server = Server(tmp_path / "home", "--log-output", "syslog", "--log-socket", str(tmp_path / "none.sock"))
    server.start(wait=False)
    server.wait_end(expect=1)
    said = server.log()
    assert "log-output: syslog is not reached at" in said and "none.sock: No such file" in said, said


def test_a_pipe_that_nobody_reads_does_not_keep_a_stop_from_its_end(tmp_path, port):
    """The log of a container, whose reader hangs."""
    reader, writer = os.pipe()
    api = free_port()
    command = [BIN / "sluice-server", "--home-dir", tmp_path, "--log-dir", "", "--api-addr", f"127.0.0.1:{api}"]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=writer, stderr=writer)
    try:
        wait_until(lambda: answers(api), "the server answers")
        # A description of its own: that of the server goes on to block.
        filler = os.open(f"/proc/self/fd/{writer}", os.O_WRONLY | os.O_NONBLOCK)
        for piece in (b"x" * 4096, b"x"):
            with contextlib.suppress(BlockingIOError):
                while True:
                    os.write(filler, piece)
        os.close(filler)
        process.terminate()
        assert process.wait(DEADLINE) == 0
    finally:
        process.kill()
        os.close(writer)
        os.close(reader)


def answers(api: int) -> bool:
    try:
        with Connection(api) as connection:
            return connection.request("/healthz").status == 200
    except OSError:
        return False
