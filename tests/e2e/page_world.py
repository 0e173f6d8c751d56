# SPDX-License-Identifier: Apache-2.0
"""Where the commands of a page run: a gateway, a clone, a home directory, and what the page takes as given."""

import os
import re
import shutil
import socket
from dataclasses import dataclass, field
from pathlib import Path

from certificates import self_signed
from gateway import BIN, DEADLINE, ROOT, Orphan, Server, free_port, wait_until
from guests import compiler_of_the_example
from page_commands import Block, Command, Shell, commands_of, steps_of

# Of every page: what it names, and what a test has in its place.
_PORTS = ("10080", "10081", "10090", "10443", "9095", "9096", "9097", "2381", "2379", "8081")
_PLACES = (
    "/etc/sluice",
    "/etc/nginx",
    "/var/lib/sluice",
    "/var/log/sluice",
    "/usr/local",
    "/opt/sluice",
    "/srv",
    "/tmp",
)
_WORDS = {
    "timeout: 100ms": "timeout: 5s",  # long enough for a sanitizer build, as in test_cookbook.py
    "https://10.0.0.1:2379,https://10.0.0.2:2379,https://10.0.0.3:2379": "http://127.0.0.1:2379",
    "https://10.0.0.1:2379": "http://127.0.0.1:2379",
    "other:2381": "127.0.0.1:OTHER",
}
_PORT = re.compile(rf"(?<![\d.])(?:{'|'.join(_PORTS)}|OTHER)(?!\d)")
_FOLDER = re.compile(rf"(?<![\w./}}])(?:{'|'.join(map(re.escape, _PLACES))})(?=[/\s'\"]|$)", re.MULTILINE)


@dataclass(frozen=True)
class Setting:
    """What a page takes as given. `runs`: `server`, `cluster` of three members, or `nothing`: the page starts a server.
    `given`: pages whose objects are there; `objects`: more of them. `applies`: the objects of this page are applied
    where they stand. `files`: text, or a page and the number of its YAML block, or the language of a block.
    `before`: what happens before a command that begins so."""

    runs: str = "server"
    given: tuple[str, ...] = ()
    objects: str = ""
    applies: bool = False
    files: dict = field(default_factory=dict)
    folder: str = "."
    options: tuple[str, ...] = ()
    at_home: bool = False  # in the folder of the gateway, as a reader who has started it there
    needs: str = ""  # a file: without it, the page is skipped
    before: dict = field(default_factory=dict)


class World:
    def __init__(self, folder: Path, setting: Setting, guests: Path, new_cluster=None):
        self.setting, self.folder = setting, folder
        self.root, self.home, self.clone = folder / "root", folder / "reader", folder / "clone"
        self.ports = {name: str(free_port()) for name in (*_PORTS, "OTHER")}
        self.servers: list[Server] = []
        self.gateways = []
        self.shell: Shell | None = None
        try:
            self._begin(guests, new_cluster)
        except BaseException:
            self.close()  # a page that cannot begin leaves no process
            raise

    def _begin(self, guests: Path, new_cluster) -> None:
        setting = self.setting
        self._lay_out(guests)
        self._run(new_cluster)
        at = self.servers[0].home if setting.at_home else self.clone / setting.folder
        self.shell = Shell(at, self._environment())
        for name, text in setting.files.items():
            self.write(name, text if isinstance(text, str) else text_of(*text))
        for page in setting.given:
            self.give(page)
        if setting.objects:
            self.apply(setting.objects)

    def _lay_out(self, guests: Path) -> None:
        """A clone as `make run` leaves it: the example is compiled, its compiler is there."""
        example, copy = ROOT / "examples" / "flash-sale", self.clone / "examples" / "flash-sale"
        shutil.copytree(example, copy, ignore=shutil.ignore_patterns("node_modules", "build"))
        (copy / "node_modules").symlink_to(compiler_of_the_example())
        (copy / "build").mkdir()
        shutil.copy(guests / "step6.wasm", copy / "build" / "optimized.wasm")
        shutil.copy(guests / "step6-asc020.wasm", copy / "build" / "untouched.wasm")
        for file in copy.glob("*.yaml"):
            file.write_text(self.here(file.read_text()))
        for name in ("sdk", "packaging", "bench"):
            (self.clone / name).symlink_to(ROOT / name)
        (self.clone / "build").mkdir()
        (self.clone / "build" / "bin").symlink_to(BIN)
        (self.clone / "build" / "share").symlink_to(BIN.parent / "share")
        for path in (*_PLACES, "/usr/local/bin"):
            (self.root / path[1:]).mkdir(parents=True, exist_ok=True)
        self.home.mkdir()
        (self.home / ".curlrc").write_text("silent\nshow-error\n")

    def _run(self, new_cluster) -> None:
        address = f"127.0.0.1:{self.ports['2381']}"
        if self.setting.runs == "server":
            self._start("2381", *self.setting.options)
        elif self.setting.runs == "cluster":
            cluster = new_cluster()
            self.gateways = cluster.start("shop-1", "shop-2", "shop-3")
            address = self.gateways[0].api
            self.ports["2379"] = str(cluster.etcd.client_ports[0])
        (self.home / ".egctlrc").write_text(
            "kind: Config\ncurrent-context: test\ncontexts:\n- {name: test, context: {cluster: test, user: nobody}}\n"
            f"clusters:\n- {{name: test, cluster: {{server: http://{address}}}}}\n"
            "users:\n- {name: nobody, user: {}}\n"
        )

    def _start(self, port: str, *options: str) -> Server:
        Orphan.expect_some()  # a process of a hot restart outlives its parent
        server = Server(self.folder / f"server-{port}", *options)
        server.api_port = int(self.ports[port])
        self.servers.append(server.start())
        return server

    def _environment(self) -> dict[str, str]:
        return {
            "HOME": str(self.home),
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "EG_API_ADDR": f"127.0.0.1:{self.ports['2381']}",  # of servers that the page starts
            "EGCTL_EDITOR": "true",
        }

    # --- the text of a page -------------------------------------------------------------------

    def here(self, text: str) -> str:
        """`text` with the places of this test."""
        for word, ours in _WORDS.items():
            text = text.replace(word, ours)
        text = _FOLDER.sub(lambda match: f"{self.root}{match[0]}", text)
        return _PORT.sub(lambda match: self.ports[match[0]], text)

    def write(self, name: str, text: str) -> None:
        if name.startswith("~"):
            path = self.home / name[2:]
        else:
            path = Path(self.here(name))
        if not path.is_absolute():
            path = Path(self.shell.run("pwd")[0].strip()) / path
        path.parent.mkdir(parents=True, exist_ok=True)
        here, _ = self.shell.run("pwd")
        path.write_text(self.here(text).replace("$PWD", here.strip()))

    def give(self, page: str) -> None:
        """The objects of another page: of its YAML, or of the commands that apply one."""
        for command in commands_of(page):
            if command.text.startswith("echo '\n") and "egctl apply -f -" in command.text:
                self.shell.run(f"pushd {self.clone}")
                self.type(command.text)
                self.shell.run("popd")
        if page.startswith("docs/"):
            self.apply(text_of(page, None))

    def apply(self, objects: str) -> None:
        file = self.folder / "objects.yaml"
        file.write_text(self.here(objects))
        seen, code = self.shell.run(f"egctl apply -f {file}")
        assert code == 0, f"{objects}\n{seen}"

    def type(self, command: str) -> str:
        seen, code = self.shell.run(self.here(command))
        assert code == 0, f"{command}\n{seen}"
        return seen

    def show(self, block: Block) -> None:
        """A file that the page shows is written. Objects are applied if the page says so."""
        if block.file:
            self.write(block.file, block.content)
        elif self.setting.applies and re.search(
            r"^kind: (?:HTTPServer|Pipeline|GlobalFilter|CustomData)", block.text, re.M
        ):
            self.apply(block.text)

    def obey(self, command: Command) -> tuple[str, int]:
        text = self.here(command.text)
        for beginning, action in self.setting.before.items():
            if command.text.startswith(beginning):
                action(self)
        if f":{self.ports['OTHER']}" in text and len(self.servers) < 2:
            self._start("OTHER")
        if command.is_server:
            port = self.ports["9095"] if text.startswith("python3") else self.ports["2381"]
            self.shell.start(text, lambda _: answers(int(port)))
            return "", 0
        if command.is_endless:
            printed, pid = self.shell.start(text, lambda printed: printed.strip() != "")
            self.shell.end(pid)
            return printed, 0
        return self.shell.run(text)

    def close(self) -> None:
        if self.shell is not None:
            self.shell.close()
        for server in self.servers:
            pid = int((server.home / "sluice.pid").read_text())
            if pid != server.pid:  # a hot restart
                assert server.process.wait(DEADLINE) == 0, server.log()
                server.process = Orphan(pid)
            server.stop()


def text_of(page: str, which: int | str | None) -> str:
    blocks = [step for step in steps_of(page) if isinstance(step, Block)]
    if isinstance(which, str):
        return next(block.content for block in blocks if block.language == which)
    objects = [block.content for block in blocks if block.language == "yaml" and "kind:" in block.text]
    return "---\n".join(objects) if which is None else objects[which]


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


# --- what happens before a command ------------------------------------------------------------


def certificates_of_the_api(world: World) -> None:
    folder = world.folder / "certificates"
    folder.mkdir()
    pair = self_signed(folder, "DNS:localhost")
    shutil.copy(pair.certificate, world.clone / "admin.crt")
    shutil.copy(pair.key, world.clone / "admin.key")


def shop_2_is_killed(world: World) -> None:
    world.gateways[1].kill()
    told = lambda: world.gateways[0].egctl("get", "member").stdout  # noqa: E731
    wait_until(lambda: not re.search(r"^shop-2 .* online ", told(), re.MULTILINE), "shop-2 is missed")


def damaged_store(world: World) -> None:
    """A sale with one buyer, its backup, and a store that has lost its log."""
    folder = world.clone
    if (folder / "shop.backup").exists():
        return  # the second start of the page
    server = Server(folder)
    server.api_port = int(world.ports["2381"])
    server.start()
    world.apply(text_of("docs/first-sale.md", 0))
    world.type("curl -s http://127.0.0.1:10080/buy -H 'X-User: ann'")
    world.type("egctl backup create -f shop.backup")
    server.kill()
    (folder / "data" / "sluice.db-wal").unlink()
