"""The six lines of the README, typed into a notebook a cell each: `python benchmarks/six_lines.py [cold warm]`.

Cold means that nothing was ever built or cached: every cache is an empty folder. The kernel's start is not counted.
Where other programs keep the machine busy, only CPU seconds are kept.
"""

from __future__ import annotations

import os
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from records import ROOT, Figure, figure
from rows import measured

LINES = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.S)[0].strip().splitlines()
_SPENT = (
    "import resource\n"
    "print(sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))"
)
_LOST = "print(float(tn.compare(run, spikes, truth=bank)['lost_share'].max()))"


def cold() -> Iterator[Figure | str]:
    """The first run on a machine."""
    with tempfile.TemporaryDirectory() as empty:
        yield from _figures("caches empty", Path(empty))


def warm() -> Iterator[Figure | str]:
    """The next one: programs are built, fonts are listed."""
    with tempfile.TemporaryDirectory() as folder:
        _typed(Path(folder))
        yield from _figures("caches filled", Path(folder))


def _figures(state: str, cache: Path) -> Iterator[Figure | str]:
    idle = os.getloadavg()[0] < 1.0
    seconds, spent, shown, lost = _typed(cache)
    what = f"the six lines of the README in a notebook, {state}"
    yield figure(what, "time", "s", seconds) if idle else f"{seconds:.0f} s, not kept: the machine is busy"
    yield figure(what, "time of all processes", "CPU s", spent)
    yield figure(what, "figures shown", "1", shown)
    yield figure(what, "trials lost", "%", 100 * lost)


def _typed(cache: Path) -> tuple[float, float, int, float]:
    """Run the lines; return the seconds, the CPU seconds, how many figures were shown, and the share of trials lost."""
    cells = [nbformat.v4.new_code_cell(text) for text in (_SPENT, *filter(None, LINES), _SPENT, _LOST)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    with tempfile.TemporaryDirectory() as here:
        client = NotebookClient(notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": here}})
        own = {"XDG_CACHE_HOME": str(cache), "MPLCONFIGDIR": str(cache / "matplotlib"), "PYTHONPATH": str(ROOT)}
        with client.setup_kernel(env=os.environ | own | {"MPLBACKEND": "module://matplotlib_inline.backend_inline"}):
            client.execute_cell(cells[0], 0)
            began = time.perf_counter()
            for number, cell in enumerate(cells[1:-2], 1):
                client.execute_cell(cell, number)
            seconds = time.perf_counter() - began
            for number in (-2, -1):
                client.execute_cell(cells[number], len(cells) + number)
    before, after, lost = (_printed(cells[k]) for k in (0, -2, -1))
    shown = sum("image/png" in output.get("data", {}) for cell in cells for output in cell.outputs)
    return seconds, after - before, shown, lost


def _printed(cell: nbformat.NotebookNode) -> float:
    return float("".join(output["text"] for output in cell.outputs if output["output_type"] == "stream"))


ROWS: dict[str, Callable[[], Iterator[Figure | str]]] = {"cold": cold, "warm": warm}


if __name__ == "__main__":
    measured("six_lines", ROWS)
