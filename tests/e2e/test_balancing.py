# SPDX-License-Identifier: Apache-2.0
"""Which server of a pool gets a request: policies, sticky sessions, health."""

import collections
import hashlib
import hmac
import re
import threading

import pytest

from backend import Backend
from client import Connection, Load, fetch, request
from gateway import Orphan, Server, http_server, pipeline, proxy, wait_until
from scripted import Answer, Scripted


class Pool:
    """Backends by name, and a gateway before them."""

    def __init__(self, server, port: int, names: str):
        self.server = server
        self.port = port
        self.backends = {name: Backend(name) for name in names}
        server.apply(http_server(port, {"backend": "p"}))

    def apply(self, weights: dict | None = None, **pool) -> None:
        servers = [
            {"url": backend.url, **({"weight": weights[name]} if weights else {})}
            for name, backend in self.backends.items()
        ]
        self.server.apply(
            pipeline("p", {"name": "proxy", "kind": "Proxy", "pools": [{"servers": servers, **pool}]})
        )

    def names(self, count: int, **headers) -> list[str]:
        with Connection(self.port) as connection:
            return [connection.request("/", **headers).headers["x-backend"] for _ in range(count)]

    def status(self) -> dict[str, dict]:
        """What the status says of each server, by name."""
        listed = self.server.status("p")["filters"]["proxy"]["mainPool"]["servers"]
        return dict(zip(self.backends, listed, strict=True))

    def wait_healthy(self, **expected: bool) -> None:
        wait_until(
            lambda: all(self.status()[name]["healthy"] == well for name, well in expected.items()),
            f"the health checks find {expected}",
        )

    def close(self) -> None:
        for backend in self.backends.values():
            backend.close()


@pytest.fixture
def pool(server, port):
    made = Pool(server, port, "xyz")
    yield made
    made.close()


def test_weighted_round_robin(pool):
    pool.apply({"x": 3, "y": 2, "z": 1})
    assert collections.Counter(pool.names(60)) == {"x": 30, "y": 20, "z": 10}


def test_weights_of_all_or_none(pool):
    with pytest.raises(AssertionError, match="must have a weight above 0, or none"):
        pool.apply({"x": 3, "y": 0, "z": 1})


@pytest.mark.parametrize(
    "wanted, names", [([], "xyz"), (["red"], "xy"), (["blue"], "y"), (["blue", "green"], "yz")]
)
def test_servers_by_tag(pool, wanted, names):
    tags = {"x": ["red"], "y": ["red", "blue"], "z": ["green"]}
    servers = [{"url": backend.url, "tags": tags[name]} for name, backend in pool.backends.items()]
    pool.apply(servers=servers, serverTags=wanted)
    assert collections.Counter(pool.names(30)) == {name: 30 // len(names) for name in names}
    listed = pool.server.status("p")["filters"]["proxy"]["mainPool"]["servers"]
    assert [facts["url"] for facts in listed] == [pool.backends[name].url for name in names]


@pytest.mark.parametrize("policy", ["random", "weightedRandom", "leastRequests"])
def test_random_policies_use_all(pool, policy):
    pool.apply(loadBalance={"policy": policy})
    assert set(pool.names(100)) == set("xyz")


class Streamer:
    """Backends whose answers begin with their name and go on when the test says so."""

    def __init__(self, names: str):
        self.go_on = threading.Event()
        self.backends = {name: Scripted(lambda call, name=name: Answer(chunks=self._pieces(name))) for name in names}

    def _pieces(self, name: str):
        yield name.encode()
        assert self.go_on.wait(120)
        yield b"end"

    def __enter__(self) -> "Streamer":
        return self

    def __exit__(self, *_) -> None:
        self.go_on.set()
        for backend in self.backends.values():
            backend.__exit__()


def begin(connection: Connection) -> bytes:
    """Asks for an answer and reads until its first piece is there, which it returns."""
    connection.send(request())._until(b"\r\n\r\n")
    assert connection._until(b"\r\n") == b"1"  # the size of the chunk
    return connection._until(b"\r\n")


def test_a_streamed_answer_is_under_way_until_its_end(tmp_path, port):
    server = Server(tmp_path / "home", "--workers", "1").start()
    with Streamer("xy") as streamer:
        urls = [backend.url for backend in streamer.backends.values()]
        server.apply(
            http_server(port, {"backend": "p"}),
            pipeline("p", proxy(*urls, serverMaxBodySize=-1, loadBalance={"policy": "leastRequests"})),
        )

        def in_flight() -> list[int]:
            servers = server.status("p")["filters"]["proxy"]["mainPool"]["servers"]
            return [facts["inFlight"] for facts in servers]

        crowd = [Connection(port) for _ in range(20)]
        names = [begin(connection) for connection in crowd]
        assert collections.Counter(names) == {b"x": 10, b"y": 10}
        assert in_flight() == [10, 10]
        for connection, name in zip(crowd, names, strict=True):
            if name == b"x":
                connection.close()
        wait_until(lambda: in_flight() == [0, 10], "those who left count no more")
        late = [Connection(port) for _ in range(10)]
        assert {begin(connection) for connection in late} == {b"x"}
        streamer.go_on.set()
        wait_until(lambda: in_flight() == [0, 0], "all have ended")
        for connection in crowd + late:
            connection.close()
    server.stop()


@pytest.mark.parametrize(
    "balance, field",
    [({"policy": "headerHash", "headerHashKey": "X-User"}, "X_User"), ({"policy": "cookieHash"}, "Cookie")],
)
def test_hash_policies_stay(pool, balance, field):
    pool.apply(loadBalance=balance)
    homes = {f"user={n}": set(pool.names(5, **{field: f"user={n}"})) for n in range(30)}
    assert all(len(names) == 1 for names in homes.values()), homes
    assert set.union(*homes.values()) == set("xyz")


def test_ip_hash_stays(pool):
    pool.apply(loadBalance={"policy": "ipHash"})
    assert len(set(pool.names(20))) == 1


def test_duration_based_session(pool):
    pool.apply(loadBalance={"stickySession": {"mode": "DurationBased", "lbCookieExpire": "1m"}})
    first = fetch(pool.port, "/")
    pair, *attributes = first.headers["set-cookie"].split("; ")
    assert attributes == ["Path=/", "Max-Age=60", "HttpOnly", "SameSite=Lax"]
    assert pair.startswith("EG_SESSION=")
    assert set(pool.names(20, Cookie=f"a=b; {pair}")) == {first.headers["x-backend"]}
    assert len(set(pool.names(20, Cookie="EG_SESSION=forged"))) == 3


STICKY = {"stickySession": {"mode": "DurationBased"}}


def session_of(pool) -> tuple[str, str]:
    """The cookie of a new client, and its server."""
    first = fetch(pool.port, "/")
    return first.headers["set-cookie"].split(";")[0], first.headers["x-backend"]


def test_a_session_outlives_restarts_and_updates(pool):
    Orphan.expect_some()
    pool.apply(loadBalance=STICKY)
    pair, home = session_of(pool)
    secret = pool.server.home / "data" / "gateway.secret"
    assert secret.stat().st_mode & 0o777 == 0o600, "nobody else reads it"
    pool.server.restart()
    assert set(pool.names(6, Cookie=pair)) == {home}
    pool.server.hot_restart()
    assert set(pool.names(6, Cookie=pair)) == {home}
    pool.apply(loadBalance=STICKY, timeout="10s")
    assert set(pool.names(6, Cookie=pair)) == {home}


def test_nobody_makes_a_session(pool):
    """The cookie has a salt in the clear: nothing can be made of it, and nothing found out."""
    pool.apply(loadBalance=STICKY)
    pair, _ = session_of(pool)
    salt = bytes.fromhex(pair.partition("=")[2])[:8]
    digest = bytes.fromhex(pair.partition("=")[2])[8:]
    for backend in pool.backends.values():
        own = hmac.new(salt, backend.url.encode(), hashlib.sha256).digest()
        assert own != digest
        forged = "EG_SESSION=" + (salt + own).hex()
        assert len(set(pool.names(9, Cookie=forged))) == 3, "it is as none"
        assert len(set(pool.names(9, Cookie=f"{forged}; {pair}"))) == 1, "the good one beside it counts"


def test_gateways_with_one_secret(pool):
    with pytest.raises(AssertionError, match=r"stickySession\.secret: can be guessed"):
        pool.apply(loadBalance={"stickySession": {"mode": "DurationBased", "secret": "short"}})
    shared = {"stickySession": {"mode": "DurationBased", "secret": "a secret of both gateways"}}
    pool.apply(loadBalance=shared)
    pair, home = session_of(pool)
    pool.apply(loadBalance=STICKY)
    assert len(set(pool.names(9, Cookie=pair))) == 3, "of another secret"
    pool.apply(loadBalance=shared)
    assert set(pool.names(6, Cookie=pair)) == {home}
    assert "a secret of both" not in pool.server.egctl("object", "get", "p").stdout


def test_application_cookie_by_consistent_hash(pool):
    pool.apply(loadBalance={"stickySession": {"mode": "CookieConsistentHash", "appCookieName": "user"}})
    homes = {n: set(pool.names(5, Cookie=f"user={n}")) for n in range(30)}
    assert all(len(names) == 1 for names in homes.values()), homes
    assert set.union(*homes.values()) == set("xyz")


CHECK = {"interval": "100ms", "timeout": "2s", "uri": "/health"}


def test_a_server_that_dies_is_left_out(pool):
    pool.apply(healthCheck=CHECK)
    pool.wait_healthy(x=True, y=True, z=True)
    pool.backends["y"].close()
    pool.wait_healthy(y=False)
    assert "refused" in pool.status()["y"]["fault"]
    assert collections.Counter(pool.names(20)) == {"x": 10, "z": 10}
    assert re.search(r"\tp/proxy#proxy#main: http://\S+ is unhealthy: ", pool.server.log())


def test_status_codes_decide(pool):
    pool.apply(healthCheck={**CHECK, "uri": "/status/404", "match": {"statusCodes": [[404, 404]]}})
    pool.wait_healthy(x=True, y=True, z=True)
    assert set(pool.names(9)) == set("xyz")


def test_nobody_is_healthy(pool):
    pool.apply(healthCheck={**CHECK, "uri": "/status/500"})
    pool.wait_healthy(x=False, y=False, z=False)
    response = fetch(pool.port, "/")
    assert (response.status, response.body) == (503, b"")
    assert "internalError" in pool.server.access_line("GET / ")
    pool.apply(healthCheck=CHECK)
    pool.wait_healthy(x=True, y=True, z=True)
    assert fetch(pool.port, "/").status == 200


def test_what_is_known_survives_an_update(pool):
    pool.apply(healthCheck={**CHECK, "uri": "/status/500"})
    pool.wait_healthy(x=False)
    # The first check of the new generation has not come back when it begins to serve.
    pool.apply(healthCheck={**CHECK, "uri": "/slow", "timeout": "1m", "interval": "1m"})
    assert fetch(pool.port, "/").status == 503


def test_match_of_headers_and_body(pool):
    match = {
        "headers": [{"name": "X-Backend", "value": "^[xy]$", "type": "regexp"}],
        "body": {"value": '"target": "/health"', "type": "contains"},
    }
    pool.apply(healthCheck={**CHECK, "match": match})
    pool.wait_healthy(x=True, y=True, z=False)
    assert pool.status()["z"]["fault"] == "header X-Backend does not match"


def test_one_checker_for_all_cores(pool):
    """As many checks as servers and periods, however many cores there are."""
    pool.apply(healthCheck={**CHECK, "interval": "1h"})
    wait_until(lambda: all(b.requests for b in pool.backends.values()), "each server is checked")
    pool.names(30)
    checks = [line for b in pool.backends.values() for line in b.requests if line == "GET /health"]
    assert len(checks) == 3


def test_failing_requests_put_a_server_out(pool):
    pool.apply(outlierDetection={"consecutiveFailures": 3, "ejectionTime": "1h", "maxEjectionTime": "1h"})
    pool.backends["z"].close()
    with Connection(pool.port) as connection:
        statuses = collections.Counter(connection.request().status for _ in range(60))
    assert statuses == {200: 57, 503: 3}
    left_out = pool.status()["z"]
    assert left_out["ejected"] and re.fullmatch("1h|5[0-9]m[0-9]+s", left_out["ejectedFor"]), left_out
    assert re.match("3 failures in a row, the last one: .", left_out["ejectedAfter"]), left_out
    assert not {"ejectedFor", "ejectedAfter"} & set(pool.status()["x"])
    assert collections.Counter(pool.names(20)) == {"x": 10, "y": 10}
    assert re.search(r"\tp/proxy#proxy#main: http://\S+ is left out for 1h, after 3 failures in a row, the last one: .", pool.server.log())


def test_error_responses_put_a_server_out(pool, port):
    pool.apply(outlierDetection={"consecutive5xx": 5, "ejectionTime": "1h", "maxEjectionTime": "1h"})
    load = Load(port, lambda n: request("/status/500"), connections=4, limit=200)
    with load:
        load.join()
    assert load.statuses() == {500: 200}, "when all are left out, all are asked"
    assert all(server["ejected"] for server in pool.status().values())
    reasons = {server["ejectedAfter"] for server in pool.status().values()}
    assert reasons == {"5 responses of 5xx in a row, the last one 500"}
    assert set(pool.names(9)) == set("xyz")
