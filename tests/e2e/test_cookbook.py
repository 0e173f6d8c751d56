# SPDX-License-Identifier: Apache-2.0
"""The flash-sale cookbook, typed as it is written. Only the port and the path of the program differ."""

import math
import shutil
from pathlib import Path

import pytest

from client import fetch
from gateway import Server, free_port

HTTP_SERVER = """
kind: HTTPServer
name: http-server
port: 10080
keepAlive: true
https: false
rules:
- paths:
  - pathPrefix: /flashsale
    backend: flash-sale-pipeline"""

PIPELINE = """
name: flash-sale-pipeline
kind: Pipeline
flow:
- filter: wasm
- filter: mock

filters:
- name: wasm
  kind: WasmHost
  maxConcurrency: 2
  code: /home/megaease/example/build/optimized.wasm
  timeout: 100ms
- name: mock
  kind: Mock
  rules:
  - body: "You can buy the laptop for $1 now.\\n"
    code: 200"""

PARAMETERS = """\
  parameters:
    startTime: "2021-08-08T00:00:00+00:00"
    blockRatio: "0.4"
    maxPermission: "3"
"""

# The cookbook creates the server first.
NO_PIPELINE_YET = (
    "Warning: http-server: rules[0].paths[0].backend: there is no Pipeline flash-sale-pipeline: until there is one, "
    "clients get 503\n"
)
BUY = "You can buy the laptop for $1 now.\n"
SOLD_OUT = "sold out.\n"
NOT_STARTED = "not start yet.\n"


class Shop:
    """Someone who follows the cookbook: a gateway, a project folder, a shell."""

    def __init__(self, server: Server, folder: Path, guests: Path):
        self.server, self.folder, self.guests = server, folder, guests
        self.port = free_port()
        self.program = folder / "build" / "optimized.wasm"
        self.program.parent.mkdir(parents=True)

    def build(self, step: int) -> None:
        """`npm run asbuild` of that section's program."""
        shutil.copy(self.guests / f"step{step}.wasm", self.program)

    def adapt(self, text: str) -> str:
        # Long enough for a sanitizer build: the limit is not what this file is about.
        return (
            text.replace("10080", str(self.port))
            .replace("/home/megaease/example/build/optimized.wasm", str(self.program))
            .replace("timeout: 100ms", "timeout: 5s")
        )

    def run(self, command: str, says: str = "") -> str:
        done = self.server.shell(self.adapt(command), cwd=self.folder)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        assert done.stderr == says
        return done.stdout

    def curl(self, user: str | None = None) -> str:
        more = f" -HAuthorization:{user}" if user else ""
        return self.run(f"curl -s http://127.0.0.1:10080/flashsale{more}")

    def answers(self, count: int) -> list[str]:
        return [fetch(self.port, "/flashsale").text for _ in range(count)]


@pytest.fixture
def shop(server, tmp_path, guests):
    return Shop(server, tmp_path / "example", guests)


@pytest.fixture
def opened(shop):
    """Section 1 done: server and pipeline are there, the program does nothing."""
    shop.build(1)
    shop.run(f"echo '{HTTP_SERVER}' | egctl create -f -", says=NO_PIPELINE_YET)
    shop.run(f"echo '{PIPELINE}' | egctl create -f -")
    return shop


def with_parameters(**changes: str) -> str:
    parameters = PARAMETERS
    for name, value in changes.items():
        before = next(line for line in parameters.splitlines() if f" {name}:" in line)
        parameters = parameters.replace(before, f'    {name}: "{value}"')
    return PIPELINE.replace("  timeout: 100ms\n", "  timeout: 100ms\n" + parameters)


def test_section_1_getting_started(opened):
    assert opened.curl() == BUY


def test_section_1_old_spelling_of_create(shop):
    shop.build(1)
    shop.run(f"echo '{HTTP_SERVER}' | egctl object create", says=NO_PIPELINE_YET)
    shop.run(f"echo '{PIPELINE}' | egctl object create -f -")
    assert shop.curl() == BUY


def test_section_2_block_before_the_start(opened):
    opened.build(2)
    opened.run("egctl wasm reload-code")
    assert opened.curl() == BUY, "2021-08-08 is over"
    opened.build(6)
    opened.run("egctl wasm reload-code")
    opened.run(f"echo '{with_parameters(startTime='2999-08-08T00:00:00+00:00')}' | egctl apply -f -")
    assert opened.curl() == NOT_STARTED
    assert fetch(opened.port, "/flashsale").status == 200


def test_reload_is_needed_to_run_the_new_program(opened):
    opened.build(3)
    assert set(opened.answers(30)) == {BUY}
    opened.run("egctl wasm reload-code")
    assert SOLD_OUT in set(opened.answers(200))


def test_section_3_random(opened):
    opened.build(3)
    opened.run(" egctl wasm apply-data --reload-code")
    count = 400
    answers = opened.answers(count)
    assert set(answers) == {BUY, SOLD_OUT}
    blocked = answers.count(SOLD_OUT)
    sigma = math.sqrt(count * 0.4 * 0.6)
    assert abs(blocked - 0.4 * count) < 6 * sigma


def test_section_4_lucky_once_lucky_always(opened):
    opened.build(4)
    opened.run("egctl wasm apply-data --reload-code")
    for attempt in range(200):
        if opened.curl("user1") == BUY:
            break
    else:
        pytest.fail("blocked 200 times at a ratio of 0.4")
    for _ in range(50):
        assert fetch(opened.port, "/flashsale", Authorization="user1").text == BUY
    assert opened.run("egctl wasm list-data flash-sale-pipeline wasm") == 'id/user1: "true"\n'


def test_section_5_limit(opened):
    opened.build(5)
    opened.run("egctl wasm apply-data --reload-code")
    permitted = []
    for user in ("user1", "user2", "user3", "user4", "user5"):
        # 0.4^60 is nothing: whoever may still be let in will be.
        if any(fetch(opened.port, "/flashsale", Authorization=user).text == BUY for _ in range(60)):
            permitted.append(user)
    assert permitted == ["user1", "user2", "user3"]
    assert opened.curl("user4") == SOLD_OUT
    assert opened.curl("user2") == BUY


def test_section_6_parameters_and_shared_data(opened):
    shop = opened
    shop.build(6)
    shop.run("egctl wasm reload-code")
    shop.run(f"echo '{with_parameters(blockRatio='0')}' | egctl object update -f -")
    for user in ("user1", "user2", "user3"):
        assert shop.curl(user) == BUY
    assert shop.curl("user4") == SOLD_OUT

    three = 'id/user1: "true"\nid/user2: "true"\nid/user3: "true"\n'
    five = three + 'id/user4: "true"\nid/user5: "true"\n'
    listing = "egctl wasm list-data flash-sale-pipeline wasm"
    assert shop.run(listing) == three

    put = """
echo '
id/user4: "true"
id/user5: "true"' | egctl wasm apply-data flash-sale-pipeline wasm"""
    assert shop.run(put) == ""
    assert shop.run(listing) == five
    assert shop.curl("user5") == BUY
    assert shop.curl("user6") == SOLD_OUT

    assert shop.run("egctl wasm delete-data flash-sale-pipeline wasm") == ""
    assert shop.run(listing) == "{}\n"
    assert shop.curl("user6") == BUY


def test_section_6_unquoted_parameters(opened):
    """`blockRatio: 0.40` is handed over as it is spelt."""
    shop = opened
    shop.build(6)
    shop.run("egctl wasm reload-code")
    spec = with_parameters(blockRatio="0", maxPermission="1").replace('"0"', "0").replace('"1"', "1")
    shop.run(f"echo '{spec}' | egctl apply -f -")
    assert shop.curl("user1") == BUY
    assert shop.curl("user2") == SOLD_OUT


def test_apply_data_and_reload_in_one(opened):
    shop = opened
    shop.build(5)
    shop.run("""
echo '
id/a: "true"
id/b: "true"
id/c: "true"' | egctl wasm apply-data flash-sale-pipeline wasm --reload-code""")
    assert shop.curl("a") == BUY
    assert set(fetch(shop.port, "/flashsale", Authorization="d").text for _ in range(60)) == {SOLD_OUT}


def test_shared_data_of_what_is_not_there(opened):
    for target in ("no-such-pipeline wasm", "flash-sale-pipeline mock", "flash-sale-pipeline no-such-filter"):
        done = opened.server.shell(f"egctl wasm list-data {target}")
        assert done.returncode == 4
        assert done.stdout == ""
        assert "not found" in done.stderr
