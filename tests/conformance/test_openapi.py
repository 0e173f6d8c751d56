# SPDX-License-Identifier: Apache-2.0
"""schemathesis makes calls out of the OpenAPI document, of valid and of invalid data, and holds the answers against
it: no 5xx, no status, content type, header or body that the document lacks. tools/install.sh test installs it."""

import copy
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from gateway import BIN, ROOT, Server, free_port, http_server, mock, pipeline, wasm

REQUIREMENTS = Path(__file__).with_name("schemathesis.txt")
VERSION = re.search(r"^schemathesis==(\S+)", REQUIREMENTS.read_text(), re.M)[1]
CACHE_HOME = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
CACHE = Path(os.environ.get("SLUICE_CACHE_DIR", CACHE_HOME / "sluice"))
FOLDER = CACHE / f"schemathesis-{VERSION}"

SCRIPT = 'export function run() { cluster.putString("key", "value"); return 0; }'
LEFT_OUT = {
    "/live": "a stream without an end",
    "/profile/start/cpu": "a profile stops the process at every tick",
    "/profile/start/memory": "likewise",
    "/profile/stop": "likewise",
    "/versions/{version}/undo": "it takes away the objects of the other calls; test_object_versions has it",
    "/backup": "a restoration replaces everything; test_backup has whole files",
    "/wasm/data/{pipeline}/{filter}/import": "schemathesis makes no JSON lines; test_data has whole files",
}
# The filters of pipelines that are made up: the others look up names, call backends, or fetch code.
HARMLESS = ("Mock", "Fallback", "ResultBuilder", "HeaderToJSON", "ResponseAdaptor")

# Names that there are, so that not every call ends with 404.
CONFIGURATION = """
[dictionaries]
name = {values = ["hello", "secret", "http-server", "guest", "users"]}
kind = {values = ["users", "Proxy", "Pipeline", "pipeline", "Retry"]}
pipeline = {values = ["guest"]}
filter = {values = ["wasm"]}
id = {values = ["ann"]}

[parameters]
"path.name" = {dictionary = "name", probability = 0.6}
"path.kind" = {dictionary = "kind", probability = 0.6}
"path.pipeline" = {dictionary = "pipeline", probability = 0.8}
"path.filter" = {dictionary = "filter", probability = 0.8}
"path.id" = {dictionary = "id", probability = 0.6}
"""
OF_CHANGES = """
# A schema cannot say everything: that a flow names filters that there are, that an item fits its kind.
[checks.positive_data_acceptance]
enabled = false

# A body is YAML, in which `name: 5` is a text as well.
[[operations]]
include-path-regex = "^/(objects|customdata)"
include-method = ["POST", "PUT"]
checks = {negative_data_rejection = {enabled = false}}
"""

installed = pytest.mark.skipif(not FOLDER.is_dir(), reason="no schemathesis: tools/install.sh test installs it")


@pytest.fixture
def server(tmp_path):
    instance = Server(tmp_path / "home", "--profiling").start()
    instance.apply(
        pipeline("hello", mock("hello")),
        pipeline("secret", {"name": "jwt", "kind": "Validator", "jwt": {"algorithm": "HS256", "secret": "313233"}}),
        pipeline("guest", wasm("builtin:javascript", script=SCRIPT)),
        http_server(free_port(), {"path": "/", "backend": "hello"}),
    )
    for path, body in (
        ("/customdatakinds", "name: users"),
        ("/customdata/users", "{name: ann, age: 30}"),
        ("/wasm/data/guest/wasm", '{"key": "value"}'),
    ):
        method = "PUT" if path.startswith("/wasm") else "POST"
        assert instance.request(method, "/apis/v2" + path, body)[0] < 300, path
    yield instance
    instance.stop()


def operations(document: dict):
    for methods in document["paths"].values():
        yield from methods.values()


def harmless(document: dict) -> dict:
    """The document without what would go on for ever, or call others."""
    document = copy.deepcopy(document)
    schemas = document["components"]["schemas"]
    schemas["HarmlessPipeline"] = copy.deepcopy(schemas["Pipeline"])
    schemas["HarmlessPipeline"]["properties"]["filters"]["items"] = {
        "oneOf": [{"$ref": f"#/components/schemas/{kind}"} for kind in HARMLESS]
    }
    for operation in operations(document):
        # /logs?follow has no end.
        operation["parameters"] = [one for one in operation.get("parameters", []) if one["name"] != "follow"]
        for content in operation.get("requestBody", {}).get("content", {}).values():
            if content.get("schema") == {"$ref": "#/components/schemas/Object"}:
                content["schema"] = {"$ref": "#/components/schemas/HarmlessPipeline"}
    return document


def run(server, folder: Path, configuration: str, *options: str) -> None:
    (folder / "document.json").write_text(json.dumps(harmless(server.get_json("/apis/v2/openapi"))))
    (folder / "schemathesis.toml").write_text(configuration)
    command = [sys.executable, "-m", "schemathesis.cli", "run", "document.json"]
    command += ["--url", f"http://{server.api}/apis/v2", "--phases", "coverage,fuzzing", "--max-examples", "10"]
    command += [word for path in LEFT_OUT for word in ("--exclude-path", path)]
    command += ["--generation-deterministic", "--continue-on-failure", "--no-color", "--warnings", "off", *options]
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(FOLDER), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2_000:]
    assert server.request("GET", "/apis/v2/healthz")[0] == 200


@installed
def test_reads(server, tmp_path):
    run(server, tmp_path, CONFIGURATION, "--include-method", "GET")


@installed
def test_changes(server, tmp_path):
    run(server, tmp_path, CONFIGURATION + OF_CHANGES, "--exclude-method", "GET")


def test_the_page_is_that_of_the_document():
    environment = {**os.environ, "SLUICE_BIN_DIR": str(BIN)}
    done = subprocess.run(
        [ROOT / "tools" / "rest_reference.py", "--check"], capture_output=True, text=True, env=environment, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr + "run tools/rest_reference.py"
