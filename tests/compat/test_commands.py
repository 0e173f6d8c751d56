# SPDX-License-Identifier: Apache-2.0
"""The forms of egctl, typed in a shell, with objects and files of our own.

A row of facts.toml has the form ({port}, {address} and {member} are the test's) and an outcome:

    works      it ends with `result` (0), or in "failure" where that is right: a member that is not there
    left out   it fails, and `says` has the reason

`says` is a text of its output. `empty`: there are no objects before it. `before`, `after`: a command that goes
before or after it.
"""

import json

import pytest
import yaml

from facts import FACTS
from gateway import free_port, http_server, mock, pipeline, proxy

ROWS = FACTS["command"]
# The figure that the project promises: it may rise.
WORK_MIN = 76


def test_the_facts_are_whole():
    assert len(ROWS) == 84 and {row["outcome"] for row in ROWS} <= {"works", "left out"}
    assert sum(row["outcome"] == "works" for row in ROWS) >= WORK_MIN


GATE = http_server(free_port(), {"pathPrefix": "/", "backend": "steps"}, name="gate")
STEPS = pipeline("steps", mock("hello"), proxy("http://127.0.0.1:7101"))
PEOPLE = {"kind": "CustomDataKind", "name": "people", "idField": "name"}
FILES = {
    "gate.yaml": GATE,
    "gate-2.yaml": {**GATE, "keepAlive": False},
    "steps.yaml": STEPS,
    "all-requests.yaml": {"kind": "GlobalFilter", "name": "all-requests", "beforePipeline": {"filters": [mock("closed")]}},
    "people-kind.yaml": PEOPLE,
    "others-kind.yaml": {**PEOPLE, "name": "others"},
    "people-kind-2.yaml": {**PEOPLE, "jsonSchema": {"type": "object"}},
    "others-kind.yaml": {**PEOPLE, "name": "others"},
    "people.yaml": {"kind": "CustomData", "name": "people", "list": [{"name": "ann", "rank": 1}]},
}
NGINX = "http { server { listen 8080; location /shop { proxy_pass http://127.0.0.1:7101; } } }\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("files")
    for name, document in FILES.items():
        (place / name).write_text(yaml.safe_dump(document, sort_keys=False))
    (place / "nginx.conf").write_text(NGINX)
    return place


def put(server, *objects: dict) -> None:
    """Leaves the server with these objects, and without custom data."""
    server.request("DELETE", "/apis/v2/customdatakinds?all=true")
    for each in server.get_json("/apis/v2/objects"):
        server.request("DELETE", f"/apis/v2/objects/{each['name']}")
    for each in server.get_json("/apis/v2/customdatakinds"):
        server.egctl("delete", "customdatakind", each["name"])
    for each in objects:
        status, _, body = server.request("POST", "/apis/v2/objects", json.dumps(each))
        assert status < 300, body


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["form"])
def test_a_form(server, folder, row):
    put(server, *([] if row.get("empty") else [GATE, STEPS]))
    member = server.get_json("/apis/v2/status/members")[0]["options"]["name"]
    if "before" in row:
        server.shell(row["before"], cwd=folder)
    done = server.shell(row["form"].format(port=free_port(), address=server.api, member=member), cwd=folder)
    said = done.stdout + done.stderr
    if "after" in row:
        server.shell(row["after"], cwd=folder)
    put(server)
    if row["outcome"] == "works" and row.get("result", 0) != "failure":
        assert done.returncode == row.get("result", 0), said
    else:
        assert done.returncode != 0, said
    assert row.get("says", "") in said, said
