# SPDX-License-Identifier: Apache-2.0
"""Backends that fail while there is load: every client gets an answer, and the right one."""

import time

import pytest

from client import Connection, Load, fetch, request
from faulty import Faulty
from gateway import pipeline, proxy, sale_server, wait_until

CONNECTIONS = 16


@pytest.fixture
def faulty():
    backend = Faulty()
    yield backend
    backend.close()


@pytest.fixture
def put(server, port):
    server.apply(sale_server(port))

    def apply(*urls: str, **pool) -> None:
        server.apply(pipeline("p", proxy(*urls, **pool)))

    return apply


def load_on(port: int) -> Load:
    return Load(port, lambda n: request(f"/{n}"), connections=CONNECTIONS)


FAULTS = {
    "stall": (504, "timeout"),
    "trickle": (504, "timeout"),
    "half": (504, "timeout"),
    "reset": (502, "serverError"),
    "close": (502, "serverError"),
    "garbage": (502, "serverError"),
    "short": (502, "internalError"),
}


@pytest.mark.parametrize("mode", FAULTS)
def test_a_backend_turns_bad_under_load_and_recovers(server, port, put, faulty, mode):
    status, result = FAULTS[mode]
    # Only where it is the point: a good answer may take its time on a busy machine.
    put(faulty.url, timeout="2s" if status == 504 else "1m", outlierDetection={"consecutiveFailures": 0})
    with load_on(port) as load:
        load.wait_more(100)
        assert load.statuses() == {200: load.count}
        faulty.mode = mode
        # Each connection has at most one answer of before under way, kept connections that are found dead are
        # replaced once.
        wait_until(lambda: load.statuses().get(status, 0) >= 3 * CONNECTIONS, f"clients get {status}")
        faulty.mode = "good"
        good = load.statuses()[200]
        wait_until(lambda: load.statuses()[200] > good + 100, "all is well again")
    assert load.errors == []
    assert set(load.statuses()) == {200, status}
    server.access_line(result)


def test_a_backend_is_killed_under_load_and_comes_back(server, port, put, faulty):
    put(faulty.url, timeout="2s", outlierDetection={"consecutiveFailures": 0})
    with load_on(port) as load:
        load.wait_more(100)
        faulty.kill()
        wait_until(lambda: load.statuses().get(503, 0) >= 3 * CONNECTIONS, "clients get 503")
        faulty.revive()
        good = load.statuses()[200]
        wait_until(lambda: load.statuses()[200] > good + 100, "all is well again")
    assert load.errors == []
    # A connection that asyncio has accepted when its server is closed, but not handed on, it neither serves nor
    # closes: 504. What was under way when it was killed is 502.
    assert {200, 503} <= set(load.statuses()) <= {200, 502, 503, 504}
    server.access_line("serverError")


@pytest.mark.parametrize("mode", ["stall", "half"])
def test_silence_without_a_timeout(port, put, faulty, mode):
    faulty.mode = mode
    put(faulty.url, silenceTimeout="200ms")
    assert fetch(port, "/").status == 504


def test_a_streamed_response_that_falls_silent(port, put, faulty):
    """The head has gone out: what is left is to end the connection, so that the client sees it."""
    faulty.mode = "half"
    put(faulty.url, silenceTimeout="200ms", serverMaxBodySize=-1)
    with Connection(port) as connection, pytest.raises(ConnectionError):
        connection.request("/")


def test_a_slow_backend_is_not_a_silent_one(port, put, faulty):
    faulty.mode = "trickle"
    put(faulty.url, silenceTimeout="10s", serverMaxBodySize=-1)
    begin = time.monotonic()
    assert fetch(port, "/").text == "good"
    assert time.monotonic() - begin > 10, "as long as bytes come, it may take any time"


@pytest.fixture
def other():
    backend = Faulty()
    yield backend
    backend.close()


@pytest.mark.parametrize("mode", ["kill", "stall", "reset", "garbage"])
def test_of_two_servers_one_fails(server, port, put, faulty, other, mode):
    """After the period of the health check no request fails."""
    put(
        faulty.url,
        other.url,
        timeout="5s",
        healthCheck={"interval": "100ms", "timeout": "2s"},
        outlierDetection={"consecutiveFailures": 0},
    )

    def servers():
        return server.status("p")["filters"]["proxy"]["mainPool"]["servers"]

    with load_on(port) as load:
        load.wait_more(100)
        if mode == "kill":
            faulty.kill()
        else:
            faulty.mode = mode
        wait_until(lambda: not servers()[0]["healthy"], "the check finds it out")
        # What was sent before may still be under way.
        wait_until(lambda: servers()[0]["inFlight"] == 0, "the last tries at it end")
        load.wait_more(2 * CONNECTIONS)
        failed = load.count - load.statuses()[200]
        load.wait_more(500)
        assert load.count - load.statuses()[200] == failed, "nobody fails any more"
        if mode == "kill":
            faulty.revive()
        else:
            faulty.mode = "good"
        wait_until(lambda: servers()[0]["healthy"], "the check finds it well again")
        before = faulty.requests
        load.wait_more(100)
        assert faulty.requests > before + 10
        assert load.count - load.statuses()[200] == failed
    assert load.errors == []


def test_passive_checks_alone_do_it_too(server, port, put, faulty, other):
    put(faulty.url, other.url, timeout="2s", outlierDetection={"ejectionTime": "1h", "maxEjectionTime": "1h"})

    def first() -> dict:
        return server.status("p")["filters"]["proxy"]["mainPool"]["servers"][0]

    with load_on(port) as load:
        load.wait_more(100)
        faulty.kill()
        wait_until(lambda: first()["ejected"], "the failing server is left out")
        wait_until(lambda: first()["inFlight"] == 0, "the last tries at it end")
        load.wait_more(2 * CONNECTIONS)
        failed = load.count - load.statuses()[200]
        load.wait_more(300)
        assert load.count - load.statuses()[200] == failed
    assert load.errors == []
