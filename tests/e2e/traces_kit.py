# SPDX-License-Identifier: Apache-2.0
"""Collectors of traces: they take what OpenTelemetry's and Zipkin's protocols send, and know no code of the gateway."""

import gzip
import json
import re
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

from raw_backend import RawBackend
from scripted import Answer, Call, Scripted

KINDS = {1: "internal", 2: "server", 3: "client"}
EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"


@dataclass
class Span:
    trace: str
    id: str
    parent: str  # "": none
    name: str
    kind: str
    start: int  # nanoseconds since 1970
    end: int
    attributes: dict
    service: dict  # the attributes of the service
    failed: bool = False
    state: str = ""
    events: list[tuple[str, dict]] = field(default_factory=list)


# --- protobuf, by its wire format ---------------------------------------------------------------


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        octet = data[at]
        value |= (octet & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if octet < 0x80:
            return value, at


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        number, wire = key >> 3, key & 7
        if wire == 0:
            value, at = _varint(data, at)
        elif wire == 1:
            value, at = struct.unpack_from("<Q", data, at)[0], at + 8
        elif wire == 2:
            size, at = _varint(data, at)
            assert at + size <= len(data), "a field ends behind its message"
            value, at = data[at : at + size], at + size
        else:
            assert wire == 5, wire
            value, at = struct.unpack_from("<I", data, at)[0], at + 4
        yield number, value


def _all(data: bytes, number: int) -> list:
    return [value for found, value in _fields(data) if found == number]


def _one(data: bytes, number: int, default=b""):
    found = _all(data, number)
    return found[-1] if found else default


def _value(data: bytes):
    for number, value in _fields(data):
        if number == 1:
            return value.decode()  # strict: a string of protobuf is UTF-8
        if number == 3:
            return value - (1 << 64) if value >> 63 else value
    raise AssertionError(f"a value of no known type: {data!r}")


def _attributes(pairs: list[bytes]) -> dict:
    found = {_one(pair, 1).decode(): _value(_one(pair, 2)) for pair in pairs}
    assert len(found) == len(pairs), "a key occurs once"
    return found


def _otlp_span(data: bytes, service: dict) -> Span:
    trace, span = _one(data, 1), _one(data, 2)
    assert len(trace) == 16 and len(span) == 8
    return Span(
        trace=trace.hex(),
        id=span.hex(),
        parent=_one(data, 4).hex(),
        name=_one(data, 5).decode(),
        kind=KINDS[_one(data, 6)],
        start=_one(data, 7),
        end=_one(data, 8),
        attributes=_attributes(_all(data, 9)),
        service=service,
        failed=_one(_one(data, 15), 3, 0) == 2,
        state=_one(data, 3).decode(),
        events=[(_one(event, 2).decode(), _attributes(_all(event, 3))) for event in _all(data, 11)],
    )


def read_otlp(body: bytes) -> list[Span]:
    """An ExportTraceServiceRequest."""
    spans = []
    for group in _all(body, 1):
        service = _attributes(_all(_one(group, 1), 1))
        for scope in _all(group, 2):
            spans += [_otlp_span(span, service) for span in _all(scope, 2)]
    return spans


def read_zipkin(body: bytes) -> list[Span]:
    spans = []
    for each in json.loads(body):
        assert re.fullmatch("[0-9a-f]{32}", each["traceId"]) and re.fullmatch("[0-9a-f]{16}", each["id"])
        assert all(isinstance(value, str) for value in each["tags"].values())
        spans.append(
            Span(
                trace=each["traceId"],
                id=each["id"],
                parent=each.get("parentId", ""),
                name=each["name"],
                kind=each.get("kind", "internal").lower(),
                start=each["timestamp"] * 1000,
                end=(each["timestamp"] + each["duration"]) * 1000,
                attributes=each["tags"],
                service={"service.name": each["localEndpoint"]["serviceName"]},
                failed="error" in each["tags"],
                events=[(event["value"], {}) for event in each.get("annotations", [])],
            )
        )
    return spans


# --- collectors ---------------------------------------------------------------------------------


class Collector(Scripted):
    """Takes spans over HTTP, by either protocol. `answer` decides what it says, and whether it keeps the spans."""

    def __init__(self):
        self.spans: list[Span] = []
        self._lock = threading.Lock()
        self.reply = lambda call: Answer()
        super().__init__(self._take)

    def _take(self, call: Call) -> Answer | None:
        answer = self.reply(call)
        if answer is not None and answer.status < 300:
            body = gzip.decompress(call.body) if call.headers.get("content-encoding") == "gzip" else call.body
            json_body = call.headers["content-type"] == "application/json"
            spans = read_zipkin(body) if json_body else read_otlp(body)
            with self._lock:
                self.spans += spans
        return answer


def _frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return struct.pack(">I", len(payload))[1:] + bytes((kind, flags)) + struct.pack(">I", stream) + payload


def _literal(name: bytes, value: bytes) -> bytes:
    """A field of HPACK, without Huffman and without the table."""
    return b"\0" + bytes((len(name),)) + name + bytes((len(value),)) + value


class GrpcCollector(RawBackend):
    """Takes spans over gRPC: HTTP/2 without TLS, as far as one client needs it."""

    def __init__(self):
        self.spans: list[Span] = []
        self.heads: list[bytes] = []
        self.status = 0
        super().__init__()

    def serve(self, connection) -> None:
        stream = connection.makefile("rb")
        assert stream.read(24) == b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
        connection.sendall(_frame(4, 0, 0) + _frame(8, 0, 0, struct.pack(">I", 1 << 30)))
        bodies: dict[int, bytes] = {}
        while head := stream.read(9):
            size, kind, flags = int.from_bytes(head[:3], "big"), head[3], head[4]
            number = int.from_bytes(head[5:9], "big")
            payload = stream.read(size)
            if kind == 4 and not flags & 1:
                connection.sendall(_frame(4, 1, 0))
            elif kind == 6 and not flags & 1:
                connection.sendall(_frame(6, 1, 0, payload))
            elif kind == 1:
                self.heads.append(payload)
                bodies[number] = b""
            elif kind == 0:
                bodies[number] += payload
                connection.sendall(_frame(8, 0, number, struct.pack(">I", max(size, 1))))
                if flags & 1:
                    connection.sendall(self.answer(number, bodies.pop(number)))

    def answer(self, number: int, body: bytes) -> bytes:
        compressed, size = body[0], int.from_bytes(body[1:5], "big")
        message = body[5:]
        assert len(message) == size
        if self.status == 0:
            self.spans += read_otlp(gzip.decompress(message) if compressed else message)
        head = b"\x88" + _literal(b"content-type", b"application/grpc")
        end = _literal(b"grpc-status", str(self.status).encode())
        return _frame(1, 4, number, head) + _frame(0, 0, number, b"\0" * 5) + _frame(1, 5, number, end)


class TracedBackend(Scripted):
    """A backend that keeps the context of each request, as its own spans would have it."""

    def contexts(self) -> list[tuple[str, str, str]]:
        """(trace, parent, flags) of each call."""
        return [tuple(call.headers["traceparent"].split("-")[1:]) for call in self.calls]
