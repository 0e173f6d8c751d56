# SPDX-License-Identifier: Apache-2.0
"""The SDKs and the scripts: in each language the flash sale, a guest that calls every function, and one that
misbehaves."""

import contextlib
import os
import re
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
import yaml

from client import Connection, fetch, request
from gateway import Server, free_port, http_server, mock, pipeline, wait_until, wasm
from language_guests import BY_NAME, COMPLETE, LANGUAGES, built

# `make test-languages` raises it to 100,000: three rounds of so many calls on one instance.
CALLS = int(os.environ.get("SLUICE_LANGUAGE_CALLS", "1000"))
IN_FLIGHT = 200  # connections with a request each, so that one disk write serves many puts

USER = "Zoë 时间".encode() + b"\xff"
PAST, FUTURE = "2021-08-08T00:00:00+00:00", "2999-08-08T00:00:00+00:00"


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    """One core, so that concurrency 1 is one instance."""
    server = Server(tmp_path_factory.mktemp("languages") / "home", "--workers", "1").start()
    server.guest_port = free_port()
    yield server
    # A panic of a guest in the log is none of the server's.
    server.log = lambda: "\n".join(line for line in Server.log(server).splitlines() if "p/wasm: " not in line)
    server.stop()


def guest_of(name: str, guest: str):
    """The fields of a WasmHost that runs it."""
    language = BY_NAME[name]
    if why := language.missing():
        pytest.skip(why)
    if language.engine:
        return {"code": language.engine, "script": str(getattr(language, guest))}
    return {"code": built(name) / f"{guest}.wasm"}


def apply(host, code, behind: dict | None = None, **fields) -> None:
    """/p runs the guest, /good another instance of it, which must never suffer."""
    paths = ({"pathPrefix": "/good", "backend": "good"}, {"backend": "p"})
    host.apply(
        http_server(host.guest_port, *paths, overload={"target": "1h"}),  # sheds nobody
        pipeline("good", wasm(**code, concurrency=1, parameters=fields.get("parameters", {}))),
        pipeline("p", wasm(**code, concurrency=1, **fields), *([behind] if behind else [])),
    )
    host.egctl("wasm", "delete-data", "p", "wasm")


def ask(connection: Connection, user: bytes) -> str:
    connection.send(b"GET / HTTP/1.1\r\nHost: h\r\nAuthorization: " + user + b"\r\n\r\n")
    return connection.receive().text


def sale(host, code, start: str = PAST, ratio: str = "0", limit: str = "3") -> None:
    parameters = {"startTime": start, "blockRatio": ratio, "maxPermission": limit}
    apply(host, code, mock("buy\n"), parameters=parameters)


@pytest.mark.parametrize("name", [language.name for language in LANGUAGES])
def test_flash_sale(host, name):
    code = guest_of(name, "flash_sale")
    sale(host, code, start=FUTURE)
    with Connection(host.guest_port) as connection:
        assert ask(connection, USER) == "not start yet.\n"
    sale(host, code, ratio="1")
    with Connection(host.guest_port) as connection:
        assert ask(connection, USER) == "sold out.\n", "a ratio of 1 blocks everybody"
    sale(host, code, ratio="0.5", limit="1")
    with Connection(host.guest_port) as connection:
        answers = [ask(connection, USER) for _ in range(200)]
    assert answers == sorted(answers, reverse=True), "lucky once, lucky for good"
    assert answers[-1] == "buy\n"
    sale(host, code)
    users = [USER, b"b", b"c", b"d", USER, b"e"]
    with Connection(host.guest_port) as connection:
        assert [ask(connection, user) for user in users] == ["buy\n"] * 3 + ["sold out.\n", "buy\n", "sold out.\n"]
    with Connection(host.guest_port) as connection:
        connection.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        assert connection.receive().text == "", "nobody without a name"
    assert host.egctl("wasm", "count-data", "p", "wasm", "--prefix", "id/").stdout.strip() == "3"


RIGHT = {"startTime": PAST, "maxPermission": "3"}
WRONG = [
    (RIGHT | {"startTime": "tomorrow"}, 'parameters.startTime: "tomorrow": "tomorrow" is no time'),
    (RIGHT | {"startTime": ""}, 'parameters.startTime: "": "" is no time'),
    (RIGHT | {"maxPermission": "many"}, 'parameters.maxPermission: "many": not an integer'),
    ({"startTme": PAST, "maxPermission": "3"}, "parameters.startTime is missing"),
    ({"startTime": PAST}, "parameters.maxPermission is missing"),
    (RIGHT | {"blockRato": "1"}, 'parameters.blockRato is unknown to the program, did you mean "blockRatio"?'),
]


@pytest.mark.parametrize("name", [language.name for language in LANGUAGES])
def test_parameters_that_are_wrong(host, name):
    """Refused at apply, with the name of the parameter."""
    code = guest_of(name, "flash_sale")
    sale(host, code)
    for parameters, words in WRONG:
        spec = pipeline("p", wasm(**code, parameters=parameters))
        done = host.egctl("apply", "-f", "-", input=yaml.safe_dump(spec), check=False)
        assert done.returncode == 1 and words in done.stderr, (words, done.stderr)
    assert fetch(host.guest_port, Authorization="x").text == "buy\n", "what ran goes on"


DATE_MS = round(datetime(2026, 11, 27, 20, tzinfo=ZoneInfo("Europe/Berlin")).timestamp() * 1000)
EVERY = [
    "realIp=127.0.0.1",
    "scheme=http",
    "proto=HTTP/1.1",
    "method=POST",
    "host=shop.example",
    "path=/a b/ü",
    "escapedPath=/a%20b/%C3%BC",
    "query=q=1",
    "fragment=",
    b"user=" + USER,
    "missing=",
    "many=1|2: b",
    "cookie=a:1",
    "noCookie=ok",
    "cookies=a:1|b:2",
    "body=body ü",
    "method=PUT",
    "host=probe.example:8080",
    "path=/n w/ü",
    "query=r=%20",
    "set=new|more",
    "gone=",
    "cookies=a:1|b:2|c:3=3",
    "body=new body",
    "whole=1|2  Injected: yes",
    "status=200",
    "status=201",
    "response=new",
    "response=new|more",
    "parsed=ok",
    "setCookie=wasm=a=b; Path=/shop; Domain=example.com x; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=3600"
    "; Secure; HttpOnly; SameSite=Lax",
    "body=first",
    "count=0",
    "binary=ok",
    "none=",
    "string=时间 😀",
    "integer=-9223372036854775808",
    "sum=37",
    "float=ok",
    "floatSum=ok",
    "count=4",
    "count=3",
    "now=ok",
    "rand=ok",
    f"date={DATE_MS}",
    f"parameters=hello ü|-7|true|90000|{DATE_MS}",
    "number=ok",
]
EVERY_REQUEST = (
    "POST /a%20b/%C3%BC?q=1 HTTP/1.1\r\nHost: shop.example\r\nX-Mode: every\r\nX-Many: 1\r\nX-Many: 2: b\r\n"
    "Cookie: a=1; b=2\r\nContent-Length: 7\r\nX-User: "
).encode()


@pytest.mark.parametrize("name", COMPLETE)
def test_every_function(host, name):
    apply(host, guest_of(name, "every"), timeout="10s")
    with Connection(host.guest_port) as connection:
        connection.send(EVERY_REQUEST + USER + "\r\n\r\nbody ü".encode())
        response = connection.receive()
    expected = [line if isinstance(line, bytes) else line.encode() for line in EVERY]
    assert response.body.split(b"\n") == [*expected, b""]
    assert response.status == 201
    assert [value for field, value in response.header_list if field == "x-whole"] == ["a", "b"]
    assert response.headers["set-cookie"].startswith("wasm=a=b; Path=/shop")
    assert r"tag \xc3\xa9" in host.access_line("/a%20b")
    for level in ("info", "warning", "error"):
        wait_until(lambda: f"every {level}" in host.log(), f"the log has the line of level {level}")


@pytest.mark.parametrize("name", COMPLETE)
def test_declared_parameters(host, name):
    """A wrong value, a missing zone and an unknown name are refused, and the message names the parameter."""
    code = guest_of(name, "every")
    apply(host, code, parameters={"amount": "9", "start": "2026-11-27T20:00:00+01:00", "open": "false", "wait": "2s"})
    with Connection(host.guest_port) as connection:
        connection.send(EVERY_REQUEST + USER + "\r\n\r\nbody ü".encode())
        assert f"parameters=hello ü|9|false|2000|{DATE_MS}\n".encode() in connection.receive().body
    refusals = {
        ("amount", "many"): 'parameters.amount: "many": not an integer',
        ("start", "2026-11-27 20:00"): "names no time zone",
        ("start", "2026-11-27 20:00 Europe/Berlni"): "there is no time zone Europe/Berlni",
        ("amout", "9"): 'parameters.amout is unknown to the program, did you mean "amount"?',
    }
    for (parameter, value), words in refusals.items():
        spec = pipeline("p", wasm(**code, parameters={parameter: value}))
        done = host.egctl("apply", "-f", "-", input=yaml.safe_dump(spec), check=False)
        assert done.returncode == 1 and words in done.stderr, done.stderr


def rounds(connections: list[Connection], make, count: int):
    """(number, body) of `count` requests, each on the next connection."""
    for start in range(0, count, len(connections)):
        sent = list(zip(range(start, count), connections))
        for number, connection in sent:
            connection.send(make(number))
        for number, connection in sent:
            response = connection.receive()
            assert response.status == 200, (number, response.status)
            yield number, response.body


def key_of(number: int) -> str:
    return f"k/{number}/ü{'x' * (number % 97)}"


def value_of(number: int) -> str:
    return f"{number * 2654435761 % 4294967296:08x} 时 {'y' * (number % 61)}z"


def call(mode: str, key: str, value: str = "") -> bytes:
    return f"GET / HTTP/1.1\r\nHost: h\r\nX-Mode: {mode}\r\nX-Key: {key}\r\nX-Value: {value}\r\n\r\n".encode()


@pytest.mark.parametrize("name", COMPLETE)
def test_many_calls_on_one_instance(host, name):
    """No key, no value and no answer is that of another call."""
    apply(host, guest_of(name, "every"), timeout="30s")
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(Connection(host.guest_port)) for _ in range(IN_FLIGHT)]
        for number, body in rounds(connections, lambda n: call("put", key_of(n), value_of(n)), CALLS):
            assert body.decode() == key_of(number)
        for number, body in rounds(connections, lambda n: call("get", key_of(n)), CALLS):
            assert body.decode() == value_of(number)
        for _, body in rounds(connections, lambda n: call("get", f"none/{n}"), CALLS):
            assert body == b""
    count = host.egctl("wasm", "count-data", "p", "wasm", "--prefix", "k/").stdout.strip()
    assert count == str(CALLS)
    status = yaml.safe_dump(host.status("p"))
    assert "vmsReplaced: 0" in status, status


# Each with the time limit: of a fault that only time ends it is short.
FAULTS = {"loop": "100ms", "sleep": "100ms", "recurse": "30s", "grow": "30s", "exception": "30s"}


# What tells a developer that the memory was full.
FULL = ("(maxMemory)", "MemoryError", "out of memory", "not enough memory", "GC heap")


@pytest.mark.parametrize("mode", FAULTS)
@pytest.mark.parametrize("name", COMPLETE)
def test_sandbox(host, name, mode):
    """503 for the request that misbehaves; a new instance takes the next one, and nobody else notices."""
    if mode == "sleep" and not BY_NAME[name].sleep:
        pytest.skip("the language has no call that sleeps on this target")
    apply(host, guest_of(name, "every"), timeout=FAULTS[mode])
    with Connection(host.guest_port) as connection, Connection(host.guest_port) as neighbour:
        for _ in range(2):
            connection.send(request("/", X_Mode=mode))
            assert neighbour.request("/good").text == "none"
            assert connection.receive().status == 503
            wait_until(lambda: connection.request("/").text == "none", "a new instance serves")
    if mode == "grow":
        told = re.findall("lastFailure: (.*)", yaml.safe_dump(host.status("p"), width=10_000))
        assert any(words in line for line in told for words in FULL), told


@pytest.mark.parametrize("mode", ["file", "environment", "socket"])
@pytest.mark.parametrize("name", COMPLETE)
def test_nothing_of_the_machine(host, name, mode):
    if mode not in BY_NAME[name].outside:
        pytest.skip("the language has no call for it on this target")
    apply(host, guest_of(name, "every"))
    assert fetch(host.guest_port, X_Mode=mode).text == "none"
