# SPDX-License-Identifier: Apache-2.0
"""Rules with variables in their paths (docs/rules.md#radixtree), and the variables of setHeaders."""

import json
import re

import pytest

from client import Connection, fetch
from gateway import http_server, mock, pipeline, proxy
from identity_kit import basic


@pytest.fixture
def shop(server, port, backend):
    """put(*paths, **fields): pipelines a to f answer with their names, `shop` with what it gets."""
    server.apply(*(pipeline(name, mock(name)) for name in "abcdef"), pipeline("shop", proxy(f"http://127.0.0.1:{backend.port}")))

    def put(*paths: dict, **fields) -> None:
        server.apply(http_server(port, *paths, **fields))

    return put


def seen(response) -> tuple[str, dict[str, str]]:
    """(target, headers) at the backend."""
    assert response.status == 200, response
    told = json.loads(response.text)
    return told["target"], dict(told["headers"])


def test_the_more_exact_path_is_first(shop, port):
    paths = [
        {"pathPrefix": "/users/", "backend": "f"},
        {"path": "/users/*", "backend": "e"},
        {"path": "/users/{name}/card", "backend": "d"},
        {"path": "/users/{id:[0-9]+}/card", "backend": "c"},
        {"path": "/users/v{name}/card", "backend": "b"},
        {"path": "/users/me/card", "backend": "a"},
    ]
    asked = {"me": "a", "v1": "b", "17": "c", "ann": "d", "17a": "d", "ann/x": "f"}

    def answers() -> dict:
        return {name: fetch(port, f"/users/{name}/card").text for name in asked}

    for order in (paths, paths[::-1]):
        shop(*order, routerKind="RadixTree")
        got = answers()
        assert {name: got[name] for name in asked if name != "ann/x"} == {n: b for n, b in asked.items() if n != "ann/x"}
        assert got["ann/x"] in "ef", "both take any rest"
    assert fetch(port, "/users").status == 404
    # The usual kind takes the first in order, and braces as text.
    shop(*paths)
    assert set(answers().values()) == {"f"}
    shop(*paths[2:])
    assert fetch(port, "/users/{name}/card").text == "d" and fetch(port, "/users/ann/card").status == 404


def test_variables_in_the_new_path_and_in_headers(shop, port):
    shop(
        {"path": "/users/{name}/{id:[0-9]+}", "rewriteTarget": "/v2/{id}/of/{name}", "backend": "shop",
         "setHeaders": {"X-Name": "$name", "X-Id": "${id:none}"}},
        {"path": "/files/*", "rewriteTarget": "/store/{EG_WILDCARD}", "backend": "shop"},
        routerKind="RadixTree",
    )  # fmt: skip
    target, headers = seen(fetch(port, "/users/ann/7?q"))
    assert (target, headers["x-name"], headers["x-id"]) == ("/v2/7/of/ann?q", "ann", "7")
    assert seen(fetch(port, "/files/a%2Fb/c"))[0] == "/store/a%2Fb/c"
    assert fetch(port, "/users/ann/x").status == 404


def test_conditions_choose_among_paths_with_variables(shop, port):
    shop(
        {"path": "/{x}", "methods": ["PUT"], "backend": "a"},
        {"path": "/{x}", "headers": [{"key": "X-Role", "values": ["admin"]}], "backend": "b"},
        {"path": "/{x}", "methods": ["GET"], "queries": [{"key": "beta", "values": ["1"]}], "backend": "c"},
        routerKind="RadixTree",
    )
    assert fetch(port, "/1", "PUT").text == "a" and fetch(port, "/1", X_Role="admin").text == "b"
    assert fetch(port, "/1?beta=1").text == "c" and fetch(port, "/1").status == 400


VARIABLES = {
    # variable: what a request has, as a regular expression
    "$request_method": "POST",
    "$request_uri": r"/a%20b\?x=1&y=2",
    "$uri": "/a b",
    "$request": r"POST /a%20b\?x=1&y=2 HTTP/1\.1",
    "$scheme": "http",
    "$server_protocol": r"HTTP/1\.1",
    "$args": "x=1&y=2",
    "$query_string": "x=1&y=2",
    "$host": r"shop\.example",
    "$hostname": r"shop\.example",
    "$server_name": r"shop\.example",
    "$http_host": r"shop\.example:81",
    "$remote_addr": r"192\.0\.2\.1",
    "$remote_user": "ann",
    "$proxy_add_x_forwarded_for": r"192\.0\.2\.1(, ?.*)?",
    "$content_type": "text/plain",
    "$content_length": "4",
    "$request_length": "4",
    "$time_iso8601": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|\+00:00)",
    "$time_local": r"\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000",
    "$msec": r"\d{10}\.\d{3}",
    "$request_time": r"\d+\.\d{3}",
    "$http_x_many": "one, two",
    "$cookie_sid": "s1",
    "$arg_x": "1",
    "${arg_none:a text}": "a text",
    "${arg_none:${cookie_sid}}": "s1",
    "${arg_none:${cookie_none:$arg_y}}": "2",
    "v-$arg_x-$arg_y": "v-1-2",
}


def test_every_variable_of_set_headers(shop, port):
    names = {f"X-Set-{number}": variable for number, variable in enumerate(VARIABLES)}
    shop({"backend": "shop", "setHeaders": {**names, "X-Gone": ""}}, trustedProxies=["127.0.0.1"])
    fields = ["Host: shop.example:81", "Content-Type: text/plain", "Content-Length: 4", "X-Many: one", "X-Many: two",
              "Cookie: sid=s1", f"Authorization: {basic('ann', 'x')}", "X-Forwarded-For: 192.0.2.1", "X-Gone: 1",
              "X-Set-0: of the client"]  # fmt: skip
    with Connection(port) as connection:
        connection.send("POST /a%20b?x=1&y=2 HTTP/1.1\r\n" + "".join(f"{field}\r\n" for field in fields) + "\r\nbody")
        _, headers = seen(connection.receive("POST"))
    wrong = {v: headers.get(n.lower()) for n, v in names.items() if not re.fullmatch(VARIABLES[v], headers.get(n.lower(), ""))}
    assert wrong == {} and "x-gone" not in headers


def test_groups_of_an_expression(shop, port):
    shop({"pathRegexp": "^/(?P<shop>[a-z]+)/", "backend": "shop", "setHeaders": {"X-Shop": "$shop"}})
    assert seen(fetch(port, "/berlin/x"))[1]["x-shop"] == "berlin"
