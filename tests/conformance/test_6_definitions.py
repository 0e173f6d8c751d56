# SPDX-License-Identifier: Apache-2.0
"""RFC 9113 sections 6 and 7: frame definitions and error codes. A test is named by its section."""

import struct

import frames as f
import hpack
import pytest
from peer import fields

BIG = 300_000


def upload(peer, stream: int = 1, *more, path: str = "/body"):
    return peer.request(stream, *more, method="POST", path=path, end=False)


# --- 6.1 DATA


def test_6_1_on_stream_0(peer):
    peer.send(f.data(0, b"x")).connection_error(f.PROTOCOL_ERROR)


def test_6_1_several_frames(peer):
    upload(peer).send(*(f.data(1, b"ab") for _ in range(10)), f.data(1, b"c", f.END_STREAM))
    assert b'"body": "' + b"ab" * 10 + b'c"' in peer.answer().body


def test_6_1_padding(peer):
    upload(peer).send(f.data(1, f.padded(b"abc", 255), f.PADDED), f.data(1, f.padded(b"", 0), f.PADDED | f.END_STREAM))
    assert b'"body": "abc"' in peer.answer().body


@pytest.mark.parametrize("payload", [b"\x05abc", b"\x04abcd", b"\xff"])
def test_6_1_padding_longer_than_the_payload(peer, payload):
    upload(peer).send(f.data(1, payload[:4], f.PADDED | f.END_STREAM)).connection_error(f.PROTOCOL_ERROR)


def test_6_1_padding_counts_for_flow_control(peer):
    """A client that pads must get its window back, too."""
    window = peer.server_settings[f.INITIAL_WINDOW_SIZE]
    upload(peer, path="/")
    for _ in range(8):
        for _ in range(window // 1000 // 2 + 1):  # more than half of it: then it is given back
            peer.send(f.data(1, f.padded(b"a" * 744, 255), f.PADDED))
        peer.until(lambda frame: frame.type == f.WINDOW_UPDATE and frame.stream == 1)
    peer.send(f.data(1, b"", f.END_STREAM))
    assert peer.answer().status == 200


# --- 6.2 HEADERS


def test_6_2_padding(peer):
    peer.send(f.headers(1, f.padded(fields(), 200), f.END_HEADERS | f.END_STREAM | f.PADDED))
    assert peer.answer().status == 200


def test_6_2_priority(peer):
    block = f.priority_fields(0, 256, exclusive=True) + fields()
    peer.send(f.headers(1, block, f.END_HEADERS | f.END_STREAM | f.PRIORITY_FLAG))
    assert peer.answer().status == 200


def test_6_2_padding_and_priority(peer):
    block = f.padded(f.priority_fields(0) + fields(), 3)
    peer.send(f.headers(1, block, f.END_HEADERS | f.END_STREAM | f.PRIORITY_FLAG | f.PADDED))
    assert peer.answer().status == 200


def test_6_2_on_stream_0(peer):
    peer.send(f.headers(0, fields())).connection_error(f.PROTOCOL_ERROR)


def test_6_2_padding_longer_than_the_payload(peer):
    peer.send(f.headers(1, b"\xff" + fields(), f.END_HEADERS | f.END_STREAM | f.PADDED))
    peer.connection_error(f.PROTOCOL_ERROR)


def test_6_2_too_short_for_its_priority(peer):
    peer.send(f.headers(1, b"\x00\x00", f.END_HEADERS | f.END_STREAM | f.PRIORITY_FLAG))
    peer.connection_error(f.FRAME_SIZE_ERROR)


# --- 6.3 PRIORITY


@pytest.mark.parametrize("frame", [f.priority(1, 0), f.priority(1, 0, 256), f.priority(3, 1, 1, True), f.priority(101, 99)])
def test_6_3_is_ignored(peer, frame):
    peer.send(frame).serves(1)


def test_6_3_on_stream_0(peer):
    peer.send(f.priority(0, 1)).connection_error(f.PROTOCOL_ERROR)


@pytest.mark.parametrize("size", [0, 4, 6])
def test_6_3_wrong_size(peer, size):
    """A stream error would do (the section asks for no more)."""
    peer.send(bytes(f.Frame(f.PRIORITY, 0, 1, bytes(size)))).connection_error(f.FRAME_SIZE_ERROR)


# --- 6.4 RST_STREAM


def test_6_4_ends_the_stream(peer):
    upload(peer).send(f.rst_stream(1)).serves(3)


def test_6_4_on_stream_0(peer):
    peer.send(f.rst_stream(0)).connection_error(f.PROTOCOL_ERROR)


@pytest.mark.parametrize("size", [0, 3, 5])
def test_6_4_wrong_size(peer, size):
    upload(peer).send(bytes(f.Frame(f.RST_STREAM, 0, 1, bytes(size)))).connection_error(f.FRAME_SIZE_ERROR)


# --- 6.5 SETTINGS


def test_6_5_ack_with_payload(peer):
    peer.send(bytes(f.Frame(f.SETTINGS, f.ACK, 0, bytes(6)))).connection_error(f.FRAME_SIZE_ERROR)


def test_6_5_on_a_stream(peer):
    peer.send(bytes(f.Frame(f.SETTINGS, 0, 1, b""))).connection_error(f.PROTOCOL_ERROR)


@pytest.mark.parametrize("size", [1, 5, 7])
def test_6_5_wrong_size(peer, size):
    peer.send(bytes(f.Frame(f.SETTINGS, 0, 0, bytes(size)))).connection_error(f.FRAME_SIZE_ERROR)


@pytest.mark.parametrize(
    ("setting", "value", "code"),
    [
        (f.ENABLE_PUSH, 2, f.PROTOCOL_ERROR),
        (f.INITIAL_WINDOW_SIZE, 1 << 31, f.FLOW_CONTROL_ERROR),
        (f.MAX_FRAME_SIZE, 16383, f.PROTOCOL_ERROR),
        (f.MAX_FRAME_SIZE, 1 << 24, f.PROTOCOL_ERROR),
    ],
)
def test_6_5_2_invalid_value(peer, setting, value, code):
    peer.send(f.settings((setting, value))).connection_error(code)


@pytest.mark.parametrize(
    "setting", [(f.ENABLE_PUSH, 0), (f.ENABLE_PUSH, 1), (f.MAX_FRAME_SIZE, 16777215), (f.INITIAL_WINDOW_SIZE, 0x7FFFFFFF),
                (f.HEADER_TABLE_SIZE, 0), (f.HEADER_TABLE_SIZE, 0xFFFFFFFF), (f.MAX_HEADER_LIST_SIZE, 100), (0xFF, 1)]
)  # fmt: skip
def test_6_5_2_valid_value(peer, setting):
    peer.send(f.settings(setting))
    peer.until(lambda frame: frame.type == f.SETTINGS and frame.flags & f.ACK)
    if setting[0] == f.HEADER_TABLE_SIZE:
        peer.decoder.size_max = min(4096, setting[1])
    peer.serves(1)


def test_6_5_3_last_value_counts(peer):
    peer.send(f.settings((f.INITIAL_WINDOW_SIZE, 100), (f.INITIAL_WINDOW_SIZE, 1)))
    peer.request(path="/big")
    assert len(peer.until(lambda frame: frame.type == f.DATA).payload) == 1


def test_6_5_3_every_settings_is_acknowledged(peer):
    peer.send(f.settings() * 5)
    for _ in range(5):
        peer.until(lambda frame: frame.type == f.SETTINGS and frame.flags & f.ACK and not frame.payload)


# --- 6.6 PUSH_PROMISE


def test_6_6_from_a_client(peer):
    peer.send(bytes(f.Frame(f.PUSH_PROMISE, f.END_HEADERS, 1, struct.pack(">I", 2) + fields())))
    peer.connection_error(f.PROTOCOL_ERROR)


# --- 6.7 PING


def test_6_7_is_answered_with_its_payload(peer):
    peer.send(f.ping(b"\x00\xff7654321"[:8]))
    assert peer.until(lambda frame: frame.type == f.PING).payload == b"\x00\xff765432"


def test_6_7_an_answer_is_not_answered(peer):
    peer.send(f.ping(b"nobodyis", f.ACK)).alive()
    assert not [frame for frame in peer.seen if frame.type == f.PING]


def test_6_7_on_a_stream(peer):
    peer.send(f.ping(stream=1)).connection_error(f.PROTOCOL_ERROR)


@pytest.mark.parametrize("size", [0, 6, 9])
def test_6_7_wrong_size(peer, size):
    peer.send(f.ping(bytes(size))).connection_error(f.FRAME_SIZE_ERROR)


# --- 6.8 GOAWAY


def test_6_8_on_a_stream(peer):
    peer.send(f.goaway(stream=1)).connection_error(f.PROTOCOL_ERROR)


def test_6_8_too_short(peer):
    peer.send(bytes(f.Frame(f.GOAWAY, 0, 0, bytes(7)))).connection_error(f.FRAME_SIZE_ERROR)


def test_6_8_streams_in_flight_are_finished(peer):
    upload(peer).send(f.goaway(), f.data(1, b"late", f.END_STREAM))
    assert b'"body": "late"' in peer.answer().body
    peer.closed()


# --- 6.9 WINDOW_UPDATE


@pytest.mark.parametrize("stream", [0, 1])
def test_6_9_makes_room(peer, stream):
    upload(peer).send(f.window_update(stream, 100), f.data(1, b"x", f.END_STREAM))
    assert peer.answer().status == 200


def test_6_9_zero_for_the_connection(peer):
    peer.send(f.window_update(0, 0)).connection_error(f.PROTOCOL_ERROR)


def test_6_9_zero_for_a_stream(peer):
    """A stream error would do."""
    upload(peer).send(f.window_update(1, 0)).connection_error(f.PROTOCOL_ERROR)


@pytest.mark.parametrize("size", [0, 3, 5])
def test_6_9_wrong_size(peer, size):
    peer.send(bytes(f.Frame(f.WINDOW_UPDATE, 0, 0, bytes(size)))).connection_error(f.FRAME_SIZE_ERROR)


def test_6_9_1_one_byte_at_a_time(peer):
    peer.send(f.settings((f.INITIAL_WINDOW_SIZE, 1)))
    peer.request()
    got = b""
    while got != b"hello":
        frame = peer.until(lambda frame: frame.type == f.DATA)
        assert len(frame.payload) == 1
        got += frame.payload
        peer.send(f.window_update(1, 1))


def test_6_9_1_connection_window_is_kept(peer):
    peer.send(f.settings((f.INITIAL_WINDOW_SIZE, 1 << 20)))
    peer.request(path="/big")
    got = 0
    while got < 65535:
        got += len(peer.until(lambda frame: frame.type == f.DATA).payload)
    assert got == 65535
    peer.alive()
    assert not [frame for frame in peer.seen if frame.type == f.DATA], "more than the window"
    peer.send(f.window_update(0, 1 << 20))
    assert got + len(peer.answer().body) == BIG


def test_6_9_1_no_room_for_the_others_no_harm(peer):
    """A stream whose window is closed holds up nobody else."""
    peer.send(f.settings((f.INITIAL_WINDOW_SIZE, 10)))
    for stream in range(1, 40, 2):
        peer.request(stream, path="/big")
    peer.serves(41)


def test_6_9_1_connection_window_overflow(peer):
    peer.send(f.window_update(0, 0x7FFFFFFF), f.window_update(0, 0x7FFFFFFF)).connection_error(f.FLOW_CONTROL_ERROR)


def test_6_9_1_stream_window_overflow(peer):
    upload(peer).send(f.window_update(1, 0x7FFFFFFF), f.window_update(1, 0x7FFFFFFF))
    peer.stream_error(1, f.FLOW_CONTROL_ERROR)


def test_6_9_1_client_ignores_our_window(peer):
    upload(peer, path="/unread")
    for _ in range(peer.server_settings[f.INITIAL_WINDOW_SIZE] // 16384):
        peer.send(f.data(1, bytes(16384)))
    peer.alive()
    assert not [frame for frame in peer.seen if frame.type == f.WINDOW_UPDATE and frame.stream == 1], "nobody has read it"
    peer.send(f.data(1, b"x"))
    frame = peer.until(lambda frame: frame.type in (f.GOAWAY, f.RST_STREAM))
    assert frame.error_code == f.FLOW_CONTROL_ERROR


def test_6_9_2_larger_initial_window_counts_for_open_streams(peer):
    peer.send(f.settings((f.INITIAL_WINDOW_SIZE, 0))).request()
    peer.alive()
    assert not [frame for frame in peer.seen if frame.type == f.DATA]
    peer.send(f.settings((f.INITIAL_WINDOW_SIZE, 1)))
    assert peer.until(lambda frame: frame.type == f.DATA).payload == b"h"


def test_6_9_2_negative_window(peer):
    peer.send(f.settings((f.INITIAL_WINDOW_SIZE, 3))).request()
    assert peer.until(lambda frame: frame.type == f.DATA).payload == b"hel"
    peer.send(f.settings((f.INITIAL_WINDOW_SIZE, 2)), f.window_update(1, 2))
    assert peer.until(lambda frame: frame.type == f.DATA).payload == b"l"


def test_6_9_2_initial_window_overflow(peer):
    upload(peer).send(f.window_update(1, 0x7FFFFFFF - 65535), f.settings((f.INITIAL_WINDOW_SIZE, 65536)))
    peer.connection_error(f.FLOW_CONTROL_ERROR)


def test_6_9_2_initial_window_overflow_in_pieces(peer):
    """The last of several values counts, however the frame is cut."""
    upload(peer).send(f.window_update(1, 0x7FFFFFFF - 65535))
    frame = f.settings((f.INITIAL_WINDOW_SIZE, 10), (f.HEADER_TABLE_SIZE, 0), (f.INITIAL_WINDOW_SIZE, 65536))
    for at in range(len(frame)):
        peer.send(frame[at : at + 1])
    peer.connection_error(f.FLOW_CONTROL_ERROR)


def test_6_9_2_largest_windows(peer):
    """2^31-1 is allowed; only open streams count, and only the last value."""
    upload(peer).send(f.window_update(1, 0x7FFFFFFF - 65535))
    peer.send(f.settings((f.INITIAL_WINDOW_SIZE, 65536), (f.INITIAL_WINDOW_SIZE, 65535))).alive()
    peer.send(f.rst_stream(1), f.settings((f.INITIAL_WINDOW_SIZE, 0x7FFFFFFF))).serves(3)


# --- 6.10 CONTINUATION


@pytest.mark.parametrize("pieces", [2, 3, 10])
def test_6_10_a_block_in_pieces(peer, pieces):
    block = fields(("x-many", "y" * 100))
    cuts = [block[i * len(block) // pieces : (i + 1) * len(block) // pieces] for i in range(pieces)]
    peer.send(f.headers(1, cuts[0], f.END_STREAM))
    for cut in cuts[1:-1]:
        peer.send(f.continuation(1, cut, 0))
    peer.send(f.continuation(1, cuts[-1]))
    assert peer.answer().status == 200


def test_6_10_on_another_stream(peer):
    peer.send(f.headers(1, fields(), f.END_STREAM), f.continuation(3, b"")).connection_error(f.PROTOCOL_ERROR)


def test_6_10_on_stream_0(peer):
    peer.send(f.headers(1, fields(), f.END_STREAM), f.continuation(0, b"")).connection_error(f.PROTOCOL_ERROR)


@pytest.mark.parametrize(
    "before",
    [
        f.headers(1, fields(), f.END_HEADERS),
        f.headers(1, fields()[:4], 0) + f.continuation(1, fields()[4:]),
        f.headers(1, fields(), f.END_HEADERS) + f.data(1, b"x"),
    ],
    ids=["HEADERS", "CONTINUATION", "DATA"],
)
def test_6_10_without_an_open_block(peer, before):
    peer.send(before, f.continuation(1, hpack.block(("x", "y")))).connection_error(f.PROTOCOL_ERROR)


# --- 7 error codes


def test_7_unknown_code_in_goaway(peer):
    upload(peer).send(f.goaway(code=0xFF), f.data(1, b"", f.END_STREAM))
    assert peer.answer().status == 200


def test_7_unknown_code_in_rst_stream(peer):
    upload(peer).send(f.rst_stream(1, 0xFF)).serves(3)
