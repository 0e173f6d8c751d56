# SPDX-License-Identifier: Apache-2.0
"""The guests of the tests, compiled once for every state of their sources."""

import fcntl
import hashlib
import itertools
import subprocess
from pathlib import Path

from gateway import ROOT

_numbers = itertools.count(1)


def distinct(code: bytes) -> bytes:
    """The same program with another hash: a custom section holding a number."""
    payload = b"\x01n" + next(_numbers).to_bytes(4, "little")
    return code + b"\x00" + bytes([len(payload)]) + payload


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


def compiled_guests() -> Path:
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


def compiler_of_the_example() -> Path:
    """node_modules of examples/flash-sale, with the compiler."""
    example = ROOT / "examples" / "flash-sale"
    lock = ROOT / "build" / "guests" / "lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    with open(lock, "w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        _npm_ci(example)
    return example / "node_modules"
