# SPDX-License-Identifier: Apache-2.0
"""Files of objects as people have them: several at once, cut off, from other systems, with merge keys; secrets in URLs."""

import json
import subprocess

import pytest
import yaml

from gateway import BIN, documents, http_server, mock, pipeline, wasm


def mock_text(name: str, body: str = "x") -> str:
    return f"name: {name}\nkind: Pipeline\nfilters:\n- name: mock\n  kind: Mock\n  rules:\n  - code: 200\n    body: {body}\n"


FILES = {
    "plain.yaml": mock_text("plain"),
    "bom.yaml": "\ufeff" + mock_text("bom"),
    "crlf.yaml": mock_text("crlf").replace("\n", "\r\n"),
    "end.yaml": mock_text("end") + "...\n",
    "directive.yaml": "%YAML 1.2\n---\n" + mock_text("directive"),
    "markers.yaml": "---\n# nothing\n---\n" + mock_text("markers") + "---\n",
    "no-newline.yaml": mock_text("no-newline").rstrip("\n"),
    "keep.yaml": mock_text("keep", "|+\n      text\n\n"),
    "clip.yaml": mock_text("clip", "|\n      text").rstrip("\n"),
    "number.yaml": mock_text("number", "0.40"),
    "merge.yaml": (
        "name: merge\nkind: Pipeline\nfilters:\n- &m\n  name: mock\n  kind: Mock\n  rules: [{code: 200, body: merged}]\n"
        "- <<: *m\n  name: second\n"
    ),
    "emoji.json": json.dumps(yaml.safe_load(mock_text("emoji", "😀"))),
}


@pytest.fixture
def files(tmp_path):
    for name, text in FILES.items():
        (tmp_path / name).write_bytes(text.encode())
    return tmp_path


def bodies(server, name: str) -> list:
    return [one["rules"][0]["body"] for one in server.get_json(f"/apis/v2/objects/{name}")["filters"]]


@pytest.mark.parametrize("name", FILES)
def test_a_file_means_the_same_alone_and_beside_others(shared_server, files, name):
    shared_server.egctl("apply", "-f", str(files / name))
    object_name = name.split(".")[0]
    alone = bodies(shared_server, object_name)
    for other in ("plain.yaml", "keep.yaml", "bom.yaml"):
        for pair in ((name, other), (other, name)):
            if name == other:
                continue
            done = shared_server.egctl("apply", *(f"-f{files / one}" for one in pair))
            assert f"Pipeline {object_name} unchanged" in done.stdout, done.stdout
            assert bodies(shared_server, object_name) == alone


def test_an_error_names_the_file_that_it_is_in(shared_server, files):
    (files / "bad.yaml").write_text("---\n---\n" + mock_text("good") + "---\n" + mock_text("bad").replace("200", "2000"))
    done = shared_server.egctl("apply", "-f", str(files / "markers.yaml"), "-f", str(files / "bad.yaml"), check=False)
    assert done.returncode == 1 and "bad.yaml: document 2, filters[0].rules[0].code" in done.stderr, done.stderr
    assert "markers" not in done.stderr and "good" not in shared_server.objects()


CUT = {
    "double quote": 'body: "You can buy the lap',
    "double quote and a line": 'body: "You can buy the lap\n',
    "single quote and a line": "body: 'You can buy the lap\n",
    "empty line": 'body: "You can buy\n\n',
    "more lines": 'body: "You can buy\n      the\n',
}


@pytest.mark.parametrize("case", CUT)
def test_a_cut_quote_is_refused(shared_server, case):
    text = mock_text("cut").replace("body: x\n", CUT[case])
    done = shared_server.egctl("apply", "-f", "-", input=text, check=False)
    assert done.returncode == 1 and "line 8" in done.stderr, done.stderr
    assert "cut" not in shared_server.objects()


@pytest.mark.parametrize(
    "text, said",
    [
        ("{name: x, kind: Pipeline\n", "line 1, column 1: the { is not closed by a }"),
        ('{"name": "x", "filters": [1, 2', "the [ is not closed by a ]"),
        ("name: x\nfilters: [a, b\nkind: Pipeline\n", "line 2, column 10: the [ is not closed by a ]"),
        ("name: x\nflow: {a: 1\nkind: Pipeline\n", "line 2, column 7: the { is not closed by a }"),
    ],
)
def test_a_bracket_that_is_not_closed_is_named(shared_server, text, said):
    done = shared_server.egctl("apply", "-f", "-", input=text, check=False)
    assert done.returncode == 1 and said in done.stderr, done.stderr


@pytest.mark.parametrize(
    "text, said",
    [
        ("kind: HTTPServer\nhost: *.example.com\n", ["line 2, column 7: quote a text that begins with *", "host: *.example.com", "      ^"]),
        ("kind: Mock\nbody: @x\n", ["line 2, column 7: quote a text that begins with @", "body: @x", "      ^"]),
        ("filters:\n\t- name: x\n", ["line 2, column 1: a tab stands before the text of the line: indent with blanks", "\t- name: x", "^"]),
        ("kind: Mock\nname:b2\nport: 80\n", ["line 2, column 6: put a blank behind the colon", "name:b2", "     ^"]),
        (
            "filters:\n- name: x\n rules: []\n",
            ["line 3, column 2: the line begins with 1 blank; to fit those above, it needs 0 or 2", " rules: []", " ^"],
        ),
    ],
)
def test_a_fault_of_syntax_is_shown_in_its_line(text, said):
    done = subprocess.run([BIN / "egctl", "validate", "-f", "-"], input=text, capture_output=True, text=True)
    reason, line, caret = said
    assert done.stderr == f"Error: standard input: {reason}\n  {line}\n  {caret}\n" and done.returncode == 1


def test_the_settings_and_a_draft_show_the_line_too(shared_server, files, monkeypatch):
    (files / "rc").write_text("current-context: *x\n")
    environment = {"PATH": "/usr/bin:/bin", "EGCTLRC": str(files / "rc")}
    done = subprocess.run([BIN / "egctl", "get", "all"], env=environment, capture_output=True, text=True)
    assert "rc: line 1, column 18: quote a text" in done.stderr and done.stderr.endswith("\n  current-context: *x\n" + " " * 19 + "^\n")
    shared_server.apply(pipeline("draft", mock("x")))
    monkeypatch.setenv("EGCTL_EDITOR", "printf 'name:x\\nkind: y\\n' >")
    done = shared_server.egctl("edit", "pipeline", "draft", check=False)
    assert "edit Pipeline draft failed, line 1, column 6: put a blank" in done.stderr and "\n  name:x\n       ^\n" in done.stderr, done.stderr


def test_a_device_without_an_end_is_refused():
    done = subprocess.run([BIN / "egctl", "validate", "-f", "/dev/zero"], capture_output=True, text=True)
    assert done.returncode == 1 and done.stderr == "Error: /dev/zero is longer than 64 MiB\n"


def test_words_for_what_is_no_object():
    """The server's own file, a list of names, and a misspelt field."""
    filters = "filters: [{name: m, kind: Mock, rules: [{code: 200}]}, {name: r, kind: RateLimiter, policies: [{name: p, limit: 1}]"
    for text, said in (
        ("api-addr: localhost:2381\ncluster-name: x\n", "these are options of the server, for sluice-server --config-file"),
        (f"kind: Pipeline\nname: p\nflow: [m]\n{filters}}}]\n", 'flow[0]: must be a map, is "m"; write {filter: "m"}'),
        (f"kind: Pipeline\nname: p\n{filters}, urls: [{{url: /x}}]}}]\n", 'urls[0].url: must be a map, is "/x"; write {exact: "/x"}'),
        (f"kind: Pipeline\nname: p\n{filters}}}]\n", 'policies[0].limit: is unknown, did you mean "limitForPeriod"?'),
        ("filters: []\n", "validate the object failed: "),
    ):
        done = subprocess.run([BIN / "egctl", "validate", "-f", "-"], input=text, capture_output=True, text=True)
        assert done.returncode == 1 and said in done.stderr, done.stderr


def test_data_with_an_open_quote_is_refused(shared_server, guests):
    shared_server.apply(pipeline("cut-data", wasm(guests / "probe.wasm")))
    for text in ('id/a: "true\n', "id/a: 'true\n", 'id/a: "true', 'id/b: "x"\nid/a: "true\n\n'):
        done = shared_server.egctl("wasm", "apply-data", "cut-data", "wasm", input=text, check=False)
        assert done.returncode == 1, (text, done)
    assert shared_server.egctl("wasm", "list-data", "cut-data", "wasm").stdout == "{}\n"


def test_a_misspelt_kind_of_a_running_object(shared_server):
    shared_server.apply(pipeline("running", mock("x")))
    for text in (mock_text("running").replace("Pipeline", "pipeline"), mock_text("running").replace("kind: Pipeline\n", "", 1)):
        done = shared_server.egctl("apply", "-f", "-", input=text, check=False)
        assert done.returncode == 1 and "delete" not in done.stderr and "Pipeline" in done.stderr, done.stderr
    done = shared_server.egctl("apply", "-f", "-", input=documents(http_server(10080, name="running")), check=False)
    assert "running is of kind Pipeline" in done.stderr, done.stderr


def test_a_filter_of_unknown_kind_is_one_fault(shared_server):
    spec = pipeline("p", {"name": "a", "kind": "WasmHots", "code": "x"}, flow=[{"filter": "a"}])
    done = shared_server.egctl("apply", "-f", "-", input=documents(spec), check=False)
    assert done.returncode == 1 and done.stderr.count("filters[0]") == 1 and "flow" not in done.stderr, done.stderr
    assert 'did you mean "WasmHost"' in done.stderr


def test_credentials_in_a_code_url_are_not_shown(shared_server):
    spec = pipeline("p", wasm("http://me:hunter2@127.0.0.1:1/x.wasm"))
    done = shared_server.egctl("apply", "-f", "-", input=documents(spec), check=False)
    assert done.returncode == 1 and "hunter2" not in done.stderr and "<redacted>@127.0.0.1" in done.stderr, done.stderr
    assert "hunter2" not in shared_server.log()


def test_credentials_of_a_url_are_shown_to_an_admin_who_asks(shared_server):
    shared_server.apply(pipeline("p", {"name": "x", "kind": "Proxy", "pools": [{"servers": [{"url": "http://127.0.0.1:1"}]}]}))
    shown = shared_server.egctl("get", "pipeline", "p", "-o", "yaml").stdout
    assert "http://127.0.0.1:1" in shown


@pytest.mark.parametrize("command", [("get", "all"), ("get", "all", "-o", "json"), ("--help",)])
def test_a_reader_that_is_gone_is_no_error(shared_server, command):
    done = subprocess.run(
        ["bash", "-c", '"$0" "$@" | true; echo "${PIPESTATUS[0]}"', BIN / "egctl", "--server", shared_server.api, *command],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout == "0\n" and done.stderr == "", done


def test_a_limit_is_one_or_more(shared_server):
    for limit in ("0", "-1", "x", "1.5"):
        done = shared_server.egctl("wasm", "list-data", "p", "wasm", f"--limit={limit}", check=False)
        assert done.returncode == 2 and f"{limit} is not 1 or more" in done.stderr, done.stderr


def test_words_that_are_too_many_come_in_their_order(shared_server):
    done = shared_server.egctl("create", "pipeline", "demo", "--port", "10080", check=False)
    assert done.returncode == 2 and "pipeline demo --port 10080" in done.stderr, done.stderr
    assert "egctl create -f" in done.stderr
