# SPDX-License-Identifier: Apache-2.0
"""The filter SimpleHTTPProxy: requests go to the server that the client names."""

import socket

import pytest

from answers_kit import Site
from certificates import self_signed, server_context
from client import Connection
from covers import covers
from gateway import Server, documents, free_port, pipeline, wait_until
from pages import example
from raw_backend import RawBackend
from scripted import Answer, Scripted

LOOPBACK = ["127.0.0.0/8"]


@pytest.fixture
def target():
    with Scripted() as scripted:
        yield scripted


def host_of(url: str) -> str:
    return url.split("://")[1]


def put(server, *urls: str, resilience: list | None = None, **fields) -> None:
    """`urls`: those that clients may reach."""
    hosts = {"allowedHosts": [host_of(url) for url in urls]} if urls else {}
    forward = {"name": "f", "kind": "SimpleHTTPProxy", "allowedNetworks": LOOPBACK, **hosts, **fields}
    server.apply({**pipeline("p", forward), **({"resilience": resilience} if resilience else {})})


@covers("SimpleHTTPProxy", "allowedHosts allowedNetworks", results="clientError")
def test_the_page(server, port, target):
    server.apply(*example("filter-simple-http-proxy", {"127.0.0.1:9095": host_of(target.url)}))
    site = Site(server, port, "way-out")
    assert site.ask(f"{target.url}/a%20b?c=1", X_A="1", Proxy_Authorization="Basic eDp5").text == "ok"
    call = target.calls[-1]
    assert (call.method, call.target, call.headers["host"], call.headers["x-a"]) == ("GET", "/a%20b?c=1", host_of(target.url), "1")
    assert call.headers["via"].startswith("1.1 sluice-") and "proxy-authorization" not in call.headers
    assert site.result("forward", f"{target.url}/x") == ("", 200)
    others = (f"http://127.0.0.1:{server.api_port}/apis/v2/healthz", f"http://localhost:{host_of(target.url).split(':')[1]}/",
              "http://169.254.169.254/latest/meta-data", "http://10.0.0.1/", "http://example.com/", "http://www.shop.example:25/")  # fmt: skip
    for url in others:
        assert site.result("forward", url) == ("clientError", 403), url
    assert len(target.calls) == 2


def test_the_host_names_the_server_of_an_ordinary_request(server, port, target):
    put(server, target.url)
    Site(server, port)
    with Connection(port) as connection:
        connection.send(f"GET /b HTTP/1.1\r\nHost: {host_of(target.url)}\r\n\r\n")
        assert connection.receive().text == "ok"
    assert target.targets == ["/b"]


@covers("SimpleHTTPProxy", "allowedNetworks")
def test_addresses(server, port, target):
    """A listed host at an address that is not: the address decides."""
    site = Site(server, port)
    for networks, status in (([], 403), (["10.0.0.0/8"], 403), (LOOPBACK, 200)):
        put(server, target.url, allowedNetworks=networks)
        assert site.ask(target.url).status == status, networks
    put(server, allowedNetworks=LOOPBACK)
    assert site.ask(target.url).status == 403, "this machine is reached by a port that is named"


def test_an_open_proxy_is_warned_of(server):
    text = documents(pipeline("p", {"name": "f", "kind": "SimpleHTTPProxy"}))
    done = server.egctl("apply", "-f", "-", input=text)
    assert "filters[0].allowedHosts: is empty: whoever reaches this pipeline" in done.stderr


def test_a_circle_ends(server, port, target):
    """The gateway is asked to ask itself: not again and again."""
    own = f"http://127.0.0.1:{port}"
    put(server, own)
    assert Site(server, port).ask(f"{own}/circle").status == 508
    lines = wait_until(lambda: [line for line in server.access_log() if "/circle" in line][1:], "both are logged")
    assert len(lines) == 1


@covers("SimpleHTTPProxy", results="serverError")
def test_no_server_answers(server, port):
    dead = f"http://127.0.0.1:{free_port()}"
    put(server, dead)
    assert Site(server, port).result("f", dead) == ("serverError", 503)
    with Scripted(lambda call: None) as mute:
        put(server, mute.url)
        assert Site(server, port).result("f", mute.url) == ("serverError", 502)


@covers("SimpleHTTPProxy", "timeout", results="timeout")
def test_timeout(server, port):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        put(server, url, timeout="100ms")
        assert Site(server, port).result("f", url) == ("timeout", 504)


@covers("SimpleHTTPProxy", "serverMaxBodySize", results="internalError")
def test_body_sizes(server, port, target):
    target.answer = lambda call: Answer(body=b"x" * 100)
    site = Site(server, port)
    for limit, outcome in ((99, ("internalError", 500)), (100, ("", 200)), (-1, ("", 200)), (0, ("", 200))):
        put(server, target.url, serverMaxBodySize=limit)
        assert site.result("f", target.url) == outcome, limit


@covers("SimpleHTTPProxy", "retryPolicy")
def test_retries(server, port, target):
    answers = iter([None, None, Answer(body=b"third")])
    target.answer = lambda call: next(answers)
    retry = {"name": "again", "kind": "Retry", "maxAttempts": 3, "waitDuration": "1ms"}
    put(server, target.url, resilience=[retry], retryPolicy="again")
    response = Site(server, port).ask(f"{target.url}/again")
    assert (response.text, target.targets) == ("third", ["/again"] * 3)


@covers("SimpleHTTPProxy", "compression.{minLength,maxStreams}")
def test_compression(server, port, target):
    target.answer = lambda call: Answer(headers={"Content-Type": "text/plain"}, body=b"x" * 1000)
    site = Site(server, port)

    def encoding(**compression) -> str | None:
        put(server, target.url, compression=compression)
        return site.ask(target.url, Accept_Encoding="gzip").headers.get("content-encoding")

    assert (encoding(minLength=1000, maxStreams=1), encoding(minLength=1001)) == ("gzip", None)
    wrong = documents(pipeline("q", {"name": "f", "kind": "SimpleHTTPProxy", "compression": {"minLength": 1, "maxStreams": 0}}))
    assert "maxStreams" in server.egctl("apply", "-f", "-", input=wrong, check=False).stderr


class Counted(RawBackend):
    """Answers every request, and counts connections."""

    def __init__(self):
        self.connections = 0
        super().__init__()

    def serve(self, connection: socket.socket) -> None:
        self.connections += 1
        with connection.makefile("rb") as stream:
            while stream.readline():
                while stream.readline().strip():
                    pass
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")


@pytest.mark.parametrize("fields, connections", [({}, (1, 1)), ({"maxIdleConns": 1}, (1, 2)), ({"maxIdleConnsPerHost": 0}, (2, 2))])
@covers("SimpleHTTPProxy", "maxIdleConns maxIdleConnsPerHost")
def test_connections_are_kept(server, port, fields, connections):
    """One connection of a client is one core's."""
    with Counted() as first, Counted() as second:
        urls = (first.url, second.url)
        put(server, *urls, **fields)
        Site(server, port)
        with Connection(port) as client:
            for url in urls * 2:
                client.send(f"GET {url}/ HTTP/1.1\r\nHost: {host_of(url)}\r\n\r\n")
                assert client.receive().text == "ok"
        assert (first.connections, second.connections) == connections


def test_tls_is_vouched_for_by_the_system(tmp_path, port):
    pair = self_signed(tmp_path, "IP:127.0.0.1")
    server = Server(tmp_path / "server")
    server.wrapper = ["env", f"SSL_CERT_FILE={pair.certificate}"]
    stranger = self_signed(tmp_path, "IP:127.0.0.1")
    server.start()
    try:
        with Scripted(tls=server_context(pair)) as known, Scripted(tls=server_context(stranger)) as unknown:
            for url in (known.url, unknown.url):  # a client of a plain listener cannot ask for https itself
                built = {"name": "b", "kind": "RequestBuilder", "template": f"url: {url}/tls\nmethod: GET\n"}
                forward = {"name": "f", "kind": "SimpleHTTPProxy", "allowedNetworks": LOOPBACK, "allowedHosts": [host_of(url)]}
                server.apply(pipeline("known" if url == known.url else "unknown", built, forward))
            assert Site(server, port, "known").ask().text == "ok"
            assert known.targets == ["/tls"]
            assert Site(server, port, "unknown").result("f") == ("serverError", 503)
    finally:
        server.stop()


def test_another_filter_may_forward_too(server, port, target):
    """The request is as it was: a second SimpleHTTPProxy sees no circle."""
    fields = {"kind": "SimpleHTTPProxy", "allowedHosts": [host_of(target.url)], "allowedNetworks": LOOPBACK}
    one, two = {"name": "one", "serverMaxBodySize": 1, **fields}, {"name": "two", **fields}
    flow = [{"filter": "one", "jumpIf": {"internalError": "two"}}, {"filter": "END"}, {"filter": "two"}]
    server.apply(pipeline("p", one, two, flow=flow))
    assert Site(server, port).ask(target.url).text == "ok"
    assert [call.headers["via"].count("sluice-") for call in target.calls] == [1, 1]
