# SPDX-License-Identifier: Apache-2.0
"""RFC 9113 section 10.5: what one client may take. The limits stand in docs/http2.md."""

import frames as f
import hpack
import pytest
from peer import Gone, fields


def calm_down(peer) -> None:
    peer.connection_error(f.ENHANCE_YOUR_CALM)


def test_rapid_reset(peer):
    for i in range(3000):
        peer.send(f.headers(2 * i + 1, fields(path="/body")), f.rst_stream(2 * i + 1))
    calm_down(peer)


def test_resets_that_the_client_brings_about(peer):
    """Streams that the server has to reset count as well."""
    malformed = hpack.block((":method", "GET"))
    for i in range(10000):
        peer.send(f.headers(2 * i + 1, malformed))
        frame = peer.until(lambda frame: frame.type in (f.RST_STREAM, f.GOAWAY))
        if frame.type == f.GOAWAY:
            peer.seen.append(frame)
            break
    calm_down(peer)


def test_some_resets_are_normal(peer):
    for i in range(100):
        peer.send(f.headers(2 * i + 1, fields(path="/body")), f.rst_stream(2 * i + 1))
    peer.serves(201)


@pytest.mark.parametrize(
    ("frame", "count"),
    [
        (f.ping(), 5000),
        (f.settings(), 2000),
        (f.priority(1, 0), 50000),
        (f.window_update(0, 1), 100000),
        (bytes(f.Frame(0xBE, 0, 0, b"")), 20000),
    ],
    ids=["PING", "SETTINGS", "PRIORITY", "WINDOW_UPDATE", "unknown"],
)
def test_flood(peer, frame, count):
    for _ in range(count // 500):
        peer.send(frame * 500)
    calm_down(peer)


def test_flood_of_empty_data(peer):
    peer.request(method="POST", path="/body", end=False).send(f.data(1) * 5000)
    calm_down(peer)


def test_flood_of_continuations(peer):
    peer.send(f.headers(1, fields(), f.END_STREAM), f.continuation(1, b"", 0) * 100)
    calm_down(peer)


def test_too_many_settings_in_one_frame(peer):
    peer.send(f.settings(*[(0xFF, 1)] * 100))
    calm_down(peer)


def test_hpack_bomb(peer):
    """One entry of the table, referred to in every byte."""
    peer.send(f.headers(1, fields() + hpack.incremental("x-bomb", "y" * 4000)))
    assert peer.answer(1).status == 200
    peer.send(f.headers(3, fields() + hpack.indexed(62) * 16000))
    calm_down(peer)


@pytest.mark.parametrize(
    "more",
    [
        [(f"x-{i}", "y" * 3000) for i in range(30)],
        [("x", "y")] * 201,
        [("x-long", "y" * 14000)] * 5,
    ],
    ids=["bytes", "fields", "long fields"],
)
def test_431(peer, more):
    block = fields(*more)
    parts = [block[i : i + 16000] for i in range(0, len(block), 16000)]
    peer.send(f.headers(1, parts[0], f.END_STREAM | (f.END_HEADERS if len(parts) == 1 else 0)))
    for part in parts[1:]:
        peer.send(f.continuation(1, part, f.END_HEADERS if part is parts[-1] else 0))
    assert peer.answer().status == 431
    peer.serves(3)


def test_414(peer):
    block = fields(path="/" + "a" * 17000)
    peer.send(f.headers(1, block[:16000], f.END_STREAM), f.continuation(1, block[16000:]))
    assert peer.answer().status == 414


def test_header_list_size_is_announced(peer):
    assert peer.server_settings[f.MAX_HEADER_LIST_SIZE] == 65536


# --- patience


def test_head_timeout(connect, hurried_port):
    peer = connect(to=hurried_port)
    peer.send(f.headers(1, fields(), f.END_STREAM))
    calm_down(peer)


def test_preface_timeout(connect, hurried_port):
    peer = connect(start=False, to=hurried_port)
    peer.send(f.PREFACE)
    peer.connection_error(f.SETTINGS_TIMEOUT)


def test_idle_timeout(connect, hurried_port):
    connect(to=hurried_port).connection_error(f.NO_ERROR)


def test_idle_timeout_is_not_put_off_by_pings(connect, hurried_port):
    peer = connect(to=hurried_port)
    with pytest.raises((Gone, AssertionError)):
        for _ in range(10000):
            peer.alive()
    peer.closed()


def test_body_timeout(connect, hurried_port):
    peer = connect(to=hurried_port)
    peer.request(method="POST", end=False)
    assert peer.answer().status == 408


def test_write_timeout_of_a_stream(connect, hurried_port):
    peer = connect((f.INITIAL_WINDOW_SIZE, 10), to=hurried_port)
    peer.request(path="/big")
    peer.stream_error(1, f.INTERNAL_ERROR, f.CANCEL, last=False)


def test_write_timeout_of_the_connection(connect, hurried_port, gateway):
    """Who takes nothing at all is dropped: the server must not hold what it has for him for ever."""
    peer = connect((f.INITIAL_WINDOW_SIZE, 1 << 30), to=hurried_port)
    peer.send(f.window_update(0, 1 << 30))
    for i in range(100):  # 30 MB, more than the kernel's buffers take
        peer.request(2 * i + 1, path="/big?stuck")
    assert " 499]" in gateway.access_line("/big?stuck HTTP/2.0 4")
