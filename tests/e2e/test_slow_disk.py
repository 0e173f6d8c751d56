# SPDX-License-Identifier: Apache-2.0
"""Who is to blame for a run that ends too late: the disk, or the program that left no time for the write."""

import subprocess

import pytest
from client import fetch
from exposition import parse, value
from gateway import Server, http_server, mock, pipeline

# A sync takes two seconds as long as the file SLOW is there.
SLOW_SYNC = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>
#define SYNC(name)                                                \\
  int name(int file) {                                            \\
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, #name);     \\
    if (access(getenv("SLOW"), F_OK) == 0) sleep(2);              \\
    return real(file);                                            \\
  }
SYNC(fsync)
SYNC(fdatasync)
"""
SCRIPT = """
export function run() {
  const end = now() + Number(request.getHeader("X-Burn"));
  while (now() < end);
  cluster.putString("k", String(end));
  return 0;
}
"""


@pytest.fixture
def slow(tmp_path):
    """A server whose disk is slow from the second request on."""
    source, library = tmp_path / "slow.c", tmp_path / "slow.so"
    source.write_text(SLOW_SYNC)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", str(library), str(source), "-ldl"], check=True, timeout=60)
    server = Server(tmp_path / "home")
    server.flag = tmp_path / "is-slow"
    server.wrapper = ["env", f"LD_PRELOAD={library}", f"SLOW={server.flag}"]
    yield server.start()
    server.flag.unlink(missing_ok=True)
    server.stop()


@pytest.mark.parametrize("burn, cause, words", [(0, "store", "the store has not written in time"), (800, "timeout", "had gone before the write")])
def test_a_store_that_had_no_time_is_not_to_blame(slow, port, burn, cause, words):
    guest = {"name": "wasm", "kind": "WasmHost", "code": "builtin:javascript", "script": SCRIPT, "timeout": "1s", "maxConcurrency": 2}
    slow.apply(http_server(port, {"backend": "p"}), pipeline("p", guest, mock("x")))
    assert fetch(port, "/", X_Burn="0").status == 200
    slow.flag.touch()
    assert fetch(port, "/", X_Burn=str(burn)).status == 503
    families = parse(slow.request("GET", "/metrics")[2])
    failures = {each: value(families, "sluice_guest_failures_total", cause=each) for each in ("store", "timeout")}
    assert failures == {"store": 0, "timeout": 0} | {cause: 1}
    assert words in slow.status("p")["filters"]["wasm"]["lastFailure"]
