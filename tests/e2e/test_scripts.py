# SPDX-License-Identifier: Apache-2.0
"""Scripts in the spec, in each language: the six steps of the cookbook, and the faults, each with the place in
the script."""

import json
import math

import pytest

from client import Connection, Load, fetch, request
from gateway import documents, http_server, mock, pipeline, sale_server, wait_until
from script_languages import JAVASCRIPT, SCRIPT_LANGUAGES

BUY = "buy\n"
UTF8 = "zoë".encode().decode("latin1")  # the bytes that go over the wire
SOLD_OUT = "sold out.\n"
SALE = {"startTime": "2021-08-08T00:00:00+00:00", "blockRatio": "0", "maxPermission": "3"}


@pytest.fixture(params=SCRIPT_LANGUAGES)
def language(request):
    return SCRIPT_LANGUAGES[request.param]


def script(language, text, **fields) -> dict:
    fixed = {"name": "wasm", "kind": "WasmHost", "code": language.code, "script": str(text), "maxConcurrency": 2}
    return fixed | fields


def site(language, text, name: str = "p", **fields) -> dict:
    return pipeline(name, script(language, text, **({"timeout": "5s"} | fields)), mock(BUY))


@pytest.fixture(scope="module")
def host(shared_server):
    """A gateway with two pipelines: /p, whose script changes, and /good, which must never suffer."""
    from gateway import free_port

    port = free_port()
    good = [site(JAVASCRIPT, JAVASCRIPT.passes, name) for name in ("good", "p")]
    shared_server.apply(http_server(port, {"pathPrefix": "/good", "backend": "good"}, {"backend": "p"}), *good)
    shared_server.script_port = port
    return shared_server


def answers(host, count: int, **headers) -> list[str]:
    return [fetch(host.script_port, "/", **headers).text for _ in range(count)]


def cleared(host, language, step: int, **fields) -> None:
    host.apply(site(language, language.step(step), **fields))
    host.egctl("wasm", "delete-data", "p", "wasm")


# --- the cookbook -----------------------------------------------------------------------------------


def test_steps_are_short(language):
    for step in range(1, 7):
        assert len(language.step(step).splitlines()) <= 28


def test_step_1_lets_everybody_pass(host, language):
    cleared(host, language, 1)
    assert answers(host, 3) == [BUY] * 3


def test_step_2_waits_for_the_start(host, language):
    cleared(host, language, 2)
    assert answers(host, 1) == [BUY], "2021-08-08 is over"
    host.apply(site(language, language.step(2).replace("2021", "2999")))
    assert answers(host, 1) == ["not start yet.\n"]


def test_step_3_blocks_at_random(host, language):
    cleared(host, language, 3)
    count = 400
    got = answers(host, count)
    assert set(got) == {BUY, SOLD_OUT}
    assert abs(got.count(SOLD_OUT) - 0.4 * count) < 6 * math.sqrt(count * 0.4 * 0.6)


def test_step_4_lucky_once_lucky_always(host, language):
    cleared(host, language, 4)
    assert BUY in answers(host, 200, Authorization="user1")
    assert set(answers(host, 50, Authorization="user1")) == {BUY}
    assert host.egctl("wasm", "list-data", "p", "wasm").stdout == 'id/user1: "true"\n'


def test_step_5_limit(host, language):
    cleared(host, language, 5)
    users = [f"user{n}" for n in range(1, 6)]
    assert [user for user in users if BUY in answers(host, 60, Authorization=user)] == users[:3]
    assert set(answers(host, 5, Authorization="user2")) == {BUY}


def test_step_6_parameters(host, language):
    cleared(host, language, 6, parameters=SALE | {"startTime": "2999-08-08T00:00:00+00:00"})
    assert answers(host, 1) == ["not start yet.\n"]
    cleared(host, language, 6, parameters=SALE)
    got = [fetch(host.script_port, "/", Authorization=user).text for user in ("a", "b", UTF8, "d", "b")]
    assert got == [BUY, BUY, BUY, SOLD_OUT, BUY]
    assert '"id/zoë": "true"\n' in host.egctl("wasm", "list-data", "p", "wasm").stdout


# --- refused ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name, fault", [(name, fault) for name, each in SCRIPT_LANGUAGES.items() for fault in each.refused])
def test_refused_at_apply(host, name, fault):
    """The message says where; what ran goes on."""
    language = SCRIPT_LANGUAGES[name]
    host.apply(site(language, language.passes))
    text, *words = language.refused[fault]
    spec = site(language, text, timeout="100ms", parameters={"why": "because"})
    done = host.egctl("apply", "-f", "-", input=documents(spec), check=False)
    assert done.returncode == 1
    for word in ["filters[0].script", *words]:
        assert word in done.stderr, done.stderr
    assert answers(host, 1) == [BUY]


@pytest.mark.parametrize(
    "fields, words",
    [
        ({"script": ""}, ["filters[0].script", "is missing"]),
        ({"code": "builtin:cobol"}, ["filters[0].code", "try builtin:javascript or builtin:lua"]),
        ({"code": "AGFzbQEAAAA="}, ["filters[0].script", "is for code: builtin:javascript or builtin:lua"]),
        ({"script": "/no/such/sale.js"}, ["filters[0].script", "/no/such/sale.js is missing"]),
        ({"code": "builtin:lua", "script": "no/such.lua"}, ["filters[0].script", "no/such.lua is missing"]),
    ],
)
def test_wrong_fields(host, fields, words):
    spec = pipeline("p", script(JAVASCRIPT, JAVASCRIPT.passes) | fields, mock(BUY))
    done = host.egctl("apply", "-f", "-", input=documents(spec), check=False)
    assert done.returncode == 1
    for word in words:
        assert word in done.stderr


# --- at run time --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name, fault", [(name, fault) for name, each in SCRIPT_LANGUAGES.items() for fault in each.faults])
def test_fault(host, name, fault):
    """503, with the place in the log. Neither the neighbours nor the next request suffer."""
    language = SCRIPT_LANGUAGES[name]
    text, *words = language.faults[fault]
    host.apply(site(language, text, timeout="300ms" if fault.startswith("endless") else "5s", maxMemory="16MiB"))
    with Connection(host.script_port) as connection, Connection(host.script_port) as neighbour:
        for number in range(4):  # more than there are VMs: each is replaced
            response = connection.request(f"/{number}")
            assert (response.status, response.body) == (503, b"")
            assert neighbour.request("/good").text == BUY
    told = wait_until(lambda: filter_status(host)["lastFailure"], "the failure is told")
    for word in words:
        assert word in told, told
    host.apply(site(language, language.passes))
    assert answers(host, 1) == [BUY]


def filter_status(host) -> dict:
    found = host.egctl("object", "status", "get", "p", "-o", "json").stdout

    def search(value):
        if isinstance(value, dict):
            if "lastFailure" in value:
                return value
            value = list(value.values())
        if isinstance(value, list):
            for item in value:
                if (hit := search(item)) is not None:
                    return hit
        return None

    return search(json.loads(found))


def test_failed_run_leaves_nothing(host, language):
    host.apply(site(language, language.fails_late))
    host.egctl("wasm", "delete-data", "p", "wasm")
    response = fetch(host.script_port, "/")
    assert (response.status, "x-a" in response.headers) == (503, False)
    assert host.egctl("wasm", "list-data", "p", "wasm").stdout == "{}\n"


def test_nouns(host, language):
    """Each function once; texts and bytes pass unharmed."""
    host.apply(site(language, language.nouns(), parameters={"a": "ä"}))
    host.egctl("wasm", "delete-data", "p", "wasm")
    with Connection(host.script_port) as connection:
        response = connection.request("/x%20y?q=1", body=b"\xff\x00A\xc3\xa4", method="POST", Cookie="sid=abc; b=c", X_Name="value")
    assert response.status == 200, filter_status(host)["lastFailure"]
    assert response.text == BUY


# --- new code -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("begin, line", [("\ufeff", 1), ("#!/usr/bin/env lua\n", 2), ("\ufeff# a script\n", 2)])
def test_a_lua_script_may_begin_as_files_of_lua_do(host, begin, line):
    lua = SCRIPT_LANGUAGES["lua"]
    host.apply(site(lua, begin + lua.passes))
    assert answers(host, 1) == [BUY]
    done = host.egctl("apply", "-f", "-", input=documents(site(lua, begin + "local a = ;")), check=False)
    assert f"script:{line}: unexpected symbol" in done.stderr, "lines keep their numbers"


def test_reload_of_a_file_under_load(server, port, tmp_path, language):
    file = tmp_path / f"sale{language.ending}"
    file.write_text(language.passes)
    server.apply(sale_server(port), site(language, file, maxConcurrency=4))
    with Load(port, lambda n: request("/", Authorization=f"user{n}"), connections=32) as load:
        for number in range(20):
            sold_out = number % 2 == 0
            file.write_text(f"{language.comment}{number}\n" + (language.sold_out if sold_out else language.passes))
            server.egctl("wasm", "reload-code")
            assert fetch(port).text == (SOLD_OUT if sold_out else BUY), "in force when egctl returns"
            if number % 10 == 5:
                file.write_text(language.nonsense)
                refused = server.egctl("wasm", "reload-code", check=False)
                assert refused.returncode == 1
                assert f"{file}:2:" in refused.stderr
                assert fetch(port).text == (SOLD_OUT if sold_out else BUY), "the old script goes on"
        load.wait_more(200)
    assert load.errors == []
    assert load.statuses() == {200: load.count}


def test_restart_needs_no_file(server, port, tmp_path, language):
    file = tmp_path / f"sale{language.ending}"
    file.write_text(language.step(6))
    server.apply(sale_server(port), site(language, file, parameters=SALE))
    assert fetch(port, "/", Authorization="a").text == BUY
    file.unlink()
    server.restart()
    assert [fetch(port, "/", Authorization=user).text for user in "abcd"] == [BUY, BUY, BUY, SOLD_OUT]
    assert f"{file} is missing" in server.egctl("health").stdout + server.egctl("health").stderr


def test_upload(server, port, tmp_path, language):
    server.apply(sale_server(port), site(language, language.passes))
    file = tmp_path / f"other{language.ending}"
    file.write_text(language.sold_out)
    server.egctl("wasm", "upload", str(file), "p", "wasm")
    assert fetch(port).text == SOLD_OUT
    server.egctl("wasm", "reload-code")
    assert fetch(port).text == BUY
