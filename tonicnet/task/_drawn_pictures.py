"""Pictures that are drawn here, by seed: letters of five scripts, traces, patches of even and odd parity."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

SCRIPTS = {
    "latin": "ABDEGKMRSZ", "greek": "ΓΔΘΛΞΠΣΦΨΩ", "cyrillic": "БДЖИЛФЦЮЯЭ", "armenian": "ԱԲԳԴԵԶԷԸԹԺ",
    "georgian": "აბგდევზთიკ",
}  # fmt: skip
_FONTS = ("DejaVuSans*.ttf", "DejaVuSerif*.ttf")  # that matplotlib ships
_SIZE, _CANVAS = 56, 80  # pixels of a letter and of the picture it is drawn on
_TURN, _SHEAR, _STRETCH, _MOVE = 0.1, 0.1, 0.1, 0.03  # spreads: radian, 1, 1, share of the picture
_NOISE = 0.2  # standard deviation, of a full stroke
_LINE = 0.7  # half width of a trace in pixels
_FINE = 4  # points of a trace in a column
_BITS = 3  # bands whose parity is the class

Pictures = Float[np.ndarray, "sample row column"]


def letters(
    script: str, shape: tuple[int, int], count: int, rng: np.random.Generator
) -> tuple[Pictures, Int[np.ndarray, " sample"]]:
    """Return letters of a script in the fonts that matplotlib ships: turned, sheared, stretched, moved and noisy."""
    fonts = _fonts()
    label = np.arange(count) % len(SCRIPTS[script])
    font = rng.integers(len(fonts), size=count)
    known = {(f, k): _glyph(fonts[f], letter) for f in range(len(fonts)) for k, letter in enumerate(SCRIPTS[script])}
    x = np.stack([_distorted(known[f, k], shape, rng) for f, k in zip(font.tolist(), label.tolist(), strict=True)])
    return x + _NOISE * rng.standard_normal(x.shape), label


def _fonts() -> list[Path]:
    from matplotlib import get_data_path

    folder = Path(get_data_path()) / "fonts" / "ttf"
    return sorted(file for shape in _FONTS for file in folder.glob(shape) if "Display" not in file.name)


def _glyph(file: Path, letter: str) -> Float[np.ndarray, "row column"]:
    """Return a letter from 0 to 1 in the middle of a picture."""
    from matplotlib.ft2font import FT2Font

    font = FT2Font(str(file))
    font.set_size(_SIZE, 72)
    font.set_text(letter, 0.0)
    font.draw_glyphs_to_bitmap()
    ink = np.asarray(font.get_image(), dtype=np.float64) / 255
    at = [(_CANVAS - n) // 2 for n in ink.shape]
    canvas = np.zeros((_CANVAS, _CANVAS))
    canvas[at[0] : at[0] + ink.shape[0], at[1] : at[1] + ink.shape[1]] = ink
    return canvas


def _distorted(
    glyph: Float[np.ndarray, "row column"], shape: tuple[int, int], rng: np.random.Generator
) -> Float[np.ndarray, "row column"]:
    """Return a letter under a random affine map, at the size of ``shape``."""
    from scipy.ndimage import affine_transform

    turn, shear = _TURN * rng.standard_normal(), _SHEAR * rng.standard_normal()
    stretch = np.exp(_STRETCH * rng.standard_normal(2))
    cos, sin = np.cos(turn), np.sin(turn)
    matrix = np.array([[cos, -sin], [sin, cos]]) @ np.array([[1.0, shear], [0.0, 1.0]]) * stretch
    matrix = matrix * (_CANVAS / np.array(shape))
    middle = (np.array(shape) - 1) / 2 + _MOVE * np.array(shape) * rng.standard_normal(2)
    offset = (_CANVAS - 1) / 2 - matrix @ middle
    return np.asarray(affine_transform(glyph, matrix, offset=offset, output_shape=shape, order=1))


def traces(series: Float[np.ndarray, "sample time"], shape: tuple[int, int]) -> Pictures:
    """Return time series drawn as white lines, all at one height scale."""
    rows, columns = shape
    high = np.abs(series).max()
    fine = np.linspace(0, series.shape[1] - 1, columns * _FINE)
    y = np.stack([np.interp(fine, np.arange(series.shape[1]), one) for one in series])
    place = (0.5 - 0.45 * y / high) * (rows - 1)
    ink = np.exp(-0.5 * ((np.arange(rows)[None, :, None] - place[:, None]) / _LINE) ** 2)
    return ink.reshape(len(series), rows, columns, _FINE).max(axis=3)


def parities(
    shape: tuple[int, int], count: int, rng: np.random.Generator
) -> tuple[Pictures, Int[np.ndarray, " sample"]]:
    """Return noisy pictures of bright and dark bands; the class says whether bright ones are even or odd in number."""
    bits = rng.integers(0, 2, (count, _BITS))
    band = np.arange(shape[1]) * _BITS // shape[1]
    x = np.repeat(bits[:, None, band].astype(float), shape[0], axis=1)
    return x + _NOISE * rng.standard_normal(x.shape), bits.sum(axis=1) % 2
