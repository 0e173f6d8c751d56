# SPDX-License-Identifier: Apache-2.0
"""HTTP/2 between the gateway and its backends: nghttpd, and a second gateway."""

import json
import shutil
import socket
import subprocess

import pytest

from certificates import Pair, self_signed
from client import Connection, Load, fetch, request
from faulty import Faulty
from gateway import DEADLINE, Server, free_port, http_server, pipeline, proxy, wait_until


def accepts(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


class Nghttpd:
    """nghttpd, which speaks nothing but HTTP/2. `pair`: with TLS."""

    def __init__(self, folder, *options: str, pair: Pair | None = None):
        self.port = free_port()
        (folder / "hello").write_text("hello")
        files = [pair.key, pair.certificate] if pair else []
        more = [] if pair else ["--no-tls"]
        self.process = subprocess.Popen(
            ["nghttpd", "--htdocs", folder, "--echo-upload", *more, *options, str(self.port), *files],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_until(lambda: accepts(self.port), "nghttpd listens")

    def close(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture
def nghttpd(tmp_path):
    if shutil.which("nghttpd") is None:
        pytest.skip("nghttpd is not installed: tools/install.sh test")
    made = []

    def start(*options: str, pair: Pair | None = None) -> Nghttpd:
        made.append(Nghttpd(tmp_path, *options, pair=pair))
        return made[-1]

    yield start
    for each in made:
        each.close()


@pytest.fixture
def put(server, port):
    server.apply(http_server(port, {"backend": "p"}, clientMaxBodySize=-1))

    def apply(url: str, mtls: dict | None = None, **pool) -> None:
        spec = proxy(url, **pool)
        server.apply(pipeline("p", {**spec, "mtls": mtls} if mtls is not None else spec))

    return apply


def facts(server) -> dict:
    return server.status("p")["filters"]["proxy"]["mainPool"]["servers"][0]


def test_prior_knowledge(port, put, nghttpd):
    put(f"http://127.0.0.1:{nghttpd().port}", http2=True)
    with Connection(port) as connection:
        for _ in range(20):
            assert connection.request("/hello").text == "hello"
        assert connection.request("/absent").status == 404
        assert connection.request("/hello", "HEAD").headers["content-length"] == "5"
    sent = b"0123456789abcdef" * 20_000  # more than a window
    assert fetch(port, "/", "POST", sent).body == sent


def test_by_alpn(port, put, nghttpd, tmp_path):
    folder = tmp_path / "certificates"
    folder.mkdir()
    pair = self_signed(folder, "IP:127.0.0.1")
    url = f"https://127.0.0.1:{nghttpd(pair=pair).port}"
    put(url, {"rootCertBase64": pair.cert64})
    with Connection(port) as connection:
        for _ in range(20):
            assert connection.request("/hello").text == "hello"
    put(url, {"rootCertBase64": pair.cert64}, http2=False)
    assert fetch(port, "/hello").status == 502, "nghttpd speaks no HTTP/1.1"


def test_http1_where_it_is_not_spoken(port, put, backend):
    put(backend.url, http2=True)
    assert fetch(port, "/").status == 502
    put(backend.url)
    assert fetch(port, "/").status == 200


def test_many_streams_on_few_connections(server, port, put, nghttpd):
    put(f"http://127.0.0.1:{nghttpd().port}", http2=True)
    load = Load(port, lambda n: request("/hello"), connections=64, limit=3000)
    with load:
        load.join()
    assert load.errors == []
    assert load.answers == {(200, b"hello"): 3000}
    # One per core, and perhaps one more where several began at once.
    assert facts(server)["connections"] <= 8


def test_a_cold_burst(server, port, put, nghttpd):
    """Hundreds of requests at once, and no connection yet: as many as their streams need, not one each."""
    put(f"http://127.0.0.1:{nghttpd('--max-concurrent-streams=100').port}", http2=True)
    load = Load(port, lambda n: request("/hello"), connections=400, limit=1200)
    with load:
        load.join()
    assert load.errors == []
    assert load.answers == {(200, b"hello"): 1200}
    assert facts(server)["connections"] <= 16


def test_the_backend_limits_streams(server, port, put, nghttpd):
    """What is over the limit waits: for a stream, or for another connection."""
    put(f"http://127.0.0.1:{nghttpd('--max-concurrent-streams=2').port}", http2=True, maxConnsPerHost=2)
    load = Load(port, lambda n: request("/hello"), connections=32, limit=1000)
    with load:
        load.join()
    assert load.errors == []
    assert load.answers == {(200, b"hello"): 1000}
    assert facts(server)["connections"] <= 2


def test_a_backend_that_is_killed_and_comes_back(port, put, nghttpd):
    backend = nghttpd()
    put(f"http://127.0.0.1:{backend.port}", http2=True, outlierDetection={"consecutiveFailures": 0})
    with Load(port, lambda n: request("/hello"), connections=16) as load:
        load.wait_more(100)
        backend.close()
        wait_until(lambda: load.statuses().get(503, 0) >= 50, "clients get 503")
    assert load.errors == []
    assert {200, 503} <= set(load.statuses()) <= {200, 502, 503}


@pytest.fixture
def second(tmp_path, backend):
    """A gateway that is the backend of the first, in front of the backend that tells."""
    instance = Server(tmp_path / "second").start()
    instance.port = free_port()
    instance.apply(pipeline("q", proxy(backend.url, serverMaxBodySize=-1)))
    instance.apply(http_server(instance.port, {"backend": "q"}, clientMaxBodySize=-1))
    yield instance
    if instance.process is not None:
        instance.stop()


def test_through_two_gateways(port, put, second, backend):
    put(f"http://127.0.0.1:{second.port}", http2=True)
    response = fetch(port, "/a%20b?c=%3F", "POST", b"hello", X_One="1", Connection="keep-alive, X-Hop", X_Hop="1")
    told = json.loads(response.body)
    assert (told["method"], told["target"], told["body"]) == ("POST", "/a%20b?c=%3F", "hello")
    names = [name for name, _ in told["headers"]]
    assert "x-one" in names
    assert "x-hop" not in names
    chunked = fetch(port, "/", "POST", b"5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n", Transfer_Encoding="chunked")
    assert json.loads(chunked.body)["body"] == "hello!"
    for status in (204, 404, 500):
        assert fetch(port, f"/status/{status}").status == status


def test_large_streams_both_ways(port, put, second, backend):
    put(f"http://127.0.0.1:{second.port}", http2=True, serverMaxBodySize=-1)
    body = b"0123456789abcdef" * 65536  # 1 MiB
    response = fetch(port, "/", "POST", body)
    assert json.loads(response.body)["body"].encode() == body


def test_a_client_that_leaves_resets_its_stream_only(server, port, put, second, backend):
    put(f"http://127.0.0.1:{second.port}", http2=True)
    with Connection(port) as patient:
        assert patient.request("/").status == 200
        for _ in range(5):
            with Connection(port) as connection:
                connection.send(request("/slow"))
                assert backend.held.acquire(timeout=DEADLINE)
        wait_until(lambda: facts(server)["inFlight"] == 0, "the streams are given up")
        assert patient.request("/").status == 200


def test_timeouts_of_a_stream(port, put, second, backend):
    put(f"http://127.0.0.1:{second.port}", http2=True, timeout="200ms")
    with Connection(port) as connection:
        assert connection.request("/slow").status == 504
        assert connection.request("/").status == 200
    put(f"http://127.0.0.1:{second.port}", http2=True, silenceTimeout="200ms")
    assert fetch(port, "/slow").status == 504
    assert fetch(port, "/").status == 200


def test_a_backend_that_restarts_under_load(port, put, second):
    """GOAWAY: what is under way ends well, what has not been looked at goes out again; 503 is for who finds
    nobody there, 502 for a connection that is taken and closed."""
    put(f"http://127.0.0.1:{second.port}", http2=True)
    with Load(port, lambda n: request(f"/{n}"), connections=16) as load:
        load.wait_more(200)
        second.stop()
        second.start()
        load.wait_more(200)
    assert load.errors == []
    assert set(load.statuses()) <= {200, 502, 503}


def test_garbage_is_no_http2(port, put):
    backend = Faulty("good")
    try:
        put(backend.url, http2=True, timeout="5s")
        assert fetch(port, "/").status == 502
    finally:
        backend.close()
