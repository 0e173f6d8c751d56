# SPDX-License-Identifier: Apache-2.0
"""Names of servers: what they stand for may change while the gateway runs. The server sees a hosts file of its own,
in a mount namespace; where that is not allowed these tests are skipped."""

import time

import pytest

from backend import Backend
from client import Connection, fetch
from gateway import Orphan, Server, http_server, pipeline, proxy, wait_until
from names import namespace

NAME = "shop.sluice.test"


class Names:
    def __init__(self, file):
        self.file = file
        self.set()

    def set(self, *addresses: str) -> None:
        """In place: what is mounted is the file, not its name."""
        with open(self.file, "r+" if self.file.exists() else "w") as hosts:
            hosts.truncate(0)
            hosts.write("127.0.0.1 localhost\n" + "".join(f"{address} {NAME}\n" for address in addresses))


@pytest.fixture
def names(tmp_path):
    return Names(tmp_path / "hosts")


@pytest.fixture
def named_server(tmp_path, names):
    instance = Server(tmp_path / "home")
    instance.wrapper = namespace({"/etc/hosts": names.file})
    if instance.wrapper is None:
        pytest.skip("no mount namespace can be made here")
    instance.start()
    yield instance
    instance.stop()


@pytest.fixture
def twins():
    """Two backends on the same port of two addresses."""
    first = Backend("first", address="127.0.0.2")
    second = Backend("second", address="127.0.0.3", port=first.port)
    yield first, second
    first.close()
    second.close()


@pytest.fixture
def put(named_server, port, twins):
    named_server.apply(http_server(port, {"backend": "p"}))

    def apply(**pool) -> None:
        url = f"http://{NAME}:{twins[0].port}"
        named_server.apply(pipeline("p", proxy(url, dnsRefreshPeriod="1s", **pool)))

    return apply


def test_a_name_moves_without_a_restart(port, names, put):
    names.set("127.0.0.2")
    put()
    with Connection(port) as connection:
        assert connection.request().headers["x-backend"] == "first"
        names.set("127.0.0.3")
        # Also requests that could use a kept connection go to the new address.
        wait_until(lambda: connection.request().headers["x-backend"] == "second", "requests go to the new address")
        assert {connection.request().headers["x-backend"] for _ in range(20)} == {"second"}


def test_what_was_known_last_stays(port, names, put):
    names.set("127.0.0.2")
    put()
    with Connection(port) as connection:
        assert connection.request().status == 200
        names.set()
        # Nothing tells that a look-up has failed: requests over several periods do.
        end = time.monotonic() + 2.5
        while time.monotonic() < end:
            assert connection.request().status == 200


def test_what_was_known_last_stays_in_a_hot_restart(port, names, put, named_server):
    names.set("127.0.0.2")
    put()
    assert fetch(port, "/").headers["x-backend"] == "first"
    names.set()
    Orphan.expect_some()
    for _ in range(2):
        named_server.hot_restart()
        assert [fetch(port, "/").status for _ in range(5)] == [200] * 5
    names.set("127.0.0.3")
    wait_until(lambda: fetch(port, "/").headers["x-backend"] == "second", "the name is looked up again")


def test_all_addresses_are_used(server_of_many, port):
    assert {fetch(port, "/").headers["x-backend"] for _ in range(20)} == {"first", "second"}


@pytest.fixture
def server_of_many(named_server, port, names, twins):
    """Without kept connections, so that each request connects."""
    names.set("127.0.0.2", "127.0.0.3")
    named_server.apply(http_server(port, {"backend": "p"}))
    spec = {**proxy(f"http://{NAME}:{twins[0].port}", dnsRefreshPeriod="1s"), "maxIdleConns": 0}
    named_server.apply(pipeline("p", spec))
    return named_server


def test_an_address_that_refuses_is_passed_over(server_of_many, port, twins):
    twins[0].close()
    assert [fetch(port, "/").headers.get("x-backend") for _ in range(10)] == ["second"] * 10


def test_a_name_that_nobody_knows(port, names, put, named_server):
    names.set()
    put()
    assert fetch(port, "/").status == 503
    assert "cannot look up" in named_server.access_line("GET / ")
    names.set("127.0.0.2")
    wait_until(lambda: fetch(port, "/").status == 200, "the name is found once it is there")
