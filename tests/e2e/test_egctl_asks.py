# SPDX-License-Identifier: Apache-2.0
"""egctl asks before it deletes, on a terminal, and tells who else may read its passwords."""

import json
import subprocess

import pytest

from gateway import BIN, documents, mock, pipeline, put_sale, wait_until
from terminal import egctl_on_terminal

KIND = {"kind": "CustomDataKind", "name": "users", "idField": "name"}
ITEMS = {"kind": "CustomData", "name": "users", "list": [{"name": "ann"}, {"name": "bob"}]}


@pytest.fixture
def site(server, port):
    server.apply(pipeline("p", mock("one")), pipeline("q", mock("two")))
    server.egctl("apply", "-f", "-", input=documents(KIND, ITEMS))
    return server


def there(server) -> tuple:
    return server.objects(), [one["name"] for one in server.get_json("/apis/v2/customdata/users")]


@pytest.mark.parametrize(
    "command, shows",
    [
        (("delete", "pipeline", "p", "q"), "Pipeline p\nPipeline q\nDelete 2 objects? [y/N]"),
        (("delete", "pipeline", "--all"), "Pipeline p\nPipeline q\nDelete 2 objects? [y/N]"),
        (("object", "delete", "p"), "Pipeline p\nDelete 1 object? [y/N]"),
        (("delete", "customdata", "users", "ann"), "CustomData users ann\n"),
        (("delete", "customdatakind", "users"), "CustomDataKind users\n"),
        (("custom-data", "delete", "users", "ann"), "CustomData users ann\n"),
        (("custom-data-kind", "delete", "users"), "CustomDataKind users\n"),
    ],
)
def test_a_deletion_asks_on_a_terminal(site, command, shows):
    before = there(site)
    for answer in ("n", "", "yess"):
        no = egctl_on_terminal(site, *command, answer=answer)
        assert no.returncode == 1 and shows in no.stderr and "nothing was deleted" in no.stderr, no.stderr
        assert there(site) == before
    yes = egctl_on_terminal(site, *command, answer="y")
    assert yes.returncode == 0 and "successfully" in yes.stdout, yes.stderr
    left = site.request("GET", "/apis/v2/customdata/users")
    assert left[0] == 404 or there(site) != before


def test_yes_and_scripts_are_not_asked(site):
    done = egctl_on_terminal(site, "delete", "pipeline", "p", "--yes", answer="")
    assert done.returncode == 0 and "[y/N]" not in done.stderr
    assert site.egctl("delete", "pipeline", "q").stdout == "delete Pipeline q successfully\n"


def test_shared_data(server, port, guests):
    put_sale(server, port, guests, limit=3)
    server.egctl("wasm", "apply-data", "p", "wasm", input='id/a: "true"\nid/b: "true"\n')
    for more, keys in (
        (("--key", "id/a"), "key id/a of p/wasm"),
        (("--prefix", "id/"), "the keys id/* of p/wasm"),
        ((), "all keys of p/wasm"),
    ):
        no = egctl_on_terminal(server, "wasm", "delete-data", "p", "wasm", *more, answer="n")
        assert no.returncode == 1 and f"Delete {keys}? [y/N]" in no.stderr, no.stderr
    assert "id/a" in server.egctl("wasm", "list-data", "p", "wasm").stdout
    assert egctl_on_terminal(server, "wasm", "delete-data", "p", "wasm", answer="y").returncode == 0
    assert server.egctl("wasm", "list-data", "p", "wasm").stdout == "{}\n"


def test_a_restoration_that_replaces(site, tmp_path):
    file = str(tmp_path / "b")
    site.egctl("backup", "create", "-f", file)
    site.apply(pipeline("r", mock("three")))
    no = egctl_on_terminal(site, "backup", "restore", "--force", "-f", file, answer="n")
    assert no.returncode == 1 and "Replaces: Pipeline r\n" in no.stderr and "nothing was changed" in no.stderr
    assert site.objects() == ["p", "q", "r"]
    assert egctl_on_terminal(site, "backup", "restore", "--force", "-f", file, answer="y").returncode == 0
    assert site.objects() == ["p", "q"]


def test_the_log_names_the_kind_of_what_is_deleted(site):
    site.egctl("delete", "pipeline", "p")
    wait_until(lambda: "object Pipeline p deleted" in site.log(), "the log names it")
    site.request("DELETE", "/apis/v2/objects?all=true")
    wait_until(lambda: "object Pipeline q deleted" in site.log(), "the log names it")


@pytest.mark.parametrize("mode, secret, warns", [(0o644, "password", True), (0o640, "token", True),
                                                 (0o600, "password", False), (0o644, "", False)])  # fmt: skip
def test_settings_that_others_may_read(site, mode, secret, warns):
    user = {"name": "me", "user": {"username": "ann", **({secret: "apple"} if secret else {})}}
    settings = {
        "current-context": "here",
        "contexts": [{"name": "here", "context": {"cluster": "here", "user": "me"}}],
        "clusters": [{"name": "here", "cluster": {"server": site.api}}],
        "users": [user],
    }
    file = site.home / ".egctlrc"
    file.write_text(json.dumps(settings))
    file.chmod(mode)
    done = site.egctl("get", "all")
    line = f"Warning: {file} has a password, a token or a key, and others may read it: chmod 600 {file}\n"
    assert done.stderr == (line if warns else ""), done.stderr
    file.unlink()


def test_versions_of_both(server, tmp_path):
    own, its = server.egctl("version").stdout.splitlines()
    assert own.split()[0] == "egctl" and its == f"sluice-server {own.split()[1]}"
    assert set(json.loads(server.egctl("version", "-o", "json").stdout)) == {"version", "server"}
    assert server.egctl("version", "--client").stdout == own + "\n"
    server.stop()
    alone = server.egctl("version")
    assert alone.stdout == own + "\n" and "the version of the server is not known" in alone.stderr
    server.start()


def test_a_duration_without_a_unit(tmp_path):
    for command, hint in (
        ([BIN / "sluice-server", "--drain-timeout", "30", "-c"], "try 30s"),
        ([BIN / "egctl", "apply", "--wait-timeout", "30"], "try 30s"),
    ):
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, stdin=subprocess.DEVNULL)
        assert done.returncode != 0 and hint in done.stderr, done.stderr
    config = tmp_path / "c.yaml"
    config.write_text("drain-timeout: 30\n")
    done = subprocess.run([BIN / "sluice-server", "--print-config", "-f", config], capture_output=True, text=True)
    assert done.returncode == 1 and "is it 30s or 30ms?" in done.stderr, done.stderr
