# SPDX-License-Identifier: Apache-2.0
"""Checks before a change: egctl validate and explain without a server, apply --dry-run and diff with one."""

import json
import socket
import subprocess
from contextlib import closing

import pytest
import yaml
from gateway import BIN, documents, free_port, http_server, pipeline

MOCK = {"name": "mock", "kind": "Mock", "rules": [{"code": 200, "body": "one"}]}


def egctl(*arguments: str, text: str | None = None) -> subprocess.CompletedProcess:
    """Without a server."""
    command = [BIN / "egctl", *arguments, "--server", f"127.0.0.1:{free_port()}"]
    return subprocess.run(command, input=text, capture_output=True, text=True, timeout=120)


def validate(*objects: dict) -> subprocess.CompletedProcess:
    return egctl("validate", "-f", "-", text=documents(*objects))


def warnings(done: subprocess.CompletedProcess) -> list[str]:
    return [line for line in done.stderr.splitlines() if line.startswith("Warning: ")]


@pytest.fixture
def listener():
    """Counts who comes: nobody may."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        server.setblocking(False)
        yield server


def nobody_came(server: socket.socket) -> bool:
    try:
        server.accept()[0].close()
    except BlockingIOError:
        return True
    return False


def test_validate_accepts_what_is_right_and_says_so(port):
    done = validate(http_server(port, {"pathPrefix": "/", "backend": "p"}), pipeline("p", MOCK))
    assert done.returncode == 0 and done.stderr == "", done.stderr
    assert done.stdout == "HTTPServer http-server is valid\nPipeline p is valid\n"
    done = egctl("validate", "-f", "-", "-o", "json", text=documents(pipeline("p", MOCK)))
    assert json.loads(done.stdout) == [{"kind": "Pipeline", "name": "p", "valid": True}]


def test_validate_names_the_file_and_every_fault(tmp_path):
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text(documents(pipeline("p", MOCK)))
    bad.write_text("{kind: Pipeline, name: q, filters: [{name: m, kind: Mok}]}\n---\n{kind: HTTPServer, name: s}\n")
    done = egctl("validate", "-f", str(good), "-f", str(bad))
    assert done.returncode == 1 and done.stdout == ""
    assert "failed: 2 errors" in done.stderr
    lines = done.stderr.splitlines()[1:]
    assert len(lines) == 2 and all("bad.yaml" in line for line in lines), lines
    assert 'did you mean "Mock"?' in lines[0] and "port: is required" in lines[1]
    assert egctl("validate", "-f", str(tmp_path / "none.yaml")).returncode != 0
    assert egctl("validate", "--fast").returncode == 2


def test_validate_finds_two_servers_on_a_port(port):
    done = validate(http_server(port, name="a"), http_server(port, name="b"))
    assert done.returncode == 1 and f"{port} is used by HTTPServer b" in done.stderr


def test_validate_opens_no_port_and_calls_no_url(listener, tmp_path):
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    pool = {"servers": [{"url": url}], "healthCheck": {"uri": "/health", "interval": "1s"}}
    users = tmp_path / "users"
    users.write_text("ann:plain\n")
    filters = [
        {"name": "keys", "kind": "Validator", "jwt": {"jwks": {"url": f"{url}/keys"}}},
        {"name": "users", "kind": "Validator", "basicAuth": {"mode": "FILE", "userFile": str(users)}},
        {"name": "ask", "kind": "Validator", "oauth2": {"tokenIntrospect": {"endPoint": url, "clientId": "a"}}},
        {"name": "guest", "kind": "WasmHost", "code": f"{url}/guest.wasm"},
        {"name": "proxy", "kind": "Proxy", "pools": [pool]},
        {"name": "tunnel", "kind": "WebSocketProxy", "pools": [{**pool, "healthCheck": {"interval": "1s", "ws": {}}}]},
    ]
    taken = listener.getsockname()[1]
    done = validate(http_server(taken, {"pathPrefix": "/", "backend": "p"}), pipeline("p", *filters))
    assert done.returncode == 0, done.stderr
    said = "\n".join(warnings(done))
    assert "filters[0].jwt.jwks.url: is not asked here" in said
    assert "filters[1].basicAuth.userFile: " in said, "the file is read, and its line is left out"
    assert "filters[3].code: is not read here" in said
    assert nobody_came(listener)


def test_validate_reads_files_and_compiles_programs(tmp_path, guests):
    broken = tmp_path / "broken.wasm"
    broken.write_bytes(b"\0asm\1\0\0\0\xff")
    done = validate(pipeline("p", {"name": "w", "kind": "WasmHost", "code": str(broken)}))
    assert done.returncode == 1 and "filters[0].code: " in done.stderr
    guest = {"name": "w", "kind": "WasmHost", "code": str(guests / "step1.wasm")}
    done = validate(pipeline("p", guest))
    assert done.returncode == 0, done.stderr


LOOSE = [
    http_server(0, {"pathPrefix": "/", "backend": "nowhere"}, name="s", globalFilter="none"),
    pipeline("p", MOCK, {**MOCK, "name": "end"}, flow=[{"filter": "mock"}, {"filter": "END"}, {"filter": "end"}]),
]


def test_warnings_are_the_same_from_every_way(shared_server, port):
    server = shared_server
    objects = [{**LOOSE[0], "port": port}, LOOSE[1]]
    text = documents(*objects)
    offline = validate(*objects)
    dry = server.egctl("apply", "-f", "-", "--dry-run", input=text)
    assert server.objects() == [], "a dry run changes nothing"
    applied = server.egctl("apply", "-f", "-", input=text)
    assert warnings(offline) == warnings(dry) == warnings(applied)
    assert warnings(applied) == [
        "Warning: s: globalFilter: there is no GlobalFilter none: until there is one, clients get 503",
        "Warning: s: rules[0].paths[0].backend: there is no Pipeline nowhere: until there is one, clients get 503",
        "Warning: p: flow[2]: no way leads here: it never runs",
    ]
    assert [line.split(": ", 2)[2] for line in warnings(applied)[:2]] == server.status("s")["warnings"]
    server.apply(pipeline("nowhere", MOCK))
    assert len(server.status("s")["warnings"]) == 1, "that one is there now"
    deleted = server.egctl("delete", "pipeline", "nowhere", "p")
    assert warnings(deleted) == [
        "Warning: nowhere: HTTPServer s still names it (rules[0].paths[0].backend): clients get 503"
    ]
    assert warnings(server.egctl("delete", "httpserver", "s")) == []


def test_a_program_before_a_proxy_needs_a_way_for_its_failure(guests):
    guest = {"name": "guest", "kind": "WasmHost", "code": str(guests / "step1.wasm")}
    proxy = {"name": "proxy", "kind": "Proxy", "pools": [{"servers": [{"url": "http://127.0.0.1"}]}]}
    said = warnings(validate(pipeline("p", guest, proxy)))
    assert len(said) == 1 and "filters[0]: if the program fails, proxy does not run" in said[0]
    flow = [{"filter": "guest", "jumpIf": {"wasmError": "END"}}, {"filter": "proxy"}]
    assert warnings(validate(pipeline("p", guest, proxy, flow=flow))) == []


def test_a_dry_run_tells_what_would_happen(shared_server, port):
    server = shared_server
    server.apply(pipeline("kept", MOCK), pipeline("changed", MOCK))
    version = server.config_version()
    other = {**MOCK, "rules": [{"code": 204}]}
    text = documents(pipeline("kept", MOCK), pipeline("changed", other), pipeline("new", MOCK))
    done = server.egctl("apply", "-f", "-", "--dry-run", input=text)
    assert done.stdout.splitlines() == [
        "Pipeline kept unchanged (dry run)",
        "Pipeline changed updated (dry run)",
        "Pipeline new created (dry run)",
    ]
    assert server.config_version() == version and "new" not in server.objects()
    server.apply(http_server(port, {"pathPrefix": "/", "backend": "kept"}, name="there"))
    taken = server.egctl("apply", "-f", "-", "--dry-run", input=documents(http_server(port, name="s")), check=False)
    assert taken.returncode != 0 and f"{port} is used by HTTPServer there" in taken.stderr
    kind = server.egctl("apply", "-f", "-", "--dry-run", input=documents(http_server(port, name="kept")), check=False)
    assert kind.returncode != 0 and "different kinds" in kind.stderr


def test_diff_shows_what_an_apply_would_change(shared_server):
    server = shared_server
    server.apply(pipeline("d", MOCK))
    same = server.egctl("diff", "-f", "-", input=documents(pipeline("d", MOCK)))
    assert same.stdout == "" and same.returncode == 0
    changed = {**MOCK, "rules": [{"code": 200, "body": "two"}]}
    text = documents(pipeline("d", changed), pipeline("e", MOCK))
    done = server.egctl("diff", "-f", "-", input=text, check=False)
    assert done.returncode == 1 and done.stderr == ""
    lines = done.stdout.splitlines()
    assert lines[:2] == ["--- Pipeline d on the server", "+++ Pipeline d of the file"]
    assert [line for line in lines if "body" in line and line[0] in "+-"][:2] == ["-  - body: one", "+  - body: two"]
    assert "--- /dev/null" in lines and "+name: e" in lines
    new = yaml.safe_load("\n".join(line[1:] for line in lines[lines.index("+++ Pipeline e of the file") + 2 :]))
    assert new["filters"] == [MOCK] and "version" not in new, "a new object is shown without its defaults"
    assert server.objects() == sorted(server.objects()) and "e" not in server.objects()
    wrong = server.egctl("diff", "-f", "-", input="{kind: Pipeline, name: d}", check=False)
    assert wrong.returncode != 0 and "filters: is required" in wrong.stderr and wrong.stdout == ""


def test_diff_shows_no_secret(shared_server):
    server = shared_server

    def check(secret: str) -> dict:
        return pipeline("jwt", {"name": "v", "kind": "Validator", "jwt": {"algorithm": "HS256", "secret": secret}})

    server.apply(check("00" * 32))
    done = server.egctl("diff", "-f", "-", input=documents(check("11" * 32)), check=False)
    assert done.returncode == 1
    assert done.stdout == "Pipeline jwt differs in what is not shown: a secret, or code\n"
    body = server.request("POST", "/apis/v2/objects?mode=apply&dry-run=true", documents(check("11" * 32)).encode())[2]
    text = body if isinstance(body, str) else body.decode()
    assert "11" * 32 not in text and "00" * 32 not in text and "<redacted>" in text


def test_explain_leads_to_any_field():
    done = egctl("explain", "pipeline.filters.WasmHost.timeout")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[:4] == [
        "FIELD     Pipeline.filters.WasmHost.timeout",
        "TYPE      duration",
        "DEFAULT   100ms",
        "BOUNDS    1ms to 1h",
    ]
    assert "may take here" in done.stdout
    kind = egctl("explain", "RateLimiter").stdout
    assert "FIELD " in kind and "defaultPolicyRef" in kind
    assert "WasmHost" in egctl("explain").stdout
    told = json.loads(egctl("explain", "hs.port", "-o", "json").stdout)
    assert told["default"] == "required" and told["type"] == "integer"
    with_number = egctl("explain", "pipeline.filters[0].WasmHost.timeout").stdout
    assert with_number == done.stdout == egctl("explain", "pipeline.filters[].WasmHost.timeout").stdout
    assert egctl("explain", "pipeline.filters[x]").returncode != 0
    wrong = egctl("explain", "pipeline.filters.WasmHost.timeot")
    assert wrong.returncode != 0 and 'did you mean "timeout"?' in wrong.stderr
