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
    assert "3 of 3 cases passed" in done.stdout
    # The three commands of its README, but for the one that wants a server.
    readme = (folder / "README.md").read_text()
    block = re.search(r"```sh\n(.*?)```", readme, re.DOTALL).group(1)
    assert [line.split("#")[0].strip() for line in block.splitlines()][:2] == ["make", "make test"]
    assert len(block.splitlines()) == 3 and "@" not in "".join(
        path.read_text() for path in folder.iterdir() if path.suffix in (".md", ".yaml", ".toml", ".mod", "")
        and path.is_file()
    ).replace("$@", "")  # fmt: skip
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
