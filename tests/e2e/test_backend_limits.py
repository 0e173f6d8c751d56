# SPDX-License-Identifier: Apache-2.0
"""How many connections a backend gets, and who waits for one."""

import threading

import pytest

from backend import Backend
from client import Connection, Load, fetch, request
from gateway import DEADLINE, http_server, pipeline, proxy, wait_until
from scripted import Answer, Scripted


@pytest.fixture
def put(server, port):
    server.apply(http_server(port, {"backend": "p"}))

    def apply(backend: Backend, **pool) -> None:
        server.apply(pipeline("p", proxy(backend.url, **pool)))

    return apply


def facts(server) -> dict:
    return server.status("p")["filters"]["proxy"]["mainPool"]["servers"][0]


def test_never_more_connections_than_allowed(server, port, put, backend):
    """Over all cores, and though each of them keeps what it has."""
    put(backend, maxConnsPerHost=2)
    load = Load(port, lambda n: request(f"/{n}"), connections=24, limit=600)
    with load:
        load.join()
    assert load.errors == []
    assert load.statuses() == {200: 600}
    assert backend.most_at_once <= 2
    assert facts(server)["connections"] <= 2
    assert facts(server)["queued"] == 0


def test_a_full_queue(server, port, put, backend):
    put(backend, maxConnsPerHost=1, maxQueuePerHost=1, queueTimeout="1m")
    with Connection(port) as first, Connection(port) as second, Connection(port) as third:
        first.send(request("/slow"))
        assert backend.held.acquire(timeout=DEADLINE)
        second.send(request("/second"))
        wait_until(lambda: facts(server)["queued"] == 1, "the second waits")
        assert third.request("/third").status == 503
        assert "queue" in server.access_line("/third")
        assert "serverError" in server.access_line("/third")
        backend.release()
        assert first.receive().status == 200
        assert second.receive().status == 200
    assert "GET /third" not in backend.requests


def test_who_waits_too_long(server, port, put, backend):
    put(backend, maxConnsPerHost=1, queueTimeout="100ms")
    with Connection(port) as first:
        first.send(request("/slow"))
        assert backend.held.acquire(timeout=DEADLINE)
        assert fetch(port, "/second").status == 503
        backend.release()
        assert first.receive().status == 200
    assert fetch(port, "/third").status == 200


@pytest.mark.parametrize("leaves", [False, True], ids=["to its end", "given up"])
def test_a_streamed_answer_holds_its_connection(server, port, put, leaves):
    go_on = threading.Event()

    def pieces():
        yield b"first"
        assert go_on.wait(120)
        yield b"last"

    answers = {"/stream": lambda: Answer(chunks=pieces()), "/second": lambda: Answer(body=b"ok")}
    with Scripted(lambda call: answers[call.target]()) as streamer:
        put(streamer, serverMaxBodySize=-1, maxConnsPerHost=1, queueTimeout="1m")
        with Connection(port) as first, Connection(port) as second:
            first.send(request("/stream"))._until(b"first")
            second.send(request("/second"))
            wait_until(lambda: facts(server)["queued"] == 1, "the second waits")
            assert facts(server)["connections"] == 1
            assert streamer.targets == ["/stream"]
            if leaves:
                first.close()
            else:
                go_on.set()
                first._until(b"last")
            assert second.receive().body == b"ok"
        go_on.set()


def test_who_leaves_the_queue_is_not_waited_for(server, port, put, backend):
    put(backend, maxConnsPerHost=1)
    with Connection(port) as first:
        first.send(request("/slow"))
        assert backend.held.acquire(timeout=DEADLINE)
        for n in range(5):
            with Connection(port) as impatient:
                impatient.send(request(f"/impatient/{n}"))
                wait_until(lambda: facts(server)["queued"] == 1, "it waits")
            wait_until(lambda: facts(server)["queued"] == 0, "it has left")
        backend.release()
        assert first.receive().status == 200
    assert fetch(port, "/").status == 200
    assert backend.requests == ["GET /slow", "GET /"]


def test_connections_live_through_an_update(port, put, backend):
    put(backend)
    with Connection(port) as connection:
        assert connection.request().status == 200
        put(backend, timeout="5s")
        assert connection.request().status == 200
    assert backend.connections == 1
