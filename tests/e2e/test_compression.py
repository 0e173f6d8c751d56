# SPDX-License-Identifier: Apache-2.0
"""`compression` of the Proxy filter: gzip to the clients that take it."""

import gzip
import random
import subprocess
import threading
import zlib

import pytest

from client import Connection, fetch, request
from gateway import http_server, pipeline, proxy
from scripted import Answer, Scripted

TEXT = " ".join(str(number) for number in range(20_000)).encode()


@pytest.fixture
def backend():
    with Scripted(lambda call: Answer(headers={"Content-Type": "text/plain", "ETag": '"a"'}, body=TEXT)) as instance:
        yield instance


@pytest.fixture
def site(server, port, backend):
    server.apply(http_server(port, {"backend": "p"}))

    def put(min_length: int = 100, **pool) -> int:
        spec = proxy(backend.url, **pool)
        spec["compression"] = {"minLength": min_length}
        server.apply(pipeline("p", spec))
        return port

    return put


def test_whole_body(site, server, backend):
    port = site()
    response = fetch(port, "/a", Accept_Encoding="gzip")
    assert response.headers["content-encoding"] == "gzip"
    assert int(response.headers["content-length"]) < len(TEXT) / 2
    assert gzip.decompress(response.body) == TEXT
    assert response.headers["vary"] == "Accept-Encoding"
    assert response.headers["etag"] == 'W/"a"'
    assert "gzip" in server.access_line("/a")


@pytest.mark.parametrize("version", ["--http1.1", "--http2-prior-knowledge"])
@pytest.mark.parametrize("pool", [{}, {"serverMaxBodySize": -1}], ids=["whole", "stream"])
def test_curl_unpacks_it(site, version, pool):
    port = site(**pool)
    command = ["curl", "-sS", version, "--compressed", "-D", "-", f"http://127.0.0.1:{port}/"]
    done = subprocess.run(command, capture_output=True, timeout=60)
    assert b"content-encoding: gzip" in done.stdout.lower()
    assert done.stdout.endswith(TEXT)


@pytest.mark.parametrize("accept", [None, "", "br", "gzip;q=0", "identity, gzip;q=0.5", "*;q=0"])
def test_clients_that_do_not_take_it(site, accept):
    port = site()
    response = fetch(port, Accept_Encoding=accept)
    assert "content-encoding" not in response.headers
    assert response.body == TEXT
    assert response.headers["vary"] == "Accept-Encoding", "caches on the way must know"


@pytest.mark.parametrize("accept", ["gzip", "br;q=1, gzip;q=0.2", "*", "deflate, x-gzip"])
def test_clients_that_take_it(site, accept):
    assert gzip.decompress(fetch(site(), Accept_Encoding=accept).body) == TEXT


def test_short_bodies_stay(site, backend):
    port = site(100)
    backend.answer = lambda call: Answer(body=b"x" * int(call.target[1:]))
    assert fetch(port, "/99", Accept_Encoding="gzip").body == b"x" * 99
    assert gzip.decompress(fetch(port, "/100", Accept_Encoding="gzip").body) == b"x" * 100
    assert fetch(site(0), "/0", Accept_Encoding="gzip").headers.get("content-encoding") is None


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Encoding": "br"},
        {"Content-Encoding": "gzip"},
        {"Cache-Control": "no-transform"},
        {"Content-Type": "image/png"},
        {"Content-Digest": "sha-256=:abc=:"},
    ],
    ids=str,
)
def test_what_must_not_be_compressed(site, backend, headers):
    backend.answer = lambda call: Answer(headers=headers, body=TEXT)
    response = fetch(site(), Accept_Encoding="gzip")
    assert response.body == TEXT
    assert response.headers.get("content-encoding") == headers.get("Content-Encoding")


def test_parts_and_empty_answers(site, backend):
    port = site(0)
    backend.answer = lambda call: Answer(206, {"Content-Range": "bytes 0-999/108889"}, TEXT[:1000])
    response = fetch(port, Range="bytes=0-999", Accept_Encoding="gzip")
    assert (response.status, response.body) == (206, TEXT[:1000])
    for status in (204, 304):
        backend.answer = lambda call, status=status: Answer(status, {"ETag": '"a"'})
        response = fetch(port, Accept_Encoding="gzip")
        assert (response.status, response.headers["etag"]) == (status, '"a"')
        assert "content-encoding" not in response.headers
    backend.answer = lambda call: Answer(body=TEXT)
    response = fetch(port, "/", "HEAD", Accept_Encoding="gzip")
    assert response.headers["content-length"] == str(len(TEXT))
    assert response.headers["vary"] == "Accept-Encoding"


def test_streamed_body(site, backend):
    chunks = [random.Random(1).randbytes(50_000).hex().encode() for _ in range(20)]
    backend.answer = lambda call: Answer(chunks=chunks)
    port = site(serverMaxBodySize=-1)
    response = fetch(port, Accept_Encoding="gzip")
    assert response.headers["transfer-encoding"] == "chunked"
    assert gzip.decompress(response.body) == b"".join(chunks)
    assert len(response.body) < len(b"".join(chunks)) * 0.7


def test_each_piece_of_a_stream_arrives_at_once(site, backend):
    """Server-sent events must not wait in the compressor for the next one."""
    go_on = threading.Event()

    class Slow(list):
        def __iter__(self):
            yield b"data: one\n\n"
            go_on.wait(60)
            yield b"data: two\n\n"

    backend.answer = lambda call: Answer(headers={"Content-Type": "text/event-stream"}, chunks=Slow())
    port = site(serverMaxBodySize=-1)
    unpack = zlib.decompressobj(31)
    with Connection(port) as connection:
        connection.send(request(Accept_Encoding="gzip"))
        connection._until(b"\r\n\r\n")
        text = b""
        while b"one\n\n" not in text:
            size = int(connection._until(b"\r\n"), 16)
            text += unpack.decompress(connection._exactly(size))
            connection._exactly(2)
        go_on.set()
        while size := int(connection._until(b"\r\n"), 16):
            text += unpack.decompress(connection._exactly(size))
            connection._exactly(2)
    assert text == b"data: one\n\ndata: two\n\n"


def test_large_bodies_of_many_clients(site, backend):
    body = TEXT * 20
    backend.answer = lambda call: Answer(body=body)
    port = site()
    connections = [Connection(port) for _ in range(10)]
    try:
        for connection in connections:
            connection.send(request(Accept_Encoding="gzip"))
        for connection in connections:
            assert gzip.decompress(connection.receive().body) == body
    finally:
        for connection in connections:
            connection.close()


def test_cache_keeps_the_plain_answer(site, backend):
    cache = {"expiration": "10m", "maxEntryBytes": 1_000_000, "codes": [200], "methods": ["GET"]}
    port = site(memoryCache=cache)
    with Connection(port) as connection:
        assert gzip.decompress(connection.request(Accept_Encoding="gzip").body) == TEXT
        assert connection.request(Accept_Encoding="br").body == TEXT
        assert gzip.decompress(connection.request(Accept_Encoding="gzip").body) == TEXT
    assert len(backend.calls) == 1
