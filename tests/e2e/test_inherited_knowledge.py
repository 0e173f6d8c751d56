# SPDX-License-Identifier: Apache-2.0
"""What the new process of a hot restart knows from the old one: who is ill, whom to leave alone, TLS sessions, and
who may come in while nobody can be asked."""

import json
import socket
import ssl

import pytest

from backend import Backend
from certificates import self_signed
from client import fetch
from gateway import Orphan, http_server, mock, pipeline, wait_until
from identity_kit import KeyPair, basic, key_set, sha_line
from scripted import Answer, Scripted


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
        (left_out,) = (each for each in servers(server).values() if each["ejected"])
        assert left_out["ejectedAfter"] == "1 responses of 5xx in a row, the last one 500"
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


@pytest.fixture
def guard(server, port):
    """Puts a Validator in front of an answer."""

    def guard(**checks) -> None:
        spec = pipeline("p", {"name": "check", "kind": "Validator", **checks}, mock("in"))
        server.apply(spec, http_server(port, {"backend": "p"}))

    return guard


@pytest.mark.parametrize("outage", [lambda call: Answer(status=503), lambda call: None], ids=["503", "closes"])
def test_the_last_good_keys_of_a_url_count(server, port, guard, outage):
    old, new = KeyPair("RSA", "old"), KeyPair("EC", "new")

    def status(pair: KeyPair) -> int:
        return fetch(port, authorization=f"Bearer {pair.token(sub='ann')}").status

    with Scripted(lambda call: Answer(body=key_set(old))) as keys:
        guard(jwt={"jwks": {"url": keys.url}})
        assert status(old) == 200
        keys.answer = outage
        for _ in range(2):  # and so on
            server.hot_restart()
            assert [status(old) for _ in range(4)] == [200] * 4
            assert status(new) == 401
            wait_until(lambda: '"error"' in json.dumps(server.status("p")), "the URL was asked")
        # An update of the pipeline that keeps the URL keeps them, too.
        guard(jwt={"jwks": {"url": keys.url, "refresh": "1s"}, "leeway": "1s"})
        assert status(old) == 200
        keys.answer = lambda call: Answer(body=key_set(new))
        wait_until(lambda: status(new) == 200, "the set is followed again")
        assert status(old) == 401


def test_keys_of_another_url_do_not_count(server, port, guard):
    pair = KeyPair("EC", "one")
    with Scripted(lambda call: Answer(body=key_set(pair))) as keys:
        guard(jwt={"jwks": {"url": keys.url + "/a"}})
        keys.answer = lambda call: Answer(status=503)
        server.hot_restart()
        assert fetch(port, authorization=f"Bearer {pair.token(sub='ann')}").status == 200
        guard(jwt={"jwks": {"url": keys.url + "/b"}})
        assert fetch(port, authorization=f"Bearer {pair.token(sub='ann')}").status == 401


def test_the_users_of_a_file_that_has_vanished_count(server, port, guard, tmp_path):
    users = tmp_path / "users"
    users.write_text(sha_line("ann", "open:sesame"))

    def status(name: str) -> int:
        return fetch(port, authorization=basic(name, "open:sesame")).status

    guard(basicAuth={"mode": "FILE", "userFile": str(users)})
    assert status("ann") == 200
    users.unlink()
    for _ in range(2):
        server.hot_restart()
        assert status("ann") == 200 and status("bob") == 401
    # A file that has changed counts at once.
    users.write_text(sha_line("bob", "open:sesame"))
    server.hot_restart()
    assert status("ann") == 401 and status("bob") == 200
    users.unlink()
    server.restart()
    assert status("bob") == 401, "no hash has been on another disk"
