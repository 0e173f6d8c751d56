# SPDX-License-Identifier: Apache-2.0
"""Filters that change while requests pass: each request sees one spec whole, and the first after an update the new one."""

import json

import pytest

from client import Load, fetch, request
from gateway import http_server, mock, pipeline
from scripted import Answer, Scripted

HEADERS = {"X_User": "ann", "Origin": "https://a.example"}
BODY = b"{}"


def by_version() -> dict:
    """Answers with the version that the request has."""
    rules = [{"code": 200, "body": v, "match": {"headers": {"X-Version": {"exact": v}}}} for v in "ab"]
    return {"name": "mock", "kind": "Mock", "rules": [*rules, {"code": 500}]}


def answer_of(kind: str, **fields) -> dict:
    return {"name": "it", "kind": kind, **fields}


# kind -> (filters of a version, what its responses are)
VERSIONS = {
    "CORSAdaptor": lambda v: (
        [answer_of("CORSAdaptor", allowedOrigins=[f"https://{v}.example"]), mock("page")],
        (200, b"page") if v == "a" else (403, b""),
    ),
    "DataBuilder": lambda v: (
        [answer_of("DataBuilder", dataKey="k", template=f"{{version: {v}}}"),
         {"name": "r", "kind": "ResponseBuilder", "template": "body: '{{.data.k.version}}'"}],
        (200, v.encode()),
    ),
    "Fallback": lambda v: ([mock("x", code=500), answer_of("Fallback", mockCode=200, mockBody=v)], (200, v.encode())),
    "HeaderToJSON": lambda v: (
        [answer_of("HeaderToJSON", headerMap=[{"header": "X-User", "json": v}]),
         {"name": "r", "kind": "ResponseBuilder", "template": "body: |-\n  {{.req.Body}}"}],
        (200, b'{"%s":"ann"}' % v.encode()),
    ),
    "Redirector": lambda v: (
        [answer_of("Redirector", match="^/$", replacement=f"/{v}", statusCode=301 if v == "a" else 302)],
        (301, b"Moved Permanently") if v == "a" else (302, b"Found"),
    ),
    "RedirectorV2": lambda v: (
        [answer_of("RedirectorV2", scheme="https", statusCode=301 if v == "a" else 302)],
        (301, b"Moved Permanently") if v == "a" else (302, b"Found"),
    ),
    "RequestAdaptor": lambda v: ([answer_of("RequestAdaptor", header={"set": {"X-Version": v}}), by_version()], (200, v.encode())),
    "RequestBuilder": lambda v: ([answer_of("RequestBuilder", template=f"headers: {{X-Version: {v}}}"), by_version()], (200, v.encode())),
    "ResponseAdaptor": lambda v: ([answer_of("ResponseAdaptor", body=v), mock("x")], (200, v.encode())),
    "ResponseBuilder": lambda v: ([answer_of("ResponseBuilder", template=f"body: {v}")], (200, v.encode())),
    "ResultBuilder": lambda v: ([answer_of("ResultBuilder", template=f"result{'ab'.index(v)}"), mock("a", "a"), mock("b", "b")], (200, v.encode())),
    "Validator": lambda v: (
        [answer_of("Validator", headers={"X-User": {"values": ["ann" if v == "a" else "bob"]}}), mock("page")],
        (200, b"page") if v == "a" else (400, b""),
    ),
}  # fmt: skip
FLOWS = {
    "Fallback": [{"filter": "mock", "jumpIf": {"mocked": "it"}}, {"filter": "it"}],
    "ResultBuilder": [{"filter": "it", "jumpIf": {"result0": "a", "result1": "b"}}, {"filter": "a"}, {"filter": "END"}, {"filter": "b"}],
}  # fmt: skip


def change_under_load(server, port: int, versions, flow: list | None = None) -> None:
    def put(version: str) -> tuple[int, bytes]:
        filters, expected = versions(version)
        server.apply(pipeline("p", *filters, flow=flow))
        return expected

    server.apply(http_server(port, {"backend": "p"}))
    expected = {put("a")}
    asked = request("/", "POST", BODY, **HEADERS)
    with Load(port, lambda n: asked, connections=16) as load:
        for version in "bababa":
            now = put(version)
            response = fetch(port, "/", "POST", BODY, **HEADERS)
            assert (response.status, response.body) == now, version
            expected.add(now)
            load.wait_more(50)
    assert load.errors == [] and set(load.answers) == expected


@pytest.mark.parametrize("kind", VERSIONS)
def test_an_update_under_load(server, port, kind):
    change_under_load(server, port, VERSIONS[kind], FLOWS.get(kind))


def test_another_root_of_files(server, port, tmp_path):
    for version in "ab":
        (tmp_path / version).mkdir()
        (tmp_path / version / "index.html").write_text(version)

    def versions(version: str):
        """A POST asks for no file, so a flow turns it into a GET."""
        get = {"name": "get", "kind": "RequestAdaptor", "method": "GET"}
        return [get, answer_of("FileServer", root=str(tmp_path / version))], (200, version.encode())

    change_under_load(server, port, versions)


def test_another_service(server, port):
    def answers(call) -> Answer:
        reply = {"response": {"statusCode": 200, "body": {"/a": "YQ==", "/b": "Yg=="}[call.target]}}
        return Answer(205, body=json.dumps(reply).encode())

    with Scripted(answers) as service:
        change_under_load(server, port, lambda v: ([answer_of("RemoteFilter", url=f"{service.url}/{v}")], (200, v.encode())))
