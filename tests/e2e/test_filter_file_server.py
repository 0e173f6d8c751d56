# SPDX-License-Identifier: Apache-2.0
"""The filter FileServer: files of a folder."""

import errno
import gzip
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urljoin

import pytest
import yaml

from answers_kit import Site
from client import fetch
from covers import covers
from gateway import http_server, pipeline
from pages import example

LARGE = os.urandom(3_000_000)


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "www"
    for name, data in {
        "index.html": b"start",
        "a.txt": b"0123456789",
        "style.css": b"body {}",
        "style.css.gz": gzip.compress(b"body {}"),
        "style.css.br": b"as brotli",
        "users.html": b"a user",
        "about.html": b"about us",
        ".git/config": b"secret",
        "build/x.js": b"secret",
        "d/x.conf": b"secret",
        "d/index.html": b"of d",
        "large": LARGE,
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "www2").mkdir()
    (tmp_path / "www2" / "secret").write_text("secret")
    return folder


@pytest.fixture
def site(server, port):
    return Site(server, port)


def put(server, root, **fields):
    server.apply(pipeline("p", {"name": "f", "kind": "FileServer", "root": str(root), **fields}))


@covers(
    "FileServer",
    "root hidden tryFiles rewrite precompressed compress cache.cacheFileExtensionFilters.{pattern,etagMaxAge}",
)
def test_the_page(server, port, root):
    server.apply(*example("filter-file-server", {"/srv/www": str(root)}))
    site = Site(server, port, "site")
    assert site.ask("/").text == "start" and site.ask("/about").text == "about us"
    assert site.ask("/users/7").text == "a user" and site.ask("/d/").text == "of d"
    for path in ("/none", "/.git/config", "/build/x.js", "/d/x.conf"):
        response = site.ask(path)
        assert (response.status, response.text) == (404, "There is no such page."), path
    response = site.ask("/style.css", Accept_Encoding="gzip, br")
    assert (response.body, response.headers["content-encoding"]) == (b"as brotli", "br")
    assert response.headers["cache-control"] == "max-age=3600" and "Accept-Encoding" in response.headers["vary"]
    assert site.ask("/style.css", Accept_Encoding="gzip").headers["content-encoding"] == "gzip"
    response = site.ask("/a.txt", Accept_Encoding="gzip")
    assert gzip.decompress(response.body) == b"0123456789" and "cache-control" not in response.headers


@covers("FileServer", results="clientError notFound serverError")
def test_results(server, site, root):
    put(server, root)
    assert site.result("f", "/a.txt") == ("", 200)
    assert site.result("f", "/none") == ("notFound", 404)
    assert site.result("f", "/a.txt", "POST") == ("clientError", 405)
    assert site.result("f", "/a.txt", Range="bytes=10-") == ("clientError", 416)
    assert site.ask("/" + "a" * 5000).status == 400, "longer than a path can be"
    put(server, root, tryFiles=["{path}", "=503 soon"])
    assert site.result("f", "/none") == ("serverError", 503)


# A file whose length is known and whose bytes are not: reading gives EINVAL, also to root.
UNREADABLE = Path("/sys/devices/virtual/net/lo")


def is_unreadable(file: Path) -> bool:
    try:
        file.read_bytes()
    except OSError as fault:
        return fault.errno == errno.EINVAL
    return False


@pytest.mark.skipif(not is_unreadable(UNREADABLE / "speed"), reason="no file here fails when it is read")
@covers("FileServer", results="internalError")
def test_a_disk_that_fails(server, site):
    put(server, UNREADABLE)
    assert site.result("f", "/speed") == ("internalError", 500)
    assert site.ask("/speed").body == b""


def test_nothing_leads_out(server, port, site, root):
    put(server, root)
    (root / "out").symlink_to(root.parent / "secret")
    (root / "up").symlink_to("..")
    (root / "in").symlink_to("a.txt")
    os.mkfifo(root / "pipe")
    paths = ("/../secret", "/%2e%2e/secret", "/..%2fsecret", "/d/..%2f..%2fsecret", "/../www2/secret", "/out",
             "/up/secret", "/%2fetc/passwd", "/.%00/a.txt", "/pipe", "//etc/passwd", "/..%5csecret")  # fmt: skip
    for mode in ("rfc3986", "off"):
        server.apply({"kind": "HTTPServer", "name": "http-server", "port": port, "pathNormalization": mode,
                      "rules": [{"paths": [{"backend": "p"}]}]})  # fmt: skip
        for path in paths:
            response = fetch(port, path)
            assert response.status in (400, 404) and b"secret" not in response.body, (mode, path, response)
    assert site.ask("/in").text == "0123456789"


def test_conditions_and_parts(server, site, root):
    put(server, root)
    first = site.ask("/large")
    assert first.body == LARGE and first.headers["content-length"] == str(len(LARGE))
    tag, changed = first.headers["etag"], first.headers["last-modified"]
    for fields in ({"If-None-Match": tag}, {"If-Modified-Since": changed}):
        again = site.ask("/large", **fields)
        assert (again.status, again.body, again.headers["etag"]) == (304, b"", tag)
    part = site.ask("/large", Range="bytes=1000000-2000000", If_Range=tag)
    assert (part.status, part.body) == (206, LARGE[1000000:2000001])
    assert part.headers["content-range"] == f"bytes 1000000-2000000/{len(LARGE)}"
    assert site.ask("/large", Range="bytes=0-9", If_Range='"other"').status == 200
    head = site.ask("/large", "HEAD")
    assert (head.status, head.body, head.headers["content-length"]) == (200, b"", str(len(LARGE)))
    assert head.headers["x-content-type-options"] == "nosniff"


def test_changes_are_visible_at_once(server, site, root):
    put(server, root)
    for number in range(20):
        (root / "a.txt").write_text(f"text {number}")
        assert site.ask("/a.txt").text == f"text {number}"
    tag = site.ask("/a.txt").headers["etag"]
    (root / "a.txt").unlink()
    assert site.ask("/a.txt", If_None_Match=tag).status == 404


def test_a_root_that_comes_and_moves(server, site, root, tmp_path):
    current = tmp_path / "current"
    spec = pipeline("p", {"name": "f", "kind": "FileServer", "root": str(current)})
    assert "is no folder" in server.egctl("apply", "-f", "-", input=yaml.safe_dump(spec)).stderr
    assert site.ask("/a.txt").status == 404
    current.symlink_to(root)
    assert site.ask("/a.txt").text == "0123456789"
    other = tmp_path / "other"
    other.mkdir()
    (other / "a.txt").write_text("other")
    (tmp_path / "new").symlink_to(other)
    (tmp_path / "new").rename(current)
    assert site.ask("/a.txt").text == "other"


@covers("FileServer", "index")
def test_a_folder_gets_its_slash(server, site, root):
    put(server, root)
    response = site.ask("/d?x=1")
    assert (response.status, response.headers["location"]) == (301, "./d/?x=1")
    put(server, root, index=["x.conf"])
    assert site.ask("/d/").text == "secret"


def location(port: int, path: str) -> str:
    """Where a browser goes: it takes a backslash for a slash."""
    response = fetch(port, path)
    assert response.status == 301
    base = f"http://shop.example{path}".replace("\\", "/")
    return urljoin(base, response.headers["location"].replace("\\", "/"))


def test_the_slash_belongs_to_the_path_of_the_client(server, port, root):
    put(server, root)
    server.apply(http_server(port, {"pathPrefix": "/static/", "rewriteTarget": "/", "backend": "p"}))
    assert location(port, "/static/d") == "http://shop.example/static/d/"


def test_the_slash_leads_to_no_other_site(server, port, root):
    put(server, root, rewrite="^.* /d")
    server.apply(http_server(port, {"pathPrefix": "/", "backend": "p"}))
    for path in ("/\\evil.example/v1", "//evil.example/v1", "/\\evil.example", "/https:evil.example", "/x:y"):
        assert location(port, path).startswith("http://shop.example/"), path


def test_many_readers_at_once(server, port, site, root):
    put(server, root)
    with ThreadPoolExecutor(16) as pool:
        for response in pool.map(lambda _: fetch(port, "/large"), range(64)):
            assert response.body == LARGE


def test_fields_without_effect_are_warned_of(server, root):
    spec = f"{{kind: Pipeline, name: p, filters: [{{name: f, kind: FileServer, root: {root}, " + (
        "cache: {bufferPoolSize: 2 * 1024, bufferPoolTTL: 600}}]}"
    )
    errors = server.egctl("apply", "-f", "-", input=spec).stderr
    assert "bufferPoolSize" in errors and "bufferPoolTTL" in errors
