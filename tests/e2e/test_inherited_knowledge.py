# SPDX-License-Identifier: Apache-2.0
"""What the new process of a hot restart knows from the old one: who is ill, whom to leave alone, TLS sessions."""

import socket
import ssl

import pytest

from backend import Backend
from certificates import self_signed
from client import fetch
from gateway import Orphan, http_server, pipeline, wait_until


@pytest.fixture(autouse=True)
def orphans():
    Orphan.expect_some()


@pytest.fixture
def silent():
    """The URL of a server that takes connections and never says a word: a check of it takes its whole timeout."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.fixture
def put(server, port):
    def put(pool: dict, **fields) -> None:
        spec = pipeline("p", {"name": "proxy", "kind": "Proxy", "pools": [pool]})
        server.apply({**spec, **fields}, http_server(port, {"backend": "p"}))

    return put


def main_pool(server) -> dict:
    return server.status("p")["filters"]["proxy"]["mainPool"]


def servers(server) -> dict[str, dict]:
    return {each["url"]: each for each in main_pool(server)["servers"]}


def test_a_server_that_is_ill_gets_no_requests(server, port, put, silent, backend):
    pool = {"servers": [{"url": silent}, {"url": backend.url}]}
    put({**pool, "healthCheck": {"interval": "100ms", "timeout": "200ms"}})
    wait_until(lambda: not servers(server)[silent]["healthy"], "the check finds it out")
    # From here on a check would take an hour to find that out again.
    put({**pool, "healthCheck": {"interval": "1h", "timeout": "1h"}})
    server.hot_restart()
    assert not servers(server)[silent]["healthy"] and servers(server)[backend.url]["healthy"]
    for _ in range(4):
        assert fetch(port).headers["x-backend"] == backend.name
    assert servers(server)[silent]["requests"] == 0
    server.hot_restart()  # and so on
    assert not servers(server)[silent]["healthy"]


def test_a_server_that_is_left_out_stays_so(server, port, put, backend):
    other = Backend("other")
    try:
        put({
            "servers": [{"url": backend.url}, {"url": other.url}],
            "outlierDetection": {"consecutive5xx": 1, "ejectionTime": "1h", "maxEjectionTime": "1h"},
        })  # fmt: skip
        broken = fetch(port, "/status/500").headers["x-backend"]
        server.hot_restart()
        names = {fetch(port).headers["x-backend"] for _ in range(6)}
        assert names == {backend.name, other.name} - {broken}
        assert sorted(each["ejected"] for each in servers(server).values()) == [False, True]
    finally:
        other.close()


def test_an_open_circuit_breaker_stays_open(server, port, put, backend):
    fuse = {"name": "fuse", "kind": "CircuitBreaker", "minimumNumberOfCalls": 2, "waitDurationInOpenState": "1h"}
    put({"servers": [{"url": backend.url}], "circuitBreakerPolicy": "fuse"}, resilience=[fuse])
    assert [fetch(port, "/status/500").status for _ in range(2)] == [500, 500]
    assert main_pool(server)["circuitBreaker"]["state"] == "OPEN"
    asked = len(backend.requests)
    server.hot_restart()
    assert main_pool(server)["circuitBreaker"]["state"] == "OPEN"
    assert fetch(port).status == 503 and len(backend.requests) == asked


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_sessions_are_resumed(server, port, put, backend, tmp_path, version):
    pair = self_signed(tmp_path, "DNS:shop.example")
    put({"servers": [{"url": backend.url}]})
    fields = {"https": True, "certBase64": pair.cert64, "keyBase64": pair.key64}
    server.apply(http_server(port, {"backend": "p"}, **fields))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.minimum_version = context.maximum_version = version

    def visit(session) -> tuple[ssl.SSLSession, bool]:
        plain = socket.create_connection(("127.0.0.1", port), 60)
        with context.wrap_socket(plain, server_hostname="shop.example", session=session) as tls:
            tls.sendall(b"GET / HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n")
            while tls.recv(65536):
                pass
            return tls.session, tls.session_reused

    first, resumed = visit(None)
    assert not resumed
    for _ in range(2):
        server.hot_restart()
        assert visit(first)[1], "a ticket of the first process"
    server.restart()
    assert not visit(first)[1], "no key has been on a disk"
