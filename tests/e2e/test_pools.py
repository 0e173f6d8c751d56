# SPDX-License-Identifier: Apache-2.0
"""Candidate pools and the mirror pool of the Proxy filter."""

import threading

import pytest

from client import Connection, fetch
from gateway import http_server, pipeline, wait_until
from scripted import Answer, Scripted


def servers(backend, **fields) -> dict:
    return {"servers": [{"url": backend.url}], **fields}


@pytest.fixture
def main():
    with Scripted(lambda call: Answer(body=b"main")) as instance:
        yield instance


@pytest.fixture
def beta():
    with Scripted(lambda call: Answer(body=b"beta")) as instance:
        yield instance


@pytest.fixture
def put(server, port):
    """put(pools, **proxy fields): a Proxy behind `port`."""
    server.apply(http_server(port, {"backend": "p"}))

    def put(*pools: dict, **fields) -> int:
        server.apply(pipeline("p", {"name": "proxy", "kind": "Proxy", "pools": list(pools), **fields}))
        return port

    return put


def status(server) -> dict:
    return server.status("p")["filters"]["proxy"]


# --- candidate pools ------------------------------------------------------------------------------


def test_the_first_candidate_that_fits(put, server, main, beta):
    with Scripted(lambda call: Answer(body=b"gamma")) as gamma:
        port = put(
            servers(beta, filter={"headers": {"X-User": {"prefix": "beta"}}}),
            servers(main),
            servers(gamma, filter={"urls": [{"methods": ["POST"], "url": {"prefix": "/pay"}}]}),
        )
        assert fetch(port).text == "main"
        assert fetch(port, X_User="beta-7").text == "beta"
        assert fetch(port, "/pay", "POST", b"x").text == "gamma"
        assert fetch(port, "/pay").text == "main"
        assert fetch(port, "/pay", "POST", b"x", X_User="beta-7").text == "beta"
    pools = status(server)
    assert pools["mainPool"]["stat"]["count"] == 2
    assert [pool["stat"]["count"] for pool in pools["candidatePools"]] == [2, 1]


def test_what_is_counted(put, server, main):
    port = put(servers(main))
    for _ in range(3):
        assert fetch(port, "/", "POST", b"12345").text == "main"

    def stat() -> dict:
        return status(server)["mainPool"]["stat"]

    told = stat()
    assert (told["count"], told["errCount"], told["codes"]) == (3, 0, {"200": 3})
    assert (told["reqSize"], told["respSize"]) == (15, 12)
    assert 0 < told["min"] <= told["mean"] <= told["max"] and told["p99"] > 0
    wait_until(lambda: stat()["m1"] > 0, "the rates move")
    put(servers(main, timeout="1m"))
    assert stat()["count"] == 3, "counters outlive a change"


def test_shares_by_header_and_by_chance(put, main, beta):
    port = put(servers(main), servers(beta, filter={"policy": "headerHash", "headerHashKey": "X-User", "permil": 500}))
    with Connection(port) as connection:
        first = [connection.request(X_User=f"user {n * 7919}").text for n in range(100)]
        again = [connection.request(X_User=f"user {n * 7919}").text for n in range(100)]
    assert first == again
    assert 20 < first.count("beta") < 80
    port = put(servers(main), servers(beta, filter={"policy": "random", "permil": 1000}))
    assert fetch(port).text == "beta"
    port = put(servers(main), servers(beta, filter={"policy": "ipHash", "permil": 1000}))
    assert fetch(port).text == "beta"


def test_pools_have_settings_of_their_own(put, server, main, beta):
    never = threading.Event()
    beta.answer = lambda call: Answer(after=never)
    main.answer = lambda call: Answer(404)
    port = put(
        servers(main, failureCodes=[404]),
        servers(beta, filter={"headers": {"X-User": {"exact": "beta"}}}, timeout="50ms"),
    )
    assert fetch(port, X_User="beta").status == 504
    assert fetch(port).status == 404
    assert server.access_line("proxy#proxy#candidate#0: ")
    assert f"proxy#proxy#main: {main.url}: status code: 404" in server.access_line("status code")
    never.set()


@pytest.mark.parametrize(
    ("pools", "fields", "fault"),
    [
        ([{}, {}], {}, "filters[0].pools: must have exactly one pool without a filter, not 2"),
        (
            [{"filter": {"policy": "random", "permil": 5}}],
            {},
            "filters[0].pools: must have exactly one pool without a filter, not 0",
        ),
        ([{}], {"mirrorPool": {}}, "filters[0].mirrorPool.filter: is required in a mirror pool"),
        ([{}, {"filter": {}}], {}, "filters[0].pools[1].filter: needs headers or urls"),
        (
            [{}, {"filter": {"headers": {"X-A": {"regex": "("}}}}],
            {},
            "filters[0].pools[1].filter.headers.X-A.regex: ",
        ),
    ],
)
def test_faults(server, pools, fields, fault):
    one = {"servers": [{"url": "http://127.0.0.1:1"}]}
    fields = {name: {**one, **value} for name, value in fields.items()}
    proxy = {"name": "proxy", "kind": "Proxy", "pools": [{**one, **pool} for pool in pools], **fields}
    done = server.egctl("object", "create", "-f", "-", input=str(pipeline("p", proxy)), check=False)
    assert done.returncode == 1
    assert fault in done.stderr.replace('["X-A"]', ".X-A")


# --- the mirror pool ------------------------------------------------------------------------------

ALL = {"policy": "random", "permil": 1000}


def test_mirror_gets_a_copy(put, server, main, beta):
    port = put(servers(main), mirrorPool=servers(beta, filter=ALL))
    assert fetch(port, "/a%20b?c=d", "POST", b"hello", X_One="1").text == "main"
    wait_until(lambda: beta.calls, "the mirror has the copy")
    copy, call = beta.calls[0], main.calls[0]
    assert (copy.method, copy.target, copy.body) == ("POST", "/a%20b?c=d", b"hello")
    assert copy.headers["x-one"] == "1"
    assert copy.headers["content-length"] == call.headers["content-length"]
    assert status(server)["mirrorPool"]["copies"] == {"sent": 1, "dropped": 0}


def test_mirror_copies_what_its_filter_wants(put, main, beta):
    port = put(servers(main), mirrorPool=servers(beta, filter={"headers": {"X-User": {"exact": "beta"}}}))
    assert fetch(port, "/not").text == "main"
    assert fetch(port, "/this", X_User="beta").text == "main"
    wait_until(lambda: beta.calls, "the mirror has the copy")
    assert beta.targets == ["/this"]


def test_mirror_never_delays_and_is_bounded(put, server, main, beta):
    never = threading.Event()
    beta.answer = lambda call: Answer(after=never)
    port = put(servers(main), mirrorPool=servers(beta, filter=ALL, maxCopies=1))
    with Connection(port) as connection:
        for _ in range(50):
            assert connection.request().text == "main"
    assert status(server)["mirrorPool"]["copies"] == {"sent": 1, "dropped": 49}
    never.set()


def test_mirror_bounds_the_bytes(put, server, main, beta):
    port = put(servers(main), mirrorPool=servers(beta, filter=ALL, maxCopiedBytes=100))
    assert fetch(port, "/", "POST", b"x" * 1000).text == "main"
    assert status(server)["mirrorPool"]["copies"] == {"sent": 0, "dropped": 1}


def test_mirror_that_is_not_there_or_fails(put, server, main, beta):
    beta.answer = lambda call: None
    port = put(servers(main), mirrorPool=servers(beta, filter=ALL))
    with Connection(port) as connection:
        for _ in range(20):
            assert connection.request().text == "main"
    wait_until(lambda: len(beta.calls) >= 20, "the copies were sent")
    assert "mirror" not in " ".join(server.access_log())


def test_mirror_that_hangs_frees_its_place(put, server, main, beta):
    never = threading.Event()
    beta.answer = lambda call: Answer(after=never)
    port = put(servers(main), mirrorPool=servers(beta, filter=ALL, maxCopies=1, timeout="50ms"))
    with Connection(port) as connection:
        assert connection.request().text == "main"
        wait_until(lambda: connection.request().text == "main" and len(beta.calls) >= 3, "more copies go out")
    never.set()


def test_large_answers_to_copies_flow_past(put, server, main, beta):
    beta.answer = lambda call: Answer(chunks=[b"x" * 100_000] * 100)
    port = put(servers(main), serverMaxBodySize=1000, mirrorPool=servers(beta, filter=ALL))
    assert fetch(port).text == "main"
    wait_until(lambda: status(server)["mirrorPool"]["stat"]["codes"] == {"200": 1}, "the copy was answered")


def test_change_of_the_pipeline_while_copies_run(put, main, beta):
    never = threading.Event()
    beta.answer = lambda call: Answer(after=never)
    for number in range(5):
        port = put(servers(main), mirrorPool=servers(beta, filter=ALL, maxCopies=number + 2))
        assert fetch(port, f"/{number}").text == "main"
    wait_until(lambda: len(beta.calls) == 5, "the copies were sent")
    never.set()
