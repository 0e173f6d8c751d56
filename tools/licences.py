#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the licences of what is linked into the programs and the script engines: crates by their lock
files, headers of Debian packages, the chart library of the live picture.

    tools/licences.py BUILD [LIBRARY...]    to standard output; LIBRARY: files of packages that come along
"""

import json
import os
import platform
import re
import subprocess
import sys
from pathlib import Path

TREE = Path(__file__).resolve().parent.parent
HEADERS = ("libcli11-dev", "nlohmann-json3-dev", "libboost1.81-dev")
NAMES = ("LICENSE*", "LICENCE*", "COPYING*", "COPYRIGHT*", "license*", "copying*", "copyright*")


def output(*command: str) -> str:
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout


def texts_of(folder: Path) -> list[str]:
    files = {path for name in NAMES for path in folder.glob(name) if path.is_file()}
    return [path.read_text(errors="replace").strip() for path in sorted(files)]


def crates(manifest: Path):
    """Of normal dependencies on this machine: (title, texts)."""
    target = f"{platform.machine()}-unknown-linux-gnu"
    data = json.loads(output("cargo", "metadata", "--locked", "--format-version", "1", "--filter-platform", target,
                             "--manifest-path", str(manifest)))  # fmt: skip
    packages = {package["id"]: package for package in data["packages"]}
    nodes = {node["id"]: node for node in data["resolve"]["nodes"]}
    found, left = set(), [data["resolve"]["root"]]
    while left:
        for dependency in nodes[left.pop()]["deps"]:
            linked = any(kind["kind"] is None for kind in dependency["dep_kinds"])
            if linked and dependency["pkg"] not in found:
                found.add(dependency["pkg"])
                left.append(dependency["pkg"])
    for package in sorted((packages[key] for key in found), key=lambda package: package["name"]):
        folder = Path(package["manifest_path"]).parent
        texts = texts_of(folder) or [text for below in sorted(folder.iterdir()) if below.is_dir() for text in texts_of(below)]
        yield f"{package['name']} {package['version']}: {package['license'] or 'see below'}", texts


def lua():
    """Its notice stands in a header."""
    version = re.search(r"^# Lua ([\d.]+)$", (TREE / "engines/Cargo.toml").read_text(), re.MULTILINE)[1]
    crate = json.loads(output("cargo", "metadata", "--locked", "--format-version", "1", "--manifest-path",
                              str(TREE / "engines/Cargo.toml")))  # fmt: skip
    folder = next(Path(package["manifest_path"]).parent for package in crate["packages"] if package["name"] == "lua-src")
    header = next((folder / f"lua-{version}").rglob("lua.h")).read_text()
    return f"Lua {version}: MIT", ["Copyright (C)" + header.split("Copyright (C)")[-1].split("****")[0].replace("\n*", "\n")]


def wasi_libc():
    """Of the compiler of the engines."""
    version = re.search(r"^ziglang==([\d.]+)", (TREE / "engines/compiler.txt").read_text(), re.MULTILINE)[1]
    cache = os.environ.get("SLUICE_CACHE_DIR") or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sluice"
    return "wasi-libc, in the script engines", texts_of(Path(cache) / f"ziglang-{version}/ziglang/lib/libc/wasi")


def debian(package: str):
    version = output("dpkg-query", "-W", "-f", "${Version}", package)
    path = Path("/usr/share/doc") / package.split(":")[0] / "copyright"
    return f"{package} {version} (Debian)", [path.read_text(errors="replace").strip()]


def owners(libraries: list[str]) -> list[str]:
    found = set()
    for library in libraries:
        path = Path(library).resolve()
        # dpkg knows a file by its path before or after the merge of /usr.
        names = [str(path), str(path).removeprefix("/usr"), f"/usr{path}"]
        done = subprocess.run(["dpkg-query", "-S", *names], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        if not done.stdout:
            raise SystemExit(f"tools/licences.py: no package has {path}")
        found.add(done.stdout.split(": ")[0].split(":")[0])
    return sorted(found)


def main(build: Path, libraries: list[str]) -> None:
    parts = [*crates(TREE / "third_party/wasmtime/Cargo.toml"), *crates(TREE / "engines/Cargo.toml"), lua(), wasi_libc()]
    charts = build / "picture/node_modules/uplot"
    parts.append((f"uplot {json.loads((charts / 'package.json').read_text())['version']}: MIT", texts_of(charts)))
    parts += [debian(package) for package in [*HEADERS, *owners(libraries)]]
    print("The programs of Sluice hold parts of these works, or come with them. Sluice itself: Apache-2.0.\n")
    seen: dict[str, str] = {}
    for title, texts in parts:
        print(f"{'=' * 80}\n{title}\n{'=' * 80}\n")
        for text in texts:
            if text in seen:
                print(f"The text is that of {seen[text]}.\n")
            else:
                seen[text] = title.split(":")[0]
                print(f"{text}\n")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), sys.argv[2:])
