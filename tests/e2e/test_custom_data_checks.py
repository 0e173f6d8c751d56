# SPDX-License-Identifier: Apache-2.0
"""`egctl validate`, `apply --dry-run` and `diff` of documents of custom data. None of them changes anything."""

import json

import pytest

from gateway import documents, mock, pipeline

KIND = {"kind": "CustomDataKind", "name": "people", "jsonSchema": {"type": "object", "properties": {"level": {"type": "integer"}}}}


def items(*entries: dict, name: str = "people", **more) -> dict:
    return {"kind": "CustomData", "name": name, "list": list(entries), **more}


GOOD = documents(pipeline("p", mock("x")), items({"name": "ann", "level": 1}), KIND)
WRONG = documents(KIND, items({"name": "ann"}, {"name": "bob", "level": "high"}), pipeline("p", mock("x")))
FAULT = 'document 2, list[1].level: '
CHECKS = (("validate",), ("apply", "--dry-run"), ("diff",))


@pytest.fixture(autouse=True)
def nothing_changes(server):
    yield
    assert server.get_json("/apis/v2/customdatakinds") == [] or server.kept, "a check changes nothing"
    assert server.objects() == []


@pytest.fixture
def server(server):
    server.kept = False
    return server


def put_people(server, *entries: dict) -> None:
    server.kept = True
    server.egctl("apply", "-f", "-", input=documents(KIND, items(*entries)))


@pytest.mark.parametrize("check", CHECKS, ids=" ".join)
def test_a_fault_has_the_same_words(server, check):
    done = server.egctl(*check, "-f", "-", input=WRONG, check=False)
    assert (done.returncode, done.stdout) == (1, ""), done
    assert FAULT in done.stderr and "integer" in done.stderr, done.stderr


def test_valid_files(server):
    done = server.egctl("validate", "-f", "-", input=GOOD)
    assert (done.stdout, done.stderr) == ("CustomDataKind people is valid\nCustomData people is valid\nPipeline p is valid\n", "")
    report = json.loads(server.egctl("validate", "-f", "-", "-o", "json", input=GOOD).stdout)
    assert [each["valid"] for each in report] == [True] * 3


def test_all_faults_of_a_file_are_named(server):
    """Those of custom data do not hide those of objects."""
    text = documents(KIND, items({"level": 1}), {"kind": "Pipeline", "name": "p", "filters": [{"name": "f", "kind": "Moc"}]})
    done = server.egctl("validate", "-f", "-", input=text, check=False)
    assert "document 2, list[0]" in done.stderr and "Moc" in done.stderr, done.stderr
    assert "2 errors" in done.stderr


def test_items_whose_kind_is_elsewhere(server):
    text = documents(items({"name": "ann"}))
    done = server.egctl("validate", "-f", "-", input=text)
    assert "Warning: people: name: CustomDataKind people is not in the files" in done.stderr
    done = server.egctl("apply", "--dry-run", "-f", "-", input=text, check=False)
    assert done.returncode == 4 and "not found: CustomDataKind people" in done.stderr, done
    put_people(server)
    done = server.egctl("apply", "--dry-run", "-f", "-", input=text)
    assert done.stdout == "CustomData people updated, 1 item put, 0 deleted (dry run)\n"
    assert server.get_json("/apis/v2/customdata/people") == []
    wrong = documents(items({"name": "ann", "level": "x"}))
    done = server.egctl("apply", "--dry-run", "-f", "-", input=wrong, check=False)
    assert done.returncode == 1 and "list[0].level: " in done.stderr, "by the kind on the server"


def test_a_dry_run_of_a_whole_file(server):
    done = server.egctl("apply", "--dry-run", "-f", "-", input=GOOD)
    assert done.stdout.splitlines() == [
        "CustomDataKind people created (dry run)",
        "CustomData people updated, 1 item put, 0 deleted (dry run)",
        "Pipeline p created (dry run)",
    ]


def test_a_diff_shows_the_items_that_differ(server):
    put_people(server, {"name": "ann", "level": 1}, {"name": "bob", "level": 2}, {"name": "eve", "level": 3})
    same = documents(KIND, items({"name": "bob", "level": 2}))
    done = server.egctl("diff", "-f", "-", input=same)
    assert (done.returncode, done.stdout) == (0, "")
    done = server.egctl("diff", "-f", "-", input=documents(items({"name": "ann", "level": 7}, delete=["eve"])), check=False)
    assert done.returncode == 1 and done.stderr == "", done
    changed = [line for line in done.stdout.splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---")]
    assert any("level: 7" in line and line[0] == "+" for line in changed), done.stdout
    assert any("level: 1" in line and line[0] == "-" for line in changed) and any("eve" in line and line[0] == "-" for line in changed)
    assert "bob" not in done.stdout
    assert server.egctl("diff", "-f", "-", input=documents({**KIND, "jsonSchema": {"type": "object"}}), check=False).returncode == 1
    stays = server.egctl("apply", "--dry-run", "-f", "-", input=documents({**KIND, "idField": "id"}), check=False)
    assert stays.returncode == 1 and "idField cannot change" in stays.stderr, stays


def test_the_call_itself(server):
    """POST /customdata only looks."""
    text = documents(KIND)
    assert server.request("POST", "/apis/v2/customdata", text)[0] == 400
    assert server.request("POST", "/apis/v2/customdata?dry-run=true&mode=x", text)[0] == 400
    assert server.request("POST", "/apis/v2/customdata?dry-run=true", documents(pipeline("p", mock("x"))))[0] == 400
    status, _, body = server.request("POST", "/apis/v2/customdata?dry-run=true", text)
    answer = json.loads(body)
    assert status == 200 and answer[0]["change"] == "created" and answer[0]["before"] is None
    assert answer[0]["spec"]["idField"] == "name"


LOOKUP = {"name": "look", "kind": "HeaderLookup", "headerKey": "X-Client", "etcdPrefix": "/people/",
          "headerSetters": [{"etcdKey": "level", "headerKey": "X-Level"}]}  # fmt: skip
PASSWORDS = {"name": "who", "kind": "Validator", "basicAuth": {"mode": "ETCD", "etcdPrefix": "poeple"}}


def test_a_kind_that_is_not_there_is_a_warning(server):
    """Of the server, and of the files: the kinds come before the pipelines."""
    lookups = documents(pipeline("p", LOOKUP))
    absent = "Warning: p: filters[0].etcdPrefix: there is no CustomDataKind people"
    for check in CHECKS[:2]:
        assert absent in server.egctl(*check, "-f", "-", input=lookups).stderr, check
        assert server.egctl(*check, "-f", "-", input=documents(pipeline("p", LOOKUP), KIND)).stderr == "", check
    server.egctl("apply", "-f", "-", input=lookups)
    assert any("no CustomDataKind people" in line for line in server.status("p")["warnings"])
    put_people(server, {"name": "ann"})
    assert "warnings" not in server.status("p")
    done = server.egctl("apply", "-f", "-", input=documents(pipeline("q", PASSWORDS)))
    assert 'no CustomDataKind poeple, did you mean "people"?' in done.stderr
    server.egctl("delete", "pipeline", "p", "q")
