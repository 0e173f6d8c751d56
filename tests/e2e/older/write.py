# SPDX-License-Identifier: Apache-2.0
"""Lets a program of an earlier commit write a data directory, and prints its database as SQL.

    write.py PROGRAM GUESTS >COMMIT.sql     PROGRAM: sluice-server of that commit; GUESTS: the folder with step6.wasm

253c266.sql is made so, with the program of `git worktree add old 253c266` and `make build` there. The rows of the
winners, whose keys differ in a number only, are one statement. @GUESTS@ and @PORT@ stand for what a test puts there."""

import sqlite3
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import gateway  # noqa: E402
from client import Connection  # noqa: E402

WINNERS = 50_000
AT_ONCE = 50
SCHEMA = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid"


def objects(port: int, guests: Path) -> list[dict]:
    parameters = {"startTime": "2021-08-08T00:00:00+00:00", "blockRatio": "0", "maxPermission": str(WINNERS)}
    paths = [{"pathPrefix": f"/{name}", "backend": name} for name in ("sale", "page", "till", "shop")]
    return [
        gateway.pipeline("sale", gateway.wasm(guests / "step6.wasm", parameters=parameters), gateway.mock("buy\n")),
        gateway.pipeline("page", gateway.mock("a page of 'quotes' and \"more\"\n")),
        gateway.pipeline("till", gateway.wasm(guests / "step6.wasm", parameters={**parameters, "maxPermission": "3"}), gateway.mock("buy\n")),
        gateway.pipeline("shop", gateway.proxy(f"http://127.0.0.1:{port}", loadBalance={"policy": "roundRobin"})),
        gateway.http_server(port, *paths, keepAlive=True),
    ]


def sell(port: int) -> None:
    with Connection(port) as visitors:
        for first in range(1, WINNERS + 1, AT_ONCE):
            users = range(first, first + AT_ONCE)
            visitors.send("".join(f"GET /sale HTTP/1.1\r\nHost: a\r\nAuthorization: u{user:05}\r\n\r\n" for user in users))
            for user in users:
                answer = visitors.receive()
                assert answer.text == "buy\n", f"{user}: {answer}"


def text_of(value) -> str:
    if isinstance(value, int):
        return str(value)
    try:
        text = (value if isinstance(value, str) else value.decode()).replace("'", "''")
    except UnicodeDecodeError:
        return f"X'{value.hex()}'"
    return f"'{text}'" if isinstance(value, str) else f"CAST('{text}' AS BLOB)"


def statements(table: str, rows: list[tuple]) -> list[str]:
    """One for each row, but for winners: keys of the form u00001, one after the other."""
    out, at = [], 0
    while at < len(rows):
        count = 0
        if table == "data" and rows[at][1] == b"id/u00001":
            while at + count < len(rows) and rows[at + count][1:] == (f"id/u{count + 1:05}".encode(), b"true"):
                count += 1
        if count > 1:
            out.append(f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})\n"
                       f"INSERT INTO data SELECT {rows[at][0]}, CAST(printf('id/u%05d', i) AS BLOB), CAST('true' AS BLOB) FROM n;")  # fmt: skip
        else:
            out.append(f"INSERT INTO {table} VALUES({', '.join(map(text_of, rows[at]))});")
        at += max(count, 1)
    return out


def tables(database: sqlite3.Connection) -> dict[str, list[tuple]]:
    names = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY rowid")]
    return {name: database.execute(f"SELECT * FROM {name} ORDER BY 1, 2").fetchall() for name in names}


def dump(path: Path) -> str:
    database = sqlite3.connect(path)
    lines = [f"{sql};" for (sql,) in database.execute(SCHEMA)]
    contents = tables(database)
    for table, rows in contents.items():
        lines += statements(table, rows)
    for pragma in ("application_id", "user_version", "journal_mode"):
        lines.append(f"PRAGMA {pragma} = {database.execute(f'PRAGMA {pragma}').fetchone()[0]};")
    text = "\n".join(lines) + "\n"
    again = sqlite3.connect(":memory:")
    again.executescript(text)
    assert tables(again) == contents
    return text


def main() -> None:
    program, guests = (Path(argument).resolve() for argument in sys.argv[1:])
    port = gateway.free_port()
    with tempfile.TemporaryDirectory() as folder:
        server = gateway.Server(Path(folder) / "home")
        server.program = program
        server.start()
        for spec in objects(port, guests):
            status, _, body = server.request("POST", "/apis/v2/objects", gateway.documents(spec))
            assert status in (200, 201), body
        sell(port)
        with Connection(port) as visitor:
            for user in ("zoë", "o'neil", "u00001"):
                visitor.send(f"GET /till HTTP/1.1\r\nHost: a\r\nAuthorization: {user}\r\n\r\n")
                assert visitor.receive().text == "buy\n"
        server.stop()
        text = dump(Path(folder) / "home" / "data" / "sluice.db")
    print(text.replace(str(guests), "@GUESTS@").replace(str(port), "@PORT@"), end="")


main()
