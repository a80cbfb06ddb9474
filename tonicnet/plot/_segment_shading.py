"""Segments of a run behind its curves: shaded, and named along the top."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.text import Text

from ._segments import Segment
from ._style import FAINT, INK, Look, figure_of
from ._text import as_text, width_of

_TINT = 0.16
_LINE = 0.13  # inches: the height of a line
_SIDES = 1.35  # inches beside the axes, for their labels
_LONGEST = 20  # letters
_FILLED = 0.97  # of a segment, at most, by its name


def shade_segments(
    ax: Axes,
    segments: Sequence[Segment],
    look: dict[str, Look],
    *,
    named: bool = True,
    upright: bool = False,
    beside: float = 0.0,
) -> None:
    """Shade each segment in its task's colour, mark the switches, and name the tasks above the axes.

    Names lie along the axes, shortened to the room they have, or stand if ``upright``. The first one may begin
    ``beside`` inches to the left of the axes.
    """
    for i, segment in enumerate(segments):
        ax.axvspan(segment.start, segment.stop, color=look[segment.task].colour, alpha=_TINT, linewidth=0, zorder=0)
        if i:
            ax.axvline(segment.start, color=FAINT, linewidth=0.7, linestyle=(0, (4, 2)), zorder=1)
    ax.set_xlim(segments[0].start, segments[-1].stop)
    if named:
        for segment in segments:
            _write_name(ax, segment, upright=upright, beside=beside if segment is segments[0] else 0.0)


class Names(NamedTuple):
    """What names of segments need: the width of the figure and height above the axes, in inches; whether they stand."""

    width: float
    height: float
    upright: bool


def room_for_names(segments: Sequence[Segment], width: float) -> Names:
    """Return what the names of segments need above axes of a figure that is so wide anyway."""
    span = segments[-1].stop - segments[0].start
    widths = [width_of(as_text(segment.task, _LONGEST)) for segment in segments]
    parts = [(segment.stop - segment.start) / span for segment in segments]
    if all(1.1 * name < (width - _SIDES) * part for name, part in zip(widths, parts, strict=True)):
        return Names(width, 0.0, upright=False)
    wide = max(width, min(_SIDES + _LINE / min(parts), 3 * width))
    return Names(wide, max(widths), upright=True)


def room_above(segments: Sequence[Segment], ax: Axes) -> Names:
    """Return what the names of segments need above given axes, which stay as they are."""
    return room_for_names(segments, ax.get_window_extent().width / figure_of(ax).dpi + _SIDES)


def _write_name(ax: Axes, segment: Segment, *, upright: bool, beside: float) -> None:
    """Write the name of the segment's task above the axes: over its middle, or up to its end where it is too long."""
    middle = (segment.start + segment.stop) / 2
    text = ax.text(
        middle, 1.02, as_text(segment.task, _LONGEST), transform=ax.get_xaxis_transform(), ha="center", va="bottom",
        color=INK, rotation=90 if upright else 0,
    )  # fmt: skip
    ends = ax.transData.transform([(segment.start, 0), (segment.stop, 0)])[:, 0]
    room = ends[1] - ends[0]
    if beside and text.get_window_extent().width > _FILLED * room:
        text.set(x=segment.stop, ha="right")
        room += beside * figure_of(ax).dpi
    _fit(text, segment.task, room, upright=upright)


def _fit(text: Text, name: str, width: float, *, upright: bool) -> None:
    """Shorten a name to what its segment has room for; to nothing if that is not a letter, or a line if it stands."""
    while text.get_text() and text.get_window_extent().width > (1.0 if upright else _FILLED) * width:
        name = "" if upright else name[:-1]
        text.set_text(as_text(f"{name.rstrip('- ')}…", _LONGEST) if name else "")
