# SPDX-License-Identifier: Apache-2.0
"""The lists of faults (tests/mutants/) and canaries (tests/canaries/) fit the tree, and tools/mutants.py reads and counts its own as it says."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))

import canaries  # noqa: E402
import mutants  # noqa: E402

FAULTS_MIN = 160


def test_every_entry_applies():
    """One that does not: look for what the line has become, and change `find` and `replace`; if the place is gone,
    remove the entry."""
    found = mutants.check()
    assert not found, "\n" + "\n".join(found)


def test_every_canary_applies():
    """As above."""
    found = canaries.check()
    assert not found, "\n" + "\n".join(found)


def test_there_are_enough_over_all_folders_and_kinds():
    entries = mutants.load()
    assert len(entries) >= FAULTS_MIN
    folders = {path.relative_to(ROOT / "src").parts[0] for path in (ROOT / "src").rglob("*.cc")}
    assert folders - {Path(entry.file).parts[1] for entry in entries} == set()
    assert set(mutants.KINDS) - {entry.kind for entry in entries} == set()


# --- The script itself ----------------------------------------------------------------------------


@pytest.fixture
def tree(tmp_path):
    def write(entry: str, source: str = "int a = 1;\nint b = 1;\n") -> Path:
        for name, text in {
            "src/one/x.cc": source,
            "src/one/CMakeLists.txt": "sluice_module(one\n  SOURCES x.cc\n  TESTS x_test.cc)\n",
            "src/two/y.cc": source,
            "src/two/CMakeLists.txt": "sluice_module(two SOURCES y.cc)\n",
            "tests/e2e/test_a.py": "def test_one_thing():\n    pass\n",
            "tests/mutants/one.toml": entry,
        }.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        return tmp_path

    return write


GOOD = '[[mutant]]\nid = "a"\nkind = "limit"\nfile = "src/one/x.cc"\nfind = "int a = 1"\nreplace = "int a = 2"\n'


def test_an_entry_is_read_and_applied(tree):
    root = tree(GOOD)
    assert mutants.check(root) == []
    (entry,) = mutants.load(root)
    assert entry.unit == ("sluice_one_test",)
    assert entry.apply((root / entry.file).read_text()) == "int a = 2;\nint b = 1;\n"


@pytest.mark.parametrize(
    ("before", "after", "fault"),
    [
        ("int a = 1", "= 1", "stands 2 times"),
        ("int a = 1", "int c = 1", "stands 0 times"),
        ("int a = 2", "int a = 1", "are the same"),
        ("one/x.cc", "one/z.cc", "is not there"),
        ("limit", "odd", "kind odd is none of"),
        ("one/x.cc", "two/y.cc", "no test is named"),
        ('= 2"', '= 2"\nalso = ["tests/e2e/test_b.py"]', "test_b.py is not there"),
        ('= 2"', '= 2"\nalso = ["tests/e2e/test_a.py -k two"]', "no test is named like two"),
        ('= 2"', '= 2"\nunit = ["sluice_two_test"]', "no test program sluice_two_test"),
    ],
)
def test_an_entry_that_does_not_fit_is_named(tree, before, after, fault):
    (found,) = mutants.check(tree(GOOD.replace(before, after)))
    assert found.startswith("a: ")
    assert fault in found


def test_two_entries_of_one_name_are_named(tree):
    assert mutants.check(tree(GOOD + GOOD)) == ["a: the id is used twice"]


def test_below_the_wanted_share_it_fails(tree, capsys):
    one, two = GOOD, GOOD.replace('"a"', '"b"')
    alike = GOOD.replace('"a"', '"c"') + 'equivalent = "b is never read"\n'
    entries = mutants.load(tree(one + two + alike))
    caught = {"state": "caught", "by": "unit", "test": "X.Y", "key": mutants.key_of(entries[0])}
    assert mutants.summary(entries, {"mutants": {"a": caught, "b": caught}}) == 0
    assert mutants.summary(entries, {"mutants": {"a": caught, "b": caught | {"state": "survived"}}}) == 1
    assert mutants.summary(entries, {"mutants": {"a": caught}}) == 1
    shown = capsys.readouterr().out
    assert "caught    2 (100.0 %): 2 by unit tests" in shown
    assert "equivalent c: b is never read" in shown


def test_a_result_is_of_the_entry_as_it_was(tree):
    (entry,) = mutants.load(tree(GOOD))
    results = {"mutants": {"a": {"state": "caught", "by": "unit", "test": "X.Y", "key": mutants.key_of(entry)}}}
    assert not mutants.is_due(entry, results, "", False)
    assert mutants.is_due(entry, results, "caught", False)
    (changed,) = mutants.load(tree(GOOD.replace("= 2", "= 3")))
    assert mutants.is_due(changed, results, "", False)


def test_what_failed_is_named():
    output = "[ RUN      ] A.One\n[       OK ] A.One (0 ms)\n[ RUN      ] A.Two\n"
    assert mutants.gtest_name(output, None) == "A.Two hangs"
    assert mutants.gtest_name(output, -11) == "A.Two ends with status -11"
    assert mutants.gtest_name(output + "[  FAILED  ] A.Two (1 ms)\n", 1) == "A.Two"
