# SPDX-License-Identifier: Apache-2.0
"""Custom data: kinds, items, their commands, and the filters that read them."""

import base64
import hashlib
import json
import os
from contextlib import contextmanager

import yaml

from client import Load, fetch, request
from covers import covers
from gateway import documents, http_server, mock, pipeline, sale_server
from identity_kit import basic
from pages import BACKEND, example

KIND = {"kind": "CustomDataKind", "name": "users"}


def page(url: str) -> list[dict]:
    return example("custom-data", {BACKEND: url})


def items(**fields) -> dict:
    return {"kind": "CustomData", "name": "users", **fields}


def named(*names: str) -> list[dict]:
    return [{"name": name} for name in names]


def call(server, method: str, path: str, body=None) -> tuple[int, object]:
    status, _, answer = server.request(method, f"/apis/v2{path}", None if body is None else json.dumps(body))
    return status, json.loads(answer) if answer else None


def ids(server, kind: str = "users") -> list[str]:
    return [item["name"] for item in server.get_json(f"/apis/v2/customdata/{kind}")]


@contextmanager
def editor(tmp_path, old: str, new: str):
    """$EGCTL_EDITOR replaces `old` by `new`."""
    script = tmp_path / "editor"
    script.write_text(f"#!/bin/sh\nsed -i 's/{old}/{new}/' \"$1\"\n")
    script.chmod(0o755)
    os.environ["EGCTL_EDITOR"] = str(script)
    try:
        yield
    finally:
        del os.environ["EGCTL_EDITOR"]


def lookup() -> dict:
    """Answers with the header that HeaderLookup has set."""
    spec = {"name": "look", "kind": "HeaderLookup", "headerKey": "X-Client", "etcdPrefix": "users/"}
    spec["headerSetters"] = [{"etcdKey": "level", "headerKey": "X-Level"}]
    answer = {"name": "answer", "kind": "ResponseBuilder", "template": "body: '{{index .req.Header \"X-Level\" 0}}'\n"}
    return pipeline("p", spec, answer)


# --- the page ---------------------------------------------------------------------------------------


@covers("HeaderLookup", "headerSetters.{etcdKey,headerKey}")
def test_the_page(server, port, backend):
    shop = example("custom-data", {BACKEND: backend.url})
    server.egctl("apply", "-f", "-", input=documents(*shop, http_server(port, {"backend": "shop"})))

    def got(**headers: str) -> dict[str, str]:
        text = fetch(port, "/", **{name.replace("_", "-"): value for name, value in headers.items()}).text
        return dict(json.loads(text)["headers"])

    headers = got(X_Client="ann", X_Id="forged")
    assert (headers["x-id"], headers["x-rank"]) == ("A7", "3")
    headers = got(X_Client="bob")
    assert headers["x-id"] == "B2" and "x-rank" not in headers
    lines = [line.split() for line in server.egctl("get", "cdk").stdout.splitlines()]
    assert lines[0] == ["NAME", "ID-FIELD", "JSON-SCHEMA", "DATA-NUM"]
    assert lines[1][:2] == ["client-info", "name"] and lines[1][-1] == "2"
    again = server.egctl("apply", "-f", "-", input=documents(*shop)).stdout
    assert again.splitlines() == ["CustomDataKind client-info unchanged", "CustomData client-info unchanged", "Pipeline shop unchanged"]


# --- the API ----------------------------------------------------------------------------------------


def test_kinds_by_the_api(server):
    assert call(server, "GET", "/customdatakinds") == (200, [])
    assert call(server, "POST", "/customdatakinds", KIND)[0] == 201
    status, answer = call(server, "POST", "/customdatakinds", KIND)
    assert status == 409 and "users" in answer["message"]
    assert call(server, "PUT", "/customdatakinds", {"name": "none"})[0] == 404
    assert call(server, "PUT", "/customdatakinds", KIND | {"jsonSchema": {"type": "object"}})[0] == 200
    status, kind = call(server, "GET", "/customdatakinds/users")
    assert status == 200 and kind["idField"] == "name" and kind["len"] == 0 and kind["jsonSchema"] == {"type": "object"}
    assert call(server, "PUT", "/customdatakinds", kind)[1][0]["change"] == "unchanged", "what is shown can be sent"
    assert call(server, "GET", "/customdatakinds/none")[0] == 404
    assert call(server, "DELETE", "/customdatakinds/none")[0] == 404
    assert call(server, "DELETE", "/customdatakinds")[0] == 400, "without ?all=true"
    assert call(server, "DELETE", "/customdatakinds/users")[0] == 200
    assert call(server, "GET", "/customdatakinds") == (200, [])


def test_items_by_the_api(server):
    assert call(server, "POST", "/customdata/users", {"name": "ann"})[0] == 404, "no such kind"
    call(server, "POST", "/customdatakinds", KIND)
    assert call(server, "POST", "/customdata/users", {"name": "ann@example.com/1", "level": 1})[0] == 201
    assert call(server, "POST", "/customdata/users", {"name": "ann@example.com/1"})[0] == 409
    assert call(server, "PUT", "/customdata/users", {"name": "bob"})[0] == 404
    assert call(server, "PUT", "/customdata/users", {"name": "ann@example.com/1", "level": 2})[0] == 200
    place = "/customdata/users/ann%40example.com%2F1"
    assert call(server, "GET", place) == (200, {"name": "ann@example.com/1", "level": 2})
    assert call(server, "GET", "/customdata/users/bob")[0] == 404
    assert call(server, "GET", "/customdata/none")[0] == 404
    assert call(server, "DELETE", place)[0] == 200
    assert call(server, "DELETE", place)[0] == 404
    call(server, "POST", "/customdata/users/items", {"list": named("a", "b")})
    assert call(server, "DELETE", "/customdata/users/items")[0] == 400, "without ?all=true"
    assert ids(server) == ["a", "b"]
    assert call(server, "DELETE", "/customdata/users/items?all=true")[1]["deleted"] == 2
    assert ids(server) == []


def test_a_change_by_list(server):
    call(server, "POST", "/customdatakinds", KIND)

    def change(**fields):
        return call(server, "POST", "/customdata/users/items", fields)

    assert change(list=named("a", "b", "c"))[1]["put"] == 3
    status, answer = change(delete=["a", "none"], list=[{"name": "b", "x": 1}, {"name": "d"}])
    assert status == 200 and (answer["put"], answer["deleted"]) == (2, 1)
    assert ids(server) == ["b", "c", "d"]
    assert change(rebuild=True, list=named("c", "e"))[0] == 200
    assert ids(server) == ["c", "e"]
    status, answer = change(rebuild=True, list=[{"name": "x"}, {"id": "y"}])
    assert status == 400 and answer["errors"] == ["list[1].name: is required: it is the id"]
    assert ids(server) == ["c", "e"], "nothing has changed"


def test_bounds(server):
    call(server, "POST", "/customdatakinds", KIND)
    many = [{"name": f"n{n}"} for n in range(3001)]
    status, answer = call(server, "POST", "/customdata/users/items", {"list": many})
    assert status == 413 and "3000 items" in answer["message"] and ids(server) == []
    for part in (many[:3000], many[3000:]):
        assert call(server, "POST", "/customdata/users/items", {"list": part})[0] == 200
    large = [{"name": f"l{n}", "text": "x" * 60_000} for n in range(18)]
    status, answer = call(server, "POST", "/customdata/users/items", {"list": large})
    assert status == 413 and "1 MiB" in answer["message"]
    status, answer = call(server, "POST", "/customdata/users", {"name": "l", "text": "x" * 65_536})
    assert status == 400 and "65536 bytes" in answer["message"]
    assert call(server, "DELETE", "/customdatakinds/users")[1]["deleted"] == 3001


# --- egctl ------------------------------------------------------------------------------------------


def test_create_and_get(server):
    done = server.egctl("create", "-f", "-", input=documents(items(list=named("a", "b")), mock_of("p"), KIND))
    assert done.stdout.splitlines() == [
        "create CustomDataKind users successfully",
        "create CustomData users successfully, 2 items put, 0 deleted",
        "create Pipeline p successfully",
    ]
    again = server.egctl("create", "-f", "-", input=documents(KIND), check=False)
    assert again.returncode == 5 and "409" in again.stderr
    for word in ("customdata", "customdatas", "cd"):
        assert server.egctl("get", word, "users").stdout.split() == ["NAME", "a", "b"]
    assert yaml.safe_load(server.egctl("get", "customdata", "users", "a").stdout) == {"name": "a"}
    assert json.loads(server.egctl("get", "customdata", "users", "-o", "json").stdout) == named("a", "b")
    assert list(yaml.safe_load_all(server.egctl("get", "customdata", "users", "-o", "yaml").stdout)) == named("a", "b")
    assert yaml.safe_load(server.egctl("get", "customdatakind", "users", "-o", "yaml").stdout)["len"] == 2
    for wrong in (("customdata", "none"), ("customdata", "users", "none"), ("cdk", "none")):
        done = server.egctl("get", *wrong, check=False)
        assert done.returncode == 4 and "none" in done.stderr, done.stderr
    done = server.egctl("get", "customdata", check=False)
    assert done.returncode != 0 and "the name of a kind" in done.stderr


def mock_of(name: str) -> dict:
    return pipeline(name, mock("x"))


def test_faults_name_their_document(server, tmp_path):
    one, two = tmp_path / "one.yaml", tmp_path / "two.yaml"
    one.write_text(documents(KIND | {"jsonSchema": {"required": ["level"]}}, mock_of("p")))
    two.write_text(documents(items(list=named("a"))))
    done = server.egctl("apply", "-f", str(one), "-f", str(two), check=False)
    assert done.returncode == 1 and "two.yaml: list[0].level: is required" in done.stderr, done.stderr
    assert server.objects() == [], "the objects come last"


def test_delete(server):
    server.egctl("apply", "-f", "-", input=documents(KIND, KIND | {"name": "shops"}, items(list=named("a", "b", "c", "d"))))
    for wrong in (("customdata",), ("customdata", "users"), ("cdk",), ("customdata", "users", "a", "--all")):
        assert server.egctl("delete", *wrong, check=False).returncode != 0
    assert ids(server) == ["a", "b", "c", "d"]
    server.egctl("delete", "customdata", "users", "a", "b")
    assert ids(server) == ["c", "d"]
    done = server.egctl("delete", "customdata", "users", "c", "none", check=False)
    assert done.returncode == 4 and "none" in done.stderr and ids(server) == ["d"]
    assert "1 item" in server.egctl("delete", "customdata", "users", "--all").stdout
    server.egctl("apply", "-f", "-", input=documents(items(list=named("a"))))
    assert server.egctl("delete", "customdatakind", "users", "shops").stdout.splitlines() == [
        "delete CustomDataKind users successfully, 1 item",
        "delete CustomDataKind shops successfully, 0 items",
    ]
    server.egctl("apply", "-f", "-", input=documents(KIND))
    server.egctl("delete", "cdk", "--all")
    assert server.get_json("/apis/v2/customdatakinds") == []


def test_a_deleted_kind_that_objects_use_is_warned_of(server):
    server.egctl("apply", "-f", "-", input=documents(KIND, KIND | {"name": "shops"}, lookup()))
    assert server.egctl("delete", "customdatakind", "shops").stderr == ""
    said = "Warning: Pipeline p: filters[0].etcdPrefix: there is no CustomDataKind users: until there is one, the filter finds nothing\n"
    done = server.egctl("delete", "customdatakind", "users")
    assert (done.returncode, done.stderr) == (0, said)
    server.egctl("apply", "-f", "-", input=documents(KIND))
    assert server.egctl("delete", "customdatakind", "--all").stderr == said


def test_edit(server, tmp_path):
    server.egctl("apply", "-f", "-", input=documents(KIND, items(list=[{"name": "a", "level": 1}, {"name": "b", "level": 1}])))
    with editor(tmp_path, "level: 1", "level: 2"):
        assert "successfully" in server.egctl("edit", "customdata", "users", "a").stdout
    assert server.get_json("/apis/v2/customdata/users/a")["level"] == 2
    with editor(tmp_path, "level: .", "level: 3"):
        server.egctl("edit", "customdata", "users")
    assert [item["level"] for item in server.get_json("/apis/v2/customdata/users")] == [3, 3]
    with editor(tmp_path, "name: a", "name: c"):
        done = server.egctl("edit", "customdata", "users", "a", check=False)
        assert done.returncode == 1 and "name must stay a" in done.stderr and "kept in" in done.stderr
        server.egctl("edit", "customdata", "users")
    assert ids(server) == ["b", "c"], "all items are one change: a went"
    with editor(tmp_path, "idField: name", "idField: level"):
        done = server.egctl("edit", "cdk", "users", check=False)
        assert done.returncode == 1 and "idField cannot change" in done.stderr
    with editor(tmp_path, "nothing", "else"):
        assert server.egctl("edit", "customdatakind", "users").stdout == "nothing changed\n"


def test_older_forms(server):
    def run(*words: str, input: object = None) -> str:
        return server.egctl(*words, input=None if input is None else json.dumps(input)).stdout

    run("custom-data-kind", "create", input=KIND)
    run("custom-data-kind", "update", "-f", "-", input=KIND | {"jsonSchema": {"type": "object"}})
    assert "users" in run("custom-data-kind", "list")
    assert "users" in run("custom-data-kind", "get", "users", "-o", "json")
    run("custom-data", "create", "users", input={"name": "a"})
    run("custom-data", "update", "users", input={"name": "a", "level": 1})
    run("custom-data", "batch-update", "users", input={"list": named("b", "c")})
    assert run("custom-data", "list", "users").split() == ["NAME", "a", "b", "c"]
    assert yaml.safe_load(run("custom-data", "get", "users", "a")) == {"name": "a", "level": 1}
    run("custom-data", "delete", "users", "a")
    assert ids(server) == ["b", "c"]
    assert server.egctl("custom-data", "create", "users", input='{"name": "b"}', check=False).returncode == 5
    assert server.egctl("custom-data", "get", "users", check=False).returncode == 2, "the id is missing"
    run("custom-data-kind", "delete", "users")
    assert server.get_json("/apis/v2/customdatakinds") == []


# --- it stays ---------------------------------------------------------------------------------------


def test_survives_restarts(server, port):
    server.egctl("apply", "-f", "-", input=documents(KIND, items(list=[{"name": "a", "level": 7}])))
    server.apply(lookup(), sale_server(port))

    def come_back() -> None:
        server.kill()
        server.start()

    for again in (server.restart, come_back, server.hot_restart):
        again()
        assert fetch(port, "/", **{"X-Client": "a"}).text == "7"
        assert ids(server) == ["a"]


def test_is_in_a_backup(server, tmp_path, port):
    file = str(tmp_path / "b.backup")
    schema = {"properties": {"level": {"type": "integer"}}}
    many = [{"name": f"n{n:04}", "level": n} for n in range(4000)]
    server.egctl("apply", "-f", "-", input=documents(KIND | {"jsonSchema": schema}, items(list=many[:2500])))
    server.egctl("apply", "-f", "-", input=documents(items(list=many[2500:])))
    kinds = server.get_json("/apis/v2/customdatakinds")
    server.egctl("backup", "create", "-f", file)
    done = server.egctl("backup", "restore", "-f", file, check=False)
    assert done.returncode == 5 and "kinds of custom data: 1" in done.stderr, done.stderr
    server.egctl("delete", "cdk", "users")
    server.egctl("backup", "restore", "-f", file)
    assert server.get_json("/apis/v2/customdatakinds") == kinds, "createdAt included"
    assert server.get_json("/apis/v2/customdata/users") == many
    server.egctl("apply", "-f", "-", input=documents(KIND | {"name": "newer"}, items(delete=["n0001"], list=named("new"))))
    server.egctl("backup", "restore", "-f", file, "--force")
    assert server.get_json("/apis/v2/customdatakinds") == kinds and server.get_json("/apis/v2/customdata/users") == many


# --- filters read it --------------------------------------------------------------------------------


@covers("HeaderLookup", "headerKey etcdPrefix headerSetters.etcdKey")
def test_a_header_lookup_sees_a_change_at_once(server, port):
    """The first request after the answer to a change has the new value; none fails meanwhile."""
    server.egctl("apply", "-f", "-", input=documents(KIND, items(list=[{"name": "a", "level": 0}])))
    server.apply(lookup(), sale_server(port))
    with Load(port, lambda n: request("/", **{"X-Client": "a"}), connections=16) as load:
        for level in range(1, 30):
            assert call(server, "POST", "/customdata/users/items", {"list": [{"name": "a", "level": level}]})[0] == 200
            assert {fetch(port, "/", **{"X-Client": "a"}).text for _ in range(8)} == {str(level)}
        load.wait_more()
        load.stop()
    assert set(load.statuses()) == {200}, load.statuses()


def sha(password: str) -> str:
    return "{SHA}" + base64.b64encode(hashlib.sha1(password.encode()).digest()).decode()


@covers("Validator", "basicAuth.etcdPrefix")
def test_users_of_a_validator(server, port):
    """Passwords change under load. Right pairs pass all the time, and a new one passes at once."""
    gate = {"name": "who", "kind": "Validator", "basicAuth": {"mode": "ETCD", "etcdPrefix": "users/"}}
    server.apply(pipeline("p", gate, mock("in")), sale_server(port))
    assert fetch(port, "/", Authorization=basic("a", "pw")).status == 401, "no such kind"
    server.egctl("apply", "-f", "-", input=documents(KIND, items(list=[{"name": "a", "password": sha("pw")}])))
    assert fetch(port, "/", Authorization=basic("a", "pw")).status == 200
    with Load(port, lambda n: request("/", Authorization=basic("a", "pw")), connections=16) as load:
        for n in range(20):
            other = {"name": "b", "username": "b", "password": sha(f"b{n}")}
            assert call(server, "POST", "/customdata/users/items", {"list": [other]})[0] == 200
            assert fetch(port, "/", Authorization=basic("b", f"b{n}")).status == 200
            assert fetch(port, "/", Authorization=basic("b", f"b{n - 1}")).status == 401, "the one before"
        load.wait_more()
        load.stop()
    assert set(load.statuses()) == {200}, load.statuses()
    server.egctl("delete", "customdata", "users", "a")
    assert fetch(port, "/", Authorization=basic("a", "pw")).status == 401


def test_every_lookup_is_of_one_change(server, port):
    """Of a rebuild, a request sees all or nothing: an item is never missing between."""
    server.egctl("apply", "-f", "-", input=documents(KIND, items(list=[{"name": "a", "level": 0}])))
    server.apply(lookup(), sale_server(port))
    with Load(port, lambda n: request("/", **{"X-Client": "a"}), connections=16) as load:
        for level in range(20):
            change = {"rebuild": True, "list": [{"name": "a", "level": level}, {"name": f"n{level}"}]}
            assert call(server, "POST", "/customdata/users/items", change)[0] == 200
        load.wait_more()
        load.stop()
    assert set(load.statuses()) == {200}, "without the item, the template fails"


# --- a cluster --------------------------------------------------------------------------------------


def test_every_member_has_it_when_the_call_returns(new_cluster, port):
    one, two = new_cluster().start("one", "two")
    one.egctl("apply", "-f", "-", input=documents(KIND, items(list=[{"name": "a", "level": 0}]), lookup(), sale_server(port)))
    for level in range(1, 6):
        member, other = (one, two) if level % 2 else (two, one)
        member.egctl("apply", "-f", "-", input=documents(items(list=[{"name": "a", "level": level}])))
        assert other.ask(port, **{"X-Client": "a"}).text == str(level)
    assert ids(one) == ids(two) == ["a"]
    two.kill()
    assert call(one, "POST", "/customdata/users", {"name": "b"})[0] == 201
    two.start()
    assert ids(two) == ["a", "b"]


def test_a_member_that_does_not_follow_is_named(new_cluster):
    one, two = new_cluster().start("one", "two")
    one.egctl("apply", "-f", "-", input=documents(KIND))
    two.pause()
    try:
        status, answer = call(one, "POST", "/customdata/users?wait=false", {"name": "a"})
        assert (status, answer["behind"]) == (201, [])
        done = one.egctl("apply", "-f", "-", input=documents(items(list=named("b"))), check=False)
        gone = "two" not in one.members()
        assert done.returncode == 1 or gone, done.stdout
        if done.returncode == 1:
            assert "two" in done.stderr and "1 item put" in done.stdout
        assert ids(one) == ["a", "b"]
    finally:
        two.go_on()
