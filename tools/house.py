#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints the measures of the house: sizes, repeated names, cycles, copies, tests beside the code.

    tools/house.py                       the table of the tree it stands in
    tools/house.py --tree DIR            of another tree
    tools/house.py --json                everything, with the places
    tools/house.py --compare FILE        before (a file of --json) and after, side by side
    tools/house.py --places NAME         one list (types, copies, ...), with file:line

How each row is counted stands beside its function below. Functions and their cyclomatic complexity are
counted by lizard; `tools/install.sh house` installs it."""

import argparse
import json
import math
import re
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from cpp_source import File, Tree  # noqa: E402
from house_copies import copies  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
LIZARD = ROOT / ".cache" / "lizard"

# The language or its library demands these names of a type.
DEMANDED = {"promise_type", "is_transparent", "iterator", "const_iterator", "value_type", "reference", "rebind"}
MUTEX = re.compile(r"\b(?:std::(?:shared_|recursive_|timed_)?mutex|(?:base::)?(?:Shared)?Mutex)\s+\w+\s*(?:\w+\([^)]*\)\s*)?[;{=]")
OPAQUE = re.compile(r"//+ (What|Who|Whom|Whoever|Nobody|Of|As of)\b")
AWAITER = re.compile(r"\bawait_suspend\s*\(")
COVERS = re.compile(r"//\s*Covers:\s*([^\n]+)")


def percentile(values: list[int], share: float) -> int:
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else 0


def sizes(values: list[int], *shares: float) -> dict:
    row = {f"p{round(share * 100)}": percentile(values, share) for share in shares}
    return row | {"max": max(values, default=0), "count": len(values)}


def lizard_functions(tree: Tree) -> dict[str, list[dict]]:
    """path below src/ -> functions. Lines of a function: from its name to its closing brace."""
    sys.path.insert(0, str(LIZARD))
    try:
        import lizard
    except ImportError:
        sys.exit("house: lizard is not there; run tools/install.sh house")
    found: dict[str, list[dict]] = {}
    for file in tree.files:
        info = lizard.analyze_file.analyze_source_code("x.cpp", file.text)
        found[file.path.as_posix()] = [
            {"name": f.name, "begin": f.start_line, "end": f.end_line, "ccn": f.cyclomatic_complexity}
            for f in info.function_list
        ]
    return found


def function_rows(files: list[File], functions: dict[str, list[dict]]) -> tuple[dict, dict, list]:
    all_of = [(file, f) for file in files for f in functions[file.path.as_posix()]]
    lengths = [f["end"] - f["begin"] + 1 for _, f in all_of]
    longest = sorted(all_of, key=lambda pair: pair[1]["begin"] - pair[1]["end"])[:10]
    return (
        sizes(lengths, 0.9, 0.99),
        sizes([f["ccn"] for _, f in all_of], 0.9, 0.99),
        [f"src/{file.path}:{f['begin']} {f['name']} {f['end'] - f['begin'] + 1}" for file, f in longest],
    )


def repeated_types(files: list[File]) -> dict[str, list[str]]:
    """Names of types (class, struct, union, enum, using) that are defined at namespace scope or inside a type in
    two or more folders of src/. A folder is the directory that holds the file, so filters/proxy and
    filters/proxy/cache are two. Not counted: declarations, specialisations, types in functions, template
    parameters, and the names that the language demands (DEMANDED)."""
    places: dict[str, dict[str, list[str]]] = {}
    for file in files:
        for found in file.types:
            places.setdefault(found.name, {}).setdefault(file.folder, []).append(f"src/{file.path}:{found.line}")
    return {
        name: sorted(place for some in folders.values() for place in some)
        for name, folders in sorted(places.items())
        if len(folders) > 1 and name not in DEMANDED
    }


def cycles(files: list[File]) -> list[list[str]]:
    """Circles of includes inside a folder. A node is a unit (x.h with x.cc), since a .cc that includes a user of
    its own header ties both; a circle is a strongly connected set of two or more units of one module."""
    units = {file.unit for file in files}
    edges: dict[str, set[str]] = {unit: set() for unit in units}
    for file in files:
        for included in file.includes:
            target = included.removesuffix(".h")
            if target in units and target != file.unit and target.split("/")[0] == file.unit.split("/")[0]:
                edges[file.unit].add(target)
    return sorted(sorted(group) for group in components(edges) if len(group) > 1)


def mutual(files: list[File], groups: list[list[str]]) -> int:
    """Pairs of units that include each other directly."""
    inside = {unit for group in groups for unit in group}
    edges = {
        (file.unit, included.removesuffix(".h"))
        for file in files
        if file.unit in inside
        for included in file.includes
    }
    return sum(1 for a, b in edges if a < b and (b, a) in edges)


def components(edges: dict[str, set[str]]) -> list[list[str]]:
    """Tarjan's strongly connected components, without recursion."""
    number: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    on_stack: set[str] = set()
    found: list[list[str]] = []
    for root in sorted(edges):
        work = [] if root in number else [(root, iter(sorted(edges[root])))]
        if work:
            number[root] = low[root] = len(number)
            stack.append(root)
            on_stack.add(root)
        while work:
            node, rest = work[-1]
            following = next(rest, None)
            if following is None:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == number[node]:
                    at = stack.index(node)
                    found.append(stack[at:])
                    on_stack.difference_update(stack[at:])
                    del stack[at:]
            elif following not in number:
                number[following] = low[following] = len(number)
                stack.append(following)
                on_stack.add(following)
                work.append((following, iter(sorted(edges[following]))))
            elif following in on_stack:
                low[node] = min(low[node], number[following])
    return found


def awaiters(files: list[File]) -> list[str]:
    """Types outside loop/ that suspend a coroutine by hand: definitions of await_suspend, one per type. An
    out-of-line definition is the same type's."""
    found = []
    for file in files:
        if file.path.parts[0] == "loop":
            continue
        for number, line in enumerate(file.code.split("\n"), 1):
            match = AWAITER.search(line)
            if match and not re.search(r"(->|\.|::)await_suspend\s*\(", line):
                found.append(f"src/{file.path}:{number}")
    return found


def without_test(tree: Tree, by_name_only: bool = False) -> list[str]:
    """A .cc is covered if x_test.cc or x_*_test.cc stands in its folder, or if a test says `// Covers: x.cc, y.cc`
    (paths from the test's folder)."""
    stems: dict[str, set[str]] = {}
    covered: set[str] = set()
    for test in tree.tests:
        folder = test.path.parent
        if folder.name == "testing":
            folder = folder.parent
        if test.path.name.endswith("_test.cc"):
            stems.setdefault(folder.as_posix(), set()).add(test.path.name.removesuffix("_test.cc"))
        for names in [] if by_name_only else COVERS.findall(test.text):
            for name in re.split(r"[,\s]+", names.strip()):
                covered.add((folder / name).as_posix())
    missing = []
    for file in tree.sources:
        if file.path.suffix != ".cc" or file.path.as_posix() in covered:
            continue
        mine = stems.get(file.folder, set())
        if file.path.stem not in mine and not any(stem.startswith(file.path.stem + "_") for stem in mine):
            missing.append(f"src/{file.path}")
    return missing


def comments(files: list[File], bad: re.Pattern) -> list[str]:
    return [
        f"src/{file.path}:{number}"
        for file in files
        for number, line in enumerate(file.text.split("\n"), 1)
        if bad.search(line)
    ]


def unguarded(files: list[File]) -> list[str]:
    """Files that own a mutex and say of nothing that it is guarded."""
    return [f"src/{file.path}" for file in files if MUTEX.search(file.code) and "GUARDED_BY(" not in file.code]


def compile_times(root: Path) -> dict | None:
    """Seconds per object of our own, from the last complete entry of build/.ninja_log. ccache makes them lie:
    only a build with CCACHE_DISABLE=1 says what compiling costs."""
    log = root / "build" / ".ninja_log"
    if not log.is_file():
        return None
    seconds: dict[str, float] = {}
    for line in log.read_text(errors="replace").splitlines():
        parts = line.split("\t")
        if len(parts) == 5 and parts[3].endswith(".o"):
            seconds[parts[3]] = (int(parts[1]) - int(parts[0])) / 1000
    slowest = sorted(seconds.items(), key=lambda item: -item[1])[:10]
    return {
        "sum": round(sum(seconds.values()), 1),
        "objects": len(seconds),
        "slowest": [f"{time:.1f} {re.sub(r'CMakeFiles/[^/]+[.]dir/', '', name)}" for name, time in slowest],
    }


def measure(root: Path) -> dict:
    tree = Tree.read(root)
    product, tests = tree.sources, tree.tests
    functions = lizard_functions(tree)
    lengths, complexity, longest = function_rows(product, functions)
    test_lengths, _, _ = function_rows(tests, functions)
    types = repeated_types(product)
    circles = cycles(product)
    by_place = {
        path: [(f["name"], f["begin"], f["end"]) for f in some] for path, some in functions.items()
    }
    sources = [file for file in product if file.path.suffix == ".cc"]
    commit = subprocess.run(
        ["git", "-C", str(root), "log", "-1", "--format=%h"], capture_output=True, text=True, check=False
    ).stdout.strip()
    return {
        "commit": commit if (root / ".git").exists() else "",
        "files": sizes([file.lines for file in product], 0.5, 0.9),
        "test files": sizes([file.lines for file in tests], 0.5, 0.9),
        "functions": lengths,
        "test functions": test_lengths,
        "ccn": complexity,
        "longest": longest,
        "types": types,
        "cycles": circles,
        "mutual": mutual(product, circles),
        "awaiters": awaiters(product),
        "copies": copies(product, by_place),
        "admin lines": sum(file.lines for file in product if file.path.parts[0] == "admin"),
        "sources": len(sources),
        "without test": without_test(tree),
        "without test of its name": without_test(tree, by_name_only=True),
        "opaque": comments(product, OPAQUE),
        "opaque in tests": comments(tests, OPAQUE),
        "unguarded": unguarded(product),
        "mutexes": [f"src/{file.path}" for file in product if MUTEX.search(file.code)],
        "compile": compile_times(root),
    }


def rows(found: dict) -> list[tuple[str, str]]:
    def size(row: dict, *keys: str) -> str:
        return " / ".join(str(row[key]) for key in keys) + f"  of {row['count']}"

    def share(bare: list) -> str:
        tested = found["sources"] - len(bare)
        return f"{tested} of {found['sources']} ({100 * tested // max(1, found['sources'])} %)"

    table = [
        ("file lines p50/p90/max", size(found["files"], "p50", "p90", "max")),
        ("  of tests and kits", size(found["test files"], "p50", "p90", "max")),
        ("function lines p90/p99/max", size(found["functions"], "p90", "p99", "max")),
        ("  of tests and kits", size(found["test functions"], "p90", "p99", "max")),
        ("cyclomatic complexity p99/max", size(found["ccn"], "p99", "max")),
        ("types defined in two or more folders", str(len(found["types"]))),
        ("include cycles inside folders (sets / mutual pairs)", f"{len(found['cycles'])} / {found['mutual']}"),
        ("awaiter types outside loop/", str(len(found["awaiters"]))),
    ]
    for family, places in found["copies"].items():
        # A header and its .cc are one file here.
        units = {place["place"].rpartition(":")[0].rpartition(".")[0] for place in places}
        table.append((f"copies of {family}: functions / files", f"{len(places)} / {len(units)}"))
    table += [
        ("lines of admin/", str(found["admin lines"])),
        (".cc with a test of its name", share(found["without test of its name"])),
        ("  or that a test of another file covers", share(found["without test"])),
        ("comment lines that begin with What, Who, Of ...", str(len(found["opaque"]))),
        ("  in tests and kits", str(len(found["opaque in tests"]))),
        ("files with a mutex, without GUARDED_BY", f"{len(found['unguarded'])} of {len(found['mutexes'])}"),
    ]
    if found["compile"]:
        table.append(("seconds of compiling", f"{found['compile']['sum']}  of {found['compile']['objects']} objects"))
        for place in found["compile"]["slowest"]:
            seconds, name = place.split(" ", 1)
            table.append((f"  {name}", seconds))
    return table


def print_table(after: dict, before: dict | None) -> None:
    now = rows(after)
    was = dict(zip_keys(rows(before))) if before else {}
    width = max(len(name) for name, _ in now) + 2
    if before:
        left = max([len(value) for value in was.values()] + [6]) + 2
        print(f"{'':{width}}{before['commit'] or 'before':{left}}{after['commit'] or 'after'}")
        for key, value in zip_keys(now):
            print(f"{key.rpartition('#')[0]:{width}}{was.get(key, '-'):{left}}{value}")
        return
    for name, value in now:
        print(f"{name:{width}}{value}")


def zip_keys(table: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """A name may occur twice ("of tests and kits"): the row before makes it one."""
    seen: dict[str, int] = {}
    keyed = []
    for name, value in table:
        seen[name] = seen.get(name, 0) + 1
        keyed.append((f"{name}#{seen[name]}", value))
    return keyed


def print_places(found: dict, name: str) -> None:
    if name not in found:
        sys.exit(f"house: no list is named {name}; there are: {', '.join(found)}")
    value = found[name]
    if isinstance(value, dict):
        for key, some in value.items():
            print(f"{key}:")
            for place in some if isinstance(some, list) else [some]:
                print(f"  {place['place']} {place['function']}" if isinstance(place, dict) else f"  {place}")
    elif isinstance(value, list):
        for place in value:
            print("  ".join(place) if isinstance(place, list) else place)
    else:
        print(value)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--tree", type=Path, default=ROOT, help="the tree to measure")
    parser.add_argument("--json", action="store_true", help="everything, with the places")
    parser.add_argument("--compare", type=Path, metavar="FILE", help="a file of --json: the column before")
    parser.add_argument("--places", metavar="NAME", help="one list: types, cycles, awaiters, copies, 'without test', ...")
    options = parser.parse_args()
    if not (options.tree / "src").is_dir():
        parser.error(f"{options.tree} has no src/")
    found = measure(options.tree.resolve())
    if options.json:
        json.dump(found, sys.stdout, indent=1)
        print()
    elif options.places:
        print_places(found, options.places)
    else:
        print_table(found, json.loads(options.compare.read_text()) if options.compare else None)


if __name__ == "__main__":
    main()
