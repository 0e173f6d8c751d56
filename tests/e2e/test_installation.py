# SPDX-License-Identifier: Apache-2.0
"""What `make install` and the packages lay out: programs, man pages, unit, configuration. `make test-package`
installs the packages themselves."""

import gzip
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from gateway import BIN, ROOT, SANITIZED

pytestmark = pytest.mark.skipif(SANITIZED, reason="what is installed is a release")

DOCKERFILE = ROOT / "packaging/Dockerfile"
UNIT = ROOT / "packaging/sluice.service"


def output(*command: str | Path) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("installed")
    output("make", "-C", ROOT, "install", f"BUILD={BIN.parent}", f"DESTDIR={folder}", "PREFIX=/opt/sluice")
    return folder / "opt/sluice"


def commands(program: Path, *words: str):
    """Every command of egctl, as words, but for its older forms."""
    yield words
    listed = output(program, *words, "--help").partition("\nCommands:\n")[2].partition("\n\n")[0]
    for name in re.findall(r"^  ([a-z-]+)", listed, re.MULTILINE):
        yield from commands(program, *words, name)


def test_the_programs_run_from_where_they_are_installed(installed):
    for program in ("sluice-server", "egctl"):
        assert output(installed / "bin" / program, "--help")
    assert {path.name for path in (installed / "share/sluice").iterdir()} == {"javascript.wasm", "lua.wasm"}
    script = installed.parent / "pipeline.yaml"
    script.write_text("kind: Pipeline\nname: p\nflow:\n- filter: s\nfilters:\n- name: s\n  kind: WasmHost\n"
                      "  code: builtin:lua\n  script: function run() return 0 end\n")  # fmt: skip
    output(installed / "bin/egctl", "validate", "-f", script)


def test_nothing_is_installed_without_programs(tmp_path):
    done = subprocess.run([ROOT / "tools/lay_out.sh", tmp_path, tmp_path / "out", "/usr"], capture_output=True, text=True)
    assert (done.returncode, (tmp_path / "out").exists()) == (1, False)
    assert "make build" in done.stderr


def test_every_command_has_a_man_page_with_its_options(installed):
    program = installed / "bin/egctl"
    pages = {path.name for path in (installed / "share/man/man1").iterdir()}
    assert pages == {"-".join(("egctl", *words)) + ".1.gz" for words in commands(program)}
    server = gzip.decompress((installed / "share/man/man8/sluice-server.8.gz").read_bytes()).decode().replace("\\-", "-")
    for option in re.findall(r"^  (?:-\w,)?(--[a-z-]+)", output(BIN / "sluice-server", "--help"), re.MULTILINE):
        assert re.search(rf"^\\fB(-\w,)?{option}\b", server, re.MULTILINE), option
    assert "SIGUSR2" in server


@pytest.mark.skipif(not shutil.which("groff"), reason="no groff")
def test_groff_accepts_the_man_pages(installed):
    pages = b"".join(gzip.decompress(path.read_bytes()) for path in sorted((installed / "share/man").rglob("*.gz")))
    done = subprocess.run(["groff", "-k", "-man", "-ww", "-Tutf8", "-z"], input=pages, capture_output=True, check=True)
    assert done.stderr == b""


def test_the_sample_configuration_has_every_option_with_its_default(installed, tmp_path):
    sample = (installed / "share/doc/sluice/examples/sluice.yaml").read_text()
    folders = {"home-dir": "/var/lib/sluice", "log-dir": "/var/log/sluice"}
    assert yaml.safe_load(sample) == folders
    comments = re.sub(r"^[a-z].*\n", "", sample, flags=re.MULTILINE)
    everything = re.sub(r"^#(?=[a-z])", "", comments, flags=re.MULTILINE)
    file = tmp_path / "everything.yaml"
    file.write_text(everything)
    defaults = yaml.safe_load(output(BIN / "sluice-server", "--print-config"))
    assert yaml.safe_load(everything) == defaults
    assert yaml.safe_load(output(BIN / "sluice-server", "--print-config", "-f", file)) == defaults


def test_the_unit_is_that_of_its_prefix(installed):
    unit = (installed / "lib/systemd/system/sluice.service").read_text()
    assert unit == UNIT.read_text().replace("/usr/bin/sluice-server", "/opt/sluice/bin/sluice-server")
    for line in ("Type=notify", "NotifyAccess=all", "User=sluice", "StateDirectory=sluice", "LogsDirectory=sluice",
                 "AmbientCapabilities=CAP_NET_BIND_SERVICE", "ExecReload=/opt/sluice/bin/sluice-server --config-file /etc/sluice/sluice.yaml --signal-upgrade"):  # fmt: skip
        assert f"\n{line}\n" in unit
    # WebAssembly is compiled to machine code.
    assert not re.search(r"^MemoryDenyWriteExecute=", unit, re.MULTILINE)


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd")
def test_systemd_accepts_the_unit(tmp_path):
    unit = tmp_path / "sluice.service"
    unit.write_text(UNIT.read_text().replace("/usr/bin/sluice-server", str(BIN / "sluice-server")))
    command = ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", unit]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr.strip()) == (0, "")


def test_completion_is_where_bash_looks(installed):
    script = installed / "share/bash-completion/completions/egctl"
    words = 'COMP_LINE="egctl appl" COMP_POINT=10 COMP_WORDS=(egctl appl) COMP_CWORD=1'
    program = f'PATH={BIN}:$PATH; source {script}; {words}; _egctl; echo "${{COMPREPLY[@]}}"'
    assert output("bash", "-c", program) == "apply\n"


def test_the_changelog_becomes_that_of_the_package(tmp_path):
    maintainer = "Somebody <somebody@example.org>"
    text = output("/usr/bin/python3", ROOT / "tools/debian_changelog.py", "3.2~git1", maintainer, "1700000000")
    first = text.splitlines()[0]
    assert first == "sluice-gateway (3.2~git1) stable; urgency=medium"
    assert f" -- {maintainer}  Tue, 14 Nov 2023 22:13:20 +0000\n" in text
    assert all(len(line) <= 80 for line in text.splitlines())


def instructions() -> dict[str, str]:
    """The last of each kind."""
    lines = re.sub(r"^#.*\n", "", DOCKERFILE.read_text().replace("\\\n", " "), flags=re.MULTILINE).splitlines()
    return dict(line.split(maxsplit=1) for line in lines if line)


def test_the_container_is_small_unprivileged_and_tells_its_health():
    words = instructions()
    assert words["FROM"] == "debian:12-slim"
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", words["USER"])
    assert words["VOLUME"] == words["WORKDIR"] == "/var/lib/sluice"
    assert "--no-install-recommends" in words["RUN"]
    assert "/var/lib/apt/lists" in words["RUN"].partition("rm -rf ")[2]
    assert words["HEALTHCHECK"].endswith('CMD ["egctl", "health"]')
    assert json.loads(words["ENTRYPOINT"]) == ["/usr/bin/sluice-server"]
    assert json.loads(words["CMD"])[-2:] == ["--log-dir", ""]


def test_the_page_names_what_the_package_has():
    page = (ROOT / "docs/install.md").read_text()
    control = (ROOT / "packaging/debian/control").read_text()
    assert "\nPackage: sluice-gateway\n" in control
    for name in ("sluice-gateway", "/etc/sluice/sluice.yaml", "/var/lib/sluice", "/var/log/sluice", "packaging/Dockerfile"):
        assert name in page
    # Newer than the version with known faults.
    assert "libnghttp2-14 (>= 1.52.0-1+deb12u3)" in control
