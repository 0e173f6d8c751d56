# SPDX-License-Identifier: Apache-2.0
"""The number in the program is the number of people let in: never one more, never one fewer."""

import random

import pytest
import yaml

from client import Connection, Load, fetch, request
from gateway import documents, mock, pipeline, sale_server, wasm


def sale(guests, limit: int, ratio: str = "0", concurrency: int = 8, step: str = "step6") -> dict:
    return pipeline(
        "p",
        wasm(
            guests / f"{step}.wasm",
            concurrency=concurrency,
            timeout="10s",
            parameters={"startTime": "2021-08-08T00:00:00", "blockRatio": ratio, "maxPermission": str(limit)},
        ),
        mock("buy\n"),
    )


@pytest.fixture
def open_sale(server, port, guests):
    def put(limit: int, **more) -> int:
        server.apply(sale_server(port), sale(guests, limit, **more))
        return port

    return put


def listed(server) -> dict:
    return yaml.safe_load(server.egctl("wasm", "list-data", "p", "wasm").stdout) or {}


@pytest.mark.parametrize("limit", [1, 3, 100, 1000])
def test_distinct_users_at_once(open_sale, server, limit):
    port = open_sale(limit)
    load = Load(port, lambda n: request("/", Authorization=f"user{n}"), connections=64, limit=limit * 2 + 400)
    with load:
        load.join()
    assert load.errors == []
    assert load.answers == {(200, b"buy\n"): limit, (200, b"sold out.\n"): limit + 400}
    assert len(listed(server)) == limit


def test_few_users_many_times(open_sale, server):
    """The same users from all connections: each counts once."""
    port = open_sale(20)
    load = Load(port, lambda n: request("/", Authorization=f"user{random.randrange(40)}"), connections=64, limit=4000)
    with load:
        load.join()
    assert load.errors == []
    users = listed(server)
    assert len(users) == 20
    for number in range(40):
        answer = fetch(port, Authorization=f"user{number}").text
        assert answer == ("buy\n" if f"id/user{number}" in users else "sold out.\n")


def test_random_and_limit(open_sale, server):
    port = open_sale(50, ratio="0.9")
    load = Load(port, lambda n: request("/", Authorization=f"user{n}"), connections=64, limit=5000)
    with load:
        load.join()
    assert load.errors == []
    assert load.answers[(200, b"buy\n")] == 50 == len(listed(server))


def test_exact_while_data_is_applied(open_sale, server):
    """Permits given by hand count as any other."""
    port = open_sale(100)
    with Load(port, lambda n: request("/", Authorization=f"user{n}"), connections=32, limit=1000) as load:
        server.egctl("wasm", "apply-data", "p", "wasm", input=documents({f"id/guest{n}": "true" for n in range(10)}))
        load.join()
    users = listed(server)
    permitted = load.answers[(200, b"buy\n")]
    assert len([key for key in users if key.startswith("id/user")]) == permitted
    # The ten came in before or after the limit was reached, but within no run.
    assert 100 <= len(users) <= 110 and len(users) == permitted + 10


def test_add_is_exact(server, port, guests):
    server.apply(sale_server(port), pipeline("p", wasm(guests / "probe.wasm", concurrency=8, timeout="10s")))
    load = Load(port, lambda n: request("/", X_Mode="add", X_Key="n"), connections=64, limit=3000)
    with load:
        load.join()
    assert load.errors == []
    assert {int(body) for _, body in load.answers} == set(range(1, 3001)), "each got a number of its own"
    assert fetch(port, X_Mode="get", X_Key="n").text == "3000"


def test_many_keys(open_sale, server):
    """Counting does not get slower, listing does not fill memory: both are only asked to work here."""
    port = open_sale(1_000_001)
    count, batch = 200_000, 50_000
    for first in range(0, count, batch):
        text = "".join(f'id/{n:07}: "true"\n' for n in range(first, first + batch))
        server.egctl("wasm", "apply-data", "p", "wasm", input=text)
    with Connection(port) as connection:
        assert connection.request(Authorization="0000001").text == "buy\n"
        assert connection.request(Authorization="new").text == "buy\n"
    text = server.egctl("wasm", "list-data", "p", "wasm").stdout
    assert text.count("\n") == count + 1 and text.startswith('id/0000000: "true"\n')
    server.egctl("wasm", "delete-data", "p", "wasm")
    assert server.egctl("wasm", "list-data", "p", "wasm").stdout == "{}\n"
