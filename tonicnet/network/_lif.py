"""The leaky integrate-and-fire neuron's own f-I curve, computed exactly for the neuron as it is simulated."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from .._names import choose, shown
from .._numbers import real
from ..compiled import CompiledCurve
from ._filter import Filter
from ._first_passage import PASSAGES, hard_passage, hard_transform, hard_variance
from ._look_up import Table, look_up, look_up_both
from ._response import Responses, responses
from ._transfer import Transfer

Samples = tuple[np.ndarray, np.ndarray, np.ndarray]  # a fine uniform grid of inputs, values and slopes on it

_POINTS = 16384  # of the interpolation table
_CPU = torch.device("cpu")
_HIGH = 20.0  # its end, where the neuron fires at nearly 1 / refractory


@dataclass(frozen=True)
class LIF(Transfer):
    """The f-I curve of a noisy leaky integrate-and-fire neuron, at its own noise and time step.

    Between spikes, with v in units of the distance from reset (0) to threshold (1),

        v[n+1] = v[n] + (dt / tau_m) (x - v[n]) + noise sqrt(2 dt / tau_m) xi[n],

    a spike when v > 1, then v = 0 (``reset_rule="hard"``) or v - 1 ("soft": the overshoot is kept), and v is
    held for ``refractory`` (Brian2's Euler-Maruyama update). phi(x) = rate(x) / rate_scale. The mean number of
    updates to threshold obeys a Fredholm equation of the second kind, T(v) = 1 + integral over (-inf, 1] of
    p(v'|v) T(v') dv', solved here by Gauss-Legendre quadrature (Nystroem's method; for a soft reset, the
    stationary density of v is), so the curve is that of the simulated neuron and not of its continuous-time
    limit (Siegert 1951, doi:10.1103/PhysRev.81.617), which differs by several per cent at common steps. Without
    noise the closed form for the mean interval is used.

    Arguments (SI units): ``tau_m`` membrane time constant, ``refractory``, ``noise`` standard deviation
    of the free membrane potential in units of threshold - reset, ``dt`` integration step, ``rate_scale``
    Hz per unit of r; ``reset``, ``threshold`` (V) and ``leak`` conductance (S) set the units of exports.
    Raises ValueError for constants no neuron can have.

    >>> phi = LIF()
    >>> rate = phi.rate_scale * phi.value(torch.tensor([1.0], dtype=torch.float64))
    >>> round(rate.item(), 1)
    45.6
    """

    tau_m: float = 0.010
    refractory: float = 0.002
    noise: float = 0.3
    dt: float = 0.0002
    rate_scale: float = 100.0
    reset: float = -0.070
    threshold: float = -0.050
    leak: float = 1e-8
    reset_rule: str = "hard"
    name: ClassVar[str] = "lif"
    rate_unit: ClassVar[str] = "Hz"  # type: ignore[misc]
    spread: ClassVar[tuple[float, float]] = (-0.5, 1.0)  # type: ignore[misc]

    def __post_init__(self) -> None:
        choose("reset_rule", self.reset_rule, PASSAGES)
        for name, number in self._numbers().items():
            if not math.isfinite(real(number)):
                raise ValueError(f"lif: {name} must be a finite number, got {shown(number)}")
            object.__setattr__(self, name, number if type(number) in (int, float) else real(number))
        for name in ("tau_m", "dt", "rate_scale", "leak"):
            if getattr(self, name) <= 0:
                raise ValueError(f"lif: {name} must be a positive number, got {getattr(self, name)}")
        for name in ("refractory", "noise"):
            if getattr(self, name) < 0:
                raise ValueError(f"lif: {name} must be zero or positive, got {getattr(self, name)}")
        if 0 < self.noise < 0.03:
            raise ValueError(f"lif: noise must be 0 or at least 0.03, got {self.noise}; use 0 for a noise-free neuron")
        if self.dt > self.tau_m / 10:
            raise ValueError(f"lif: dt {self.dt} s is too coarse for tau_m {self.tau_m} s; use at most tau_m / 10")
        if self.threshold <= self.reset:
            raise ValueError(f"lif: threshold {self.threshold} V must lie above reset {self.reset} V")

    def parameters(self) -> dict[str, Any]:
        """Return the neuron's constants; a hard reset, the rule where nothing is said, is left out."""
        rule = {} if self.reset_rule == "hard" else {"reset_rule": self.reset_rule}
        return {k: float(v) for k, v in self._numbers().items()} | rule

    def _numbers(self) -> dict[str, float]:
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name != "reset_rule"}

    def value(self, x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        """Return the firing rate at constant input x, in units of ``rate_scale``."""
        return look_up(self.table(x.dtype, x.device), x)

    def slope(self, x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        """Return the derivative of the firing rate."""
        return self.both(x)[1]

    def both(self, x: Float[Tensor, "*shape"]) -> tuple[Tensor, Tensor]:
        """Return rate and slope from one look-up."""
        return self._of("rate", x)

    def variability(self, x: Float[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
        """Return rate x CV^2 (Hz) at constant input: the power of the spike train at low frequencies.

        To a slowly filtered sum a neuron adds, beside its mean rate, white noise of this intensity (renewal theory:
        Cox and Lewis 1966; Poisson trains have CV 1). Intervals after a soft reset are taken as after a hard one.
        """
        return self.rate_scale**2 * self.noise_power(torch.as_tensor(np.asarray(x, dtype=np.float64)))[0].numpy()

    def noise_power(self, x: Float[Tensor, "*shape"]) -> tuple[Tensor, Tensor]:
        """Return S(x) = rate CV^2 / rate_scale^2 (s), the intensity of the noise in r, and its slope."""
        return self._of("power", x)

    def filtered_variance(self, x: Float[np.ndarray, "*shape"], filter: Filter) -> Float[np.ndarray, "*shape"]:
        """Return the variance of r, the train through a synaptic filter, at constant input.

        Slow noise, S / (2 tau) behind an exponential, is a part of it; the rest ripples at the firing rate, up to
        1 / (12 tau^2 rate_scale^2) for regular trains, too fast for the network to follow. Renewal theory, exactly:
        with rho(s) the Laplace transform of the intervals and M = rho / (1 - rho),

            var = nu (1 + 2 M(1 / tau)) / (2 tau) - nu^2

        (Cox and Lewis 1966), and the like with a rise. Intervals after a soft reset are taken as after a hard one.
        """
        return look_up(_variances(self, filter), torch.as_tensor(np.asarray(x, dtype=np.float64))).numpy()

    def lead(self, x: Float[Tensor, "*shape"]) -> tuple[Tensor, Tensor]:
        """Return kappa(x) (s), and its slope: to an input that moves slowly the neuron fires at

            phi(x(t)) + kappa(x(t)) dx/dt

        in units of ``rate_scale``, to first order. Above threshold and with little noise kappa > 0, the rate runs ahead
        of its input (at noise 0.2 by about kappa / phi' = 1 ms); far below threshold it lags behind. Zero without
        noise, where phases never mix and there is no such response.
        """
        return self._of("lead", x)

    def own(self, x: Float[Tensor, "*shape"]) -> tuple[Tensor, Tensor]:
        """Return sigma(x), and its slope: a neuron whose own spikes lift its input by w each fires at

            phi(x) + w sigma(x)

        at the mean input x, in units of ``rate_scale``, to first order and where the lift lasts for many intervals.
        What a spike adds is gone in part when the next one is near, and input counts most there, so sigma < 0 where
        the neuron fires regularly. Zero without noise.
        """
        return self._of("own", x)

    def table(self, dtype: torch.dtype, device: torch.device = _CPU) -> Table:
        """Return the table that rates are read from, in units of ``rate_scale``."""
        return _table(self, "rate", dtype, device)

    def compiled(self, dtype: torch.dtype) -> CompiledCurve | None:
        """Return the curve in compiled code; None for a precision there is none of."""
        return self.table(dtype).curve

    def _of(self, name: str, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return one of the neuron's functions of its input, and the slope of it."""
        return look_up_both(_table(self, name, x.dtype, x.device), x)


@lru_cache(maxsize=32)
def _table(neuron: LIF, name: str, dtype: torch.dtype, device: torch.device) -> Table:
    made = _none if neuron.noise == 0 and name != "rate" else _CURVES[name]
    return Table.of(*made(neuron), dtype, device)


@lru_cache(maxsize=32)
def _curve(neuron: LIF) -> Samples:
    """Return inputs, the rates there in units of ``rate_scale``, and their slopes."""

    grid, rate, slope = _sampled(neuron, lambda x: firing_rate(neuron, x) / neuron.rate_scale)
    return grid, np.maximum(rate, 0), slope


@lru_cache(maxsize=32)
def _power(neuron: LIF) -> Samples:
    """Return inputs, S = rate CV^2 / rate_scale^2 there, and its slopes."""
    return _sampled(neuron, lambda x: firing_rate(neuron, x) * cv_of_intervals(neuron, x) ** 2 / neuron.rate_scale**2)


@lru_cache(maxsize=32)
def _lead(neuron: LIF) -> Samples:
    """Return inputs, kappa there, and its slopes; an update reads its input half a step before its middle."""
    grid, ahead, slope = _sampled(neuron, lambda x: _responses(neuron, x).lead / neuron.rate_scale)
    behind = neuron.dt / 2 * _curve(neuron)[2]
    return grid, ahead - behind, slope - np.gradient(behind, grid)


@lru_cache(maxsize=32)
def _own(neuron: LIF) -> Samples:
    """Return inputs, the response to own spikes there, and its slopes."""
    return _sampled(neuron, lambda x: _responses(neuron, x).own / (neuron.dt * neuron.rate_scale))


@lru_cache(maxsize=32)
def _variances(neuron: LIF, filter: Filter) -> Table:
    """Return the table of the variance of the filtered train."""
    decays, signs = ([1 / filter.tau], [1.0]) if not filter.rise else ([1 / filter.tau, 1 / filter.rise], [1.0, -1.0])
    slowest = filter.tau - filter.rise

    def at(x: float) -> float:
        rate = firing_rate(neuron, x)
        after = [_renewed(neuron, x, decay) for decay in decays]
        terms = [
            a * b * rate / (p + q) * (1 + m + n)
            for a, p, m in zip(signs, decays, after, strict=True)
            for b, q, n in zip(signs, decays, after, strict=True)
        ]
        return (sum(terms) / slowest**2 - rate**2) / neuron.rate_scale**2

    return Table.of(*_sampled(neuron, at), torch.float64, torch.device("cpu"))


def _renewed(neuron: LIF, x: float, decay: float) -> float:
    """Return M(s) = rho / (1 - rho): spikes expected after a spike, each weighted by exp(-s t)."""
    step = neuron.dt / neuron.tau_m
    passed = hard_transform(x, noise=neuron.noise, step=step, decay=decay * neuron.dt)
    transform = math.exp(-decay * neuron.dt * _held(neuron)) * passed
    return transform / (1 - transform)


@lru_cache(maxsize=2048)
def _responses(neuron: LIF, x: float) -> Responses:
    step, held = neuron.dt / neuron.tau_m, _held(neuron)
    return responses(x, noise=neuron.noise, step=step, held=held, rule=neuron.reset_rule)


_CURVES = {"rate": _curve, "power": _power, "lead": _lead, "own": _own}


def _sampled(neuron: LIF, at: Callable[[float], float]) -> Samples:
    """Return the grid, and a function of the input and its slope on it, smooth but at the kink of noise-free ones."""
    grid = _grid(neuron)
    if neuron.noise == 0:
        exact = np.array([at(x) for x in grid])
        fires, slope = exact > 0, np.zeros(_POINTS)
        slope[fires] = np.gradient(exact[fires], grid[fires])  # one-sided: nothing below zero beside the kink
        return grid, exact, slope
    from scipy.interpolate import CubicSpline

    knots = np.concatenate([np.linspace(grid[0], 3, 320), np.linspace(3, _HIGH, 130)[1:]])  # dense where curves bend
    spline = CubicSpline(knots, [at(x) for x in knots])
    return grid, spline(grid), spline(grid, 1)


def _none(neuron: LIF) -> Samples:
    """Return zero, which is what neurons without noise have of a function."""
    return _grid(neuron), np.zeros(_POINTS), np.zeros(_POINTS)


def _grid(neuron: LIF) -> Float[np.ndarray, " point"]:
    return np.linspace(-6 * neuron.noise - 1.0, _HIGH, _POINTS)


def firing_rate(neuron: LIF, x: float) -> float:
    """Return the firing rate in Hz at the constant input ``x``.

    The interval lasts ``refractory / dt - 1`` held steps (whole steps, rounded down as Brian2 does; none if
    not refractory) plus the mean number of updates from one spike to the next.

    >>> round(firing_rate(LIF(noise=0.0), 2.0), 1)
    114.1
    """
    passage = PASSAGES[neuron.reset_rule]
    return 1 / (neuron.dt * (_held(neuron) + passage(x, noise=neuron.noise, step=neuron.dt / neuron.tau_m)))


def cv_of_intervals(neuron: LIF, x: float) -> float:
    """Return the coefficient of variation of the intervals between spikes at the constant input ``x``.

    1 for a Poisson train, 0 for a regular one; without noise the train is regular.

    >>> cv_of_intervals(LIF(noise=0.0), 2.0), round(cv_of_intervals(LIF(), 1.0), 2)
    (0.0, 0.53)
    """
    step = neuron.dt / neuron.tau_m
    mean = _held(neuron) + hard_passage(x, noise=neuron.noise, step=step)
    return math.sqrt(hard_variance(x, noise=neuron.noise, step=step)) / mean


def _held(neuron: LIF) -> int:
    return max(math.floor(neuron.refractory / neuron.dt + 1e-3) - 1, 0)
