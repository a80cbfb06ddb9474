"""The moving picture of the README, from the shipped bank: `python benchmarks/picture.py`, into docs/switch.gif.

One run of the frozen network: Lorenz, then Van der Pol, by a change of its tonic inputs. The last seconds of its path
are drawn over the whole path of the task in force, beside some of the biases.
"""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from PIL import Image

import tonicnet as tn

OUT = Path(__file__).resolve().parent.parent / "docs" / "switch.gif"
SCHEDULE = (("lorenz", 24.0), ("van-der-pol", 12.0))
TITLES = {"lorenz": "Lorenz", "van-der-pol": "Van der Pol"}
PLANES = {"lorenz": (0, 2), "van-der-pol": (0, 1)}  # the components in which a task is usually drawn
TAIL = 2.5  # s of the path that are bright
FRAMES, PER_SECOND, SHOWN = 144, 12, 60  # frames, frames a second, units whose biases are shown
COLOURS = {"lorenz": "#1f6fb4", "van-der-pol": "#c8501e"}


def main() -> None:
    """Run the network and write the picture."""
    mpl.use("Agg")
    net, bank = tn.load_network("atlas-1000"), tn.load_bank("atlas-1000")
    run = tn.simulate(net, bank, schedule=list(SCHEDULE))
    frames = [_frame(run, bank, second) for second in _seconds(run)]
    shared = _colours(frames)
    small = [frame.quantize(48, palette=shared, dither=0) for frame in frames]
    small[0].save(
        OUT,
        save_all=True,
        append_images=small[1:],
        duration=round(1000 / PER_SECOND),
        loop=0,
        optimize=True,
        disposal=1,
    )
    print(f"{OUT.name}: {len(frames)} frames, {OUT.stat().st_size / 1e6:.2f} MB")


def _colours(frames: list[Image.Image]) -> Image.Image:
    """Return one palette for all frames: that of the first and the last, one task each."""
    both = Image.new("RGB", (frames[0].width, 2 * frames[0].height))
    both.paste(frames[0])
    both.paste(frames[-1], (0, frames[0].height))
    return both.quantize(64)


def _seconds(run: xr.Dataset) -> np.ndarray:
    """Return the moments of the frames."""
    return np.linspace(0.5, float(run["time"].values[-1]), FRAMES)


def _frame(run: xr.Dataset, bank: xr.Dataset, second: float) -> Image.Image:
    from matplotlib import pyplot as plt

    task = str(run["segment"].sel(time=second, method="nearest").item())
    figure, (path, bars) = plt.subplots(1, 2, figsize=(6.4, 3.0), dpi=100, width_ratios=(2, 1))
    _draw_path(path, run, task, second)
    _draw_biases(bars, bank, task)
    figure.suptitle(f"synapses frozen   ·   {second:4.1f} s", fontsize=10, x=0.02, ha="left")
    figure.subplots_adjust(left=0.02, right=0.98, bottom=0.04, top=0.82, wspace=0.08)
    figure.canvas.draw()
    image = Image.fromarray(np.asarray(figure.canvas.buffer_rgba())).convert("RGB")
    plt.close(figure)
    return image


def _draw_path(ax: Axes, run: xr.Dataset, task: str, second: float) -> None:
    a, b = PLANES[task]
    here = run.isel(trial=0, time=np.flatnonzero(run["segment"].values == task))
    x, time = here["output"].values[:, [a, b]], here["time"].values
    ax.plot(x[:, 0], x[:, 1], color="0.88", lw=0.6)
    late = np.flatnonzero((time <= second) & (time > second - TAIL))
    if len(late) > 1:
        parts = np.stack([x[late[:-1]], x[late[1:]]], axis=1)
        widths = np.linspace(0.4, 2.4, len(parts))
        ax.add_collection(LineCollection(parts, colors=COLOURS[task], linewidths=widths))
        ax.plot(*x[late[-1]], "o", color=COLOURS[task], ms=6)
    ax.set_title(f"output of the network: {TITLES[task]}", fontsize=10, color=COLOURS[task], loc="left")
    ax.set_axis_off()


def _draw_biases(ax: Axes, bank: xr.Dataset, task: str) -> None:
    bias = bank["bias"].sel(task=task).values[:SHOWN]
    ax.barh(np.arange(SHOWN), bias, color=COLOURS[task], height=0.8)
    ax.axvline(0, color="0.4", lw=0.6)
    edge = float(np.abs(bank["bias"].sel(task=list(TITLES)).values[:, :SHOWN]).max())
    ax.set_xlim(-edge, edge)
    ax.set_title(f"tonic inputs of {SHOWN} units", fontsize=10, loc="left")
    ax.set_axis_off()


if __name__ == "__main__":
    main()
