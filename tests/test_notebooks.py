"""The notebooks run, at the size their parameter cell gives for it, and what is committed is what they hold."""

from __future__ import annotations

import re
from pathlib import Path

import jupytext
import matplotlib as mpl
import nbformat
import pytest

FOLDER = Path(__file__).resolve().parent.parent / "notebooks"
SOURCES = sorted(FOLDER.glob("*.py"))
NAMES = [path.stem for path in SOURCES]


@pytest.fixture(autouse=True)
def _drawn_unseen(numpy_code: None) -> None:
    mpl.use("Agg")


def cells(path: Path, kind: str) -> list[nbformat.NotebookNode]:
    return [cell for cell in jupytext.read(path).cells if cell.cell_type == kind]


def parameters(path: Path) -> nbformat.NotebookNode:
    found = [cell for cell in cells(path, "code") if "parameters" in cell.metadata.get("tags", [])]
    assert len(found) == 1, "a notebook has one parameter cell"
    return found[0]


def pictures(path: Path) -> int:
    """How many pictures the committed notebook shows."""
    held = nbformat.read(path.with_suffix(".ipynb"), as_version=4)
    return sum("image/png" in out.get("data", {}) for c in held.cells if c.cell_type == "code" for out in c.outputs)


@pytest.mark.slow
@pytest.mark.parametrize("path", SOURCES, ids=NAMES)
def test_a_notebook_runs(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from matplotlib import pyplot as plt

    from tonicnet import spiking

    run = spiking.simulate  # no compiling for a second of spikes
    monkeypatch.setattr(spiking, "simulate", lambda *args, **options: run(*args, codegen="numpy", **options))
    space: dict[str, object] = {}
    for cell in cells(path, "code"):
        small = cell.metadata["small"] if "parameters" in cell.metadata.get("tags", []) else cell.source
        exec(compile(small, path.name, "exec"), space)
    assert len(plt.get_fignums()) == pictures(path)  # as many as in full size


@pytest.mark.parametrize("path", SOURCES, ids=NAMES)
def test_the_small_size_sets_what_the_full_size_sets(path: Path) -> None:
    cell = parameters(path)
    names = [re.match(r"([\w, ]+) = ", text)[1] for text in (cell.source, cell.metadata["small"])]
    assert names[0] == names[1]


@pytest.mark.parametrize("path", SOURCES, ids=NAMES)
def test_what_is_committed_is_the_notebook_with_its_outputs(path: Path) -> None:
    made = nbformat.read(path.with_suffix(".ipynb"), as_version=4)
    script = jupytext.read(path)
    assert [c.source for c in made.cells] == [c.source for c in script.cells], "run `make notebooks`"
    outputs = [out for c in made.cells if c.cell_type == "code" for out in c.outputs]
    assert not [out for out in outputs if out.output_type == "error" or out.get("name") == "stderr"]
    assert pictures(path) >= 2
    assert all(c.execution_count for c in made.cells if c.cell_type == "code")


@pytest.mark.parametrize("path", SOURCES, ids=NAMES)
def test_a_notebook_promises_and_asks(path: Path) -> None:
    words = cells(path, "markdown")
    assert "**After this notebook you can**" in words[0].source
    assert words[-1].source.startswith("## Exercise")


@pytest.mark.parametrize("path", SOURCES, ids=NAMES)
def test_a_notebook_defines_nothing_the_package_lacks(path: Path) -> None:
    """A target of one's own is a function; anything else belongs into the package."""
    code = "\n".join(cell.source for cell in cells(path, "code"))
    assert not re.findall(r"^class ", code, re.M)
    assert len(re.findall(r"^def ", code, re.M)) <= (path.stem == "04_your_own_target")
