# SPDX-License-Identifier: Apache-2.0
"""GRPCProxy: the Proxy that speaks HTTP/2 to its servers, under another name."""

from gateway import Server, free_port, http_server, mock, pipeline
from pages import BACKEND, example
from rewriting_kit import Route


def filter_of(url: str, **fields) -> dict:
    return {"name": "g", "kind": "GRPCProxy", "pools": [{"servers": [{"url": url}]}], **fields}


def test_the_page_speaks_http2(server, port, tmp_path):
    """The backend is a gateway whose access log tells the protocol."""
    behind = free_port()
    backend = Server(tmp_path / "backend").start()
    try:
        backend.apply(http_server(behind, {"backend": "p"}), pipeline("p", mock("hello")))
        server.apply(*example("filter-grpc-proxy", {BACKEND: f"http://127.0.0.1:{behind}"}))
        route = Route(server, port, "greeter")
        assert route.ask("/over-two").text == "hello"
        assert "HTTP/2.0" in backend.access_line("/over-two")
        pool = server.get_json("/apis/v2/objects/greeter")["filters"][0]["pools"][0]
        assert pool["http2"] is True and pool["connectTimeout"] == "1s"
        text = server.egctl("get", "pipeline", "greeter", "-o", "yaml").stdout
        version = server.config_version()
        server.egctl("apply", "-f", "-", input=text)
        assert server.config_version() == version, "what is shown is what is there"
    finally:
        backend.stop()


def test_results_are_those_of_a_proxy(server, port):
    server.apply(pipeline("p", filter_of("http://127.0.0.1:1")))
    assert Route(server, port).result("/none", "g") == "serverError"


def test_a_wrong_field_is_named_where_it_belongs(server):
    done = server.egctl("apply", "-f", "-", input=f"kind: Pipeline\nname: p\nfilters: [{filter_of('http://a', timeout='soon')}]", check=False)
    assert done.returncode == 1 and "filters[0].pools[0].timeout" in done.stderr, done.stderr
