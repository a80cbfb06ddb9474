"""The README: short, plain, its blocks run, its table is generated, its links lead somewhere."""

from __future__ import annotations

import gc
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pytest

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", TEXT, re.S)
SMALLER = {
    '("lorenz", 20)': '("lorenz", 1.5)',  # Van der Pol keeps its 30 s, in which it has three cycles
    "units=300": "units=80",
    "[wells, ": "[",
    "per_unit=5": "per_unit=1",
}
WORDS, SENTENCE = 800, 35


def smaller(block: str) -> str:
    for full, small in SMALLER.items():
        block = block.replace(full, small)
    return block


def prose(text: str) -> str:
    """What is read: no code, no tables, no marks, no addresses."""
    text = re.sub(r"```.*?```|<!--.*?-->|^\|.*$", "\n\n", text, flags=re.S | re.M)
    text = re.sub(r"\{\w+\}`[^`]*`", "word", text, flags=re.S)
    return re.sub(r"!?\[([^]]*)\]\([^)]*\)", r"\1", text)


def sentences(text: str) -> list[str]:
    """Sentences; headings, items and paragraphs end one too."""
    blocks = re.split(r"\n\s*\n|^#+ .*$|^\s*[-*] ", prose(text), flags=re.M)
    return [s for block in blocks for s in re.split(r"(?<=[.!?:;])\s+", " ".join(block.split())) if s]


@pytest.mark.slow
def test_readme_blocks_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from tonicnet import spiking

    mpl.use("Agg")
    assert len(BLOCKS) >= 4
    assert all(full in "".join(BLOCKS) for full in SMALLER), "a block would run in full size"
    monkeypatch.chdir(tmp_path)
    run: Callable[..., Any] = spiking.simulate  # no compiling for a second of spikes
    monkeypatch.setattr(spiking, "simulate", lambda *args, **options: run(*args, **({"codegen": "numpy"} | options)))
    space: dict[str, Any] = {}
    for block in BLOCKS:
        exec(compile(smaller(block), "README.md", "exec"), space)
    import matplotlib.pyplot as plt

    plt.close("all")
    del space["live"]
    gc.collect()  # Brian2 tells of objects that were never run when they are deleted; now it can be heard
    assert set(space["spikes"]["segment"].values) == set(space["run"]["segment"].values) == {"lorenz", "van-der-pol"}
    assert space["spikes"].sizes["spike"] > 1000
    assert (tmp_path / "comparison.png").stat().st_size > 10_000
    assert space["learned"].sizes["task"] == 1
    assert re.search(r"^\[\[?0[ 0]*\]\]?$", capsys.readouterr().out, re.M), "verify counts no differing spike"


def test_the_first_block_is_the_six_lines_that_are_tested() -> None:
    from test_six_lines import SIX

    assert BLOCKS[0] == f"import tonicnet as tn\n\n{SIX}"


def test_readme_is_short_and_plain() -> None:
    assert len(prose(TEXT).split()) <= WORDS
    assert len(re.sub(r"<!--.*?-->", "", TEXT).split()) <= 1.25 * WORDS  # code and the table with it
    assert [s for s in sentences(TEXT) if len(s.split()) > SENTENCE] == []


@pytest.mark.parametrize(
    "page", sorted((ROOT / "docs").glob("*/*.md")) + sorted((ROOT / "docs").glob("*.md")), ids=lambda p: p.stem
)
def test_documents_have_no_long_sentence(page: Path) -> None:
    if page.parent.name != "reference" and page.name != "benchmarks.md":
        assert [s for s in sentences(page.read_text()) if len(s.split()) > SENTENCE] == []


def test_a_long_sentence_is_found() -> None:
    assert max(len(s.split()) for s in sentences("Short one. " + "word " * 36 + "end.")) == 37


def test_the_tables_are_what_was_measured() -> None:
    """No result is typed by hand: the table between the marks, and the other pages, are written from results/."""
    import runpy
    import sys

    sys.path.insert(0, str(ROOT / "benchmarks"))
    try:
        tables = runpy.run_path(str(ROOT / "benchmarks" / "tables.py"))
    finally:
        sys.path.remove(str(ROOT / "benchmarks"))
    assert tables["main"](check=True) == 0
    assert len(re.findall(r"<!-- table \w+ -->", TEXT)) == len(re.findall(r"^\|\s*---", TEXT, re.M)) == 1


def test_readme_says_how_to_install_without_a_gpu() -> None:
    assert "https://download.pytorch.org/whl/cpu" in TEXT


def test_readme_names_the_two_commands_of_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for command in ("demo", "test"):
        assert f"make {command}" in TEXT
        assert re.search(rf"^{command}:", makefile, re.M)
    assert "make test" in (ROOT / ".ci" / "run").read_text()


def test_readme_links_lead_somewhere() -> None:
    links = [link for link in re.findall(r"\]\(([^)]+)\)", TEXT) if not link.startswith("https://")]
    assert len(links) > 8
    assert [link for link in links if not (ROOT / link).is_file()] == []


def test_the_moving_picture_is_light() -> None:
    pictures = re.findall(r"!\[[^]]*\]\(([^)]+)\)", TEXT)
    assert pictures == ["docs/switch.gif", "docs/atlas-walk.png"]
    assert (ROOT / pictures[0]).stat().st_size < 1.5e6
