# SPDX-License-Identifier: Apache-2.0
"""`sluice-server --check`: what a start would refuse, without a start."""

import subprocess

import pytest
import yaml
from certificates import self_signed
from gateway import BIN, free_port, http_server, mock, pipeline, wasm


@pytest.fixture
def check(tmp_path):
    """check(options, *files of objects) runs it with a configuration file, in an empty home."""
    home = tmp_path / "home"
    home.mkdir()

    def run(options: dict, *files: list[dict]) -> subprocess.CompletedProcess:
        paths = [tmp_path / f"objects{n}.yaml" for n in range(len(files))]
        for path, documents in zip(paths, files):
            path.write_text(yaml.safe_dump_all(documents))
        config = tmp_path / "sluice.yaml"
        more = {"initial-object-config-files": list(map(str, paths))} if paths else {}
        config.write_text(yaml.safe_dump({"home-dir": str(home)} | options | more))
        done = subprocess.run([BIN / "sluice-server", "--check", "-f", config], capture_output=True, text=True, timeout=120)
        assert list(home.iterdir()) == [], "it makes nothing"
        return done

    return run


def test_what_is_valid(check, guests):
    sale = pipeline("sale", wasm(guests / "step6.wasm", parameters={"maxPermission": "3"}), mock("buy\n"))
    done = check({"workers": 2}, [sale], [http_server(free_port(), {"backend": "sale"}), pipeline("page", mock("x"))])
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "the configuration is valid",
        "Pipeline sale is valid",
        "HTTPServer http-server is valid",
        "Pipeline page is valid",
    ]
    assert check({}).stdout == "the configuration is valid\n"


def test_a_warning_is_no_fault(check):
    done = check({}, [http_server(free_port(), {"backend": "nobody"})])
    assert done.returncode == 0 and "Warning: " in done.stdout and "nobody" in done.stdout


@pytest.mark.parametrize(
    "options, words",
    [
        ({"worker": 2}, ["worker"]),
        ({"workers": "many"}, ["workers"]),
        ({"bind-address": "192.0.2.1"}, ["bind-address: "]),
        ({"api-addr": "0.0.0.0:2381"}, ["0.0.0.0:2381", "needs TLS"]),
        ({"tls": True, "cert-file": "/no/such.pem", "key-file": "/no/such.key"}, ["/no/such"]),
    ],
)
def test_wrong_options(check, options, words):
    done = check(options)
    assert done.returncode == 1 and done.stdout == ""
    for word in words:
        assert word in done.stderr, done.stderr


def test_a_key_of_another_certificate(check, tmp_path):
    mine, other = self_signed(tmp_path, "DNS:a"), self_signed(tmp_path, "DNS:b")
    done = check({"tls": True, "cert-file": str(mine.certificate), "key-file": str(other.key)})
    assert done.returncode == 1 and "key" in done.stderr


def test_objects_with_faults(check, tmp_path):
    good, bad = [pipeline("p", mock("x"))], [pipeline("q", mock("x", cod=1)), http_server(70000, {"backend": "p"})]
    done = check({}, good, bad)
    assert done.returncode == 1 and "Pipeline p is valid" in done.stdout and "q is valid" not in done.stdout
    for word in (f"{tmp_path}/objects1.yaml", "cod", "port"):
        assert word in done.stderr, done.stderr
    code = tmp_path / "nonsense.wasm"
    code.write_bytes(b"\0asm nonsense")
    done = check({}, [pipeline("p", wasm(code))])
    assert done.returncode == 1 and "filters[0].code" in done.stderr
    (tmp_path / "objects0.yaml").unlink()
    done = check({"initial-object-config-files": [str(tmp_path / "absent.yaml")]})
    assert done.returncode == 1 and "absent.yaml" in done.stderr
