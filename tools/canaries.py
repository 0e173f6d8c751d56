#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Leaves out the safeguards of tests/canaries/*.toml, one at a time, and tells which the histories notice.

    tools/canaries.py                   all of them
    tools/canaries.py --only 'permit*'  those whose id matches (several are possible)
    tools/canaries.py --seeds 300       so many histories at most for each (200)
    tools/canaries.py --check           every entry applies to this tree; nothing is built

A canary has an id, the safeguard in words, and edits: file, find (which stands there once) and replace. OFF in
`replace` is true while this canary is chosen. With `with`, another canary is chosen as well. All edits are made in
one copy of the tree, build-canaries/, which is built once; the environment chooses. So the product has no switch.
A canary with `directed` = "FILTER" has schedules of its own among the histories, which are played first.
A canary with `unit` = "PROGRAM FILTER" is also run against these unit tests, if the histories do not notice it.
The exit status is 1 if a canary is not noticed, or if the copy fails without one.
"""

import argparse
import fnmatch
import json
import os
import re
import subprocess
import sys
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import mutants  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / "build-canaries"
COPY = WORK / "tree"
RESULTS = WORK / "results.json"
HISTORIES = "sluice_filters_wasm_host_test"
DIRECTED = "PausedOwner.*:SealedSale.*"
SECONDS_MAX = 1800

HEADER = """// Made by tools/canaries.py.
#pragma once
#include <cstdlib>
#include <string>
namespace sluice::canary {
// SLUICE_CANARY: ids, each between commas.
inline bool off(const char* id) {
  static const std::string chosen = [] {
    const char* const text = std::getenv("SLUICE_CANARY");
    return text ? std::string(text) : std::string();
  }();
  return !chosen.empty() && chosen.find("," + std::string(id) + ",") != std::string::npos;
}
}  // namespace sluice::canary
"""


@dataclass(frozen=True)
class Edit:
    file: str
    find: str
    replace: str


@dataclass(frozen=True)
class Canary:
    id: str
    safeguard: str
    edits: tuple[Edit, ...]
    beside: str  # another canary; "": none
    unit: str
    directed: str

    def chosen(self) -> str:
        return f",{self.id},{self.beside},"


def load(root: Path = ROOT) -> list[Canary]:
    canaries = []
    for path in sorted((root / "tests" / "canaries").glob("*.toml")):
        for entry in tomllib.loads(path.read_text())["canary"]:
            edits = tuple(
                Edit(edit["file"], edit["find"], edit["replace"].replace("OFF", f'sluice::canary::off("{entry["id"]}")'))
                for edit in entry["edit"]
            )
            more = [entry.get(key, "") for key in ("with", "unit", "directed")]
            canaries.append(Canary(entry["id"], entry["safeguard"], edits, *more))
    return canaries


def check(root: Path = ROOT) -> list[str]:
    """One line per fault of the lists."""
    canaries = load(root)
    ids = [canary.id for canary in canaries]
    found = [f"{name}: the id is used twice" for name in sorted({i for i in ids if ids.count(i) > 1})]
    found += [f"{c.id}: there is no canary {c.beside}" for c in canaries if c.beside and c.beside not in ids]
    spans: dict[str, list[tuple[int, int, str]]] = {}
    for canary in canaries:
        for edit in canary.edits:
            path = root / edit.file
            text = path.read_text() if path.is_file() else ""
            if (times := text.count(edit.find)) != 1:
                found.append(f"{canary.id}: `{edit.find.strip()}` stands {times} times in {edit.file}")
            else:
                begin = text.index(edit.find)
                spans.setdefault(edit.file, []).append((begin, begin + len(edit.find), canary.id))
    for file, places in spans.items():
        places.sort()
        found += [f"{b[2]} and {a[2]} edit the same text of {file}" for a, b in zip(places, places[1:]) if b[0] < a[1]]
    return found


def edited(canaries: list[Canary]) -> dict[str, str]:
    """File -> its text with all canaries."""
    texts: dict[str, str] = {}
    for canary in canaries:
        for edit in canary.edits:
            text = texts.get(edit.file) or '#include "base/canary.h"\n' + (ROOT / edit.file).read_text()
            texts[edit.file] = text.replace(edit.find, edit.replace)
    return texts


def build(canaries: list[Canary], jobs: int) -> None:
    mutants.COPY, mutants.WORK, mutants.BUILD = COPY, WORK, COPY / "build"
    COPY.mkdir(parents=True, exist_ok=True)
    texts = edited(canaries) | {"src/base/canary.h": HEADER}
    before = {file: (path.stat(), path.read_text()) for file in texts if (path := COPY / file).is_file()}
    mutants.synchronise()
    for file, text in texts.items():
        path = COPY / file
        path.write_text(text)
        if file in before and before[file][1] == text:  # not built again
            os.utime(path, ns=(before[file][0].st_atime_ns, before[file][0].st_mtime_ns))
    sdk = subprocess.run(
        [str(ROOT / "tools" / "build_wasmtime.sh")], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True
    ).stdout.strip()
    environment = mutants.Builder(jobs).environment
    configure = ["cmake", "--preset", "release", f"-DSLUICE_WASMTIME_DIR={sdk}", "-DCMAKE_CXX_FLAGS=-w"]
    targets = sorted({HISTORIES} | {canary.unit.split()[0] for canary in canaries if canary.unit})
    for command in (configure, ["nice", "-n", "10", "ninja", "-C", str(COPY / "build"), f"-j{jobs}", *targets]):
        status, output, _ = mutants.run(command, COPY, **environment)
        if status != 0:
            sys.exit("\n".join(output.splitlines()[-40:]))


def play_directed(chosen: str, schedules: str = DIRECTED) -> str:
    """The schedule, made for one safeguard, that notices it; "": none."""
    program = str(COPY / "build" / "bin" / HISTORIES)
    command = [program, f"--gtest_filter={schedules}", "--gtest_fail_fast"]
    status, output, _ = mutants.run(command, COPY, SECONDS_MAX, SLUICE_CANARY=chosen)
    return "" if status == 0 else mutants.gtest_name(output, status)


def play(chosen: str, seeds: int) -> tuple[str, int]:
    """What the histories say ("": nothing), and the number of seeds that this took."""
    program = str(COPY / "build" / "bin" / HISTORIES)
    command = [program, "--gtest_filter=ClusterHistory.IsStrictlySerializable"]
    status, output, _ = mutants.run(
        command, COPY, SECONDS_MAX, SLUICE_CANARY=chosen, SLUICE_SEED="1", SLUICE_HISTORIES=str(seeds),
        SLUICE_HISTORY_PROGRESS="1",
    )
    begun = [int(seed) for seed in re.findall(r"^seed (\d+)$", output, re.MULTILINE)]
    number = begun[-1] if begun else 0
    if status == 0:
        return "", number
    said = re.findall(r'Which is: "(.*)"', output) or re.findall(r"assertion failed: (.*)", output)
    how = "hangs" if status is None else f"ends with status {status}"
    return (said[0] if said else how).split(";")[0][:160], number


def ask_unit(canary: Canary) -> str:
    program, wanted = canary.unit.split(maxsplit=1)
    status, output, _ = mutants.run(
        [str(COPY / "build" / "bin" / program), f"--gtest_filter={wanted}"], COPY, SECONDS_MAX, SLUICE_CANARY=canary.chosen()
    )
    return "" if status == 0 else f"{program} {mutants.gtest_name(output, status)}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", action="append", default=[], metavar="GLOB", help="ids that match")
    parser.add_argument("--seeds", type=int, default=200, help="histories for each canary")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="compilers at a time")
    parser.add_argument("--check", action="store_true", help="every entry applies; nothing is built")
    options = parser.parse_args()
    if faults := check():
        print("\n".join(faults), file=sys.stderr)
        return 1
    canaries = load()
    if options.check:
        print(f"{len(canaries)} canaries apply to this tree")
        return 0
    build(canaries, options.jobs)
    said = play_directed("") or play("", 20)[0]
    if said:
        print(f"without any canary: {said}", file=sys.stderr)
        return 1
    wanted = [c for c in canaries if not options.only or any(fnmatch.fnmatch(c.id, glob) for glob in options.only)]
    results = json.loads(RESULTS.read_text()) if RESULTS.is_file() else {}
    for canary in wanted:
        begin = time.monotonic()
        by = play_directed(canary.chosen(), canary.directed) if canary.directed else ""
        if not by:
            said, seeds = play(canary.chosen(), options.seeds)
            by = f"histories, seed {seeds}: {said}" if said else ""
        if not by and canary.unit:
            by = ask_unit(canary)
        results[canary.id] = by
        RESULTS.write_text(json.dumps(results, indent=1))
        print(f"{canary.id:32} {by or 'NOT NOTICED'} ({time.monotonic() - begin:.0f} s)", flush=True)
    return 0 if all(results[canary.id] for canary in wanted) else 1


if __name__ == "__main__":
    sys.exit(main())
