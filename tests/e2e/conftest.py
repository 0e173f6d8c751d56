# SPDX-License-Identifier: Apache-2.0
"""Fixtures: real processes, ports that were free a moment ago, guests compiled once."""

import fcntl
import hashlib
import subprocess
from pathlib import Path

import pytest

from backend import Backend
from gateway import BIN, ROOT, Server, free_port, have_programs


def pytest_sessionstart(session):
    if not have_programs():
        pytest.exit(f"no sluice-server and egctl in {BIN}: run `make build`, or set SLUICE_BIN_DIR", 2)


@pytest.fixture
def server(tmp_path):
    """A running server with nothing in it. At the end it must stop in order."""
    instance = Server(tmp_path / "home").start()
    yield instance
    if instance.process is not None:
        instance.stop()


@pytest.fixture(scope="module")
def shared_server(tmp_path_factory):
    """As `server`, for the tests of one file; they take care not to meet."""
    instance = Server(tmp_path_factory.mktemp("shared") / "home").start()
    yield instance
    instance.stop()


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def backend():
    instance = Backend()
    yield instance
    instance.close()


def _source_hash(*folders: Path) -> str:
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.suffix in (".ts", ".wat", ".mjs", ".json") and not {"node_modules", "build"} & set(path.parts):
                digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def _npm_ci(folder: Path) -> None:
    installed = folder / "node_modules" / ".package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < (folder / "package-lock.json").stat().st_mtime:
        _run("npm", "ci", "--no-audit", "--no-fund", "--loglevel=error", cwd=folder)
        installed.touch()


def _run(*command, cwd: Path) -> None:
    done = subprocess.run(command, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, f"{command}:\n{done.stdout}{done.stderr}"


@pytest.fixture(scope="session")
def guests() -> Path:
    """The folder with every guest: step1.wasm .. step6.wasm, probe.wasm, <name of a .wat>.wasm ..."""
    sources = ROOT / "tests" / "guests"
    name = _source_hash(sources, ROOT / "sdk" / "assemblyscript" / "easegress", ROOT / "examples" / "flash-sale")
    folder = ROOT / "build" / "guests" / name
    folder.parent.mkdir(parents=True, exist_ok=True)
    with open(folder.parent / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            _npm_ci(ROOT / "examples" / "flash-sale")
            _npm_ci(sources)
            _run("node", "build.mjs", str(folder), cwd=sources)
            (folder / "complete").touch()
    return folder
