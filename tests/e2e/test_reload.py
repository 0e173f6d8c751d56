# SPDX-License-Identifier: Apache-2.0
"""New code under load: no request fails, no connection breaks, and what cannot run is refused."""

import pytest

from client import Connection, Load, fetch, request
from gateway import mock, pipeline, sale_server, wasm
from guests import distinct


class Site:
    def __init__(self, server, port, file, guests):
        self.server, self.port, self.file, self.guests = server, port, file, guests

    def write(self, guest: str) -> None:
        self.file.write_bytes(distinct((self.guests / f"{guest}.wasm").read_bytes()))

    def reload(self, check: bool = True):
        return self.server.egctl("wasm", "reload-code", check=check)


@pytest.fixture
def site(server, port, guests, tmp_path):
    site = Site(server, port, tmp_path / "program.wasm", guests)
    site.write("step1")
    server.apply(
        sale_server(port),
        pipeline(
            "p",
            wasm(
                site.file,
                concurrency=4,
                parameters={"startTime": "2021-08-08T00:00:00+00:00", "blockRatio": "0", "maxPermission": "0"},
            ),
            mock("buy\n"),
        ),
    )
    return site


@pytest.mark.parametrize("rounds", [100])
def test_reload_under_load(site, rounds):
    with Load(site.port, lambda n: request("/", Authorization=f"user{n}"), connections=64) as load:
        for number in range(rounds):
            # step1 lets everybody pass, step6 with a limit of 0 nobody.
            guest, answer = (("step6", "sold out.\n"), ("step1", "buy\n"))[number % 2]
            site.write(guest)
            site.reload()
            assert fetch(site.port).text == answer, "in force when egctl returns"
            if number % 20 == 10:
                site.file.write_bytes(b"\0asm nonsense")
                refused = site.reload(check=False)
                assert refused.returncode == 1
                assert "p/wasm" in refused.stderr
                assert fetch(site.port).text == answer, "the old code goes on"
        load.wait_more(200)
    assert load.errors == []
    assert load.statuses() == {200: load.count}
    assert {body for _, body in load.answers} == {b"buy\n", b"sold out.\n"}


BROKEN = ["no-run", "unknown-import", "init-trap", "init-loop", "run-signature", "memory-65m"]


@pytest.mark.parametrize("guest", BROKEN)
def test_broken_code_is_refused_and_named(site, guest):
    site.write(guest)
    done = site.reload(check=False)
    assert done.returncode == 1
    assert "p/wasm" in done.stderr
    assert fetch(site.port).text == "buy\n"
    assert site.server.status("p")["filters"]["wasm"]["health"] == "ready"
    # Another reload with the same broken file says the same; a good one heals.
    assert site.reload(check=False).returncode == 1
    site.write("step6")
    site.reload()
    assert fetch(site.port).text == "sold out.\n"


def test_missing_file(site):
    site.file.unlink()
    done = site.reload(check=False)
    # The message may cut a long path: it could be base64.
    assert done.returncode == 1 and "p/wasm" in done.stderr and str(site.file)[:40] in done.stderr
    assert fetch(site.port).text == "buy\n"


def test_nothing_changed(site):
    assert "unchanged" in site.reload().stdout or site.reload().returncode == 0
    assert fetch(site.port).text == "buy\n"


def test_requests_in_flight_finish_on_the_old_code(site):
    site.file.write_bytes(distinct((site.guests / "probe.wasm").read_bytes()))
    site.reload()
    site.server.apply(pipeline("p", wasm(site.file, timeout="1s"), mock("ok")))
    with Connection(site.port) as waiting:
        waiting.send(request("/", X_Mode="loop"))
        for _ in range(3):
            site.write("step1")
            site.reload()
            assert fetch(site.port).text == "ok"
        assert waiting.receive().status == 503
        assert waiting.request().text == "ok"


def test_one_broken_filter_holds_back_no_other(site, tmp_path):
    other = tmp_path / "other.wasm"
    other.write_bytes(distinct((site.guests / "step1.wasm").read_bytes()))
    site.server.apply(pipeline("q", wasm(other), mock("q\n")))
    site.file.write_bytes(b"nonsense")
    other.write_bytes(distinct((site.guests / "step1.wasm").read_bytes()))
    done = site.reload(check=False)
    assert done.returncode == 1
    assert "p/wasm" in done.stderr and "q/wasm: refused" not in done.stderr
    assert fetch(site.port).text == "buy\n"


def test_shared_data_survives_a_reload(site):
    site.server.egctl("wasm", "apply-data", "p", "wasm", input='id/a: "true"\n')
    site.write("step6")
    site.reload()
    assert fetch(site.port, Authorization="a").text == "buy\n"
    assert site.server.egctl("wasm", "list-data", "p", "wasm").stdout == 'id/a: "true"\n'
