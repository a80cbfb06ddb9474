"""The spectral Hellinger distance on plain arrays."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from ._door import axes, door, not_negative

_FINEST = 1e-3  # bins: a narrower Gaussian is one bin


@door(truth=axes("time component"), run=axes("time2 component"), smoothing=not_negative)
def spectral_hellinger_of(
    truth: Float[np.ndarray, "time component"],
    run: Float[np.ndarray, "time component"],
    *,
    smoothing: float = 20.0,
) -> float:
    """Return D_H, the Hellinger distance of the smoothed power spectra, averaged over components.

        D_H = mean_k sqrt(1 - sum_f sqrt(P_k(f) Q_k(f))),   sum_f P = sum_f Q = 1

    Each component is z-scored on its own; ``smoothing`` is the standard deviation of the Gaussian in bins.
    A component that does not move has no spectrum and counts as flat (white).

    Arguments: ``truth`` and ``run``, both (S, d), S the same. Raises ValueError when S differs.
    Source: Mikhaeil et al. (2022), arXiv:2110.07238; Hess et al. (2023), arXiv:2306.04406.

    >>> import numpy as np
    >>> from tonicnet.measure import spectral_hellinger_of
    >>> t = np.arange(4000)[:, None]
    >>> spectral_hellinger_of(np.sin(0.1 * t), np.sin(0.1 * t + 1.0)) < 0.02
    True
    >>> spectral_hellinger_of(np.sin(0.1 * t), np.sin(0.5 * t)) > 0.9
    True
    """
    if len(truth) != len(run):
        raise ValueError(f"spectra need series of one length, got {len(truth)} and {len(run)}; cut the longer")
    p, q = spectrum(truth, smoothing), spectrum(run, smoothing)
    return float(np.sqrt(np.clip(1.0 - np.sqrt(p * q).sum(axis=0), 0.0, 1.0)).mean())


def spectrum(x: Float[np.ndarray, "time component"], smoothing: float) -> Float[np.ndarray, "freq component"]:
    """Return the smoothed power spectrum of each z-scored component, normalised to sum one."""
    from scipy.fft import rfft
    from scipy.ndimage import gaussian_filter1d

    centred, spread = x - x.mean(axis=0), x.std(axis=0)
    still = spread <= 1e-9 * np.maximum(np.abs(x).max(axis=0), 1e-300)
    power = np.abs(rfft(centred / np.where(still, 1.0, spread), axis=0)) ** 2
    power[:, still] = 1.0
    if smoothing > _FINEST:
        radius = int(min(4 * smoothing + 0.5, len(power)))  # wider, nothing is left to be reached
        power = gaussian_filter1d(power, smoothing, axis=0, mode="constant", radius=radius)
    return power / power.sum(axis=0)
