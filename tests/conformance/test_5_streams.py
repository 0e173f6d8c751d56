# SPDX-License-Identifier: Apache-2.0
"""RFC 9113 section 5: streams. A test is named by its section."""

import struct

import frames as f
import hpack
import pytest
from peer import fields


def half_closed(peer):
    """Stream 1 is half-closed (remote): its response waits for the stream's window."""
    return peer.send(f.settings((f.INITIAL_WINDOW_SIZE, 10))).request(path="/big")


@pytest.mark.parametrize(
    "frame",
    [f.data(1, b"x", f.END_STREAM), f.rst_stream(1), f.window_update(1, 100), f.continuation(1, fields())],
    ids=["DATA", "RST_STREAM", "WINDOW_UPDATE", "CONTINUATION"],
)
def test_5_1_idle(peer, frame):
    peer.send(frame).connection_error(f.PROTOCOL_ERROR)


def test_5_1_idle_priority(peer):
    peer.send(f.priority(1, 0))
    peer.serves(1)


@pytest.mark.parametrize(
    "frame", [f.data(1, b"x", f.END_STREAM), f.headers(1, fields())], ids=["DATA", "HEADERS"]
)
def test_5_1_half_closed_remote(peer, frame):
    half_closed(peer).send(frame).connection_error(f.STREAM_CLOSED)


def test_5_1_half_closed_remote_continuation(peer):
    half_closed(peer).send(f.continuation(1, fields())).connection_error(f.PROTOCOL_ERROR)


@pytest.mark.parametrize(
    "frame", [f.window_update(1, 100), f.priority(1, 0), f.rst_stream(1)], ids=["WINDOW_UPDATE", "PRIORITY", "RST_STREAM"]
)
def test_5_1_half_closed_remote_allows(peer, frame):
    half_closed(peer).send(frame).serves(3)


@pytest.mark.parametrize("frame", [f.data(1, b"x"), f.headers(1, fields())], ids=["DATA", "HEADERS"])
def test_5_1_closed_by_reset(peer, frame):
    peer.request(end=False, method="POST", path="/body").send(f.rst_stream(1), frame)
    peer.connection_error(f.STREAM_CLOSED)


@pytest.mark.parametrize("frame", [f.data(1, b"x"), f.headers(1, fields())], ids=["DATA", "HEADERS"])
def test_5_1_closed(peer, frame):
    peer.serves(1)
    peer.send(frame).connection_error(f.STREAM_CLOSED)


@pytest.mark.parametrize("reset", [False, True])
def test_5_1_closed_continuation(peer, reset):
    peer.serves(1)
    if reset:
        peer.request(3, end=False, method="POST", path="/body").send(f.rst_stream(3))
    peer.send(f.continuation(3 if reset else 1, fields())).connection_error(f.PROTOCOL_ERROR)


@pytest.mark.parametrize(
    "frame", [f.window_update(1, 100), f.priority(1, 0), f.rst_stream(1)], ids=["WINDOW_UPDATE", "PRIORITY", "RST_STREAM"]
)
def test_5_1_closed_allows(peer, frame):
    peer.serves(1)
    peer.send(frame).serves(3)


def test_5_1_frames_on_their_way_when_we_reset(peer):
    """A stream that the server has reset: what the client sent before it knew is no error."""
    peer.send(
        f.headers(1, fields(("transfer-encoding", "chunked"), method="POST"), f.END_HEADERS),
        f.data(1, b"x"),
        f.headers(1, hpack.block(("x", "y"))),
    )
    peer.stream_error(1, f.PROTOCOL_ERROR)
    peer.serves(3)


@pytest.mark.parametrize("stream", [2, 100])
def test_5_1_1_even_identifier(peer, stream):
    peer.send(f.headers(stream, fields())).connection_error(f.PROTOCOL_ERROR)


def test_5_1_1_smaller_identifier(peer):
    peer.serves(5)
    peer.send(f.headers(3, fields())).connection_error(f.PROTOCOL_ERROR)


def test_5_1_1_skipped_identifiers(peer):
    for stream in (1, 7, 9, 1001):
        peer.serves(stream)


def test_5_1_2_concurrent_streams_are_limited(peer):
    limit = peer.server_settings[f.MAX_CONCURRENT_STREAMS]
    assert limit >= 100, "section 6.5.2 recommends no less"
    for i in range(limit + 1):
        peer.request(2 * i + 1, method="POST", path="/body", end=False)
    frame = peer.until(lambda frame: frame.type in (f.GOAWAY, f.RST_STREAM))
    assert frame.error_code in (f.PROTOCOL_ERROR, f.REFUSED_STREAM)


def test_5_1_2_before_settings_are_acknowledged(connect):
    """The client cannot know the limit yet: what is over it is refused and may be tried again."""
    peer = connect(start=False)
    peer.send(f.PREFACE, f.settings())
    first = peer.read()
    limit = dict(struct.iter_unpack(">HI", first.payload))[f.MAX_CONCURRENT_STREAMS]
    for i in range(limit + 1):
        peer.request(2 * i + 1, method="POST", path="/body", end=False)
    peer.stream_error(2 * limit + 1, f.REFUSED_STREAM, last=False)
    peer.send(f.settings_ack(), f.data(1, b"", f.END_STREAM))
    assert peer.answer(1).status == 200


def test_5_1_2_a_stream_makes_room_for_the_next(peer):
    limit = peer.server_settings[f.MAX_CONCURRENT_STREAMS]
    for i in range(limit * 3):
        peer.serves(2 * i + 1)


@pytest.mark.parametrize("frame", ["HEADERS", "PRIORITY"])
def test_5_3_1_depends_on_itself(peer, frame):
    """RFC 7540's priorities are ignored (RFC 9113 5.3.2); what could never be valid may still be refused."""
    if frame == "HEADERS":
        peer.send(f.headers(1, f.priority_fields(1) + fields(), f.END_HEADERS | f.END_STREAM | f.PRIORITY_FLAG))
        peer.connection_error(f.PROTOCOL_ERROR)
    else:
        peer.send(f.priority(1, 1)).alive()


def test_5_4_1_goaway_names_the_last_stream(peer):
    peer.serves(1)
    peer.serves(3)
    peer.send(f.data(0, b"x"))
    goaway = peer.connection_error(f.PROTOCOL_ERROR)
    assert struct.unpack_from(">I", goaway.payload)[0] == 3


def test_5_4_1_connection_ends_after_an_error(peer):
    peer.send(f.ping(stream=1))
    peer.connection_error(f.PROTOCOL_ERROR)


def test_5_5_extensions_are_ignored(peer):
    peer.send(bytes(f.Frame(0x16, 0xFF, 1, b"x" * 100)))
    peer.serves(1)


def test_2_multiplexing(peer):
    """Generic: responses come as they are ready, each on its stream."""
    streams = list(range(1, 101, 2))
    for stream in streams:
        peer.request(stream, ("x-number", str(stream)), path=f"/body?{stream}")
    for stream in reversed(streams):
        assert f"/body?{stream}\"".encode() in peer.answer(stream).body
