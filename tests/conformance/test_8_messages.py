# SPDX-License-Identifier: Apache-2.0
"""RFC 9113 section 8: HTTP in HTTP/2. A test is named by its section."""

import frames as f
import hpack
import pytest
from peer import fields

PSEUDO = {":method": "GET", ":scheme": "http", ":path": "/", ":authority": "shop.example"}


def pseudo(**changes) -> list[tuple[str, str]]:
    """`authority=None` leaves it out."""
    values = {**PSEUDO, **{f":{name}": value for name, value in changes.items()}}
    return [(name, value) for name, value in values.items() if value is not None]


def get(peer, stream: int = 1, *more, **changes):
    return peer.send(f.headers(stream, hpack.block(*pseudo(**changes), *more)))


def echoed(peer, *more, **changes) -> bytes:
    """What a backend got."""
    return get(peer, 1, *more, **{"path": "/body", **changes}).answer().body


def test_8_1_get_head_post(peer):
    assert get(peer, 1).answer(1).body == b"hello"
    answer = get(peer, 3, method="HEAD").answer(3)
    assert (answer.status, answer.headers["content-length"], answer.body) == (200, "5", b"")
    peer.request(5, method="POST", path="/body", end=False).send(f.data(5, b"abc", f.END_STREAM))
    assert b'"body": "abc"' in peer.answer(5).body


def test_8_1_trailers(peer):
    peer.request(method="POST", path="/body", end=False)
    peer.send(f.data(1, b"abc"), f.headers(1, hpack.block(("x-checksum", "1"))))
    answer = peer.answer()
    assert b'"body": "abc"' in answer.body and b"x-checksum" not in answer.body


def test_8_1_trailers_of_a_streamed_body(peer):
    peer.request(method="POST", path="/stream", end=False)
    peer.send(f.data(1, b"abc"), f.headers(1, hpack.block(("x-checksum", "1"))))
    assert b'"body": "abc"' in peer.answer().body


def test_8_1_trailers_without_end_stream(peer):
    peer.request(method="POST", path="/body", end=False)
    peer.send(f.headers(1, hpack.block(("x", "y")), f.END_HEADERS))
    peer.stream_error(1, f.PROTOCOL_ERROR)


def test_8_1_pseudo_fields_in_trailers(peer):
    peer.request(method="POST", path="/body", end=False)
    peer.send(f.headers(1, hpack.block((":method", "POST"))))
    peer.stream_error(1, f.PROTOCOL_ERROR)


def test_8_1_early_response_asks_to_stop(peer):
    """413 before the body: the whole response, then RST_STREAM with NO_ERROR."""
    peer.request(1, ("content-length", "99999999"), method="POST", path="/body", end=False)
    assert peer.answer().status == 413
    reset = peer.until(lambda frame: frame.type == f.RST_STREAM)
    assert (reset.stream, reset.error_code) == (1, f.NO_ERROR)
    peer.send(f.data(1, b"still on its way")).serves(3)


def test_8_1_100_continue(peer):
    peer.request(1, ("expect", "100-continue"), ("content-length", "3"), method="POST", path="/body", end=False)
    assert dict(peer.until(lambda frame: frame.type == f.HEADERS).fields) == {":status": "100"}
    peer.send(f.data(1, b"abc", f.END_STREAM))
    answer = peer.answer()
    assert answer.status == 200 and b'"body": "abc"' in answer.body


def test_8_1_no_100_continue_for_what_is_refused(peer):
    peer.request(1, ("expect", "100-continue"), ("content-length", "99999999"), method="POST", path="/body", end=False)
    answer = peer.answer()
    assert (answer.status, answer.interim) == (413, [])


def test_8_1_1_content_length_is_right(peer):
    peer.request(1, ("content-length", "6"), method="POST", path="/body", end=False)
    peer.send(f.data(1, b"abc"), f.data(1, b"def", f.END_STREAM))
    assert b'"body": "abcdef"' in peer.answer().body


@pytest.mark.parametrize("sent", [[b"ab"], [b"abcd"], [b"a", b"b"], [b"ab", b"cd"], [b""]])
@pytest.mark.parametrize("path", ["/body", "/stream"])
def test_8_1_1_content_length_differs(peer, sent, path):
    peer.request(1, ("content-length", "3"), method="POST", path=path, end=False)
    peer.send(*(f.data(1, part) for part in sent[:-1]), f.data(1, sent[-1], f.END_STREAM))
    peer.stream_error(1, f.PROTOCOL_ERROR)


@pytest.mark.parametrize("value", ["-1", "+3", "3, 3", "0x3", "", " 3", "18446744073709551616"])
def test_8_1_1_invalid_content_length(peer, value):
    peer.request(1, ("content-length", value), method="POST", path="/body", end=False)
    peer.stream_error(1, f.PROTOCOL_ERROR)


def test_8_1_1_two_content_lengths(peer):
    peer.request(1, ("content-length", "3"), ("content-length", "3"), method="POST", path="/body", end=False)
    peer.stream_error(1, f.PROTOCOL_ERROR)


@pytest.mark.parametrize(
    "field",
    [
        ("X-Upper", "1"),
        ("", "empty"),
        ("sp ace", "1"),
        ("co:lon", "1"),
        ("x", "a\nb"),
        ("x", "a\rb"),
        ("x", "a\0b"),
        ("x", " leading"),
        ("x", "trailing\t"),
        ("caf\xe9", "1"),
    ],
    ids=repr,
)
def test_8_2_1_field_validity(peer, field):
    get(peer, 1, field).stream_error(1, f.PROTOCOL_ERROR)


def test_what_a_malformed_field_holds_is_in_no_log(peer, gateway):
    """It may be a credential. The next stream has a fault of its own."""
    get(peer, 1, ("X-Faulty", "OF-ONE-USER")).stream_error(1, f.PROTOCOL_ERROR)
    peer.request(3, ("content-length", "1"), method="POST", path="/faulty-body", end=False)
    peer.send(f.data(3, b"xx")).stream_error(3, f.PROTOCOL_ERROR)
    assert "400" in gateway.access_line("name: [X-Faulty")
    assert "the stream is malformed: PROTOCOL_ERROR" in gateway.access_line("/faulty-body")
    assert not [line for line in gateway.access_log() if "OF-ONE-USER" in line]


@pytest.mark.parametrize(
    "field",
    [
        ("connection", "keep-alive"),
        ("connection", "close"),
        ("proxy-connection", "keep-alive"),
        ("keep-alive", "timeout=5"),
        ("transfer-encoding", "chunked"),
        ("upgrade", "websocket"),
        ("te", "trailers, deflate"),
        ("te", "gzip"),
    ],
    ids=lambda field: f"{field[0]}: {field[1]}",
)
def test_8_2_2_connection_specific(peer, field):
    get(peer, 1, field).stream_error(1, f.PROTOCOL_ERROR)


def test_8_2_2_te_trailers(peer):
    assert get(peer, 1, ("te", "trailers")).answer().status == 200


def test_8_2_2_none_in_responses(peer):
    names = get(peer, path="/body").answer().headers.keys()
    assert not names & {"connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"}
    assert all(name == name.lower() for name in names)


def test_8_2_3_cookie_crumbs(peer):
    body = echoed(peer, ("cookie", "a=1"), ("x", "y"), ("cookie", "b=2"), ("cookie", "c=3"))
    assert b'["cookie", "a=1; b=2; c=3"]' in body


@pytest.mark.parametrize("name", [":unknown", ":status", ":protocol", ":"])
def test_8_3_unknown_pseudo_field(peer, name):
    get(peer, 1, *[], **{}).answer()
    peer.send(f.headers(3, hpack.block(*pseudo(), (name, "200")))).stream_error(3, f.PROTOCOL_ERROR)


def test_8_3_pseudo_field_after_a_regular_one(peer):
    peer.send(f.headers(1, hpack.block(("x", "y"), *pseudo()))).stream_error(1, f.PROTOCOL_ERROR)


@pytest.mark.parametrize("name", PSEUDO)
def test_8_3_1_repeated(peer, name):
    peer.send(f.headers(1, hpack.block(*pseudo(), (name, PSEUDO[name])))).stream_error(1, f.PROTOCOL_ERROR)


@pytest.mark.parametrize("name", ["method", "scheme", "path"])
def test_8_3_1_missing(peer, name):
    get(peer, **{name: None}).stream_error(1, f.PROTOCOL_ERROR)


@pytest.mark.parametrize("name", ["method", "scheme", "path"])
def test_8_3_1_empty(peer, name):
    get(peer, **{name: ""}).stream_error(1, f.PROTOCOL_ERROR)


@pytest.mark.parametrize("path", ["a", "http://shop.example/", "?x", "*"])
def test_8_3_1_path_form(peer, path):
    get(peer, path=path)
    frame = peer.until(lambda frame: frame.stream == 1)
    if frame.type == f.HEADERS:
        assert dict(frame.fields)[":status"] == "400"
    else:
        assert (frame.type, frame.error_code) == (f.RST_STREAM, f.PROTOCOL_ERROR)
    peer.alive()


def test_8_3_1_asterisk(peer):
    """As over HTTP/1: about the server as a whole (RFC 9110 section 9.3.7), and no rule is asked."""
    answer = get(peer, method="OPTIONS", path="*").answer()
    assert answer.status == 200 and answer.body == b""
    assert "GET" in answer.headers["allow"].split(", ")
    assert answer.headers["content-length"] == "0"


def test_8_3_1_authority_becomes_host(peer):
    assert b'["host", "' in echoed(peer, authority="shop.example:8080")


def test_8_3_1_host_alone(peer):
    assert get(peer, 1, ("host", "shop.example"), authority=None).answer().status == 200


def test_8_3_1_neither_authority_nor_host(peer):
    get(peer, authority=None).stream_error(1, f.PROTOCOL_ERROR)


def test_8_3_1_host_that_agrees(peer):
    assert get(peer, 1, ("host", "SHOP.example")).answer().status == 200


def test_8_3_1_host_that_differs(peer):
    assert get(peer, 1, ("host", "other.example")).answer().status == 400


@pytest.mark.parametrize("authority", ["user@shop.example", "shop.example/x", "a b", "a,b", "[::1", "shop.example:x"])
def test_8_3_1_invalid_authority(peer, authority):
    get(peer, authority=authority)
    frame = peer.until(lambda frame: frame.stream == 1)
    if frame.type == f.HEADERS:
        assert dict(frame.fields)[":status"] == "400"
    else:
        assert (frame.type, frame.error_code) == (f.RST_STREAM, f.PROTOCOL_ERROR)


def test_8_3_1_no_pseudo_field_reaches_a_backend(peer):
    assert b'[":' not in echoed(peer, ("x", "y"))


@pytest.mark.parametrize("method", ["G ET", "GE\tT", "GET\n", "(GET)"])
def test_8_3_1_method_is_a_token(peer, method):
    get(peer, method=method).stream_error(1, f.PROTOCOL_ERROR)


def test_8_5_connect(peer):
    peer.send(f.headers(1, hpack.block((":method", "CONNECT"), (":authority", "a.example:443"))))
    assert peer.answer().status == 501


def test_8_5_connect_with_a_path(peer):
    get(peer, method="CONNECT").stream_error(1, f.PROTOCOL_ERROR)


def test_8_6_upgrade_is_ignored(port):
    """Upgrade to h2c is obsolete (section 3.1)."""
    from client import Connection

    with Connection(port) as connection:
        connection.send(
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: \r\n\r\n"
        )
        assert connection.receive().status == 200


def test_9_1_two_targets_are_routed_apart(peer):
    assert get(peer, 1, path="/").answer(1).body == b"hello"
    assert get(peer, 3, path="/body?q").answer(3).status == 200


def test_large_answer_over_many_windows(peer):
    peer.send(f.window_update(0, 1 << 24), f.window_update(0, 1 << 24), f.settings((f.INITIAL_WINDOW_SIZE, 1 << 24)))
    for stream in (1, 3, 5):
        get(peer, stream, path="/big")
    for stream in (5, 3, 1):
        assert peer.answer(stream).body == b"x" * 300_000


@pytest.mark.parametrize("path", ["/body", "/stream"])
def test_upload_larger_than_the_window(peer, path):
    """The server gives the window back as the body is taken, and not before (section 5.2)."""
    total, sent = 1_000_000, 0
    room = {0: 65535 + 0, 1: peer.server_settings[f.INITIAL_WINDOW_SIZE]}
    for frame in peer.seen:
        if frame.type == f.WINDOW_UPDATE:
            room[frame.stream] += int.from_bytes(frame.payload, "big")
    peer.request(method="POST", path=path, end=False)
    while sent < total:
        size = min(16384, total - sent, *room.values())
        if size == 0:
            frame = peer.until(lambda frame: frame.type == f.WINDOW_UPDATE)
            room[frame.stream] += int.from_bytes(frame.payload, "big")
            continue
        peer.send(f.data(1, b"a" * size))
        sent += size
        room = {key: value - size for key, value in room.items()}
    peer.send(f.window_update(0, 1 << 24), f.window_update(1, 1 << 24), f.data(1, b"", f.END_STREAM))
    answer = peer.answer()
    assert answer.status == 200 and answer.body.count(b"a" * 1000) >= total // 1000
