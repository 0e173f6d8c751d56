# SPDX-License-Identifier: Apache-2.0
"""Plugins for proxy-wasm: our own on the Rust SDK, and those of others, unmodified, from the registries.

The sources of the crates come by a cargo that speaks the registry's protocol. Debian's Rust, which has the target,
compiles them. Each folder names what it fetches, with hashes: Cargo.lock, go.sum, package-lock.json, modules.json."""

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from gateway import ROOT

OWN = ROOT / "tests" / "guests" / "proxy_wasm"
EXAMPLES = ROOT / "tests" / "guests" / "proxy_wasm_examples"
OLD_EXAMPLES = ROOT / "tests" / "guests" / "proxy_wasm_experimental"
CORAZA = ROOT / "tests" / "guests" / "proxy_wasm_go"
ASSEMBLY = ROOT / "tests" / "guests" / "proxy_wasm_assembly"
MODULES = ROOT / "tests" / "guests" / "proxy_wasm_modules"
BUILDS = ROOT / "build" / "guests"
ENDINGS = {".rs", ".toml", ".lock", ".mod", ".sum", ".go", ".s", ".json"}
BUILD_SECONDS_MAX = 900
BARE, WASI = "wasm32-unknown-unknown", "wasm32-wasi"  # the latter is wasm32-wasip1 by its old name
RUST_TOOLS = ("cargo", "/usr/bin/cargo", "/usr/bin/rustc")
RUST = {"RUSTC": "/usr/bin/rustc", "RUSTFLAGS": "-C linker=/usr/bin/wasm-ld-14"}


# As its page says, which leaves out what only TinyGo knows.
CORAZA_TAGS = "coraza.rule.multiphase_evaluation,memoize_builders,no_fs_access"
CORAZA_MODULE = "github.com/corazawaf/coraza-proxy-wasm"
GO = {"GOTOOLCHAIN": "local", "GOFLAGS": "-mod=readonly", "GOWORK": "off"}
GO_WASM = {**GO, "GOOS": "wasip1", "GOARCH": "wasm"}


def _run(folder: Path, command: list, **environment: str) -> str:
    done = subprocess.run(
        list(map(str, command)), cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=BUILD_SECONDS_MAX, env={**os.environ, **environment},
    )  # fmt: skip
    assert done.returncode == 0, f"{command}:\n{done.stdout}{done.stderr}"
    return done.stdout


def _compile(package: Path, out: Path, target: str, *options: str) -> Path:
    """The folder with the modules of a package."""
    vendor = out / "vendor"
    _run(package, ["cargo", "vendor", "--locked", vendor])
    sources = ['source.crates-io.replace-with="here"', f'source.here.directory="{vendor}"']
    settings = [word for source in sources for word in ("--config", source)]
    build = ["/usr/bin/cargo", "build", "--offline", "--locked", "--release", "--target", target]
    _run(package, [*build, "--target-dir", out / "target", *settings, *options], **RUST)
    return out / "target" / target / "release"


def _own(out: Path) -> None:
    shutil.copy(_compile(OWN, out, BARE) / "every.wasm", out)


def _examples(package: Path, crate: str, target: str = BARE):
    def make(out: Path) -> None:
        vendor = out / "crate"
        _run(package, ["cargo", "vendor", "--locked", vendor])
        for module in (_compile(vendor / crate, out, target, "--examples") / "examples").glob("*.wasm"):
            if "-" not in module.name:
                shutil.copy(module, out)

    return make


def _coraza(out: Path) -> None:
    library = ["go", "build", "-buildmode=c-shared", "-ldflags=-s -w", "-tags", CORAZA_TAGS]
    _run(CORAZA, [*library, "-o", out / "coraza.wasm", CORAZA_MODULE], **GO_WASM)
    tests = "github.com/corazawaf/coraza/v3/http/e2e/cmd/httpe2e"
    _run(CORAZA, ["go", "build", "-o", out / "httpe2e", tests], **GO)
    sources = _run(CORAZA, ["go", "list", "-m", "-f", "{{.Dir}}", CORAZA_MODULE], **GO).strip()
    for place in ("e2e/coraza", "example/envoy"):
        shutil.copy(Path(sources) / place / "envoy-config.yaml", out / f"{place.split('/')[1]}.yaml")


def _module(out: Path, name: str) -> Path:
    """The folder of a Go module: its plugins need not be of Go."""
    pinned = json.loads((MODULES / "modules.json").read_text())[name]
    told = _run(out, ["go", "mod", "download", "-json", f"{name}@{pinned['version']}"], **GO, GOSUMDB="off")
    module = json.loads(told)
    assert module["Sum"] == pinned["sum"], f"{name} is not what it was: {module['Sum']}"
    return Path(module["Dir"])


def _higress(out: Path) -> None:
    """Its lock file names a crate for Rust 1.65, which compiles with Debian's."""
    package = _module(out, "github.com/alibaba/higress") / "plugins/wasm-rust/extensions/request-block"
    shutil.copy(_compile(package, out, WASI, "--ignore-rust-version") / "request_block.wasm", out)


def _mosn(out: Path) -> None:
    shutil.copy(_module(out, "mosn.io/mosn") / "etc/wasm/filter.wasm", out)
    shutil.copy(_module(out, "mosn.io/proxy-wasm-go-host") / "example/data/http.wasm", out)


def _assembly(out: Path) -> None:
    """The plugin that the page of the SDK prints."""
    for name in ("package.json", "package-lock.json"):
        shutil.copy(ASSEMBLY / name, out)
    _run(out, ["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"])
    page = (out / "node_modules/@solo-io/proxy-runtime/README.md").read_text()
    (out / "assembly").mkdir(exist_ok=True)
    (out / "assembly/index.ts").write_text(re.search(r"```ts\n(.*?)```", page, re.DOTALL).group(1))
    compiler = ["node", "node_modules/assemblyscript/bin/asc", "assembly/index.ts"]
    _run(out, [*compiler, "-b", "optimized.wasm", "--use", "abort=abort_proc_exit", "--optimize"])


def _built(package: Path, make, tools: tuple[str, ...] = RUST_TOOLS, of: str = "") -> Path:
    for tool in tools:
        if shutil.which(tool) is None:
            pytest.skip(f"no {tool}: see tools/install.sh languages")
    digest = hashlib.sha256(f"{of} {CORAZA_TAGS}".encode())
    for path in sorted(path for path in package.rglob("*") if path.suffix in ENDINGS):
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


def of_the_page(out: Path) -> Path:
    """The plugin of docs/filter-proxy-wasm.md, with the crates of our own."""
    page = (ROOT / "docs" / "filter-proxy-wasm.md").read_text()
    manifest, source = (re.search(rf"```{kind}\n(.*?)```", page, re.DOTALL).group(1) for kind in ("toml", "rust"))
    own = (OWN / "Cargo.toml").read_text()
    wanted = re.search(r'^proxy-wasm = "(.*)"$', manifest, re.MULTILINE).group(1)
    assert f'proxy-wasm = "={wanted}"' in own and 'crate-type = ["cdylib"]' in manifest
    for tool in RUST_TOOLS:
        if shutil.which(tool) is None:
            pytest.skip(f"no {tool}: see tools/install.sh languages")
    package = out / "greeting"
    (package / "src").mkdir(parents=True)
    (package / "Cargo.toml").write_text(own)  # the lock file is of this package
    shutil.copy(OWN / "Cargo.lock", package)
    (package / "src" / "lib.rs").write_text(source)
    return _compile(package, out, WASI) / "every.wasm"


def published(name: str, target: str = BARE) -> Path:
    return _built(EXAMPLES, _examples(EXAMPLES, "proxy-wasm", target), of=target) / f"{name}.wasm"


def published_old(name: str) -> Path:
    return _built(OLD_EXAMPLES, _examples(OLD_EXAMPLES, "proxy-wasm-experimental")) / f"{name}.wasm"


def coraza() -> Path:
    """The folder with coraza.wasm, with httpe2e, which tests it, and with the configurations of its own examples."""
    return _built(CORAZA, _coraza, ("go",))


def added_header() -> Path:
    return _built(ASSEMBLY, _assembly, ("node", "npm")) / "optimized.wasm"


def request_block() -> Path:
    return _built(MODULES, _higress, (*RUST_TOOLS, "go"), of="higress") / "request_block.wasm"


def of_mosn(name: str) -> Path:
    return _built(MODULES, _mosn, ("go",), of="mosn") / f"{name}.wasm"
