# SPDX-License-Identifier: Apache-2.0
"""The reference in docs/ names every field, result, option, command, figure, host function, variable, member of a
status and file that exists, and none that does not. The programs themselves say which there are."""

import json
import os
import re
import socket
import subprocess

import pytest
import yaml

from client import fetch
from gateway import BIN, ROOT, Server, documents, free_port, http_server, mock, pipeline, wait_until, wasm
from reference_kit import documented_fields, module, names, prose, rows, schema_fields, section, text_of, without_marks

# Every object and filter has them.
COMMON = {"name", "kind", "version"}
OLDER = "Older forms:"


def run(program: str, *words: str, check: bool = True) -> str:
    done = subprocess.run([BIN / program, *words], capture_output=True, text=True, check=check, timeout=60)
    return done.stdout


def test_the_pages_are_written_anew():
    environment = {**os.environ, "SLUICE_BIN_DIR": str(BIN)}
    command = [ROOT / "tools" / "reference.py", "--check"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr + "run tools/reference.py"


def test_every_block_ends():
    for page in (ROOT / "docs").glob("*.md"):
        marks = re.findall(r"^<!-- (end of )?(fields|results|metrics)\b.*-->$", page.read_text(), re.MULTILINE)
        for (ends, name), (end, ended) in zip(marks[::2], marks[1::2], strict=True):
            assert not ends and end and name == ended, page.name


# --- fields and results -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def schemas(tmp_path_factory) -> dict[str, dict]:
    folder = tmp_path_factory.mktemp("schemas")
    run("egctl", "schema", "--all", str(folder))
    return {path.stem: json.loads(path.read_text()) for path in folder.glob("*.json") if path.stem != "object"}


def test_every_field_of_every_kind(schemas):
    own, told_elsewhere = documented_fields()
    assert own.keys() == schemas.keys()
    for kind, schema in schemas.items():
        known = set(schema_fields(schema)) - COMMON
        assert known - own[kind] - told_elsewhere[kind] == set(), f"fields of {kind} that no page has"
        assert own[kind] - known == set(), f"fields of {kind} that do not exist"


def test_every_field_says_what_it_means():
    for page in (ROOT / "docs").glob("*.md"):
        for block in re.findall(r"<!-- fields .*?<!-- end of fields -->", page.read_text(), re.DOTALL):
            for row in rows(block):
                assert len(row) == 3 and row[2], f"{page.name}: {row}"


def results_in(cell: str) -> set[str]:
    """`result0` … `result9` and `result0` to `result9` stand for ten of them."""
    found = set(names(cell))
    for stem, first, last in re.findall(r"`(\w+?)(\d+)` (?:…|to) `\w+?(\d+)`", cell):
        found |= {f"{stem}{number}" for number in range(int(first), int(last) + 1)}
    return found


def test_every_result_of_every_filter(shared_server):
    place = "/apis/v2/metadata/objects/pipeline/filters"
    listed = [row for row in rows(text_of("filters.md")) if row[0].startswith("[")]
    told = {re.match(r"\[(\w+)\]", row[0])[1]: row for row in listed}
    kinds = shared_server.get_json(place)
    assert told.keys() == set(kinds)
    for kind in kinds:
        known = set(shared_server.get_json(f"{place}/{kind}/results"))
        assert results_in(told[kind][2]) == known, kind
        page = re.search(r"\(([\w-]+\.md)", told[kind][0])[1]
        if kind != "GRPCProxy":  # its page says that they are those of Proxy
            text = prose(page)
            told_there = set().union(*(results_in(line) for line in text.splitlines()))
            missing = {name for name in known - told_there if f"`{name}`" not in text}
            assert not missing, f"{page} does not explain {missing}"


# --- options and commands ---------------------------------------------------------------------------


def flags(text: str) -> set[str]:
    return set(re.findall(r"(?<![\w-])--[a-z][\w-]*", text))


def heads_of(help_: str) -> str:
    """The left column of a help, without descriptions and examples."""
    listed = [line for line in help_.splitlines() if re.match(r"  -", line)]
    return "\n".join(re.split(r"  +|=", line.strip())[0] for line in listed)


def test_every_option_of_the_server():
    text = text_of("reference-server.md").partition("\n## The configuration file")[0]
    known = flags(heads_of(run("sluice-server", "--help")))
    assert len(known) > 40
    told = flags("\n".join(" ".join(names(cell)) for row in rows(text) for cell in row[:2])) | {"--config-file"}
    assert told == known
    variables = set(re.findall(r"EG_\w+", run("sluice-server", "--help")))
    assert variables == set(re.findall(r"EG_[A-Z_]+", text))


def test_every_key_of_the_configuration_file():
    sample = run("sluice-server", "--sample-config")
    known = set(re.findall(r"^#([a-z][\w-]*):", sample, re.MULTILINE))
    told = rows(section(text_of("reference-server.md"), "## Options and keys"))
    assert {names(row[0])[0] for row in told} == known
    # What is marked in the page as reloaded is what the program marks.
    marked = {names(row[0])[0] for row in told if row[3] == "SIGHUP"}
    assert marked == set(re.findall(r"; reload(?:;[^\n]*)?\n#([a-z][\w-]*):", sample))
    assert sample.strip() in text_of("reference-server.md")


def commands(*words: str):
    """Every command with its help; those of the older forms, too."""
    help_ = run("egctl", *words, "--help")
    yield words, help_
    listed, inside = [], False
    for line in help_.splitlines():
        if line in ("Commands:", OLDER):
            inside = True
        elif not line.startswith("  "):
            inside = False
        elif inside and (found := re.match(r"  ([a-z][\w-]*)", line)):
            listed.append(found[1])
    for word in listed:
        yield from commands(*words, word)


def test_every_command_and_option_of_egctl():
    page = text_of("reference-egctl.md")
    known = dict(commands())
    assert len(known) > 80
    told = re.findall(r"^## (egctl.*)$", page, re.MULTILINE)
    assert sorted(told) == sorted(" ".join(("egctl", *words)) for words in known)
    for words, help_ in known.items():
        part = section(page, "## " + " ".join(("egctl", *words)))
        options = {name for row in rows(part) for name in re.findall(r"--[a-z][\w-]*", row[0])}
        assert options == flags(heads_of(help_)) - {"--help"}, words
        usage = next(line for line in help_.splitlines() if line.startswith("Usage: "))
        assert usage.removeprefix("Usage: ") in part


def test_every_exit_code_of_egctl(shared_server, tmp_path):
    """Each that the page has can be had; the last one takes another process that has the port."""
    told = {int(row[0]) for row in rows(section(text_of("egctl.md"), "## Exit codes").partition("\nA `delete`")[0])}
    page = {"kind": "Pipeline", "name": "p", "filters": [{"name": "m", "kind": "Mock", "rules": [{"code": 200}]}]}
    files = {"right": page, "wrong": {**page, "filters": [{"name": "m", "kind": "None"}]}}
    for name, document in files.items():
        (tmp_path / name).write_text(yaml.safe_dump(document))
    with socket.socket() as other:
        other.bind(("0.0.0.0", 0))
        other.listen()
        (tmp_path / "taken").write_text(documents(http_server(other.getsockname()[1], {"backend": "p"}, name="taken")))
        seen = {
            shared_server.egctl("apply", "-f", str(tmp_path / "right"), check=False).returncode,
            shared_server.egctl("apply", "-f", str(tmp_path / "wrong"), check=False).returncode,
            shared_server.egctl("get", "nothing-of-that-kind", check=False).returncode,
            shared_server.egctl("--server", f"127.0.0.1:{free_port()}", "get", "all", check=False).returncode,
            shared_server.egctl("get", "pipeline", "absent", check=False).returncode,
            shared_server.egctl("create", "-f", str(tmp_path / "right"), check=False).returncode,
            shared_server.egctl("apply", "-f", str(tmp_path / "taken"), "--wait-timeout", "1s", check=False).returncode,
        }
    assert seen == told


# --- figures, the access log, the status ------------------------------------------------------------


def test_every_figure(shared_server):
    told = {names(row[0])[0] for row in rows(section(text_of("metrics.md"), "## All figures"))}
    listed = {each["name"] for each in json.loads(run("egctl", "metrics", "--list", "-o", "json"))}
    assert told == listed
    shown = set(re.findall(r"^# TYPE (\S+)", shared_server.request("GET", "/metrics")[2], re.MULTILINE))
    assert shown and shown <= told


def test_every_variable_of_the_access_log(shared_server, port):
    table = rows(section(text_of("reference-access-log.md"), "## Variables"))
    told = {name for row in table for name in re.findall(r"^`\{\{(\w+)\}\}`$", row[0])}
    wrong = documents(http_server(port, {"backend": "p"}, name="log", accessLogFormat="{{None}}"))
    said = shared_server.egctl("apply", "-f", "-", input=wrong, check=False).stderr
    assert told == set(re.search(r"variables: ([\w, ]+)\)", said)[1].split(", "))


def paths_of(value, path: str = "") -> set[str]:
    """The paths of a JSON value; lists and numbers of a list leave no mark."""
    if isinstance(value, list):
        return set().union(*(paths_of(one, path) for one in value), {path} if path else set())
    if isinstance(value, dict) and value:
        found = set()
        for name, one in value.items():
            found |= paths_of(one, f"{path}.{name}".removeprefix("."))
        return found | ({path} if path else set())
    return {path}


def test_every_member_of_a_json_line(tmp_path, port):
    server = Server(tmp_path / "home", "--log-format", "json").start()
    try:
        tracing = {"serviceName": "shop", "exporter": {"otlp": {"endpoint": "http://127.0.0.1:9"}}}
        server.apply(http_server(port, {"backend": "p"}, tracing=tracing, requestId={}), pipeline("p", mock("x")))
        fetch(port, "/seen")
        line = json.loads(server.access_line("/seen"))
    finally:
        server.stop()
    table = rows(section(text_of("reference-access-log.md"), "## JSON lines"))
    told = {without_marks(names(row[0])[0]) for row in table}
    assert paths_of(line) == told


TAG = re.compile(r"(?:add_tag|give_up|note_failure)\(\s*(?:std::string\()?\"([^\"]+)\"")


def test_every_tag_of_the_access_log():
    told = [name for row in rows(section(text_of("reference-access-log.md"), "## Tags")) for name in names(row[0])]
    in_source = set()
    for path in (ROOT / "src").rglob("*.cc"):
        if not re.search(r"_(test|fuzz|bench)\.cc$|/testing/", path.as_posix()):
            in_source |= set(TAG.findall(path.read_text()))
    assert len(in_source) > 20
    missing = {tag for tag in in_source if not any(tag.startswith(one) or one.startswith(tag) for one in told)}
    assert not missing


STATUS = {
    "HTTPServer": ["## Figures of requests", "## HTTPServer"],
    "Proxy": ["## Proxy, GRPCProxy and WebSocketProxy"],
    "SimpleHTTPProxy": ["## SimpleHTTPProxy"],
    "Validator": ["## Validator"],
    "WasmHost": ["## WasmHost"],
    "ProxyWasm": ["## ProxyWasm"],
}


def told_status(kind: str) -> set[str]:
    page = text_of("reference-status.md")
    parts = [rows(section(page, heading)) for heading in STATUS[kind]]
    return {without_marks(names(row[0])[0]) for part in parts for row in part}


def below_pools(status: dict) -> set[str]:
    pools = [status[name] for name in ("mainPool", "mirrorPool") if name in status] + status.get("candidatePools", [])
    return {f"POOL.{path}" for pool in pools for path in paths_of({**pool, "stat": 0})} - {"POOL.servers"}


def leaves_only(paths: set[str]) -> set[str]:
    return {path for path in paths if not any(other.startswith(path + ".") for other in paths)}


def test_every_member_of_a_status(shared_server, guests, port, backend):
    address = f"http://127.0.0.1:{backend.port}"
    pool = {
        "servers": [{"url": address}],
        "retryPolicy": "again",
        "circuitBreakerPolicy": "fuse",
        "memoryCache": {"expiration": "1m", "maxEntryBytes": 4096, "codes": [200], "methods": ["GET"]},
    }
    copies = {"servers": [{"url": address}], "filter": {"policy": "random", "permil": 1000}}
    filters = [
        wasm(guests / "step6.wasm", limit={"prefix": "id/", "max": 3}, rollback={"errorRate": 0.5, "window": "1h"}),
        {"name": "proxy", "kind": "Proxy", "pools": [pool], "mirrorPool": copies},
        {"name": "forward", "kind": "SimpleHTTPProxy", "retryPolicy": "again"},
    ]
    shop = pipeline("status", *filters)
    shop["resilience"] = [{"name": "again", "kind": "Retry"}, {"name": "fuse", "kind": "CircuitBreaker"}]
    paths = {"pathPrefix": "/", "backend": "status"}, {"path": "/pool", "backendPool": {"servers": [{"url": address}]}}
    door = http_server(port, *paths, name="door")
    shared_server.apply(door, shop)
    fetch(port, "/", Authorization="ann")
    status = wait_until(lambda: (seen := shared_server.status("door")) and seen["count"] and seen, "the request is counted")
    every = {names(row[0])[0] for row in rows(section(text_of("reference-status.md"), "## Every object"))}
    free = {"codes", "refusals", "backendPools"}
    seen = {path for path in leaves_only(paths_of(status)) if path.split(".")[0] not in free} | free & status.keys()
    assert seen <= told_status("HTTPServer") | every, seen - told_status("HTTPServer") - every
    inner = shared_server.status("status")["filters"]
    assert leaves_only(below_pools(inner["proxy"])) <= told_status("Proxy")
    assert leaves_only(paths_of(inner["wasm"])) <= told_status("WasmHost")
    assert leaves_only(paths_of({**inner["forward"], "stat": 0})) <= told_status("SimpleHTTPProxy")


def test_no_member_of_a_status_is_made_up():
    source = "\n".join(path.read_text() for path in (ROOT / "src").rglob("*.cc") if not path.name.endswith("_test.cc"))
    told = [without_marks(name) for row in rows(text_of("reference-status.md")) for name in names(row[0])]
    words = {word for name in told for word in name.split(".")} - {"POOL"}
    assert {word for word in words if f'"{word}"' not in source} == set()


# --- programs ---------------------------------------------------------------------------------------


def told_functions(part: str) -> dict[str, list[tuple[str, str, str]]]:
    """direction -> (module, name, type) of the tables below a heading"""
    found: dict[str, list[tuple[str, str, str]]] = {"import": [], "export": []}
    place = ""
    for piece in re.split(r"\n(?=#{2,3} )", part):
        heading = piece.splitlines()[0] if piece else ""
        place = re.sub(r"#+ (?:Module )?", "", heading)
        for row in rows(piece):
            kind = "export" if "xports" in heading else "import"
            its = row[2] if place in ("easegress", "sluice") else row[1]
            found[kind].append((place if kind == "import" else "", names(row[0])[0], names(its)[0]))
    return found


def both_parts() -> dict[str, dict]:
    programs, _, plugins = text_of("reference-abi.md").partition("\n## Plugins of ProxyWasm")
    return {"WasmHost": told_functions(programs), "ProxyWasm": told_functions(plugins)}


@pytest.mark.parametrize("kind", ["WasmHost", "ProxyWasm"])
def test_every_host_function(kind):
    known = json.loads(run("egctl", "wasm", "abi", "--kind", kind, "-o", "json"))
    told = both_parts()[kind]
    imports = {(each["module"], each["name"], each["signature"]) for each in known["imports"]}
    if kind == "ProxyWasm":  # the page has WASI once
        imports = {one for one in imports if one[0] == "env"}
    assert set(told["import"]) == imports and len(told["import"]) == len(imports)
    assert {(name, its) for _, name, its in told["export"]} == {(each["name"], each["signature"]) for each in known["exports"]}


def test_a_program_may_import_every_host_function_with_its_type(tmp_path):
    told = both_parts()["WasmHost"]
    exports = [(name, its) for _, name, its in told["export"] if name != "sluice_script"]
    whole = module(tmp_path / "all.wasm", told["import"], exports)
    assert "accepted" in run("egctl", "wasm", "inspect", str(whole))
    for where, name, its in [("easegress", "host_none", "() -> i32"), ("easegress", "host_rand", "() -> i32")]:
        wrong = module(tmp_path / "wrong.wasm", [(where, name, its)], exports)
        assert subprocess.run([BIN / "egctl", "wasm", "inspect", wrong], capture_output=True).returncode == 1, name


def test_every_function_of_the_sdk():
    page = text_of("reference-sdk.md")
    folder = ROOT / "sdk" / "assemblyscript" / "easegress"
    for file in ("index", "request", "response", "cluster", "cookie", "date"):
        for kind, name in re.findall(r"^export (function|class|enum) (\w+)", (folder / f"{file}.ts").read_text(), re.MULTILINE):
            assert f"`{name}(" in page if kind == "function" else f"### {kind} {name}\n" in page, f"{file}: {name}"


# --- files ------------------------------------------------------------------------------------------


def test_every_file_on_disk(tmp_path, guests):
    server = Server(tmp_path / "home", "--profiling").start()
    try:
        server.apply(pipeline("p", wasm(guests / "step6.wasm")))
        server.egctl("profile", "start", "cpu", str(tmp_path / "cpu.profile"))
        while_it_runs = files_of(server)
    finally:
        server.stop()
    told = [name for row in rows(text_of("reference-files.md")) for name in names(row[0])]
    patterns = [re.compile(re.sub(r"HASH|VERSION", r"[\\w.]+", re.escape(name))) for name in told]
    for name in while_it_runs | files_of(server):
        assert any(pattern.fullmatch(name) for pattern in patterns), f"reference-files.md does not have {name}"


def files_of(server: Server) -> set[str]:
    """As the page names them: below data-dir and log-dir without the folder. The tests' own files are left out."""
    own = {"stderr.log", "bin/egctl"}
    paths = {path.relative_to(server.home).as_posix() for path in server.home.rglob("*") if path.is_file()}
    return {re.sub(r"^(data|log)/", "", path) for path in paths - own}
