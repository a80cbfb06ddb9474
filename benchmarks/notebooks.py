"""Run every notebook in full size and keep its outputs: `python benchmarks/notebooks.py [01 05 ...]`."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).resolve().parent.parent / "notebooks"
_LONGEST = 600  # s a cell


def main(asked: list[str]) -> None:
    for path in sorted(FOLDER.glob("*.py")):
        if not asked or path.stem[:2] in asked:
            began = time.perf_counter()
            _run(path)
            size = path.with_suffix(".ipynb").stat().st_size / 1e3
            print(f"{path.stem}: {time.perf_counter() - began:.0f} s, {size:.0f} kB", flush=True)


def _run(path: Path) -> None:
    made = jupytext.read(path)
    NotebookClient(
        made, timeout=_LONGEST, kernel_name="python3", resources={"metadata": {"path": str(FOLDER)}}
    ).execute()
    for number, cell in enumerate(made.cells):
        cell["id"] = f"cell-{number}"
        cell.metadata.pop("execution", None)
    made.metadata.pop("language_info", None)
    nbformat.write(made, path.with_suffix(".ipynb"))


if __name__ == "__main__":
    main(sys.argv[1:])
