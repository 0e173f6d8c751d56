# SPDX-License-Identifier: Apache-2.0
"""ResponseBuilder: responses from templates and from other namespaces."""

import json
import threading

import pytest

from client import Connection, request
from covers import covers
from gateway import documents, mock, pipeline, proxy
from pages import BACKEND, example
from rewriting_kit import Route
from scripted import Answer, Scripted


def builder(**fields) -> dict:
    return {"name": "b", "kind": "ResponseBuilder", **fields}


@pytest.fixture
def three():
    """Three backends; the second fails."""
    bodies = [b'{"n": 1,\n "x": "a"}', b"no JSON", b'{"n": 3}']
    backends = [
        Scripted(lambda _, i=i, body=body: Answer(503 if i == 1 else 200, body=body)) for i, body in enumerate(bodies)
    ]
    with backends[0], backends[1], backends[2]:
        yield backends


def aggregate(three, template: str) -> dict:
    copy = {"name": "copy", "kind": "RequestBuilder", "sourceNamespace": "DEFAULT"}
    flow = [{"filter": "copy", "namespace": f"n{i}"} for i in range(3)]
    # A backend that fails does not end the flow.
    flow += [
        {"filter": f"p{i}", "namespace": f"n{i}", "jumpIf": {"failureCode": f"p{i + 1}"}} if i < 2
        else {"filter": f"p{i}", "namespace": f"n{i}"}
        for i in range(3)
    ]
    proxies = [proxy(backend.url, name=f"p{i}") for i, backend in enumerate(three)]
    return pipeline("p", copy, *proxies, builder(template=template), flow=[*flow, {"filter": "b"}])


@covers("ResponseBuilder", "template")
def test_the_page(server, port):
    with Scripted(lambda call: Answer(202, body=b'{\n"at": "' + call.target.encode() + b'"\n}')) as backend:
        server.apply(*example("filter-response-builder", {BACKEND: backend.url}))
        response = Route(server, port, "joined").ask("/x")
        assert (response.status, json.loads(response.text)) == (202, [{"at": "/x"}] * 2)
        assert response.headers["content-type"] == "application/json"


def test_those_that_succeeded(server, port, three):
    template = """statusCode: {{$code := 500}}{{range $r := .responses}}{{if eq $r.StatusCode 200}}{{$code = 200}}{{break}}{{end}}{{end}}{{$code}}
body: |
  {{$first := true -}}
  [{{range $name, $r := .responses -}}
    {{if eq $r.StatusCode 200 -}}
      {{if not $first}},{{end}}{{$r.Body}}{{$first = false -}}
    {{- end}}
  {{- end}}]
"""
    server.apply(aggregate(three, template))
    response = Route(server, port).ask()
    assert (response.status, json.loads(response.text)) == (200, [{"n": 1, "x": "a"}, {"n": 3}])


def test_merged_objects(server, port, three):
    template = "body: {{mergeObject .responses.n0.JSONBody .responses.n2.JSONBody | toRawJson}}"
    server.apply(aggregate(three, template))
    assert json.loads(Route(server, port).ask().text) == {"n": 3, "x": "a"}


@pytest.mark.parametrize("template", ["statusCode: {{99}}", "statusCode: {{`0x1F4`}}", "statusCode: {{`+200`}}", "body: '{{.responses.n1.JSONBody}}'"])
@covers("ResponseBuilder", results="buildErr")
def test_build_err(server, port, three, template):
    server.apply(aggregate(three, template))
    route = Route(server, port)
    assert route.result("/fails", "b") == "buildErr"
    assert route.ask().status == 503


def test_a_response_for_a_failure(server, port):
    """The jump of a failed builder leads to a response."""
    broken = {"name": "r", "kind": "RequestBuilder", "template": "{{fail}}".replace("fail", "index .req.Header.X 0")}
    answer = builder(template="statusCode: 422\nheaders: {X-Why: 'no {{.req.Method}}'}\nbody: the request is invalid")
    flow = [{"filter": "r", "jumpIf": {"buildErr": "b"}}, {"filter": "mock"}, {"filter": "END"}, {"filter": "b"}]
    server.apply(pipeline("p", broken, mock("fine"), answer, flow=flow))
    response = Route(server, port).ask()
    assert (response.status, response.text, response.headers["x-why"]) == (422, "the request is invalid", "no GET")


@covers("ResponseBuilder", "sourceNamespace")
def test_the_response_of_a_namespace_is_a_stream_still(server, port):
    goes_on = threading.Event()

    def pieces():
        yield b"first"
        assert goes_on.wait(60)
        yield b"last"

    with Scripted(lambda _: Answer(203, {"X-A": "1"}, chunks=pieces())) as backend:
        ask = {"name": "r", "kind": "RequestBuilder", "sourceNamespace": "DEFAULT"}
        flow = [{"filter": "r", "namespace": "n"}, {"filter": "proxy", "namespace": "n"}, {"filter": "b"}]
        server.apply(pipeline("p", ask, proxy(backend.url), builder(sourceNamespace="n"), flow=flow))
        Route(server, port)
        with Connection(port) as connection:
            connection.send(request("/"))
            seen = connection._until(b"first")
            assert seen.startswith(b"HTTP/1.1 203") and b"x-a: 1" in seen.lower()
            goes_on.set()
            assert b"last" in connection._until(b"0\r\n\r\n")


def test_a_namespace_without_a_response(server, port):
    server.apply(pipeline("p", builder(sourceNamespace="n")))
    assert Route(server, port).result("/absent", "b") == "buildErr"


@covers("ResponseBuilder", "leftDelim rightDelim")
def test_other_delimiters(server, port):
    server.apply(pipeline("p", builder(template="body: '{{x}} <%.req.Method%>'", leftDelim="<%", rightDelim="%>", protocol="http")))
    assert Route(server, port).ask().text == "{{x}} GET"


@pytest.mark.parametrize("read", [
    "$.req.YAMLBody.lang", "index $.req.Query.lang 0", "$.req.Cookies.lang", "header $.req.Header `X-Lang`",
    "$.req.RequestURI", "len $.req.Header",
])
def test_a_loop_that_reads_the_request_takes_no_longer_than_its_steps(server, port, read):
    """20,000 rounds read a member that takes long to make."""
    loop = "{{range $a := .req.JSONBody.items}}{{$x := " + read + "}}{{end}}body: done"
    server.apply(pipeline("p", builder(template=loop)))
    items = b'{"items": [' + b"0," * 20_000 + b"0]}"
    route = Route(server, port)
    target, fields = "/?lang=en" + "&a=1" * 1800, {f"H{n}": "x" for n in range(50)}
    answer = route.ask(target, "POST", items, Cookie="lang=en; " + "a=1; " * 1500, X_Lang="en", **fields)
    assert (answer.status, answer.text) == (200, "done")


def test_work_inside_of_a_request_counts(server, port):
    """A name of 60 kB in Authorization is decoded in each round."""
    server.apply(pipeline("p", builder(template="{{range 20000}}{{$x := username $.req}}{{end}}body: done")))
    assert Route(server, port).result("/long", "b", Authorization="Basic " + "Y" * 40_000) == "buildErr"


def test_large_bodies_are_refused(server, port):
    with Scripted(lambda _: Answer(body=b"x" * (5 << 20))) as backend:
        join = builder(template="body: '{{len .resp.Body}}'")
        server.apply(pipeline("p", proxy(backend.url, serverMaxBodySize=-1), join))
        assert Route(server, port).result("/large", "b") == "buildErr"


@covers("ResponseBuilder", "protocol")
def test_http_is_the_only_protocol(server):
    built = {"name": "b", "kind": "ResponseBuilder", "template": "body: x"}
    server.apply(pipeline("p", {**built, "protocol": "http"}))
    refused = server.egctl("apply", "-f", "-", input=documents(pipeline("p", {**built, "protocol": "mqtt"})), check=False)
    assert refused.returncode != 0 and "filters[0].protocol" in refused.stderr
