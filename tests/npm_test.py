# SPDX-License-Identifier: Apache-2.0
"""The npm packages say the same as the tree: the version, the licence, and the SDK that lies beside the flash sale."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SDK = ROOT / "sdk" / "assemblyscript"
EXAMPLE = ROOT / "examples" / "flash-sale"
BESIDE = EXAMPLE / "sluice"  # so that a copy of the example builds anywhere


def package(folder: Path) -> dict:
    return json.loads((folder / "package.json").read_text())


@pytest.mark.parametrize("folder", [SDK, EXAMPLE, BESIDE], ids=lambda path: path.name)
def test_the_version_is_that_of_the_project(folder):
    version = re.search(r"^project\(sluice VERSION ([\d.]+)", (ROOT / "CMakeLists.txt").read_text(), re.MULTILINE)[1]
    assert package(folder)["version"] == version


@pytest.mark.parametrize("folder", [SDK, EXAMPLE], ids=lambda path: path.name)
def test_the_licence_is_that_of_the_project(folder):
    assert (folder / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()
    assert package(folder)["license"] == "Apache-2.0"


def test_the_sdk_beside_the_flash_sale_is_the_sdk():
    sources = {path.name: path.read_text() for path in (SDK / "easegress").iterdir()}
    copies = {path.name: path.read_text() for path in (BESIDE / "easegress").iterdir()}
    assert copies == sources, "cp sdk/assemblyscript/easegress/*.ts examples/flash-sale/sluice/easegress/"
    assert [path.name for path in sorted(BESIDE.iterdir())] == ["easegress", "package.json"]
    for name in ("name", "version", "license", "type", "ascMain", "types"):
        assert package(BESIDE)[name] == package(SDK)[name]


def test_the_flash_sale_and_the_sdk_are_compiled_by_one_version():
    assert package(EXAMPLE)["devDependencies"]["assemblyscript"] == package(SDK)["devDependencies"]["assemblyscript"]
