# SPDX-License-Identifier: Apache-2.0
"""DataBuilder: data that later templates read."""

from covers import covers
from gateway import pipeline
from pages import example
from rewriting_kit import Route


def chain(template: str, answer: str, **fields) -> dict:
    return pipeline(
        "p",
        {"name": "d", "kind": "DataBuilder", "dataKey": "k", "template": template, **fields},
        {"name": "r", "kind": "ResponseBuilder", "template": answer},
    )


@covers("DataBuilder", "dataKey template")
def test_the_page(server, port):
    server.apply(*example("filter-data-builder"))
    assert Route(server, port, "totals").ask("/", "POST", '{"price": 1.25, "count": 3}').text == "3.75 EUR"


def test_data_belong_to_one_request(server, port):
    answer = "body: '{{if .data.k}}{{.data.k.n}}{{else}}none{{end}}'"
    server.apply(chain("{{if .req.Body}}{n: {{.req.JSONBody.n}}}{{end}}", answer))
    route = Route(server, port)
    assert route.ask("/", "POST", '{"n": 7}').text == "7"
    assert route.ask().text == "none"


@covers("DataBuilder", "leftDelim rightDelim")
def test_other_delimiters(server, port):
    server.apply(chain("{a: <%.req.Method%>}", "body: '{{.data.k.a}}'", leftDelim="<%", rightDelim="%>"))
    assert Route(server, port).ask().text == "GET"


@covers("DataBuilder", results="buildErr")
def test_build_err(server, port):
    server.apply(chain("a: [", "body: x"))
    route = Route(server, port)
    assert route.result("/yaml", "d") == "buildErr"
    server.apply(chain("{{index .req.Header.X 0}}", "body: x"))
    assert route.result("/index", "d") == "buildErr"
    server.apply(chain("'{{.req.Body}}'", "body: x"))
    assert route.result("/large", "d", "POST", "x" * (2 << 20)) == "buildErr"
    assert route.ask("/", "POST", "x" * 1000).text == "x"
