# SPDX-License-Identifier: Apache-2.0
"""The documents: which are accepted, with which warnings, and what the others are told.

A row of facts.toml has the number of the document, its notes (shapes.py) and an outcome:

    accepted      it is applied, and `warnings` are all that is said
    left out      it needs a kind or field that Sluice does not have, or not yet; `says` has the reasons and the advice
    wrong         Easegress refuses it, too; `says` has the reasons
"""

import json
import re
from collections import Counter
from collections.abc import Iterator

import pytest

from certificates import self_signed
from facts import FACTS
from gateway import documents, free_port
from guests import compiled_guests
from shapes import VALUES, Builder, read

ROWS = FACTS["document"]
# The figures that the project promises: they may rise.
ACCEPTED_MIN = 178

# Kinds, and the number of documents that need them.
KINDS = {
    "RequestBuilder": 27, "Validator": 24, "RequestAdaptor": 14, "ResponseBuilder": 11, "Redirector": 6,
    "ResultBuilder": 5, "DataBuilder": 1, "ResponseAdaptor": 5, "WebSocketProxy": 5, "RateLimiter": 4,
    "RedirectorV2": 3, "HTTPPipeline": 3, "GlobalFilter": 2, "Fallback": 2, "HeaderToJSON": 1, "RemoteFilter": 2,
    "HeaderLookup": 2, "CORSAdaptor": 1, "FileServer": 1, "CustomDataKind": 1, "CustomData": 1, "CertExtractor": 1,
    "WAFController": 9, "WAF": 1, "AIGatewayController": 5, "AIGatewayProxy": 5, "AutoCertManager": 5,
    "IngressController": 5, "MeshController": 1, "MQTTProxy": 1, "GRPCProxy": 2, "GRPCServer": 1, "OIDCAdaptor": 2,
    "FaaSController": 2, "SimpleHTTPProxy": 2, "Kafka": 1, "OPAFilter": 1, "EaseMonitorMetrics": 1,
}  # fmt: skip


def kinds_of(row: dict) -> set[str]:
    found = set()
    for note in row["shapes"]:
        top = read(note)
        found.add(top.name)
        found |= {each.name.removesuffix("-nameless") for field in top.below for each in field.below if field.name == "filters"}
        found |= {f.name for side in top.below for part in side.below if part.name == "filters" for f in part.below}
    return found


def test_the_facts_are_whole():
    numbers = [row["number"] for row in ROWS]
    assert len(numbers) == len(set(numbers)) == 248
    counts = Counter(kind for row in ROWS for kind in kinds_of(row))
    assert {kind: counts[kind] for kind in KINDS} == KINDS
    outcomes = Counter(row["outcome"] for row in ROWS)
    assert set(outcomes) <= {"accepted", "left out", "wrong"} and outcomes["accepted"] >= ACCEPTED_MIN
    assert outcomes["wrong"] == 15


@pytest.fixture(scope="module")
def own(tmp_path_factory) -> dict:
    pair = self_signed(tmp_path_factory.mktemp("own"), "DNS:shop.example")
    return {
        "code": str(compiled_guests() / "step1.wasm"),
        **{"caCertBase64": pair.cert64, "certBase64": pair.cert64, "certs": pair.cert64},
        **{"keyBase64": pair.key64, "keys": pair.key64},
        "free port": free_port,
    }


def apply(server, text: str, query: str = "") -> tuple[int, list | dict]:
    status, _, body = server.request("POST", f"/apis/v2/objects?mode=apply{query}", text)
    return status, json.loads(body)


def apply_custom(server, document: dict) -> tuple[int, list | dict]:
    """Custom data, which has paths of its own; it needs its kind."""
    name, text = document["name"], json.dumps(document)
    if document["kind"] == "CustomDataKind":
        status, _, body = server.request("POST", "/apis/v2/customdatakinds", text)
        done = (status // 100 * 100, json.loads(body))
    else:
        server.request("POST", "/apis/v2/customdatakinds", json.dumps({"name": name}))
        status, _, body = server.request("POST", f"/apis/v2/customdata/{name}/items", text)
        done = (status, [json.loads(body)])
    server.request("DELETE", f"/apis/v2/customdatakinds/{name}")
    return done


def without_places(line: str) -> str:
    """An index, and a key that the document chooses, differ from the fact."""
    return re.sub(r"X-Key-\d+", "KEY", re.sub(r"\[\d+\]", "[]", line))


def said(status: int, answer: list | dict) -> list[str]:
    """The lines of a refusal, or the warnings of what is applied; each once."""
    if status == 200:
        lines = [line for each in answer for line in each.get("warnings", [])]
    else:
        lines = answer.get("errors") or [answer["message"]]
    return sorted({without_places(re.sub(r"^document \d+, ", "", line)) for line in lines})


def is_custom_data(row: dict) -> bool:
    return any(note.startswith("CustomData") for note in row["shapes"])


@pytest.mark.parametrize("row", [row for row in ROWS if is_custom_data(row)], ids=lambda row: f"{row['number']:03}")
def test_custom_data(server, own, row):
    """They are no objects, and egctl knows where they go. Items need their kind."""
    [data] = [Builder(f"compat-{row['number']}", own).build(note) for note in row["shapes"]]
    kind = {"kind": "CustomDataKind", "name": data["name"], "idField": "name"}
    done = server.egctl("apply", "-f", "-", input=documents(*([kind] if data["kind"] == "CustomData" else []), data))
    assert row["outcome"] == "accepted" and done.stderr == ""
    server.egctl("delete", "customdatakind", data["name"])


@pytest.fixture(scope="module")
def steps(server) -> Iterator[None]:
    """The pipeline and the kind of custom data that the documents name."""
    pipeline = {"kind": "Pipeline", "name": VALUES["backend"], "filters": [{"name": "page", "kind": "Mock"}]}
    assert apply(server, documents(pipeline))[0] == 200
    assert server.request("POST", "/apis/v2/customdatakinds", json.dumps({"name": VALUES["etcdPrefix"]}))[0] == 201
    yield
    server.request("DELETE", f"/apis/v2/customdatakinds/{VALUES['etcdPrefix']}")
    server.request("DELETE", f"/apis/v2/objects/{VALUES['backend']}")


@pytest.mark.usefixtures("steps")
@pytest.mark.parametrize("row", [row for row in ROWS if not is_custom_data(row)], ids=lambda row: f"{row['number']:03}")
def test_a_document(server, own, row):
    objects = [Builder(f"compat-{row['number']}-{n}", own).build(note) for n, note in enumerate(row["shapes"])]
    if objects[0]["kind"].startswith("CustomData"):
        status, answer = apply_custom(server, objects[0])
        assert (status, said(status, answer), row["outcome"]) == (200, [], "accepted")
        return
    text = documents(*objects)
    tried = apply(server, text, "&dry-run=true")
    status, answer = apply(server, text)
    lines = said(status, answer)
    for each in objects if status == 200 else []:
        server.request("DELETE", f"/apis/v2/objects/{each['name']}")
    assert (status == 200) == (row["outcome"] == "accepted"), lines
    assert lines == sorted(row.get("says", []))
    assert said(*tried) == lines, "a dry run says the same"
    if row["outcome"] == "left out" and "is unknown" not in lines[0]:
        assert all(": " in line and len(line) > 40 for line in lines), "the refusal has an advice"
