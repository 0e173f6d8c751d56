# SPDX-License-Identifier: Apache-2.0
"""Trailers (RFC 9110 section 6.5) through Proxy: every version of HTTP on either side, bodies held whole and
streamed, in both directions."""

import frames as f
import hpack
import pytest

from client import Connection
from gateway import free_port, http_server, pipeline, proxy
from origin import Link, Origin, Request, grpc_message
from peer import Peer
from trailers_kit import FORBIDDEN, HTTP1_ONLY, SUM, Http1, by_h1, by_h2, limit, origin  # noqa: F401 (fixtures)


@pytest.fixture
def to(gateway, origin, limit):
    """A port that leads to the backend; more fields are the filter's."""
    number = free_port()

    def apply(**fields) -> int:
        spec = {**proxy(origin.url, **origin.pool, serverMaxBodySize=limit), **fields}
        gateway.apply(pipeline("trailers", spec))
        gateway.apply(http_server(number, {"backend": "trailers"}, name="trailers-server", clientMaxBodySize=limit))
        return number

    yield apply
    gateway.delete("trailers-server", "trailers")


def test_6_5_response_to_http1(to):
    response = by_h1(to(), "TE: trailers", "Connection: TE")
    assert response.status == 200
    assert response.body == b"abc"
    assert response.trailers == [SUM]
    assert "x-sum" not in response.headers


def test_6_5_response_to_http2(to):
    answer = by_h2(to(), ("te", "trailers"))
    assert answer.status == 200
    assert answer.body == b"abc"
    assert answer.trailers == [SUM]
    assert "x-sum" not in answer.headers


def test_10_1_4_nobody_asked(to, origin, limit):
    """To an HTTP/1.1 client they are dropped then, and the backend is not asked for any. They never become
    header fields."""
    response = by_h1(to())
    assert response.body == b"abc"
    assert response.trailers == []
    assert "x-sum" not in response.headers
    if limit > 0:
        assert response.headers["content-length"] == "3"
    assert origin.got()[2] is None


def test_10_1_4_te_is_for_one_hop(to, origin):
    """The gateway states its own, which says no more than `trailers`."""
    port = to()
    with Connection(port) as connection:
        connection.send("GET / HTTP/1.1\r\nHost: a\r\nTE: trailers;q=0.5, deflate, trailers\r\nConnection: TE\r\n\r\n")
        assert connection.receive().trailers == [SUM]
    assert origin.got()[2] == "trailers"
    with Connection(port) as connection:
        connection.send("GET / HTTP/1.1\r\nHost: a\r\nTE: deflate\r\nConnection: TE\r\n\r\n")
        assert connection.receive().trailers == []
    assert origin.got()[2] is None


def test_6_5_http10_clients_get_none(to):
    with Connection(to()) as connection:
        connection.send("GET / HTTP/1.0\r\nHost: a\r\nTE: trailers\r\n\r\n")
        assert connection.receive().body == b"abc"
        assert connection.is_closed()


@pytest.mark.parametrize("body", [b"abc", b"", b"x" * 200_000], ids=["small", "empty", "large"])
def test_6_5_request_of_http1(to, origin, body):
    trailers = "".join(f"{n}: {v}\r\n" for n, v in {"X-Sum": SUM[1], **FORBIDDEN}.items())
    assert by_h1(to(), "Connection: X-Hop", body=body, trailers=trailers).status == 200
    got = origin.peer.calls[-2] if isinstance(origin, Http1) else origin.peer.requests[-2]
    assert got.body == body
    assert dict(got.trailers) == dict([SUM])


@pytest.mark.parametrize("body", [b"abc", b""], ids=["small", "empty"])
def test_6_5_request_of_http2(to, origin, body):
    more = [(n.lower(), v) for n, v in FORBIDDEN.items() if n not in HTTP1_ONLY]
    assert by_h2(to(), body=body, trailers=[SUM, *more]).status == 200
    assert origin.got()[:2] == (body, dict([SUM]))


def test_6_5_gzip(to, limit):
    """A digest of what was sent before is of no use; the other trailers stay."""
    import gzip

    port = to(compression={"minLength": 0})
    answer = by_h2(port, ("accept-encoding", "gzip"))
    assert answer.headers["content-encoding"] == "gzip"
    assert gzip.decompress(answer.body) == b"abc"
    assert answer.trailers == [SUM]


def test_6_5_gzip_drops_digests(to, origin):
    origin.trailers["content-md5"] = origin.trailers["repr-digest"] = "x"
    port = to(compression={"minLength": 0})
    assert dict(by_h2(port).trailers) == {**dict([SUM]), "content-md5": "x", "repr-digest": "x"}
    assert by_h2(port, ("accept-encoding", "gzip")).trailers == [SUM]


def test_6_6_2_trailer_is_passed_on(to, origin):
    """So that the client can see what was dropped on the way."""
    origin.headers["trailer"] = "x-sum"
    assert by_h1(to()).headers["trailer"].lower() == "x-sum"


def test_too_many(to, origin, limit):
    """Of a backend: the response breaks off."""
    origin.trailers = {f"x-{i}": "1" for i in range(201)}
    port = to()
    with Connection(port) as connection:
        connection.send("GET / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: close\r\n\r\n")
        if limit > 0:
            assert connection.receive().status == 502
        else:
            with pytest.raises(ConnectionError):
                connection.receive()


def test_too_many_of_a_client(to, origin):
    port = to()
    with Peer(port) as peer:
        peer.request(1, method="POST", end=False)
        peer.send(f.data(1, b"abc"), f.headers(1, hpack.block(*[("x", "1")] * 201)))
        peer.stream_error(1, f.ENHANCE_YOUR_CALM)


def test_rfc9111_3_1_a_cached_response_has_its_trailers(gateway, origin):
    """Kept apart from the header fields."""
    number = free_port()
    origin.headers["cache-control"] = "max-age=100"
    gateway.apply(
        pipeline(
            "cached",
            proxy(
                origin.url,
                **origin.pool,
                memoryCache={"expiration": "10m", "maxEntryBytes": 4096, "codes": [200], "methods": ["GET"]},
            ),
        )
    )
    gateway.apply(http_server(number, {"backend": "cached"}, name="cached-server"))
    try:
        asked = len(origin.peer.calls if isinstance(origin, Http1) else origin.peer.requests)
        for _ in range(3):
            answer = by_h2(number, ("te", "trailers"))
            assert (answer.body, answer.trailers) == (b"abc", [SUM])
            assert "x-sum" not in answer.headers
        now = len(origin.peer.calls if isinstance(origin, Http1) else origin.peer.requests)
        assert now == asked + 1
    finally:
        gateway.delete("cached-server", "cached")


def test_retries_send_them_again(gateway):
    """A whole body goes out with its trailers each time."""
    seen = []

    def answer(link: Link, request: Request) -> None:
        seen.append((request.body, request.trailers))
        link.respond(request, status=500 if len(seen) < 3 else 200)

    number = free_port()
    with Origin(answer) as origin:
        spec = pipeline("again", proxy(origin.url, http2=True, retryPolicy="again"))
        spec["resilience"] = [
            {"name": "again", "kind": "Retry", "maxAttempts": 3, "waitDuration": "1ms", "methods": ["POST"]}
        ]
        gateway.apply(spec)
        gateway.apply(http_server(number, {"backend": "again"}, name="again-server"))
        assert by_h2(number, body=b"abc", trailers=[SUM]).status == 200
        gateway.delete("again-server", "again")
    assert seen == [(b"abc", [SUM])] * 3


# --- gRPC, which is the reason for most trailers


def test_grpc_unary(gateway, limit):
    """HTTP/2 both sides. The status comes in trailers, after the message, or with no message at all, or in the head
    if there is nothing else to say."""
    calls = []

    def answer(link: Link, request: Request) -> None:
        calls.append(request)
        head = ("content-type", "application/grpc")
        if request.path == "/shop.Sale/Buy":
            link.respond(request, head, body=grpc_message(b"sold"), trailers=[("grpc-status", "0")])
        elif request.path == "/shop.Sale/Empty":
            link.respond(request, head, trailers=[("grpc-status", "5"), ("grpc-message", "gone")])
        else:
            link.respond(request, head, ("grpc-status", "12"))

    port = free_port()
    with Origin(answer) as origin:
        gateway.apply(pipeline("grpc", proxy(origin.url, http2=True, serverMaxBodySize=limit)))
        gateway.apply(http_server(port, {"backend": "grpc"}, name="grpc-server", clientMaxBodySize=limit))

        def call(method: str):
            with Peer(port) as peer:
                fields = (("te", "trailers"), ("content-type", "application/grpc"))
                peer.request(1, *fields, method="POST", path=f"/shop.Sale/{method}", end=False)
                peer.send(f.data(1, grpc_message(b"one"), f.END_STREAM))
                return peer.answer()

        sold = call("Buy")
        assert (sold.status, sold.body, sold.trailers) == (200, grpc_message(b"sold"), [("grpc-status", "0")])
        gone = call("Empty")
        assert (gone.body, gone.trailers) == (b"", [("grpc-status", "5"), ("grpc-message", "gone")])
        assert call("Unknown").headers["grpc-status"] == "12"
        gateway.delete("grpc-server", "grpc")
    for each in calls:
        assert dict(each.fields)["te"] == "trailers"
        assert each.body == grpc_message(b"one")


OWNED = {"X-User": "admin", "X_User": "admin", "X-Role": "admin", "X_Forwarded_For": "192.0.2.1", "Content_Type": "a/b"}


@pytest.mark.parametrize("client", ["h1", "h2"])
@pytest.mark.parametrize("underscores", [False, True])
def test_6_5_1_fields_that_rules_set_or_look_at(gateway, origin, limit, client, underscores):
    """Backends that merge trailers into the head would take them for the gateway's."""
    port = free_port()
    rule = {"backend": "owned", "setHeaders": {"X-User": "guest"}, "headers": [{"key": "X-Role", "values": [""]}]}
    gateway.apply(pipeline("owned", proxy(origin.url, **origin.pool)))
    gateway.apply(http_server(port, rule, name="owned-server", clientMaxBodySize=limit, underscoresInHeaders=underscores))
    trailers = {**OWNED, "X-Sum": SUM[1]}
    if client == "h1":
        assert by_h1(port, body=b"abc", trailers="".join(f"{n}: {v}\r\n" for n, v in trailers.items())).status == 200
        if isinstance(origin, Http1):
            origin.peer.calls.pop()  # the one after it
        else:
            origin.peer.requests.pop()
    else:
        assert by_h2(port, body=b"abc", trailers=[(n.lower(), v) for n, v in trailers.items()]).status == 200
    body, passed, _ = origin.got()
    assert (body, {name.lower(): value for name, value in passed.items()}) == (b"abc", dict([SUM]))
    gateway.delete("owned-server", "owned")
