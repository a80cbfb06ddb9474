"""What the README shows is run: every Python block, in order, in one namespace, at a size that fits a test."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", TEXT, re.S)
SMALLER = {"units=1000": "units=150", ", 20)": ", 2)", "units=300": "units=150"}


def smaller(block: str) -> str:
    for full, small in SMALLER.items():
        block = block.replace(full, small)
    return block


@pytest.mark.slow
def test_readme_blocks_run(capsys: pytest.CaptureFixture[str]) -> None:
    mpl.use("Agg")
    assert len(BLOCKS) >= 4
    assert all(full in "".join(BLOCKS) for full in SMALLER), "a block would run in full size"
    space: dict[str, Any] = {}
    for block in BLOCKS:
        exec(compile(smaller(block), "README.md", "exec"), space)
    import matplotlib.pyplot as plt

    plt.close("all")
    run, spike, bank, exact = (space[name] for name in ("run", "spike", "bank", "exact"))
    assert set(spike["segment"].values) == {"lorenz", "van-der-pol"}
    assert spike.sizes["spike"] > 1000
    assert set(run["segment"].values) == {"lorenz"}
    assert Path(space["kept"]).is_file()
    assert not np.array_equal(exact["bias"], bank["bias"])
    assert exact.attrs["network_sha256"] == bank.attrs["network_sha256"]
    assert re.search(r"^\[\[?0[ 0]*\]\]?$", capsys.readouterr().out, re.M), "verify counts no differing spike"


def test_readme_names_the_two_commands_of_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for command in ("demo", "test"):
        assert f"make {command}" in TEXT
        assert re.search(rf"^{command}:", makefile, re.M)
    assert "make test" in (ROOT / ".ci" / "run").read_text()


def test_readme_pictures_exist() -> None:
    pictures = re.findall(r"!\[[^]]*\]\(([^)]+)\)", TEXT)
    assert pictures
    for path in pictures:
        assert (ROOT / path).is_file(), path
