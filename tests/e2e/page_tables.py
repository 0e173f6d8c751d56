# SPDX-License-Identifier: Apache-2.0
"""What test_page_commands.py takes as given for each page, and the commands that it does not run."""

import re
from dataclasses import dataclass
from pathlib import Path

from gateway import ROOT
from page_world import Setting, certificates_of_the_api, damaged_store, shop_2_is_killed


@dataclass(frozen=True)
class Row:
    page: re.Pattern
    command: re.Pattern  # matched at its beginning
    reason: str
    test: str | None  # that runs it: a file, or a file::name
    unless: str = ""  # a program: where it is, the command runs here

    def fits(self, page: str, command: str) -> bool:
        return self.page.fullmatch(page) is not None and self.command.match(command) is not None

    @property
    def counts(self) -> bool:
        return not self.unless or not Path(self.unless).exists()


def _row(page: str, command: str, reason: str, test: str | None = None, unless: str = "") -> Row:
    return Row(re.compile(page), re.compile(command), reason, test, unless)


SHOP = """\
kind: HTTPServer
name: shop
port: 10081
rules:
- paths:
  - pathPrefix: /
    backend: shop-pipeline
---
kind: Pipeline
name: shop-pipeline
filters:
- name: proxy
  kind: Proxy
  pools:
  - servers: [{url: http://127.0.0.1:9095}]
"""

C_SDK = (ROOT / "sdk/c/sluice.h").read_text()
DOOR_TO_NOTHING = """\
kind: HTTPServer
name: door
port: 10080
rules:
- paths:
  - {pathPrefix: /, backend: absent}
"""

SETTINGS = {
    "docs/admin-access.md": Setting(
        runs="nothing",
        files={"sluice.yaml": "basic-auth: {alice: secret}\n"},
        before={"sluice-server": certificates_of_the_api},
    ),
    "docs/cluster.md": Setting(
        runs="cluster",
        given=("README.md",),
        files={"shop.yaml": SHOP},
        before={"egctl purge member": shop_2_is_killed},
    ),
    "docs/backup.md": Setting(objects=SHOP),
    "docs/behind-a-balancer.md": Setting(applies=True),
    "docs/capacity.md": Setting(given=("README.md",), at_home=True),
    "docs/cannot-connect.md": Setting(given=("README.md",), at_home=True),
    "docs/damaged-data.md": Setting(runs="nothing", before={"sluice-server": damaged_store}),
    "docs/debug-a-program.md": Setting(applies=True),
    "docs/disk-full.md": Setting(at_home=True),
    "docs/json-logs.md": Setting(runs="nothing", applies=True),
    "docs/limit-tries.md": Setting(applies=True),
    "docs/logs.md": Setting(at_home=True, objects=DOOR_TO_NOTHING),
    "docs/production.md": Setting(given=("README.md",)),
    "docs/program-refused.md": Setting(given=("README.md",)),
    "docs/roll-back.md": Setting(given=("README.md",)),
    "docs/upgrade.md": Setting(at_home=True, files={"sluice-server": "the new program\n"}),
    "docs/egctl.md": Setting(
        applies=True,
        options=("--profiling",),
        files={"/etc/nginx/nginx.conf": "events {}\nhttp { server { listen 10080; location / { return 200; } } }\n"},
    ),
    "docs/filters.md": Setting(
        files={"try.yaml": ("docs/filters.md", 0), "example.yaml": ("docs/filter-redirector-v2.md", 0)}
    ),
    "docs/guests.md": Setting(folder="examples/flash-sale", files={"users.yaml": 'id/ann: "true"\n'}),
    "docs/objects.md": Setting(files={"shop.yaml": SHOP}),
    "docs/observe.md": Setting(given=("README.md",), objects=SHOP),
    "docs/parameters.md": Setting(needs="/usr/share/zoneinfo/Europe/Berlin"),
    "docs/picture.md": Setting(given=("README.md",)),
    "docs/shared-data.md": Setting(given=("README.md",)),
    "docs/tracing.md": Setting(objects=SHOP),
    "docs/first-sale.md": Setting(runs="nothing"),
    "docs/real-shop.md": Setting(at_home=True),
    "docs/request-id.md": Setting(applies=True),
    "docs/sale-day.md": Setting(files={"sale.yaml": ("docs/first-sale.md", 0)}),
    "sdk/c/README.md": Setting(files={"sluice.h": C_SDK, "program.c": ("sdk/c/README.md", "c")}),
    "sdk/cpp/README.md": Setting(
        files={
            "../c/sluice.h": C_SDK,
            "sluice.hpp": (ROOT / "sdk/cpp/sluice.hpp").read_text(),
            "program.cc": ("sdk/cpp/README.md", "cpp"),
        }
    ),
    "examples/flash-sale/README.md": Setting(folder="examples/flash-sale"),
}

_PACKAGE = "needs a fresh Debian, root and systemd"
_LANGUAGE = "needs a compiler that not every machine has"

# The first row that fits a command says why it does not run here.
ELSEWHERE = (
    _row(
        r"docs/filter-\w.*",
        "",
        "the page of a filter",
        "tests/e2e/test_page_answers.py::test_the_page_shows_a_request_and_its_answer",
    ),
    _row(
        r"README.md",
        r"make run-cluster",
        "three gateways and three etcd on fixed ports",
        "tests/e2e/test_cluster_sale.py",
    ),
    _row(
        r"README.md",
        r"apt-get",
        _PACKAGE,
        "tests/package/test_without_systemd.py::test_a_machine_without_systemd_installs_serves_upgrades_and_purges",
    ),
    _row(r".*", r"make (run|test|build|package|install|help)\b", "builds the programs", None),
    _row(
        r"docs/install.md",
        r"(apt-get|egctl health|systemctl|useradd|install )",
        _PACKAGE,
        "tests/package/test_service.py::test_the_installed_service_runs_unprivileged_and_is_enabled",
    ),
    _row(
        r"docs/install.md",
        r"su ",
        _PACKAGE,
        "tests/package/test_without_systemd.py::test_a_machine_without_systemd_installs_serves_upgrades_and_purges",
    ),
    _row(
        r"docs/install.md|packaging/archive.md",
        r"(mkdir -p /opt|tar|/opt|bin/)",
        "needs the archive",
        "tests/package/test_without_systemd.py::test_the_archive_runs_on_debian_without_the_packages_it_needs",
    ),
    _row(
        r"docs/install.md",
        r"(npm|npx) ",
        "needs the npm packages",
        "tests/e2e/test_npm_packages.py::test_the_flash_sale_of_the_package_compiles_with_the_installed_sdk",
    ),
    _row(
        r"docs/install.md",
        r"docker",
        "needs Docker",
        "tests/package/test_without_systemd.py::test_the_steps_of_the_dockerfile_make_a_container_that_serves",
    ),
    _row(
        r"docs/(guests|kotlin|python).md",
        r"cd sale && make test",
        _LANGUAGE,
        "tests/e2e/test_wasm_new.py::test_a_project_builds_and_passes_its_test",
    ),
    _row(r"docs/python.md", r"componentize-qjs", _LANGUAGE, "tests/e2e/test_component_javascript.py::test_a_sale"),
    _row(
        r"(examples|tests)/.*",
        r"(npm ci|npm run steps|node build)",
        "the guests of every test are made so",
        "tests/e2e/guests.py::compiled_guests",
    ),
    _row(r"sdk/assemblyscript/README.md", r"npm (ci|test)", "runs for a minute", "tools/test.sh::sdk"),
    _row(r"sdk/c/.*", r"clang", _LANGUAGE, "tests/e2e/language_guests.py", unless="/usr/bin/wasm-ld-16"),
    _row(
        r"sdk/cpp/.*",
        r"clang",
        _LANGUAGE,
        "tests/e2e/language_guests.py",
        unless="/usr/lib/llvm-16/include/wasm32-wasi/c++/v1",
    ),
    _row(r"sdk/.*", r"(?!clang)", _LANGUAGE, "tests/e2e/language_guests.py"),
    _row(
        r"docs/egctl.md",
        r"egctl (history|diff --version|undo)",
        "needs changes of three users",
        "tests/e2e/test_object_versions.py",
    ),
    _row(r"docs/egctl.md", r"pprof", "needs pprof", "tests/e2e/test_metrics_and_profiles.py::test_a_cpu_profile"),
    _row(
        r"docs/picture.md",
        r"chromium",
        "needs a browser",
        "tests/e2e/test_picture_browser.py::test_a_screenshot_by_a_program",
    ),
    _row(
        r"docs/operations.md",
        r"(apt-get|install|useradd)",
        _PACKAGE,
        "tests/e2e/test_packages.py::test_the_page_lists_the_packages_that_the_programs_need",
    ),
    _row(
        r"docs/logs.md",
        r"(sluice-server --log-output|journalctl)",
        "needs systemd",
        "tests/e2e/test_log_format.py::test_journald_gets_fields_and_json",
    ),
    _row(r"docs/scale.md", r"bench/", "measures for 40 minutes", None),
    _row(
        r"docs/cluster.md",
        r"(export ETCDCTL_C|etcdctl auth enable)",
        "the etcd here has no TLS",
        "tests/e2e/test_cluster_tls.py::test_a_sale_with_certificates_and_a_dead_owner",
    ),
    _row(
        r"docs/cluster.md",
        r"(install -m|kill -HUP|egctl describe member shop-1)",
        "needs a member with certificates",
        "tests/e2e/test_certificates_end.py::test_a_cluster_gets_new_certificates_under_load",
    ),
    _row(r"docs/cluster.md", r"(systemctl|apt-get|install -d)", _PACKAGE, None),
)

_ADMITTED_OR_NOT = r"You can buy the laptop for \$1 now\.\n|sold out\.\n"

# Output that no two runs have in common: what it must fit.
VARIES = {
    (page, f"curl http://127.0.0.1:10080/flashsale -HAuthorization:user{n}"): _ADMITTED_OR_NOT
    for page in ("README.md", "examples/flash-sale/README.md")
    for n in (1, 2)
} | {
    ("README.md", "egctl wasm list-data flash-sale-pipeline wasm"): r"(?:id/\w+: \"true\"\n)+|\{\}\n",
    ("docs/request-id.md", "curl -si http://127.0.0.1:10080/ | grep -i x-request-id"): r"X-Request-Id: [-0-9a-f]{36}\n",
}
