"""Every Python block of the documentation runs: page by page, in order, at a size that fits a test.

A comment before a block, ``% small: full => small``, says what is smaller in the test; it must be in the block.
"""

from __future__ import annotations

import doctest
import gc
import importlib.util
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pytest

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
_BLOCK = re.compile(r"((?:^% small: [^\n]*\n)*)^```python\n(.*?)^```", re.M | re.S)
_EXTRAS = {"how-to/dysts": "dysts", "how-to/neurogym": "neurogym", "how-to/recordings": "reservoirpy"}
_GENERATED = {"notebooks", "reference", "_build"}


def written() -> list[Path]:
    """The pages that people wrote."""
    return sorted(p for p in DOCS.rglob("*.md") if p.relative_to(DOCS).parts[0] not in _GENERATED)


def pages() -> list[Path]:
    """The written pages that hold Python."""
    return [p for p in written() if _BLOCK.search(p.read_text())]


def name(page: Path) -> str:
    return page.relative_to(DOCS).with_suffix("").as_posix()


def marks(page: Path) -> list[pytest.MarkDecorator]:
    """The response of neurons is computed for two of them on one page; spikes are run in numpy on the other.

    Three pages need packages that are extras.
    """
    package = _EXTRAS.get(name(page), "numpy")
    without = [pytest.mark.skipif(importlib.util.find_spec(package) is None, reason=f"{package} is an extra")]
    slow = [pytest.mark.slow] * (name(page) in ("how-to/recalibrate", "how-to/spikes"))
    return slow + without


def blocks(text: str) -> Iterator[str]:
    """Each block in its small size; a replacement that changes nothing is an error of the page."""
    for comments, block in _BLOCK.findall(text):
        for full, small in re.findall(r"^% small: (.*?) => (.*)$", comments, re.M):
            assert full in block, f"{full!r} is not in the block"
            block = block.replace(full, small)
        yield block


@pytest.fixture
def _drawn_unseen(numpy_code: None, monkeypatch: pytest.MonkeyPatch) -> None:
    from tonicnet import spiking

    mpl.use("Agg")
    run: Callable[..., Any] = spiking.simulate  # no compiling for a second of spikes
    monkeypatch.setattr(spiking, "simulate", lambda *args, **options: run(*args, **({"codegen": "numpy"} | options)))


@pytest.mark.usefixtures("_drawn_unseen")
@pytest.mark.parametrize("page", [pytest.param(p, id=name(p), marks=marks(p)) for p in pages()])
def test_the_code_of_a_page_runs(page: Path) -> None:
    space: dict[str, Any] = {}
    for block in blocks(page.read_text()):
        exec(compile(block, page.name, "exec"), space)
    space.clear()
    gc.collect()  # Brian2 tells of objects that were never run when they are deleted; now it can be heard


@pytest.mark.parametrize("page", [p for p in written() if "```pycon" in p.read_text()], ids=lambda page: page.stem)
def test_what_a_page_shows_is_what_is_printed(page: Path) -> None:
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    failed, tried = doctest.testfile(str(page), module_relative=False, optionflags=flags)
    assert tried
    assert not failed


def test_a_block_that_is_not_made_smaller_as_promised_is_found() -> None:
    page = "% small: units=500 => units=5\n```python\nnet = 1\n```\n"
    with pytest.raises(AssertionError, match="units=500"):
        list(blocks(page))


def test_all_guides_hold_code() -> None:
    guides = {p.stem for p in (DOCS / "how-to").glob("*.md")} - {"index"}
    shown = {p.stem for p in written() if "```pycon" in p.read_text()}
    assert guides - {p.stem for p in pages()} - shown <= {"choose", "errors"}
