# SPDX-License-Identifier: Apache-2.0
"""The connections of the admin API: callers that are half open, requests one after the other, and streams of events."""

import contextlib
import json
import os
import socket
import subprocess
import threading
from pathlib import Path

import pytest
import yaml

from certificates import Authority
from client import Connection, request
from gateway import BIN, DEADLINE, Server, documents, http_server, mock, pipeline, wait_until

CALLERS = 300
FOLLOW = "/apis/v2/logs?tail=0&follow=true"


def egctl(server: Server, *arguments: str, input: str = "", env: dict | None = None) -> str:
    done = subprocess.run(
        [BIN / "egctl", *arguments], input=input, capture_output=True, text=True, timeout=DEADLINE,
        env={**os.environ, "HOME": str(server.home), **(env or {})},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@contextlib.contextmanager
def callers(port: int, number: int, first_bytes: bytes):
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(Connection(port)).send(first_bytes) for _ in range(number)]


def threads(server: Server) -> int:
    return len(list(Path(f"/proc/{server.pid}/task").iterdir()))


@pytest.mark.parametrize(
    "first_bytes",
    [b"", b"GET /apis/v2/objects HTTP/1.1\r\nHost: ", request("/apis/v2/objects", "POST", b"name: ", Content_Length="99")],
    ids=["nothing", "half a head", "half a body"],
)
def test_half_open_callers_hold_up_nobody(server, first_bytes):
    server.apply(pipeline("p", mock("one")))
    before = threads(server)
    with callers(server.api_port, CALLERS, first_bytes):
        for number in range(5):
            server.apply(pipeline("p", mock(f"text {number}")))
            assert f"text {number}" in server.egctl("get", "pipeline", "p", "-o", "yaml").stdout
        assert server.request("GET", "/apis/v2/healthz")[0] == 200
        assert threads(server) < before + 20, "a caller costs a connection, and no thread"


def test_half_open_callers_have_a_limit_of_time(server):
    with callers(server.api_port, CALLERS, b"GET /apis/v2/objects HTTP/1.1\r\n") as half_open:
        for connection in half_open:
            assert connection.receive().status == 408


def test_more_callers_than_there_are_places(server):
    """The one that has been silent for longest makes room."""
    with callers(server.api_port, 700, b"") as silent:
        server.apply(pipeline("p", mock("one")))
        assert silent[0].is_closed()
        assert silent[-1].request("/apis/v2/objects").status == 200
        assert server.objects() == ["p"]


def test_stalled_handshakes_hold_up_nobody(tmp_path):
    authority = Authority(tmp_path / "ca")
    own = authority.issue("localhost", "DNS:localhost,IP:127.0.0.1")
    config = tmp_path / "config.yaml"
    config.write_text(yaml.safe_dump({"basic-auth": {"alice": "apple"}}))
    server = Server(tmp_path / "home", "--config-file", str(config), "--tls", "--cert-file", str(own.certificate),
                    "--key-file", str(own.key))  # fmt: skip
    server.start(wait=False)
    wait_until(lambda: "admin API on" in server.log(), "the server has started")
    flags = ("--server", f"https://{server.api}", "--ca-file", str(authority.certificate))
    alice = {"EGCTL_USER": "alice", "EGCTL_PASSWORD": "apple"}
    try:
        for first_bytes in (b"", b"\x16\x03\x01"):
            with callers(server.api_port, CALLERS, first_bytes):
                egctl(server, *flags, "apply", "-f", "-", input=documents(pipeline("p", mock("x"))), env=alice)
                assert "p" in egctl(server, *flags, "get", "pipeline", env=alice)
    finally:
        server.stop()


def test_requests_one_after_the_other(server):
    server.apply(pipeline("p", mock("one")))
    with Connection(server.api_port) as connection:
        for _ in range(3):
            assert json.loads(connection.request("/apis/v2/objects").text)[0]["name"] == "p"
        head = connection.request("/apis/v2/objects", "HEAD")
        assert head.status == 200 and int(head.headers["content-length"]) > 0
        assert connection.request("/apis/v2/nowhere", "PUT", b"x" * 100_000).status == 404
    with Connection(server.api_port) as pipelined:
        pipelined.send(b"".join(request(f"/apis/v2/{path}") for path in ("objects/p", "objects/q", "about")))
        assert [pipelined.receive().status for _ in range(3)] == [200, 404, 200]


def test_a_long_body_is_refused_before_it_is_sent(server):
    with Connection(server.api_port) as connection:
        connection.send(request("/apis/v2/objects", "POST", Content_Length=str(1 << 30), Expect="100-continue"))
        refused = connection.receive("POST")
        assert refused.status == 413 and "16 MiB" in refused.text


def test_large_answers_have_a_bound(server, port):
    """Clients that read slowly hold no more memory than it says; small answers go on."""
    paths = [{"path": f"/{'r' * 200}{n}", "backend": "p"} for n in range(2000)]
    server.apply(http_server(port, *paths), pipeline("p", mock("one")))
    with contextlib.ExitStack() as stack:
        slow = []

        def refused() -> bool:
            slow.append(stack.enter_context(Connection(server.api_port)).send(request("/apis/v2/objects")))
            with Connection(server.api_port) as other:
                return other.request("/apis/v2/objects").status == 503

        wait_until(refused, "a further large answer is refused")
        assert len(slow) > 10
        with Connection(server.api_port) as other:
            assert other.request("/apis/v2/healthz").status == 200
    wait_until(lambda: server.request("GET", "/apis/v2/objects")[0] == 200, "there is room again")


class Follower:
    """A client of the log as it grows."""

    def __init__(self, server: Server, accept: str):
        self.connection = Connection(server.api_port)
        self.connection.send(request(FOLLOW, Accept=accept))
        self.status = int(self.connection._until(b"\r\n").split(b" ")[1])
        self.head = self.connection._until(b"\r\n\r\n").decode()

    def wait_for(self, text: str) -> str:
        """Everything up to the chunk that ends with `text`."""
        received = ""
        while text not in received:
            size = int(self.connection._until(b"\r\n"), 16)
            received += self.connection._exactly(size).decode()
            self.connection._exactly(2)
        return received

    def close(self) -> None:
        self.connection.close()


def say(server: Server, level: str) -> str:
    assert server.request("PUT", f"/apis/v2/logs/level/{level}")[0] == 200
    return f"log level is {level}"


@pytest.mark.parametrize(
    "accept, content_type",
    [("text/plain", "text/plain"), ("text/event-stream", "text/event-stream"), ("application/x-ndjson", "application/x-ndjson")],
)
def test_the_log_as_events(server, accept, content_type):
    follower = Follower(server, accept)
    assert content_type in follower.head and "chunked" in follower.head
    for level in ("debug", "info"):
        said = say(server, level)
        received = follower.wait_for(said)
        line = next(line for line in received.splitlines() if said in line)
        if accept == "text/event-stream":
            assert line.startswith("data: ")
        elif accept == "application/x-ndjson":
            assert said in json.loads(line)["line"]
    follower.close()


def test_followers_leave_at_once(server):
    """Each place is free again as soon as its client has closed, though no line comes."""
    for end in ("close", "reset"):
        followers = [Follower(server, "text/plain") for _ in range(28)]
        assert [follower.status for follower in followers] == [200] * 28
        assert Follower(server, "text/plain").status == 429, "one address has no more places"
        for follower in followers:
            if end == "reset":
                follower.connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            follower.close()
        wait_until(lambda: Follower(server, "text/plain").status == 200, "there is room again")


def test_egctl_follows_until_it_is_told_to_stop(server):
    logs = subprocess.Popen([BIN / "egctl", "--server", server.api, "logs", "-f", "--tail", "0"], stdout=subprocess.PIPE, text=True)
    wait_until(lambda: say(server, "debug") and server.log().count("logs?tail=0&follow=true"), "egctl has called")
    said = say(server, "info")
    too_late = threading.Timer(DEADLINE, logs.kill)
    too_late.start()
    assert any(said in line for line in logs.stdout)
    too_late.cancel()
    logs.terminate()
    logs.stdout.close()
    logs.wait(DEADLINE)


def test_a_stop_ends_streams_and_half_open_callers(server):
    follower = Follower(server, "text/plain")
    with callers(server.api_port, 20, b"GET /") as half_open:
        server.stop()
        assert follower.connection.is_closed_after_the_rest(), "what is logged of the stop may come first"
        for connection in half_open:
            assert connection.is_closed()
