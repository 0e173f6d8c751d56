# SPDX-License-Identifier: Apache-2.0
"""Gates on paths, fields and addresses, and those who spell around them (docs/rules.md)."""

import json

import pytest

from client import Connection, fetch
from gateway import free_port, http_server, mock, pipeline, proxy, wait_until
from test_http2 import curl

GATE = ({"path": "/buy", "backend": "gate"}, {"pathPrefix": "/vip/", "backend": "gate"}, {"backend": "shop"})
SPELLINGS = """//buy /./buy /x/../buy /x/%2e%2e/buy /%62uy /buy/. /buy/ /BUY /buy;a=1 /x/..;/buy /buy%20 /buy. /buy%0a
    /%5cbuy /\\buy /x%2f..%2fbuy /%2fbuy /%252e%252e/buy /%2562uy /%c0%afbuy /buy%3fa /buy%23 /../buy /VIP/x /vip;a/x
    /vip%2fx //vip//x /vip%00/x""".split()


def raw(port: int, target: str, fields: str = "", method: str = "GET"):
    with Connection(port) as connection:
        connection.send(f"{method} {target} HTTP/1.1\r\nHost: shop.com\r\n{fields}\r\n".encode("latin-1"))
        return connection.receive(method)


@pytest.fixture
def shop(server, port, backend):
    """put(*paths, **server's fields): `gate` refuses with 429, `shop` asks the backend."""
    server.apply(pipeline("gate", mock("wait", code=429)), pipeline("shop", proxy(backend.url)))

    def put(*paths: dict, **fields) -> int:
        server.apply(http_server(port, *paths, **fields))
        return port

    return put


def told(response) -> dict:
    assert response.status == 200, (response.status, response.text)
    return json.loads(response.text)


@pytest.mark.parametrize("mode", ["rfc3986", "strict"])
def test_no_spelling_passes_a_gate(shop, backend, mode):
    port = shop(*GATE, pathNormalization=mode)
    for spelling in SPELLINGS:
        assert raw(port, spelling).status in (400, 429), spelling
        assert raw(port, f"http://shop.com{spelling}").status in (400, 429), spelling
    assert backend.requests == []
    assert told(raw(port, "//shop/./a"))["target"] == "/shop/a"


def test_no_spelling_passes_a_gate_by_http2(shop, backend):
    port = shop(*GATE)
    for spelling in SPELLINGS:
        url = f"http://127.0.0.1:{port}{spelling}"
        said = curl("--http2-prior-knowledge", "--path-as-is", "-o", "/dev/null", "-w", " %{http_code}", url)
        assert said.split()[-1] in ("400", "429"), (spelling, said)
    assert backend.requests == []


def test_off_takes_paths_as_they_come(shop):
    port = shop(*GATE, pathNormalization="off")
    assert told(raw(port, "/x//buy"))["target"] == "/x//buy"
    assert told(raw(port, "/x/%2e%2e/buy"))["target"] == "/x/%2e%2e/buy"


def test_everybody_sees_one_spelling(server, shop, backend):
    """Filters, logs and the cache as the rules and the backend."""
    cache = {"expiration": "10m", "maxEntryBytes": 10_000, "codes": [200], "methods": ["GET"]}
    server.apply(
        pipeline(
            "cached",
            mock("mocked", match={"path": "/own"}),
            proxy(backend.url, memoryCache=cache),
            flow=[{"filter": "mock", "jumpIf": {"mocked": "END"}}, {"filter": "proxy"}],
        )
    )
    port = shop({"backend": "cached"})
    assert raw(port, "/a/..//%6fwn").text == "mocked"
    assert server.access_line(" GET /own HTTP/1.1 200")
    assert told(raw(port, "/c%7ed?x=/../y"))["target"] == "/c~d?x=/../y"
    wait_until(
        lambda: server.status("cached")["filters"]["proxy"]["mainPool"]["memoryCache"]["entries"] == 1, "it is kept"
    )
    before = len(backend.requests)
    wait_until(
        lambda: raw(port, "//c%7Ed?x=/../y") and len(backend.requests) == before,
        "any spelling is answered from the cache",
    )


def test_refused_paths_say_why(server, shop):
    port = shop(*GATE)
    assert raw(port, "/buy;a").status == 400
    assert "path refused: some servers read it as that of another rule" in server.access_line("/buy;a")
    shop(*GATE, pathNormalization="strict")
    assert raw(port, "/no;gate").status == 400
    assert "path refused: a semicolon" in server.access_line("/no;gate")


def test_an_unknown_mode_is_a_fault(server, port):
    refused = server.egctl(
        "apply", "-f", "-", input=json.dumps(http_server(port, pathNormalization="lax")), check=False
    )
    assert refused.returncode == 1 and "pathNormalization" in refused.stderr and "rfc3986" in refused.stderr


def test_rewriting_keeps_what_the_client_escaped(shop):
    port = shop(
        {"pathRegexp": "^/api/(.*)$", "rewriteTarget": "/v2/$1", "backend": "shop"},
        {"pathPrefix": "/pre/", "rewriteTarget": "/v3/", "backend": "shop"},
        {"pathPrefix": "/a", "rewriteTarget": "/b/", "backend": "shop"},
        {"backend": "shop"},
    )
    table = {
        "/api/a/b": "/v2/a/b",
        "/api/group%2Fproject/x": "/v2/group%2Fproject/x",
        "/api/a%3Fb?c=%2F": "/v2/a%3Fb?c=%2F",
        "/api/100%252F": "/v2/100%252F",
        "/api/%2e%2e%2fsecret": "/v2/%2e%2e%2fsecret",
        "/api/caf%C3%A9;b+c%2Bd": "/v2/caf%C3%A9;b+c%2Bd",
        "/%70re/a%2Fb": "/v3/a%2Fb",
        "/ab//c": "/b/b/c",
    }
    assert {target: told(raw(port, target))["target"] for target in table} == table
    assert raw(port, "/a../secret").status == 400


def test_conditions_look_at_every_value(shop, backend):
    port = shop(
        {"pathPrefix": "/guard", "backend": "gate", "headers": [{"key": "X-Role", "values": ["guest"]}]},
        {"pathPrefix": "/guard", "backend": "gate", "queries": [{"key": "role", "regexp": "^guest$"}]},
        {"backend": "shop"},
    )
    for fields in (
        "X-Role: guest\r\n",
        "X-Role: a\r\nx-role: guest\r\n",
        "X-Role: a, guest\r\n",
        "X-Role:\r\nX-Role: guest\r\n",
    ):
        assert raw(port, "/guard", fields).status == 429, fields
    for query in ("role=guest", "role=a&role=guest", "r%6fle=gu%65st", "&role&role=guest", "role=%zz&role=guest"):
        assert raw(port, f"/guard?{query}").status == 429, query
    assert backend.requests == []
    assert raw(port, "/guard?role=a&rule=guest", "X-Role: guests\r\n").status == 200


def test_templates_look_at_every_field(shop):
    port = shop({"backend": "shop", "setHeaders": {"X-Sid": "$cookie_sid", "X-All": "$http_x_in"}})
    got = dict(
        told(raw(port, "/", "Cookie: a=1\r\nCookie: sid=2\r\nX-In: b\r\nX-In: c\r\nX-Sid: forged\r\n"))["headers"]
    )
    assert (got["x-sid"], got["x-all"]) == ("2", "b, c")


def test_a_filter_of_addresses_holds_beside_a_catch_all(shop, backend):
    blocked = {"blockIPs": ["127.0.0.1"]}
    port = shop({"pathPrefix": "/admin", "backend": "shop", "ipFilter": blocked}, {"backend": "shop"})
    for target in ("/admin", "/admin/x", "//admin", "/ADMIN", "/x/..%2fadmin", "/admin;a"):
        assert raw(port, target).status in (400, 403), target
    assert backend.requests == []
    assert raw(port, "/other").status == 200
    shop(
        rules=[{"ipFilter": blocked, "paths": [{"path": "/rule", "backend": "shop"}]}, {"paths": [{"backend": "shop"}]}]
    )
    assert [raw(port, target).status for target in ("/rule", "/other")] == [403, 200]


def as_cgi(headers) -> dict[str, str]:
    """The variables that CGI and WSGI make of fields."""
    made: dict[str, str] = {}
    for name, value in headers:
        key = "".join(c if c.isalnum() else "_" for c in name.upper())
        made[key] = f"{made[key]},{value}" if key in made else value
    return made


FORGED = (
    "X_Forwarded_For: 6.6.6.6\r\nX_Real-IP: 6.6.6.6\r\nX.Forwarded.Proto: https\r\nx_auth-user: admin\r\nX_Role: r\r\n"
)


def test_underscores_forge_no_field_of_the_gateway(shop):
    rule = {"backend": "shop", "setHeaders": {"X-Auth-User": "nobody"}, "headers": [{"key": "X-Role", "values": [""]}]}
    port = shop(rule, xForwardedFor=True)
    got = as_cgi(told(raw(port, "/", FORGED + "api_key: 1\r\n"))["headers"])
    assert got["X_FORWARDED_FOR"] == "127.0.0.1" and got["X_AUTH_USER"] == "nobody" and got["API_KEY"] == "1"
    assert not {"X_REAL_IP", "X_FORWARDED_PROTO", "X_ROLE"} & set(got)
    shop(rule, xForwardedFor=True, underscoresInHeaders=True)
    got = as_cgi(told(raw(port, "/", FORGED))["headers"])
    assert got["X_ROLE"] == "r" and "6.6.6.6" in got["X_FORWARDED_FOR"]


# --- the access log

JSON_LINE = '{"uri":"{{URI}}","status":{{StatusCode}},"method":"{{Method}}","tags":"{{Tags}}"}'


def test_no_field_of_a_json_log_is_forged(server, port):
    server.apply(pipeline("p", mock("ok")), http_server(port, {"backend": "p"}, accessLogFormat=JSON_LINE))
    targets = (
        '/a","status":299,"x":"',
        "/b\\",
        "/c?\xc3\xa9\xe9\x80",
        '/d?"}\\n{"',
        "/%22,%22status%22:299",
        "/e?'\xe2\x80\xae",
    )
    for target in targets:
        assert raw(port, target).status == 200, target
    wait_until(lambda: len(server.access_log()) == len(targets), "all lines are written")
    lines = [json.loads(line) for line in server.access_log()]
    assert all(set(line) == {"uri", "status", "method", "tags"} and line["status"] == 200 for line in lines)
    assert all(line.isascii() for line in server.access_log())
    uris = {line["uri"] for line in lines}  # each core writes its own
    assert '/a","status":299,"x":"' in uris and "/c?\u00e9\\xe9\\x80" in uris


def test_a_line_of_text_is_ascii(server, port):
    server.apply(pipeline("p", mock("ok")), http_server(port, {"backend": "p"}))
    assert raw(port, "/a?\xc3\xa9\xe9\x9b31m\\x").status == 200
    line = server.access_line("/a?")
    assert line.isascii() and "/a?\\xc3\\xa9\\xe9\\x9b31m\\x5cx HTTP/1.1" in line


def test_text_outside_quotes_of_json_is_a_fault(server):
    spec = http_server(free_port(), accessLogFormat='{"uri":{{URI}}}')
    refused = server.egctl("apply", "-f", "-", input=json.dumps(spec), check=False)
    assert refused.returncode == 1 and "accessLogFormat" in refused.stderr and "{{URI}}" in refused.stderr


def test_fetch_of_the_usual_path_is_as_before(shop):
    assert told(fetch(shop({"backend": "shop"}), "/a%20b?c"))["target"] == "/a%20b?c"


@pytest.mark.parametrize("target", ["/adm/%ff", "/adm/%c3%28", "/adm/x%80", "/adm/%e2%82"])
def test_an_expression_takes_octets_that_are_not_utf8(server, port, target):
    """RE2 by itself matches no text that holds one: a gate would be open."""
    limiter = {
        "name": "few",
        "kind": "RateLimiter",
        "policies": [{"name": "one", "limitForPeriod": 1, "limitRefreshPeriod": "1h", "timeoutDuration": "0s"}],
        "urls": [{"url": {"regex": "^/adm/.+$"}, "policyRef": "one"}],
    }
    rules = [{"pathRegexp": f"^/other{n}/.+$", "backend": "open"} for n in range(20)]  # enough for one automaton
    server.apply(
        pipeline("open", mock("open")),
        pipeline("limited", limiter, mock("limited")),
        http_server(port, *rules, {"pathRegexp": "^/adm/.+$", "backend": "limited"}, {"pathPrefix": "/", "backend": "open"}),
    )
    assert (raw(port, target).text, raw(port, target).status) == ("limited", 429)
