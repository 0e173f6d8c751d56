# SPDX-License-Identifier: Apache-2.0
"""Guests in every language that has an SDK, each built once for every state of its sources.

The toolchains come from registries: tools/install.sh languages."""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from gateway import ROOT

CACHE = Path(
    os.environ.get("SLUICE_CACHE_DIR") or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sluice"
)
ZIG_VERSION = re.search(r"^ziglang==([\d.]+)", (ROOT / "engines" / "compiler.txt").read_text(), re.MULTILINE).group(1)
ZIG = CACHE / f"ziglang-{ZIG_VERSION}" / "ziglang" / "zig"
COMPONENTIZE_VERSION = re.search(
    r"^componentize-py==([\d.]+)", (ROOT / "sdk" / "python" / "componentize.txt").read_text(), re.MULTILINE
).group(1)
COMPONENTIZE_FOLDER = CACHE / f"componentize-py-{COMPONENTIZE_VERSION}"
COMPONENTIZE = COMPONENTIZE_FOLDER / "bin" / "componentize-py"
KOTLIN_VERSION = re.search(r"<kotlin.version>(.*)<", (ROOT / "sdk" / "kotlin" / "pom.xml").read_text()).group(1)
KOTLIN = CACHE / f"kotlin-{KOTLIN_VERSION}"
SOURCES = ROOT / "tests" / "guests" / "languages"
SDK = ROOT / "sdk"
ENDINGS = {".h", ".hpp", ".c", ".cc", ".zig", ".zon", ".go", ".mod", ".rs", ".toml", ".py", ".wit", ".kt", ".sh", ".xml"}

BUILD_SECONDS_MAX = 900  # the first build of a machine compiles the C++ library

STACK = ("-Wl,-z,stack-size=65536", "-Wl,--strip-all")
BARE = ("-O2", "-ffreestanding", "-nostdlib", "-Wl,--no-entry", *STACK)
REACTOR = ("--target=wasm32-wasi", "-O2", "-mexec-model=reactor", *STACK)


@dataclass
class Language:
    """`flash_sale` and `every` give the command that writes a module to the path."""

    name: str
    tool: Path | str
    flash_sale: object
    every: object
    folders: tuple[str, ...]  # below sdk/ and tests/guests/languages
    # What a guest finds where the language has a call for it.
    outside: tuple[str, ...] = ()
    sleep: str = "timeout"  # what ends a guest that sleeps, "" if it has no call for it
    environment: dict = field(default_factory=dict)
    engine: str = ""  # of a script, which nobody builds: its `flash_sale` and `every` are paths

    def missing(self) -> str | None:
        if self.engine:
            return None
        there = shutil.which(str(self.tool)) or Path(self.tool).is_dir()
        return None if there else f"no {self.tool}: see tools/install.sh languages"


def zig_cc(source: Path, *options: str, compiler: str = "cc"):
    return lambda out: (ROOT, [ZIG, compiler, *options, source, "-o", out])


ZIG_OPTIONS = ("-target", "wasm32-freestanding", "-O", "ReleaseFast", "-fstrip", "-fno-entry", "-rdynamic")


def zig(source: Path):
    modules = ("--dep", "sluice", f"-Mroot={source}", f"-Msluice={SDK / 'zig/src/sluice.zig'}")
    # The compiler leaves its own files in its working folder.
    return lambda out: (out.parent, [ZIG, "build-exe", *ZIG_OPTIONS, "--stack", "65536", f"-femit-bin={out}", *modules])


def cargo(package: Path, made: str, *options: str):
    def command(out: Path):
        target = out.parent / "target"
        build = ["/usr/bin/cargo", "build", "--offline", "--release", "--target", "wasm32-unknown-unknown", *options]
        made_at = target / "wasm32-unknown-unknown" / "release" / made
        return package, ["sh", "-c", f'"$@" --target-dir {target} && cp {made_at} {out}', "sh", *build]

    return command


def componentize(folder: Path):
    """`folder` has program.py."""
    paths = ("-p", SDK / "python", "-p", folder)
    world = ("-d", SDK / "wit", "-w", "filter")
    return lambda out: (out.parent, [COMPONENTIZE, *world, "componentize", *paths, "sluice_program", "-o", out])


def kotlin(source: Path):
    sources = (*sorted((SDK / "kotlin/src").glob("*.kt")), source)
    return lambda out: (out.parent, ["sh", SDK / "kotlin/compile.sh", KOTLIN, out, *sources])


def go(package: Path, name: str):
    return lambda out: (package, ["go", "build", "-buildmode=c-shared", "-ldflags=-w", "-o", out, name])


LANGUAGES = [
    Language(
        "c",
        ZIG,
        zig_cc(SDK / "c/examples/flash_sale.c", "--target=wasm32-freestanding", *BARE),
        zig_cc(SOURCES / "c/every.c", *REACTOR),
        ("c",),
        outside=("file", "environment"),
    ),
    Language(
        "c-clang",
        "clang-16",
        lambda out: (
            ROOT,
            ["clang-16", "--target=wasm32", "-mbulk-memory", "-fuse-ld=/usr/bin/wasm-ld-16", *BARE]
            + ["-Wl,--stack-first", SDK / "c/examples/flash_sale.c", "-o", out],
        ),
        None,
        ("c",),
    ),
    Language(
        "cpp",
        ZIG,
        zig_cc(SDK / "cpp/examples/flash_sale.cc", "-std=c++17", "-fno-exceptions", *REACTOR, compiler="c++"),
        zig_cc(SOURCES / "cpp/every.cc", "-std=c++17", "-fno-exceptions", *REACTOR, compiler="c++"),
        ("c", "cpp"),
        outside=("file", "environment"),
    ),
    Language(
        "cpp-clang",
        "clang++-16",
        lambda out: (
            ROOT,
            ["clang++-16", "-isystem", "/usr/lib/llvm-16/include/wasm32-wasi/c++/v1", "-mbulk-memory"]
            + ["-fuse-ld=/usr/bin/wasm-ld-16", "-std=c++17", "-fno-exceptions", *REACTOR, "-Wl,--stack-first"]
            + [SDK / "cpp/examples/flash_sale.cc", "-o", out],
        ),
        None,
        ("c", "cpp"),
    ),
    Language(
        "zig",
        ZIG,
        zig(SDK / "zig/examples/flash_sale/main.zig"),
        zig(SOURCES / "zig/every.zig"),
        ("zig",),
        sleep="",
    ),
    Language(
        "rust",
        "/usr/bin/cargo",
        cargo(SDK / "rust", "examples/flash_sale.wasm", "--example", "flash_sale"),
        cargo(SOURCES / "rust", "every.wasm"),
        ("rust",),
        outside=("file", "environment", "socket"),
        sleep="panic",
        # Debian's own: the linker of another LLVM does not read its libraries.
        environment={"RUSTC": "/usr/bin/rustc", "RUSTFLAGS": "-C linker=/usr/bin/wasm-ld-14"},
    ),
    Language(
        "go",
        "go",
        go(SDK / "go", "./examples/flashsale"),
        go(SOURCES / "go", "."),
        ("go",),
        outside=("file", "environment", "socket"),
        environment={"GOOS": "wasip1", "GOARCH": "wasm", "GOTOOLCHAIN": "local"},
    ),
    Language(
        "kotlin",
        KOTLIN,
        kotlin(SDK / "kotlin/examples/FlashSale.kt"),
        kotlin(SOURCES / "kotlin/Every.kt"),
        ("kotlin",),
        sleep="",
    ),
    Language(
        "python",
        COMPONENTIZE,
        componentize(SDK / "python/examples"),
        componentize(SOURCES / "python"),
        ("python", "wit"),
        outside=("file", "environment", "socket"),
        environment={"PYTHONPATH": str(COMPONENTIZE_FOLDER)},
    ),
]
SCRIPTS = [
    Language(
        "javascript",
        "",
        ROOT / "examples/scripts/javascript/step6.js",
        SOURCES / "javascript/every.js",
        (),
        outside=("file", "environment", "socket"),
        sleep="",
        engine="builtin:javascript",
    ),
    Language(
        "lua",
        "",
        ROOT / "examples/scripts/lua/step6.lua",
        SOURCES / "lua/every.lua",
        (),
        outside=("file", "environment"),
        sleep="",
        engine="builtin:lua",
    ),
]
MODULES = [language.name for language in LANGUAGES]
LANGUAGES += SCRIPTS
BY_NAME = {language.name: language for language in LANGUAGES}
COMPLETE = [language.name for language in LANGUAGES if language.every]


def _state(language: Language) -> str:
    commands = (language.flash_sale, language.every)
    told = [str(command(Path("out"))) for command in commands if command]
    digest = hashlib.sha256(repr((told, language.environment)).encode())
    for folder in language.folders:
        for path in sorted([*(SDK / folder).rglob("*"), *(SOURCES / folder).rglob("*")]):
            if path.suffix in ENDINGS and not {"target", ".zig-cache", "zig-out"} & set(path.parts):
                digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
    return f"{language.name}-{digest.hexdigest()[:16]}"


def built(name: str) -> Path:
    """The folder with flash_sale.wasm and every.wasm of a language. Requires: its tool is there."""
    language = BY_NAME[name]
    folder = ROOT / "build" / "guests" / _state(language)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with open(folder.parent / f"lock-{name}", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            folder.mkdir(exist_ok=True)
            for guest in ("flash_sale", "every"):
                if command := getattr(language, guest):
                    _run(*command(folder / f"{guest}.wasm"), language.environment)
            (folder / "complete").touch()
    return folder


def componentize_guest(folder: str, out: Path) -> Path:
    """Builds the Python program of a folder of the repository. Requires: the tool is there."""
    _run(*componentize(ROOT / folder)(out), BY_NAME["python"].environment)
    return out


def _run(cwd: Path, command: list, environment: dict) -> None:
    done = subprocess.run(
        command,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=BUILD_SECONDS_MAX,
        env={**os.environ, "ZIG_GLOBAL_CACHE_DIR": str(CACHE / "zig-cache"), **environment},
    )
    assert done.returncode == 0, f"{' '.join(map(str, command))}:\n{done.stdout}{done.stderr}"
