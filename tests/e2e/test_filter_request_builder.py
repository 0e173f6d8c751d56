# SPDX-License-Identifier: Apache-2.0
"""RequestBuilder: requests from templates and from other namespaces, as backends get them."""

import json

import pytest

from covers import covers
from gateway import documents, mock, pipeline, proxy
from pages import BACKEND, example
from rewriting_kit import Route
from scripted import Answer, Scripted


@pytest.fixture
def backend():
    with Scripted(lambda call: Answer(body=call.body or b"none", headers={"X-Seen": call.target})) as instance:
        yield instance


@pytest.fixture
def build(server, port, backend):
    """Sends what the builder makes to the backend; gives the route."""

    def put(**fields) -> Route:
        server.apply(pipeline("p", {"name": "b", "kind": "RequestBuilder", **fields}, proxy(backend.url)))
        return Route(server, port)

    return put


@covers("RequestBuilder", "template")
def test_the_page(server, port, backend):
    server.apply(*example("filter-request-builder", {BACKEND: backend.url}))
    route = Route(server, port, "search")
    response = route.ask("/x?lang=de%20at", "POST", 'say "hi"\nand go')
    assert (response.status, json.loads(response.text)) == (200, {"text": 'say "hi"\nand go'})
    call = backend.calls[-1]
    assert (call.method, call.target) == ("POST", "/search?lang=de+at")
    assert call.headers["content-type"] == "application/json"


def test_method_url_headers_and_body(build, backend):
    route = build(template="method: put\nurl: http://other.example:81/a?b=c\nheaders: {X-A: [one], X-B: two}\nbody: text")
    assert route.ask("/", "POST", "old", X_Old="1").text == "text"
    call = backend.calls[-1]
    assert (call.method, call.target, call.headers["host"]) == ("PUT", "/a?b=c", "other.example:81")
    assert (call.headers["x-a"], call.headers["x-b"], call.headers["content-length"]) == ("one", "two", "4")
    assert "x-old" not in call.headers


def test_values_in_the_url(build, backend):
    route = build(template="url: '/s?q={{index .req.Query.q 0}}&role=user'")
    assert route.ask("/?q=a%23b").status == 200
    assert backend.calls[-1].target == "/s?q=a%23b&role=user", "what stands behind is not cut off"
    route = build(template="url: '/s?q={{index .req.Query.q 0 | urlquery}}&role=user'")
    route.ask("/?q=a%23b%26role=admin")
    assert backend.calls[-1].target == "/s?q=a%23b%26role%3Dadmin&role=user"


def test_what_no_url_has_is_escaped(build, backend):
    build(template="url: '/p/{{.req.Body}}?q={{.req.Body}}'").ask("/", "POST", 'a "<>\\^`{|}ä')
    escaped = "a%20%22%3C%3E%5C%5E%60%7B%7C%7D%C3%A4"
    assert backend.calls[-1].target == f"/p/{escaped}?q={escaped}"


def test_form_data(build, backend):
    build(template="method: POST\nformData:\n  up: {value: '{{.req.Body}}', fileName: f.txt}").ask("/", "POST", "it's")
    call = backend.calls[-1]
    boundary = call.headers["content-type"].removeprefix("multipart/form-data; boundary=")
    assert call.body.startswith(f"--{boundary}\r\n".encode()) and b'filename="f.txt"' in call.body
    assert b"\r\n\r\nit's\r\n" in call.body


@covers("RequestBuilder", "leftDelim rightDelim")
def test_other_delimiters(build, backend):
    route = build(template="body: '{{x}} [[.req.Method]]'", leftDelim="[[", rightDelim="]]", protocol="http")
    assert route.ask().text == "{{x}} GET"


def test_the_body_of_the_client_adds_no_keys(build, backend):
    route = build(template="method: POST\nbody: |\n  {{.req.Body}}\n")
    assert route.ask("/", "POST", "x\nmethod: DELETE\nurl: /admin").text == "x\nmethod: DELETE\nurl: /admin\n"
    assert (backend.calls[-1].method, backend.calls[-1].target) == ("POST", "/")
    route = build(template="method: POST\nbody: {{.req.Body}}\n")
    assert route.ask("/", "POST", "x\nmethod: DELETE\nurl: /admin").text == "x\nmethod: DELETE\nurl: /admin"
    assert (backend.calls[-1].method, backend.calls[-1].target) == ("POST", "/")


@pytest.mark.parametrize(
    "template",
    [
        "url: '{{index .req.Header \"X-Absent\" 0}}'",
        "method: '{{header .req.Header \"X-Up\"}} T'",
        "url: /a/{{header .req.Header \"X-Up\"}}/b",
        "headers: {X-Body: {{.req.Body}}}",
    ],
)
@covers("RequestBuilder", results="buildErr")
def test_build_err(build, backend, template):
    route = build(template=template)
    assert route.result("/fails", "b", "POST", "one\ntwo", X_Up="..") == "buildErr"
    assert route.ask("/", "POST", "one\ntwo", X_Up="..").status == 503
    assert backend.calls == []


@covers("RequestBuilder", "sourceNamespace")
def test_a_copy_for_each_namespace(server, port, backend):
    copy = {"name": "copy", "kind": "RequestBuilder", "sourceNamespace": "DEFAULT"}
    flow = [{"filter": step, "namespace": name} for step in ("copy", "proxy") for name in ("a", "b")]
    join = {"name": "join", "kind": "ResponseBuilder", "template": "body: |-\n  {{.responses.a.Body}}+{{.responses.b.Body}}"}
    server.apply(pipeline("p", copy, proxy(backend.url), join, flow=[*flow, {"filter": "join"}]))
    route = Route(server, port)
    assert route.ask("/x?y", "POST", "body", X_A="1").text == "body+body"
    assert [(call.method, call.target, call.body) for call in backend.calls] == [("POST", "/x?y", b"body")] * 2
    assert all(call.headers["x-a"] == "1" for call in backend.calls)
    # A source that is absent.
    server.apply(pipeline("p", {**copy, "sourceNamespace": "absent"}, mock("x")))
    assert route.result("/absent", "copy") == "buildErr"


def test_data_of_the_pipeline(server, port, backend):
    built = {"name": "b", "kind": "RequestBuilder", "template": "method: POST\nbody: '{{.data.PIPELINE.greeting}}'"}
    server.apply({**pipeline("p", built, proxy(backend.url)), "data": {"greeting": "hello world"}})
    assert Route(server, port).ask().text == "hello world"


@covers("RequestBuilder", "protocol")
def test_http_is_the_only_protocol(server):
    built = {"name": "b", "kind": "RequestBuilder", "template": "body: x"}
    server.apply(pipeline("p", {**built, "protocol": "http"}))
    refused = server.egctl("apply", "-f", "-", input=documents(pipeline("p", {**built, "protocol": "mqtt"})), check=False)
    assert refused.returncode != 0 and "filters[0].protocol" in refused.stderr


def warnings_of(server, *filters: dict, flow: list[dict] | None = None) -> list[str]:
    done = server.egctl("validate", "-f", "-", input=documents(pipeline("p", *filters, **({"flow": flow} if flow else {}))))
    return [line.removeprefix("Warning: p: ") for line in done.stderr.splitlines()]


def test_data_that_nothing_makes_is_warned_of(server):
    made = {"name": "d", "kind": "DataBuilder", "dataKey": "order", "template": "total: 5"}
    rows = {
        "{{.data.ordr.total}}": 'no filter makes the data "ordr", did you mean "order"?, unless a GlobalFilter does: .data.ordr is empty',
        "{{.data.PIPELINE.greting.x}}": '`data` of the pipeline has no "greting", did you mean "greeting"?: .data.PIPELINE.greting is empty',
    }

    def said(template: str, **data) -> list[str]:
        built = {"name": "b", "kind": "ResponseBuilder", "template": f"body: '{template}'"}
        spec = {**pipeline("p", made, built), **data}
        for command in ("validate", "apply"):
            lines = server.egctl(command, "-f", "-", input=documents(spec)).stderr.splitlines()
            lines = [line.partition("filters")[2] for line in lines]
        return lines

    for template, text in rows.items():
        assert said(template, data={"greeting": "hello"}) == [f"[1].template: {text}"]
    assert said("{{.data.PIPELINE.greeting}}") == ['[1].template: `data` of the pipeline has no "greeting": .data.PIPELINE.greeting is empty']
    for template in ("{{.data.order.total}}{{.data.PIPELINE}}", '{{index .data "any"}}', "{{.data.PIPELINE.greeting}}"):
        assert said(template, data={"greeting": "hello"}) == []


def test_names_that_fit_nothing_are_warned_of(server):
    def built(template: str, **more) -> dict:
        return {"name": "b", "kind": "ResponseBuilder", "template": template, **more}

    copy = {"name": "c", "kind": "RequestBuilder", "sourceNamespace": "serch"}
    flow = [{"filter": "c"}, {"filter": "m", "namespace": "search"}]
    assert warnings_of(server, copy, mock("x", name="m"), flow=flow) == [
        'filters[0].sourceNamespace: no node of the flow has the namespace "serch", did you mean "search"?: '
        "it is empty, unless a GlobalFilter fills it"
    ]
    rows = {
        "body: '{{.resp.Statuscode}}'": ".resp.Statuscode is never there, did you mean",
        "body: '{{.requests.DEFAULT.URL.path}}'": ".requests.DEFAULT.URL.path is never there, did you mean",
        "body: '{{.reqs.Method}}'": '.reqs is never there, did you mean "req"?',
        "body: '{{.responses.serch.Body}}'": 'no node of the flow has the namespace "serch"',
    }
    for template, text in rows.items():
        (line,) = warnings_of(server, built(template))
        assert line.startswith("filters[0].template: ") and text in line, line
    for template in ("body: '{{.req.Header.Statuscode}}{{.resp.StatusCode}}{{.req.URL.Path}}'", "body: '{{range $x := .req.Query}}{{$x.Anything}}{{end}}'"):
        assert warnings_of(server, built(template)) == []
    (line,) = warnings_of(server, built('body: |\n  {"a": "{{.req.Host}}", "b": "{{.req.Method}}"}\n'))
    assert "line 2: a quote" in line
