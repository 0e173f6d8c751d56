# SPDX-License-Identifier: Apache-2.0
"""Plugins for proxy-wasm on the Rust SDK: our own, and the examples that the SDK's crate brings along.

The sources of the crates come from the registry, by a cargo that speaks its protocol. Debian's Rust, which has the
target, compiles them."""

import fcntl
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from gateway import ROOT

OWN = ROOT / "tests" / "guests" / "proxy_wasm"
EXAMPLES = ROOT / "tests" / "guests" / "proxy_wasm_examples"  # names the crate, with its hash
BUILDS = ROOT / "build" / "guests"
BUILD_SECONDS_MAX = 900
TARGET = "wasm32-unknown-unknown"
RUST = {"RUSTC": "/usr/bin/rustc", "RUSTFLAGS": "-C linker=/usr/bin/wasm-ld-14"}


def _run(folder: Path, command: list, **environment: str) -> None:
    done = subprocess.run(
        list(map(str, command)), cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=BUILD_SECONDS_MAX, env={**os.environ, **environment},
    )  # fmt: skip
    assert done.returncode == 0, f"{command}:\n{done.stdout}{done.stderr}"


def _compile(package: Path, out: Path, *options: str) -> Path:
    """The folder with the modules of a package."""
    vendor = out / "vendor"
    _run(package, ["cargo", "vendor", "--locked", vendor])
    sources = ['source.crates-io.replace-with="here"', f'source.here.directory="{vendor}"']
    settings = [word for source in sources for word in ("--config", source)]
    build = ["/usr/bin/cargo", "build", "--offline", "--locked", "--release", "--target", TARGET]
    _run(package, [*build, "--target-dir", out / "target", *settings, *options], **RUST)
    return out / "target" / TARGET / "release"


def _own(out: Path) -> None:
    shutil.copy(_compile(OWN, out) / "every.wasm", out)


def _examples(out: Path) -> None:
    vendor = out / "crate"
    _run(EXAMPLES, ["cargo", "vendor", "--locked", vendor])
    for module in (_compile(vendor / "proxy-wasm", out, "--examples") / "examples").glob("*.wasm"):
        if "-" not in module.name:
            shutil.copy(module, out)


def _built(package: Path, make) -> Path:
    for tool in ("cargo", "/usr/bin/cargo", RUST["RUSTC"]):
        if shutil.which(tool) is None:
            pytest.skip(f"no {tool}: see tools/install.sh languages")
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*.[rtl]*")):
        digest.update(path.read_bytes())
    out = BUILDS / f"{package.name}-{digest.hexdigest()[:16]}"
    out.mkdir(parents=True, exist_ok=True)
    with open(BUILDS / f"lock-{package.name}", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (out / "complete").exists():
            make(out)
            (out / "complete").touch()
    return out


def every() -> Path:
    return _built(OWN, _own) / "every.wasm"


def published(name: str) -> Path:
    return _built(EXAMPLES, _examples) / f"{name}.wasm"
