#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# clang's thread-safety analysis (src/base/thread_annotations.h) of the .cc files of the product that
# use a mutex, by themselves or through a header that they include. Needs `tools/build.sh lint configure`.
#   tools/thread_safety.sh [folder with compile_commands.json]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

/usr/bin/python3 - "${1:-build-lint}" <<'PYTHON'
import concurrent.futures, json, os, pathlib, re, shlex, subprocess, sys

MUTEX = re.compile(r"\b(Shared)?Mutex\b|SLUICE_(PT_)?GUARDED_BY")
INCLUDE = re.compile(r'^#include "([^"]+)"', re.MULTILINE)
TEST = re.compile(r"_(test|fuzz|bench)\.cc$")
SRC = pathlib.Path("src").resolve()

uses = {str(path.relative_to(SRC)) for path in SRC.rglob("*.h") if MUTEX.search(path.read_text())}
uses -= {"base/mutex.h", "base/thread_annotations.h"}


def concerned(path):
    text = path.read_text()
    return bool(MUTEX.search(text)) or any(header in uses for header in INCLUDE.findall(text))


def command(entry):
    words = shlex.split(entry["command"])
    if os.path.basename(words[0]) == "ccache":
        words = words[1:]
    place = words.index("-o")
    words[place : place + 2] = []
    words = [word for word in words if not word.startswith("-W")]  # the build's own warnings
    return words + ["-fsyntax-only", "-Wno-everything", "-Wthread-safety", "-Werror=thread-safety"]


def check(entry):
    done = subprocess.run(command(entry), cwd=entry["directory"], capture_output=True, text=True)
    return done.stderr if done.returncode != 0 else ""


entries = {}
for entry in json.load(open(pathlib.Path(sys.argv[1]) / "compile_commands.json")):
    path = pathlib.Path(entry["directory"], entry["file"]).resolve()
    if path.is_relative_to(SRC) and not TEST.search(path.name) and concerned(path):
        entries[path] = entry
print(f"== thread safety: {len(entries)} files", flush=True)
if not entries:
    sys.exit("no file that uses a mutex is in compile_commands.json")
failed = False
with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
    for faults in pool.map(check, entries.values()):
        failed |= bool(faults)
        sys.stdout.write(faults)
sys.exit(failed)
PYTHON
