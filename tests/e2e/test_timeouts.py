# SPDX-License-Identifier: Apache-2.0
"""A program that never returns: its request is answered 503, everyone else is served, and nothing
is used up by it."""

import statistics

import pytest

from client import Connection, Load, fetch, request
from gateway import mock, pipeline, sale_server, wait_until, wasm

pytestmark = pytest.mark.alone  # guests that loop take both cores


@pytest.fixture
def put(server, port, guests):
    def apply(timeout: str, concurrency: int) -> int:
        server.apply(
            sale_server(port),
            pipeline("p", wasm(guests / "probe.wasm", timeout=timeout, concurrency=concurrency), mock("ok")),
        )
        return port

    return apply


LOOP = request("/", X_Mode="loop")


def test_one_who_loops_and_sixty_four_who_do_not(put, server):
    port = put("300ms", 8)
    looping = Load(port, lambda _: LOOP, connections=1)
    others = Load(port, lambda _: request("/", X_Mode="ret0"), connections=64)
    with looping, others:
        looping.wait_more(20)
        others.wait_more(1000)
    assert looping.errors == [] and looping.statuses() == {503: looping.count}
    assert others.errors == [] and others.statuses() == {200: others.count}
    print(
        f"\nlooping requests: {looping.count}, median {statistics.median(looping.seconds) * 1000:.1f} ms of a limit of "
        f"300 ms; {others.count} others, median {statistics.median(others.seconds) * 1000:.2f} ms"
    )


def test_a_thousand_timeouts_use_nothing_up(put, server):
    # Eight for each of two cores: no loop has to wait for a guest, wherever the connections land.
    port = put("100ms", 16)
    load = Load(port, lambda _: LOOP, connections=8, limit=1000)
    with load:
        load.join()
    assert load.errors == []
    assert load.statuses() == {503: 1000}
    with Connection(port) as connection:
        for _ in range(200):
            assert connection.request(X_Mode="ret0").text == "ok"
    status = server.status("p")["filters"]["wasm"]
    assert status["health"] == "ready"
    assert status["vms"] == 16, "all of maxConcurrency, without a request that asks for them"
    assert status["vmsReplaced"] == status["numOfTimeout"]
    assert status["numOfRequest"] >= 1200
    # A connection whose core's instances are all looping waits its timeout out in the queue.
    assert status["numOfWasmError"] + status["numOfOutOfVM"] == 1000


def test_more_loops_than_instances(put):
    """All instances are taken by loops: whoever comes gets an answer all the same."""
    port = put("200ms", 2)
    load = Load(port, lambda _: LOOP, connections=16, limit=64)
    with load:
        load.join()
    assert load.errors == []
    assert load.statuses() == {503: 64}
    assert fetch(port, "/", X_Mode="ret0").text == "ok"


def test_a_client_that_leaves_frees_its_instance(put, server):
    """The limit is an hour: only the end of the connections can free the instances."""
    port = put("1h", 2)
    for _ in range(10):
        with Connection(port) as connection:
            connection.send(LOOP)
    # Served as soon as the loops are dropped; on this core or the other.
    for _ in range(8):
        assert fetch(port, "/", X_Mode="ret0").text == "ok"


def test_the_admin_api_answers_while_guests_loop(put, server):
    port = put("500ms", 4)
    with Load(port, lambda _: LOOP, connections=8) as load:
        load.wait_more(4)
        for _ in range(10):
            server.egctl("health")
            server.apply(pipeline("q", mock("x")))
            server.delete("q")
    assert load.errors == [] and load.statuses() == {503: load.count}


def test_stop_while_guests_loop(put, server):
    port = put("1s", 4)
    connections = [Connection(port).send(LOOP) for _ in range(8)]
    wait_until(lambda: server.status("http-server") is not None, "the server has taken them")
    server.stop()
    for connection in connections:
        connection.close()
