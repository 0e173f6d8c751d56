# SPDX-License-Identifier: Apache-2.0
"""TLS between the gateway and its backends."""

import json
import ssl

import pytest

from backend import Backend
from certificates import self_signed, server_context
from client import Connection, fetch
from gateway import http_server, pipeline, proxy


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("certificates")


@pytest.fixture(scope="module")
def local(folder):
    return self_signed(folder, "IP:127.0.0.1", "DNS:localhost")


@pytest.fixture(scope="module")
def stranger(folder):
    return self_signed(folder, "DNS:shop.example")


@pytest.fixture
def serve():
    """Backends with the TLS they are given."""
    backends = []

    def start(context: ssl.SSLContext) -> Backend:
        backends.append(Backend("secure", context))
        return backends[-1]

    yield start
    for backend in backends:
        backend.close()


@pytest.fixture
def put(server, port):
    server.apply(http_server(port, {"backend": "p"}))

    def apply(url: str, mtls: dict | None = None, **pool) -> None:
        spec = proxy(url, **pool)
        server.apply(pipeline("p", {**spec, "mtls": mtls} if mtls is not None else spec))

    return apply


def test_https_to_an_address_and_to_a_name(server, port, put, serve, local):
    backend = serve(server_context(local))
    for url in (backend.url, backend.url.replace("127.0.0.1", "localhost")):
        put(url, {"rootCertBase64": local.cert64})
        response = fetch(port, "/a", "POST", b"hello")
        assert response.status == 200, server.access_log()
        assert json.loads(response.body)["body"] == "hello"


def test_strangers_are_not_believed(server, port, put, serve, local, stranger):
    backend = serve(server_context(local))
    put(backend.url)
    assert fetch(port, "/").status == 503
    assert "certificate verify failed" in server.access_line("GET / ")
    put(backend.url, {"rootCertBase64": stranger.cert64})
    assert fetch(port, "/").status == 503
    assert backend.requests == []
    put(backend.url, {"insecureSkipVerify": True})
    assert fetch(port, "/").status == 200


def test_the_name_must_fit(server, port, put, serve, stranger):
    backend = serve(server_context(stranger))
    put(backend.url, {"rootCertBase64": stranger.cert64})
    assert fetch(port, "/").status == 503
    assert "mismatch" in server.access_line("GET / ")


def test_what_was_learnt_under_other_settings_does_not_go_on(server, port, serve, local, stranger):
    """A breaker that opened, and a server that was left out, as its certificate was not believed: with the right
    authority nothing of that holds. And what another authority has let in is not believed any longer."""
    backend = serve(server_context(local))
    breaker = {"name": "fuse", "kind": "CircuitBreaker", "minimumNumberOfCalls": 3, "waitDurationInOpenState": "1h"}
    server.apply(http_server(port, {"backend": "p"}))

    def put(tls: dict) -> None:
        pool = {"circuitBreakerPolicy": "fuse", "outlierDetection": {"ejectionTime": "5m"}}
        spec = {**proxy(backend.url, backend.url, **pool), "mtls": tls}
        server.apply({**pipeline("p", spec), "resilience": [breaker]})

    put({"rootCertBase64": stranger.cert64})
    assert [fetch(port, "/").status for _ in range(12)] == [503] * 12
    pool = server.status("p")["filters"]["proxy"]["mainPool"]
    assert pool["circuitBreaker"]["state"] == "OPEN"
    put({"rootCertBase64": local.cert64})
    with Connection(port) as connection:
        assert [connection.request("/").status for _ in range(4)] == [200] * 4
        put({"rootCertBase64": stranger.cert64})
        assert connection.request("/").status == 503, "a kept connection of before is not used"


def test_own_certificate(port, put, serve, local, stranger):
    backend = serve(server_context(local, clients=stranger))
    put(backend.url, {"rootCertBase64": local.cert64})
    assert fetch(port, "/").status == 502
    own = {"certBase64": stranger.cert64, "keyBase64": stranger.key64, "rootCertBase64": local.cert64}
    put(backend.url, own)
    assert fetch(port, "/").status == 200


def test_a_pool_may_have_its_own(port, put, serve, local, stranger):
    backend = serve(server_context(local))
    put(backend.url, {"rootCertBase64": stranger.cert64}, tls={"rootCertBase64": local.cert64})
    assert fetch(port, "/").status == 200


def test_health_checks_use_it(server, port, put, serve, local, stranger):
    from gateway import wait_until

    backend = serve(server_context(local))
    check = {"interval": "100ms", "timeout": "5s"}

    def health() -> dict:
        return server.status("p")["filters"]["proxy"]["mainPool"]["servers"][0]

    put(backend.url, {"rootCertBase64": stranger.cert64}, healthCheck=check)
    wait_until(lambda: not health()["healthy"], "the check does not believe the server")
    assert "certificate verify failed" in health()["fault"]
    put(backend.url, {"rootCertBase64": local.cert64}, healthCheck=check)
    wait_until(lambda: health()["healthy"], "the check believes the server")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_sessions_are_resumed(server, port, put, serve, local, version):
    context = server_context(local)
    context.minimum_version = context.maximum_version = version
    backend = serve(context)
    # Without idle connections each request makes a new one. One client connection: one core.
    spec = {**proxy(backend.url), "mtls": {"rootCertBase64": local.cert64}, "maxIdleConns": 0}
    server.apply(pipeline("p", spec))
    with Connection(port) as connection:
        for _ in range(10):
            assert connection.request().status == 200
    assert backend.connections == 10
    assert backend.resumed >= 8


def test_plain_http_on_an_https_port(server, port, put, backend):
    put(backend.url.replace("http:", "https:"))
    assert fetch(port, "/").status == 503
    assert "TLS" in server.access_line("GET / ")


def test_a_server_that_never_finishes_the_handshake(port, put):
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:
        put(f"https://127.0.0.1:{silent.getsockname()[1]}", timeout="300ms")
        response = fetch(port, "/")
        assert response.status == 504
