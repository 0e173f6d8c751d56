# SPDX-License-Identifier: Apache-2.0
"""RFC 9113 sections 3 and 4: starting, frames, header compression. A test is named by its section."""

import frames as f
import hpack
import pytest
from peer import Gone, fields


def test_3_4_server_preface_is_settings(connect):
    peer = connect(start=False)
    peer.send(f.PREFACE, f.settings())
    first = peer.read()
    assert first.type == f.SETTINGS and first.stream == 0 and not first.flags & f.ACK


def test_3_4_preface_in_single_bytes(connect):
    peer = connect(start=False)
    for byte in f.PREFACE + f.settings() + f.headers(1, fields()):
        peer.send(bytes([byte]))
    assert peer.answer(1).status == 200


def test_3_4_request_before_the_servers_settings(connect):
    peer = connect(start=False)
    peer.send(f.PREFACE, f.settings(), f.headers(1, fields()))
    assert peer.answer(1).body == b"hello"


def test_3_4_invalid_preface_is_not_http2(connect):
    peer = connect(start=False)
    peer.send(b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n")
    assert peer._receive(9) == b"HTTP/1.1 ", "to an HTTP/1 server it is a bad request"
    with pytest.raises(Gone):
        peer._receive(1 << 20)


@pytest.mark.parametrize("first", [f.ping(), f.headers(1, fields()), f.window_update(0, 1)])
def test_3_4_first_frame_must_be_settings(connect, first):
    peer = connect(start=False)
    peer.send(f.PREFACE, first)
    peer.connection_error(f.PROTOCOL_ERROR)


def test_4_1_unknown_type_is_ignored(peer):
    peer.send(bytes(f.Frame(0xBE, 0, 0, b"1234"))).alive()


def test_4_1_unknown_flags_are_ignored(peer):
    peer.send(f.ping(flags=0xFE & ~f.ACK))
    peer.until(lambda frame: frame.type == f.PING and frame.flags == f.ACK)


def test_4_1_reserved_bit_is_ignored(peer):
    peer.send(bytes(f.Frame(f.PING, 0, 0x80000000, b"abcdefgh")))
    peer.until(lambda frame: frame.type == f.PING and frame.payload == b"abcdefgh")


def test_4_2_frame_of_16384_bytes(peer):
    peer.request(method="POST", path="/body", end=False).send(f.data(1, b"a" * 16384, f.END_STREAM))
    assert peer.answer().status == 200


def test_4_2_larger_data_frame(peer):
    peer.request(method="POST", path="/body", end=False).send(f.data(1, b"a" * 16385, f.END_STREAM))
    peer.connection_error(f.FRAME_SIZE_ERROR)


def test_4_2_larger_headers_frame(peer):
    peer.send(f.headers(1, fields(("x", "a" * 16385))))
    peer.connection_error(f.FRAME_SIZE_ERROR)


def test_4_2_larger_frame_of_unknown_type(peer):
    peer.send(bytes(f.Frame(0xBE, 0, 0, b"a" * 16385)))
    peer.connection_error(f.FRAME_SIZE_ERROR)


def test_4_3_invalid_block(peer):
    peer.send(f.headers(1, hpack.literal(0x40, "x")[:1] + b"\xff\xff\xff\xff\xff\xff"))
    peer.connection_error(f.COMPRESSION_ERROR)


def test_4_3_cut_block(peer):
    peer.send(f.headers(1, fields()[:-3]))
    peer.connection_error(f.COMPRESSION_ERROR)


@pytest.mark.parametrize(
    "between",
    [f.priority(1, 0), f.headers(3, fields()), f.ping(), f.data(1, b"x"), bytes(f.Frame(0xBE, 0, 0, b""))],
    ids=["PRIORITY", "HEADERS", "PING", "DATA", "unknown"],
)
def test_4_3_nothing_within_a_block(peer, between):
    peer.send(f.headers(1, fields(), f.END_STREAM), between)
    peer.connection_error(f.PROTOCOL_ERROR)


def test_4_3_table_is_kept_for_refused_streams(peer):
    """A block is decoded even if its request is not served: what follows refers to it."""
    bad = hpack.block((":method", "GET"), (":path", "/"), (":authority", "a")) + hpack.incremental("x-kept", "yes")
    peer.send(f.headers(1, bad))
    peer.stream_error(1, f.PROTOCOL_ERROR)
    peer.send(f.headers(3, fields(path="/body") + hpack.indexed(62)))
    assert b'["x-kept", "yes"]' in peer.answer(3).body
