# SPDX-License-Identifier: Apache-2.0
"""The npm packages, as a user has them: in folders outside of the tree, and without a word about its paths."""

import json
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest
import yaml

from gateway import BIN, ROOT

SDK = ROOT / "sdk" / "assemblyscript"
EXAMPLE = ROOT / "examples" / "flash-sale"
CASES = yaml.safe_load((ROOT / "src" / "egctl" / "new" / "cases.yaml").read_text())
# The example is the program of the cookbook, to which a visitor without a name is a user like any other.
CASES["cases"] = [case for case in CASES["cases"] if case["name"] != "nobody without a name"]
COMPILER = json.loads((SDK / "package.json").read_text())["devDependencies"]["assemblyscript"]
ASC = ("npx", "--no-install", "asc")
PROGRAM = """
export * from '@sluice/assemblyscript-sdk/easegress/proxy'

import { Program, request, response, cluster, registerProgramFactory } from '@sluice/assemblyscript-sdk/easegress'

class Counter extends Program {
	constructor(params: Map<string, string>) {
		super(params)
	}

	run(): i32 {
		cluster.addInteger("visits", 1)
		response.setBody(String.UTF8.encode(request.getMethod() + " " + cluster.getInteger("visits").toString()))
		return 4
	}
}

registerProgramFactory((params: Map<string, string>) => {
	return new Counter(params)
})
"""
COUNTED = """
cases:
- name: counts
  steps:
  - when: {url: /}
    then: {result: wasmResult4, body: GET 1}
  - when: {url: /, method: POST}
    then: {result: wasmResult4, body: POST 2, data: {visits: "2"}}
"""


def run(*command: str | Path, cwd: Path) -> str:
    done = subprocess.run(command, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, f"{command}:\n{done.stdout}{done.stderr}"
    return done.stdout


def passes(program: Path, text: str = yaml.safe_dump(CASES)) -> None:
    cases = program.with_suffix(".yaml")
    cases.write_text(text)
    run(BIN / "egctl", "wasm", "test", program, "--cases", cases, cwd=program.parent)


def contents(tarball: Path) -> set[str]:
    with tarfile.open(tarball) as archive:
        return {name.removeprefix("package/") for name in archive.getnames()}


@pytest.fixture(scope="module")
def packed(tmp_path_factory) -> dict[str, Path]:
    """Name of the package -> tarball, as `npm pack` in its folder makes it."""
    if not shutil.which("npm"):
        pytest.skip("no npm")
    made = {}
    for folder in (SDK, EXAMPLE):
        out = tmp_path_factory.mktemp("packed")
        said = run("npm", "pack", "--silent", "--pack-destination", out, cwd=folder)
        made[json.loads((folder / "package.json").read_text())["name"]] = out / said.strip()
    return made


@pytest.fixture
def folder(tmp_path, packed) -> Path:
    """An empty folder where both packages are installed by the names of their files, and the compiler."""
    for tarball in packed.values():
        shutil.copy(tarball, tmp_path)
    run("npm", "init", "-y", cwd=tmp_path)
    tarballs = [f"./{tarball.name}" for tarball in packed.values()]
    run("npm", "install", "--save-dev", "--no-audit", "--no-fund", f"assemblyscript@{COMPILER}", *tarballs, cwd=tmp_path)
    return tmp_path


def test_tarballs_hold_what_a_user_needs_and_nothing_else(packed):
    sources = {f"easegress/{path.name}" for path in (SDK / "easegress").iterdir()}
    about = {"package.json", "README.md", "LICENSE"}
    assert contents(packed["@sluice/assemblyscript-sdk"]) == about | sources
    programs = {f"assembly/{path.name}" for path in (EXAMPLE / "assembly").iterdir()}
    beside = {f"sluice/{name}" for name in sources | {"package.json"}}
    configuration = {"asconfig.json", "tsconfig.json", "build.mjs", "pipeline.yaml", "http-server.yaml"}
    assert contents(packed["@sluice/flash-sale"]) == about | programs | beside | configuration


def test_a_program_imports_the_sdk_by_name(folder):
    (folder / "counter.ts").write_text(PROGRAM)
    run(*ASC, "counter.ts", "-o", "counter.wasm", "-O3", "--use", "abort=", cwd=folder)
    passes(folder / "counter.wasm", COUNTED)


def test_the_flash_sale_of_the_package_compiles_with_the_installed_sdk(folder):
    source = "node_modules/@sluice/flash-sale/assembly/index.ts"
    run(*ASC, source, "-o", "sale.wasm", "-O3", "--use", "abort=", cwd=folder)
    passes(folder / "sale.wasm")


def test_the_types_of_the_sdk_are_found(folder):
    """As an editor and Node.js look for them."""
    ask = "console.log(import.meta.resolve('@sluice/assemblyscript-sdk/easegress'))"
    found = run("node", "--input-type=module", "-e", ask, cwd=folder).strip()
    assert found.endswith("/node_modules/@sluice/assemblyscript-sdk/easegress/index.ts")
    assert Path(found.removeprefix("file://")).exists()


def builds(folder: Path, *install: str) -> None:
    run("npm", *install, "--no-audit", "--no-fund", cwd=folder)
    run("npm", "run", "--silent", "asbuild", cwd=folder)
    run("npm", "run", "--silent", "steps", cwd=folder)
    passes(folder / "build" / "optimized.wasm")
    passes(folder / "build" / "step6.wasm")


def test_the_package_of_the_flash_sale_is_a_project(packed, tmp_path):
    with tarfile.open(packed["@sluice/flash-sale"]) as archive:
        archive.extractall(tmp_path)
    builds(tmp_path / "package", "install")


def test_a_copy_of_the_example_builds_elsewhere(tmp_path):
    tracked = run("git", "ls-files", "--cached", "--others", "--exclude-standard", ".", cwd=EXAMPLE).split()
    for name in tracked:
        target = tmp_path / "elsewhere" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(EXAMPLE / name, target)
    builds(tmp_path / "elsewhere", "ci")
