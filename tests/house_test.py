# SPDX-License-Identifier: Apache-2.0
"""tools/house.py counts as it says: small trees whose numbers are known."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))

import house  # noqa: E402
from cpp_source import Tree, types_in  # noqa: E402
from house_copies import copies  # noqa: E402


@pytest.fixture
def tree(tmp_path):
    def write(files: dict[str, str]) -> Tree:
        for name, text in files.items():
            path = tmp_path / "src" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return Tree.read(tmp_path)

    return write


def names(text: str) -> list[str]:
    return [found.name for found in types_in(text)]


def test_types_at_namespace_scope_and_nested_are_found():
    assert names("namespace a {\nstruct One {\n  enum class Two : int { x };\n  using Three = int;\n};\n}\n") == [
        "One",
        "Two",
        "Three",
    ]
    assert names("template <typename T, int n = sizeof(T{})>\nclass Four final : public B<T> {};") == ["Four"]
    assert names("class [[nodiscard]] Five {};\ntemplate <class T> using Six = std::vector<T>;") == ["Five", "Six"]
    assert names("class CAPABILITY(\"mutex\") Seven {};") == ["Seven"]


def test_what_is_no_definition_of_a_type_is_not_found():
    assert names("struct One;\nusing namespace std;\nusing a::b;\nenum class Two : int;\n") == []
    assert names("struct One f() {\n  struct Two {};\n  using Three = int;\n  return {};\n}\n") == []
    assert names("template <>\nstruct std::hash<One> {};\ntemplate <typename T>\nstruct Two<T*> {};\n") == []
    assert names('// struct One {};\nconst char* a = "struct Two {};";\nauto b = R"(struct Three {};)";\n') == []
    assert names("int a = 1'000'000;\nchar b = '{';\nstruct One {};\n") == ["One"]


def test_a_name_in_two_folders_is_repeated_and_in_tests_is_not(tree):
    found = tree(
        {
            "a/one.h": "struct Entry {};\nstruct Only {};\n",
            "a/b/two.h": "namespace x {\nclass Entry {};\n}\n",
            "c/three_test.cc": "struct Only {};\n",
        }
    )
    assert house.repeated_types(found.sources) == {"Entry": ["src/a/b/two.h:2", "src/a/one.h:1"]}


def test_a_header_that_only_tests_include_is_a_test(tree):
    found = tree(
        {
            "a/kit.h": "",
            "a/kit.cc": '#include "a/kit.h"\n',
            "a/one.h": "",
            "a/one.cc": '#include "a/one.h"\n',
            "a/one_test.cc": '#include "a/one.h"\n#include "a/kit.h"\n',
            "a/testing/more.h": "",
            "a/main.cc": '#include "a/one.h"\n',
        }
    )
    assert [file.path.as_posix() for file in found.tests] == ["a/kit.cc", "a/kit.h", "a/one_test.cc", "a/testing/more.h"]


def test_a_circle_goes_through_source_files_and_stays_in_its_folder(tree):
    found = tree(
        {
            "a/one.h": '#include "a/two.h"\n',
            "a/two.h": "",
            "a/two.cc": '#include "a/two.h"\n#include "a/one.h"\n',
            "a/three.h": '#include "a/one.h"\n',
            "b/four.h": '#include "a/three.h"\n',
        }
    )
    circles = house.cycles(found.sources)
    assert circles == [["a/one", "a/two"]]
    assert house.mutual(found.sources, circles) == 1


def test_tests_beside_the_code(tree):
    found = tree(
        {
            "a/one.cc": "",
            "a/one_test.cc": "// Covers: two.cc, sub/five.cc\n",
            "a/two.cc": "",
            "a/three.cc": "",
            "a/four.cc": "",
            "a/four_errors_test.cc": "",
            "a/sub/five.cc": "",
            "a/sub/six.cc": "",
        }
    )
    assert house.without_test(found) == ["src/a/sub/six.cc", "src/a/three.cc"]
    assert set(house.without_test(found, by_name_only=True)) == {
        *house.without_test(found),
        "src/a/two.cc",
        "src/a/sub/five.cc",
    }


def test_awaiters_are_counted_once_and_not_in_loop(tree):
    found = tree(
        {
            "loop/a.h": "struct A { void await_suspend(H h) {} };\n",
            "a/b.h": "struct B {\n  void await_suspend(H h);\n};\n",
            "a/b.cc": "void B::await_suspend(H h) { other_.await_suspend(h); }\n",
        }
    )
    assert house.awaiters(found.sources) == ["src/a/b.h:2"]


def test_copies_by_name_and_by_work(tree):
    found = tree(
        {
            "a/one.cc": "S trim(S s) {\n  return s.substr(n);\n}\nS cut(S s) {\n"
            "  return s.substr(s.find_first_not_of(' '),\n    s.find_last_not_of(' '));\n}\n"
            "S other(S s) {\n  return s;\n}\n",
            "base/text.h": "S trim(S s) {\n  return s.substr(n);\n}\n",
        }
    )
    functions = {"a/one.cc": [("trim", 1, 3), ("cut", 4, 7), ("other", 8, 10)], "base/text.h": [("trim", 1, 3)]}
    assert copies(found.sources, functions)["trim"] == [
        {"place": "src/a/one.cc:1", "function": "trim", "home": False},
        {"place": "src/a/one.cc:4", "function": "cut", "home": False},
        {"place": "src/base/text.h:1", "function": "trim", "home": True},
    ]


def test_a_name_without_the_work_is_no_copy(tree):
    bodies = {
        "trim": ["run(trim_, job);", "while (is_space(s[0])) s.remove_prefix(1);"],
        "hex": ["return hex_encode(digest);", "out += 'a' + low;"],
        r"escape \xNN": ["append_hex_escape(out, c);", r'out += "\\x";'],
        "host:port": ["return format_host_port(host, port);", "return host + ':' + port;"],
        "read a file": ["return InputFile::open(p)->read_all();", "std::ifstream file(p);"],
    }
    names = ["trim", "hex", "printable", "format_endpoint", "read_input"]
    for (family, (call, work)), name in zip(bodies.items(), names, strict=True):
        found = tree({"a/call.cc": f"S {name}() {{\n{call}\n}}\n", "a/work.cc": f"S {name}() {{\n{work}\n}}\n"})
        functions = {path: [(name, 1, 3)] for path in ("a/call.cc", "a/work.cc")}
        places = [one["place"] for one in copies(found.sources, functions)[family]]
        assert places == ["src/a/work.cc:1"], family


def test_a_text_about_one_escape_is_no_escape(tree):
    found = tree({"a/one.cc": 'S f() {\n  return "write \\\\x04";\n}\n', "a/two.cc": 'S g() {\n  return "\\\\x";\n}\n'})
    functions = {"a/one.cc": [("f", 1, 3)], "a/two.cc": [("g", 1, 3)]}
    assert [one["function"] for one in copies(found.sources, functions)[r"escape \xNN"]] == ["g"]


def test_a_mutex_without_guarded_by(tree):
    found = tree(
        {
            "a/bad.h": "class A {\n  mutable std::mutex mutex_;\n  int a_;\n};\n",
            "a/good.h": "class A {\n  std::mutex mutex_;\n  int a_ GUARDED_BY(mutex_);\n};\n",
            "a/none.cc": "void f(std::mutex& m) {\n  std::lock_guard lock(m);\n}\n",
        }
    )
    assert house.unguarded(found.sources) == ["src/a/bad.h"]


def test_percentiles_are_of_the_values_themselves():
    assert house.sizes(list(range(1, 101)), 0.5, 0.9, 0.99) == {"p50": 50, "p90": 90, "p99": 99, "max": 100, "count": 100}
    assert house.percentile([], 0.9) == 0


def test_compile_times_are_of_the_last_build(tmp_path):
    (tmp_path / "build").mkdir()
    (tmp_path / "build" / ".ninja_log").write_text(
        "# ninja log v5\n0\t9000\t0\ta/CMakeFiles/x.dir/one.cc.o\tff\n0\t2000\t0\ta/CMakeFiles/x.dir/one.cc.o\tff\n"
        "10\t1510\t0\ta/CMakeFiles/x.dir/two.cc.o\tff\n0\t4000\t0\tbin/x\tff\n"
    )
    assert house.compile_times(tmp_path) == {"sum": 3.5, "objects": 2, "slowest": ["2.0 a/one.cc.o", "1.5 a/two.cc.o"]}
