# SPDX-License-Identifier: Apache-2.0
"""The JSON schemas of egctl: what the pages show is valid, and what is wrong is not."""

import json
import re
import subprocess
import tomllib

import pytest
import yaml
from gateway import BIN, ROOT
from jsonschema import Draft202012Validator

WRONG_SPECS = sorted((ROOT / "tests" / "e2e" / "wrong_specs").glob("*.toml"))
# What a block of a page is a part of, by page and first key. None: of a configuration file, or of the settings of egctl.
PARTS = {
    ("filter-request-builder", "flow"): "Pipeline",
    ("guests", "cases"): None,
    ("guests", "parameters"): None,  # the cases of egctl wasm test: test_guest_offline.py runs them
    ("admin-access", "basic-auth"): None,
    ("admin-access", "kind"): None,
    ("backends", "pools"): "Proxy",
    ("client-address", "proxyProtocol"): "HTTPServer",
    ("cluster", "name"): None,
    ("filter-validator", "basicAuth"): "Validator",
    ("filter-validator", "headers"): "Validator",
    ("filter-validator", "jwt"): "Validator",
    ("filter-validator", "oauth2"): "Validator",
    ("filter-validator", "signature"): "Validator",
    ("limits", "clientLimits"): "HTTPServer",
    ("metrics", "scrape_configs"): None,
    ("observe", "global"): None,
    ("behind-a-balancer", "health-addr"): None,
    ("debug-a-program", "method"): None,  # a request of egctl wasm run
    ("operations", "home-dir"): None,
    ("proxy", "compression"): "Proxy",
    ("proxy", "memoryCache"): "Proxy.pools",
    ("reference-access-log", "accessLogFormat"): "HTTPServer",
    ("rules", "ipFilter"): "HTTPServer",
    ("rules", "routerKind"): "HTTPServer",
    ("tracing", "tracing"): "HTTPServer",
    ("rules", "setHeaders"): "HTTPServer.rules",
    ("wasm-host", "limit"): "WasmHost",
    ("wasm-host", "rollback"): "WasmHost",
}
# Fields that are required only as long as another one is there, or is not.
REQUIRED_BESIDE_OTHERS = {
    "http_server: no backend",
    "redirector_v2: a path without its text",
    "request_adaptor: sign without keys",
    "validator: signature without keys",
}


def egctl(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run([BIN / "egctl", *arguments], capture_output=True, text=True, timeout=120)


def schema(kind: str) -> dict:
    done = egctl("schema", kind)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    Draft202012Validator.check_schema(found)
    return found


@pytest.fixture(scope="module")
def any_object() -> Draft202012Validator:
    return Draft202012Validator(schema("object"))


def faults(validator: Draft202012Validator, document) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(document)]


def blocks():
    for page in [*sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "examples").glob("*/*.yaml"))]:
        text = page.read_text()
        found = [text] if page.suffix == ".yaml" else re.findall(r"^```yaml\n(.*?)^```", text, re.M | re.S)
        for number, block in enumerate(found):
            yield pytest.param(page.stem, block, id=f"{page.stem} {number}")


def wholes(page: str, document):
    """The objects and filters for which a block stands, with their kinds."""
    if isinstance(document, list):
        for each in document:
            yield from wholes(page, each)
        return
    kind = document.get("kind")
    if kind in ("HTTPServer", "Pipeline", "GlobalFilter", "CustomDataKind", "CustomData"):
        yield "object", document
    elif kind is not None and "name" in document:
        yield kind, document
    elif (page, next(iter(document))) in PARTS:
        place = PARTS[page, next(iter(document))]
        if place == "Proxy.pools":
            pool = {"servers": [{"url": "http://127.0.0.1"}], **document}
            yield "Proxy", {"name": "part", "kind": "Proxy", "pools": [pool]}
        elif place == "Proxy":
            pools = {"pools": [{"servers": [{"url": "http://127.0.0.1"}]}]}
            yield "Proxy", {"name": "part", "kind": "Proxy", **pools, **document}
        elif place == "WasmHost":
            yield "WasmHost", {"name": "part", "kind": "WasmHost", "code": "shop.wasm", **document}
        elif place == "Pipeline":
            filters = [{"name": "m", "kind": "Mock", "rules": [{"code": 200}]}]
            yield "object", {"name": "part", "kind": "Pipeline", "filters": filters, **document}
        elif place == "HTTPServer.rules":
            rule = {"paths": [{"pathPrefix": "/", "backend": "p", **document}]}
            yield "object", {"name": "part", "kind": "HTTPServer", "port": 80, "rules": [rule]}
        elif place == "HTTPServer":
            yield "object", {"name": "part", "kind": "HTTPServer", "port": 80, **document}
        elif place is not None:
            yield place, {"name": "part", "kind": place, **document}
    else:
        raise AssertionError(f"{page}: name in PARTS what this block is a part of: {document}")


@pytest.mark.parametrize(("page", "block"), blocks())
def test_what_a_page_shows_is_valid(any_object, page, block):
    for document in yaml.safe_load_all(block):
        for kind, whole in wholes(page, document):
            validator = any_object if kind == "object" else Draft202012Validator(schema(kind))
            assert faults(validator, whole) == []


def wrong_documents():
    for file in WRONG_SPECS:
        for spec in tomllib.loads(file.read_text())["spec"]:
            yield f"{file.stem}: {spec['name']}", spec


def test_what_is_wrong_is_not(any_object):
    """A schema knows nothing of how fields go together. It finds what a field cannot be."""
    found, passed = [], []
    for name, spec in wrong_documents():
        try:
            documents = list(yaml.safe_load_all(spec["yaml"]))
        except yaml.YAMLError:
            continue
        wrong = any(faults(any_object, document) for document in documents)
        (found if wrong else passed).append((name, spec))
    assert len(found) >= 100, f"{len(found)} found; passed: {[name for name, _ in passed]}"
    missed = {name for name, spec in passed if any(word in ("required", "is required") for word in spec["words"])}
    assert missed == REQUIRED_BESIDE_OTHERS, "a field that must be there"


def test_a_misspelt_kind_is_one_fault(any_object):
    proxy = {"name": "p", "kind": "Prxy", "pools": [{"servers": [{"url": "http://127.0.0.1"}]}]}
    for document, place in (
        ({"kind": "Pipeline", "name": "p", "filters": [proxy]}, "$.filters[0].kind"),
        ({"kind": "Pipline", "name": "p", "filters": []}, "$.kind"),
        ({"kind": "Pipeline", "name": "p", "filters": [{**proxy, "kind": "Proxy", "pool": 1}]}, "$.filters[0]"),
    ):
        (fault,) = faults(any_object, document)
        assert fault.startswith(place + ":"), fault


def test_an_empty_field_counts_as_left_out(any_object, tmp_path):
    """`data:` without a value, as `egctl validate` has it. A field that must be there must not be empty."""
    text = """
kind: Pipeline
name: p
labels:
flow:
data:
filters:
- name: proxy
  kind: Proxy
  compression:
  mirrorPool:
  pools:
  - {servers: [{url: 'http://127.0.0.1'}], loadBalance: , timeout: , filter: , failureCodes: }
---
kind: HTTPServer
name: s
port: 80
ipFilter:
rules:
- paths:
  - {pathPrefix: /, backend: p, ipFilter: , methods: }
"""
    (tmp_path / "empty.yaml").write_text(text)
    assert egctl("validate", "-f", str(tmp_path / "empty.yaml")).returncode == 0
    for document in yaml.safe_load_all(text):
        assert faults(any_object, document) == []
    assert faults(any_object, {"kind": "Pipeline", "name": "p", "filters": None})


def test_a_spec_as_the_server_gives_it_is_valid(any_object, shared_server, port):
    """With all its defaults, as `egctl get -o yaml` prints it for an editor."""
    server = shared_server
    proxy = {"name": "proxy", "kind": "Proxy", "pools": [{"servers": [{"url": "http://127.0.0.1"}]}]}
    objects = [
        {"kind": "Pipeline", "name": "p", "filters": [proxy, {"name": "m", "kind": "Mock", "rules": []}]},
        {"kind": "HTTPServer", "name": "s", "port": port, "rules": [{"paths": [{"pathPrefix": "/", "backend": "p"}]}]},
        {"kind": "GlobalFilter", "name": "g", "beforePipeline": {"filters": [{"name": "m", "kind": "Mock", "rules": []}]}},
    ]
    server.apply(*objects)
    for name in ("p", "s", "g"):
        assert faults(any_object, server.get_json(f"/apis/v2/objects/{name}")) == []


def test_all_schemas_in_a_folder(tmp_path):
    done = egctl("schema", "--all", str(tmp_path / "schemas"))
    assert done.returncode == 0, done.stderr
    files = {file.stem: json.loads(file.read_text()) for file in (tmp_path / "schemas").iterdir()}
    for kind in ("object", "HTTPServer", "Pipeline", "GlobalFilter", "WasmHost", "Retry", "CircuitBreaker"):
        assert kind in files
    assert len({each["$id"] for each in files.values()}) == len(files), "an id for each"
    for each in files.values():
        Draft202012Validator.check_schema(each)
    yaml_text = egctl("schema", "Pipeline", "-o", "yaml").stdout
    assert yaml.safe_load(yaml_text) == files["Pipeline"]


def test_wrong_use():
    assert egctl("schema").returncode != 0
    assert egctl("schema", "Pipeline", "--all", "x").returncode != 0
    done = egctl("schema", "Pipelin")
    assert done.returncode != 0 and 'did you mean "Pipeline"?' in done.stderr
