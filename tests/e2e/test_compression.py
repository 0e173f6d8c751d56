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

# By default only bodies up to 64 KiB are held whole.
WHOLE = {"serverMaxBodySize": 4 << 20}


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
    port = site(**WHOLE)
    response = fetch(port, "/a", Accept_Encoding="gzip")
    assert response.headers["content-encoding"] == "gzip"
    assert int(response.headers["content-length"]) < len(TEXT) / 2
    assert gzip.decompress(response.body) == TEXT
    assert response.headers["vary"] == "Accept-Encoding"
    assert response.headers["etag"] == 'W/"a"'
    assert "gzip" in server.access_line("/a")


@pytest.mark.parametrize("version", ["--http1.1", "--http2-prior-knowledge"])
@pytest.mark.parametrize("pool", [WHOLE, {}, {"serverMaxBodySize": -1}], ids=["whole", "default", "stream"])
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
    backend.answer = lambda call: Answer(204, {"ETag": '"a"'})
    response = fetch(port, Accept_Encoding="gzip")
    assert (response.status, response.headers["etag"]) == (204, '"a"')
    assert "content-encoding" not in response.headers


COMPARED = ("content-encoding", "etag", "vary", "accept-ranges", "content-type")


@pytest.mark.parametrize("accept", ["gzip", "br"])
@pytest.mark.parametrize("pool", [WHOLE, {}, {"serverMaxBodySize": -1}], ids=["whole", "default", "stream"])
def test_head_has_the_fields_of_get(site, backend, pool, accept):
    """RFC 9110 sections 8.6, 9.3.2."""
    fields = {"Content-Type": "text/plain", "ETag": '"a"', "Accept-Ranges": "bytes"}
    backend.answer = lambda call: Answer(headers=fields, body=TEXT)
    port = site(**pool)
    got = fetch(port, Accept_Encoding=accept)
    head = fetch(port, "/", "HEAD", Accept_Encoding=accept)
    assert [head.headers.get(name) for name in COMPARED] == [got.headers.get(name) for name in COMPARED]
    assert head.headers.get("content-length") in (None, got.headers.get("content-length"))
    assert head.body == b""


@pytest.mark.parametrize("cache", [False, True], ids=["backend", "cache"])
def test_not_modified_has_the_fields_of_the_200(site, backend, cache):
    """RFC 9110 section 15.4.5; the tag that the client holds is the one that it got."""

    def answer(call):
        held = call.headers.get("if-none-match", "").removeprefix("W/")
        fields = {"Content-Type": "text/plain", "ETag": '"a"', "Cache-Control": "max-age=60"}
        return Answer(304, {"ETag": '"a"'}) if held == '"a"' else Answer(headers=fields, body=TEXT)

    backend.answer = answer
    memory = {"expiration": "10m", "maxEntryBytes": 1_000_000, "codes": [200], "methods": ["GET", "HEAD"]}
    port = site(**({"memoryCache": memory} if cache else {}))
    for accept, tag in (("gzip", 'W/"a"'), ("br", '"a"')):
        with Connection(port) as connection:
            got = connection.request(Accept_Encoding=accept)
            assert (got.status, got.headers["etag"]) == (200, tag)
            again = connection.request(Accept_Encoding=accept, If_None_Match=tag)
            assert (again.status, again.body) == (304, b"")
            assert again.headers["etag"] == tag
            assert again.headers["vary"] == got.headers["vary"] == "Accept-Encoding"
            assert "content-encoding" not in again.headers


def test_encoded_already_by_its_second_field(site, backend):
    packed = gzip.compress(TEXT)
    fields = {"Content-Type": "text/plain", "Content-Encoding": ["identity", "gzip"]}
    backend.answer = lambda call: Answer(headers=fields, body=packed)
    response = fetch(site(), Accept_Encoding="gzip")
    assert response.body == packed


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
    port = site(**WHOLE)
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
