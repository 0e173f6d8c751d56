# SPDX-License-Identifier: Apache-2.0
"""The codes that a filter has run: `egctl wasm history`, the way back by `egctl wasm rollback`, and the way back that
the gateway takes by itself."""

import hashlib
import json
import subprocess

import pytest
import yaml

import plugin_guests
from client import Connection, Load, fetch, request
from covers import covers
from gateway import BIN, Server, documents, free_port, http_server, mock, pipeline, sale_server, wait_until, wasm
from guests import distinct

JAVASCRIPT = 'export function run() {{ response.setBody("{}"); return 1; }}\n'
LUA = 'function run() response.set_body("{}") return 1 end\n'


def hash_of(code: bytes) -> str:
    return hashlib.sha256(code).hexdigest()


def history(server, filter: str = "wasm") -> list[dict]:
    return json.loads(server.egctl("wasm", "history", "p", filter, "-o", "json").stdout)["codes"]


def running(server) -> dict:
    return server.status("p")["filters"]["wasm"]


class Site:
    """A filter whose code is in a file. Each write() is another code."""

    def __init__(self, server, port, file, guests):
        self.server, self.port, self.file, self.guests = server, port, file, guests
        self.codes: list[bytes] = []

    def write(self, guest: str = "step1") -> str:
        self.codes.append(distinct((self.guests / f"{guest}.wasm").read_bytes()))
        self.file.write_bytes(self.codes[-1])
        return hash_of(self.codes[-1])

    def reload(self, guest: str = "step1") -> str:
        now = self.write(guest)
        assert "reloaded" in self.server.egctl("wasm", "reload-code").stdout
        return now

    def objects(self, **fields) -> list[dict]:
        return [sale_server(self.port), pipeline("p", wasm(self.file, concurrency=4, **fields), mock("buy\n"))]

    def egctl(self, *arguments: str, check: bool = True):
        return self.server.egctl("wasm", *arguments, check=check)


@pytest.fixture
def site(server, port, guests, tmp_path):
    site = Site(server, port, tmp_path / "program.wasm", guests)
    site.first = site.write()
    server.apply(*site.objects())
    return site


def test_history_names_what_ran(site):
    second = site.reload()
    newest, oldest = history(site.server)
    assert (newest["sha256"], newest["runs"], newest["how"]) == (second, True, "reload")
    assert (oldest["sha256"], oldest["runs"], oldest["how"]) == (site.first, False, "apply")
    assert newest["by"] == oldest["by"] == "-", "the API asks nobody for a name"
    assert newest["source"] == "path" and newest["place"] == str(site.file)
    assert newest["bytes"] == len(site.codes[1]) and oldest["at"] < newest["at"] and newest["at"].endswith("Z")
    lines = site.egctl("history", "p", "wasm").stdout.splitlines()
    assert lines[0].split() == ["SHA256", "SINCE", "BY", "HOW", "SOURCE", "SIZE", "STATE"]
    assert lines[1].startswith(second[:12]) and lines[1].endswith("running") and site.first[:12] in lines[2]
    assert yaml.safe_load(site.egctl("history", "p", "wasm", "-o", "yaml").stdout)["codes"][0]["sha256"] == second


@pytest.mark.parametrize("restart", ["restart", "hot_restart"])
def test_rollback_lasts_until_there_is_other_code(site, restart):
    second = site.reload()
    done = site.egctl("rollback", "p", "wasm")
    assert done.stdout == f"p/wasm: rolled back (sha256 {site.first})\n"
    status = running(site.server)
    assert (status["codeHash"], status["rolledBackFrom"]) == (site.first, second)
    described = site.server.egctl("describe", "pipeline", "p").stdout
    assert second[:12] in described and "rolled back" in described

    getattr(site.server, restart)()
    status = running(site.server)
    assert (status["codeHash"], status["rolledBackFrom"]) == (site.first, second), "a restart keeps it"
    site.server.apply(*site.objects(parameters={"a": "b"}))
    assert running(site.server)["codeHash"] == site.first, "so do other fields"
    kept = site.egctl("reload-code")
    assert running(site.server)["codeHash"] == site.first, "the file holds the code that was rolled back"
    assert "Warning: p/wasm: " in kept.stderr and second[:12] in kept.stderr
    assert [(one["sha256"], "rolledBack" in one) for one in history(site.server)] == [
        (site.first, False),
        (second, True),
    ]
    third = site.reload()
    status = running(site.server)
    assert (status["codeHash"], status["rolledBackFrom"]) == (third, "")
    assert "OK" in site.server.egctl("health").stdout
    assert fetch(site.port).text == "buy\n"


def test_the_file_that_holds_the_old_code_again_ends_a_rollback(site):
    second = site.reload()
    site.egctl("rollback", "p", "wasm")
    site.file.write_bytes(site.codes[0])
    site.egctl("reload-code")
    assert running(site.server)["rolledBackFrom"] == ""
    site.file.write_bytes(site.codes[1])
    assert "reloaded" in site.egctl("reload-code").stdout
    assert running(site.server)["codeHash"] == second, "somebody has chosen it again"


def test_another_value_of_code_ends_a_rollback(site, tmp_path):
    second = site.reload()
    site.egctl("rollback", "p", "wasm")
    other = tmp_path / "other.wasm"
    other.write_bytes(site.codes[1])
    site.file = other
    site.server.apply(*site.objects())
    assert (running(site.server)["codeHash"], running(site.server)["rolledBackFrom"]) == (second, "")


def test_the_way_back_goes_on_step_by_step(site):
    second, third = site.reload(), site.reload()
    site.egctl("rollback", "p", "wasm")
    assert running(site.server)["codeHash"] == second
    site.egctl("rollback", "p", "wasm")
    assert running(site.server)["codeHash"] == site.first, "not to what was rolled back"
    none = site.egctl("rollback", "p", "wasm", check=False)
    assert none.returncode == 4 and "--to HASH" in none.stderr
    again = site.egctl("rollback", "p", "wasm", "--to", third[:10])
    assert f"Warning: p/wasm: {third[:12]} was rolled back at 2" in again.stderr, again.stderr
    assert again.stderr.endswith(", and is not judged again\n"), again.stderr
    assert "p/wasm: rolled back (sha256 " in again.stdout
    assert running(site.server)["codeHash"] == third, "by its name, it may be any"
    same = site.egctl("rollback", "p", "wasm", "--to", third, check=False)
    assert same.returncode == 5 and "already" in same.stderr


def test_wrong_names(site):
    assert site.egctl("rollback", "p", "wasm", check=False).returncode == 4, "nothing ran before"
    for arguments in (["q", "wasm"], ["p", "none"], ["p", "mock"]):
        for command in ("history", "rollback"):
            done = site.egctl(command, *arguments, check=False)
            assert done.returncode == 4 and "not found" in done.stderr, done.stderr
    done = site.egctl("rollback", "p", "wasm", "--to", "feed", check=False)
    assert done.returncode == 4 and "egctl wasm history" in done.stderr


def test_code_of_the_history_can_be_looked_at(site):
    site.reload()
    done = subprocess.run(
        [BIN / "egctl", "--server", site.server.api, "wasm", "history", "p", "wasm", "--code", site.first[:9]],
        capture_output=True,
        timeout=60,
    )
    assert done.returncode == 0 and done.stdout == site.codes[0]


def test_an_upload_is_undone(site, tmp_path):
    mine = tmp_path / "mine.wasm"
    mine.write_bytes(distinct((site.guests / "step1.wasm").read_bytes()))
    site.egctl("upload", str(mine), "p", "wasm")
    assert [(one["how"], one["source"]) for one in history(site.server)] == [("upload", "upload"), ("apply", "path")]
    site.egctl("rollback", "p", "wasm")
    assert running(site.server)["codeHash"] == site.first
    assert [(one["how"], one["source"]) for one in history(site.server)][0] == ("rollback", "path")


def test_a_reload_of_one_filter_leaves_uploaded_code_elsewhere(site, tmp_path):
    """And one that ends an upload says so."""
    filters = [wasm(site.file, concurrency=1), wasm(site.file, concurrency=1) | {"name": "other"}]
    site.server.apply(sale_server(site.port), pipeline("p", *filters, mock("buy\n")))
    mended = tmp_path / "mended.wasm"
    mended.write_bytes(distinct((site.guests / "step1.wasm").read_bytes()))
    site.egctl("upload", str(mended), "p", "wasm")
    now = site.write()
    done = site.egctl("reload-code", "p", "other")
    assert f"p/other: reloaded (sha256 {now})" in done.stdout and "p/wasm" not in done.stdout
    assert running(site.server)["codeHash"] == hash_of(mended.read_bytes()), "the upload runs on"
    done = site.egctl("reload-code")
    warning = f"the code that was uploaded, {hash_of(mended.read_bytes())[:12]}…, runs no longer"
    assert warning in done.stderr and f"p/wasm: reloaded (sha256 {now})" in done.stdout
    assert site.egctl("reload-code", "p", check=False).returncode == 2
    assert site.egctl("reload-code", "p", "none", check=False).returncode == 4


def test_an_empty_hash_is_none(site):
    for option in ("--to", "--from"):
        done = site.egctl("rollback", "p", "wasm", option, "", check=False)
        assert done.returncode == 2 and "is empty" in done.stderr, done


def test_only_so_many_codes_are_kept(site):
    hashes = [site.first] + [site.reload() for _ in range(12)]
    assert [one["sha256"] for one in history(site.server)] == hashes[:2:-1], "the newest ten"
    kept = site.server.home / "data" / "code"
    wait_until(lambda: {file.stem for file in kept.iterdir()} == set(hashes[3:]), "the others are deleted")
    site.server.restart()
    assert [one["sha256"] for one in history(site.server)] == hashes[:2:-1]
    site.egctl("rollback", "p", "wasm", "--to", hashes[3])
    assert running(site.server)["codeHash"] == hashes[3]
    site.server.delete("p")
    wait_until(lambda: not list(kept.iterdir()), "with the pipeline, all go")
    site.server.apply(*site.objects())
    assert len(history(site.server)) == 1, "another pipeline of that name begins anew"


def test_code_that_cannot_run_any_more_is_refused(site):
    """The parameters of today fit the code of today only."""
    site.server.apply(*site.objects(parameters={"maxPermission": "1"}))
    site.reload()
    kept = site.server.home / "data" / "code" / f"{site.first}.wasm"
    kept.write_bytes(b"damaged")
    done = site.egctl("rollback", "p", "wasm", check=False)
    assert done.returncode == 1 and "not rolled back, what ran before goes on" in done.stderr
    assert running(site.server)["codeHash"] == hash_of(site.codes[-1])
    assert [one["sha256"] for one in history(site.server)] == [hash_of(site.codes[-1]), site.first]


@pytest.mark.parametrize("language, text, name", [("javascript", JAVASCRIPT, "s.js"), ("lua", LUA, "s.lua")])
@pytest.mark.parametrize("where", ["path", "script"])
def test_scripts(server, port, tmp_path, language, text, name, where):
    file = tmp_path / name

    def give(word: str) -> None:
        file.write_text(text.format(word))
        script = str(file) if where == "path" else file.read_text()
        server.apply(http_server(port, {"backend": "p"}), pipeline("p", wasm(f"builtin:{language}", script=script)))
        if where == "path":
            server.egctl("wasm", "reload-code")

    give("one")
    give("two")
    assert fetch(port).text == "two"
    server.egctl("wasm", "rollback", "p", "wasm")
    assert fetch(port).text == "one"
    assert [one["source"] for one in history(server)] == [where, where]
    server.restart()
    assert fetch(port).text == "one"
    server.egctl("wasm", "reload-code")
    assert fetch(port).text == "one", "the source still holds what was rolled back"
    give("three")
    assert fetch(port).text == "three"


def test_from_a_module_to_a_script_and_back(site):
    def script() -> dict:
        return pipeline("p", wasm("builtin:lua", script=LUA.format("lua")), mock("buy\n"))

    site.server.apply(script())
    assert fetch(site.port).text == "lua"
    site.egctl("rollback", "p", "wasm")
    assert fetch(site.port).text == "buy\n" and running(site.server)["codeHash"] == site.first
    site.server.restart()
    assert fetch(site.port).text == "buy\n"
    site.server.apply(*site.objects())
    scripted = next(one["sha256"] for one in history(site.server) if one["sha256"] != site.first)
    site.egctl("rollback", "p", "wasm", "--to", scripted)
    assert fetch(site.port).text == "lua"


def test_rollback_under_load(site):
    """step6 with a limit of 0 lets nobody pass, step1 everybody."""
    parameters = {"startTime": "2021-08-08T00:00:00+00:00", "blockRatio": "0", "maxPermission": "0"}
    site.server.apply(*site.objects(parameters=parameters))
    with Load(site.port, lambda n: request("/", Authorization=f"user{n}"), connections=32) as load:
        for _ in range(10):
            site.reload("step6")
            assert fetch(site.port).text == "sold out.\n"
            site.egctl("rollback", "p", "wasm")
            assert fetch(site.port).text == "buy\n", "in force when egctl returns"
        load.wait_more(200)
    assert load.errors == [] and load.statuses() == {200: load.count}


def test_the_history_has_the_name_of_the_user(tmp_path, port, guests):
    home = tmp_path / "home"
    home.mkdir()
    config = {"basic-auth": {"alice": "apple", "bob": "banana"}, "api-readers": ["bob"]}
    (home / "config.yaml").write_text(yaml.safe_dump(config))
    file = tmp_path / "program.wasm"
    server = Server(home, "--config-file", str(home / "config.yaml")).start(wait=False)

    def egctl(user: str, *arguments: str, input: str = "") -> subprocess.CompletedProcess:
        env = {"EGCTL_USER": user, "EGCTL_PASSWORD": config["basic-auth"][user], "HOME": str(home), "PATH": ""}
        command = [BIN / "egctl", "--server", server.api, *arguments]
        return subprocess.run(command, input=input, capture_output=True, text=True, timeout=60, env=env)

    try:
        wait_until(lambda: egctl("bob", "get", "all").returncode == 0, "it answers")
        file.write_bytes(distinct((guests / "step1.wasm").read_bytes()))
        objects = documents(http_server(port, {"backend": "p"}), pipeline("p", wasm(file), mock("buy\n")))
        assert egctl("alice", "apply", "-f", "-", input=objects).returncode == 0
        file.write_bytes(distinct((guests / "step1.wasm").read_bytes()))
        assert egctl("alice", "wasm", "reload-code").returncode == 0
        assert egctl("bob", "wasm", "rollback", "p", "wasm").returncode == 3, "a reader changes nothing"
        assert egctl("alice", "wasm", "rollback", "p", "wasm").returncode == 0
        codes = json.loads(egctl("bob", "wasm", "history", "p", "wasm", "-o", "json").stdout)["codes"]
        assert [(one["by"], one["how"]) for one in codes] == [("alice", "rollback"), ("alice", "reload")]
        assert codes[1]["rolledBack"]["by"] == "alice"
        assert egctl("bob", "wasm", "history", "p", "wasm", "--code", codes[0]["sha256"]).returncode == 3
        assert "rollback of p/wasm by alice: now " in server.log()
        assert "alice POST /apis/v2/wasm/code/p/wasm/rollback" in server.log()
    finally:
        server.stop()


def test_what_was_rolled_back_stays_out(site):
    """A reload for another filter brings none of them back, however many there are."""
    second, third = site.reload(), site.reload()
    for _ in range(2):
        site.egctl("rollback", "p", "wasm")
    for again in (lambda: None, site.server.restart):
        again()
        kept = site.egctl("reload-code")
        assert running(site.server)["codeHash"] == site.first
        assert kept.stderr.startswith(f"Warning: p/wasm: `code` holds {third[:12]}"), kept.stderr
        assert [("rolledBack" in one) for one in history(site.server)] == [False, True, True], "the marks stay"
        assert third[:12] in running(site.server)["codeNote"]
    mine = site.file.with_name("mine.wasm")
    mine.write_bytes(site.codes[-1])
    site.egctl("upload", str(mine), "p", "wasm")
    assert running(site.server)["codeHash"] == third, "somebody has asked for it"
    assert [(one["sha256"], "rolledBack" in one) for one in history(site.server)] == [
        (third, False),
        (site.first, False),
        (second, True),
    ]
    site.file.write_bytes(site.codes[1])
    assert "Warning" in site.egctl("reload-code").stderr, "the second is still refused"
    fourth = site.reload()
    site.file.write_bytes(site.codes[1])
    assert "reloaded" in site.egctl("reload-code").stdout, f"the source has held {fourth} since"
    assert running(site.server)["codeHash"] == second


def test_a_rollback_from_code_that_does_not_run_any_more(site):
    """Somebody brings a remedy while another one decides."""
    bad, remedy = site.reload(), site.reload()
    done = site.egctl("rollback", "p", "wasm", "--from", bad, check=False)
    assert done.returncode == 5 and remedy[:12] in done.stderr and bad[:12] in done.stderr
    assert running(site.server)["codeHash"] == remedy
    site.egctl("rollback", "p", "wasm", "--from", remedy[:9])
    assert running(site.server)["codeHash"] == bad


# --- Plugins


class Plugin:
    """A ProxyWasm filter, whose code is in a file. Each write() is another code."""

    def __init__(self, server, port, file):
        self.server, self.file, self.module = server, file, plugin_guests.every().read_bytes()
        self.first = self.write()
        code = {"name": "plugin", "kind": "ProxyWasm", "code": str(file), "timeout": "10s"}
        server.apply(http_server(port, {"backend": "p"}), pipeline("p", code, mock("page\n")))

    def write(self, file=None) -> str:
        code = distinct(self.module)
        (file or self.file).write_bytes(code)
        return hash_of(code)

    def status(self, member=None) -> dict:
        member = member or self.server
        own = member.own_status("p") if hasattr(member, "own_status") else member.status("p")
        return own["filters"]["plugin"]

    def hashes(self) -> list:
        return [(one["sha256"], "rolledBack" in one) for one in history(self.server, "plugin")]


@pytest.fixture
def plugin(server, port, tmp_path):
    return Plugin(server, port, tmp_path / "plugin.wasm")


def test_a_plugin_has_the_same_way_back(plugin, tmp_path):
    server, second = plugin.server, plugin.write()
    assert server.egctl("wasm", "reload-code").stdout == f"p/plugin: reloaded (sha256 {second})\n"
    newest = history(server, "plugin")[0]
    assert (newest["source"], newest["place"]) == ("path", str(plugin.file))
    assert newest["bytes"] == plugin.file.stat().st_size
    assert server.egctl("wasm", "rollback", "p", "plugin").stdout == f"p/plugin: rolled back (sha256 {plugin.first})\n"
    for again in (lambda: None, server.restart, server.hot_restart):
        again()
        kept = server.egctl("wasm", "reload-code")
        assert "Warning: p/plugin: " in kept.stderr and second[:12] in kept.stderr
        status = plugin.status()
        assert (status["codeHash"], status["rolledBackFrom"]) == (plugin.first, second)
        assert second[:12] in status["codeNote"] and status["codeSource"] == "spec" and status["trial"] is None
        assert plugin.hashes() == [(plugin.first, False), (second, True)]
    mine = tmp_path / "mine.wasm"
    third = plugin.write(mine)
    server.egctl("wasm", "upload", str(mine), "p", "plugin")
    assert (plugin.status()["codeHash"], plugin.status()["codeSource"]) == (third, "upload")
    assert "uploaded" in plugin.status()["codeNote"] and history(server, "plugin")[0]["source"] == "upload"
    server.egctl("wasm", "rollback", "p", "plugin", "--to", second)
    assert plugin.status()["codeHash"] == second


def test_the_codes_of_a_plugin_are_kept(plugin):
    """The sweep deletes what no pin and no history names, of filters of every kind."""
    server, second = plugin.server, plugin.write()
    server.egctl("wasm", "reload-code")
    stray = server.home / "data" / "code-proxy-wasm" / f"{hash_of(b'nobody')}.wasm"
    stray.write_bytes(b"nobody")
    wait_until(lambda: not stray.exists(), "what nobody names is swept away")
    assert {file.stem for file in stray.parent.iterdir()} == {plugin.first, second}
    server.egctl("wasm", "rollback", "p", "plugin")
    assert plugin.status()["codeHash"] == plugin.first


def test_a_plugin_reloads_under_load(plugin, port):
    with Load(port, lambda n: request("/"), connections=32) as load:
        for number in range(10):
            now = plugin.write()
            plugin.server.egctl("wasm", "reload-code")
            assert plugin.status()["codeHash"] == now
            if number == 5:
                plugin.file.write_bytes(b"no module")
                assert plugin.server.egctl("wasm", "reload-code", check=False).returncode == 1
                assert plugin.status()["codeHash"] == now
        load.wait_more(200)
    assert load.errors == []
    assert load.answers == {(200, b"page\n"): load.count}


def test_new_code_that_a_plugin_refuses(plugin, tmp_path):
    server, bad = plugin.server, tmp_path / "bad.wasm"
    bad.write_bytes(b"no module")
    sent = server.egctl("wasm", "upload", str(bad), "p", "plugin", check=False)
    plugin.file.write_bytes(b"no module")
    read = server.egctl("wasm", "reload-code", check=False)
    for done in (sent, read):
        assert done.returncode == 1 and "p/plugin: " in done.stderr, done.stderr
    assert plugin.status()["codeHash"] == plugin.first
    for command in (["rollback"], ["history"], ["upload", str(bad)]):
        done = server.egctl("wasm", *command, "p", "mock", check=False)
        assert done.returncode == 4 and "runs no filter mock with code" in done.stderr


def test_without_code_there_is_nothing_to_reload(server, port):
    server.apply(http_server(port, {"backend": "p"}), pipeline("p", mock("page\n")))
    assert server.egctl("wasm", "reload-code").stdout == "there are no filters with code, so there is no code to reload\n"


def test_plugins_of_all_members_go_back(new_cluster, port, tmp_path):
    one, two, three = members = new_cluster(3).start()
    plugin = Plugin(one, port, tmp_path / "plugin.wasm")
    for member in members:
        wait_until(lambda: member.own_status("p").get("state") == "running", "it runs the pipeline")
    second = plugin.write()
    assert "reloaded" in two.egctl("wasm", "reload-code").stdout
    assert [plugin.status(member)["codeHash"] for member in members] == [second] * 3
    three.egctl("wasm", "rollback", "p", "plugin")
    assert [plugin.status(member)["codeHash"] for member in members] == [plugin.first] * 3
    assert "Warning" in two.egctl("wasm", "reload-code").stderr
    assert [plugin.status(member)["codeHash"] for member in members] == [plugin.first] * 3
    mine = tmp_path / "mine.wasm"
    third = plugin.write(mine)
    two.egctl("wasm", "upload", str(mine), "p", "plugin")
    assert [plugin.status(member)["codeHash"] for member in members] == [third] * 3


# --- Back by itself


@covers("WasmHost", fields="rollback.{errorRate,window}")
def test_a_reload_that_traps_goes_back_by_itself(site):
    site.server.apply(*site.objects(rollback={"errorRate": 0.05, "window": "1h"}))
    with Load(site.port, lambda n: request("/", Authorization=f"user{n}"), connections=32) as load:
        load.wait_more(200)
        assert load.statuses() == {200: load.count}
        bad = site.reload("divide")
        wait_until(lambda: running(site.server)["codeHash"] == site.first, "the code before runs again")
        failed = load.statuses()[503]
        load.wait_more(300)
        assert load.statuses()[503] <= failed + 32, "from then on, only runs in flight can fail"
    assert load.errors == [] and set(load.statuses()) == {200, 503}
    status = running(site.server)
    assert status["rolledBackFrom"] == bad and status["trial"] is None
    # Each 503 is of a run of the bad code.
    assert load.statuses()[503] == status["numOfWasmError"]
    newest, refused = history(site.server)
    assert (newest["sha256"], newest["how"], newest["by"]) == (site.first, "automatic rollback", "-")
    assert refused["sha256"] == bad and "ended in wasmError" in refused["rolledBack"]["why"]
    assert "divide by zero" in refused["rolledBack"]["why"]
    assert f"automatic rollback of p/wasm: now {site.first}, was {bad}" in site.server.log()
    assert bad[:12] in site.server.egctl("health").stdout
    figures = site.server.egctl("metrics").stdout
    assert 'sluice_reloads_total{kind="rollback",result="done"} 1' in figures
    site.egctl("reload-code")
    assert running(site.server)["codeHash"] == site.first, "the file still holds what was refused"


def test_good_code_stays_and_few_runs_say_nothing(site):
    site.server.apply(*site.objects(rollback={"errorRate": 0.5, "window": "1h"}))
    good = site.reload()
    for _ in range(60):
        assert fetch(site.port).status == 200
    trial = running(site.server)["trial"]
    assert trial["runs"] == 60 and trial["failed"] == 0 and 0 < trial["secondsLeft"] <= 3600
    bad = site.reload("divide")
    for _ in range(50):
        assert running(site.server)["codeHash"] == bad
        assert fetch(site.port).status == 503
    wait_until(lambda: running(site.server)["codeHash"] == site.first, "50 runs are enough")
    assert history(site.server)[2]["sha256"] == good, "its own window had not ended: it may be bad, too"
    assert history(site.server)[1]["rolledBack"]["why"].startswith("50 of 50 runs ended in wasmError within ")


def test_without_the_field_nothing_goes_back(site):
    """Another pipeline, which has it, goes back meanwhile."""
    other = free_port()
    watched = wasm(site.file, rollback={"errorRate": 0.1, "window": "1h"})
    site.server.apply(
        http_server(other, {"backend": "q"}, name="other"), pipeline("q", watched, mock("ok"))
    )
    bad = site.reload("divide")
    for asked in (site.port, other):
        for _ in range(50):
            fetch(asked)
    wait_until(lambda: site.server.status("q")["filters"]["wasm"]["codeHash"] == site.first, "that one goes back")
    assert running(site.server)["codeHash"] == bad and fetch(site.port).status == 503


def test_an_apply_with_other_code_goes_back_too(site, tmp_path):
    limits = {"errorRate": 0, "window": "1h"}
    site.server.apply(*site.objects(rollback=limits))
    other = tmp_path / "other.wasm"
    other.write_bytes(distinct((site.guests / "divide.wasm").read_bytes()))
    site.file = other
    site.server.apply(*site.objects(rollback=limits, parameters={"a": "b"}))
    with Connection(site.port) as connection:
        wait_until(lambda: connection.request().status == 200, "the code before runs again")
    status = running(site.server)
    assert status["codeHash"] == site.first
    spec = json.loads(site.server.egctl("get", "pipeline", "p", "-o", "json").stdout)
    assert spec["filters"][0]["code"] == str(other), "the spec stays as it was applied"


def test_what_was_put_back_is_not_judged(site):
    """Both codes fail: the gateway does not go from one to the other."""
    site.server.apply(*site.objects(rollback={"errorRate": 0, "window": "1h"}))
    first = site.reload("divide")
    for _ in range(50):
        fetch(site.port)
    wait_until(lambda: running(site.server)["codeHash"] == site.first, "back at the first")
    site.egctl("rollback", "p", "wasm", "--to", first)
    assert running(site.server)["trial"] is None, "somebody has chosen it"
    for _ in range(60):
        assert fetch(site.port).status == 503
    assert running(site.server)["codeHash"] == first


LIMITS = {"errorRate": 0.1, "window": "1h"}


def fail_runs(site, count: int = 60) -> None:
    for _ in range(count):
        assert fetch(site.port).status in (200, 503)


def trials(server) -> list[str]:
    """What the history says of each trial, the newest code first."""
    return [one.get("trial", "") for one in history(server)]


def upload(site, guest: str) -> str:
    mine = site.file.with_name("mine.wasm")
    mine.write_bytes(distinct((site.guests / f"{guest}.wasm").read_bytes()))
    site.egctl("upload", str(mine), "p", "wasm")
    return hash_of(mine.read_bytes())


def apply_with(site, guest: str) -> str:
    site.file = site.file.with_name(f"applied-{len(site.codes)}.wasm")
    now = site.write(guest)
    site.server.apply(*site.objects(rollback=LIMITS))
    return now


@pytest.mark.parametrize("ways", [(Site.reload, Site.reload), (upload, upload), (apply_with, Site.reload)])
def test_two_bad_codes_within_the_window(site, ways):
    """The first was replaced before its trial had ended: nobody goes back to it."""
    site.server.apply(*site.objects(rollback=LIMITS))
    one, two = [way(site, "divide") for way in ways]
    assert trials(site.server) == ["running", "replaced", ""]
    fail_runs(site)
    wait_until(lambda: running(site.server)["codeHash"] == site.first, "the code that nobody found bad runs again")
    assert [(one["sha256"], one.get("trial", "")) for one in history(site.server)] == [
        (site.first, ""),
        (two, "failed"),
        (one, "replaced"),
    ]
    fail_runs(site)
    assert running(site.server)["codeHash"] == site.first


def test_code_whose_window_has_ended_is_found_good(site):
    site.server.apply(*site.objects(rollback={"errorRate": 0.1, "window": "1s"}))
    good = site.reload()
    assert fetch(site.port).status == 200
    wait_until(lambda: trials(site.server) == ["passed", ""], "its window ends")
    assert running(site.server)["trial"] is None
    site.server.apply(*site.objects(rollback=LIMITS))
    site.server.restart()
    assert running(site.server)["trial"] is None, "it is known to be good"
    site.reload("divide")
    fail_runs(site)
    wait_until(lambda: running(site.server)["codeHash"] == good, "back to that one")


def lines_with(server, word: str) -> int:
    return sum(word in line for line in server.log().splitlines())


def test_without_good_code_before_the_bad_one_runs_on(site):
    site.server.apply(*site.objects(rollback=LIMITS))
    second = site.reload()
    site.egctl("rollback", "p", "wasm")
    site.egctl("rollback", "p", "wasm", "--to", second)
    upload(site, "step1")
    site.egctl("upload", str(site.file), "p", "wasm")
    bad = upload(site, "divide")
    fail_runs(site)
    trouble = wait_until(lambda: running(site.server)["trial"]["trouble"], "it says so")
    assert "its trial failed (" in trouble and "was found good" in trouble and "egctl wasm rollback p wasm" in trouble
    assert running(site.server)["codeHash"] == bad and trouble in running(site.server)["codeNote"]
    assert "its trial failed" in site.server.egctl("health", check=False).stdout
    wait_until(lambda: trials(site.server)[0] == "failed", "the history has it")
    assert "running, failed its trial" in site.egctl("history", "p", "wasm").stdout
    figure = 'sluice_reloads_total{kind="rollback",result="refused"} 2'
    wait_until(lambda: figure in site.server.egctl("metrics").stdout, "it tries again")
    assert lines_with(site.server, "is not rolled back, and runs on") == 1
    site.egctl("rollback", "p", "wasm", "--to", site.first)
    assert running(site.server)["codeHash"] == site.first and running(site.server)["trial"] is None
    assert "its trial failed" not in running(site.server)["codeNote"]


def test_the_code_to_go_back_to_is_gone(site):
    site.server.apply(*site.objects(rollback=LIMITS))
    bad = site.reload("divide")
    kept = site.server.home / "data" / "code" / f"{site.first}.wasm"
    wait_until(kept.exists, "it is kept")
    kept.unlink()
    fail_runs(site)
    trouble = wait_until(lambda: running(site.server)["trial"]["trouble"], "it says so")
    assert f"{site.first} is not there any more" in trouble and running(site.server)["codeHash"] == bad
    assert lines_with(site.server, "is not rolled back, and runs on") == 1
    assert "other code was read" not in site.server.log(), "nothing else is built in its place"
    kept.write_bytes(site.codes[0])
    wait_until(lambda: running(site.server)["codeHash"] == site.first, "the next try finds it")
    assert running(site.server)["trial"] is None and history(site.server)[1]["trial"] == "failed"
    assert "automatic rollback of p/wasm: now" in site.server.log()


def test_a_hot_restart_goes_on_with_a_trial(site):
    site.server.apply(*site.objects(rollback=LIMITS))
    bad = site.reload("divide")
    fail_runs(site, 30)
    left = running(site.server)["trial"]["secondsLeft"]
    site.server.hot_restart()
    trial = running(site.server)["trial"]
    assert (trial["runs"], trial["failed"]) == (30, 30) and trial["secondsLeft"] <= left
    assert trials(site.server) == ["running", ""] and running(site.server)["codeHash"] == bad
    fail_runs(site, 30)
    wait_until(lambda: running(site.server)["codeHash"] == site.first, "both processes have seen enough")


def test_a_restart_begins_a_trial_anew(site):
    site.server.apply(*site.objects(rollback=LIMITS))
    bad = site.reload("divide")
    fail_runs(site, 30)
    site.server.restart()
    assert running(site.server)["trial"]["runs"] == 0 and running(site.server)["codeHash"] == bad
    fail_runs(site)
    wait_until(lambda: running(site.server)["codeHash"] == site.first, "it is judged")


@pytest.mark.parametrize(
    "fields, path",
    [
        ({}, "rollback.errorRate"),
        ({"errorRate": 1}, "rollback.errorRate"),
        ({"errorRate": -0.1}, "rollback.errorRate"),
        ({"errorRate": 0.1, "window": "10ms"}, "rollback.window"),
        ({"errorRate": 0.1, "window": "2h"}, "rollback.window"),
        ({"errorRate": 0.1, "windows": "2s"}, "rollback.windows"),
    ],
)
def test_wrong_limits(site, fields, path):
    done = site.server.egctl("apply", "-f", "-", input=documents(*site.objects(rollback=fields)), check=False)
    assert done.returncode == 1 and f"filters[0].{path}" in done.stderr


# --- In a cluster


@pytest.fixture
def trio(new_cluster, port, tmp_path, guests):
    members = new_cluster(3).start()
    site = Site(members[0], port, tmp_path / "program.wasm", guests)
    site.members, site.first = members, site.write()
    members[0].apply(*site.objects(rollback={"errorRate": 0.1, "window": "1h"}))
    for member in members:
        wait_until(lambda: member.own_status("p").get("state") == "running", "it runs the pipeline")
    return site


def own_hash(member) -> str:
    return member.own_status("p").get("filters", {}).get("wasm", {}).get("codeHash", "")


def test_all_members_go_back_and_agree(trio):
    one, two, three = trio.members
    second = trio.reload()
    done = two.egctl("wasm", "rollback", "p", "wasm")
    assert done.stdout == f"p/wasm: rolled back (sha256 {trio.first})\n"
    assert [own_hash(member) for member in trio.members] == [trio.first] * 3, "in force when egctl returns"
    lists = [history(member) for member in trio.members]
    assert lists[0] == lists[1] == lists[2]
    assert [(one["sha256"], "rolledBack" in one) for one in lists[0]] == [(trio.first, False), (second, True)]
    three.restart()
    wait_until(lambda: own_hash(three) == trio.first, "a restart keeps it")
    assert history(three) == lists[0]
    # A member that never ran a code has it from the store.
    kept = three.home / "data" / "code" / f"{second}.wasm"
    kept.unlink(missing_ok=True)
    three.egctl("wasm", "rollback", "p", "wasm", "--to", second[:12])
    assert [own_hash(member) for member in trio.members] == [second] * 3


def test_one_member_sees_the_failures_and_all_go_back(trio):
    bad = trio.reload("divide")
    assert [own_hash(member) for member in trio.members] == [bad] * 3
    for _ in range(50):
        trio.members[2].ask(trio.port)
    for member in trio.members:
        wait_until(lambda: own_hash(member) == trio.first, "the code before runs again")
        assert member.ask(trio.port).text == "buy\n"
    decided = [member for member in trio.members if "automatic rollback of p/wasm" in member.log()]
    assert len(decided) == 1, "one decision for all"
    lists = [history(member) for member in trio.members]
    assert lists[0] == lists[1] == lists[2] and "wasmError" in lists[0][1]["rolledBack"]["why"]


def test_members_agree_on_what_was_found_good(trio):
    one, two, three = trio.members
    for member in (one, two):
        trio.server = member
        trio.reload("divide")
    three.restart()
    wait_until(lambda: (three.own_status("p").get("filters", {}).get("wasm", {}).get("trial") or {}), "it judges, too")
    for _ in range(60):
        three.ask(trio.port)
    for member in trio.members:
        wait_until(lambda: own_hash(member) == trio.first, "not the code that was replaced on trial")
        assert trials(member) == ["", "failed", "replaced"]
        assert member.egctl("wasm", "reload-code").stderr.startswith("Warning: p/wasm: `code` holds ")
        assert own_hash(member) == trio.first


def test_a_decision_does_not_undo_a_newer_reload(trio):
    """All members see the failures, while somebody brings a remedy."""
    for _ in range(3):
        bad = trio.reload("divide")
        for member in trio.members:
            for _ in range(50):
                member.ask(trio.port)
        good = trio.write()
        wait_until(lambda: trio.members[1].egctl("wasm", "reload-code", check=False).returncode == 0, "the remedy is in")
        if own_hash(trio.members[1]) != good:
            continue  # the reload met the decision, and says so
        for member in trio.members:
            wait_until(lambda: own_hash(member) == good, "all run the remedy")
        for member in trio.members:
            for _ in range(60):
                assert member.ask(trio.port).status == 200
        assert [own_hash(member) for member in trio.members] == [good] * 3, f"not {bad} and not the code before"
