# SPDX-License-Identifier: Apache-2.0
"""The rules of src/LAYERS: includes point down, go round in no ring, third-party headers stay where they belong,
and every .cc has its header. Also src/README.md against the folders there are, and the files that comments name."""

import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent
SRC = ROOT / "src"

INCLUDE = re.compile(r'^\s*#\s*include\s+(?:"([^"]+)"|<([^>]+)>)', re.MULTILINE)
README_ROW = re.compile(r"^\| *`([a-z0-9_-]+)/` *\|", re.MULTILINE)
COMMENT = re.compile(r'^(?:[^"/]|/(?!/)|"(?:\\.|[^"\\])*")*//(.*)$')
NAMED_FILE = re.compile(r"(?<![\w./<-])(?:[\w-]+/)*[\w-]+\.(?:h|cc|py|md|sh|cmake|ts|mjs)\b")


class Layers(NamedTuple):
    floor: dict[str, int]  # folder -> number
    owners: dict[str, set[str]]  # third-party header prefix -> paths that may include it
    cycles: list[set[str]]  # known rings of files, without suffix
    lone: set[str]  # known .cc files without a header, without suffix


def parse_layers(text: str) -> Layers:
    layers = Layers({}, {}, [], set())
    for number, line in enumerate(text.splitlines(), 1):
        line = line.split("#")[0].strip()
        if not line:
            continue
        path, colon, headers = line.partition(":")
        words = path.split()
        if colon and len(words) == 1 and headers.split():
            for header in headers.split():
                layers.owners.setdefault(header, set()).add(words[0])
        elif not colon and words[0] == "cycle" and len(words) > 2:
            layers.cycles.append(set(words[1:]))
        elif not colon and words[0] == "lone" and len(words) > 1:
            layers.lone.update(words[1:])
        elif not colon and len(words) == 2 and words[0].isdigit():
            if words[1] in layers.floor:
                raise ValueError(f"LAYERS:{number}: {words[1]} is listed twice")
            layers.floor[words[1]] = int(words[0])
        else:
            raise ValueError(
                f"LAYERS:{number}: wants `<number> <folder>`, `<path> : <headers>`, `cycle <files>` or `lone <files>`, not {line!r}"
            )
    return layers


def source_files(src: Path) -> list[Path]:
    return sorted(path for path in src.rglob("*") if path.suffix in (".h", ".cc"))


def unit_of(name: str) -> str:
    """A file without its suffix: a header and its .cc are one."""
    return re.sub(r"\.(h|cc)$", "", name)


def is_kit(name: str) -> bool:
    return "testing" in name.split("/")[:-1]


def is_for_tests(name: str) -> bool:
    return is_kit(name) or unit_of(name).endswith(("_test", "_fuzz", "_bench"))


def includes_of(src: Path) -> dict[str, list[tuple[str, str]]]:
    """Of each file, what it includes: (own, "") or ("", third party)."""
    return {str(path.relative_to(src)): INCLUDE.findall(path.read_text()) for path in source_files(src)}


def violations(src: Path, layers: Layers) -> list[str]:
    """One line per fault, with the way out."""
    found = []
    for name, includes in includes_of(src).items():
        folder = name.split("/")[0]
        if folder not in layers.floor:
            found.append(f"{name}: folder {folder} is not in src/LAYERS")
            continue
        for own, foreign in includes:
            fault = own_fault(src, layers, name, own) if own else foreign_fault(layers, name, foreign)
            if fault:
                found.append(f"{name}: {fault}")
    return found


def own_fault(src: Path, layers: Layers, name: str, included: str) -> str | None:
    folder = name.split("/")[0]
    if not (src / included).is_file():
        return f'"{included}" is no file of src/ (paths begin at src/; others take <>)'
    if is_kit(included) and not is_for_tests(name):
        return f'"{included}" is for tests: what the product needs does not lie in testing/'
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


def lies_at(unit: str, path: str) -> bool:
    if "*" in path:
        return fnmatchcase(unit, path)
    return unit == path or unit.startswith(path + "/")


def foreign_fault(layers: Layers, name: str, included: str) -> str | None:
    owners = set().union(*(paths for prefix, paths in layers.owners.items() if included.startswith(prefix)))
    if not owners or any(lies_at(unit_of(name), path) for path in owners):
        return None
    return f"<{included}> belongs to {', '.join(sorted(owners))}"


def common_path(units: list[str]) -> str:
    """The folder that all of them have in common."""
    folders = [unit.split("/")[:-1] for unit in units]
    common = []
    for parts in zip(*folders):
        if len(set(parts)) > 1:
            break
        common.append(parts[0])
    return "/".join(common)


def owner_faults(src: Path, layers: Layers) -> list[str]:
    """A third-party header belongs to the deepest path: lines of src/LAYERS that allow more than is needed. Those
    with a pattern allow what tests of any folder may need."""
    includes = includes_of(src)
    found = []
    for header, paths in layers.owners.items():
        for path in sorted(path for path in paths if "*" not in path):
            users = [
                unit_of(name)
                for name, all_of in includes.items()
                if lies_at(unit_of(name), path) and any(foreign.startswith(header) for _, foreign in all_of)
            ]
            if not users:
                found.append(f"LAYERS: nothing at {path} includes <{header}>: remove it")
            elif set(users) != {path} and common_path(users) != path:
                found.append(f"LAYERS: <{header}> is needed at {common_path(users)} only, not at {path}")
    return found


def rings_of(src: Path) -> list[set[str]]:
    """Files, a header and its .cc as one, of which each includes the next and the last the first: strongly
    connected parts of the graph of includes (Tarjan)."""
    graph: dict[str, set[str]] = {}
    for name, includes in includes_of(src).items():
        graph.setdefault(unit_of(name), set()).update(unit_of(own) for own, _ in includes if own)
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    rings = []

    def visit(unit: str) -> None:
        index[unit] = low[unit] = len(index)
        stack.append(unit)
        for included in sorted(graph.get(unit, ())):
            if included not in index:
                visit(included)
                low[unit] = min(low[unit], low[included])
            elif included in stack:
                low[unit] = min(low[unit], index[included])
        if low[unit] == index[unit]:
            at = stack.index(unit)
            if len(stack) - at > 1:
                rings.append(set(stack[at:]))
            del stack[at:]

    for unit in sorted(graph):
        if unit not in index:
            visit(unit)
    return rings


def ring_faults(rings: list[set[str]], known: list[set[str]]) -> list[str]:
    found = [
        f"{', '.join(sorted(ring))} include each other: declare forward, take an interface, or move what both "
        "need to a header of its own"
        for ring in rings
        if not any(ring <= old for old in known)
    ]
    for old in known:
        left = set().union(*(ring for ring in rings if ring <= old))
        if left < old:
            found.append(f"LAYERS: cycle: remove {', '.join(sorted(old - left))}, which is in the ring no more")
    return found


def has_header(src: Path, unit: str, includes: list[tuple[str, str]]) -> bool:
    """A header of its name, or one that it includes and whose name is the beginning of its own (x_part.cc of x.h)."""
    if (src / f"{unit}.h").is_file():
        return True
    folder, _, name = unit.rpartition("/")
    words = name.split("_")
    shorter = ("_".join(words[:count]) for count in range(1, len(words)))
    return any((f"{folder}/{each}.h", "") in includes for each in shorter)


def header_faults(src: Path, known: set[str]) -> list[str]:
    lone = {
        unit_of(name)
        for name, includes in includes_of(src).items()
        if name.endswith(".cc")
        and not is_for_tests(name)
        and not name.endswith("/main.cc")
        and not has_header(src, unit_of(name), includes)
    }
    return [
        f"{unit}.cc has no header: give it one, or call it after the one it includes (x_part.cc of x.h)"
        for unit in sorted(lone - known)
    ] + [f"LAYERS: lone: remove {unit}, which has a header or is gone" for unit in sorted(known - lone)]


def comments_of(text: str) -> list[tuple[int, str]]:
    """Of each line that has one: its number and the comment."""
    matches = ((number, COMMENT.match(line)) for number, line in enumerate(text.splitlines(), 1))
    return [(number, match[1]) for number, match in matches if match]


def named_file_faults(root: Path) -> list[str]:
    """Files that comments of src/ name and that are not there. A path begins at the root, at src/ or beside the
    comment, and may lack its suffix if it begins with a folder of src/; a bare name may be of any file."""
    src = root / "src"
    folders = "|".join(sorted(re.escape(path.name) for path in src.iterdir() if path.is_dir()))
    named_path = re.compile(rf'(?<![\w./<"-])(?:{folders})/[a-z0-9_/]*(?![\w.])')
    parts = ("src", "tests", "docs", "bench", "tools", "fuzz", "sdk", "examples", "cmake")
    names = {path.name for part in parts for path in (root / part).rglob("*")} | {path.name for path in root.iterdir()}
    found = []
    for path in source_files(src):
        for number, comment in comments_of(path.read_text()):
            missing = [
                name
                for name in NAMED_FILE.findall(comment)
                if not any((folder / name).exists() for folder in (root, src, path.parent)) and name not in names
            ]
            for name in named_path.findall(comment):
                bare = name.rstrip("/")
                if not (src / bare).exists() and not any(src.glob(bare + ".*")):
                    missing.append(name)
            found += [f"{path.relative_to(root)}:{number}: there is no {name}" for name in missing]
    return found


def page_faults(root: Path, pages: list[str]) -> list[str]:
    """Paths of src/ in backticks on these pages that are not there; a path may lack its suffix."""
    src = root / "src"
    folders = "|".join(sorted(re.escape(path.name) for path in src.iterdir() if path.is_dir()))
    path_in_src = re.compile(rf"`(?:src/)?((?:{folders})/[a-z0-9_/.-]+)`")
    return [
        f"{page}:{number}: there is no src/{name}"
        for page in pages
        for number, line in enumerate((root / page).read_text().splitlines(), 1)
        for name in path_in_src.findall(line)
        if not (src / name).exists() and not any(src.glob(name.rstrip("/") + ".*"))
    ]


def readme_faults(readme: str, folders: set[str]) -> list[str]:
    named = set(README_ROW.findall(readme))
    return [f"src/README.md does not name {name}/" for name in sorted(folders - named)] + [
        f"src/README.md names {name}/, which is not there" for name in sorted(named - folders)
    ]


# --- the tree ---------------------------------------------------------------------------------


def test_includes_point_down():
    layers = parse_layers((SRC / "LAYERS").read_text())
    found = violations(SRC, layers)
    assert not found, "\n" + "\n".join(found)


def test_third_party_headers_belong_to_the_deepest_path():
    found = owner_faults(SRC, parse_layers((SRC / "LAYERS").read_text()))
    assert not found, "\n" + "\n".join(found)


def test_includes_go_round_in_no_ring():
    found = ring_faults(rings_of(SRC), parse_layers((SRC / "LAYERS").read_text()).cycles)
    assert not found, "\n" + "\n".join(found)


def test_every_source_has_its_header():
    found = header_faults(SRC, parse_layers((SRC / "LAYERS").read_text()).lone)
    assert not found, "\n" + "\n".join(found)


def test_files_that_comments_name_are_there():
    found = named_file_faults(ROOT)
    assert not found, "\n" + "\n".join(found)


def test_paths_that_pages_name_are_there():
    found = page_faults(ROOT, ["ARCHITECTURE.md", "CONTRIBUTING.md", "docs/glossary.md", "src/README.md"])
    assert not found, "\n" + "\n".join(found)


def test_checker_finds_paths_of_pages_that_are_gone(tmp_path):
    (tmp_path / "src" / "net").mkdir(parents=True)
    (tmp_path / "src" / "net" / "stream.h").write_text("")
    (tmp_path / "page.md").write_text("`net/stream`, `net/stream.h`, `src/net/stream.h`\n`net/gone.h`\n")
    assert page_faults(tmp_path, ["page.md"]) == ["page.md:2: there is no src/net/gone.h"]


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
0 base
1 http
1 router
2 server
2 admin

base    : json/one.h
http/h1 : boost/beast
server  : boost/asio
admin   : boost/asio
*_test  : gtest/
*/testing/* : gtest/
"""


def write_files(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


@pytest.fixture
def tree(tmp_path):
    return lambda files: violations(write_files(tmp_path, files), parse_layers(LAYERS))


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
        "router/rule.cc: <boost/beast/core.hpp> belongs to http/h1"
    ]
    assert tree({"router/rule.cc": "#include <boost/asio.hpp>\n"}) == [
        "router/rule.cc: <boost/asio.hpp> belongs to admin, server"
    ]


def test_checker_refuses_a_library_beside_the_path_that_it_belongs_to(tree):
    files = {"http/body.h": "#include <boost/beast/core.hpp>\n", "http/h10.h": "#include <boost/beast/core.hpp>\n"}
    assert tree(files) == [
        "http/body.h: <boost/beast/core.hpp> belongs to http/h1",
        "http/h10.h: <boost/beast/core.hpp> belongs to http/h1",
    ]


def test_checker_lets_tests_and_kits_use_their_libraries(tree):
    use = "#include <gtest/gtest.h>\n"
    assert tree({"base/result_test.cc": use, "base/testing/fixture.h": use, "base/result.cc": use}) == [
        "base/result.cc: <gtest/gtest.h> belongs to */testing/*, *_test"
    ]


def test_checker_keeps_kits_out_of_the_product(tree):
    use = '#include "base/testing/fixture.h"\n'
    users = ("base/result.cc", "base/a_test.cc", "base/a_fuzz.cc", "base/a_bench.cc", "http/testing/peer.h")
    assert tree({"base/testing/fixture.h": "", **dict.fromkeys(users, use)}) == [
        'base/result.cc: "base/testing/fixture.h" is for tests: what the product needs does not lie in testing/'
    ]


def owners(root: Path, layers: str, files: dict[str, str]) -> list[str]:
    return owner_faults(write_files(root, files), parse_layers(layers))


def test_checker_wants_the_deepest_path_of_a_library(tmp_path):
    use = "#include <sqlite3.h>\n"
    files = {"store/embedded/a.cc": use, "store/embedded/testing/b.h": use}
    assert owners(tmp_path, "store/embedded : sqlite3.h\n", files) == []
    assert owners(tmp_path, "store : sqlite3.h\n", files) == [
        "LAYERS: <sqlite3.h> is needed at store/embedded only, not at store"
    ]
    assert owners(tmp_path, "store : sqlite3.h\n", {"store/store.cc": use}) == []
    assert owners(tmp_path, "store/store : sqlite3.h\n", {}) == []


def test_checker_refuses_a_path_that_needs_its_library_no_more(tmp_path):
    assert owners(tmp_path, "store : sqlite3.h\n*_test : gtest/\n", {"store/a.cc": ""}) == [
        "LAYERS: nothing at store includes <sqlite3.h>: remove it"
    ]


def test_checker_finds_rings(tmp_path):
    def include(name: str) -> str:
        return f'#include "{name}"\n'

    files = {
        "a/one.h": "",
        "a/one.cc": include("a/one.h") + include("a/two.h"),
        "a/two.h": include("a/three.h"),
        "a/three.h": "class One;\n",
        "a/three.cc": include("a/three.h") + include("a/one.h"),
        "a/four.h": include("a/one.h"),
    }
    rings = rings_of(write_files(tmp_path, files))
    assert rings == [{"a/one", "a/two", "a/three"}]
    assert rings_of(write_files(tmp_path, {"a/three.cc": include("a/three.h")})) == []


def test_checker_lets_known_rings_shrink_only():
    ring = {"a/one", "a/two"}
    assert ring_faults([], []) == []
    assert ring_faults([ring], [ring]) == []
    assert ring_faults([ring], [{"a/one", "a/two", "a/three"}]) == [
        "LAYERS: cycle: remove a/three, which is in the ring no more"
    ]
    assert ring_faults([], [ring]) == ["LAYERS: cycle: remove a/one, a/two, which is in the ring no more"]
    (found,) = ring_faults([ring], [])
    assert found.startswith("a/one, a/two include each other: ")
    (found,) = ring_faults([ring | {"a/three"}], [ring])[:1]
    assert found.startswith("a/one, a/three, a/two include each other: ")


def test_checker_wants_a_header_for_every_source(tmp_path):
    src = write_files(
        tmp_path,
        {
            "a/one.h": "",
            "a/one.cc": "",
            "a/one_more_part.cc": '#include "a/one.h"\n',
            "a/one_stranger.cc": "",
            "a/two.cc": '#include "a/one.h"\n',
            "a/one_test.cc": "",
            "a/main.cc": "",
            "a/testing/kit.cc": "",
        },
    )
    found = header_faults(src, set())
    assert [line.split()[0] for line in found] == ["a/one_stranger.cc", "a/two.cc"]
    assert header_faults(src, {"a/one_stranger", "a/two"}) == []
    (found,) = header_faults(src, {"a/one_stranger", "a/two", "a/one"})
    assert found == "LAYERS: lone: remove a/one, which has a header or is gone"


def test_checker_finds_the_comments():
    text = 'int a;  // one\nauto b = "http://x";\nauto c = "a\\"//";  // two\n// three // four\nint d = 4 / 2;\n'
    assert comments_of(text) == [(1, " one"), (3, " two"), (4, " three // four")]


def test_checker_finds_names_of_files_that_are_gone(tmp_path):
    write_files(
        tmp_path,
        {
            "docs/limits.md": "",
            "src/http/body.h": "",
            "src/http/h1/line.cc": "// docs/limits.md, http/body.h, http/body, line.cc, h1/line.cc (http/h1)\n",
            "src/http/good.h": '// HTTP/2, a.b.c, http/1.1, client/server, <http/x.h>\nauto x = "http/none.h";\n',
        },
    )
    found = named_file_faults(tmp_path)
    assert found == ["src/http/h1/line.cc:1: there is no h1/line.cc"]
    write_files(tmp_path, {"src/http/h1/line.cc": "", "src/http/good.h": "// http/gone, gone.h\n//\n// limits.md http/gone.h\n"})
    assert named_file_faults(tmp_path) == [
        "src/http/good.h:1: there is no gone.h",
        "src/http/good.h:1: there is no http/gone",
        "src/http/good.h:3: there is no http/gone.h",
    ]


def test_checker_refuses_unknown_folders_and_files(tree):
    assert tree({"utils/all.h": "", "base/a.h": '#include "result.h"\n'}) == [
        'base/a.h: "result.h" is no file of src/ (paths begin at src/; others take <>)',
        "utils/all.h: folder utils is not in src/LAYERS",
    ]


def test_checker_refuses_a_layers_file_it_cannot_read():
    with pytest.raises(ValueError, match="LAYERS:1: wants"):
        parse_layers("base\n")
    with pytest.raises(ValueError, match="LAYERS:1: wants"):
        parse_layers("base :\n")
    with pytest.raises(ValueError, match="LAYERS:1: wants"):
        parse_layers("0 base : json/one.h\n")
    with pytest.raises(ValueError, match="LAYERS:2: wants"):
        parse_layers("\ncycle base/one\n")
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


def test_no_lambda_with_an_object_in_a_co_await():
    """GCC 12 destroys what such a temporary holds twice."""
    bad = re.compile(r"\bco_await\b[^;{}]*\[[^\]]*\w\s*=\s*[^\]]*\]\s*[({]")
    assert bad.search("  co_await run([state = state_] { state->ask(); });")
    assert bad.search("  found = co_await pool.run(\n      loop, [host = std::move(host)] { return look_up(host); });")
    assert not bad.search("  co_await run([&] { state->ask(); });")
    assert not bad.search("  co_await run(work);\n  auto more = [state = state_] { state->ask(); };")
    found = []
    for suffix in (".cc", ".h"):
        for path in sorted((ROOT / "src").rglob(f"*{suffix}")):
            text = re.sub(r"//[^\n]*", "", path.read_text())
            found += [f"{path.relative_to(ROOT)}: {match[0][:80]}" for match in bad.finditer(text)]
    assert found == []


def test_no_atomic_shared_pointer():
    """Those of libstdc++ 12 race: base/published.h."""
    bad = re.compile(r"std::atomic<\s*std::shared_ptr\b|std::atomic_(load|store|exchange)\(&")
    assert bad.search("std::atomic<std::shared_ptr<const X>> x_;")
    assert places_of(bad, ".cc", ".h") == []


def product_places(bad: re.Pattern, *homes: str) -> list[str]:
    """As places_of(), without tests, kits and the units that are meant to do it."""
    found = [place.rpartition(":")[0].removeprefix("src/") for place in places_of(bad, ".cc", ".h")]
    return sorted({name for name in found if not is_for_tests(name) and unit_of(name) not in homes})


def test_a_server_does_not_wait_for_its_standard_error():
    """Standard error may be a pipe that is full: sluice-server/say.h loses the line instead."""
    bad = re.compile(r"fprintf\(stderr|std::cerr|\bfputs\(.*stderr|\bperror\(")
    assert bad.search('  std::fprintf(stderr, "%s", text);')
    assert [name for name in product_places(bad, "base/assert") if not name.startswith("egctl/")] == []


def test_descriptors_have_one_owner():
    """base/descriptor.h closes on every way out. A call of close() is a way out that another one forgets."""
    bad = re.compile(r"(?<!\w)::close\(|(?<![\w.>:])close\(\w*(fd|descriptor|socket)\w*\)")
    assert bad.search("  if (fd_ >= 0) ::close(fd_);")
    assert not bad.search("Connection::close();")
    assert product_places(bad, "base/descriptor") == []


def test_files_are_read_and_written_in_one_place():
    """base/file.h has bounds, knows folders and pipes, and replaces as a whole. A stream has none of these."""
    bad = re.compile(r"std::[io]?fstream\b|(?<!\w)::fsync\(")
    assert bad.search("std::ifstream file(path);")
    # egctl writes an export piece by piece.
    assert product_places(bad, "base/file", "egctl/files") == []


def test_text_depends_on_no_locale():
    """base/text.h knows ASCII only."""
    bad = re.compile(r"\b(std::)?(tolower|toupper|is(alpha|digit|alnum|space|xdigit|upper|lower|print))\(")
    assert bad.search("std::tolower(c)")
    assert not bad.search("is_digit(c)")
    assert product_places(bad) == []
