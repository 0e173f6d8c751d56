# SPDX-License-Identifier: Apache-2.0
"""The old process after a hot restart: what becomes of the connections that it has, and how it ends."""

import signal
import socket
import ssl

import pytest

from certificates import Authority
from client import Connection, request
from gateway import DEADLINE, Orphan, Server, http_server, mock, pipeline, proxy, wait_until
from tunnels import ASKS, SWITCHED, TunnelBackend, upgraded


@pytest.fixture(autouse=True)
def orphans():
    Orphan.expect_some()


@pytest.fixture
def raw():
    backend = TunnelBackend(SWITCHED)
    yield backend
    backend.close()


@pytest.fixture
def short(tmp_path):
    """A server whose old process is to leave soon."""
    server = Server(tmp_path / "home", "--retire-timeout", "500ms").start()
    yield server
    if server.process is not None:
        server.stop()


def test_asked_to_stop_it_ends_in_order(server, port, backend):
    """SIGTERM ends its idle connections, lets a request that it is at finish, and is no failure."""
    server.apply(
        pipeline("hello", mock("hello")),
        pipeline("slow", proxy(backend.url)),
        http_server(port, {"backend": "hello", "path": "/hello"}, {"backend": "slow"}),
    )
    with Connection(port) as idle, Connection(port) as busy:
        assert idle.request("/hello").text == "hello"
        busy.send(request("/slow"))
        assert backend.held.acquire(timeout=DEADLINE)
        old = server.hand_over()
        old.send_signal(signal.SIGTERM)
        assert idle.is_closed()
        backend.release()
        answer = busy.receive()
        assert answer.status == 200 and answer.headers["connection"] == "close"
        assert old.wait(DEADLINE) == 0
    assert "connections were cut" not in server.log()


def test_a_second_request_to_stop_is_obeyed_at_once(server, port, backend):
    server.apply(pipeline("slow", proxy(backend.url)), http_server(port, {"backend": "slow"}))
    with Connection(port) as busy:
        busy.send(request("/slow"))
        assert backend.held.acquire(timeout=DEADLINE)
        old = server.hand_over()
        old.send_signal(signal.SIGTERM)
        wait_until(lambda: "stopping: requests in flight finish" in server.log(), "it drains")
        old.send_signal(signal.SIGTERM)
        assert old.wait(DEADLINE) == 255
    backend.release()


def test_other_signals_do_not_disturb_it(server, port):
    server.apply(pipeline("p", mock("hello")), http_server(port, {"backend": "p"}))
    with Connection(port) as idle:
        assert idle.request().text == "hello"
        old = server.hand_over()
        log = server.home / "log" / "stdout.log"
        log.rename(log.with_suffix(".1"))
        old.send_signal(signal.SIGHUP)
        wait_until(log.exists, "the log is opened anew")
        old.send_signal(signal.SIGUSR2)
        wait_until(lambda: "another process has taken over already" in server.log(), "it says so")
        assert idle.request().text == "hello"
        assert old.wait(DEADLINE) == 0


def test_a_tunnel_goes_on_and_may_hold_it_no_longer_than_allowed(short, port, raw):
    short.apply(pipeline("p", proxy(raw.url)), http_server(port, {"backend": "p"}))
    with upgraded(port) as tunnel:
        old = short.hand_over()
        tunnel.send(b"still there")
        assert raw.connection().recv(100) == b"still there"
        assert old.wait(DEADLINE) == 0
        assert tunnel.is_closed()
        assert raw.connection().recv(100) == b""
    with upgraded(port):  # at the new one
        assert raw.connection(1)


@pytest.mark.parametrize("https", [False, True])
def test_an_upgrade_over_an_old_connection(server, port, raw, tmp_path, https):
    """It works as everywhere: the tunnel leads through both processes."""
    fields, tls = {}, None
    if https:
        pair = Authority(tmp_path / "ca").issue("localhost", "DNS:localhost,IP:127.0.0.1")
        fields = {"https": True, "certBase64": pair.cert64, "keyBase64": pair.key64}
        tls = ssl.create_default_context()
        tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    server.apply(
        pipeline("hello", mock("hello")),
        pipeline("p", proxy(raw.url)),
        http_server(port, {"backend": "hello", "path": "/hello"}, {"backend": "p"}, **fields),
    )
    with Connection(port, tls=tls) as connection:
        assert connection.request("/hello").text == "hello"
        old = server.hand_over()
        connection.send(request("/", **ASKS) + b"early")
        head = connection._until(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101 ") and b"Upgrade: raw" in head, head
        other_end = raw.connection()
        assert other_end.recv(100) == b"early"
        other_end.sendall(b"x" * 300_000 + b"!")
        assert connection._until(b"!") == b"x" * 300_000
        connection.send(b"late")
        assert other_end.recv(100) == b"late"
        assert old.poll() is None
        # The new process ends it, the old one passes that on and has nothing left to do.
        server.stop()
        assert other_end.recv(100) == b""
        assert connection.is_closed()
        assert old.wait(DEADLINE) == 0


def test_systemd_is_told_whom_to_follow(tmp_path, port):
    """sd_notify(3): the old process must not report that the service stops when only it does."""
    path = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notes:
        notes.bind(str(path))
        notes.settimeout(DEADLINE)
        server = Server(tmp_path / "home")
        server.wrapper = ["env", f"NOTIFY_SOCKET={path}"]
        server.start()
        assert notes.recv(1000).decode() == f"READY=1\nMAINPID={server.pid}"
        first = server.pid
        server.hot_restart()
        assert server.pid != first
        assert notes.recv(1000).decode() == f"READY=1\nMAINPID={server.pid}"
        server.stop()
        assert notes.recv(1000) == b"STOPPING=1"
        notes.setblocking(False)
        with pytest.raises(BlockingIOError):
            notes.recv(1000)


def test_the_patience_is_an_option(tmp_path):
    refused = Server(tmp_path / "home", "--retire-timeout", "ten")
    refused.start(wait=False)
    refused.wait_end(expect=1)
    assert "--retire-timeout" in refused.log() and "no duration" in refused.log()
