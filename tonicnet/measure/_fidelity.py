"""Is it the same attractor? State-space divergence, spectral Hellinger and sliced Wasserstein distance of runs."""

from __future__ import annotations

import numpy as np
import xarray as xr
from jaxtyping import Float

from .._labels import Variable, dataset
from .._names import choose
from ._alone import whole
from ._floors import ArrayMeasure, Floor, floor_of
from ._measures import against_truth
from ._run import Labelled, Pair, Stretch, paired, single
from .arrays._divergence import bins_for, bins_or_none, outside_of, state_space_divergence_of
from .arrays._hellinger import spectral_hellinger_of
from .arrays._wasserstein import sliced_wasserstein_of


def state_space_divergence(
    run: Labelled, truth: Labelled, *, bins: int | None = None, reference: Labelled | None = None
) -> xr.Dataset:
    """Measure where a run spends its time against where the truth does: D_stsp = KL(truth || run).

        D = sum_c p_c log(p_c / q_c),   p_c = (n_c + 1e-5) / (S + 1e-5 C)

    over the C = bins^d cells of the truth's box (min - 0.1 sd to max + 0.1 sd); see
    :func:`state_space_divergence_of`. Blind to time, so read it beside :func:`spectral_hellinger`; and never
    without the number of samples and the floor at that number, which stand beside it.

    Arguments: ``run`` and ``truth``, Datasets with ``output(trial, time, component)`` or such DataArrays, one
    segment each, at one step; trials of the truth are used in turn. Both are cut to the shorter.
    ``reference``, an independent true run for the floor; without it, disjoint stretches of ``truth`` if it is
    long enough. ``bins`` per component; if not given, as there.

    Returns ``state_space_divergence`` and ``outside`` (share of samples out of the box) per trial, the floor,
    ``samples`` and ``duration`` (task time). The attribute ``floor`` says where the floor is from.
    Raises ValueError for fewer than 100 samples, different steps, missing dims, a truth that is not finite, too many
    cells.
    Source: Koppe et al. (2019), doi:10.1371/journal.pcbi.1007263; Hess et al. (2023), arXiv:2306.04406.

    >>> import numpy as np
    >>> import xarray as xr
    >>> from tonicnet.measure import state_space_divergence
    >>> t = np.arange(4000) * 0.1
    >>> truth = xr.DataArray(np.sin(t)[:, None], dims=("time", "component"), coords={"time": t})
    >>> float(state_space_divergence(truth, truth).state_space_divergence[0])
    0.0
    """
    pair = _read(run, truth, finite=False)
    count = _samples(pair)
    bins = bins_or_none("bins", bins) or bins_for(count, pair.truth.values.shape[-1])
    own = _floor(pair, count, reference, lambda a, b: state_space_divergence_of(a, b, bins=bins))
    _refuse_short(pair, own, _LEAST, "run longer: 10,000 to 100,000 bring the floor near 0")
    value = [state_space_divergence_of(t, m, bins=bins) for t, m in _sides(pair, count)]
    outside = [outside_of(t, m) for t, m in _sides(pair, count)]
    found = {
        "state_space_divergence": Variable(("trial",), value, "nat", "state-space divergence D_stsp"),
        "outside": Variable(("trial",), outside, "1", "share of samples outside the truth's box"),
    }
    return _result(found, own, pair, count, bins=bins)


def spectral_hellinger(
    run: Labelled,
    truth: Labelled,
    *,
    smoothing: float = 20.0,
    unit: str = "bins",
    reference: Labelled | None = None,
) -> xr.Dataset:
    """Measure how fast a run moves against how fast the truth does: Hellinger distance D_H of power spectra.

        D_H = mean_k sqrt(1 - sum_f sqrt(P_k(f) Q_k(f)))

    of the spectra |rfft|^2 of z-scored components, smoothed, normalised; see :func:`spectral_hellinger_of`.
    Blind to geometry, so read it beside :func:`state_space_divergence`.

    Arguments: as there; ``smoothing``, the Gaussian's standard deviation, in frequency ``unit`` "bins" (the
    convention; its width in frequency then shrinks with the length) or "Hz": cycles per second where the run
    has a coordinate ``time`` in seconds beside ``task_time``, else cycles per unit of task time.

    Returns ``spectral_hellinger`` per trial, its floor, ``samples`` and ``duration``.
    Raises ValueError for fewer samples than eight times the smoothing in bins (160 at 20 bins), different
    steps, missing dims, samples that are not finite, an unknown unit.
    Source: Mikhaeil et al. (2022), arXiv:2110.07238.

    >>> import numpy as np
    >>> import xarray as xr
    >>> from tonicnet.measure import spectral_hellinger
    >>> t = np.arange(4000) * 0.1
    >>> wave = lambda f: xr.DataArray(np.sin(f * t)[:, None], dims=("time", "component"), coords={"time": t})
    >>> bool(spectral_hellinger(wave(1.0), wave(5.0)).spectral_hellinger[0] > 0.9)
    True
    """
    pair = _read(run, truth, finite=True)
    count = _samples(pair)
    width = smoothing if choose("unit", unit, ("bins", "Hz")) == "bins" else smoothing * _span(pair.run, count)
    own = _floor(pair, count, reference, lambda a, b: spectral_hellinger_of(a, b, smoothing=width))
    _refuse_short(
        pair, own, _WIDTHS * width, "run longer, or smooth less" if unit == "bins" else "smooth over fewer Hz"
    )
    value = [spectral_hellinger_of(t, m, smoothing=width) for t, m in _sides(pair, count)]
    found = {"spectral_hellinger": Variable(("trial",), value, "1", "spectral Hellinger distance D_H")}
    return _result(found, own, pair, count, smoothing=float(smoothing), smoothing_unit=unit)


def sliced_wasserstein(
    run: Labelled, truth: Labelled, *, projections: int = 50, seed: int = 0, reference: Labelled | None = None
) -> xr.Dataset:
    """Measure how far the states of a run lie from the truth's: sliced Wasserstein distance, in the truth's sd.

        SW = mean_w  mean_n | sort(X w)_n - sort(Y w)_n |

    Blind to speed and order, so never alone: read it beside :func:`spectral_hellinger`. Unlike D_stsp it tells near
    from far, and needs no cells.

    Arguments: ``run`` and ``truth``, one segment each, at one step; both are cut to the shorter. ``projections``
    directions, drawn from ``seed``; ``reference``, an independent true run for the floor (else disjoint stretches
    of the truth). Returns ``sliced_wasserstein`` per trial (NaN where not finite), its floor, ``samples`` and
    ``duration``. Raises ValueError for different steps, missing dims, a truth that is not finite.
    Source: Bonneel et al. (2015), doi:10.1007/s10851-014-0506-3.

    >>> import numpy as np
    >>> import xarray as xr
    >>> from tonicnet.measure import sliced_wasserstein
    >>> t = np.arange(4000) * 0.1
    >>> wave = lambda a: xr.DataArray(a * np.sin(t)[:, None], dims=("time", "component"), coords={"time": t})
    >>> round(float(sliced_wasserstein(wave(1.2), wave(1.0)).sliced_wasserstein[0]), 2)
    0.18
    """
    pair, many = _read(run, truth, finite=False), whole("projections", projections)

    def measure(a: Float[np.ndarray, "time component"], b: Float[np.ndarray, "time component"]) -> float:
        return sliced_wasserstein_of(a, b, projections=many, seed=seed)

    count = _samples(pair)
    own = _floor(pair, count, reference, measure)
    value = [measure(t, m) for t, m in _sides(pair, count)]
    found = {"sliced_wasserstein": Variable(("trial",), value, "1", "sliced Wasserstein distance in sd")}
    return _result(found, own, pair, count, projections=many, seed=seed)


_LEAST = 100  # samples for a histogram
_WIDTHS = 8  # samples for each bin of a spectrum's smoothing


def _refuse_short(pair: Pair, own: Floor, least: float, remedy: str) -> None:
    """Raise ValueError for too short a series: how long it is, how long it must be, and the floor there."""
    count = _samples(pair)
    if count >= least:
        return
    run, truth = (s.values.shape[1] for s in pair)
    known = "is unknown" if np.isnan(own.value) else f"gives {own.value:.3g}"
    raise ValueError(
        f"too short to compare: {count} samples (the run has {run}, the truth {truth}), {least:.0f} or more are "
        f"needed; {remedy}. At {count} samples truth against truth {known}"
    )


def _read(run: Labelled, truth: Labelled, *, finite: bool) -> Pair:
    return paired(single(run, finite=finite), single(truth, "truth"))


def _samples(pair: Pair) -> int:
    return min(pair.run.values.shape[1], pair.truth.values.shape[1])


def _sides(pair: Pair, count: int) -> list[tuple[np.ndarray, np.ndarray]]:
    truth = pair.truth.values
    return [(truth[i % len(truth), :count], trial[:count]) for i, trial in enumerate(pair.run.values)]


def _floor(pair: Pair, count: int, reference: Labelled | None, measure: ArrayMeasure) -> Floor:
    other = None if reference is None else paired(single(reference, "reference"), pair.truth).run
    return floor_of(measure, pair.truth.values, count, None if other is None else other.values)


def _span(run: Stretch, count: int) -> float:
    """Return the duration of ``count`` samples: the inverse of the width of a spectrum's bin."""
    time = run.time if run.seconds is None else run.seconds
    return count * float(time[-1] - time[0]) / (len(time) - 1)


def _result(found: dict[str, Variable], own: Floor, pair: Pair, count: int, **attrs: str | int | float) -> xr.Dataset:
    name, first = next(iter(found.items()))
    found[f"{name}_floor"] = Variable((), own.value, first.units, against_truth(first.long_name))
    found["samples"] = Variable((), count, "1", "samples compared per trial, T")
    found["duration"] = Variable((), count * pair.truth.dt, "1", "task time compared per trial")
    return dataset(found, pair.run.trial, task=pair.truth.task, floor=own.source, **attrs)
