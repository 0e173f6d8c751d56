# SPDX-License-Identifier: Apache-2.0
"""The page of each filter shows a request to its example, and the answer. Both are typed here."""

import os
import subprocess

import pytest
import yaml

from gateway import DEADLINE, ROOT, Server, free_port
from pages import blocks, example, expected, steps

PAGES = sorted(page.stem for page in (ROOT / "docs").glob("filter-*.md"))
DOOR, BEHIND, ABSENT = "10080", "9095", "9096"  # the ports of the pages


def console(page: str) -> list[tuple[str, str]]:
    return steps((ROOT / "docs" / f"{page}.md").read_text())


def try_block() -> str:
    (found,) = [block for block in blocks("filters") if "PIPELINE" in block]
    return found


def with_ports(text: str, ports: dict[str, str]) -> str:
    for old, new in ports.items():
        text = text.replace(f":{old}", f":{new}").replace(f"port: {old}", f"port: {new}")
    return text


def pipeline_of(page: str) -> dict:
    (found,) = [document for document in example(page) if document["kind"] == "Pipeline"]
    return found


def test_the_examples_have_names_of_their_own():
    names = [document["name"] for page in PAGES for document in example(page)]
    assert len(set(names)) == len(names), sorted(names)


@pytest.mark.parametrize("page", PAGES)
def test_the_page_shows_a_request_and_its_answer(page, server: Server, tmp_path):
    shown = console(page)
    assert len([command for command, _ in shown if "curl " in command]) >= 1
    ports = {port: str(free_port()) for port in (DOOR, BEHIND, ABSENT)}
    site = tmp_path / "www"
    site.mkdir()
    (site / "index.html").write_text("<h1>Hello</h1>\n")
    text = blocks(page)[0].replace("/srv/www", str(site))
    server.egctl("apply", "-f", "-", input=with_ports(text, ports))
    door = try_block().replace("PIPELINE", pipeline_of(page)["name"])
    server.egctl("apply", "-f", "-", input=with_ports(door, ports))
    path = f"{server.home / 'bin'}:{os.environ['PATH']}"
    for command, output in shown:
        typed = with_ports(command, ports)
        done = subprocess.run(
            ["bash", "-c", typed], capture_output=True, text=True, timeout=DEADLINE,
            env={**os.environ, "PATH": path},
        )  # fmt: skip
        seen = done.stdout.replace("\r\n", "\n") + done.stderr
        assert expected(output).fullmatch(seen), f"$ {command}{seen}\n--- the page says:\n{output}"


def test_the_door_is_valid_yaml():
    assert [document["kind"] for document in yaml.safe_load_all(try_block())] == ["HTTPServer", "HTTPServer", "Pipeline"]
