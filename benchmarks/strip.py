"""A run through many systems as a film strip, a small portrait a stretch, and as a moving picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from PIL import Image

_ACROSS = 10  # portraits of a row
_FRAMES, _MILLISECONDS = 4, 110  # frames of a stretch, and how long each is shown


def film_strip(run: xr.Dataset, names: list[str], path: Path) -> None:
    """Write the stretches of a run in their order, row by row."""
    down = -(-len(names) // _ACROSS)
    figure, axes = plt.subplots(down, _ACROSS, figsize=(10, 1.12 * down), squeeze=False, dpi=130)
    for ax in axes.ravel():
        ax.set_axis_off()
    for index, (name, ax) in enumerate(zip(names, axes.ravel(), strict=False)):
        draw(ax, stretch(run, name), plt.get_cmap("viridis")(0.85 * index / len(names)))
        ax.set_title(name, fontsize=min(5.5, 100 / len(name)), pad=1)
    figure.subplots_adjust(left=0.01, right=0.99, bottom=0.01, top=0.96, hspace=0.3, wspace=0.08)
    figure.savefig(path)
    plt.close(figure)


def animation(run: xr.Dataset, names: list[str], path: Path) -> None:
    """Write the same as a moving picture: each stretch is drawn as it comes."""
    frames = []
    for index, name in enumerate(names):
        x = stretch(run, name)
        for part in range(1, _FRAMES + 1):
            figure, ax = plt.subplots(figsize=(2.6, 2.8), dpi=80)
            ax.set_axis_off()
            ax.set_xlim(*_limits(x[:, 0]))
            ax.set_ylim(*_limits(x[:, 1]))
            shown = x[: len(x) * part // _FRAMES]
            ax.plot(shown[:, 0], shown[:, 1], color="#1f6fb4", lw=0.7)
            ax.set_title(f"{name}\nsynapses frozen, {index + 1} of {len(names)}", fontsize=8)
            figure.canvas.draw()
            frames.append(Image.fromarray(np.asarray(figure.canvas.buffer_rgba())).convert("L").quantize(16))
            plt.close(figure)
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=_MILLISECONDS, loop=0, optimize=True)


def stretch(run: xr.Dataset, name: str) -> np.ndarray:
    """Return the path of a system in the plane of its first and third components, its first tenth left out."""
    here = run["output"].values[0, run["segment"].values == name]
    moving = here[:, np.isfinite(here).all(axis=0)]
    return moving[len(moving) // 10 :, [0, min(2, moving.shape[1] - 1)]]


def draw(ax: Axes, x: np.ndarray, colour: tuple[float, ...]) -> None:
    """Draw a path, as large as it goes."""
    ax.plot(x[:, 0], x[:, 1], color=colour, lw=0.35)
    ax.set_xlim(*_limits(x[:, 0]))
    ax.set_ylim(*_limits(x[:, 1]))


def _limits(values: np.ndarray) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    apart = max(high - low, 1e-9)
    return low - 0.05 * apart, high + 0.05 * apart
