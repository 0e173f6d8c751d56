# SPDX-License-Identifier: Apache-2.0
"""The response side: what stands in front of a backend sees its response, changes it and lets it through. The cache
and the compression of a Proxy, a program behind the Proxy, and a second gateway, alone and one in front of another."""

import gzip
import json
import queue
import socket
import sys
import threading
import zlib
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from client import Connection, request
from gateway import DEADLINE, free_port, http_server, mock, pipeline, proxy, wait_until, wasm
from raw_backend import RawBackend, read_head
from scripted import Answer, Scripted

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "conformance"))

import frames as f
from peer import Gone, Peer

CACHE = {"expiration": "10m", "maxEntryBytes": 100_000, "codes": [200], "methods": ["GET", "HEAD"]}
COMPRESSION = {"minLength": 1}
TEXT = b"".join(b"line %d\n" % number for number in range(500))

EVENTS = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
LAST = b"0\r\n\r\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


# --- backends


class Stepwise(RawBackend):
    """Says what the test tells it to, when the test tells it: to each request the words up to NEXT, in their order."""

    NEXT, CLOSE, WATCH = object(), object(), object()

    def __init__(self):
        self.left = threading.Semaphore(0)  # one permit for each connection that the gateway has closed under WATCH
        self._words: queue.SimpleQueue = queue.SimpleQueue()
        super().__init__()

    def says(self, *words) -> None:
        for word in words:
            self._words.put(word)

    def serve(self, connection: socket.socket) -> None:
        while head := read_head(connection):
            if b"\r\nte: trailers\r\n" not in head.lower():
                return  # of another test's gateway, whose backend had this port before
            while (word := self._word(head)) is not self.NEXT:
                if word is self.CLOSE:
                    return
                if word is self.WATCH:
                    return self.watch(connection)
                connection.sendall(word)

    def _word(self, head: bytes):
        try:
            return self._words.get(timeout=DEADLINE)
        except queue.Empty:
            raise AssertionError(f"the test says nothing to {head!r}") from None

    def watch(self, connection: socket.socket) -> None:
        try:
            if connection.recv(1):
                return
        except ConnectionResetError:
            pass
        self.left.release()


@pytest.fixture
def backend():
    with Stepwise() as instance:
        yield instance


@pytest.fixture
def page():
    """A backend with a page that may be kept, and its conditional requests."""

    def answer(call):
        fields = {"Content-Type": "text/plain", "ETag": '"a"', "Cache-Control": "max-age=60"}
        held = call.headers.get("if-none-match", "").removeprefix("W/")
        return Answer(304, fields) if held == '"a"' else Answer(headers=fields, body=TEXT)

    with Scripted(answer) as instance:
        yield instance


# --- clients


@dataclass
class Head:
    status: int
    headers: dict[str, str]


@dataclass
class Rest:
    body: bytes
    trailers: dict[str, str] = field(default_factory=dict)


class Client:
    """One connection. The parts of a response come one by one; a response that breaks off is a ConnectionError."""

    trailers: dict[str, str]

    def __enter__(self):
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def rest(self) -> Rest:
        pieces = list(iter(self.piece, b""))
        return Rest(b"".join(pieces), self.trailers)

    def whole(self, path: str = "/", method: str = "GET", **fields: str) -> tuple[Head, Rest]:
        self.ask(path, method, **fields)
        return self.head(), self.rest()


class ByHttp1(Client):
    def __init__(self, port: int):
        self.connection = Connection(port)

    def close(self) -> None:
        self.connection.close()

    leave = close

    def ask(self, path: str = "/", method: str = "GET", body: bytes = b"", **fields: str) -> None:
        self.method, self.trailers = method, {}
        self.connection.send(request(path, method, body, TE="trailers", **fields))

    def head(self) -> Head:
        """The next head, be it interim."""
        first, *lines = self.connection._until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        pairs = (line.partition(":") for line in lines)
        head = Head(int(first.split(" ")[1]), {name.lower(): value.strip() for name, _, value in pairs})
        self.chunked = head.headers.get("transfer-encoding") == "chunked"
        self.left = int(head.headers.get("content-length", 0))
        if self.method == "HEAD" or head.status in (204, 304):
            self.chunked, self.left = False, 0
        return head

    def piece(self) -> bytes:
        """The next bytes of the body; b"" at its end."""
        if self.chunked:
            return self._chunk()
        if self.left == 0:
            return b""
        if not self.connection.buffer and not self.connection._fill():
            raise ConnectionError(f"closed {self.left} bytes before the end")
        data = self.connection.buffer[: self.left]
        self.connection.buffer = self.connection.buffer[len(data) :]
        self.left -= len(data)
        return data

    def _chunk(self) -> bytes:
        size = int(self.connection._until(b"\r\n"), 16)
        if size > 0:
            data = self.connection._exactly(size)
            assert self.connection._exactly(2) == b"\r\n"
            return data
        while line := self.connection._until(b"\r\n").decode("latin-1"):
            name, _, value = line.partition(":")
            self.trailers[name.lower()] = value.strip()
        self.chunked = False
        return b""


class ByHttp2(Client):
    def __init__(self, port: int):
        self.peer = Peer(port)
        self.stream = -1

    def close(self) -> None:
        self.peer.socket.close()

    def leave(self) -> None:
        """Gives up the stream; the connection stays."""
        self.peer.send(f.rst_stream(self.stream))

    def ask(self, path: str = "/", method: str = "GET", body: bytes = b"", **fields: str) -> None:
        self.stream += 2
        self.trailers, self.ended = {}, False
        more = [("te", "trailers"), *((name.lower().replace("_", "-"), value) for name, value in fields.items())]
        self.peer.request(self.stream, *more, method=method, path=path, end=not body)
        if body:
            self.peer.send(f.data(self.stream, body, f.END_STREAM))

    def _frame(self) -> f.Frame:
        try:
            frame = self.peer.until(lambda frame: frame.stream == self.stream and frame.type != f.WINDOW_UPDATE)
        except Gone:
            raise ConnectionError("closed") from None
        if frame.type == f.RST_STREAM:
            raise ConnectionError(f"reset with {frame.error_code}")
        self.ended = bool(frame.flags & f.END_STREAM)
        return frame

    def head(self) -> Head:
        frame = self._frame()
        assert frame.type == f.HEADERS
        headers = dict(frame.fields)
        return Head(int(headers[":status"]), headers)

    def piece(self) -> bytes:
        while not self.ended:
            frame = self._frame()
            if frame.type == f.HEADERS:
                self.trailers = dict(frame.fields)
            elif frame.payload:
                return frame.payload
        return b""


CLIENTS = {"h1": ByHttp1, "h2": ByHttp2}


@pytest.fixture(params=CLIENTS)
def connect(request):
    return CLIENTS[request.param]


# --- what stands in front of the backend


def cached(url: str, **more) -> dict:
    return proxy(url, memoryCache=CACHE, **more)


def compressed(spec: dict) -> dict:
    return {**spec, "compression": COMPRESSION}


class Site:
    """A port of a pipeline whose filters have a name in SIDES."""

    SIDES = ("proxy", "cache", "gzip", "cache-gzip", "cache-gzip-program", "gateways")

    def __init__(self, server, guests: Path, port: int):
        self.server, self.guests, self.port = server, guests, port
        self.side = ""

    def put(self, side: str, url: str) -> int:
        self.side = side
        filters = {
            "proxy": lambda: [proxy(url)],
            "cache": lambda: [cached(url)],
            "gzip": lambda: [compressed(proxy(url))],
            "cache-gzip": lambda: [compressed(cached(url))],
            # It does not read responses, so it does not wait for them.
            "cache-gzip-program": lambda: [compressed(cached(url)), wasm(self.guests / "minimal.wasm")],
            "gateways": lambda: [compressed(proxy(self.inner(url)))],
        }
        return self.run(*filters[side]())

    def inner(self, url: str) -> str:
        """A server of the same gateway, with a cache."""
        number = free_port()
        self.server.apply(
            pipeline("inner", cached(url)), http_server(number, {"backend": "inner"}, name="inner-server")
        )
        return f"http://127.0.0.1:{number}"

    def run(self, *filters: dict, flow: list[dict] | None = None) -> int:
        self.server.apply(pipeline("p", *filters, flow=flow), http_server(self.port, {"backend": "p"}))
        return self.port

    @property
    def caches(self) -> bool:
        return "cache" in self.side or self.side == "gateways"

    @property
    def compresses(self) -> bool:
        return "gzip" in self.side or self.side == "gateways"


@pytest.fixture
def site(server, guests, port):
    return Site(server, guests, port)


@pytest.fixture(params=Site.SIDES)
def side(request) -> str:
    return request.param


class Reading:
    """The text of a body that may be compressed, as far as it has come."""

    def __init__(self, client: Client, head: Head):
        self.client = client
        self.compressed = head.headers.get("content-encoding") == "gzip"
        self._unpack = zlib.decompressobj(31) if self.compressed else None

    def unpack(self, data: bytes) -> bytes:
        return self._unpack.decompress(data) if self._unpack else data

    def until(self, end: bytes) -> bytes:
        text = b""
        while not text.endswith(end):
            data = self.client.piece()
            assert data, f"the body ends after {text!r}"
            text += self.unpack(data)
        return text

    def rest(self) -> Rest:
        rest = self.client.rest()
        rest.body = self.unpack(rest.body)
        assert self._unpack is None or self._unpack.eof, "the compressed text has its end"
        return rest


def begin(site, client, backend, method: str = "GET", **fields: str) -> Reading:
    """Asks for events; the first has come."""
    backend.says(EVENTS, chunk(b"one\n"))
    client.ask("/", method, Accept_Encoding="gzip", **fields)
    reading = Reading(client, client.head())
    assert reading.compressed == site.compresses
    assert reading.until(b"\n") == b"one\n"
    return reading


# --- streams


def test_each_piece_passes_while_the_backend_still_sends(site, backend, connect, side):
    port = site.put(side, backend.url)
    with connect(port) as client:
        for _ in range(2):  # the connection goes on
            reading = begin(site, client, backend)
            for text in (b"two\n", b"three\n"):
                backend.says(chunk(text))
                assert reading.until(b"\n") == text
            backend.says(LAST, backend.NEXT)
            assert reading.rest() == Rest(b"")


def test_trailers_of_a_stream(site, backend, connect, side):
    port = site.put(side, backend.url)
    with connect(port) as client:
        reading = begin(site, client, backend)
        backend.says(b"0\r\nX-Sum: 1\r\nContent-Digest: sha-256=:abc=:\r\n\r\n", backend.NEXT)
        digest = {} if site.compresses else {"content-digest": "sha-256=:abc=:"}
        assert reading.rest() == Rest(b"", {"x-sum": "1", **digest})


def test_trailers_of_a_whole_body(site, page, connect, side):
    port = site.put(side, page.url)
    fields = {"Content-Type": "text/plain", "Cache-Control": "max-age=60", "ETag": '"a"'}
    trailers = {"X-Sum": "1", "Repr-Digest": "sha-256=:abc=:"}
    page.answer = lambda call: Answer(headers=fields, chunks=[TEXT], trailers=trailers)
    with connect(port) as client:
        for _ in range(2):
            client.ask(Accept_Encoding="gzip")
            head = client.head()
            reading = Reading(client, head)
            assert head.headers["etag"] == ('W/"a"' if site.compresses else '"a"')
            digest = {} if site.compresses else {"repr-digest": "sha-256=:abc=:"}
            assert reading.rest() == Rest(TEXT, {"x-sum": "1", **digest})
        # The other form of what was kept
        client.ask(Accept_Encoding="br")
        head = client.head()
        assert head.headers["etag"] == '"a"' and "content-encoding" not in head.headers
        assert client.rest() == Rest(TEXT, {"x-sum": "1", "repr-digest": "sha-256=:abc=:"})
    assert len(page.calls) == (1 if site.caches else 3)


# --- responses without a body

COMPARED = ("content-type", "content-encoding", "etag", "vary", "cache-control")


def test_head(site, page, connect, side):
    """As GET, without the body; before there is something in the cache, and afterwards."""
    port = site.put(side, page.url)
    with connect(port) as client:
        heads = []
        for method in ("HEAD", "GET", "HEAD"):
            head, rest = client.whole(method=method, Accept_Encoding="gzip")
            assert head.status == 200
            if method == "HEAD":
                assert rest.body == b"" and head.headers.get("content-length") in (None, str(len(TEXT)))
            else:
                assert (gzip.decompress(rest.body) if site.compresses else rest.body) == TEXT
            heads.append([head.headers.get(name) for name in COMPARED])
        assert heads[0] == heads[1] == heads[2]
        assert heads[0][1] == ("gzip" if site.compresses else None)


def test_not_modified(site, page, connect, side):
    port = site.put(side, page.url)
    with connect(port) as client:
        for _ in range(2):
            head, _ = client.whole(Accept_Encoding="gzip")
            tag = head.headers["etag"]
            again, rest = client.whole(Accept_Encoding="gzip", If_None_Match=tag)
            assert (again.status, rest) == (304, Rest(b""))
            assert again.headers["etag"] == tag and "content-encoding" not in again.headers
            assert again.headers.get("vary") == head.headers.get("vary")


def test_interim_responses_come_first_and_at_once(site, backend, connect, side):
    port = site.put(side, backend.url)
    with connect(port) as client:
        for link in (b"</a.css>", b"</b.css>"):
            backend.says(b"HTTP/1.1 103 Early Hints\r\nLink: %b\r\n\r\n" % link)
            client.ask(Accept_Encoding="gzip")
            hint = client.head()
            assert (hint.status, hint.headers["link"]) == (103, link.decode())
            backend.says(EVENTS, chunk(b"one\n"))
            head = client.head()
            assert head.status == 200 and "link" not in head.headers
            reading = Reading(client, head)
            assert reading.until(b"\n") == b"one\n"
            backend.says(LAST, backend.NEXT)
            assert reading.rest() == Rest(b"")


# --- early ends


@pytest.mark.parametrize("framing", ["chunks", "length"])
def test_a_stream_that_breaks_off(site, server, backend, connect, side, framing):
    """The client sees it: no end of the body, nor of the compressed text."""
    port = site.put(side, backend.url)
    head = EVENTS if framing == "chunks" else EVENTS.replace(b"Transfer-Encoding: chunked", b"Content-Length: 100000")
    with connect(port) as client:
        backend.says(head, chunk(b"one\n") if framing == "chunks" else b"one\n")
        client.ask(Accept_Encoding="gzip")
        reading = Reading(client, client.head())
        assert reading.compressed == site.compresses
        assert reading.until(b"\n") == b"one\n"
        backend.says(backend.CLOSE)
        with pytest.raises(ConnectionError):
            client.rest()
    assert "response body: " in server.access_line("response body: ")
    with connect(port) as client:
        reading = begin(site, client, backend)
        backend.says(LAST, backend.NEXT)
        assert reading.rest() == Rest(b"")


READERS = {
    "proxy": lambda url: proxy(url),
    "cache": lambda url: cached(url),
    "gzip": lambda url: compressed(proxy(url)),
    "cache-gzip": lambda url: compressed(cached(url)),
}


@pytest.fixture(params=READERS)
def reader(site, backend, guests, request):
    """The port of a program that reads responses: it waits for the whole body."""
    site.side = request.param
    return site.run(READERS[request.param](backend.url), wasm(guests / "reads-response.wasm"))


def test_a_program_that_reads_gets_a_stream_whole(site, backend, reader, connect):
    with connect(reader) as client:
        for _ in range(2):
            backend.says(EVENTS, chunk(b"one\n"), chunk(b"two\n"), b"0\r\nX-Sum: 1\r\n\r\n", backend.NEXT)
            client.ask(Accept_Encoding="gzip")
            head = client.head()
            reading = Reading(client, head)
            assert (head.status, reading.compressed) == (200, site.compresses)
            assert reading.rest() == Rest(b"one\ntwo\n", {"x-sum": "1"})


def test_a_program_that_reads_learns_that_it_breaks_off(backend, reader, connect):
    """Nothing has gone out yet."""
    with connect(reader) as client:
        for _ in range(2):
            backend.says(EVENTS, chunk(b"one\n"), backend.CLOSE)
            head, rest = client.whole(Accept_Encoding="gzip")
            assert (head.status, rest) == (502, Rest(b""))
            assert "content-encoding" not in head.headers


@pytest.mark.parametrize("length", [b"Content-Length: 1234", b"Transfer-Encoding: chunked"], ids=["length", "chunks"])
def test_a_program_that_reads_finds_nothing_behind_head(site, backend, reader, connect, length):
    head = b"HTTP/1.1 200 OK\r\nCache-Control: no-store\r\n" + length + b"\r\n\r\n"
    with connect(reader) as client:
        for accept in ("gzip", "br"):
            backend.says(head, backend.NEXT)
            got, rest = client.whole(method="HEAD", Accept_Encoding=accept)
            assert (got.status, rest) == (200, Rest(b""))
            told = b"1234" in length and not (site.compresses and accept == "gzip")
            assert got.headers.get("content-length") == ("1234" if told else None)


def test_a_client_that_leaves_frees_all_of_it(site, server, backend, connect, side):
    port = site.put(side, backend.url)
    with connect(port) as client:
        begin(site, client, backend)
        backend.says(backend.WATCH)
        client.leave()
        assert backend.left.acquire(timeout=DEADLINE), "the backend is told"
    wait_until(lambda: server.status("http-server")["memory"]["held"]["responses"] == 0, "nothing is held")
    wait_until(lambda: server.status("http-server")["openConnections"] == 0, "no connection is")


def test_a_client_that_leaves_gives_its_place_in_the_compression_back(server, port):
    """One body at a time and core: who comes meanwhile gets the plain text, who comes afterwards does not."""
    go_on = threading.Event()

    def events():
        yield b"one\n"
        go_on.wait(DEADLINE)

    def answer(call):
        chunks = events() if call.target == "/endless" else [b"all\n"]
        return Answer(headers={"Content-Type": "text/event-stream"}, chunks=chunks)

    with Scripted(answer) as backend:
        spec = {**proxy(backend.url, serverMaxBodySize=-1), "compression": {"minLength": 1, "maxStreams": 1}}
        server.apply(pipeline("p", spec), http_server(port, {"backend": "p"}))
        with ByHttp2(port) as client:
            client.ask("/endless", Accept_Encoding="gzip")
            reading = Reading(client, client.head())
            assert reading.compressed and reading.until(b"\n") == b"one\n"
            endless = client.stream

            def asks() -> bool:
                client.ask("/short", Accept_Encoding="gzip")
                reading = Reading(client, client.head())
                assert reading.rest() == Rest(b"all\n")
                return reading.compressed

            assert not asks()
            client.peer.send(f.rst_stream(endless))
            wait_until(asks, "the place is free")
        go_on.set()


# --- flows


FAILING = EVENTS.replace(b"200 OK", b"503 No").replace(b"\r\n\r\n", b'\r\nETag: "b"\r\n\r\n')
ON_FAILURE = {"failureCode": "other"}


def test_a_jump_drops_the_stream_that_it_leaves(site, server, backend, connect):
    """Nothing of the failed response is left: not its body, nor its coding, nor its connection."""
    port = site.run(
        compressed(cached(backend.url)),
        mock("other\n", "other"),
        flow=[{"filter": "proxy", "jumpIf": ON_FAILURE}, {"filter": "END"}, {"filter": "other"}],
    )
    with connect(port) as client:
        for _ in range(2):
            backend.says(FAILING, chunk(b"one\n"), backend.WATCH)
            head, rest = client.whole(Accept_Encoding="gzip")
            assert (head.status, rest) == (200, Rest(b"other\n"))
            assert not {"content-encoding", "etag"} & set(head.headers)
            assert backend.left.acquire(timeout=DEADLINE)
        assert "proxy(failureCode" in server.access_line("other(mocked")


@pytest.mark.parametrize("target", ["END", None], ids=["jump-to-end", "no-jump"])
def test_a_failure_that_ends_the_flow_streams_too(site, backend, guests, connect, target):
    """The program behind it would wait for the body."""
    flow = [{"filter": "proxy", "jumpIf": {"failureCode": target} if target else {}}, {"filter": "wasm"}]
    port = site.run(compressed(cached(backend.url)), wasm(guests / "probe.wasm"), flow=flow)
    with connect(port) as client:
        backend.says(FAILING, chunk(b"one\n"))
        client.ask(Accept_Encoding="gzip", X_Mode="ret1")
        head = client.head()
        reading = Reading(client, head)
        assert (head.status, reading.compressed) == (503, True)
        assert reading.until(b"\n") == b"one\n"
        backend.says(LAST, backend.NEXT)
        assert reading.rest() == Rest(b"")


def test_the_end_of_a_flow_lets_a_stream_pass(site, backend, connect):
    port = site.run(
        compressed(proxy(backend.url)),
        mock("other\n", "other"),
        flow=[{"filter": "proxy"}, {"filter": "END"}, {"filter": "other"}],
    )
    site.side = "gzip"
    with connect(port) as client:
        reading = begin(site, client, backend)
        backend.says(LAST, backend.NEXT)
        assert reading.rest() == Rest(b"")


def test_interim_responses_of_both_that_were_asked(site, backend, page, connect):
    """What the first has hinted at was said before anybody knew that it fails."""
    port = site.run(
        compressed(cached(backend.url)),
        compressed({**cached(page.url), "name": "other"}),
        flow=[{"filter": "proxy", "jumpIf": ON_FAILURE}, {"filter": "END"}, {"filter": "other"}],
    )
    with connect(port) as client:
        backend.says(b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n")
        client.ask(Accept_Encoding="gzip")
        assert client.head().status == 103
        backend.says(FAILING, chunk(b"one\n"), backend.WATCH)
        head = client.head()
        assert (head.status, head.headers["etag"], head.headers["content-encoding"]) == (200, 'W/"a"', "gzip")
        assert Reading(client, head).rest() == Rest(TEXT)
        assert backend.left.acquire(timeout=DEADLINE)


def test_several_change_one_response_in_their_order(site, page, guests, connect):
    """The cache keeps the plain page; the compression weakens its tag; programs see both, in the order of the flow."""
    program = wasm(guests / "probe.wasm")
    port = site.run(
        compressed(cached(page.url)),
        program,
        flow=[{"filter": "proxy"}, {"filter": "wasm"}, {"filter": "wasm", "alias": "again"}],
    )
    with connect(port) as client:
        for status in ("201", "202"):
            head, rest = client.whole(X_Mode="status", X_Status=status, Accept_Encoding="br")
            assert head.status == int(status)
            # The second run sees what the first has left.
            assert json.loads(rest.body) == {"before": int(status), "after": int(status)}
        head, rest = client.whole(X_Mode="echo-nothing", Accept_Encoding="gzip")
        assert (head.status, gzip.decompress(rest.body)) == (200, TEXT)
        assert head.headers["etag"] == 'W/"a"'
    assert len(page.calls) == 1, "what programs do is not kept"


# --- a body that is replaced


def test_a_replaced_body_takes_the_place_of_a_stream(site, backend, guests, connect):
    """The length is the new one's, and the trailers of the old one are gone."""
    port = site.run(cached(backend.url), wasm(guests / "probe.wasm"))
    with connect(port) as client:
        for _ in range(2):
            backend.says(EVENTS, chunk(b"one\n"), b"0\r\nX-Sum: 1\r\n\r\n", backend.NEXT)
            head, rest = client.whole(method="POST", body=b"new", X_Mode="body")
            assert (head.status, head.headers["content-length"], head.headers["x-length"]) == (200, "3", "3")
            assert rest == Rest(b"new")


def test_a_body_for_which_there_is_no_place_is_not_sent(site, page, guests, connect):
    """A program gives one to HEAD and to 304; the connection goes on."""
    port = site.run(compressed(cached(page.url)), wasm(guests / "probe.wasm"))
    with connect(port) as client:
        for _ in range(2):
            head, rest = client.whole(method="HEAD", X_Mode="status", X_Status="200")
            assert (head.status, rest) == (200, Rest(b""))
            head, rest = client.whole(If_None_Match='"a"', X_Mode="status", X_Status="304")
            assert (head.status, rest) == (304, Rest(b""))
            head, rest = client.whole(X_Mode="status", X_Status="200")
            assert json.loads(rest.body) == {"before": 200, "after": 200}
