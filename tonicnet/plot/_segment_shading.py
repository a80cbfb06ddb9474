"""Segments of a run behind its curves: shaded, and named along the top."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.text import Text

from ._segments import Segment
from ._style import FAINT, INK, Look

_TINT = 0.16


def shade_segments(ax: Axes, segments: Sequence[Segment], look: dict[str, Look], *, named: bool = True) -> None:
    """Shade each segment in its task's colour, mark the switches, and name the tasks above the axes."""
    for i, segment in enumerate(segments):
        ax.axvspan(segment.start, segment.stop, color=look[segment.task].colour, alpha=_TINT, linewidth=0, zorder=0)
        if i:
            ax.axvline(segment.start, color=FAINT, linewidth=0.7, linestyle=(0, (4, 2)), zorder=1)
    ax.set_xlim(segments[0].start, segments[-1].stop)
    if named:
        for segment in segments:
            _write_name(ax, segment)


def _write_name(ax: Axes, segment: Segment) -> None:
    """Write the name of the segment's task above the axes."""
    middle = (segment.start + segment.stop) / 2
    text = ax.text(middle, 1.02, segment.task, transform=ax.get_xaxis_transform(), ha="center", va="bottom", color=INK)
    ends = ax.transData.transform([(segment.start, 0), (segment.stop, 0)])[:, 0]
    _shorten(text, ends[1] - ends[0])


def _shorten(text: Text, width: float) -> None:
    """Shorten a name to what its segment has room for, to nothing if that is not a letter."""
    name = text.get_text()
    while text.get_text() and text.get_window_extent().width > 0.96 * width:
        name = name[:-1]
        text.set_text(f"{name.rstrip('- ')}…" if name else "")
