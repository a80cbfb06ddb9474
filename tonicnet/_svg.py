"""Small pictures drawn by hand as SVG: curves, bars and squares of a few hundred points, in the text's own colour."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np
from jaxtyping import Float

# Okabe and Ito (2008), as in tonicnet.plot: told apart by people of every colour vision
INKS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")
_BLUE, _ORANGE = np.array([0, 114, 178]), np.array([230, 159, 0])
_PAD = 3.0


def curves(
    lines: Sequence[tuple[Float[np.ndarray, " point"], Float[np.ndarray, " point"]]],
    *,
    label: str,
    width: int = 150,
    height: int = 90,
) -> str:
    """Return curves (x, y) within one frame, each in its own ink; ``label`` says what is seen.

    >>> curves([(np.arange(3.0), np.arange(3.0))], label="a line", width=30, height=20).count("<polyline")
    1
    """
    points = np.concatenate([np.stack(line, axis=1) for line in lines])
    points = points[np.isfinite(points).all(axis=1)]
    if not len(points):
        return ""
    low, reach = points.min(axis=0), np.maximum(np.ptp(points, axis=0), 1e-12)
    size = np.array([width, height]) - 2 * _PAD
    drawn = [
        _polyline((np.stack(line, axis=1) - low) / reach * size, height, INKS[i % len(INKS)])
        for i, line in enumerate(lines)
    ]
    return frame("".join(drawn), label, width, height)


def bars(counts: Sequence[float] | np.ndarray, *, label: str, width: int = 90, height: int = 24) -> str:
    """Return a histogram.

    >>> bars([1, 3, 2], label="three bins").count("<rect")
    3
    """
    tall = np.asarray(counts, dtype=float) / max(float(np.max(counts)), 1e-12) * (height - 2)
    wide = width / len(tall)
    return frame(
        "".join(
            f'<rect x="{i * wide:.1f}" y="{height - h:.1f}" width="{wide:.1f}" height="{h:.1f}" fill="{INKS[0]}"/>'
            for i, h in enumerate(tall)
        ),
        label,
        width,
        height,
    )


def squares(values: Float[np.ndarray, "row column"], *, label: str, size: int = 90) -> str:
    """Return a matrix as squares: orange above zero, blue below, pale near it.

    >>> squares(np.eye(2), label="identity").count("<rect")
    4
    """
    side = size / max(values.shape)
    strength = np.clip(values / max(float(np.abs(values).max()), 1e-12), -1, 1)
    cells = [
        f'<rect x="{j * side:.1f}" y="{i * side:.1f}" width="{side:.1f}" height="{side:.1f}" fill="{_tint(v)}"/>'
        for i, row in enumerate(strength)
        for j, v in enumerate(row)
    ]
    return frame("".join(cells), label, size, size)


def frame(inside: str, label: str, width: int, height: int) -> str:
    """Return an SVG element that tells readers of text what it shows."""
    words = escape(label)
    return (
        f'<svg width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img" aria-label="{words}">'
        f"<title>{words}</title>{inside}</svg>"
    )


def _polyline(xy: Float[np.ndarray, "point 2"], height: int, ink: str) -> str:
    path = " ".join(f"{_PAD + x:.1f},{height - _PAD - y:.1f}" for x, y in xy if np.isfinite(x + y))
    return f'<polyline points="{path}" fill="none" stroke="{ink}" stroke-width="1" stroke-linejoin="round"/>'


def _tint(value: float) -> str:
    end = _ORANGE if value > 0 else _BLUE
    red, green, blue = (255 + (end - 255) * abs(value)).round().astype(int)
    return f"rgb({red},{green},{blue})"
