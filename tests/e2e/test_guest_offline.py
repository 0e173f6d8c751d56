# SPDX-License-Identifier: Apache-2.0
"""egctl wasm inspect, run and test: a program before it is on any server."""

import json
import re
import subprocess
import xml.etree.ElementTree as xml
from pathlib import Path

import plugin_guests
import pytest
import yaml
from gateway import BIN, ROOT
from guests import compiled_guests

SCRIPTS = ROOT / "examples" / "scripts"
STEP6 = SCRIPTS / "javascript" / "step6.js"
SALE = ["-p", "startTime=2021-08-08T00:00:00+00:00", "-p", "blockRatio=0", "-p", "maxPermission=3"]
ALICE = ["--url", "/flashsale", "-H", "Authorization: alice"]


def egctl(*arguments, text: str | None = None) -> subprocess.CompletedProcess:
    command = [BIN / "egctl", "wasm", *arguments]
    return subprocess.run(command, input=text, capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module", params=["module", "javascript", "lua"])
def sale(request) -> str:
    programs = {"module": compiled_guests() / "step6.wasm", "javascript": STEP6, "lua": SCRIPTS / "lua" / "step6.lua"}
    return str(programs[request.param])


def run(program: str, *arguments) -> dict:
    done = egctl("run", program, *arguments, "-o", "json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_run_shows_what_a_request_does(sale):
    report = run(sale, *SALE, *ALICE)
    assert report["result"] == "" and report["response"] == {"status": 200, "headers": [], "body": ""}
    assert report["writes"] == [{"key": "id/alice", "before": None, "after": "true"}]
    assert report["request"]["url"] == "/flashsale" and report["micros"] > 0


def test_run_takes_data_and_parameters(sale, tmp_path):
    data = tmp_path / "data.yaml"
    data.write_text('id/a: "true"\nid/b: "true"\nid/c: "true"\n')
    report = run(sale, *SALE, *ALICE, "--data", data)
    assert report["result"] == "wasmResult2" and report["writes"] == []
    assert report["response"]["status"] == 200 and report["response"]["body"] == "sold out.\n"
    early = run(sale, "-p", "startTime=2999-01-01T00:00:00+00:00", "-p", "maxPermission=3", *ALICE)
    assert early["response"]["body"] == "not start yet.\n"


def test_run_takes_a_request_from_a_file(sale, tmp_path):
    request = tmp_path / "request.yaml"
    request.write_text("url: http://shop.example/flashsale?item=7\nheaders: {Authorization: zoë}\n")
    report = run(sale, *SALE, "--request", request)
    assert report["writes"][0]["key"] == "id/zoë"
    bob = run(sale, *SALE, "--request", request, "-H", "Authorization: bob")
    assert bob["writes"][0]["key"] == "id/bob", "a flag comes on top of the file"


def test_run_repeats_and_counts(sale):
    report = run(sale, *SALE, *ALICE, "--repeat", "500")
    repeat = report["repeat"]
    assert repeat["runs"] == 500 and repeat["results"] == {"": 500}
    assert 0 < repeat["leastMicros"] <= repeat["p50Micros"] <= repeat["p99Micros"] <= repeat["mostMicros"]


def test_run_prints_lines_that_read_well(sale):
    done = egctl("run", sale, *SALE, *ALICE)
    lines = [line.split(maxsplit=1) for line in done.stdout.splitlines()]
    assert ["result", '"": the flow goes on'] in lines
    assert ["write", "id/alice: (absent) -> true"] in lines


CHANGES = """export function run() {
  request.setMethod("PUT");
  request.setPath("/b");
  request.setHost("b.example");
  request.setHeader("X-Wasm", "was here");
  request.delHeader("X-Old");
  request.setBody("new");
}
"""


def test_run_shows_what_a_program_changes_of_the_request(tmp_path):
    script = tmp_path / "changes.js"
    script.write_text(CHANGES)
    done = egctl("run", str(script), "--url", "/a?q=1", "-H", "X-Old: 1", "-H", "X-Kept: 1")
    changes = [line.split(maxsplit=1)[1] for line in done.stdout.splitlines() if line.startswith("request")]
    wanted = ["method: GET -> PUT", "host: localhost -> b.example", "url: /a?q=1 -> /b?q=1", "- X-Old: 1",
              "+ X-Wasm: was here", "body: new"]  # fmt: skip
    assert done.returncode == 0 and changes == wanted, done.stdout + done.stderr
    request = run(str(script))["request"]
    assert (request["host"], request["body"]) == ("b.example", "new")


def test_cases_look_at_the_request(tmp_path):
    script = tmp_path / "changes.js"
    script.write_text(CHANGES)
    right = {"method": "PUT", "url": "/b", "headers": {"X-Wasm": "was here", "host": "b.example"}, "body": "new"}
    given = [{"name": "right", "when": {"url": "/a"}, "then": {"request": right}}]
    wrong = {"method": "GET", "url": "/a", "headers": {"X-Wasm": "no", "X-None": ""}, "body": "old"}
    given.append({"name": "wrong", "when": {"url": "/a"}, "then": {"request": wrong}})
    path = tmp_path / "cases.yaml"
    path.write_text(yaml.safe_dump({"cases": given}))
    done = egctl("test", str(script), "--cases", path)
    assert done.returncode == 1 and "ok    right" in done.stdout, done.stdout + done.stderr
    for words in ('method of the request is "PUT"', 'url of the request is "/b"', 'body of the request is "new"',
                  'field X-Wasm of the request is "was here"', "the request has no field X-None"):  # fmt: skip
        assert words in done.stdout, done.stdout


def test_run_says_how_many_lines_of_the_log_are_left_out(tmp_path):
    script = tmp_path / "talks.js"
    script.write_text("export function run() { for (let i = 0; i < 1000; i++) log('line ' + i); }\n")
    log = run(str(script))["log"]
    assert len(log) == 32 and "(968 lines left out after it)" in log[-1]


def test_inspect_has_a_bound(tmp_path):
    def number(value: int) -> bytes:
        return bytes([value & 0x7F]) if value < 0x80 else bytes([value & 0x7F | 0x80]) + number(value >> 7)

    def section(name: int, content: bytes) -> bytes:
        return bytes([name]) + number(len(content)) + content

    count = 50_001
    module = tmp_path / "many.wasm"
    types = section(1, b"\x01\x60\x00\x00")
    functions = section(3, number(count) + b"\x00" * count)
    module.write_bytes(b"\0asm\x01\0\0\0" + types + functions + section(10, number(count) + b"\x02\x00\x0b" * count))
    done = egctl("inspect", str(module))
    assert done.returncode == 1 and "50001 functions: inspect compiles at most 50000" in done.stderr, done.stderr


def test_a_run_that_fails_says_why_and_has_exit_code_1(tmp_path):
    script = tmp_path / "broken.js"
    script.write_text("export function run() {\n  log('the stock is unknown');\n  nothing();\n}\n")
    done = egctl("run", str(script), "-o", "json")
    assert done.returncode == 1 and "the run ended with wasmError" in done.stderr
    report = json.loads(done.stdout)
    assert report["result"] == "wasmError" and report["response"]["status"] == 503
    said = "\n".join(report["tags"] + report["log"])
    assert "broken.js:3" in said and "the stock is unknown" in said


def test_a_run_without_end_ends_at_its_timeout(tmp_path):
    script = tmp_path / "loop.js"
    script.write_text("export function run() { for (;;); }\n")
    done = egctl("run", str(script), "--timeout", "50ms", "-o", "json")
    assert done.returncode == 1 and "timed out after 50ms" in json.loads(done.stdout)["tags"][0]


FIELDS = """export function run() {
  log(request.getMethod(), request.getBody(), JSON.stringify(request.getAllHeader().get("X-User")), request.getHeader("X-User"));
}
"""


def test_run_takes_a_method_a_body_and_a_field_twice(tmp_path):
    script, body = tmp_path / "fields.js", tmp_path / "body"
    script.write_text(FIELDS)
    body.write_text("from a file")
    twice = ["-H", "X-User: a", "-H", "X-User: b"]
    request = tmp_path / "request.yaml"
    request.write_text("headers: {x-user: [c, d]}\n")
    for given, words in (
        (twice, 'GET  ["a","b"] a'),
        (["-d", "{}", *twice], 'POST {} ["a","b"] a'),
        (["-X", "PUT", "-d", f"@{body}", *twice], 'PUT from a file ["a","b"] a'),
        (["--request", request], 'GET  ["c","d"] c'),
        (["--request", request, *twice], 'GET  ["a","b"] a'),
    ):
        assert run(str(script), *given)["log"][0].endswith(words), given
    case = {"name": "two", "when": {"url": "/", "headers": {"X-User": ["a", "b"]}}, "then": {"request": {"headers": {"X-User": "a"}}}}
    done = egctl("test", str(script), "--cases", cases(tmp_path, case, parameters={}))
    assert done.returncode == 0, done.stdout + done.stderr
    case["when"]["headers"]["X-User"] = {"a": "b"}
    done = egctl("test", str(script), "--cases", cases(tmp_path, case, parameters={}))
    assert done.returncode == 1 and "cases[0].when.headers.X-User: must be text, or a list of texts" in done.stderr


def script_of(folder: Path, language: str, line: str) -> str:
    """A script that runs the line, which is the same in each language but for what `line` has for it."""
    script = folder / {"javascript": "s.js", "lua": "s.lua"}[language]
    script.write_text(f"export function run() {{ {line} }}\n" if language == "javascript" else f"function run() {line} end\n")
    return str(script)


COOKIES = [
    ("javascript", "response.setCookie({name: 'a', value: '1', maxAge: 5.5, sameSite: 'Strict'})", "a=1; Max-Age=5; SameSite=Strict"),
    ("javascript", "response.setCookie({name: 'a', expires: new Date(0)})", "a=; Expires=Thu, 01 Jan 1970 00:00:00 GMT"),
    ("javascript", "response.setCookie({name: 'a', rawExpires: 'x', maxAge: -1})", "a=; Expires=x; Max-Age=0"),
    ("javascript", "const c = new cookie.Cookie('a', 'b'); c.rawExpires = 'x'; response.setCookie(c)", "a=b; Expires=x"),
    ("javascript", "response.setCookie('a=1; Path=/')", "a=1; Path=/"),
    ("lua", "response.set_cookie({name = 'a', value = '1', max_age = 5.5, same_site = 'Strict'})", "a=1; Max-Age=5; SameSite=Strict"),
    ("lua", "response.set_cookie({name = 'a', raw_expires = 'x', max_age = -1})", "a=; Expires=x; Max-Age=0"),
    ("lua", "local c = cookie.Cookie('a', 'b'); c.raw_expires = 'x'; c.expires = c.raw_expires .. 'y'; response.set_cookie(c)", "a=b; Expires=xy"),
    ("lua", "response.set_cookie('a=1; Path=/')", "a=1; Path=/"),
]


@pytest.mark.parametrize("language, line, cookie", COOKIES)
def test_cookies(tmp_path, language, line, cookie):
    report = run(script_of(tmp_path, language, line + "; return 1"))
    assert report["response"]["headers"] == [{"name": "Set-Cookie", "value": cookie}]


NO_COOKIES = [
    ("javascript", "response.setCookie('b', '2')", "TypeError: no cookie: b. Write name=value"),
    ("javascript", "response.setCookie(7)", "TypeError: no cookie: 7"),
    ("javascript", "request.addCookie('b')", "TypeError: no cookie: b."),
    ("javascript", "response.setCookie({name: 'a', maxage: 5})", "a cookie has no field maxage: name, value, path, domain, expires, maxAge"),
    ("javascript", "new cookie.Cookie('a', 'b', {Secure: true})", "a cookie has no field Secure"),
    ("javascript", "new cookie.Cookie('a', 'b').maxage = 3", "TypeError"),
    ("javascript", "response.setCookie({name: 'a', maxAge: 'soon'})", "maxAge of a cookie is soon"),
    ("javascript", "response.setCookie({name: 'a', sameSite: 'lacks'})", "sameSite of a cookie is lacks: use Lax, Strict or None"),
    ("lua", "response.set_cookie('b', '2')", "no cookie: b. Write name=value"),
    ("lua", "response.set_cookie(nil)", "no cookie: nil"),
    ("lua", "request.add_cookie('b')", "no cookie: b."),
    ("lua", "response.set_cookie({name = 'a', maxage = 5})", "a cookie has no field maxage: name, value, path, domain, expires, max_age"),
    ("lua", "cookie.Cookie('a', 'b').maxage = 3", "a cookie has no field maxage"),
    ("lua", "response.set_cookie({name = 'a', max_age = 'soon'})", "max_age of a cookie is soon"),
    ("lua", "response.set_cookie({name = 'a', same_site = 'lacks'})", "same_site of a cookie is lacks: use Lax, Strict or None"),
]


@pytest.mark.parametrize("language, line, words", NO_COOKIES)
def test_what_is_no_cookie_is_refused(tmp_path, language, line, words):
    done = egctl("run", script_of(tmp_path, language, line))
    assert done.returncode == 1 and words in done.stdout and "s." in done.stdout, done.stdout


LOGGED = [
    ("javascript", "try { null.x } catch (e) { console.error('failed:', e) }", "failed: TypeError: cannot read property 'x' of null"),
    ("javascript", "try { null.x } catch (e) { log(e) }", "s.js:1:"),
    ("javascript", "log(request.getAllHeader())", '{"X-User":["a"]}'),
    ("javascript", "log({e: new RangeError('no'), s: new Set([1]), n: 2n ** 64n})", '{"e":"RangeError: no","s":[1],"n":"18446744073709551616"}'),
    ("javascript", "const a = {}; a.a = a; log('it', a)", "it [object Object] (TypeError: circular reference"),
    ("lua", "log(request.get_all_header())", '{["X-User"] = {"a"}}'),
    ("lua", "log('a', {1, 'b', c = true, [7] = {}, d = {e = 'f'}})", 'a {1, "b", [7] = {}, c = true, d = {e = "f"}}'),
    ("lua", "local t = {}; t.t = t; print(t)", "{t = {t = {t = {t = {…}}}}}"),
]


@pytest.mark.parametrize("language, line, words", LOGGED)
def test_log_shows_what_a_value_holds(tmp_path, language, line, words):
    done = egctl("run", script_of(tmp_path, language, line), "-H", "X-User: a")
    assert done.returncode == 0 and words in done.stdout, done.stdout


def test_what_the_page_says_is_not_there(tmp_path):
    absent = "Intl URL URLSearchParams TextEncoder crypto structuredClone fetch Buffer".split()
    page = (ROOT / "docs" / "javascript.md").read_text()
    assert all(f"`{name}`" in page for name in absent)
    names = ", ".join(f"typeof {name}" for name in [*absent, "btoa", "atob"])
    assert run(script_of(tmp_path, "javascript", f"log({names})"))["log"][0].endswith("undefined " * len(absent) + "function function")
    (query,) = re.findall(r"^- \*\*Query:\*\* `(.*)`$", page, re.MULTILINE)
    for url, value in (("/?item=a%20b", "a b"), ("/?x=1&item=2&y=3", "2"), ("/?items=1", ""), ("/", "")):
        assert run(script_of(tmp_path, "javascript", f"log('<' + ({query}) + '>')"), "--url", url)["log"][0].endswith(f"<{value}>")


def test_shared_data_before_any_request(tmp_path):
    for language, line in (("javascript", "}; cluster.getString('a'); {"), ("lua", "end cluster.get_string('a') do")):
        done = egctl("run", script_of(tmp_path, language, line))
        assert "there is no shared data (in a script: in init, or outside of functions)" in done.stderr, done.stderr


def test_help_has_the_languages_of_scripts():
    for command in ("run", "test", "inspect"):
        assert "javascript or lua" in egctl(command, "--help").stdout


def test_a_script_in_the_wrong_place(tmp_path):
    script = tmp_path / "main.ts"
    script.write_text("export function run() { return 0; }\n")
    done = egctl("run", str(script))
    assert done.returncode == 1 and "--language javascript or lua" in done.stderr, done.stderr
    assert egctl("run", str(script), "--language", "javascript").returncode == 0
    for fields, words in (
        ({"code": str(script)}, "It is text: a script stands in script:, with code: builtin:javascript"),
        ({"code": "builtin:javascript", "script": "shop/main.ts"}, '"shop/main.ts" is no script. A path ends in .js'),
    ):
        spec = tmp_path / "pipeline.yaml"
        filters = [{"name": "f", "kind": "WasmHost"} | fields]
        spec.write_text(yaml.safe_dump({"name": "p", "kind": "Pipeline", "flow": [{"filter": "f"}], "filters": filters}))
        done = subprocess.run([BIN / "egctl", "validate", "-f", spec], capture_output=True, text=True, timeout=120)
        assert done.returncode != 0 and words in done.stdout + done.stderr, done.stdout + done.stderr


def test_inspect_takes_parameters(tmp_path):
    assert egctl("inspect", str(STEP6), *SALE).returncode == 0
    done = egctl("inspect", str(STEP6), *SALE, "-p", "blockRato=1")
    assert done.returncode == 1 and 'did you mean "blockRatio"?' in done.stderr


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["-p", "nothing"], "want NAME=VALUE"),
        (["-H", "nothing"], "want 'NAME: VALUE'"),
        (["--timeout", "soon"], "want a duration"),
        (["--repeat", "0"], "--repeat wants"),
        (["--url", "shop"], "url:"),
    ],
)
def test_wrong_use_has_exit_code_2(arguments, words):
    done = egctl("run", str(STEP6), *arguments)
    assert done.returncode == 2 and words in done.stderr, done.stderr


def test_files_that_are_not_right_are_named(tmp_path):
    request = tmp_path / "request.yaml"
    request.write_text("path: /x\n")
    done = egctl("run", str(STEP6), "--request", request)
    assert done.returncode == 1 and "path: is unknown" in done.stderr.replace("unknown field", "is unknown"), done.stderr
    assert egctl("run", str(tmp_path / "none.wasm")).returncode == 4
    text = tmp_path / "text.wasm"
    text.write_text("hello")
    done = egctl("run", str(text))
    assert done.returncode == 1 and "begins with 68 65 6c 6c 6f" in done.stderr


def test_inspect_lists_imports_and_exports():
    done = egctl("inspect", str(compiled_guests() / "step6.wasm"), "-o", "json")
    report = json.loads(done.stdout)
    assert done.returncode == 0 and report["accepted"] and report["abi"] == "easegress"
    assert {"module": "easegress", "name": "host_cluster_count_key"} in report["imports"]
    assert {"name": "wasm_run", "kind": "function", "signature": "() -> i32"} in report["exports"]
    assert report["sizeBytes"] == (compiled_guests() / "step6.wasm").stat().st_size


def test_inspect_says_why_a_program_is_refused(tmp_path):
    component = tmp_path / "component.wasm"
    component.write_bytes(b"\0asm\x0d\0\1\0")
    done = egctl("inspect", str(component))
    assert done.returncode == 1 and "component model" in done.stderr and "accepted  no" in " ".join(done.stdout.split("\t")) or "no" in done.stdout
    script = tmp_path / "bad.js"
    script.write_text("export function run() {\n  return 1 +;\n}\n")
    done = egctl("inspect", str(script), "-o", "json")
    assert done.returncode == 1 and not json.loads(done.stdout)["accepted"] and "bad.js:2:" in done.stderr


def cases(folder: Path, *given: dict, **more) -> Path:
    path = folder / "cases.yaml"
    parameters = {"startTime": "2021-08-08T00:00:00+00:00", "blockRatio": "0", "maxPermission": "1"}
    path.write_text(yaml.safe_dump({"parameters": parameters, **more, "cases": list(given)}))
    return path


def by(user: str) -> dict:
    return {"url": "/flashsale", "headers": {"Authorization": user}}


LUCKY = {"name": "lucky once, lucky always", "steps": [
    {"when": by("ann"), "then": {"result": "", "data": {"id/ann": "true"}}},
    {"when": by("bob"), "then": {"result": "wasmResult2", "body": "sold out.\n", "absent": ["id/bob"]}},
    {"when": by("ann"), "then": {"result": ""}},
]}  # fmt: skip
EARLY = {"name": "closed before the start", "given": {"parameters": {"startTime": "2999-01-01T00:00:00+00:00"}},
         "when": by("ann"), "then": {"results": ["wasmResult1", "wasmResult2"], "status": 200, "bodyContains": "not start"}}  # fmt: skip
KNOWN = {"name": "who is in, is in", "given": {"data": {"id/ann": "true", "id/bob": "true"}}, "when": by("bob"),
         "then": {"result": ""}}  # fmt: skip


def test_cases_that_pass(sale, tmp_path):
    done = egctl("test", sale, "--cases", cases(tmp_path, LUCKY, EARLY, KNOWN), "--junit", tmp_path / "report.xml")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[0] == "ok    lucky once, lucky always"
    assert done.stdout.endswith("3 of 3 cases passed\n")
    suite = xml.parse(tmp_path / "report.xml").getroot()
    assert suite.get("tests") == "3" and suite.get("failures") == "0"
    assert [case.get("name") for case in suite] == [each["name"] for each in (LUCKY, EARLY, KNOWN)]


def test_the_cases_of_the_page_pass(sale, tmp_path):
    page = (ROOT / "docs" / "guests.md").read_text()
    (block,) = re.findall(r"^```yaml\n(parameters:.*?)^```", page, re.MULTILINE | re.DOTALL)
    (tmp_path / "cases.yaml").write_text(block)
    done = egctl("test", sale, "--cases", tmp_path / "cases.yaml")
    assert done.returncode == 0 and "2 of 2 cases passed" in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize(
    "then, words",
    [
        ({"result": "wasmResult1"}, 'result is "", not "wasmResult1"'),
        ({"status": 403}, "status is 200, not 403"),
        ({"data": {"id/ann": "false"}}, 'key "id/ann" is "true", not "false"'),
        ({"absent": ["id/ann"]}, 'there is a key "id/ann"'),
        ({"tag": "lucky"}, 'no tag has "lucky"'),
    ],
)
def test_a_case_that_fails_says_what_came(sale, tmp_path, then, words):
    wrong = {"name": "<wrong> & \"so\"", "when": by("ann"), "then": then}
    done = egctl("test", sale, "--cases", cases(tmp_path, wrong, KNOWN), "--junit", tmp_path / "report.xml")
    assert done.returncode == 1 and "1 of 2 cases failed" in done.stderr
    assert words in done.stdout, done.stdout
    suite = xml.parse(tmp_path / "report.xml").getroot()
    assert suite.get("failures") == "1" and words in suite[0][0].get("message")
    assert suite[0].get("name") == wrong["name"]


@pytest.mark.parametrize(
    "case, words",
    [
        ({"name": "x", "when": by("a")}, "cases[0].then: is required"),
        ({"name": "x"}, "cases[0].when: is required"),
        ({"name": "x", "when": {"uri": "/"}, "then": {}}, "cases[0].when.uri"),
        ({"name": "x", "when": by("a"), "then": {"status": 9}}, "cases[0].then.status"),
        ({"name": "x", "when": by("a"), "then": {"result": 2}}, 'then.result: "2" is no result'),
        ({"name": "x", "when": by("a"), "then": {"result": "2"}}, 'did you mean "wasmResult2"?'),
        ({"name": "x", "when": by("a"), "then": {}}, "cases[0].then: expects nothing, so the case could not fail"),
        ({"name": "x", "when": by("a"), "then": {"results": []}}, "cases[0].then: expects nothing"),
        ({"name": "x", "steps": [{"when": by("a"), "then": {}}]}, "cases[0].steps: expects nothing"),
        ({"name": "x", "when": by("a"), "then": {"results": ["", "wasmresult2"]}}, "then.results[1]"),
    ],
)
def test_cases_that_are_not_right_are_named_by_their_path(tmp_path, case, words):
    done = egctl("test", str(STEP6), "--cases", cases(tmp_path, case))
    assert done.returncode == 1 and words in done.stderr, done.stderr
    assert done.stdout == "", "nothing runs"


def test_a_module_of_the_other_kind_is_named(tmp_path):
    plugin, program = plugin_guests.every(), compiled_guests() / "step6.wasm"
    done = egctl("run", plugin)
    assert done.returncode != 0 and "this is a proxy-wasm plugin: use kind ProxyWasm" in done.stderr, done.stderr
    assert "egctl wasm run and test take programs of WasmHost only" in done.stderr and "env." not in done.stderr
    for kind, code, other in (
        ("WasmHost", plugin, "this is a proxy-wasm plugin: use kind ProxyWasm"),
        ("ProxyWasm", program, "this is a program for WasmHost: use kind WasmHost"),
    ):
        spec = tmp_path / "pipeline.yaml"
        filters = json.dumps([{"name": "f", "kind": kind, "code": str(code)}])
        spec.write_text(f"name: p\nkind: Pipeline\nflow: [{{filter: f}}]\nfilters: {filters}\n")
        done = subprocess.run([BIN / "egctl", "validate", "-f", spec], capture_output=True, text=True, timeout=120)
        assert done.returncode != 0 and other in done.stdout + done.stderr, done.stdout + done.stderr
