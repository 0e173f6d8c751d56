# SPDX-License-Identifier: Apache-2.0
"""Frames of RFC 9113 section 4.1, as bytes: also those that nobody should send."""

import struct
from dataclasses import dataclass

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)

END_STREAM = ACK = 0x1
END_HEADERS = 0x4
PADDED = 0x8
PRIORITY_FLAG = 0x20

(
    NO_ERROR,
    PROTOCOL_ERROR,
    INTERNAL_ERROR,
    FLOW_CONTROL_ERROR,
    SETTINGS_TIMEOUT,
    STREAM_CLOSED,
    FRAME_SIZE_ERROR,
    REFUSED_STREAM,
    CANCEL,
    COMPRESSION_ERROR,
    CONNECT_ERROR,
    ENHANCE_YOUR_CALM,
) = range(12)

HEADER_TABLE_SIZE, ENABLE_PUSH, MAX_CONCURRENT_STREAMS, INITIAL_WINDOW_SIZE, MAX_FRAME_SIZE, MAX_HEADER_LIST_SIZE = range(
    1, 7
)

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
HEAD_BYTES = 9


@dataclass
class Frame:
    type: int
    flags: int
    stream: int
    payload: bytes

    def __bytes__(self) -> bytes:
        return struct.pack(">I", len(self.payload))[1:] + struct.pack(">BBI", self.type, self.flags, self.stream) + self.payload

    @property
    def error_code(self) -> int:
        """Of RST_STREAM and GOAWAY."""
        return struct.unpack_from(">I", self.payload, 0 if self.type == RST_STREAM else 4)[0]


def parse_head(head: bytes) -> tuple[int, int, int, int]:
    """(length, type, flags, stream)"""
    kind, flags, stream = struct.unpack(">BBI", head[3:])
    return int.from_bytes(head[:3], "big"), kind, flags, stream & 0x7FFFFFFF


def padded(payload: bytes, pad: int) -> bytes:
    return bytes([pad]) + payload + bytes(pad)


def data(stream: int, payload: bytes = b"", flags: int = 0) -> bytes:
    return bytes(Frame(DATA, flags, stream, payload))


def headers(stream: int, block: bytes, flags: int = END_HEADERS | END_STREAM) -> bytes:
    return bytes(Frame(HEADERS, flags, stream, block))


def continuation(stream: int, block: bytes, flags: int = END_HEADERS) -> bytes:
    return bytes(Frame(CONTINUATION, flags, stream, block))


def priority_fields(depends_on: int, weight: int = 16, exclusive: bool = False) -> bytes:
    return struct.pack(">IB", depends_on | (0x80000000 if exclusive else 0), weight - 1)


def priority(stream: int, depends_on: int, weight: int = 16, exclusive: bool = False) -> bytes:
    return bytes(Frame(PRIORITY, 0, stream, priority_fields(depends_on, weight, exclusive)))


def rst_stream(stream: int, code: int = CANCEL) -> bytes:
    return bytes(Frame(RST_STREAM, 0, stream, struct.pack(">I", code)))


def settings(*values: tuple[int, int]) -> bytes:
    return bytes(Frame(SETTINGS, 0, 0, b"".join(struct.pack(">HI", *value) for value in values)))


def settings_ack() -> bytes:
    return bytes(Frame(SETTINGS, ACK, 0, b""))


def ping(payload: bytes = b"12345678", flags: int = 0, stream: int = 0) -> bytes:
    return bytes(Frame(PING, flags, stream, payload))


def goaway(last: int = 0, code: int = NO_ERROR, stream: int = 0) -> bytes:
    return bytes(Frame(GOAWAY, 0, stream, struct.pack(">II", last, code)))


def window_update(stream: int, increment: int) -> bytes:
    return bytes(Frame(WINDOW_UPDATE, 0, stream, struct.pack(">I", increment)))
