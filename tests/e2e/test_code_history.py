# SPDX-License-Identifier: Apache-2.0
"""The codes that a filter has run: `egctl wasm history`, the way back by `egctl wasm rollback`, and the way back that
the gateway takes by itself."""

import hashlib
import json
import subprocess

import pytest
import yaml

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
    site.egctl("rollback", "p", "wasm", "--to", third[:10])
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
    site.reload()
    done = site.egctl("rollback", "p", "wasm", "--to", "", check=False)
    assert done.returncode == 0, "no hash: the code before"


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
    wait_until(lambda: running(site.server)["codeHash"] == good, "50 runs are enough")
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
