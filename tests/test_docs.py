"""The documentation: it builds without a warning, no link is dead, every public name is in it, with an example."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
import zlib
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

import tonicnet as tn

ROOT = Path(__file__).resolve().parent.parent
HELD = ("measure", "plot", "spiking")  # rooms that the door holds as they are


def public() -> dict[str, Any]:
    """All functions and classes a user is meant to call, by full name."""
    rooms = {"tonicnet": tn} | {f"tonicnet.{name}": getattr(tn, name) for name in HELD}
    return {
        f"{room}.{name}": getattr(module, name)
        for room, module in rooms.items()
        for name in dir(module)
        if not name.startswith("_") and of_ours(getattr(module, name))
    }


def of_ours(thing: Any) -> bool:
    return not isinstance(thing, ModuleType) and getattr(thing, "__module__", "").startswith("tonicnet.")


PUBLIC = public()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The documentation, built as ``make docs`` does, every warning an error."""
    pytest.importorskip("furo", reason="pip install 'tonicnet[docs]'")
    out = tmp_path_factory.mktemp("docs")
    flags = ["--builder", "html", "--fail-on-warning", "--keep-going", "--quiet"]
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", *flags, "docs", str(out)], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return out


@pytest.mark.slow
def test_the_site_has_its_pages(site: Path) -> None:
    for page in ("index", "install", "start", "how-to/index", "theory/index", "benchmarks", "glossary", "neighbours"):
        assert (site / f"{page}.html").is_file(), page
    rooms = list((site / "reference").glob("*.html"))
    assert len(rooms) >= 11
    assert max(page.stat().st_size for page in rooms) < 500_000  # the one page of all rooms had 797 kB


@pytest.mark.slow
def test_the_reference_holds_every_public_name(site: Path) -> None:
    packed = (site / "objects.inv").read_bytes().split(b"\n", 4)[4]
    listed = {line.split(" ")[0] for line in zlib.decompress(packed).decode().splitlines()}
    assert {"tonicnet.fit", "tonicnet.measure.floquet"} <= listed
    assert {"tonicnet.Task.from_array", "tonicnet.Task.trajectory"} <= listed  # one of its own, one inherited
    aliases = {name: {n for n, thing in PUBLIC.items() if thing is PUBLIC[name]} for name in PUBLIC}
    assert [name for name, same in aliases.items() if not same & listed] == []


class Page(HTMLParser):
    """Where a page points to, and the places in it that others may point to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.places: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        held = {name: value or "" for name, value in attrs}
        self.places |= {held[name] for name in ("id", "name") if name in held}
        self.links |= {held[name] for name in ("href", "src") if name in held and tag != "link"}


@pytest.mark.slow
def test_no_link_inside_the_site_is_dead(site: Path) -> None:
    pages = {path: Page(path.read_text()) for path in site.rglob("*.html")}
    assert len(pages) > 40
    dead = []
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            known = target in pages and (not parts.fragment or unquote(parts.fragment) in pages[target].places)
            if not known and not (target.is_file() and target.suffix != ".html"):
                dead.append(f"{path.relative_to(site)}: {link}")
    assert dead == []


@pytest.mark.slow
def test_no_mark_of_a_docstring_is_left_as_text(site: Path) -> None:
    for path in (site / "reference").glob("*.html"):
        words = re.sub(r"<[^>]+>", "", path.read_text())
        assert re.findall(r":(?:func|class|meth|attr):|``", words) == [], path.name


RESULTS = {name for name, thing in PUBLIC.items() if inspect.isclass(thing) and issubclass(thing, tuple)}


@pytest.mark.parametrize("name", sorted(PUBLIC.keys() - RESULTS))
def test_a_public_name_has_an_example(name: str) -> None:
    assert ">>> " in (inspect.getdoc(PUBLIC[name]) or "")


def test_what_functions_return_is_described() -> None:
    """A named tuple needs no example: the function that returns it has one."""
    assert {name.rsplit(".")[-1] for name in RESULTS} == {
        "Cycle",
        "Exponents",
        "FixedPoints",
        "Floor",
        "Floquet",
        "OrbitDistance",
    }
    for name in RESULTS:
        assert not inspect.getdoc(PUBLIC[name]).startswith(f"{PUBLIC[name].__name__}("), name  # python's own words
