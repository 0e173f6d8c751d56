# SPDX-License-Identifier: Apache-2.0
"""Guests that hurt: a fault costs the request that met it 503, and nobody else anything.

The programs and what is expected of each are in tests/guests; its README.md is read here, so a new
guest is tested by naming it there."""

import json
import re

import pytest

from client import Connection, Load, fetch, request
from gateway import ROOT, documents, http_server, mock, pipeline, wait_until, wasm

ROW = re.compile(r"^\| ([a-z0-9-]+) \| (.*) \| (.*) \|$", re.MULTILINE)
TABLE = (ROOT / "tests" / "guests" / "README.md").read_text().partition("\n## wat")[2]
GUESTS = {name: expected for name, _, expected in ROW.findall(TABLE) if name != "guest"}
assert len(GUESTS) > 50

# A result of n ends the pipeline; these answers tell which.
FLOW = [
    {"filter": "wasm", "jumpIf": {"wasmResult1": "one", "wasmResult2": "two"}},
    {"filter": "zero", "jumpIf": {"mocked": "END"}},
    {"filter": "one", "jumpIf": {"mocked": "END"}},
    {"filter": "two"},
]
ANSWERS = (mock("0", "zero", 200), mock("1", "one", 211), mock("2", "two", 212))


def guest_pipeline(code, name: str = "p", **fields) -> dict:
    return pipeline(name, wasm(code, **fields), *ANSWERS, flow=FLOW)


@pytest.fixture(scope="module")
def host(shared_server, guests):
    """A gateway with two pipelines: /p, whose program changes, and /good, which must never suffer."""
    from gateway import free_port

    port = free_port()
    shared_server.apply(
        http_server(port, {"pathPrefix": "/good", "backend": "good"}, {"backend": "p"}),
        guest_pipeline(guests / "minimal.wasm", "good"),
        guest_pipeline(guests / "minimal.wasm"),
    )
    shared_server.guest_port = port
    return shared_server


def by_expectation(start: str) -> list[str]:
    return sorted(name for name, expected in GUESTS.items() if expected.startswith(start))


@pytest.mark.parametrize("name", by_expectation("does not load"))
def test_does_not_load(host, guests, name):
    """Refused by egctl, by name and within the timeout; what ran before goes on."""
    host.egctl("apply", "-f", "-", input=documents(guest_pipeline(guests / "minimal.wasm")))
    spec = guest_pipeline(guests / f"{name}.wasm", timeout="300ms")
    done = host.egctl("apply", "-f", "-", input=documents(spec), check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("Error: ")
    assert "filters[0]" in done.stderr
    assert fetch(host.guest_port, "/").text == "0"
    assert fetch(host.guest_port, "/good").text == "0"


@pytest.mark.parametrize("name", by_expectation("`wasmError`"))
def test_wasm_error(host, guests, name):
    timeout = "100ms" if "timeout" in GUESTS[name] or name.endswith("-loop") else "2s"
    host.apply(guest_pipeline(guests / f"{name}.wasm", timeout=timeout))
    before = host.log()
    with Connection(host.guest_port) as connection, Connection(host.guest_port) as neighbour:
        for number in range(6):  # more than there are instances: each is replaced
            response = connection.request(f"/{name}-{number}", X_Name="value")
            assert (response.status, response.body) == (503, b"")
            assert neighbour.request("/good").text == "0"
    if GUESTS[name] == "`wasmError`" or "after" in GUESTS[name]:
        assert "wasmError" in host.access_line(f"/{name}-0")
        told = wait_until(lambda: host.log()[len(before) :], "the log tells of the fault")
        assert "p/wasm" in told or ("wasm" in told and "p" in told)
    if "nothing" in GUESTS[name].lower() or "put" in name:
        listed = host.egctl("wasm", "list-data", "p", "wasm").stdout
        assert listed == "{}\n"


@pytest.mark.parametrize("name", by_expectation("0") + by_expectation("1"))
def test_runs(host, guests, name):
    """Programs that look dangerous and are not, or cope with a refusal."""
    host.apply(guest_pipeline(guests / f"{name}.wasm", timeout="10s"))
    expected = GUESTS[name]
    allowed = {200: "0"} if expected.startswith("0") else {211: "1"}
    if "0 or 1" in expected:
        allowed = {200: "0", 211: "1"}
    for number in range(5):
        response = fetch(host.guest_port, f"/{name}-{number}", X_Name="value")
        assert allowed.get(response.status) == response.text, (response.status, response.text)
    host.egctl("wasm", "delete-data", "p", "wasm")


def test_every_expectation_is_tested():
    other = [
        name
        for name, expected in GUESTS.items()
        if not expected.startswith(("does not load", "`wasmError`", "0", "1"))
    ]
    assert other == ["header-injection"]


def test_header_injection(host, guests):
    host.apply(pipeline("p", wasm(guests / "header-injection.wasm")))
    with Connection(host.guest_port) as connection:
        response = connection.request()
        assert "injected" not in response.headers
        assert connection.request("/good").text == "0", "the connection is still in step"


# --- the probe: one program, a fault on demand ------------------------------------------------


@pytest.fixture
def probe(host, guests):
    host.apply(guest_pipeline(guests / "probe.wasm", timeout="500ms"))
    yield host
    host.egctl("wasm", "delete-data", "p", "wasm")


FAULTS = ["trap", "throw", "recurse", "loop", "grow", "ret10", "ret-1", "ret-2147483648"]


@pytest.mark.parametrize("mode", FAULTS)
def test_fault_on_demand(probe, mode):
    port = probe.guest_port
    with Connection(port) as connection:
        for _ in range(5):
            assert connection.request("/", X_Mode=mode).status == 503
            assert connection.request("/", X_Mode="ret0").text == "0"


@pytest.mark.parametrize("mode", ["trap", "loop", "recurse", "ret10"])
def test_a_fault_hurts_nobody_else(probe, mode):
    port = probe.guest_port
    probe_down = Load(port, lambda _: request("/", X_Mode=mode), connections=1)
    others = Load(port, lambda _: request("/good"), connections=16)
    with probe_down, others:
        probe_down.wait_more(5)
        others.wait_more(500)
    assert others.errors == [] and others.statuses() == {200: others.count}
    assert probe_down.errors == [] and probe_down.statuses() == {503: probe_down.count}


def test_results_1_to_9(host, guests):
    flow = [{"filter": "wasm", "jumpIf": {f"wasmResult{n}": f"m{n}" for n in range(1, 10)}}]
    flow += [{"filter": f"m{n}", "jumpIf": {"mocked": "END"}} for n in range(1, 10)]
    mocks = [mock(str(n), f"m{n}", 210 + n) for n in range(1, 10)]
    host.apply(pipeline("p", wasm(guests / "probe.wasm"), *mocks, flow=flow))
    for n in range(1, 10):
        assert fetch(host.guest_port, "/", X_Mode=f"ret{n}").status == 210 + n


def test_a_fault_stores_nothing(probe):
    port = probe.guest_port
    for mode in ("put-trap", "put-throw", "put-loop", "put-ret10"):
        assert fetch(port, "/", X_Mode=mode, X_Key=f"k/{mode}", X_Value="v").status == 503
    assert fetch(port, "/", X_Mode="put-ret1", X_Key="k/ok", X_Value="v").status == 211
    assert probe.egctl("wasm", "list-data", "p", "wasm").stdout == 'k/ok: "v"\n' or (
        probe.egctl("wasm", "list-data", "p", "wasm").stdout == "k/ok: v\n"
    )


def test_a_trap_is_told_with_its_function(probe):
    fetch(probe.guest_port, "/told-trap", X_Mode="trap")
    line = wait_until(
        lambda: next((line for line in probe.log().splitlines() if "p/wasm: wasm: trap: wasm `unreachable`" in line), None),
        "the log tells of the trap in one line",
    )
    assert re.search(r"in (function \d+ < )*\S+", line), "the innermost first"
    told = probe.access_line("/told-trap")
    assert re.search(r"in (function \d+ < )*wasm_run", told), "the outermost is the export that was called"
    assert "wasmError" in probe.access_line("/told-trap")


def test_what_a_guest_said_is_told(host, guests):
    """In the access log, the process log, the filter's status, and the error of egctl."""
    host.apply(guest_pipeline(guests / "panic.wasm", timeout="2s"))
    assert fetch(host.guest_port, "/panics").status == 503
    reason = "the guest said: panic: the stock of laptop-42 is unknown"
    assert reason in host.access_line("/panics")
    wait_until(lambda: reason in host.log(), "the log has the reason")
    assert reason in host.egctl("describe", "pipeline", "p").stdout
    spec = guest_pipeline(guests / "step6.wasm", timeout="2s", parameters={"startTime": "tomorrow"})
    done = host.egctl("apply", "-f", "-", input=documents(spec), check=False)
    assert done.returncode == 1
    assert "wasm_init failed; the guest said: parseDate: 'tomorrow' is not a valid date" in done.stderr


def test_names_that_are_not_utf8_are_names_of_their_own(host, guests):
    host.apply(guest_pipeline(guests / "probe.wasm", timeout="2s"))
    for byte in (b"\x80", b"\xfe", b"\xff"):
        with Connection(host.guest_port) as connection:
            connection.send(b"GET / HTTP/1.1\r\nHost: h\r\nX-Mode: put\r\nX-Key: id/" + byte + b"\r\nX-Value: v\r\n\r\n")
            assert connection.receive().status == 200
    assert host.egctl("wasm", "count-data", "p", "wasm", "--prefix", "id/").stdout.strip() == "3"
    host.egctl("wasm", "delete-data", "p", "wasm")


def test_tags_and_logs_are_one_line(probe):
    fetch(probe.guest_port, "/tagged", X_Mode="tag")
    line = probe.access_line("/tagged")
    assert "first line" in line and "third" in line
    fetch(probe.guest_port, "/", X_Mode="log", X_Message="%s%n told by the guest")
    wait_until(lambda: "%s%n told by the guest error" in probe.log(), "the guest's line is in the log")


def zero_body(host, **headers) -> dict:
    """The probe's own answer: without the mock behind it."""
    return json.loads(fetch(host.guest_port, "/a%20b?q=1", "POST", b"body", **headers).body)


def test_what_a_guest_sees(host, guests):
    host.apply(pipeline("p", wasm(guests / "probe.wasm")))
    told = zero_body(host, X_Mode="echo", Host="shop.example", Cookie="a=1; b=2")
    assert (told["method"], told["proto"], told["scheme"]) == ("POST", "HTTP/1.1", "http")
    assert (told["host"], told["path"], told["escapedPath"]) == ("shop.example", "/a b", "/a%20b")
    assert (told["query"], told["realIp"], told["body"]) == ("q=1", "127.0.0.1", "body")
    assert told["missing"] == "" and told["fragment"] == ""
    assert [(cookie["name"], cookie["value"]) for cookie in told["cookies"]] == [("a", "1"), ("b", "2")]
    assert "Host" not in told["headers"] and told["headers"]["X-Mode"] == ["echo"]


def test_what_a_guest_changes(host, guests):
    host.apply(pipeline("p", wasm(guests / "probe.wasm")))
    told = zero_body(host, X_Mode="set")
    assert (told["method"], told["host"], told["path"]) == ("PUT", "probe.example:8080", "/a b/ü")
    assert (told["query"], told["body"]) == ("q=1&r=%20", "body from the probe")
    response = fetch(host.guest_port, "/", "POST", b"x" * 100_000, X_Mode="body", X_New_Body="new")
    assert response.body == b"x" * 100_000 and response.headers["x-length"] == "100000"
    response = fetch(host.guest_port, "/", X_Mode="status", X_Status="418")
    assert response.status == 418 and json.loads(response.body) == {"before": 200, "after": 418}
    response = fetch(host.guest_port, "/", X_Mode="headers")
    assert [value for name, value in response.header_list if name == "x-reply"] == ["1", "2"]
    assert "injected" not in response.headers
    response = fetch(host.guest_port, "/", X_Mode="cookies", Cookie="a=1")
    assert len([1 for name, _ in response.header_list if name == "set-cookie"]) == 2


@pytest.mark.parametrize("status", ["0", "99", "-1", "1000", "2147483647"])
def test_a_status_that_is_none(host, guests, status):
    host.apply(pipeline("p", wasm(guests / "probe.wasm")))
    assert fetch(host.guest_port, "/", X_Mode="status", X_Status=status).status == 503


def test_shared_data_of_all_types(host, guests):
    host.apply(pipeline("p", wasm(guests / "probe.wasm")))
    told = json.loads(fetch(host.guest_port, "/", X_Mode="cluster", X_Key="t/").body)
    host.egctl("wasm", "delete-data", "p", "wasm")
    assert told["countBefore"] == 0 and told["countAfter"] == 7 and told["countOther"] == 0
    assert told["string"] == "zwölf 时间 😀" and told["binaryEqual"] is True
    assert (told["sum"], told["sumAgain"], told["integer"], told["sumOfNew"]) == (45, 42, 42, 7)
    assert told["minInteger"] == "-9223372036854775808"
    assert (told["missingString"], told["missingBinary"], told["missingInteger"], told["missingFloat"]) == ("", 0, 0, 0)
    assert (told["float"], told["floatSum"], told["floatSumAgain"]) == (0.1, 1e300, 2.5)


@pytest.mark.parametrize("compiler", ["probe", "probe-asc020", "probe-asc019", "probe-abort"])
def test_compilers(host, guests, compiler):
    parameters = {"one": "1", "größe": "zwölf 时间 😀", "empty": ""}
    host.apply(pipeline("p", wasm(guests / f"{compiler}.wasm", parameters=parameters)))
    assert json.loads(fetch(host.guest_port, "/", X_Mode="params").body) == parameters
    assert fetch(host.guest_port, "/", X_Mode="throw").status == 503


@pytest.mark.parametrize("mode", ["loop", "trap", "throw", "grow"])
def test_init_that_fails(host, guests, mode):
    spec = guest_pipeline(guests / "probe.wasm", timeout="300ms", parameters={"initMode": mode})
    done = host.egctl("apply", "-f", "-", input=documents(spec), check=False)
    assert done.returncode == 1 and "filters[0]" in done.stderr
    assert fetch(host.guest_port, "/good").text == "0"


NOT_WASM = {
    "empty": b"",
    "text": b"export function run() {}\n",
    "cut off": b"\0asm\x01\0\0\0\x01",
    "component": b"\0asm\x0d\0\x01\0",
    "old version": b"\0asm\x02\0\0\0",
}


@pytest.mark.parametrize("case", NOT_WASM)
def test_not_wasm(host, tmp_path, case):
    file = tmp_path / "guest.wasm"
    file.write_bytes(NOT_WASM[case])
    done = host.egctl("apply", "-f", "-", input=documents(guest_pipeline(file)), check=False)
    assert done.returncode == 1 and "filters[0].code" in done.stderr
    if case == "component":
        assert "component" in done.stderr


def test_code_as_base64(host, guests):
    import base64

    text = base64.b64encode((guests / "minimal.wasm").read_bytes()).decode()
    host.apply(guest_pipeline(text))
    assert fetch(host.guest_port).text == "0"


def test_code_from_a_url(host, guests, tmp_path):
    import functools
    import http.server
    import threading

    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=guests)
    handler.log_message = lambda *_: None
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as files:
        threading.Thread(target=files.serve_forever, args=(0.01,), daemon=True).start()
        url = f"http://127.0.0.1:{files.server_address[1]}"
        host.apply(guest_pipeline(f"{url}/minimal.wasm"))
        assert fetch(host.guest_port).text == "0"
        done = host.egctl("apply", "-f", "-", input=documents(guest_pipeline(f"{url}/none.wasm")), check=False)
        assert done.returncode == 1 and "filters[0].code" in done.stderr and "404" in done.stderr
        files.shutdown()


def test_instances_are_not_shared_and_keep_their_globals(host, guests):
    host.apply(pipeline("p", wasm(guests / "probe.wasm", concurrency=2)))
    with Connection(host.guest_port) as connection:
        runs = [int(connection.request(X_Mode="runs").text) for _ in range(20)]
    assert max(runs) >= 10, "instances live on from request to request"


def test_garbage_collection_loses_no_string(host, guests):
    """Every key stored must carry the hash of its own bytes in its value."""
    import yaml

    host.apply(pipeline("p", wasm(guests / "garbage.wasm", concurrency=1, timeout="30s")))
    for _ in range(10):
        assert fetch(host.guest_port, "/", X_Count="500").status == 200
    data = yaml.safe_load(host.egctl("wasm", "list-data", "p", "wasm").stdout)
    host.egctl("wasm", "delete-data", "p", "wasm")
    assert len(data) >= 5_000 / 2  # each guest counts on its own
    for key, value in data.items():
        digest = 2166136261
        for byte in key.encode():
            digest = (digest ^ byte) * 16777619 & 0xFFFFFFFF
        assert value == f"{digest:08x}:{key}"
