# SPDX-License-Identifier: Apache-2.0
"""`egctl metrics --names easegress` and `egctl profile`. The figures under our own names: test_metrics.py."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from client import fetch
from gateway import Server, http_server, mock, pipeline, proxy

# --- metrics ---------------------------------------------------------------------------------

SAMPLE = re.compile(r'^([a-z_0-9]+)(\{([a-zA-Z]+="[^"]*"(,[a-zA-Z]+="[^"]*")*)\})? (-?[0-9.e+-]+)$')


def samples(text: str) -> dict[tuple[str, str], float]:
    """By name and labels. Asserts the format: HELP and TYPE once, before the samples of their family."""
    found, declared = {}, []
    for line in text.splitlines():
        if line.startswith("# "):
            word, name = line.split()[1:3]
            if word == "TYPE":
                assert name not in declared, line
                declared.append(name)
            continue
        match = SAMPLE.match(line)
        assert match, line
        assert match[1].startswith(declared[-1]), line
        assert (match[1], match[3]) not in found, line
        found[match[1], match[3]] = float(match[5])
    return found


def test_metrics_under_the_names_of_easegress(server, port, backend):
    server.apply(
        http_server(port, {"path": "/x", "backend": "q"}, {"pathPrefix": "/", "backend": "p"}),
        pipeline("p", proxy(backend.url)),
        pipeline("q", mock("gone", code=410)),
    )
    for path in ("/a", "/b", "/x"):
        fetch(port, path)
    server.counted(3)
    status, headers, text = server.request("GET", "/apis/v2/metrics?names=easegress")
    assert status == 200 and headers["Content-Type"].startswith("text/plain; version=0.0.4")
    found = samples(text)
    assert samples(server.egctl("metrics", "--names", "easegress").stdout).keys() == found.keys()

    def value(name: str, *labels: str) -> float:
        of_name = [one for (its, given), one in found.items() if its == name and all(label in given for label in labels)]
        assert len(of_name) == 1, (name, labels, of_name)
        return of_name[0]

    named = ('instanceName="eg-default-name"', 'httpServerName="http-server"', 'kind="HTTPServer"', 'clusterRole="single"')
    assert value("httpserver_health", *named) == 1
    assert value("httpserver_total_requests", *named) == 3 == value("httpserver_total_responses", *named)
    assert value("httpserver_total_error_requests", *named) == 1
    assert value("httpserver_requests_duration_percentage_count", *named) == 3
    assert value("httpserver_requests_duration_percentage_sum", *named) > 0
    assert value("httpserver_requests_duration_percentage", 'quantile="0.99"') >= value("httpserver_p50")
    assert value("httpserver_resp_size") > 0
    assert value("proxy_total_connections", 'proxyName="p#proxy#main"', 'kind="Proxy"') == 2
    assert value("proxy_total_error_connections", 'proxyName="p#proxy#main"') == 0


def test_metrics_of_nothing_and_wrong_use(server):
    assert server.egctl("metrics", "--names", "easegress").stdout == ""
    done = server.egctl("metrics", "-o", "json", check=False)
    assert done.returncode == 2 and "Prometheus" in done.stderr
    done = server.egctl("metrics", "--names", "others", check=False)
    assert done.returncode == 2 and "must be easegress" in done.stderr


# --- profiles --------------------------------------------------------------------------------


@pytest.fixture
def profiled(tmp_path):
    server = Server(tmp_path / "home", "--profiling").start()
    yield server
    server.stop()


def test_profiling_is_off_by_default(server, tmp_path):
    for command in (("info",), ("start", "cpu", str(tmp_path / "cpu")), ("stop",)):
        done = server.egctl("profile", *command, check=False)
        assert done.returncode == 1 and "start sluice-server with --profiling" in done.stderr, done


def decode(profile: bytes) -> tuple[int, list[tuple[int, list[int]]], str]:
    """pprof's legacy format: the period in microseconds, the stacks with their counts, and the mappings."""
    words = memoryview(profile[: len(profile) // 8 * 8]).cast("Q")
    assert list(words[:3]) == [0, 3, 0] and words[4] == 0
    stacks, at = [], 5
    while words[at] != 0:
        count, depth = words[at], words[at + 1]
        stacks.append((count, list(words[at + 2 : at + 2 + depth])))
        at += 2 + depth
    assert list(words[at : at + 3]) == [0, 1, 0]
    return words[3], stacks, profile[(at + 3) * 8 :].decode()


def names_of(addresses: list[int], begin: int, mappings: str) -> list[str]:
    """The functions, by the program file and its mappings alone, as pprof finds them."""
    line = next(line for line in mappings.splitlines() if line.startswith(f"{begin:x}-"))
    offset, program = int(line.split()[2], 16), line.split()[5]
    headers = subprocess.run(["readelf", "-lW", program], capture_output=True, text=True, check=True).stdout
    segments = [[int(word, 16) for word in row.split()[1:6]] for row in headers.splitlines() if row.split()[:1] == ["LOAD"]]
    at, virtual, *_ = next(each for each in segments if each[0] // 4096 * 4096 == offset)
    base = begin - (virtual - (at - offset))
    asked = [f"{address - base:#x}" for address in addresses]
    done = subprocess.run(["addr2line", "-Cfe", program, *asked], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[::2]


def cpu_ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def test_a_cpu_profile(profiled, port, tmp_path):
    profiled.apply(http_server(port, {"backend": "p"}), pipeline("p", mock("x")))
    file = tmp_path / "cpu.profile"
    assert profiled.egctl("profile", "info").stdout == "no profile is being taken\n"
    profiled.egctl("profile", "start", "cpu", str(file))
    assert str(file) in profiled.egctl("profile", "info").stdout and not file.exists()
    done = profiled.egctl("profile", "start", "cpu", str(tmp_path / "other"), check=False)
    assert done.returncode == 5 and "already" in done.stderr

    begin = cpu_ticks(profiled.pid)
    while cpu_ticks(profiled.pid) - begin < os.sysconf("SC_CLK_TCK"):  # a second
        fetch(port, "/")
    profiled.egctl("profile", "stop")
    period, stacks, mappings = decode(file.read_bytes())
    assert file.stat().st_mode & 0o777 == 0o600
    assert profiled.egctl("profile", "info").stdout == "no profile is being taken\n"
    assert period == 10_000
    assert sum(count for count, _ in stacks) > 30, "100 are due"
    assert max(len(stack) for _, stack in stacks) > 5, "callers are seen"
    code = [line.split("-") for line in mappings.splitlines() if " r-xp " in line and "sluice-server" in line]
    begin, end = int(code[0][0], 16), int(code[0][1].split()[0], 16)
    own = sorted({frame for _, stack in stacks for frame in stack if begin <= frame < end})
    assert own
    names = names_of(own, begin, mappings)
    assert any("sluice::" in name for name in names), f"no functions by the mappings: {names[:20]}"


def test_a_memory_profile(profiled, tmp_path):
    file = tmp_path / "memory"
    profiled.egctl("profile", "start", "memory", str(file))
    told = profiled.egctl("profile", "info", "-o", "json").stdout
    assert '"cpuPath": ""' in told and str(file) in told
    profiled.egctl("profile", "stop")
    text = file.read_text()
    assert "<malloc version" in text and "Rss:" in text


def test_both_at_once(profiled, tmp_path):
    profiled.egctl("profile", "start", "cpu", str(tmp_path / "cpu"))
    profiled.egctl("profile", "start", "memory", str(tmp_path / "memory"))
    done = profiled.egctl("profile", "stop", str(tmp_path / "one"), check=False)
    assert done.returncode == 2 and "leave out PATH" in done.stderr
    profiled.egctl("profile", "stop")
    assert (tmp_path / "cpu").exists() and (tmp_path / "memory").exists() and not (tmp_path / "one").exists()
    done = profiled.egctl("profile", "stop", check=False)
    assert done.returncode == 5 and "no profile" in done.stderr


def test_wrong_profiles(profiled, tmp_path):
    there = tmp_path / "there"
    there.write_text("mine")
    for path, why in ((there, "there already"), (tmp_path / "none" / "x", "no folder")):
        done = profiled.egctl("profile", "start", "cpu", str(path), check=False)
        assert done.returncode == 1 and why in done.stderr, done
    for command in (("start",), ("start", "cpu"), ("start", "disk", "x"), ("nothing",)):
        done = profiled.egctl("profile", *command, check=False)
        assert done.returncode == 2 or "Print which profiles" in done.stdout or "CPU time" in done.stdout, done
    # A file that has come meanwhile stays, and so does the profile.
    late = tmp_path / "late"
    profiled.egctl("profile", "start", "cpu", str(late))
    late.write_text("mine")
    done = profiled.egctl("profile", "stop", check=False)
    assert done.returncode == 1 and "cannot create" in done.stderr and late.read_text() == "mine"
    profiled.egctl("profile", "stop", str(tmp_path / "elsewhere"))
    assert profiled.request("POST", "/apis/v2/profile/start/cpu", "{}")[0] == 400
    assert profiled.request("POST", "/apis/v2/profile/start/cpu", "path: [")[0] == 400
    assert profiled.request("POST", "/apis/v2/profile/stop")[0] == 400


def test_a_server_stops_in_the_middle_of_a_profile(tmp_path):
    server = Server(tmp_path / "home", "--profiling").start()
    server.egctl("profile", "start", "cpu", str(tmp_path / "cpu"))
    server.stop()


def test_a_profile_outlives_a_hot_restart(profiled, port, tmp_path):
    """Its samples end with the old process. They are given, and the caller is told."""
    profiled.apply(http_server(port, {"backend": "p"}), pipeline("p", mock("x")))
    cpu, memory = tmp_path / "cpu.profile", tmp_path / "memory.profile"
    profiled.egctl("profile", "start", "cpu", str(cpu))
    profiled.egctl("profile", "start", "memory", str(memory))
    begin = cpu_ticks(profiled.pid)
    while cpu_ticks(profiled.pid) - begin < os.sysconf("SC_CLK_TCK") // 5:
        fetch(port, "/")
    profiled.hot_restart()
    assert f"cpu profile has ended with a restart, for {cpu}" in profiled.egctl("profile", "info").stdout
    again = profiled.egctl("profile", "start", "cpu", str(tmp_path / "other"), check=False)
    assert again.returncode == 5 and "egctl profile stop" in again.stderr
    done = profiled.egctl("profile", "stop")
    assert "the cpu profile ended with a restart of the server" in done.stderr
    _, stacks, mappings = decode(cpu.read_bytes())
    assert stacks and "sluice-server" in mappings
    assert memory.read_text().startswith("<!-- malloc_info")
    assert profiled.egctl("profile", "info").stdout == "no profile is being taken\n"
    profiled.egctl("profile", "start", "cpu", str(tmp_path / "other"))
