# SPDX-License-Identifier: Apache-2.0
"""Includes point down: checks every #include of src/ against src/LAYERS, and src/README.md against
the folders there are."""

import re
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent
SRC = ROOT / "src"

INCLUDE = re.compile(r'^\s*#\s*include\s+(?:"([^"]+)"|<([^>]+)>)', re.MULTILINE)
README_ROW = re.compile(r"^\| *`([a-z0-9_-]+)/` *\|", re.MULTILINE)


class Layers(NamedTuple):
    floor: dict[str, int]  # folder -> number
    owners: dict[str, set[str]]  # third-party header prefix -> folders that may include it


def parse_layers(text: str) -> Layers:
    layers = Layers({}, {})
    for number, line in enumerate(text.splitlines(), 1):
        line = line.split("#")[0].strip()
        if not line:
            continue
        left, _, headers = line.partition(":")
        words = left.split()
        if len(words) != 2 or not words[0].isdigit():
            raise ValueError(f"LAYERS:{number}: wants `<number> <folder> [: <headers>]`, not {line!r}")
        if words[1] in layers.floor:
            raise ValueError(f"LAYERS:{number}: {words[1]} is listed twice")
        layers.floor[words[1]] = int(words[0])
        for header in headers.split():
            layers.owners.setdefault(header, set()).add(words[1])
    return layers


def source_files(src: Path) -> list[Path]:
    return sorted(path for path in src.rglob("*") if path.suffix in (".h", ".cc"))


def violations(src: Path, layers: Layers) -> list[str]:
    """One line per fault, with the way out."""
    found = []
    for path in source_files(src):
        name = path.relative_to(src)
        folder = name.parts[0]
        if folder not in layers.floor:
            found.append(f"{name}: folder {folder} is not in src/LAYERS")
            continue
        for match in INCLUDE.finditer(path.read_text()):
            own, foreign = match.groups()
            if own:
                fault = own_fault(src, layers, folder, own)
            else:
                fault = foreign_fault(layers, folder, foreign)
            if fault:
                found.append(f"{name}: {fault}")
    return found


def own_fault(src: Path, layers: Layers, folder: str, included: str) -> str | None:
    if not (src / included).is_file():
        return f'"{included}" is no file of src/ (paths begin at src/; others take <>)'
    target = included.split("/")[0]
    if target == folder:
        return None
    if target not in layers.floor:
        return f'"{included}": folder {target} is not in src/LAYERS'
    if layers.floor[target] >= layers.floor[folder]:
        return (
            f'"{included}" is on floor {layers.floor[target]} and {folder} on {layers.floor[folder]}: '
            "includes point down"
        )
    return None


def foreign_fault(layers: Layers, folder: str, included: str) -> str | None:
    prefixes = [prefix for prefix in layers.owners if included.startswith(prefix)]
    if not prefixes or any(folder in layers.owners[prefix] for prefix in prefixes):
        return None
    allowed = sorted(set().union(*(layers.owners[prefix] for prefix in prefixes)))
    return f"<{included}> belongs to {', '.join(allowed)}"


def readme_faults(readme: str, folders: set[str]) -> list[str]:
    named = set(README_ROW.findall(readme))
    return [f"src/README.md does not name {name}/" for name in sorted(folders - named)] + [
        f"src/README.md names {name}/, which is not there" for name in sorted(named - folders)
    ]


def folders_of(src: Path) -> set[str]:
    return {path.relative_to(src).parts[0] for path in source_files(src)}


# --- the tree ---------------------------------------------------------------------------------


def test_includes_point_down():
    layers = parse_layers((SRC / "LAYERS").read_text())
    found = violations(SRC, layers)
    assert not found, "\n" + "\n".join(found)


def test_readme_names_every_folder_and_no_other():
    layers = parse_layers((SRC / "LAYERS").read_text())
    found = readme_faults((SRC / "README.md").read_text(), set(layers.floor))
    assert not found, "\n" + "\n".join(found)


def test_every_header_guards_itself():
    missing = [
        str(path.relative_to(SRC))
        for path in source_files(SRC)
        if path.suffix == ".h" and "#pragma once" not in path.read_text()
    ]
    assert not missing


def test_every_source_file_says_its_licence():
    folders = ("src", "tests", "bench", "tools", "fuzz", "sdk/assemblyscript/easegress", "examples")
    suffixes = {".h", ".cc", ".py", ".sh", ".ts", ".mjs"}
    missing = []
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix not in suffixes or "node_modules" in path.parts or not path.is_file():
                continue
            if "SPDX-License-Identifier: Apache-2.0" not in "".join(
                path.read_text(errors="replace").splitlines(keepends=True)[:3]
            ):
                missing.append(str(path.relative_to(ROOT)))
    assert not missing


# --- the checker itself -----------------------------------------------------------------------

LAYERS = """
# comment
0 base   : json/one.h
1 http   : boost/beast
1 router
2 server : boost/asio
2 admin  : boost/asio
"""


@pytest.fixture
def tree(tmp_path):
    def write(files: dict[str, str]) -> list[str]:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return violations(tmp_path, parse_layers(LAYERS))

    return write


def test_checker_accepts_what_points_down(tree):
    assert tree(
        {
            "base/result.h": "#include <expected>\n#include <json/one.h>\n",
            "http/h1/parser.h": '#include <boost/beast/http.hpp>\n#include "http/body.h"\n',
            "http/body.h": '#include "base/result.h"\n',
            "server/worker.cc": '#include <boost/asio.hpp>\n  #  include "http/h1/parser.h"\n',
        }
    ) == []


def test_checker_refuses_an_include_that_points_up(tree):
    found = tree({"base/result.h": '#include "http/body.h"\n', "http/body.h": ""})
    assert found == ['base/result.h: "http/body.h" is on floor 1 and base on 0: includes point down']


def test_checker_refuses_a_sibling_on_the_same_floor(tree):
    found = tree({"http/body.h": '#include "router/rule.h"\n', "router/rule.h": ""})
    assert found == ['http/body.h: "router/rule.h" is on floor 1 and http on 1: includes point down']


def test_checker_refuses_a_library_of_another_folder(tree):
    assert tree({"router/rule.cc": "#include <boost/beast/core.hpp>\n#include <vector>\n"}) == [
        "router/rule.cc: <boost/beast/core.hpp> belongs to http"
    ]
    assert tree({"router/rule.cc": "#include <boost/asio.hpp>\n"}) == [
        "router/rule.cc: <boost/asio.hpp> belongs to admin, server"
    ]


def test_checker_refuses_unknown_folders_and_files(tree):
    assert tree({"utils/all.h": "", "base/a.h": '#include "result.h"\n'}) == [
        'base/a.h: "result.h" is no file of src/ (paths begin at src/; others take <>)',
        "utils/all.h: folder utils is not in src/LAYERS",
    ]


def test_checker_refuses_a_layers_file_it_cannot_read():
    with pytest.raises(ValueError, match="LAYERS:1: wants"):
        parse_layers("base\n")
    with pytest.raises(ValueError, match="LAYERS:2: base is listed twice"):
        parse_layers("0 base\n1 base\n")


def test_checker_compares_the_readme_with_the_folders():
    readme = "| `base/` | results |\n| `gone/` | nothing |\ntext about `router/`\n"
    assert readme_faults(readme, {"base", "router"}) == [
        "src/README.md does not name router/",
        "src/README.md names gone/, which is not there",
    ]


def places_of(bad: re.Pattern, *suffixes: str) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}:{number}"
        for suffix in suffixes
        for path in sorted((ROOT / "src").rglob(f"*{suffix}"))
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if bad.search(line.split("//")[0])
    ]


def test_no_co_await_in_a_short_circuit():
    """GCC 12 miscompiles some of these: `while (co_await a() && co_await b())` never awaited anything."""
    bad = re.compile(r"(&&|\|\||\?)\s*co_await\b|\b(while|switch) \(.*co_await\b")
    assert bad.search("x = a && co_await b();")
    assert bad.search("switch (co_await a()) {")
    assert places_of(bad, ".cc") == []


def test_no_atomic_shared_pointer():
    """Those of libstdc++ 12 race: base/published.h."""
    bad = re.compile(r"std::atomic<\s*std::shared_ptr\b|std::atomic_(load|store|exchange)\(&")
    assert bad.search("std::atomic<std::shared_ptr<const X>> x_;")
    assert places_of(bad, ".cc", ".h") == []
