# SPDX-License-Identifier: Apache-2.0
"""`egctl wasm new`: in each language, a project that builds and passes its own test."""

import json
import os
import re
import shutil
import subprocess

import pytest

from gateway import BIN, ROOT
from language_guests import BUILD_SECONDS_MAX, BY_NAME, CACHE, COMPONENTIZE, COMPONENTIZE_VERSION, KOTLIN, KOTLIN_VERSION, ZIG, ZIG_VERSION

LANGUAGES = ["assemblyscript", "c", "cpp", "go", "javascript", "kotlin", "lua", "python", "rust", "zig"]


def egctl(*arguments, cwd=None) -> subprocess.CompletedProcess:
    return subprocess.run([BIN / "egctl", *arguments], capture_output=True, text=True, timeout=60, cwd=cwd)


def make(folder, language: str, *arguments: str) -> subprocess.CompletedProcess:
    environment = BY_NAME[language].environment if language in BY_NAME else {}
    variables = [f"EGCTL={BIN / 'egctl'}", f"ZIG={ZIG}", f"COMPONENTIZE={COMPONENTIZE}", f"KOTLIN={KOTLIN}", *(["CARGO=/usr/bin/cargo"] if language == "rust" else [])]
    return subprocess.run(
        ["make", *variables, *arguments],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=BUILD_SECONDS_MAX,
        env={**os.environ, "ZIG_GLOBAL_CACHE_DIR": str(CACHE / "zig-cache"), **environment},
    )


def program_of(folder) -> str:
    return re.search(r"wasm upload (\S+) ", (folder / "README.md").read_text()).group(1)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_project_builds_and_passes_its_test(tmp_path, language):
    tool = "npm" if language == "assemblyscript" else None
    if why := BY_NAME[language].missing() if language in BY_NAME else None if shutil.which(tool) else f"no {tool}":
        pytest.skip(why)
    made = egctl("wasm", "new", "--lang", language, "my-sale", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    folder = tmp_path / "my-sale"
    done = make(folder, language, "test")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 of 4 cases passed" in done.stdout
    # The commands of its README, but for those that want a server.
    readme = (folder / "README.md").read_text()
    block = re.search(r"```sh\n(.*?)```", readme, re.DOTALL).group(1)
    assert [line.split("#")[0].strip() for line in block.splitlines()][:2] == ["make", "make test"]
    commands = [re.split(r"\s+#", line)[0] for line in block.splitlines()]
    assert commands[2:] == ["egctl apply -f pipeline.yaml", f"egctl wasm upload {program_of(folder)} my-sale wasm"]
    texts = [path.read_text() for path in folder.iterdir() if path.suffix in (".md", ".yaml", ".toml", ".mod", "") and path.is_file()]
    assert not re.search("@[A-Z]+@", "".join(texts))
    # A gateway would take its pipeline, from wherever one calls egctl. The program knows its parameters.
    checked = egctl("validate", "-f", folder / "pipeline.yaml", cwd=tmp_path)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    for words, refused in (("startTime is missing", "startTme=2021-08-08T00:00:00Z"), ("is no time", "startTime=08.08.2021")):
        ran = egctl("wasm", "run", folder / program_of(folder), "-p", refused, "-p", "maxPermission=1", cwd=tmp_path)
        assert ran.returncode == 1 and words in ran.stderr, ran.stdout + ran.stderr
    # The test of the project can fail.
    cases = folder / "cases.yaml"
    cases.write_text(cases.read_text().replace("sold out.", "sold in."))
    assert make(folder, language, "test").returncode != 0


def test_a_project_in_assemblyscript_is_no_package(tmp_path):
    assert egctl("wasm", "new", "--lang", "assemblyscript", "my-sale", cwd=tmp_path).returncode == 0
    made = json.loads((tmp_path / "my-sale" / "package.json").read_text())
    assert made["name"] == "my-sale" and made["private"] is True
    assert "files" not in made
    assert "flash-sale" not in (tmp_path / "my-sale" / "package-lock.json").read_text()


@pytest.mark.parametrize(
    ("language", "variable", "words"),
    [
        ("python", "COMPONENTIZE", "pip install componentize-py=="),
        ("c", "ZIG", "pip install ziglang=="),
        ("cpp", "ZIG", "pip install ziglang=="),
        ("zig", "ZIG", "pip install ziglang=="),
        ("go", "GO", "Go 1.24 or later"),
        ("rust", "CARGO", "rustup target add"),
    ],
)
def test_make_says_which_tool_is_missing(tmp_path, language, variable, words):
    egctl("wasm", "new", "--lang", language, tmp_path / "sale")
    done = subprocess.run(["make", f"{variable}=/no/such/tool"], cwd=tmp_path / "sale", capture_output=True, text=True, timeout=60)
    assert done.returncode != 0 and words in done.stderr, done.stderr


def test_a_python_program_without_run(tmp_path):
    if why := BY_NAME["python"].missing():
        pytest.skip(why)
    egctl("wasm", "new", "--lang", "python", tmp_path / "sale")
    program = tmp_path / "sale" / "program.py"
    text = program.read_text()
    program.write_text(text.replace("def run()", "def runn()"))
    done = make(tmp_path / "sale", "python")
    assert done.returncode != 0 and "program.py has no function run: write def run():" in done.stdout + done.stderr
    program.write_text(text.replace("def run():", "def run():\n    import decimal"))
    assert make(tmp_path / "sale", "python").returncode == 0
    ran = egctl("wasm", "run", tmp_path / "sale" / "program.wasm", "-p", "startTime=2021-08-08T00:00:00Z", "-p", "maxPermission=1")
    assert "No module named 'decimal' (import at the top of program.py" in ran.stdout, ran.stdout


def test_an_exception_in_assemblyscript_has_its_reason(tmp_path):
    if shutil.which("npm") is None:
        pytest.skip("no npm")
    egctl("wasm", "new", "--lang", "assemblyscript", tmp_path / "sale")
    program = tmp_path / "sale" / "assembly" / "index.ts"
    program.write_text(program.read_text().replace("run(): i32 {", 'run(): i32 {\n\t\tif (rand() >= 0) throw new Error("no such user")'))
    assert make(tmp_path / "sale", "assemblyscript").returncode == 0
    ran = egctl("wasm", "run", tmp_path / "sale" / "build" / "optimized.wasm", "-p", "startTime=2021-08-08T00:00:00Z", "-p", "maxPermission=1")
    assert "trap: abort: no such user in assembly/index.ts(" in ran.stdout, ran.stdout


def test_a_language_that_is_misspelled(tmp_path):
    for typed, meant in (("js", "javascript"), ("pythn", "python")):
        refused = egctl("wasm", "new", "--lang", typed, "my-sale", cwd=tmp_path)
        assert refused.returncode == 2 and f'did you mean "{meant}"?' in refused.stderr, refused.stderr


def test_versions_are_those_of_the_pages(tmp_path):
    for language in ("c", "cpp", "zig"):
        egctl("wasm", "new", "--lang", language, tmp_path / language)
        assert f"ziglang=={ZIG_VERSION}" in (tmp_path / language / "README.md").read_text()
        assert f"ziglang=={ZIG_VERSION}" in (ROOT / "sdk" / language / "README.md").read_text()
    egctl("wasm", "new", "--lang", "python", tmp_path / "python")
    for readme in (tmp_path / "python" / "README.md", ROOT / "sdk" / "python" / "README.md"):
        assert f"componentize-py=={COMPONENTIZE_VERSION}" in readme.read_text()
    assert f"Kotlin {KOTLIN_VERSION}" in (ROOT / "sdk" / "kotlin" / "README.md").read_text()


def test_what_is_there_stays(tmp_path):
    folder = tmp_path / "sale"
    folder.mkdir()
    assert egctl("wasm", "new", "--lang", "lua", folder).returncode == 0, "an empty folder is no matter"
    before = {path: path.read_bytes() for path in folder.iterdir()}
    again = egctl("wasm", "new", "--lang", "c", folder)
    assert again.returncode == 5 and "is there already" in again.stderr
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize("name", ["Sale", "1sale", "sa le", "..", "sale.x"])
def test_names_that_no_toolchain_takes(tmp_path, name):
    done = egctl("wasm", "new", "--lang", "lua", tmp_path / name)
    assert done.returncode == 2 and "no name of a project" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_languages_are_listed_and_completed():
    done = egctl("wasm", "new", "--lang", "cobol", "sale")
    assert done.returncode == 2 and ", ".join(LANGUAGES) in done.stderr
    shown = egctl("wasm", "new", "--help").stdout
    assert all(language in shown for language in LANGUAGES)
    words = egctl("__complete", "--", "wasm", "new", "--lang", "").stdout.split()
    assert words == LANGUAGES
