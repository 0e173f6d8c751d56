# SPDX-License-Identifier: Apache-2.0
"""Roots of Debian that debootstrap makes, and commands in them: in a chroot, or with systemd as process 1."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

CACHE = Path(os.environ.get("SLUICE_CACHE_DIR") or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sluice")
DEADLINE = 120.0  # a bound on waiting, not a measure of speed
NAMES = {12: "bookworm", 13: "trixie"}
ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "DEBIAN_FRONTEND": "noninteractive",
    "LC_ALL": "C.UTF-8",
}
APT = ("apt-get", "-y", "-q", "-o", "Dpkg::Use-Pty=0", "--no-install-recommends")
# A private mount namespace has /proc of its own processes, and a private network only a loopback.
NO_NETWORK = ("--net",)


def wait_until(condition, what: str):
    """Returns the first truthy answer of `condition`."""
    end = time.monotonic() + DEADLINE
    while not (answer := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"waited {DEADLINE:.0f} s in vain until {what}")
        time.sleep(0.05)
    return answer


def output(*command: str | Path) -> str:
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout


def mirrors(release: int = 12) -> list[tuple[str, str]]:
    """(site, suite), where apt of this machine, a Debian 12, has its packages."""
    form = "$(SITE) $(RELEASE)"
    lines = output("apt-get", "indextargets", "--format", form, "Created-By: Packages", "Component: main").splitlines()
    of_12 = [(site, suite) for site, suite in map(str.split, sorted(set(lines))) if suite.startswith(NAMES[12])]
    return [(site, suite.replace(NAMES[12], NAMES[release])) for site, suite in of_12]


def why_not() -> str:
    """The reason why no root can be made here, or nothing."""
    if os.geteuid() != 0:
        return "needs root"
    missing = [name for name in ("debootstrap", "systemd-nspawn", "unshare", "nsenter") if not shutil.which(name)]
    if missing:
        return f"no {missing[0]}: tools/install.sh package-test installs it"
    return "" if any(suite == "bookworm" for _, suite in mirrors()) else "apt knows no mirror of Debian 12"


class Root:
    """A folder with a system."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.bound: list[Path] = []

    def command(self, *command: str, apart: tuple[str, ...] = ()) -> list[str]:
        """Apart from the machine: nothing is mounted outside, and no process outlives the command."""
        mount = 'mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev" && ip link set lo up; exec chroot "$0" "$@"'
        return ["unshare", "--mount", "--pid", "--fork", "--kill-child", *apart, "sh", "-c", mount, str(self.folder), *command]

    def run(self, *command: str, apart: tuple[str, ...] = (), check: bool = True) -> subprocess.CompletedProcess:
        done = subprocess.run(self.command(*command, apart=apart), env=ENVIRONMENT, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)  # fmt: skip
        assert not check or done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}"
        return done

    def start(self, *command: str) -> subprocess.Popen:
        """In a network of its own; the process is that of `unshare`."""
        return subprocess.Popen(self.command(*command, apart=NO_NETWORK), env=ENVIRONMENT, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)  # fmt: skip

    def apt(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess:
        return self.run(*APT, *arguments, check=check)

    def put(self, file: Path, where: str) -> str:
        """A copy of a file of this machine; returns its path inside."""
        target = self.folder / where.lstrip("/") / file.name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, target)
        return f"/{target.relative_to(self.folder)}"

    def path(self, inside: str) -> Path:
        return self.folder / inside.lstrip("/")

    def layer(self, folder: Path) -> "Root":
        """A root that begins as this one, and whose changes lie in `folder`. `make test-package` runs the tests
        in a mount namespace of their own, so that no mount outlives them."""
        for name in ("upper", "work", "root"):
            (folder / name).mkdir(parents=True)
        lower = ",".join(f"{name}={path}" for name, path in
                         (("lowerdir", self.folder), ("upperdir", folder / "upper"), ("workdir", folder / "work")))  # fmt: skip
        subprocess.run(["mount", "-t", "overlay", "overlay", "-o", lower, folder / "root"], check=True)
        return Root(folder / "root")

    def bind(self, folder: Path, inside: str) -> None:
        """A folder of this machine appears in the root, until remove()."""
        self.path(inside).mkdir(parents=True, exist_ok=True)
        subprocess.run(["mount", "--bind", folder, self.path(inside)], check=True)
        self.bound.append(self.path(inside))

    def remove(self) -> None:
        for inside in self.bound:
            subprocess.run(["umount", "--lazy", inside], check=True)
        if self.folder.is_mount():
            subprocess.run(["umount", "--lazy", self.folder], check=True)
        subprocess.run(["rm", "-rf", "--one-file-system", self.folder.parent], check=True)


def bare_root(folder: Path, release: int = 12) -> Root:
    """A Debian with apt and little else, whose apt knows the mirrors of this machine."""
    archive, name = CACHE / f"debian-{release}.tar", NAMES[release]
    folder.mkdir(parents=True)
    if archive.exists():
        subprocess.run(["tar", "-C", folder, "-xpf", archive], check=True)
    else:
        site = next(site for site, suite in mirrors(release) if suite == name)
        subprocess.run(["debootstrap", "--variant=minbase", name, folder, site], check=True, stdout=subprocess.DEVNULL)
        CACHE.mkdir(parents=True, exist_ok=True)
        subprocess.run(["tar", "-C", folder, "--one-file-system", "-cpf", f"{archive}.new", "."], check=True)
        os.replace(f"{archive}.new", archive)
    root = Root(folder)
    root.path("/etc/apt/sources.list").write_text("".join(f"deb {site} {suite} main\n" for site, suite in mirrors(release)))
    root.path("/etc/apt/apt.conf.d/99machine").write_text(output("apt-config", "dump", "Acquire"))
    root.path("/etc/hosts").write_text("127.0.0.1 localhost\n")
    # The disk of a test need not outlast a power cut.
    root.path("/etc/dpkg/dpkg.cfg.d/fast").write_text("force-unsafe-io\n")
    shutil.copy("/etc/resolv.conf", root.path("/etc/resolv.conf"))
    root.apt("update")
    return root


class Booted:
    """A root with systemd as process 1, in a network of its own."""

    def __init__(self, root: Root):
        self.root = root
        root.path("/etc/machine-id").write_text("")
        log = (root.folder.parent / "console").open("w")
        self.process = subprocess.Popen(
            ["systemd-nspawn", "--quiet", "--directory", root.folder, "--boot", "--register=no", "--keep-unit",
             "--private-network"], stdin=subprocess.DEVNULL, stdout=log, stderr=log)  # fmt: skip
        self.leader = wait_until(self._leader, "systemd is started")
        state = lambda: self.run("systemctl", "is-system-running", check=False).stdout.strip()  # noqa: E731
        wait_until(lambda: state() in ("running", "degraded"), "the system has started")

    def _leader(self) -> int | None:
        assert self.process.poll() is None, "systemd-nspawn has ended"
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return next((int(pid) for pid in children if Path(f"/proc/{pid}/comm").read_text().strip() == "systemd"), None)

    def run(self, *command: str, check: bool = True) -> subprocess.CompletedProcess:
        enter = ["nsenter", "--target", str(self.leader), "--all", "--", *command]
        done = subprocess.run(enter, env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)  # fmt: skip
        assert not check or done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}"
        return done

    def apt(self, *arguments: str) -> str:
        return self.run(*APT, "-o", "Dpkg::Options::=--force-confold", *arguments).stdout

    def property(self, name: str) -> str:
        return self.run("systemctl", "show", f"--property={name}", "--value", "sluice.service").stdout.strip()

    def processes(self) -> Path:
        """Its /proc."""
        return Path("/proc", str(self.leader), "root", "proc")

    def programs(self) -> set[str]:
        """The names of all that run."""
        return {path.read_text().strip() for path in self.processes().glob("[0-9]*/comm")}

    def in_network(self, *command: str, **more) -> subprocess.Popen:
        """A program of this machine in the network of the system."""
        enter = ["nsenter", "--target", str(self.leader), "--net", "--", *command]
        return subprocess.Popen(enter, stdout=subprocess.PIPE, text=True, **more)

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
