#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Puts the faults of tests/mutants/*.toml into a copy of the tree, one at a time, and tells which the tests notice.

    tools/mutants.py                     all of them; goes on where an earlier run stopped
    tools/mutants.py --only 'http-*'     those whose id matches (several are possible)
    tools/mutants.py --unit              only the unit tests: what these miss stays open
    tools/mutants.py --again survived    once more those that survived (or: caught, broken, all)
    tools/mutants.py --list              what there is, and what became of it
    tools/mutants.py --check             every entry applies to this tree; nothing is built

The copy, its build and results.json are in build-mutants/. For each fault the unit tests of its folder run
first; if they do not notice, sluice-server is built and the named end-to-end files run. What a test notices it
must notice twice. The exit status is 1 below 92 % caught, and where an entry no longer applies or compiles.
"""

import argparse
import fnmatch
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIST = ROOT / "tests" / "mutants"
WORK = ROOT / "build-mutants"
COPY = WORK / "tree"
BUILD = COPY / "build"
RESULTS = WORK / "results.json"

WANTED_PERCENT = 92
# Of a program that needs no time when nothing is wrong.
LIMIT_SECONDS_MIN = 60
BASELINE_SECONDS_MAX = 1200
# What the end-to-end tests start.
PROGRAMS = ("sluice-server", "egctl", "sluice_load", "sluice_open_load")

KINDS = {
    "reset": "what one round leaves is not cleared for the next",
    "give-back": "something taken is not given back on one way out",
    "pair": "of two conditions that meet one is not looked at",
    "limit": "off by one, or past a limit",
    "comparison": "the wrong comparison, or the wrong side of it",
    "notify": "somebody who waits is not told",
    "durable": "not synced, not ordered, or told too soon",
    "bulk": "a bulk change beside commits, failing disks or other bulk changes",
    "missing": "a step or a check is left out",
    "value": "the wrong value, unit, order or default",
}


@dataclass(frozen=True)
class Mutant:
    id: str
    kind: str
    file: str
    find: str
    replace: str
    unit: tuple[str, ...]  # targets
    also: tuple[str, ...]  # arguments of pytest, one call each
    equivalent: str  # why nothing can notice it; "": something can

    def apply(self, text: str) -> str:
        return text.replace(self.find, self.replace)


# --- The list -------------------------------------------------------------------------------------


def test_targets(root: Path) -> dict[str, str]:
    """Folder below src/ -> its unit test program."""
    targets = {}
    for path in sorted((root / "src").rglob("CMakeLists.txt")):
        for folder, rest in re.findall(r"sluice_module\((\S+)(.*?)\)", path.read_text(), re.DOTALL):
            if re.search(r"\bTESTS\b", rest):
                targets[folder] = f"sluice_{folder.replace('/', '_')}_test"
    return targets


def own_target(targets: dict[str, str], file: str) -> str | None:
    path = Path(file).relative_to("src")
    if (whole := path.with_suffix("").as_posix()) in targets:  # filters/string_matcher
        return targets[whole]
    for folder in path.parents:
        if folder.as_posix() in targets:
            return targets[folder.as_posix()]
    return None


def load(root: Path = ROOT) -> list[Mutant]:
    targets = test_targets(root)
    mutants = []
    for path in sorted((root / "tests" / "mutants").glob("*.toml")):
        for entry in tomllib.loads(path.read_text()).get("mutant", []):
            unknown = entry.keys() - {"id", "kind", "file", "find", "replace", "unit", "also", "equivalent"}
            if unknown or not {"id", "kind", "file", "find", "replace"} <= entry.keys():
                raise ValueError(f"{path.name}: {entry.get('id')}: unknown or missing keys {sorted(unknown)}")
            own = own_target(targets, entry["file"])
            units = entry.get("unit", [own] if own else [])
            mutants.append(
                Mutant(
                    id=entry["id"],
                    kind=entry["kind"],
                    file=entry["file"],
                    find=entry["find"],
                    replace=entry["replace"],
                    unit=tuple(units),
                    also=tuple(entry.get("also", [])),
                    equivalent=entry.get("equivalent", ""),
                )
            )
    return mutants


def faults_of(mutant: Mutant, root: Path, targets: set[str]) -> list[str]:
    """Why the entry cannot be used today."""
    found = []
    path = root / mutant.file
    if mutant.kind not in KINDS:
        found.append(f"kind {mutant.kind} is none of {', '.join(KINDS)}")
    if mutant.find == mutant.replace or not mutant.find.strip():
        found.append("find and replace are the same, or find is empty")
    if not path.is_file():
        return [*found, f"{mutant.file} is not there"]
    times = path.read_text().count(mutant.find)
    if times != 1:
        found.append(f"the text to find stands {times} times in {mutant.file}, and must stand there once")
    found += [f"there is no test program {unit}" for unit in mutant.unit if unit not in targets]
    if not mutant.unit and not mutant.also and not mutant.equivalent:
        found.append("no test is named that should notice it")
    for call in mutant.also:
        found += pytest_faults(call, root)
    return found


def pytest_faults(call: str, root: Path) -> list[str]:
    words = shlex.split(call)
    file = root / words[0]
    if not file.is_file():
        return [f"{words[0]} is not there"]
    if len(words) == 1:
        return []
    if len(words) != 3 or words[1] != "-k":
        return [f"{call}: wants FILE, or FILE -k EXPRESSION"]
    tests = re.findall(r"^\s*(?:async )?def (test_\w+)", file.read_text(), re.MULTILINE)
    wanted = [word for word in re.findall(r"\w+", words[2]) if word not in ("and", "or", "not")]
    return [f"{call}: no test is named like {word}" for word in wanted if not any(word in test for test in tests)]


def check(root: Path = ROOT) -> list[str]:
    """One line per fault of the list."""
    mutants = load(root)
    targets = set(test_targets(root).values())
    found = [f"{mutant.id}: {fault}" for mutant in mutants for fault in faults_of(mutant, root, targets)]
    ids = [mutant.id for mutant in mutants]
    return found + [f"{name}: the id is used twice" for name in sorted({i for i in ids if ids.count(i) > 1})]


# --- The copy ---------------------------------------------------------------------------------------


def run(command: list[str], cwd: Path, limit: float | None = None, **more: str) -> tuple[int | None, str, float]:
    """Exit status (None: it took too long), output, seconds. What it has started ends with it."""
    begin = time.monotonic()
    with subprocess.Popen(
        command,
        cwd=cwd,
        env=os.environ | more,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as process:
        try:
            output, _ = process.communicate(timeout=limit)
            status: int | None = process.returncode
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            output, _ = process.communicate()
            status = None
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    return status, output, time.monotonic() - begin


def synchronise() -> None:
    """The copy has the files of this tree as they are, with those not yet committed. What is the same stays
    untouched, so that nothing is built twice."""
    listed = subprocess.run(
        ["git", "ls-files", "-coz", "--exclude-standard"], cwd=ROOT, capture_output=True, check=True
    ).stdout.decode()
    names = {name for name in listed.split("\0") if name and (ROOT / name).is_file()}
    for name in sorted(names):
        source, target = ROOT / name, COPY / name
        if target.is_file() and target.read_bytes() == source.read_bytes():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        shutil.copymode(source, target)
    for folder in ("src", "tests"):
        for path in sorted((COPY / folder).rglob("*")):
            name = path.relative_to(COPY).as_posix()
            if path.is_file() and name not in names and not {"node_modules", "build", "__pycache__"} & set(path.parts[len(COPY.parts):]):
                path.unlink()
    modules = ROOT / "sdk" / "assemblyscript" / "node_modules"
    if modules.is_dir() and not (COPY / "sdk" / "assemblyscript" / "node_modules").exists():
        shutil.copytree(modules, COPY / "sdk" / "assemblyscript" / "node_modules", symlinks=True)


class BuildFailed(Exception):
    pass


class NotGreen(Exception):
    """Tests that do not pass while nothing is wrong say nothing."""


@dataclass
class Builder:
    jobs: int
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # Paths below the base are hashed as relative ones, and -w not at all: the objects of this tree serve again.
        self.environment = {
            "CCACHE_BASEDIR": os.environ.get("CCACHE_BASEDIR", str(ROOT)),
            "CCACHE_NOHASHDIR": "1",
            "CCACHE_IGNOREOPTIONS": "-w",
        }

    def configure(self) -> None:
        synchronise()
        sdk = subprocess.run(
            [str(ROOT / "tools" / "build_wasmtime.sh")], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True
        ).stdout.strip()
        # A fault may leave a variable without use: that is no reason for the compiler to notice it.
        # File by file: a fault is in one of them.
        options = ["-DCMAKE_CXX_FLAGS=-w", "-DCMAKE_UNITY_BUILD=OFF"]
        command = ["cmake", "--preset", "release", f"-DSLUICE_WASMTIME_DIR={sdk}", *options]
        status, output, _ = run(command, COPY, **self.environment)
        if status != 0:
            sys.exit(output)

    def build(self, *targets: str) -> None:
        status, output, _ = run(
            ["nice", "-n", "10", "ninja", "-C", str(BUILD), f"-j{self.jobs}", *targets], COPY, **self.environment
        )
        if status != 0:
            raise BuildFailed("\n".join(output.splitlines()[-25:]))


# --- The tests --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Noticed:
    by: str  # "unit", "e2e" or "conformance"
    test: str


def gtest_name(output: str, status: int | None) -> str:
    failed = re.findall(r"^\[  FAILED  \] ([\w./-]+)", output, re.MULTILINE)
    if failed:
        return failed[0]
    begun = re.findall(r"^\[ RUN      \] ([\w./-]+)", output, re.MULTILINE)
    how = "hangs" if status is None else f"ends with status {status}"
    return f"{begun[-1]} {how}" if begun else f"the program {how}"


class Tests:
    def __init__(self, builder: Builder, results: dict):
        self.builder = builder
        self.limits: dict[str, float] = results.setdefault("baseline", {})

    def limit(self, name: str) -> float:
        return max(LIMIT_SECONDS_MIN, 5 * self.limits[name])

    def run_unit(self, target: str, limit: float, *arguments: str) -> tuple[int | None, str, float]:
        return run([str(BUILD / "bin" / target), *arguments], BUILD, limit)

    def run_pytest(self, call: str, limit: float, tests: list[str] | None = None) -> tuple[int | None, str, float]:
        words = tests or shlex.split(call)
        return run(
            ["/usr/bin/python3", "-m", "pytest", "-p", "no:cacheprovider", "-q", "-x", *words],
            COPY,
            limit,
            SLUICE_BIN_DIR=str(BUILD / "bin"),
        )

    def baseline(self, name: str, once) -> None:
        """How long it takes, and that it passes, while nothing is wrong."""
        if name in self.limits:
            return
        status, output, seconds = once()
        if status not in (0, 5):  # 5: pytest has found no test
            status, output, seconds = once()
        if status != 0:
            tail = "\n".join(output.splitlines()[-40:])
            raise NotGreen(f"{name} does not pass without any fault:\n{tail}")
        self.limits[name] = round(seconds, 1)

    def build_whole(self, *targets: str) -> None:
        try:
            self.builder.build(*targets)
        except BuildFailed as failure:
            raise NotGreen(f"{' '.join(targets)} cannot be built without any fault:\n{failure}") from failure

    def unit_baseline(self, target: str) -> None:
        if target not in self.limits:
            self.build_whole(target)
            self.baseline(target, lambda: self.run_unit(target, BASELINE_SECONDS_MAX))

    def pytest_baseline(self, call: str) -> None:
        if call not in self.limits:
            self.build_whole(*PROGRAMS)
            self.baseline(call, lambda: self.run_pytest(call, BASELINE_SECONDS_MAX))

    def unit(self, target: str) -> Noticed | None:
        self.builder.build(target)
        status, output, _ = self.run_unit(target, self.limit(target), "--gtest_fail_fast")
        if status == 0:
            return None
        name = gtest_name(output, status)
        if status is not None:
            status = self.run_unit(target, self.limit(target), f"--gtest_filter={name.split()[0]}")[0]
            if status == 0:  # perhaps only after others
                status = self.run_unit(target, self.limit(target), "--gtest_fail_fast")[0]
        return Noticed("unit", f"{target} {name}") if status != 0 else None

    def pytest(self, call: str) -> Noticed | None:
        status, output, _ = self.run_pytest(call, self.limit(call))
        if status == 0:
            return None
        by = "conformance" if "tests/conformance" in call else "e2e"
        failed = re.findall(r"^(?:FAILED|ERROR) (\S+)", output, re.MULTILINE)
        if status is None:
            return Noticed(by, f"{call} hangs")
        status = self.run_pytest(call, self.limit(call), failed[:1] or None)[0]
        return Noticed(by, failed[0] if failed else call) if status != 0 else None


# --- One fault --------------------------------------------------------------------------------------


def judge(mutant: Mutant, tests: Tests, unit_only: bool) -> dict:
    """What became of it. The copy is as before afterwards."""
    path = COPY / mutant.file
    before = path.read_text()
    try:
        for target in mutant.unit:
            tests.unit_baseline(target)
        path.write_text(mutant.apply(before))
        for target in mutant.unit:
            if noticed := tests.unit(target):
                return {"state": "caught", "by": noticed.by, "test": noticed.test}
        if unit_only and mutant.also:
            return {"state": "open"}
        for call in mutant.also:
            if call not in tests.limits:  # before the fault, not with it
                path.write_text(before)
                tests.pytest_baseline(call)
                path.write_text(mutant.apply(before))
            tests.builder.build(*PROGRAMS)
            if noticed := tests.pytest(call):
                return {"state": "caught", "by": noticed.by, "test": noticed.test}
        return {"state": "survived"}
    except BuildFailed as failure:
        return {"state": "broken", "why": str(failure)}
    except NotGreen as trouble:
        return {"state": "open", "why": str(trouble)}
    finally:
        if path.read_text() != before:
            path.write_text(before)  # with a new time, so that ninja builds it again


def key_of(mutant: Mutant) -> list:
    return [mutant.file, mutant.find, mutant.replace, list(mutant.unit), list(mutant.also)]


def keep(results: dict) -> None:
    fresh = RESULTS.with_suffix(".new")
    fresh.write_text(json.dumps(results, indent=1))
    fresh.rename(RESULTS)


def recorded(mutant: Mutant, results: dict) -> dict | None:
    found = results["mutants"].get(mutant.id)
    return found if found and found["key"] == key_of(mutant) else None


def is_due(mutant: Mutant, results: dict, again: str, unit_only: bool) -> bool:
    if mutant.equivalent:
        return False
    found = recorded(mutant, results)
    if found is None or again == "all":
        return True
    if found["state"] == "open":
        return "why" in found or not unit_only
    return found["state"] == again


def summary(mutants: list[Mutant], results: dict) -> int:
    states: dict[str, list[Mutant]] = {}
    ways: dict[str, int] = {}
    for mutant in mutants:
        found = recorded(mutant, results)
        state = "equivalent" if mutant.equivalent else found["state"] if found else "not run"
        states.setdefault(state, []).append(mutant)
        if state == "caught":
            ways[found["by"]] = ways.get(found["by"], 0) + 1
    counted = [mutant for mutant in mutants if not mutant.equivalent]
    caught = len(states.get("caught", []))
    by = ", ".join(f"{count} by {way} tests" for way, count in sorted(ways.items(), key=lambda item: -item[1]))
    print(f"\n{len(mutants)} faults, {len(mutants) - len(counted)} equivalent; of the other {len(counted)}:")
    print(f"  caught    {caught} ({100 * caught / max(1, len(counted)):.1f} %)" + (f": {by}" if by else ""))
    for state in ("survived", "open", "broken", "not run"):
        if state in states:
            print(f"  {state:9} {len(states[state])}")
            for mutant in states[state]:
                print(f"      {mutant.id}  ({mutant.kind}, {mutant.file})")
    for mutant in states.get("equivalent", []):
        print(f"  equivalent {mutant.id}: {mutant.equivalent}")
    return 0 if counted and 100 * caught >= WANTED_PERCENT * len(counted) and "broken" not in states else 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", action="append", default=[], metavar="GLOB", help="ids that match")
    parser.add_argument("--unit", action="store_true", help="only the unit tests")
    parser.add_argument("--again", default="", choices=["caught", "survived", "broken", "all"], help="once more those")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="compilers at a time")
    parser.add_argument("--list", action="store_true", help="what there is")
    parser.add_argument("--check", action="store_true", help="every entry applies; nothing is built")
    options = parser.parse_args()

    if faults := check():
        print("\n".join(faults), file=sys.stderr)
        return 1
    mutants = load()
    if options.only:
        mutants = [m for m in mutants if any(fnmatch.fnmatch(m.id, glob) for glob in options.only)]
    if options.check:
        print(f"{len(mutants)} faults apply to this tree")
        return 0
    results = json.loads(RESULTS.read_text()) if RESULTS.is_file() else {}
    results.setdefault("mutants", {})
    if options.list:
        for mutant in mutants:
            found = recorded(mutant, results) or {"state": "equivalent" if mutant.equivalent else "not run"}
            print(f"{mutant.id:50} {mutant.kind:10} {found['state']:9} {found.get('test', '')}")
        return 0

    COPY.mkdir(parents=True, exist_ok=True)
    builder = Builder(options.jobs)
    due = [mutant for mutant in mutants if is_due(mutant, results, options.again, options.unit)]
    if due:
        builder.configure()
    tests = Tests(builder, results)
    for number, mutant in enumerate(due, 1):
        print(f"[{number}/{len(due)}] {mutant.id} ... ", end="", flush=True)
        begin = time.monotonic()
        found = judge(mutant, tests, options.unit)
        results["mutants"][mutant.id] = found | {"key": key_of(mutant)}
        keep(results)
        print(f"{found['state']} ({time.monotonic() - begin:.0f} s) {found.get('test', '')}", flush=True)
        if "why" in found:
            print(found["why"], flush=True)
    return summary(mutants, results)


if __name__ == "__main__":
    sys.exit(main())
