# SPDX-License-Identifier: Apache-2.0
"""Documents that are accepted with a warning: misspellings in use, documents of version 1, backendPool."""

import json

import pytest

from client import fetch
from gateway import documents, http_server, mock, pipeline
from scripted import Scripted


def warnings(server, text: str, verb: str = "apply") -> list[str]:
    done = server.egctl(verb, "-f", "-", input=text)
    return [line.removeprefix("Warning: ") for line in done.stderr.splitlines()]


def test_a_warning_stands_beside_the_success(server, port):
    spec = http_server(port, {"pathPrefix": "/", "backend": "p"}, maxConnection=7)
    expected = ["http-server: maxConnection: read as maxConnections"]
    assert warnings(server, documents(spec, pipeline("p", mock("x")))) == expected
    assert warnings(server, documents(spec)) == expected, "also if nothing has changed"
    assert server.status("http-server")["warnings"] == ["maxConnection: read as maxConnections"]
    shown = json.loads(server.egctl("get", "httpserver", "http-server", "-o", "json").stdout)
    assert shown["maxConnections"] == 7 and "maxConnection" not in shown
    del spec["maxConnection"]
    spec["maxConnections"] = 7
    assert warnings(server, documents(spec)) == []
    assert "warnings" not in server.status("http-server")
    answer = json.loads(server.egctl("apply", "-f", "-", "-o", "json", input=documents(spec)).stdout)
    assert "warnings" not in answer[0]


@pytest.mark.parametrize(
    "pool, warning",
    [
        ({"serversTags": ["a"]}, "filters[0].pools[0].serversTags: read as serverTags"),
        ({"healthCheck": {"pass": 1}}, "filters[0].pools[0].healthCheck.pass: read as passes"),
        ({"compression": {"minLength": 9}}, "filters[0].pools[0].compression: has no effect: "),
        ({"serviceRegistry": "r"}, "filters[0].pools[0].serviceRegistry: has no effect: "),
    ],
)
def test_misspellings_of_a_pool(shared_server, pool, warning):
    servers = [{"url": "http://127.0.0.1:9", "tags": ["a"]}]
    spec = pipeline("pool", {"name": "x", "kind": "Proxy", "pools": [{"servers": servers, **pool}]})
    lines = warnings(shared_server, documents(spec))
    assert len(lines) == 1 and lines[0].startswith("pool: " + warning), lines


def test_misspellings_of_a_rule(server, port):
    rules = [{"host": "a", "path": "/ws", "backend": "p"}, {"paths": [{"path": "/", "backend": "p"}]}]
    rules[1]["paths"][0]["headers"] = [{"key": "X", "values": ["1"], "backend": "q"}]
    spec = {"kind": "HTTPServer", "name": "s", "port": port, "rules": rules}
    lines = warnings(server, documents(spec, pipeline("p", mock("x\n"))))
    assert lines == [
        "s: rules[0].path: read as of a path: it belongs into paths",
        "s: rules[0].backend: read as of a path: it belongs into paths",
        "s: rules[1].paths[0].headers[0].backend: has no effect: it belongs to the path, not to a condition",
    ]
    assert fetch(port, "/ws", Host="a").text == "x\n"
    assert fetch(port, "/ws", Host="b").status == 404


def test_what_never_runs(shared_server):
    spec = pipeline("never", mock("a", "a"), mock("b", "b"), flow=[{"filter": "a"}, {"filter": "END"}, {"filter": "a"}])
    assert warnings(shared_server, documents(spec)) == [
        "never: flow[2]: no way leads here: it never runs",
        "never: filters[1]: b is not in the flow: it never runs",
    ]


def test_a_pipeline_of_version_1(server, port):
    with Scripted() as backend:
        spec = {
            "kind": "HTTPPipeline",
            "name": "p",
            "flow": [{"filter": "x"}],
            "filters": [{"name": "x", "kind": "Proxy", "mainPool": {"servers": [{"url": backend.url}]}}],
        }
        text = documents(spec, http_server(port, {"pathPrefix": "/", "backend": "p"}))
        assert warnings(server, text) == ["p: kind: HTTPPipeline is of version 1: read as Pipeline"]
        assert fetch(port).status == 200
    shown = json.loads(server.egctl("get", "pipeline", "p", "-o", "json").stdout)
    assert shown["kind"] == "Pipeline" and len(shown["filters"][0]["pools"]) == 1


def test_a_pool_in_place_of_a_backend(server, port):
    secret = "0123456789abcdef0123"
    sticky = {"stickySession": {"mode": "DurationBased", "secret": secret}}
    with Scripted() as one, Scripted() as two:
        pool = {"servers": [{"url": one.url}], "loadBalance": sticky}
        spec = http_server(port, {"path": "/a", "backendPool": pool}, {"path": "/b", "backendPool": {"servers": [{"url": two.url}]}})
        assert warnings(server, documents(spec)) == []
        assert fetch(port, "/a").status == fetch(port, "/b").status == 200
        assert "backendPool(" in server.access_line("/a")
        assert server.objects() == ["http-server"], "the pool is no object"
        assert set(server.status("http-server")["backendPools"]) == {"rules[0].paths[0]", "rules[0].paths[1]"}
        shown = server.egctl("get", "httpserver", "http-server", "-o", "json").stdout
        assert secret not in shown and json.loads(shown)["rules"][0]["paths"][0]["backendPool"]["servers"]
        version = server.config_version()
        assert warnings(server, shown) == []
        assert server.config_version() == version, "as it is shown it can be applied"
        spec["rules"][0]["paths"][0] = {"path": "/a", "backendPool": {"servers": [{"url": two.url}]}}
        server.apply(spec)
        before = len(one.targets)
        assert fetch(port, "/a").status == 200
        assert len(one.targets) == before and two.targets[-1] == "/a", "the update binds"
        server.restart()
        assert fetch(port, "/a").status == 200
    server.delete("http-server")
    assert server.objects() == []
