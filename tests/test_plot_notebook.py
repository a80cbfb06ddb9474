"""In a notebook each figure appears once: at the end of its cell, or as the value of a later one."""

from __future__ import annotations

from pathlib import Path

import nbclient
import nbformat
import pytest

ROOT = Path(__file__).resolve().parent.parent
MAKE = """
import json, numpy as np, xarray as xr, tonicnet as tn
spec = {"transfer": {"name": "lif", "threshold": -0.050, "reset": -0.070}}
bank = xr.Dataset({"bias": (("task", "unit"), np.eye(2))}, coords={"task": ["a", "b"]})
bank = bank.assign_attrs(network=json.dumps(spec))
"""
CELLS = {
    MAKE + "figure = tn.plot.thresholds(bank)\nfigure": 1,
    "tn.plot.thresholds(bank).savefig('/dev/null', format='png')": 1,
    "figure": 1,
    "kept = tn.plot.thresholds(bank); 1 + 1": 1,
    "other = tn.plot.thresholds(bank)\nkept": 2,
    "tn.plot.biases(bank)": 1,
    "1 + 1": 0,
}


@pytest.mark.filterwarnings("default")  # those of the kernel's own machinery
def test_a_figure_appears_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    made = nbclient.NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(ROOT)}}).execute()
    shown = [sum("image/png" in output.get("data", {}) for output in cell.outputs) for cell in made.cells]
    assert shown == list(CELLS.values())


def test_a_shell_says_what_a_figure_is(capsys: pytest.CaptureFixture[str], unseen_figures: None) -> None:
    from tonicnet.plot._style import new_figure

    new_figure(2.0, 1.0)._ipython_display_()
    assert capsys.readouterr().out.startswith("<Figure size ")
