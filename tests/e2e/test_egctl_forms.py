# SPDX-License-Identifier: Apache-2.0
"""Forms of egctl that people bring from Easegress."""

import json

import pytest
import yaml

from client import fetch
from gateway import http_server, mock, pipeline, wait_until


def test_namespaces(server):
    server.apply(pipeline("p", mock("x")))
    for form in (("--namespace", "default"), ("--all-namespaces",), ()):
        assert "Pipeline" in server.egctl("get", "all", *form).stdout
        assert "Name: p" in server.egctl("describe", "pipeline", "p", *form).stdout
    assert "NAMESPACE" in server.egctl("get", "all", "--all-namespaces").stdout
    for command in (("get", "pipeline"), ("describe", "pipeline"), ("delete", "pipeline", "p"), ("edit", "pipeline", "p")):
        done = server.egctl(*command, "--namespace", "other", check=False)
        assert done.returncode == 2 and "no such namespace: other" in done.stderr, done.stderr
    done = server.egctl("get", "all", "--namespace", "default", "--all-namespaces", check=False)
    assert done.returncode == 2, done.stderr
    assert "Pipeline" in server.egctl("get", "all").stdout


def test_create_httpproxy(server, port, backend):
    rules = (f"/both*={backend.url},{backend.url}/", f"shop.example/one={backend.url}")
    server.egctl("create", "httpproxy", "demo", "--port", str(port), *(f"--rule={rule}" for rule in rules))
    wait_until(lambda: fetch(port, "/both/x").status == 200, "the proxy serves")
    assert fetch(port, "/one").status == 404, "of another host"
    assert fetch(port, "/one", Host="shop.example").status == 200
    assert fetch(port, "/one/more", Host="shop.example").status == 404
    servers = json.loads(server.egctl("get", "pipeline", "demo-0", "-o", "json").stdout)["filters"][0]["pools"][0]
    assert [one["url"] for one in servers["servers"]] == rules[0].split("=")[1].split(",")
    done = server.egctl("create", "httpproxy", "demo", "--port", str(port), "--rule=/x=http://127.0.0.1:1", check=False)
    assert done.returncode == 5 and "409" in done.stderr and "demo" in done.stderr


def test_bad_rules_of_httpproxy(server, port):
    for rule, why in (("/x", "has no ="), ("x=http://a:1", "has no path"), ("/x=", "has no server"), ("/x=a:1", "no URL")):
        done = server.egctl("create", "httpproxy", "demo", "--port", str(port), f"--rule={rule}", check=False)
        assert done.returncode == 2 and why in done.stderr, done.stderr
    done = server.egctl("create", "httpproxy", "demo", "--port", "1", "--rule=/x=http://a:1", "--auto-cert", check=False)
    assert done.returncode == 1 and "AutoCertManager is not" in done.stderr, done.stderr
    assert "--cert-file FILE" in done.stderr
    assert server.egctl("get", "all", "-o", "json").stdout.strip() == "[]"


@pytest.mark.parametrize(
    "words, kind, remedy",
    [("ai enable", "AIGatewayController", "a Proxy reaches"), ("get faas f", "FaaSController", "HTTPServer and Pipeline"),
     ("describe mesh", "MeshController", "HTTPServer and Pipeline"), ("get AutoCertManager", "AutoCertManager", "docs/tls.md")],
)  # fmt: skip
def test_what_is_not_there_is_named_with_a_remedy(shared_server, words, kind, remedy):
    done = shared_server.egctl(*words.split(), check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{kind} is not there: " in done.stderr and remedy in done.stderr, done.stderr


def test_a_port_without_an_admin_api(server, port):
    """The usual slip is the port of the traffic."""
    server.apply(pipeline("p", mock("x")), http_server(port, {"pathPrefix": "/", "backend": "p"}))
    wait_until(lambda: fetch(port, "/").status == 200, "the server serves")
    traffic = f"127.0.0.1:{port}"
    for words in (("get", "all"), ("metrics",), ("logs",), ("backup", "create"), ("delete", "pipeline", "p"), ("health",)):
        done = server.egctl("--server", traffic, *words, check=False)
        assert done.returncode == 3 and f"no admin API at {traffic}: " in done.stderr, (words, done)
        assert "--api-addr" in done.stderr and done.stdout == "", (words, done)


def test_misuse_is_code_2_and_names_what_is_at_fault(shared_server):
    for words, said in (
        (("schema",), "wants a KIND"),
        (("get", "customdata"), "wants the name of a kind"),
        (("delete", "customdata"), "wants the name of a kind"),
        (("delete", "customdata", "k"), "wants ids, or --all"),
        (("delete", "customdatakind"), "wants names, or --all"),
        (("explain", "nosuchkind"), '"nosuchkind"'),
        (("explain", "nosuchkind.field"), '"nosuchkind"'),
        (("schema", "nosuchkind"), '"nosuchkind"'),
        (("get", "pipeline/p", "q"), "q is not of the form KIND/NAME"),
        (("get", "pipeline/p", "httpserver/q"), "takes resources of one kind"),
        (("--timeout", "5", "get", "all"), "unknown option: --timeout; the options of a command stand behind it"),
        (("--serve", "5", "get", "all"), 'unknown option: --serve, did you mean "--server"?'),
        (("wasm", "--wait=5", "list-data"), "unknown option: --wait"),
    ):
        done = shared_server.egctl(*words, check=False)
        assert done.returncode == 2 and said in done.stderr and done.stdout == "", (words, done)


def test_what_o_name_prints_is_taken(server, port):
    server.apply(pipeline("p", mock("x")), pipeline("q", mock("x")), http_server(port, {"pathPrefix": "/", "backend": "p"}))
    names = server.egctl("get", "all", "-o", "name").stdout.split()
    assert sorted(names) == ["httpserver/http-server", "pipeline/p", "pipeline/q"]
    assert server.egctl("get", "pipeline/p", "pipeline/q", "-o", "name").stdout.split() == ["pipeline/p", "pipeline/q"]
    told = server.egctl("describe", "pipeline/q").stdout
    assert "Name: q" in told and "Name: p" not in told
    told = server.egctl("describe", "all").stdout
    assert all(f"Name: {name}" in told for name in ("p", "q", "http-server")), told
    done = server.egctl("delete", "httpserver/p", check=False)
    assert done.returncode == 4 and server.objects() == ["http-server", "p", "q"]
    server.egctl("delete", *names)
    assert server.objects() == []


def test_older_forms(server, tmp_path, port):
    file = tmp_path / "p.yaml"
    file.write_text(json.dumps(pipeline("p", mock("x"))))
    server.egctl("create", "object", "-f", str(file))
    file.write_text(json.dumps(pipeline("p", mock("y"))))
    server.egctl("object", "update", "p", input=file.read_text())
    done = server.egctl("object", "update", "q", input=file.read_text(), check=False)
    assert done.returncode == 1 and "another object than q" in done.stderr, done.stderr


def test_a_folder_of_objects(server, tmp_path):
    """All or none, and the same folder names what is deleted."""
    folder = tmp_path / "objects"
    folder.mkdir()
    for name in ("folder-a", "folder-b"):
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(pipeline(name, mock("x"))))
    (folder / "notes.txt").write_text("[")
    assert server.egctl("apply", "-f", str(folder)).stdout.count("created") == 2
    (folder / "wrong.json").write_text('{"kind": "Pipeline", "name": "folder-c", "flo": []}')
    done = server.egctl("apply", "-f", str(folder), check=False)
    assert done.returncode == 1 and "wrong.json: flo" in done.stderr and "flow" in done.stderr, done.stderr
    (folder / "wrong.json").unlink()
    done = server.egctl("delete", "-f", str(folder))
    assert done.stdout.splitlines() == [f"delete Pipeline {name} successfully" for name in ("folder-a", "folder-b")]
    assert server.egctl("delete", "-f", str(folder), check=False).returncode == 4, "they are gone"
    assert server.egctl("delete", check=False).returncode == 2
    assert server.egctl("delete", "pipeline", "-f", str(folder), check=False).returncode == 2
    (tmp_path / "empty").mkdir()
    done = server.egctl("apply", "-f", str(tmp_path / "empty"), check=False)
    assert done.returncode == 1 and "holds no file .yaml, .yml or .json" in done.stderr
