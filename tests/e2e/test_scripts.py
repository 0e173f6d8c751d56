# SPDX-License-Identifier: Apache-2.0
"""Scripts in the spec: the six steps of the cookbook, and the faults, each with the place in the script."""

import json
import math

import pytest

from client import Connection, Load, fetch, request
from gateway import ROOT, documents, http_server, mock, pipeline, sale_server, wait_until

STEPS = ROOT / "examples" / "scripts" / "javascript"
CODE = "builtin:javascript"
PASS = "export function run() {\n  return 0;\n}\n"
BUY = "buy\n"
UTF8 = "zoë".encode().decode("latin1")  # the bytes that go over the wire
SOLD_OUT = "sold out.\n"
SALE = {"startTime": "2021-08-08T00:00:00+00:00", "blockRatio": "0", "maxPermission": "3"}


def script(text, **fields) -> dict:
    return {"name": "wasm", "kind": "WasmHost", "code": CODE, "script": str(text), "maxConcurrency": 2} | fields


def site(text, name: str = "p", **fields) -> dict:
    return pipeline(name, script(text, **({"timeout": "5s"} | fields)), mock(BUY))


@pytest.fixture(scope="module")
def host(shared_server):
    """A gateway with two pipelines: /p, whose script changes, and /good, which must never suffer."""
    from gateway import free_port

    port = free_port()
    shared_server.apply(
        http_server(port, {"pathPrefix": "/good", "backend": "good"}, {"backend": "p"}), site(PASS, "good"), site(PASS)
    )
    shared_server.script_port = port
    return shared_server


def answers(host, count: int, **headers) -> list[str]:
    return [fetch(host.script_port, "/", **headers).text for _ in range(count)]


def cleared(host, step: int, **fields) -> None:
    host.apply(site((STEPS / f"step{step}.js").read_text(), **fields))
    host.egctl("wasm", "delete-data", "p", "wasm")


# --- the cookbook -----------------------------------------------------------------------------------


def test_steps_are_short():
    for step in range(1, 7):
        assert len((STEPS / f"step{step}.js").read_text().splitlines()) <= 28


def test_step_1_lets_everybody_pass(host):
    cleared(host, 1)
    assert answers(host, 3) == [BUY] * 3


def test_step_2_waits_for_the_start(host):
    cleared(host, 2)
    assert answers(host, 1) == [BUY], "2021-08-08 is over"
    host.apply(site((STEPS / "step2.js").read_text().replace("2021", "2999")))
    assert answers(host, 1) == ["not start yet.\n"]


def test_step_3_blocks_at_random(host):
    cleared(host, 3)
    count = 400
    got = answers(host, count)
    assert set(got) == {BUY, SOLD_OUT}
    assert abs(got.count(SOLD_OUT) - 0.4 * count) < 6 * math.sqrt(count * 0.4 * 0.6)


def test_step_4_lucky_once_lucky_always(host):
    cleared(host, 4)
    assert BUY in answers(host, 200, Authorization="user1")
    assert set(answers(host, 50, Authorization="user1")) == {BUY}
    assert host.egctl("wasm", "list-data", "p", "wasm").stdout == 'id/user1: "true"\n'


def test_step_5_limit(host):
    cleared(host, 5)
    users = [f"user{n}" for n in range(1, 6)]
    assert [user for user in users if BUY in answers(host, 60, Authorization=user)] == users[:3]
    assert set(answers(host, 5, Authorization="user2")) == {BUY}


def test_step_6_parameters(host):
    cleared(host, 6, parameters=SALE | {"startTime": "2999-08-08T00:00:00+00:00"})
    assert answers(host, 1) == ["not start yet.\n"]
    cleared(host, 6, parameters=SALE)
    got = [fetch(host.script_port, "/", Authorization=user).text for user in ("a", "b", UTF8, "d", "b")]
    assert got == [BUY, BUY, BUY, SOLD_OUT, BUY]
    assert '"id/zoë": "true"\n' in host.egctl("wasm", "list-data", "p", "wasm").stdout


# --- refused ------------------------------------------------------------------------------------------

REFUSED = {
    "syntax error": ("export function run() {\n  let a = ;\n}", "script:2:11: SyntaxError: ", "| let a = ;"),
    "no run": ("export function init() {\n}\n", "script:2:1: no function run: write `export function run() {"),
    "run that is no function": ("export const run = 1;\n", "script:1:1: `run` is exported, and is no function"),
    "exception outside of functions": ("const a = 1;\nnope();\n" + PASS, "script:2:1: ReferenceError: nope", "| nope();"),
    "exception in init": (
        PASS + "export function init(params) {\n  throw new RangeError(params.why);\n}\n",
        "script:5:",
        "RangeError: because",
        "| throw new RangeError(params.why);",
    ),
    "endless init": (PASS + "export function init() {\n  while (true) {}\n}\n", "timed out after 2s: script:5:", "| while (true) {}"),
    "import": ('import fs from "./fs.js";\n' + PASS, "script:1:17: SyntaxError: a script has no imports: ./fs.js"),
    "data in init": (PASS + 'export function init() {\n  cluster.getString("a");\n}\n', "script:5:", "called in wasm_init"),
    "binary": ("a\0b\n", "byte 0"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_at_apply(host, name):
    """The message says where; what ran goes on."""
    host.apply(site(PASS))
    text, *words = REFUSED[name]
    spec = site(text, timeout="100ms", parameters={"why": "because"})
    done = host.egctl("apply", "-f", "-", input=documents(spec), check=False)
    assert done.returncode == 1
    for word in ["filters[0].script", *words]:
        assert word in done.stderr, done.stderr
    assert answers(host, 1) == [BUY]


@pytest.mark.parametrize(
    "fields, words",
    [
        ({"script": ""}, ["filters[0].script", "is missing"]),
        ({"code": "builtin:cobol"}, ["filters[0].code", "builtin:javascript"]),
        ({"code": "AGFzbQEAAAA="}, ["filters[0].script", "builtin:javascript"]),
        ({"script": "/no/such/sale.js"}, ["filters[0].script", "/no/such/sale.js is missing"]),
    ],
)
def test_wrong_fields(host, fields, words):
    done = host.egctl("apply", "-f", "-", input=documents(site(PASS) | {"filters": [script(PASS) | fields, mock(BUY)]}), check=False)
    assert done.returncode == 1
    for word in words:
        assert word in done.stderr


# --- at run time --------------------------------------------------------------------------------------

FAULTS = {
    "exception": ("export function run() {\n  const u = undefined;\n  return u.length;\n}\n", "script:3:", "TypeError", "| return u.length;"),
    "refused argument": (
        "export function run() {\n  response.setStatusCode(9999);\n}\n",
        "script:2:",
        "9999 is not a status code",
        "| response.setStatusCode(9999);",
    ),
    "no result": ("export function run() {\n  return 17;\n}\n", "run returned 17"),
    "endless loop": ("export function run() {\n  let i = 0;\n  while (true) {\n    ++i;\n  }\n}\n", "timed out after 300ms: script:", "it still runs"),
    "endless match": ('export function run() {\n  return /(a+)+b/.test("a".repeat(40)) ? 1 : 2;\n}\n', "timed out after 300ms: script:2:"),
    "deep recursion": ("const f = (n) => f(n + 1) + 1;\nexport function run() {\n  return f(0);\n}\n", "script:1:", "RangeError"),
    "memory without end": (
        "export function run() {\n  const all = [];\n  while (true) {\n    all.push(new Uint8Array(1 << 20));\n  }\n}\n",
        "script:4:",
        "out of memory",
    ),
    "promise that is never kept": ("export async function run() {\n  await new Promise(() => {});\n}\n", "never kept"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_fault(host, name):
    """503, with the place in the log. Neither the neighbours nor the next request suffer."""
    text, *words = FAULTS[name]
    host.apply(site(text, timeout="300ms" if name.startswith("endless") else "5s", maxMemory="16MiB"))
    with Connection(host.script_port) as connection, Connection(host.script_port) as neighbour:
        for number in range(4):  # more than there are VMs: each is replaced
            response = connection.request(f"/{number}")
            assert (response.status, response.body) == (503, b"")
            assert neighbour.request("/good").text == BUY
    told = wait_until(lambda: filter_status(host)["lastFailure"], "the failure is told")
    for word in words:
        assert word in told, told
    host.apply(site(PASS))
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


def test_failed_run_leaves_nothing(host):
    text = 'export function run() {\n  cluster.putString("a", "1");\n  response.setHeader("X-A", "1");\n  throw new Error("no");\n}\n'
    host.apply(site(text))
    host.egctl("wasm", "delete-data", "p", "wasm")
    response = fetch(host.script_port, "/")
    assert (response.status, "x-a" in response.headers) == (503, False)
    assert host.egctl("wasm", "list-data", "p", "wasm").stdout == "{}\n"


def test_nouns(host):
    """Each function once; texts and bytes pass unharmed."""
    host.apply(site((ROOT / "tests" / "guests" / "nouns.js").read_text(), parameters={"a": "ä"}))
    host.egctl("wasm", "delete-data", "p", "wasm")
    with Connection(host.script_port) as connection:
        response = connection.request("/x%20y?q=1", body=b"\xff\x00A\xc3\xa4", method="POST", Cookie="sid=abc; b=c", X_Name="value")
    assert response.status == 200, filter_status(host)["lastFailure"]
    assert response.text == BUY


# --- new code -----------------------------------------------------------------------------------------


def test_reload_of_a_file_under_load(server, port, tmp_path):
    file = tmp_path / "sale.js"
    file.write_text(PASS)
    server.apply(sale_server(port), site(file, maxConcurrency=4))
    with Load(port, lambda n: request("/", Authorization=f"user{n}"), connections=32) as load:
        for number in range(20):
            sold_out = number % 2 == 0
            file.write_text(f"// {number}\n" + ('export function run() { response.setBody("sold out.\\n"); return 2; }' if sold_out else PASS))
            server.egctl("wasm", "reload-code")
            assert fetch(port).text == (SOLD_OUT if sold_out else BUY), "in force when egctl returns"
            if number % 10 == 5:
                file.write_text("export function run() {\n  nonsense nonsense\n}")
                refused = server.egctl("wasm", "reload-code", check=False)
                assert refused.returncode == 1
                assert f"{file}:2:" in refused.stderr
                assert fetch(port).text == (SOLD_OUT if sold_out else BUY), "the old script goes on"
        load.wait_more(200)
    assert load.errors == []
    assert load.statuses() == {200: load.count}


def test_restart_needs_no_file(server, port, tmp_path):
    file = tmp_path / "sale.js"
    file.write_text((STEPS / "step6.js").read_text())
    server.apply(sale_server(port), site(file, parameters=SALE))
    assert fetch(port, "/", Authorization="a").text == BUY
    file.unlink()
    server.restart()
    assert [fetch(port, "/", Authorization=user).text for user in "abcd"] == [BUY, BUY, BUY, SOLD_OUT]
    assert f"{file} is missing" in server.egctl("health").stdout + server.egctl("health").stderr


def test_upload(server, port, tmp_path):
    server.apply(sale_server(port), site(PASS))
    file = tmp_path / "other.js"
    file.write_text('export function run() { response.setBody("sold out.\\n"); return 2; }')
    server.egctl("wasm", "upload", str(file), "p", "wasm")
    assert fetch(port).text == SOLD_OUT
    server.egctl("wasm", "reload-code")
    assert fetch(port).text == BUY
