# SPDX-License-Identifier: Apache-2.0
"""The versions of the objects: `egctl history`, `egctl diff --version` and `egctl undo`."""

import json
import subprocess

import pytest
import yaml

from client import fetch
from gateway import BIN, Server, documents, free_port, http_server, mock, pipeline, wait_until, wasm
from terminal import egctl_on_terminal


def history(server, *arguments: str) -> dict:
    return json.loads(server.egctl("history", *arguments, "-o", "json").stdout)


def changes(server, *arguments: str) -> list[tuple]:
    """(version, how, what) of each, the newest first."""
    return [
        (one["version"], one["how"], [f"{each['change']} {each['kind']}/{each['name']}" for each in one["objects"]])
        for one in history(server, *arguments)["changes"]
    ]


def spec(server, name: str) -> dict:
    return server.get_json(f"/apis/v2/objects/{name}")


@pytest.fixture
def site(server, port):
    """Version 1: both objects. 2: the pipeline says two."""
    server.apply(http_server(port, {"backend": "p"}), pipeline("p", mock("one")))
    server.apply(pipeline("p", mock("two")))
    server.site = port
    return server


def says(server) -> str:
    return fetch(server.site).text


def test_history_names_who_when_and_what(site):
    site.egctl("delete", "httpserver", "http-server")
    assert changes(site) == [
        (3, "delete", ["deleted HTTPServer/http-server"]),
        (2, "apply", ["updated Pipeline/p"]),
        (1, "apply", ["created HTTPServer/http-server", "created Pipeline/p"]),
    ]
    all_of_it = history(site)
    assert (all_of_it["version"], all_of_it["oldest"]) == (3, 0)
    newest, oldest = all_of_it["changes"][0], all_of_it["changes"][-1]
    assert newest["address"] == "127.0.0.1" and newest["by"] == "" and oldest["at"] < newest["at"]
    lines = site.egctl("history").stdout.splitlines()
    assert lines[0].split() == ["VERSION", "TIME", "WHO", "HOW", "CHANGED"]
    assert lines[1].split()[0] == "3" and lines[1].split()[2:] == "127.0.0.1 delete deleted HTTPServer http-server".split()
    assert "ADDRESS" in site.egctl("history", "-o", "wide").stdout


def test_history_of_some_objects(site):
    assert [one[0] for one in changes(site, "pipeline", "p")] == [2, 1]
    assert [one[0] for one in changes(site, "httpserver")] == [1]
    assert [one[0] for one in changes(site, "pipeline/p")] == [2, 1]
    assert changes(site, "pipeline", "absent") == []
    assert site.egctl("history", "teapot", check=False).returncode == 2
    assert site.egctl("history", "--secrets", check=False).returncode == 2


def test_an_apply_that_changes_nothing_is_no_version(site):
    site.apply(pipeline("p", mock("two")))
    site.egctl("apply", "--dry-run", "-f", "-", input=documents(pipeline("p", mock("three"))))
    assert site.egctl("apply", "-f", "-", input="kind: Pipeline\nname: q\nflw: []\n", check=False).returncode == 1
    assert history(site)["version"] == 2


@pytest.mark.parametrize("restart", ["restart", "hot_restart"])
def test_objects_as_they_were(site, restart):
    getattr(site, restart)()
    then = list(yaml.safe_load_all(site.egctl("history", "--version", "1", "-o", "yaml").stdout))
    assert [one["name"] for one in then] == ["http-server", "p"]
    assert then[1]["filters"][0]["rules"][0]["body"] == "one"
    only = yaml.safe_load(site.egctl("history", "--version", "1", "pipeline", "p", "-o", "yaml").stdout)
    assert only == then[1]
    assert yaml.safe_load(site.egctl("history", "--version", "2", "pipeline", "p", "-o", "yaml").stdout) == spec(site, "p")
    assert list(yaml.safe_load_all(site.egctl("history", "--version", "0", "-o", "json").stdout)) == [[]]
    assert site.egctl("history", "--version", "1").stdout.split() == "NAME KIND http-server HTTPServer p Pipeline".split()
    for version, words in (("3", "the objects are of version 2"), ("9999999999", "there is no version")):
        none = site.egctl("history", "--version", version, check=False)
        assert none.returncode == 4 and words in none.stderr, none.stderr
    assert site.egctl("history", "--version", "1", "pipeline", "q", "-o", "yaml", check=False).returncode == 4
    site.egctl("apply", "-f", "-", input=site.egctl("history", "--version", "1", "-o", "yaml").stdout)
    assert says(site) == "one", "what it prints is what apply takes"


def test_diff_since_a_version(site):
    same = site.egctl("diff", "--version", "2")
    assert same.stdout == ""
    changed = site.egctl("diff", "--version", "1", check=False)
    assert changed.returncode == 1 and changed.stderr == ""
    assert "--- Pipeline p of version 1\n+++ Pipeline p on the server\n" in changed.stdout
    assert "-  - body: one\n" in changed.stdout and "+  - body: two\n" in changed.stdout
    assert "http-server" not in changed.stdout and "createdAt" not in changed.stdout
    assert site.egctl("diff", "--version", "1", "httpserver").stdout == ""
    site.egctl("delete", "httpserver", "http-server")
    site.apply(pipeline("q", mock("three")))
    text = site.egctl("diff", "--version", "2", check=False).stdout
    assert "--- HTTPServer http-server of version 2\n+++ /dev/null\n" in text
    assert "--- /dev/null\n+++ Pipeline q on the server\n" in text
    assert site.egctl("diff", "--version", "1", "-f", "-", input="", check=False).returncode == 2
    assert site.egctl("diff", "pipeline", "p", check=False).returncode == 2


def test_undo_brings_back_what_was_before(site):
    born = {name: spec(site, name)["createdAt"] for name in ("p", "http-server")}
    done = site.egctl("undo")
    assert done.stdout == "Pipeline p updated\n" and done.stderr == ""
    assert says(site) == "one"
    assert changes(site)[0] == (3, "undo", ["updated Pipeline/p"])
    assert history(site)["changes"][0]["undoneTo"] == 1
    assert "undo to 1" in site.egctl("history").stdout
    site.egctl("undo")
    assert says(site) == "two", "an undo is a change like others"
    assert {name: spec(site, name)["createdAt"] for name in born} == born


def test_undo_is_one_change_of_many(site):
    site.egctl("delete", "httpserver", "http-server")
    site.apply(pipeline("q", mock("three")), pipeline("r", mock("four")))
    born = yaml.safe_load(site.egctl("history", "--version", "1", "httpserver", "http-server", "-o", "yaml").stdout)
    tried = site.egctl("undo", "--to", "1", "--dry-run")
    expected = {
        "HTTPServer http-server created",
        "Pipeline p updated",
        "Pipeline q deleted",
        "Pipeline r deleted",
    }
    assert set(tried.stdout.splitlines()) == {f"{line} (dry run)" for line in expected}
    assert history(site)["version"] == 4 and site.objects() == ["p", "q", "r"]
    assert set(site.egctl("undo", "--to", "1", "--yes").stdout.splitlines()) == expected
    assert site.objects() == ["http-server", "p"] and says(site) == "one"
    assert spec(site, "http-server") == born, "with the time of its creation"
    assert [one[0] for one in changes(site)] == [5, 4, 3, 2, 1]
    assert site.egctl("diff", "--version", "1").stdout == ""
    assert "deleted" in site.egctl("undo", "--to", "0", "-o", "json").stdout
    assert site.objects() == []


def test_undo_is_all_or_none(site, guests, tmp_path):
    """One of the objects as it was cannot be built any more: its program is gone."""
    program = tmp_path / "program.wasm"
    program.write_bytes((guests / "step1.wasm").read_bytes())
    site.apply(pipeline("f", wasm(program)), pipeline("q", mock("three")))
    site.egctl("delete", "pipeline", "f")
    site.egctl("delete", "pipeline", "q")
    program.unlink()
    refused = site.egctl("undo", "--to", "3", check=False)
    assert refused.returncode == 1 and str(program) in refused.stderr, refused.stderr
    assert site.objects() == ["http-server", "p"] and history(site)["version"] == 5
    site.egctl("undo", "--to", "4")
    assert site.objects() == ["http-server", "p", "q"]


def test_undo_warns_of_what_names_a_deleted_object(site):
    site.apply(pipeline("q", mock("three")))
    site.apply(http_server(site.site, {"backend": "q"}))
    one = http_server(free_port(), {"backend": "q"}, name="other")
    site.apply(one)
    undone = site.egctl("undo", "--to", "3")
    assert undone.stdout.splitlines() == ["HTTPServer http-server updated", "HTTPServer other deleted"]
    site.apply(one)
    undone = site.egctl("undo", "--to", "2")
    assert "Pipeline q deleted" in undone.stdout and "other" not in undone.stderr


def test_undo_asks_on_a_terminal(site):
    no = egctl_on_terminal(site, "undo", answer="n")
    assert no.returncode == 1 and "nothing was changed" in no.stderr
    assert "Pipeline p updated\n" in no.stderr and "version 1? [y/N]" in no.stderr
    assert says(site) == "two"
    assert egctl_on_terminal(site, "undo", answer="y").returncode == 0
    assert says(site) == "one"
    assert "[y/N]" not in egctl_on_terminal(site, "undo", "--yes", answer="").stderr
    assert says(site) == "two"


def test_undo_of_a_change_that_somebody_else_follows(site):
    assert site.request("POST", "/apis/v2/versions/0/undo?from=1")[0] == 409
    assert site.request("POST", "/apis/v2/versions/2/undo")[0] == 400
    assert site.request("POST", "/apis/v2/versions/7/undo")[0] == 404
    assert site.request("POST", "/apis/v2/versions/p/undo")[0] == 400
    assert site.request("POST", "/apis/v2/versions/1/undo?from=2")[0] == 200
    assert says(site) == "one"


def secret_pipeline(secret: str) -> dict:
    return pipeline("p", {"name": "jwt", "kind": "Validator", "jwt": {"algorithm": "HS256", "secret": secret}})


def test_secrets_are_shown_to_admins_who_ask(tmp_path, port):
    folder = tmp_path / "home"
    folder.mkdir()
    users = {"basic-auth": {"alice": "apple", "bob": "banana"}, "api-readers": ["bob"]}
    (folder / "c.yaml").write_text(yaml.safe_dump(users))
    server = Server(folder, "--config-file", str(folder / "c.yaml"))
    server.start(wait=False)

    def is_up() -> bool:
        try:
            return server.request("GET", "/healthz")[0] == 200
        except OSError:
            return False

    wait_until(is_up, "the server is up")

    def egctl(user: str, *arguments: str, input: str = "") -> subprocess.CompletedProcess:
        env = {"EGCTL_USER": user, "EGCTL_PASSWORD": users["basic-auth"][user], "HOME": str(folder), "PATH": ""}
        return subprocess.run(
            [BIN / "egctl", "--server", server.api, *arguments], input=input, capture_output=True, text=True, env=env
        )

    try:
        for secret in ("313233", "343536"):
            egctl("alice", "apply", "-f", "-", input=documents(secret_pipeline(secret)))
        wide = egctl("bob", "history").stdout
        assert wide.count(" alice ") == 2, wide
        for user in users["basic-auth"]:
            text = egctl(user, "history", "--version", "1", "-o", "yaml").stdout
            assert "<redacted>" in text and "313233" not in text
        assert "313233" in egctl("alice", "history", "--version", "1", "-o", "yaml", "--secrets").stdout
        refused = egctl("bob", "history", "--version", "1", "-o", "yaml", "--secrets")
        assert refused.returncode == 3 and "313233" not in refused.stdout
        assert egctl("bob", "undo").returncode == 3
        undone = egctl("alice", "undo", "-o", "json")
        assert undone.returncode == 0 and "3132" not in undone.stdout + undone.stderr
        assert "313233" in egctl("alice", "get", "pipeline", "p", "-o", "yaml", "--secrets").stdout
    finally:
        server.stop()


def test_age_does_not_begin_anew(site):
    born = spec(site, "p")["createdAt"]
    site.apply(pipeline("p", mock("three")))
    assert spec(site, "p")["createdAt"] == born
    site.delete("p")
    site.apply(pipeline("p", mock("three")))
    assert spec(site, "p")["createdAt"] > born, "another object"


def test_a_backup_has_no_versions_and_its_restoration_is_one(site, tmp_path):
    file = tmp_path / "b"
    site.egctl("backup", "create", "-f", str(file))
    site.apply(pipeline("p", mock("three")))
    site.egctl("backup", "restore", "--force", "-f", str(file))
    assert [one[1] for one in changes(site)] == ["restore", "restore", "restore", "apply", "apply", "apply"]
    site.egctl("undo", "--to", "3")
    assert says(site) == "three"


def test_the_oldest_versions_make_room(server):
    """200 are kept, and 1 MiB: docs/limits.md."""
    for number in range(1, 205):
        spec = documents(pipeline("p", mock(f"number {number}")))
        status, _, body = server.request("POST", "/apis/v2/objects?mode=apply", spec)
        assert status == 200, body
    found = history(server)
    assert (found["version"], found["oldest"], len(found["changes"])) == (204, 4, 200)
    gone = server.egctl("undo", "--to", "3", check=False)
    assert gone.returncode == 4 and "version 3 is not kept: the oldest is 4" in gone.stderr
    server.egctl("undo", "--to", "4")
    assert "number 4\n" in server.egctl("get", "pipeline", "p", "-o", "yaml").stdout


def test_members_of_a_cluster_know_the_same(new_cluster):
    cluster = new_cluster()
    one, two = cluster.start("gw-1", "gw-2")
    port = free_port()
    one.apply(http_server(port, {"backend": "p"}), pipeline("p", mock("one")))
    two.apply(pipeline("p", mock("two")))
    assert changes(one) == changes(two) != []
    two.egctl("delete", "httpserver", "http-server")
    one.egctl("undo", "--to", "1")
    assert two.egctl("diff", "--version", "1").stdout == "" and two.objects() == ["http-server", "p"]
    one.restart()
    assert changes(one) == changes(two) and changes(one)[0][1] == "undo"
    assert history(one)["oldest"] == 0
