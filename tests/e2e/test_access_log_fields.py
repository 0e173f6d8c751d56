# SPDX-License-Identifier: Apache-2.0
"""{{ReqHeaders}} and {{RespHeaders}} of the access log."""

import json

from client import fetch
from gateway import http_server, mock, pipeline

FORMAT = '{"uri":"{{URI}}","in":"{{ReqHeaders}}","out":"{{RespHeaders}}"}'


def test_fields_are_logged_without_secrets(server, port):
    answer = mock("x")
    answer["rules"][0]["headers"] = {"X-Answer": "yes", "Set-Cookie": "id=hunter2"}
    server.apply(http_server(port, {"backend": "p"}, accessLogFormat=FORMAT), pipeline("p", answer))
    fetch(port, "/logged", Authorization="Basic hunter2", Cookie="a=hunter2", **{"X-Auth-User": "hunter2", "X-Mine": 'a"b'})
    line = server.access_line("/logged")
    assert "hunter2" not in line
    said = json.loads(line)
    assert 'X-Mine: a"b' in said["in"] and "Authorization: <redacted>" in said["in"] and "Cookie: <redacted>" in said["in"]
    assert "X-Answer: yes" in said["out"] and "Set-Cookie: <redacted>" in said["out"]


def test_a_value_looks_like_no_other_field(server, port):
    server.apply(http_server(port, {"backend": "p"}, accessLogFormat=FORMAT), pipeline("p", mock("x")))
    fetch(port, "/forged", X_Mine='1; X-Admin: yes"}')
    assert 'X-Mine: 1%3B X-Admin: yes"}' in json.loads(server.access_line("/forged"))["in"]
    server.apply(http_server(port, {"backend": "p"}, accessLogFormat="{{URI}} '{{ReqHeaders}}' {{StatusCode}}"))
    fetch(port, "/quoted", X_Mine="it's; \u00e9\\")
    line = server.access_line("/quoted")
    assert line.count("'") == 2 and line.endswith("' 200"), line
    assert "\\x27" in line and "\\xe9" in line and "%3B" in line, line


def test_long_headers_are_cut(server, port):
    server.apply(http_server(port, {"backend": "p"}, accessLogFormat=FORMAT), pipeline("p", mock("x")))
    fetch(port, "/long", X_Long="x" * 20_000)
    assert len(json.loads(server.access_line("/long"))["in"]) == 4096


def test_a_request_without_a_response_of_a_pipeline(server, port):
    server.apply(http_server(port, {"path": "/x", "backend": "p"}, accessLogFormat=FORMAT), pipeline("p", mock("x")))
    assert fetch(port, "/none").status == 404
    assert json.loads(server.access_line("/none"))["uri"] == "/none"


def test_they_are_text(server, port):
    spec = http_server(port, {"backend": "p"}, accessLogFormat='{"in":{{ReqHeaders}}}')
    done = server.egctl("apply", "-f", "-", input=json.dumps(spec), check=False)
    assert done.returncode == 1 and "{{ReqHeaders}} is text" in done.stderr, done.stderr
