# SPDX-License-Identifier: Apache-2.0
"""ResultBuilder: the flow jumps by what a template makes."""

import pytest

from covers import covers
from gateway import mock, pipeline
from pages import example
from rewriting_kit import Route


@covers("ResultBuilder", "template")
def test_the_page(server, port):
    server.apply(*example("filter-result-builder"))
    route = Route(server, port, "choice")
    assert route.ask("/", "POST", '{"text": "x"}').text == "text"
    assert route.ask("/", "POST", '{"image": "x"}').text == "image"
    assert route.ask("/", "POST", "{}").text == "other"


@pytest.fixture
def route(server, port) -> Route:
    built = {
        "name": "r",
        "kind": "ResultBuilder",
        "template": '<header .req.Header "X-Result"><if .req.Body><index .req.JSONBody 9><end>',
        "leftDelim": "<",
        "rightDelim": ">",
    }
    answers = [mock(f"to {i}", f"m{i}") for i in range(10)]
    jumps = {f"result{i}": f"m{i}" for i in range(10)}
    flow = [{"filter": "r", "jumpIf": jumps}, {"filter": "mock"}]
    for answer in answers:
        flow += [{"filter": "END"}, {"filter": answer["name"]}]
    server.apply(pipeline("p", built, mock("next"), *answers, flow=flow))
    return Route(server, port)


@covers(
    "ResultBuilder",
    "leftDelim rightDelim",
    results="result0 result1 result2 result3 result4 result5 result6 result7 result8 result9",
)
def test_each_result_jumps(route):
    for number in range(10):
        assert route.ask(X_Result=f"result{number}").text == f"to {number}"
        assert route.result(f"/number-{number}-", "r", X_Result=f"result{number}") == f"result{number}"


def test_nothing_is_success(route):
    assert route.ask().text == "next"


@pytest.mark.parametrize("text", ["result10", "unknown", "buildErr", "resultX"])
@covers("ResultBuilder", results="unknown")
def test_other_text_is_unknown(route, text):
    assert route.ask(X_Result=text).status == 503
    assert route.result("/unknown", "r", X_Result=text) == "unknown"


@covers("ResultBuilder", results="buildErr")
def test_build_err(route):
    assert route.result("/fails", "r", "POST", "[1]") == "buildErr"
