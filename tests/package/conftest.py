# SPDX-License-Identifier: Apache-2.0
"""The packages that `make package` has made, and systems to install them on."""

import os
import subprocess
from pathlib import Path

import pytest

from debian import Booted, bare_root, why_not
from running import Running

TREE = Path(__file__).resolve().parent.parent.parent
PACKAGES = TREE / "build/packages"


def the_one(pattern: str) -> Path:
    found = [path for path in PACKAGES.glob(pattern) if "dbgsym" not in path.name]
    assert len(found) == 1, f"{PACKAGES}/{pattern}: {len(found)} files; run `make package`"
    return found[0]


def pytest_sessionstart(session):
    if reason := why_not():
        pytest.exit(f"tests/package: {reason}", 2)


@pytest.fixture(scope="session")
def deb() -> Path:
    return the_one("sluice-gateway_*.deb")


@pytest.fixture(scope="session")
def archive() -> Path:
    return the_one("sluice-*-linux-*.tar.gz")


@pytest.fixture(scope="session")
def of_version(deb, tmp_path_factory):
    """The package under another version: of_version("2.0")."""
    folder = tmp_path_factory.mktemp("versions")
    content = folder / "content"
    subprocess.run(["dpkg-deb", "-R", deb, content], check=True)

    def make(version: str) -> Path:
        control = content / "DEBIAN/control"
        lines = [f"Version: {version}" if line.startswith("Version:") else line for line in control.read_text().splitlines()]
        control.write_text("\n".join(lines) + "\n")
        made = folder / f"sluice-gateway_{version}.deb"
        build = ["dpkg-deb", "-Zgzip", "-z1", "--root-owner-group", "-b", content, made]
        subprocess.run(build, check=True, stdout=subprocess.DEVNULL)
        return made

    return make


@pytest.fixture(scope="session")
def bare(tmp_path_factory):
    root = bare_root(tmp_path_factory.mktemp("bare") / "root")
    yield root
    root.remove()


@pytest.fixture(scope="session")
def with_systemd(bare, deb, tmp_path_factory):
    """A root with systemd, and with what the package depends on."""
    root = bare.layer(tmp_path_factory.mktemp("systemd"))
    root.apt("install", "systemd", "dbus", "logrotate", "iproute2")
    root.apt("install", root.put(deb, "/tmp"))
    root.apt("purge", "sluice-gateway")
    os.unlink(root.path(f"/tmp/{deb.name}"))
    yield root
    root.remove()


@pytest.fixture
def system(with_systemd, tmp_path):
    root = with_systemd.layer(tmp_path / "system")
    booted = Booted(root)
    yield booted
    booted.stop()
    root.remove()


@pytest.fixture
def start():
    """Starts servers: start(root, egctl, command...). None outlives the test."""
    started = []

    def make(*arguments, **more) -> Running:
        started.append(Running(*arguments, **more))
        started[-1].await_health()
        return started[-1]

    yield make
    for server in started:
        server.process.kill()
        server.process.wait()
