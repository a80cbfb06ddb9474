"""Recordings without their noise: local polynomials, as wide as leaving samples out says."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

_ORDERS = (2, 4)
_WIDEST = 61  # samples of a local polynomial at most
_STEEPER = 6  # samples wider for slopes, which noise hurts more


@dataclass(frozen=True)
class Smoothed:
    """Smoothed samples (trial, time, component), their slopes per task time, and the noise taken off, by component."""

    values: Float[np.ndarray, "trial time component"]
    slopes: Float[np.ndarray, "trial time component"]
    noise: Float[np.ndarray, " own"]


def smoothed(values: Float[np.ndarray, "trial time component"], dt: float) -> Smoothed:
    """Return a recording smoothed by local polynomials (Savitzky and Golay 1964, doi:10.1021/ac60214a047).

    Window and order are those whose leave-one-out error, mean ((y - y^) / (1 - h))^2 with h the weight of a
    sample in its own estimate, is least (Craven and Wahba 1978, doi:10.1007/BF01404567). A recording without noise
    keeps its samples to rounding.

    >>> t = np.arange(0, 20, 0.02)
    >>> noisy = np.sin(t) + 0.1 * np.random.default_rng(0).standard_normal(len(t))
    >>> made = smoothed(noisy[None, :, None], 0.02)
    >>> bool(np.std(made.values[0, :, 0] - np.sin(t)) < 0.03), bool(0.09 < made.noise[0] < 0.11)
    (True, True)
    """
    from scipy.signal import savgol_coeffs, savgol_filter

    length = values.shape[1]
    choices = [(_left_out(values, w, p), w, p) for p in _ORDERS for w in range(p + 3, min(_WIDEST, length - 2), 2)]
    if not choices:
        return Smoothed(values, np.gradient(values, dt, axis=1), np.zeros(values.shape[2]))
    _, width, order = min(choices)
    wide = min(width + _STEEPER, length - 1 + length % 2)
    fine = savgol_filter(values, width, order, axis=1)
    slopes = savgol_filter(values, wide, order, axis=1, deriv=1, delta=dt)
    own = savgol_coeffs(width, order)[width // 2]
    noise = np.sqrt(np.mean((values - fine) ** 2, axis=(0, 1)) / (1 - own))
    return Smoothed(fine, slopes, noise)


def _left_out(values: Float[np.ndarray, "trial time component"], width: int, order: int) -> float:
    from scipy.signal import savgol_coeffs, savgol_filter

    own = savgol_coeffs(width, order)[width // 2]
    inner = slice(width, -width) if values.shape[1] > 4 * width else slice(None)
    error = (values - savgol_filter(values, width, order, axis=1))[:, inner] / (1 - own)
    return float(np.mean(error**2))
