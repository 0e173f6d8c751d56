#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the site of the pages in build/docs, with mkdocs-material of `tools/install.sh docs`.

The heads and the order are those of the tables under "Documentation" in README.md, which is the first page. A page
in docs/ whose name begins with that of a page there and a `-` stands below it: filter-mock.md below filters.md.
Pages keep their places in the tree, so their links are the same on a forge and here. A link that leads nowhere, or to
an anchor that is none, is an error.

    tools/docs_site.py [OUT]
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import page_links
from page_links import LINK, ROOT, anchors, without_code

CACHE = Path(os.environ.get("SLUICE_CACHE_DIR") or Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "sluice")
PINS = ROOT / "tools" / "docs_site.txt"
OUT = ROOT / "build" / "docs"
SCRIPT = ROOT / "tools" / "docs_site.js"
PICTURES = {".png", ".svg"}
# Pages below another one, which has a table of them.
BELOW = {"docs/filters.md": "docs/filter-*.md"}
CONFIGURATION = """site_name: Sluice
docs_dir: {source}
site_dir: {out}
use_directory_urls: false
theme:
  name: material
  language: en
  font: false
  features:
  - content.code.copy
  - navigation.footer
  - navigation.indexes
  - navigation.sections
  - navigation.top
  - search.highlight
  - toc.follow
  palette:
  - media: "(prefers-color-scheme: light)"
    scheme: default
    primary: indigo
    toggle: {{icon: material/weather-night, name: dark}}
  - media: "(prefers-color-scheme: dark)"
    scheme: slate
    primary: indigo
    toggle: {{icon: material/weather-sunny, name: light}}
plugins: [search, offline]
extra: {{generator: false, polyfills: [site/iframe-worker.js]}}
markdown_extensions:
- tables
- sane_lists
- pymdownx.highlight
- pymdownx.superfences
- toc: {{permalink: true, toc_depth: 3, slugify: !!python/object/apply:pymdownx.slugs.slugify {{kwds: {{case: lower}}}}}}
validation:
  nav: {{omitted_files: info, not_found: warn}}
  links: {{not_found: warn, anchors: warn, absolute_links: warn, unrecognized_links: warn}}
nav:
{nav}"""


def heads() -> list[tuple[str, list[str]]]:
    """The heads of README.md with the pages below them."""
    text = (ROOT / "README.md").read_text().partition("\n## Documentation\n")[2].partition("\n## ")[0]
    found = []
    for part in text.split("\n### ")[1:]:
        head, _, table = part.partition("\n")
        cells = [line.split(" | ")[0] for line in table.splitlines() if line.startswith("| [")]
        names = [link["target"] for one in cells for link in LINK.finditer(one)]
        found.append((head, [name for name in names if name.endswith(".md")]))
    return found


def below(name: str) -> list[str]:
    """In the order in which the page links to them."""
    if name not in BELOW:
        return []
    text = (ROOT / name).read_text()
    linked = [(ROOT / name).parent / link.path for link in page_links.links(text)]
    known = sorted(ROOT.glob(BELOW[name]))
    ordered = [page for page in dict.fromkeys(linked) if page in known]
    return [page.relative_to(ROOT).as_posix() for page in ordered + [page for page in known if page not in ordered]]


def unlisted(listed: set[str]) -> list[str]:
    known = (page.relative_to(ROOT).as_posix() for page in sorted((ROOT / "docs").glob("*.md")))
    return [name for name in known if name not in listed]


def navigation() -> tuple[str, set[str]]:
    lines, listed = ["- README.md"], {"README.md"}
    for head, names in heads():
        lines.append(f"- {head}:")
        for name in names:
            inner = below(name)
            lines.append(f"  - {title(name)}:" if inner else f"  - {name}")
            lines += [f"    - {one}" for one in ([name, *inner] if inner else [])]
            listed |= {name, *inner}
    return "\n".join(lines) + "\n", listed


def title(name: str) -> str:
    return re.match(r"# (.+)", (ROOT / name).read_text())[1]


def target_on_site(page: Path, link: str, listed: set[str]) -> str | None:
    """What `link` of `page` is on the site; None: the site does not have it."""
    path, _, anchor = link.partition("#")
    target = (page.parent / path).resolve() if path else page
    if target.is_dir():
        target /= "README.md"
    name = target.relative_to(ROOT).as_posix()
    if not target.exists() or name not in listed and target.suffix not in PICTURES:
        return None
    return os.path.relpath(target, page.parent) + (f"#{anchor}" if anchor else "")


def on_site(page: Path, listed: set[str]) -> str:
    """A link to what is no page here becomes its text."""
    text = page.read_text()
    clean = without_code(text)

    def rewritten(found: re.Match) -> str:
        if clean[found.start("target")] == " " or re.match(r"#|[a-z][a-z0-9+.-]*:", found["target"]):
            return found[0]
        target = target_on_site(page, found["target"], listed)
        return f"{found['text']}({target})" if target is not None else found["text"].strip("[]")

    return LINK.sub(rewritten, text)


def lay_out(source: Path, listed: set[str]) -> None:
    shutil.rmtree(source, ignore_errors=True)
    for name in sorted(listed):
        place = source / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(on_site(ROOT / name, listed))
    (source / "site").mkdir(parents=True)
    # The generator takes a script of this name for the one of its makers, and loads none from the network.
    shutil.copyfile(SCRIPT, source / "site" / "iframe-worker.js")
    for picture in (ROOT / "docs").rglob("*"):
        if picture.suffix in PICTURES:
            place = source / picture.relative_to(ROOT)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(picture, place)


def generator() -> Path:
    version = re.search(r"^mkdocs-material==([\d.]+)", PINS.read_text(), re.MULTILINE)[1]
    folder = CACHE / f"mkdocs-material-{version}"
    if not folder.is_dir():
        sys.exit("mkdocs-material is missing: tools/install.sh docs")
    return folder


def main(out: Path) -> None:
    dead = [line for page in page_links.pages() for line in page_links.dead(page)]
    nav, listed = navigation()
    dead += [f"{name} is in no table of README.md" for name in unlisted(listed)]
    if dead:
        sys.exit("\n".join(dead))
    work = out.with_name(out.name + "-source")
    lay_out(work / "pages", listed)
    (work / "mkdocs.yml").write_text(CONFIGURATION.format(source=work / "pages", out=out, nav=nav))
    environment = {**os.environ, "PYTHONPATH": str(generator()), "NO_MKDOCS_2_WARNING": "1"}
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "--clean", "-f", work / "mkdocs.yml"]
    if subprocess.run(command, env=environment).returncode != 0:
        sys.exit("no site is made: see above")
    for source_map in out.rglob("*.map"):
        source_map.unlink()
    print(f"the site: {out / 'index.html'}")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else OUT)
