# SPDX-License-Identifier: Apache-2.0
"""RFC 9113 section 8.7 towards backends: which requests may be sent again when a stream or a connection ends
before any of the response has come."""

import frames as f
import hpack
import pytest

from client import Connection, fetch
from gateway import free_port, http_server, pipeline, proxy
from origin import Closed, Link, Origin, Request
from peer import Peer


@pytest.fixture
def to(gateway):
    """to(answer): a port that leads to an Origin, and the Origin. The requests of one client's connection share
    one connection to it."""
    made = []

    def start(answer, **path):
        origin = Origin(answer)
        made.append(origin)
        port = free_port()
        gateway.apply(
            pipeline("again", proxy(origin.url, http2=True, outlierDetection={"consecutiveFailures": 0})),
        )
        gateway.apply(http_server(port, {"backend": "again", **path}, name="again-server"))
        return port, origin

    yield start
    gateway.delete("again-server", "again")
    for each in made:
        each.__exit__()


def targets(origin: Origin) -> list[str]:
    return [each.path for each in origin.requests]


class Dies:
    """Answers, but for `/fatal` on the first connection: there it does what `how` says and ends the connection."""

    def __init__(self, how=lambda link, request: None):
        self.how = how

    def __call__(self, link: Link, request: Request) -> None:
        if request.path == "/fatal" and link.number == 0:
            self.how(link, request)
            raise Closed
        link.respond(request, body=b"%d" % link.number)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS"])
def test_kept_connection_ends(to, method):
    """An idempotent request goes out on a fresh one (RFC 9110 section 9.2.2)."""
    port, origin = to(Dies())
    with Connection(port) as connection:
        assert connection.request("/").body == b"0"
        body = b"again" if method == "PUT" else b""
        assert connection.request("/fatal", method, body).body == b"1"
    assert [(each.path, each.body) for each in origin.requests] == [("/", b""), ("/fatal", body), ("/fatal", body)]


def test_kept_connection_ends_post(to):
    """It may have been acted upon."""
    port, origin = to(Dies())
    with Connection(port) as connection:
        assert connection.request("/").status == 200
        assert connection.request("/fatal", "POST", b"once").status == 502
    assert targets(origin) == ["/", "/fatal"]


def test_fresh_connection_ends(to):
    """As with HTTP/1.1: that is not what becomes of idle connections, so it is not tried again."""
    port, origin = to(Dies())
    assert fetch(port, "/fatal").status == 502
    assert targets(origin) == ["/fatal"]


def test_response_has_begun(to):
    """It is a stream, as it has no length: the client has its head, and sees that the rest is missing."""
    def break_off(link: Link, request: Request) -> None:
        link.send(f.headers(request.stream, hpack.block((":status", "200")), f.END_HEADERS))

    port, origin = to(Dies(break_off))
    with Connection(port) as connection:
        assert connection.request("/").status == 200
        with pytest.raises(ConnectionError):
            connection.request("/fatal")
    assert targets(origin) == ["/", "/fatal"]


def test_response_has_begun_and_is_short(to):
    """It is held until it is whole: the client gets an answer."""

    def break_off(link: Link, request: Request) -> None:
        block = hpack.block((":status", "200"), ("content-length", "10"))
        link.send(f.headers(request.stream, block, f.END_HEADERS), f.data(request.stream, b"some"))

    port, origin = to(Dies(break_off))
    with Connection(port) as connection:
        assert connection.request("/").status == 200
        assert connection.request("/fatal").status == 502
    assert targets(origin) == ["/", "/fatal"]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_goaway_says_it_was_not_processed(to, method):
    """GOAWAY with a smaller last stream: whatever the method."""

    def leave(link: Link, request: Request) -> None:
        link.send(f.goaway(request.stream - 2))

    port, origin = to(Dies(leave))
    with Connection(port) as connection:
        assert connection.request("/").body == b"0"
        assert connection.request("/fatal", method, b"" if method == "GET" else b"again").body == b"1"
    assert targets(origin) == ["/", "/fatal", "/fatal"]


def test_goaway_says_it_may_have_been(to):
    def leave(link: Link, request: Request) -> None:
        link.send(f.goaway(request.stream))

    port, origin = to(Dies(leave))
    with Connection(port) as connection:
        assert connection.request("/").status == 200
        assert connection.request("/fatal", "POST", b"once").status == 502
    assert targets(origin) == ["/", "/fatal"]


def test_refused_stream(to):
    refused = []

    def answer(link: Link, request: Request) -> None:
        if len(refused) < 2:
            refused.append(request)
            link.send(f.rst_stream(request.stream, f.REFUSED_STREAM))
        else:
            link.respond(request, body=request.body)

    port, origin = to(answer)
    assert fetch(port, "/", "POST", b"hello").body == b"hello"
    assert origin.links == 1
    assert len(origin.requests) == 3


@pytest.mark.parametrize("size, good", [(5, True), (60_000, True), (200_000, False)])
def test_refused_stream_whose_body_was_a_stream(to, size, good):
    """What has been read of it is sent again, as long as that is little."""
    refused = []

    def answer(link: Link, request: Request) -> None:
        if not refused:
            refused.append(request)
            link.send(f.rst_stream(request.stream, f.REFUSED_STREAM))
        else:
            link.respond(request, body=b"%d" % len(request.body))

    port, origin = to(answer, clientMaxBodySize=-1)
    response = fetch(port, "/", "POST", b"x" * size)
    assert (response.status, response.body) == ((200, b"%d" % size) if good else (503, b""))
    assert len(origin.requests) == (2 if good else 1)


def test_cold_requests_share_what_is_being_set_up(to):
    """They wait for the one connection, and for its SETTINGS, instead of opening one each."""
    port, origin = to(lambda link, request: link.respond(request, body=b"%d" % link.number))
    with Peer(port) as peer:
        for i in range(60):
            peer.request(1 + 2 * i, path=f"/{i}")
        assert [peer.answer(1 + 2 * i).body for i in range(60)] == [b"0"] * 60
    assert origin.links == 1


def test_a_backend_that_closes_before_its_settings(to):
    """Nobody waits for what does not come."""

    def serve(connection) -> None:
        connection.recv(1)

    port, origin = to(lambda link, request: None)
    origin._serve = serve
    with Peer(port) as peer:
        for i in range(20):
            peer.request(1 + 2 * i)
        assert {peer.answer(1 + 2 * i).status for i in range(20)} <= {502, 503}


def test_refused_for_ever(to):
    port, origin = to(lambda link, request: link.send(f.rst_stream(request.stream, f.REFUSED_STREAM)))
    assert fetch(port, "/").status == 503
    assert len(origin.requests) == 4


def test_other_codes_say_nothing(to):
    port, origin = to(lambda link, request: link.send(f.rst_stream(request.stream, f.INTERNAL_ERROR)))
    assert fetch(port, "/").status == 502
    assert len(origin.requests) == 1


def test_many_streams_end_at_once(to):
    """Answers of other streams do not matter, and the requests share what is opened in place of the connection."""
    count = 20
    waiting = []

    def answer(link: Link, request: Request) -> None:
        if link.number == 0 and request.path.startswith("/held"):
            waiting.append(request)
            if len(waiting) == count:
                raise Closed
            return
        link.respond(request, body=b"%d" % link.number)

    port, origin = to(answer)
    bodies = []
    with Peer(port) as peer:  # one connection is one core, so one connection to the backend
        peer.request(1, path="/")
        assert peer.answer(1).body == b"0"
        for i in range(count):
            peer.request(3 + 2 * i, path=f"/held/{i}")
        bodies = [peer.answer(3 + 2 * i).body for i in range(count)]
    assert bodies == [b"1"] * count
    assert origin.links == 2
