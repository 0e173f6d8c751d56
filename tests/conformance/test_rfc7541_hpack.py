# SPDX-License-Identifier: Apache-2.0
"""RFC 7541: header compression. A test is named by its section."""

import frames as f
import hpack
import pytest
from peer import fields

BASE = hpack.indexed(2) + hpack.indexed(6)  # GET, http


def ask(peer, block: bytes, stream: int = 1):
    return peer.send(f.headers(stream, block))


def path(text: str = "/body") -> bytes:
    return hpack.literal(4, text)


def host() -> bytes:
    return hpack.literal(1, "shop.example")


def test_2_3_1_static_table(peer):
    ask(peer, BASE + path() + host() + b"".join(hpack.indexed(index) for index in (16,)))
    assert b'["accept-encoding", "gzip, deflate"]' in peer.answer().body


@pytest.mark.parametrize("index", [62, 70, 200, 1 << 20])
def test_2_3_3_index_beyond_the_tables(peer, index):
    ask(peer, BASE + path() + host() + hpack.indexed(index)).connection_error(f.COMPRESSION_ERROR)


@pytest.mark.parametrize("make", [hpack.literal, hpack.incremental, hpack.never_indexed])
def test_2_3_3_name_index_beyond_the_tables(peer, make):
    ask(peer, BASE + path() + host() + make(70, "x")).connection_error(f.COMPRESSION_ERROR)


def test_2_3_2_dynamic_table(peer):
    ask(peer, BASE + path() + host() + hpack.incremental("x-one", "1") + hpack.incremental("x-two", "2"))
    peer.answer(1)
    ask(peer, BASE + path() + host() + hpack.indexed(62) + hpack.indexed(63), 3)
    body = peer.answer(3).body
    assert body.index(b'["x-two", "2"]') < body.index(b'["x-one", "1"]')


def test_4_1_entries_are_evicted(peer):
    for i in range(3):
        ask(peer, BASE + path() + host() + hpack.incremental(f"x-{i}", "y" * 1900), 2 * i + 1)
        peer.answer(2 * i + 1)
    ask(peer, BASE + path() + host() + hpack.indexed(63), 7)
    assert b'["x-1", "' in peer.answer(7).body
    ask(peer, BASE + path() + host() + hpack.indexed(64), 9).connection_error(f.COMPRESSION_ERROR)


def test_4_4_entry_larger_than_the_table_empties_it(peer):
    ask(peer, BASE + path() + host() + hpack.incremental("x-small", "1") + hpack.incremental("x-huge", "y" * 5000))
    assert peer.answer(1).status == 200
    ask(peer, BASE + path() + host() + hpack.indexed(62), 3).connection_error(f.COMPRESSION_ERROR)


def test_4_2_size_update_first(peer):
    ask(peer, hpack.table_size(0) + hpack.table_size(4096) + fields())
    assert peer.answer().status == 200


def test_4_2_size_update_later(peer):
    ask(peer, fields() + hpack.table_size(100)).connection_error(f.COMPRESSION_ERROR)


def test_4_3_size_0_evicts_all(peer):
    ask(peer, BASE + path() + host() + hpack.incremental("x-one", "1"))
    peer.answer(1)
    ask(peer, hpack.table_size(0) + BASE + path() + host() + hpack.indexed(62), 3)
    peer.connection_error(f.COMPRESSION_ERROR)


@pytest.mark.parametrize("tail", [b"\xff" * 20, b"\xff" + b"\x80" * 20 + b"\x01"])
def test_5_1_integer_overflow(peer, tail):
    ask(peer, BASE + path() + host() + tail).connection_error(f.COMPRESSION_ERROR)


@pytest.mark.parametrize("make", [hpack.literal, hpack.incremental, hpack.never_indexed])
def test_5_2_huffman(peer, make):
    text = "".join(map(chr, range(0x21, 0x7F))) + " ~" + "".join(map(chr, range(0xA0, 0x100)))
    ask(peer, BASE + path() + host() + make("x-coded", text, coded=True))
    assert b'"x-coded"' in peer.answer().body


def coded(data: bytes) -> bytes:
    return hpack.literal("x", "")[:-1] + hpack.integer(len(data), 7, 0x80) + data


def test_5_2_padding_of_8_bits(peer):
    ask(peer, BASE + path() + host() + coded(hpack.huffman(b"aaaaaaaa") + b"\xff")).connection_error(f.COMPRESSION_ERROR)


def test_5_2_padding_of_zeros(peer):
    ask(peer, BASE + path() + host() + coded(b"\x18")).connection_error(f.COMPRESSION_ERROR)


def test_5_2_eos(peer):
    ask(peer, BASE + path() + host() + coded(b"\xff\xff\xff\xff")).connection_error(f.COMPRESSION_ERROR)


def test_5_2_string_longer_than_the_block(peer):
    block = BASE + path() + host() + hpack.literal("x", "")[:-1] + hpack.integer(100, 7) + b"short"
    ask(peer, block).connection_error(f.COMPRESSION_ERROR)


def test_6_1_index_0(peer):
    ask(peer, BASE + path() + host() + hpack.indexed(0)).connection_error(f.COMPRESSION_ERROR)


@pytest.mark.parametrize("make", [hpack.literal, hpack.incremental, hpack.never_indexed])
@pytest.mark.parametrize("name", ["x-name", 58])
@pytest.mark.parametrize("huffman", [False, True])
def test_6_2_literals(peer, make, name, huffman):
    ask(peer, BASE + path() + host() + make(name, "Mozilla/5.0", huffman))
    assert b'"Mozilla/5.0"]' in peer.answer().body


def test_6_2_2_without_indexing_leaves_the_table(peer):
    ask(peer, BASE + path() + host() + hpack.literal("x", "y") + hpack.never_indexed("z", "y"))
    peer.answer(1)
    ask(peer, BASE + path() + host() + hpack.indexed(62), 3).connection_error(f.COMPRESSION_ERROR)


def test_6_3_larger_than_allowed(peer):
    ask(peer, hpack.table_size(4097) + fields()).connection_error(f.COMPRESSION_ERROR)


def test_6_3_smaller_table_of_ours_is_kept(connect):
    """Our decoder has no table: what the server sends must not refer to one."""
    peer = connect((f.HEADER_TABLE_SIZE, 0))
    peer.decoder.size_max = 0
    for stream in (1, 3, 5):
        peer.serves(stream)
    assert peer.decoder.table == []
