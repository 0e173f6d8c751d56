# SPDX-License-Identifier: Apache-2.0
"""Every command of every page runs here, or page_tables.py says where it does and why not here.

A page is typed into one shell, from its first command to its last. A command must succeed. If the page shows its
output, that must come."""

import re
from pathlib import Path

import pytest

from gateway import ROOT
from page_commands import Block, Command, Shell, commands_of, pages, steps_of
from page_tables import ELSEWHERE, SETTINGS, VARIES
from page_world import Setting, World

ALL = {page: commands_of(page) for page in pages()}


def elsewhere(command: Command):
    return next((row for row in ELSEWHERE if row.counts and row.fits(command.page, command.text)), None)


def runs_here(page: str) -> bool:
    return any(elsewhere(command) is None for command in ALL[page])


@pytest.fixture
def world(request, tmp_path, guests):
    made = []

    def make(page: str) -> World:
        setting = SETTINGS.get(page, Setting())
        cluster = request.getfixturevalue("new_cluster") if setting.runs == "cluster" else None
        made.append(World(tmp_path, setting, guests, cluster))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.mark.parametrize("page", [page for page in ALL if runs_here(page)])
def test_page(page, world):
    needs = SETTINGS.get(page, Setting()).needs
    if needs and not Path(needs).exists():
        pytest.skip(f"no {needs}")
    here = world(page)
    for step in steps_of(page):
        if isinstance(step, Block):
            here.show(step)
        elif elsewhere(step) is None:
            check(here, step)


def check(here: World, command: Command) -> None:
    try:
        seen, code = here.obey(command)
    except AssertionError as fault:
        raise AssertionError(f"{command.place}\n$ {command.text}\n{fault}") from None
    shown = command.output
    wrong = re.search(r"^(?:Error|curl: |sluice-server: )", shown or "", re.MULTILINE)
    assert code == 0 or wrong, f"{command.place}: exit code {code}\n$ {command.text}\n{seen}"
    if shown is None or command.is_server or command.is_endless:
        return
    pattern = VARIES.get((command.page, command.text))
    fits = re.compile(pattern or shown_as(here.here(shown)), re.DOTALL)
    assert fits.fullmatch(seen), f"{command.place}\n$ {command.text}\n{seen}\n--- the page says:\n{shown}"


def shown_as(output: str) -> str:
    """A pattern: `...` is any text, and a line of it any number of lines."""
    lines = (
        r"(?:.*\n)?" if line == "...\n" else ".*".join(map(re.escape, line.split("...")))
        for line in output.splitlines(True)
    )
    return "".join(lines)


def test_what_can_harm_a_machine_does_not_run():
    harmful = re.compile(r"(?:sudo )?(?:apt|apt-get|useradd|systemctl|docker|service|shutdown)\b")
    found = [
        each.place for commands in ALL.values() for each in commands if harmful.match(each.text) and not elsewhere(each)
    ]
    assert found == []


def anchors(page) -> set[str]:
    """As GitHub makes them of the headings."""
    text = re.sub(r"^ *```.*?^ *```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    headings = [re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", found) for found in re.findall(r"^#+ (.*)", text, re.MULTILINE)]
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", list(ALL))
def test_every_link_leads_somewhere(page):
    here = ROOT / page
    text = re.sub(r"^ *```.*?^ *```", "", here.read_text(), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\((?!\w+:)([^)\s]+)\)", text):
        file, _, anchor = target.partition("#")
        other = (here.parent / file) if file else here
        assert other.exists(), target
        assert not anchor or anchor in anchors(other), target


def test_every_page_has_its_commands_found():
    assert len(ALL) > 60
    assert sum(map(len, ALL.values())) > 150


def test_no_row_of_the_tables_is_left_over():
    every = [command for commands in ALL.values() for command in commands]
    for row in ELSEWHERE:
        assert any(row.fits(each.page, each.text) for each in every), row
    assert set(SETTINGS) <= set(ALL)
    assert set(VARIES) <= {(each.page, each.text) for each in every}


@pytest.mark.parametrize("row", [row for row in ELSEWHERE if row.test], ids=lambda row: row.test)
def test_the_test_that_is_named_exists(row):
    file, _, name = row.test.partition("::")
    text = (ROOT / file).read_text()
    assert not name or re.search(rf"^(?:def )?{re.escape(name)}\b", text, re.MULTILINE), row


def test_a_command_ends_where_its_shell_says(tmp_path):
    """Quotes, here-documents, functions, lines that go on, and output between commands."""
    page = tmp_path / "page.md"
    page.write_text(
        "```sh\n# a comment\ncat <<END\n$x\nEND\nf() {\n  echo a\n}\necho 'b\nc' | cat \\\n  -\n```\n"
        "```console\n$ f\na\n$ true\n```\n```text\nnone\n```\n1. In a list:\n\n   ```bash\n   true   # why\n   ```\n"
    )
    found = commands_of(str(page))
    assert [(each.line, each.text, each.output) for each in found] == [
        (3, "cat <<END\n$x\nEND", None),
        (6, "f() {\n  echo a\n}", None),
        (9, "echo 'b\nc' | cat \\\n  -", None),
        (14, "f", "a\n"),
        (16, "true", ""),
        (24, "true   # why", None),
    ]


def test_a_command_that_fails_has_its_output_and_its_code(tmp_path):
    shell = Shell(tmp_path, {})
    try:
        assert shell.run("cd / && pwd") == ("/\n", 0)
        assert shell.run("echo wrong >&2; false") == ("wrong\n", 1)
        assert shell.run("printf 'no end of line'") == ("no end of line", 0)
    finally:
        shell.close()
