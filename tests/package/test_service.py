# SPDX-License-Identifier: Apache-2.0
"""The package on a Debian 12 with systemd: the service, upgrade, downgrade, rotated logs, removal."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from debian import DEADLINE, wait_until

PAGE = """
kind: HTTPServer
name: shop
port: 80
rules:
- paths:
  - path: /
    backend: page
---
kind: Pipeline
name: page
flow:
- filter: mock
filters:
- name: mock
  kind: Mock
  rules:
  - body: here
    code: 200
"""

MANY_GUESTS = """
kind: Pipeline
name: many
flow:
- filter: script
filters:
- name: script
  kind: WasmHost
  maxConcurrency: 10
  code: builtin:lua
  script: function run() return 0 end
"""


class Crowd:
    """A visitor in the network of a system, while a block runs."""

    def __init__(self, system):
        program = str(Path(__file__).with_name("visitor.py"))
        self.process = system.in_network(sys.executable, program, "80", "/", stdin=subprocess.PIPE)
        assert self.process.stdout.readline() == "first\n"

    def leave(self) -> None:
        result = json.loads(self.process.communicate("\n", timeout=DEADLINE)[0])
        assert result["failures"] == []
        assert result["answers"] >= 2


@pytest.fixture
def shop(system, of_version):
    """A system with version 2.0 that serves a page on port 80."""
    system.root.put(of_version("2.0"), "/root")
    system.apt("install", "/root/sluice-gateway_2.0.deb")
    system.root.path("/root/page.yaml").write_text(PAGE)
    system.run("egctl", "apply", "-f", "/root/page.yaml")
    return system


def install(system, deb: Path, *options: str) -> str:
    return system.apt("install", *options, system.root.put(deb, "/root"))


def test_the_installed_service_runs_unprivileged_and_is_enabled(shop):
    assert shop.property("ActiveState") == "active"
    assert shop.run("systemctl", "is-enabled", "sluice.service").stdout.strip() == "enabled"
    status = Path(f"/proc/{shop.leader}/root/proc/{shop.property('MainPID')}/status").read_text()
    uid = shop.run("id", "-u", "sluice").stdout.strip()
    assert status.split("Uid:")[1].split("\n")[0].split() == [uid] * 4
    assert status.split("CapBnd:")[1].split()[0] == "0000000000000400"  # CAP_NET_BIND_SERVICE
    assert shop.run("stat", "-c", "%U %a", "/var/lib/sluice", "/var/log/sluice").stdout == "sluice 750\nsluice 750\n"
    assert shop.run("stat", "-c", "%G %a", "/etc/sluice/sluice.yaml").stdout == "sluice 640\n"
    assert shop.run("egctl", "health", check=False).returncode == 0


def test_systemd_knows_every_line_of_the_unit(shop):
    assert shop.run("systemd-analyze", "verify", "--man=no", "sluice.service").stdout == ""


def test_a_script_runs_within_what_the_unit_allows(shop):
    script = PAGE.replace("port: 80", "port: 81").replace("name: shop", "name: script-server").replace("page", "script")
    head = script.split("- filter: mock")[0]
    shop.root.path("/root/script.yaml").write_text(head + """- filter: script
filters:
- name: script
  kind: WasmHost
  code: builtin:javascript
  script: export function run() { response.setBody("from a script"); }
""")  # fmt: skip
    shop.run("egctl", "apply", "-f", "/root/script.yaml")
    assert shop.run("egctl", "health", check=False).returncode == 0


def test_a_reload_is_a_hot_restart(shop):
    before, crowd = shop.property("MainPID"), Crowd(shop)
    shop.run("systemctl", "reload", "sluice.service")
    wait_until(lambda: shop.property("MainPID") != before, "another process serves")
    crowd.leave()
    assert shop.property("ActiveState") == "active"


def test_an_upgrade_fails_no_request(shop, of_version):
    before, crowd = shop.property("MainPID"), Crowd(shop)
    said = install(shop, of_version("2.1"))
    crowd.leave()
    after = shop.property("MainPID")
    assert after != before
    assert f"hot restart: process {after} serves instead of {before}" in said
    assert shop.run("readlink", f"/proc/{after}/exe").stdout == "/usr/bin/sluice-server\n"


def test_a_downgrade_says_what_may_happen_and_fails_no_request(shop, of_version):
    crowd = Crowd(shop)
    said = install(shop, of_version("1.9"), "--allow-downgrades")
    crowd.leave()
    assert "sluice-gateway: 1.9 replaces the newer version 2.0." in said
    assert "install 2.0 again" in said


def test_an_upgrade_that_cannot_start_leaves_the_earlier_process(shop, of_version):
    configuration = shop.root.path("/etc/sluice/sluice.yaml")
    configuration.write_text(configuration.read_text() + "\nworkers: many\n")
    before, crowd = shop.property("MainPID"), Crowd(shop)
    said = install(shop, of_version("2.1"))
    crowd.leave()
    assert f"process {before} of the earlier version goes on" in said
    assert shop.property("MainPID") == before
    assert "workers" in shop.run("journalctl", "--unit=sluice.service").stdout


def test_an_upgrade_whose_program_refuses_an_object_leaves_the_earlier_process(shop, of_version):
    """A hot restart that fails after its start: the objects that run need more guests."""
    shop.root.path("/root/script.yaml").write_text(MANY_GUESTS)
    shop.run("egctl", "apply", "-f", "/root/script.yaml")
    configuration = shop.root.path("/etc/sluice/sluice.yaml")
    configuration.write_text(configuration.read_text() + "\nmax-guests: 1\n")
    before, crowd = shop.property("MainPID"), Crowd(shop)
    said = install(shop, of_version("2.1"))
    crowd.leave()
    assert f"process {before} of the earlier version goes on" in said
    assert shop.property("MainPID") == before
    assert "max-guests" in shop.root.path("/var/log/sluice/stdout.log").read_text()


def test_logrotate_has_the_server_open_new_logs(shop):
    log = shop.root.path("/var/log/sluice/filter_http_access.log")
    old = log.with_name(log.name + ".1")
    Crowd(shop).leave()
    wait_until(lambda: log.stat().st_size > 0, "the log has lines")
    shop.run("logrotate", "--force", "/etc/logrotate.d/sluice")
    assert old.exists()
    wait_until(log.exists, "there is a new log")
    Crowd(shop).leave()
    wait_until(lambda: log.stat().st_size > 0, "the new log has lines")


def test_remove_keeps_the_data_and_purge_leaves_nothing(shop):
    shop.apt("remove", "sluice-gateway")
    assert "sluice-server" not in shop.programs()
    assert shop.root.path("/var/lib/sluice/data").is_dir()
    assert shop.root.path("/etc/sluice/sluice.yaml").exists()
    shop.apt("purge", "sluice-gateway")
    names = "( -path /proc -o -path /dev -o -path /sys -o -path /root -o -path /tmp ) -prune -o -iname *sluice* -print"
    assert shop.run("find", "/", *names.split()).stdout == ""
    for database in ("passwd", "group"):
        assert shop.run("getent", database, "sluice", check=False).stdout == ""
