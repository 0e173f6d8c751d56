# SPDX-License-Identifier: Apache-2.0
"""A response that comes while the client still sends its body reaches a client that reads only when it has sent
everything (RFC 9112 section 9.6), over TCP and over TLS."""

import ssl

import pytest

from certificates import self_signed
from client import Connection
from gateway import free_port, http_server, mock, pipeline, proxy, wait_until
from raw_backend import RawBackend, read_head

BODY = bytes(24 << 20)  # more than all buffers on the way hold


class Refusing(RawBackend):
    """Answers 403 at the head of a request and reads nothing of its content."""

    def serve(self, connection):
        read_head(connection)
        connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 6\r\n\r\nforbid")
        while connection.recv(65536):
            pass


@pytest.fixture(scope="module")
def refusing():
    with Refusing() as backend:
        yield backend


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    return self_signed(tmp_path_factory.mktemp("certificates"), "DNS:shop.example")


@pytest.fixture(scope="module")
def ports(shared_server, refusing, pair) -> dict[str, int]:
    made = {"tcp": free_port(), "tls": free_port()}
    paths = [
        {"path": "/small", "backend": "early-mock", "clientMaxBodySize": 1000},
        {"path": "/early", "backend": "early-mock", "clientMaxBodySize": -1},
        {"path": "/forbidden", "backend": "early-refusing", "clientMaxBodySize": -1},
    ]
    secure = {"https": True, "certBase64": pair.cert64, "keyBase64": pair.key64}
    shared_server.apply(
        pipeline("early-mock", mock("early")),
        pipeline("early-refusing", proxy(refusing.url)),
        *(
            http_server(port, *paths, name=f"early-{kind}", **(secure if kind == "tls" else {}))
            for kind, port in made.items()
        ),
    )
    return made


def context(pair) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(pair.certificate))


def framed(path: str, *, chunked: bool) -> bytes:
    if chunked:
        fields = b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % len(BODY)
    else:
        fields = b"Content-Length: %d\r\n\r\n" % len(BODY)
    return b"POST %s HTTP/1.1\r\nHost: shop.example\r\n%s" % (path.encode(), fields)


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
@pytest.mark.parametrize("kind", ["tcp", "tls"])
@pytest.mark.parametrize(
    ("path", "status"), [("/small", 413), ("/unknown", 404), ("/early", 200), ("/forbidden", 403)]
)
def test_whoever_reads_late_gets_it(ports, pair, kind, path, status, chunked):
    tls = context(pair) if kind == "tls" else None
    with Connection(ports[kind], tls=tls) as connection:
        connection.send(framed(path, chunked=chunked))
        connection.send(BODY)
        if chunked:
            connection.send(b"\r\n0\r\n\r\n")
        answer = connection.receive()
        assert answer.status == status
        assert answer.headers["connection"] == "close"


def test_a_head_that_is_refused(ports):
    with Connection(ports["tcp"]) as connection:
        connection.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\nTransfer-Encoding: x\r\n\r\n" % len(BODY))
        connection.send(BODY)
        assert connection.receive().status == 400


def test_silence_ends_it(shared_server, ports):
    """A client that sends no more, and keeps its side open, is not waited for."""
    with Connection(ports["tcp"]) as connection:
        connection.send(framed("/small", chunked=False) + bytes(1000))
        assert connection.receive().status == 413
        wait_until(connection.is_closed, "the connection ends")


# --- after the last response


def cut_off(port: int, tls, first: bytes, *, more: bytes, size: int) -> str:
    """Asks for a large response that is the last one, sends on, and reads late. "" if it comes whole."""
    with Connection(port, tls=tls) as connection:
        connection.send(first)
        try:
            connection.send(more)
        except ConnectionError:
            return "nothing more was read"
        try:
            answer = connection.receive()
        except ConnectionError as error:
            return str(error)
        assert answer.headers["connection"] == "close"
        return "" if len(answer.body) == size else f"{len(answer.body)} bytes"


@pytest.mark.parametrize("kind", ["tcp", "tls"])
@pytest.mark.parametrize("path", ["/last", "/large"], ids=["keepAlive is off", "Connection: close"])
def test_what_follows_the_last_request_cuts_nothing_off(shared_server, pair, kind, path):
    """A client that pipelines does not know that a response will be the last (RFC 9112 sections 9.3.2 and 9.6)."""
    size = 3_000_000
    port = free_port()
    more = {"https": True, "certBase64": pair.cert64, "keyBase64": pair.key64} if kind == "tls" else {}
    shared_server.apply(pipeline("last", mock("x" * size)))
    shared_server.apply(
        http_server(port, {"backend": "last"}, name="last-server", keepAlive=path != "/last", **more)
    )
    fields = b"Connection: close\r\n" if path == "/large" else b""
    first = b"GET %s HTTP/1.1\r\nHost: shop.example\r\n%s\r\n" % (path.encode(), fields)
    upload = b"POST /next HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 900000\r\n\r\n" + b"z" * 900_000
    tls = context(pair) if kind == "tls" else None
    assert [cut_off(port, tls, first, more=upload, size=size) for _ in range(3)] == [""] * 3
    shared_server.delete("last-server", "last")


def test_who_says_goodbye_is_let_go_at_once(ports):
    """The wait for more ends with the client's own end."""
    with Connection(ports["tcp"]) as connection:
        connection.send(b"GET /early HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert connection.receive().status == 200
        assert connection.is_closed()
