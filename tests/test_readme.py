"""What the README shows is run: every Python block, in order, in one namespace, at a size that fits a test."""

from __future__ import annotations

import re
from pathlib import Path

import matplotlib as mpl
import pytest

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", TEXT, re.S)
SMALLER = {"units=1000": "units=150", ", 20)": ", 2)", "units=300": "units=150"}


def smaller(block: str) -> str:
    for full, small in SMALLER.items():
        block = block.replace(full, small)
    return block


def test_readme_blocks_run(monkeypatch: pytest.MonkeyPatch) -> None:
    mpl.use("Agg")
    assert len(BLOCKS) >= 4
    space: dict[str, object] = {}
    for block in BLOCKS:
        exec(compile(smaller(block), "README.md", "exec"), space)
    import matplotlib.pyplot as plt

    plt.close("all")


def test_readme_names_the_two_commands_of_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for command in ("demo", "test"):
        assert f"make {command}" in TEXT
        assert re.search(rf"^{command}:", makefile, re.M)
    assert "make test" in (ROOT / ".ci" / "run").read_text()


def test_readme_pictures_exist() -> None:
    for path in re.findall(r"!\[[^]]*\]\(([^)]+)\)", TEXT):
        assert (ROOT / path).is_file(), path
