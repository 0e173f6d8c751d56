# SPDX-License-Identifier: Apache-2.0
"""Pipelines: flow, jumps, aliases, namespaces, and what the client gets when nobody answers."""

import pytest

from client import fetch
from gateway import http_server, mock, pipeline, wasm


@pytest.fixture
def run(server, port):
    """Puts a pipeline with these filters and flow behind every path; gives (status, body)."""
    server.apply(http_server(port, {"backend": "p"}))

    def put(*filters: dict, flow: list[dict] | None = None):
        server.apply(pipeline("p", *filters, flow=flow))
        return lambda path="/", **headers: (
            (response := fetch(port, path, **headers)).status,
            response.text,
        )

    return put


def matching(name: str, body: str, prefix: str, code: int = 200) -> dict:
    return mock(body, name, code, match={"pathPrefix": prefix})


def test_without_flow_the_filters_run_as_defined(run):
    get = run(matching("first", "1", "/1"), matching("second", "2", "/"))
    assert get("/1") == (200, "1")
    assert get("/2") == (200, "2")


def test_flow_decides_the_order(run):
    get = run(mock("1", "first"), mock("2", "second"), flow=[{"filter": "second"}, {"filter": "first"}])
    assert get() == (200, "2")


def test_a_result_without_a_jump_ends_the_pipeline(run):
    get = run(mock("1", "first"), mock("2", "second"), flow=[{"filter": "first"}, {"filter": "second"}])
    assert get() == (200, "1")


def test_jump(run):
    get = run(
        mock("1", "first"),
        mock("2", "second"),
        mock("3", "third"),
        flow=[{"filter": "first", "jumpIf": {"mocked": "third"}}, {"filter": "second"}, {"filter": "third"}],
    )
    assert get() == (200, "3")


def test_jump_to_an_alias(run):
    get = run(
        mock("1", "first"),
        mock("2", "second"),
        mock("3", "third"),
        flow=[
            {"filter": "first", "jumpIf": {"mocked": "last"}},
            {"filter": "second"},
            {"filter": "third", "alias": "last"},
        ],
    )
    assert get() == (200, "3")


def test_jump_to_end(run):
    get = run(
        mock("1", "first"),
        mock("2", "second"),
        flow=[{"filter": "first", "jumpIf": {"mocked": "END"}}, {"filter": "second"}],
    )
    assert get() == (200, "1")


def test_end_in_the_flow(run):
    get = run(
        matching("first", "1", "/1"),
        mock("2", "second"),
        flow=[{"filter": "first"}, {"filter": "END"}, {"filter": "second"}],
    )
    assert get("/1") == (200, "1")
    assert get("/2") == (503, "")


def test_jump_on_success(run):
    get = run(
        matching("first", "1", "/1"),
        mock("2", "second"),
        mock("3", "third"),
        flow=[{"filter": "first", "jumpIf": {"": "third"}}, {"filter": "second"}, {"filter": "third"}],
    )
    assert get("/1") == (200, "1")
    assert get("/other") == (200, "3")


def test_one_filter_twice(run, guests):
    get = run(
        matching("first", "1", "/1"),
        mock("2", "second"),
        flow=[{"filter": "first", "jumpIf": {"mocked": "END"}}, {"filter": "first", "alias": "again"}, {"filter": "second"}],
    )
    assert get("/1") == (200, "1")
    assert get("/x") == (200, "2")


def test_no_response_is_503(run):
    get = run(matching("only", "1", "/1"))
    assert get("/1") == (200, "1")
    assert get("/2") == (503, "")


def test_a_response_of_another_namespace_is_not_sent(run):
    get = run(mock("1", "first"), flow=[{"filter": "first", "namespace": "other"}])
    assert get() == (503, "")


def test_mock_rules(run):
    get = run(
        {
            "name": "mock",
            "kind": "Mock",
            "rules": [
                {"match": {"path": "/exact"}, "code": 201, "body": "exact", "headers": {"X-A": "1"}},
                {"match": {"headers": {"X-B": {"prefix": "b"}}}, "code": 202, "body": "header"},
                {"match": {"pathPrefix": "/p", "headers": {"X-C": {"empty": True}}}, "code": 203, "body": "empty"},
            ],
        }
    )
    assert get("/exact") == (201, "exact")
    assert get("/x", X_B="bb") == (202, "header")
    assert get("/p") == (203, "empty")
    assert get("/p", X_C="there") == (503, "")


def test_mock_delay_holds_nobody_else(run, server, port):
    get = run(
        {
            "name": "mock",
            "kind": "Mock",
            "rules": [
                {"match": {"path": "/slow"}, "code": 200, "body": "slow", "delay": "1h"},
                {"code": 200, "body": "quick"},
            ],
        }
    )
    from client import Connection, request

    waiting = [Connection(port).send(request("/slow")) for _ in range(8)]
    for _ in range(20):
        assert get() == (200, "quick")
    for connection in waiting:
        connection.close()


def test_wasm_results_jump(run, guests):
    probe = wasm(guests / "probe.wasm")
    get = run(
        probe,
        mock("went on", "go"),
        mock("one", "one", code=429),
        flow=[
            {"filter": "wasm", "jumpIf": {"wasmResult1": "one", "wasmError": "one"}},
            {"filter": "go", "jumpIf": {"mocked": "END"}},
            {"filter": "one"},
        ],
    )
    assert get(X_Mode="ret0") == (200, "went on")
    assert get(X_Mode="ret1") == (429, "one")
    assert get(X_Mode="trap") == (429, "one")
    # No jump for it: the pipeline ends with the response made before the guest ran.
    assert get(X_Mode="ret2") == (200, "")


def test_the_access_log_tells_the_way(run, server):
    get = run(
        mock("1", "first"),
        mock("2", "second"),
        flow=[{"filter": "first", "jumpIf": {"mocked": "last"}}, {"filter": "second", "alias": "last"}],
    )
    get("/the-way")
    line = server.access_line("/the-way")
    assert "first(mocked" in line and "last(mocked" in line
