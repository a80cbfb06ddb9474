"""How every picture looks: colours, lines, sizes, and the axes things are drawn on."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, ParamSpec, TypeVar

import matplotlib as mpl
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.colorbar import Colorbar
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import MaxNLocator

from .._names import shown
from ._shown_once import ShownOnce

# Okabe and Ito (2008): told apart by people of every colour vision; the order alternates dark and light
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#000000")
# as many lines and markers as share no divisor with the colours: pairs come again after 42 and 91 tasks
LINES: tuple[Any, ...] = ("-", "--", "-.", ":", (0, (7, 1.5, 1, 1.5, 1, 1.5)), (0, (1.5, 3)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "*", "p", "d", "h")
INK, FAINT = "#222222", "#9A9A9A"
RUN_LOOKS: dict[str, tuple[str, Any]] = {
    "truth": ("#222222", "-"),
    "rate": ("#0072B2", "-"),
    "spiking": ("#D55E00", "--"),
}
RASTERISED_FROM = 2000  # points from which a line is drawn as pixels in vector files

_BAR = 2.2  # inches of a colour bar at most

RC: dict[str, Any] = {
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.grid": False,
    "text.color": INK,
    "legend.fontsize": 7.5,
    "legend.frameon": False,
    "figure.facecolor": "white",
    "figure.dpi": 120,
    "savefig.dpi": 300,
}

MINUS, NONE = "\N{MINUS SIGN}", "\N{EN DASH}"

P = ParamSpec("P")
R = TypeVar("R")


def _check_places(arguments: Mapping[str, Any]) -> None:
    """Raise TypeError where a picture is to be drawn on something else than axes, or than a figure."""
    for name, kinds, words in (
        ("ax", (Axes,), "Axes, of plt.subplots()"),
        ("fig", (Figure, SubFigure), "a Figure, of plt.figure()"),
    ):
        given = arguments.get(name)
        if given is not None and not isinstance(given, kinds):
            raise TypeError(f"{name} is {words}, or left out; got {shown(given)}")


def styled(draw: Callable[P, R]) -> Callable[P, R]:
    """Make a function draw in this style and leave matplotlib's settings as they were.

    All but one: the first figure of a session starts the backend, and a notebook's switches interactive mode on,
    without which no later figure would be shown.
    """

    @functools.wraps(draw)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        """Call the function under the settings of this style."""
        _check_places(kwargs)
        with mpl.rc_context(RC):  # type: ignore[arg-type]
            drawn = draw(*args, **kwargs)
            shown = mpl.is_interactive()
        mpl.interactive(shown)
        return drawn

    return wrapped


class Look(NamedTuple):
    """How one task is drawn, in colour and in grey."""

    colour: str
    line: Any
    marker: str


def looks(tasks: Iterable[str]) -> dict[str, Look]:
    """Return one look a task, in order of first appearance.

    >>> forty = looks(map(str, range(40))).values()
    >>> len({(k.colour, k.marker) for k in forty}), len({(k.colour, str(k.line)) for k in forty})
    (40, 40)
    """
    names = list(dict.fromkeys(tasks))
    return {name: look(i) for i, name in enumerate(names)}


def look(i: int) -> Look:
    """Return the i-th look."""
    return Look(COLOURS[i % len(COLOURS)], LINES[i % len(LINES)], MARKERS[i % len(MARKERS)])


def new_figure(width: float, height: float, *, layout: str | None = "constrained") -> Figure:
    """Return an empty figure of so many inches, known to pyplot so that notebooks show it, and show it once."""
    return plt.figure(figsize=(width, height), layout=layout, FigureClass=ShownOnce)


def new_axes(width: float, height: float, *, three_d: bool = False) -> Axes:
    """Return the axes of a new figure, three-dimensional if ``three_d``."""
    figure = new_figure(width, height)
    return style_ticks(figure.add_subplot(projection="3d" if three_d else None))


def style_ticks(ax: Axes, size: float = 7.0) -> Axes:
    """Return axes whose ticks, which matplotlib makes later, keep this look."""
    ax.tick_params(labelsize=size, width=0.6, length=2.5, color=INK, labelcolor=INK, pad=2)
    return ax


def without_frame(ax: Axes) -> Axes:
    """Return axes without frame and ticks."""
    ax.set_axis_off()
    return ax


def colour_bar(image: Any, ax: Axes, **options: Any) -> Colorbar:
    """Draw the colour bar of a map beside its axes, no longer than a hand is wide however high these are."""
    figure = figure_of(ax)
    height = ax.get_window_extent().height / figure.dpi
    shrink = min(1.0, _BAR / height)
    bar = figure.colorbar(image, ax=ax, shrink=shrink, anchor=(0.0, 1.0), **({"pad": 0.02, "aspect": 14} | options))
    style_ticks(bar.ax)
    return bar


def figure_of(ax: Axes) -> Figure | SubFigure:
    """Return the figure the axes are in."""
    figure = ax.get_figure()
    if figure is None:
        raise ValueError("these axes belong to no figure any more; make new ones")
    return figure


def thin_lines(paths: int) -> dict[str, Any]:
    """Return the line width and opacity at which so many paths stay readable together."""
    return {"linewidth": 0.7, "alpha": max(0.25, min(1.0, 1.6 / paths**0.5))}


def round_ticks(count: int = 4, *, within: bool = False, whole: bool = False) -> MaxNLocator:
    """Return a locator of at most so many round intervals, clear of the ends, or at whole numbers."""
    return MaxNLocator(count, steps=[1, 2, 2.5, 5, 10], prune="both" if within else None, integer=whole)
