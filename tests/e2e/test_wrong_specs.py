# SPDX-License-Identifier: Apache-2.0
"""Specs that are refused: tests/e2e/wrong_specs has a file for each part, and in it a row for each spec.

    [[spec]]
    name = "no port"                        # unique in the file
    yaml = '''{kind: HTTPServer, name: s}'''  # one document or several
    words = ["port", "required"]            # texts of the error; the first is the path of a line
    causes = 1                              # the number of mistakes, which is that of lines; default: 1
    path = "/customdatakinds"               # the path of a document that is no object, below /apis/v2

Every way to check a spec says the same.
"""

import json
import tomllib
from pathlib import Path

import pytest

FILES = sorted((Path(__file__).parent / "wrong_specs").glob("*.toml"))


def rows():
    for file in FILES:
        specs = tomllib.loads(file.read_text())["spec"]
        names = [spec["name"] for spec in specs]
        assert len(set(names)) == len(names), f"{file.name}: a name twice"
        for spec in specs:
            yield pytest.param(spec, id=f"{file.stem}: {spec['name']}")


def state(server) -> tuple:
    return server.get_json("/apis/v2/objects"), server.get_json("/apis/v2/customdatakinds"), server.config_version()


def lines_of(server, target: str, text: str) -> list[str]:
    """The lines of the refusal of a POST."""
    status, _, body = server.request("POST", f"/apis/v2{target}", text.encode())
    assert status == 400, f"{status} {body}"
    answer = json.loads(body)
    return answer.get("errors") or [answer["message"]]


@pytest.fixture(scope="module")
def can_validate(shared_server) -> bool:
    return any(line.split()[:1] == ["validate"] for line in shared_server.egctl("--help").stdout.splitlines())


@pytest.mark.parametrize("spec", rows())
def test_is_refused(shared_server, can_validate, spec):
    server, text = shared_server, spec["yaml"]
    before = state(server)
    lines = lines_of(server, spec.get("path", "/objects") + "?mode=apply", text)
    assert state(server) == before, "nothing has changed"
    assert len(lines) == spec.get("causes", 1), f"one line for each cause: {lines}"
    for word in spec["words"]:
        assert word in "\n".join(lines), lines
    path = spec["words"][0]
    assert any(line.removeprefix("document 2, ").startswith(path) for line in lines), f"the path of a line: {lines}"
    if "path" not in spec:
        assert lines_of(server, "/objects?mode=apply&dry-run=true", text) == lines

    done = server.egctl("apply", "-f", "-", input=text, check=False)
    assert done.returncode == 1 and done.stdout == "", done.stdout + done.stderr
    assert done.stderr.startswith("Error: ")
    assert state(server) == before
    if can_validate and "path" not in spec:
        validated = server.egctl("validate", "-f", "-", input=text, check=False)
        assert validated.returncode == 1, validated.stdout + validated.stderr
        for line in lines:
            assert line in validated.stdout + validated.stderr, "the same words"
