"""The six lines a stranger types first: what they print, what they draw, and that nothing is lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest

SIX = """\
net, bank = tn.load_network("atlas-1000"), tn.load_bank("atlas-1000")  # frozen synapses; tonic inputs of 11 tasks
schedule = [("lorenz", 20), ("van-der-pol", 30)]  # seconds of each: only the tonic inputs change
run = tn.simulate(net, bank, schedule=schedule)  # the rate network, an xr.Dataset
spikes = tn.spiking.simulate(net, bank, schedule=schedule, neurons_per_unit=5, codegen="standalone")  # in Brian2
print(tn.show(tn.compare(run, spikes, truth=bank)))  # what became of each task, beside its floor
tn.plot.compare(run, spikes, truth=bank).savefig("comparison.png")
"""
SMALLER = {", 20)": ", 1.5)", ", 30)": ", 1.5)", "neurons_per_unit=5": "neurons_per_unit=1", '"standalone"': '"numpy"'}


@pytest.fixture(scope="module")
def typed(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], str, Path]:
    """What the lines leave behind as a script whose output goes to a pipe, at a size that fits a test."""
    import contextlib
    import io
    import os

    text = SIX
    for full, small in SMALLER.items():
        assert full in text, "the lines would run in full size"
        text = text.replace(full, small)
    mpl.use("Agg")
    space: dict[str, Any] = {}
    folder, said, noise = tmp_path_factory.mktemp("six"), io.StringIO(), io.StringIO()
    before = os.getcwd()
    os.chdir(folder)
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(noise):
            exec(compile(f"import tonicnet as tn\n{text}", "six lines", "exec"), space)
    finally:
        os.chdir(before)
    assert noise.getvalue() == "", "a pipe gets no bar"
    from matplotlib import pyplot as plt

    space["figure"] = plt.gcf()  # pyplot forgets it after the first test
    return space, said.getvalue(), folder / "comparison.png"


def test_they_are_six() -> None:
    assert len(SIX.splitlines()) == 6
    assert max(map(len, SIX.splitlines())) <= 120


def test_they_print_a_line_a_task_and_nothing_is_lost(typed: tuple[dict[str, Any], str, Path]) -> None:
    space, said, _ = typed
    lines = said.splitlines()
    assert [line.split(":")[0] for line in lines] == ["lorenz", "van-der-pol"]
    for line in lines:
        assert line.count("stays on the attractor") == 2
        assert "lost" not in line
    import tonicnet as tn

    found = tn.compare(space["run"], space["spikes"], truth=space["bank"])
    np.testing.assert_array_equal(found["lost_share"], np.zeros((2, 2)))


def test_they_end_in_a_picture_with_truth_floors_names_and_the_plane_one_expects(
    typed: tuple[dict[str, Any], str, Path],
) -> None:
    from PIL import Image

    space, _, picture = typed
    with Image.open(picture) as image:
        assert min(image.size) > 500
    figure = space["figure"]
    words = {text.get_text() for ax in figure.axes for text in ax.texts}
    assert [ax.get_title() for ax in figure.axes[:3]] == ["truth", "rate", "spiking"]
    assert (figure.axes[1].get_xlabel(), figure.axes[0].get_ylabel()) == ("x (task units)", "z\n(task units)")
    assert {"floor", "against the truth", "x", "y", "z"} <= words
    assert not any("component" in word for word in words)
