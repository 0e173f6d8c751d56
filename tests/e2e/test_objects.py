# SPDX-License-Identifier: Apache-2.0
"""Objects: what is refused and how, what is kept, what egctl prints."""

import json
import os
import subprocess
from pathlib import Path

import pytest
import yaml

from client import fetch
from gateway import BIN, DEADLINE, SANITIZED, documents, exit_code_of, http_server, mock, pipeline, proxy, wait_until, wasm
from gateway import sanitizer_environment


def refused(server, text: str, verb: str = "create") -> str:
    """The error of `egctl VERB -f -`, which must not have changed anything."""
    before, version = server.get_json("/apis/v2/objects"), server.config_version()
    done = server.egctl(verb, "-f", "-", input=text, check=False)
    assert done.returncode == exit_code_of(done.stderr), done.stdout + done.stderr
    assert done.stdout == ""
    assert done.stderr.startswith("Error: "), done.stderr
    assert done.stderr.endswith("\n")
    assert server.get_json("/apis/v2/objects") == before
    assert server.config_version() == version
    return done.stderr


BAD_TEXTS = {
    "not yaml": "kind: [HTTPServer\nname: x\n",
    "a list": "- kind: HTTPServer\n",
    "a scalar": "HTTPServer\n",
    "nothing": "",
    "a key twice": "kind: HTTPServer\nname: s\nport: 80\nport: 81\n",
    "an alias of itself": "kind: &x [*x]\nname: s\n",
}


@pytest.mark.parametrize("case", BAD_TEXTS)
def test_bad_text(shared_server, case):
    refused(shared_server, BAD_TEXTS[case])


def test_all_faults_are_told_at_once(shared_server):
    spec = pipeline("p", mock("x", code=1000), {"name": "w", "kind": "WasmHost", "timeout": "soon"})
    error = refused(shared_server, documents(spec))
    for path in ("filters[0].rules[0].code", "filters[1].timeout", "filters[1].code"):
        assert path in error


def test_of_several_documents_all_or_none(server):
    good = pipeline("good", mock("x"))
    bad = pipeline("bad", mock("x", code=1000))
    error = refused(server, documents(good, bad))
    assert "filters[0].rules[0].code" in error
    assert server.objects() == []


def test_a_bad_update_leaves_what_runs(server, port):
    server.apply(http_server(port, {"pathPrefix": "/", "backend": "p"}), pipeline("p", mock("one\n")))
    error = refused(server, documents(pipeline("p", mock("two\n", code=99))), "apply")
    assert "filters[0].rules[0].code" in error
    assert fetch(port).text == "one\n"


def test_create_of_what_exists(server):
    server.apply(pipeline("p", mock("x")))
    assert "conflict name: p; `egctl apply` changes what is there" in refused(server, documents(pipeline("p", mock("y"))))


def test_update_of_what_does_not_exist(server):
    done = server.egctl("object", "update", "-f", "-", input=documents(pipeline("p", mock("x"))), check=False)
    assert done.returncode == 4
    assert "not found" in done.stderr
    assert server.objects() == []


def test_the_kind_of_a_name_cannot_change(server):
    server.apply(pipeline("p", mock("x")))
    error = refused(server, documents(http_server(1080, name="p")), "apply")
    assert "Pipeline" in error and "HTTPServer" in error


def test_the_name_in_the_url_counts(server):
    server.apply(pipeline("p", mock("x")))
    body = json.dumps(pipeline("q", mock("x")))
    status, _, text = server.request("PUT", "/apis/v2/objects/p", body)
    assert status == 400 and "inconsistent name" in text
    assert server.objects() == ["p"]


def test_delete_answers_scripts(server):
    server.apply(pipeline("p", mock("x")), pipeline("q", mock("x")))
    deleted = json.loads(server.egctl("delete", "pipeline", "q", "-o", "json").stdout)
    assert deleted == [{"kind": "Pipeline", "name": "q", "change": "deleted"}]
    assert server.egctl("delete", "pipeline", "p").stdout == "delete Pipeline p successfully\n"


def test_delete(server):
    server.apply(pipeline("p", mock("x")), pipeline("q", mock("x")))
    server.egctl("delete", "pipeline", "p")
    assert server.objects() == ["q"]
    done = server.egctl("object", "delete", "p", check=False)
    assert done.returncode == 4 and "no such object p" in done.stderr
    server.egctl("object", "delete", "q")
    assert server.objects() == []


def test_get_completes_the_spec(server, port):
    server.apply(http_server(port, {"pathPrefix": "/", "backend": "p"}))
    as_json = json.loads(server.egctl("object", "get", "http-server", "-o", "json").stdout)
    as_yaml = yaml.safe_load(server.egctl("object", "get", "http-server", "-o", "yaml").stdout)
    by_kind = yaml.safe_load(server.egctl("get", "httpserver", "http-server", "-o", "yaml").stdout)
    for spec in (as_json, as_yaml, by_kind):
        assert (spec["kind"], spec["name"], spec["port"]) == ("HTTPServer", "http-server", port)
        assert spec["keepAliveTimeout"] in ("60s", "1m", "1m0s")
        assert spec["maxConnections"] == 10240
        assert spec["rules"][0]["paths"][0]["pathPrefix"] == "/"
        assert spec["createdAt"]


def test_lists(server, port):
    server.apply(http_server(port), pipeline("p", mock("x")))
    listed = yaml.safe_load(server.egctl("object", "list", "-o", "yaml").stdout)
    assert sorted(spec["name"] for spec in listed) == ["http-server", "p"]
    table = server.egctl("get", "all").stdout
    assert "http-server" in table and "HTTPServer" in table and "Pipeline" in table
    kinds = server.egctl("object", "kinds").stdout
    assert "HTTPServer" in kinds and "Pipeline" in kinds


def test_completion_offers_the_kinds_that_the_server_names(server):
    """One list: what api-resources says is what a shell completes."""
    kinds = [line.split()[0] for line in server.egctl("api-resources").stdout.splitlines()[1:]]
    assert {"httpserver", "pipeline", "member"} <= set(kinds)

    def completed(*words: str) -> list[str]:
        line = " ".join(f"'{word}'" for word in words)
        script = (f"source <(egctl completion bash); COMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; _egctl; "
                  'echo "${COMPREPLY[@]}"')  # fmt: skip
        path = {"PATH": f"{BIN}:{os.environ['PATH']}", "HOME": str(server.home), **sanitizer_environment()}
        done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=DEADLINE, env=path)
        assert done.returncode == 0 and done.stderr == "", done.stderr
        return done.stdout.split()

    offered = completed("egctl", "--server", server.api, "get", "")
    assert {"all", *kinds} <= set(offered)
    assert completed("egctl", "--server", server.api, "describe", "pip") == ["pipeline"]
    assert "all" in completed("egctl", "--server", "127.0.0.1:1", "get", ""), "no server answers"


def test_what_is_completed_can_be_applied_again(server, port):
    server.apply(http_server(port, {"pathPrefix": "/", "backend": "p"}), pipeline("p", mock("x")))
    version = server.config_version()
    text = server.egctl("object", "get", "p", "-o", "yaml").stdout
    server.egctl("apply", "-f", "-", input=text)
    assert server.config_version() == version, "nothing has changed"


def test_the_version_counts_changes(server):
    version = server.config_version()
    server.apply(pipeline("p", mock("x")))
    assert server.config_version() == version + 1
    server.apply(pipeline("p", mock("y")))
    assert server.config_version() == version + 2
    server.delete("p")
    assert server.config_version() == version + 3


def test_file_and_several_documents(server, tmp_path):
    file = tmp_path / "objects.yaml"
    file.write_text("---\n" + documents(pipeline("p", mock("x")), pipeline("q", mock("x"))) + "---\n")
    server.egctl("create", "-f", str(file))
    assert server.objects() == ["p", "q"]
    done = server.egctl("create", "-f", str(tmp_path / "none.yaml"), check=False)
    assert done.returncode == 1 and "none.yaml" in done.stderr


def test_json_documents(server):
    server.egctl("create", "-f", "-", input=json.dumps(pipeline("p", mock("x"))))
    assert server.objects() == ["p"]


def test_no_server(server):
    server.stop()
    done = server.egctl("object", "list", check=False)
    assert done.returncode == 3
    assert done.stdout == ""
    assert done.stderr.startswith("Error: ") and server.api in done.stderr


def test_health_and_help(server):
    assert server.egctl("health").returncode == 0
    assert "wasm" in server.egctl("--help").stdout
    assert server.egctl("no-such-command", check=False).returncode == 2


@pytest.mark.parametrize("command", ["health", "version"])
def test_every_answer_has_a_form_for_programs(server, command):
    as_json = json.loads(server.egctl(command, "-o", "json").stdout)
    assert yaml.safe_load(server.egctl(command, "-o", "yaml").stdout) == as_json
    assert as_json == {"healthy": True, "objects": []} or set(as_json) == {"version", "server"}


@pytest.mark.skipif(SANITIZED, reason="a sanitizer's memory is not the server's")
def test_a_large_body_leaves_no_memory_behind(server):
    """What the parser needed goes back to the system with the answer; a few lines cannot need much."""

    def held() -> int:
        status = (Path("/proc") / str(server.pid) / "status").read_text()
        return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) >> 10

    chain = "".join(f"k{n}: &k{n} [{', '.join([f'*k{n - 1}'] * 9)}]\n" for n in range(1, 9))
    bodies = {
        "values": "".join(f"k{n}: v\n" for n in range(400_000)),
        "aliases": "k0: &k0 [x, x, x, x, x, x, x, x, x]\n" + chain,
        "brackets": "[" * 1_000_000,
        "maps": '{"a":' * 1_000_000,
    }
    before = held()
    for name, body in bodies.items():
        assert server.request("POST", "/apis/v2/objects", body)[0] == 400, name
        wait_until(lambda: held() < before + 64, f"the memory for {name} goes back: {held()} MiB of {before}")


def test_a_password_in_a_url_is_not_repeated(server):
    """Not even in the error that says what is wrong with it."""
    for code in ("http://u:secret@127.0.0.1:1/x", "http://u:se/secret@h/x", "ftp://u:secret@h/x"):
        done = server.egctl("apply", "-f", "-", input=documents(pipeline("p", wasm(code))), check=False)
        assert done.returncode == 1 and "filters[0].code" in done.stderr and "secret" not in done.stderr
    url = "http://u:secret@127.0.0.1:9"
    done = server.egctl("apply", "-f", "-", input=documents(pipeline("p", proxy(url))), check=False)
    assert done.returncode == 1 and "must not have a user" in done.stderr and "secret" not in done.stderr
    assert "secret" not in server.log()


def test_api_v1_is_there(server):
    status, headers, _ = server.request("GET", "/apis/v1/objects")
    assert status == 200 and "X-Config-Version" in headers
    assert server.request("GET", "/apis/v1/healthz")[0] == 200
    assert server.request("GET", "/apis/v2/no-such-thing")[0] == 404


def test_another_server_on_the_same_data_is_refused(server, tmp_path):
    from gateway import BIN, DEADLINE, free_port

    done = subprocess.run(
        [BIN / "sluice-server", "--home-dir", server.home, "--api-addr", f"127.0.0.1:{free_port()}"],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=DEADLINE,
    )
    assert done.returncode == 1
    assert server.egctl("health").returncode == 0


@pytest.mark.parametrize("option", [["--no-such-option"], ["--api-addr", "nowhere"], ["--api-addr", "0.0.0.0:0"]])
def test_bad_options(tmp_path, option):
    from gateway import BIN, DEADLINE

    done = subprocess.run(
        [BIN / "sluice-server", "--home-dir", tmp_path / "home", *option],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=DEADLINE,
    )
    assert done.returncode == 1
    assert option[0].lstrip("-") in done.stderr or option[-1] in done.stderr or "TLS" in done.stderr
