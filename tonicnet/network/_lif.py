"""The leaky integrate-and-fire neuron's own f-I curve, computed exactly for the neuron as it is simulated."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from .._names import choose, shown
from .._numbers import real
from ..compiled._curve import CompiledCurve
from ._filter import Filter
from ._lif_curves import table, variances
from ._look_up import Table, look_up, look_up_both
from ._onset import Onset
from ._transfer import Transfer

_CPU = torch.device("cpu")
_ADAPTATION = ("adaptation", "adaptation_tau")
_ONSET = ("sharpness", "peak")
_UNIT = {"sharpness": "(in units of threshold - reset)", "peak": "(in units of sharpness above threshold)"}
_SHARPNESS, _PEAK = (0.01, 0.5), (3.0, 20.0)  # where the curve of an onset is held to simulations
_MOST = 0.1  # jump of adaptation up to which its curve is known within one per cent


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

    A neuron that adapts has a spike-triggered current a beside its input, x - a in the place of x,

        a[n+1] = a[n] (1 - dt / adaptation_tau),    a = a + adaptation at a spike,

    and phi(x) is then the rate after adaptation, exact to first order in the jump (docs/theory/adaptation.md).

    With ``sharpness`` s spikes begin by a current (exponential integrate-and-fire, docs/theory/onset.md),

        v[n+1] = v[n] + (dt / tau_m) (x - v[n] + s exp((v[n] - 1) / s)) + noise ...,

    and a spike is where v > 1 + peak s. It fires from x = 1 - s on, and is the neuron above for s to 0. With
    ``adaptation`` it is the adaptive exponential neuron (AdEx) without subthreshold adaptation.

    Arguments (SI units): ``tau_m`` membrane time constant, ``refractory``, ``noise`` standard deviation
    of the free membrane potential in units of threshold - reset, ``dt`` integration step, ``rate_scale``
    Hz per unit of r; ``reset``, ``threshold`` (V) and ``leak`` conductance (S) set the units of exports;
    ``adaptation`` the jump of a at a spike in units of threshold - reset (at most 0.1), and ``adaptation_tau``;
    ``sharpness`` in the same units (0, or 0.01 to 0.5), and ``peak`` in units of sharpness above threshold (3 to 20).
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
    adaptation: float = 0.0
    adaptation_tau: float = 0.1
    sharpness: float = 0.0
    peak: float = 5.0
    name: ClassVar[str] = "lif"
    rate_unit: ClassVar[str] = "Hz"  # type: ignore[misc]
    spread: ClassVar[tuple[float, float]] = (-0.5, 1.0)  # type: ignore[misc]

    def __post_init__(self) -> None:
        choose("reset_rule", self.reset_rule, ("hard", "soft"))
        for name, number in self._numbers().items():
            if not math.isfinite(real(number)):
                raise ValueError(f"lif: {name} must be a finite number, got {shown(number)}")
            object.__setattr__(self, name, number if type(number) in (int, float) else real(number))
        for name in ("tau_m", "dt", "rate_scale", "leak", "adaptation_tau"):
            if getattr(self, name) <= 0:
                raise ValueError(f"lif: {name} must be a positive number, got {getattr(self, name)}")
        for name in ("refractory", "noise", "adaptation", "sharpness"):
            if getattr(self, name) < 0:
                raise ValueError(f"lif: {name} must be zero or positive, got {getattr(self, name)}")
        if 0 < self.noise < 0.03:
            raise ValueError(f"lif: noise must be 0 or at least 0.03, got {self.noise}; use 0 for a noise-free neuron")
        if self.dt > self.tau_m / 10:
            raise ValueError(f"lif: dt {self.dt} s is too coarse for tau_m {self.tau_m} s; use at most tau_m / 10")
        if self.threshold <= self.reset:
            raise ValueError(f"lif: threshold {self.threshold} V must lie above reset {self.reset} V")
        if self.adapts:
            self._check_adaptation()
        if self.sharpness:
            self._check_onset()

    def _check_adaptation(self) -> None:
        if self.adaptation > _MOST:
            raise ValueError(
                f"lif: adaptation is the jump of the current at one spike, at most {_MOST} of threshold - reset, got "
                f"{self.adaptation}; for more adaptation raise adaptation_tau"
            )
        if self.noise == 0:
            raise ValueError("lif: a neuron that adapts needs noise, such as noise=0.1; without it its curve has steps")
        if self.adaptation_tau < 2 * self.tau_m:
            raise ValueError(
                f"lif: adaptation_tau must be at least two membrane time constants, {2 * self.tau_m} s, got "
                f"{self.adaptation_tau} s; a faster current is a part of the refractory time"
            )

    def _check_onset(self) -> None:
        for name, (least, most) in (("sharpness", _SHARPNESS), ("peak", _PEAK)):
            if not least <= getattr(self, name) <= most:
                raise ValueError(
                    f"lif: {name} {_UNIT[name]} must lie from {least} to {most}, got {getattr(self, name)}"
                    + "; sharpness=0 is a neuron that fires at its threshold" * (name == "sharpness")
                )
        if self.reset_rule != "hard":
            raise ValueError(
                "lif: a spike that begins by a current passes its peak by an amount that depends on dt, so that a soft "
                'reset would too; use reset_rule="hard", or sharpness=0'
            )

    @property
    def onset(self) -> Onset:
        """How a spike begins."""
        return Onset(self.sharpness, self.peak) if self.sharpness else Onset()

    @property
    def adapts(self) -> bool:
        """Whether spikes trigger a current."""
        return self.adaptation > 0

    @property
    def at_rest(self) -> LIF:
        """The same neuron without that current."""
        return replace(self, adaptation=0.0, adaptation_tau=LIF.adaptation_tau)

    @property
    def adapted_by(self) -> float:
        """beta: the mean of the current, in units of input, at a steady rate of one ``rate_scale``."""
        return self.adaptation * self.adaptation_tau * self.rate_scale

    def parameters(self) -> dict[str, Any]:
        """Return the neuron's constants; a hard reset, no adaptation and no onset, what is so where nothing is said,
        are left out."""
        rule = {} if self.reset_rule == "hard" else {"reset_rule": self.reset_rule}
        plain = _ADAPTATION * (not self.adapts) + _ONSET * (not self.sharpness)
        return {k: float(v) for k, v in self._numbers().items() if k not in plain} | rule

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
        return look_up(variances(self, filter), torch.as_tensor(np.asarray(x, dtype=np.float64))).numpy()

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

    def settled(self, y: Float[Tensor, "*shape"]) -> tuple[Tensor, Tensor]:
        """Return R(y), and its slope: the rate of a neuron that adapts at what is left of its input, y = x - a.

        In a long run a = beta R(y), which is where phi(x) comes from. For one that does not adapt it is phi.
        """
        return self._of("settled" if self.adapts else "rate", y)

    def table(self, dtype: torch.dtype, device: torch.device = _CPU) -> Table:
        """Return the table that rates are read from, in units of ``rate_scale``."""
        return table(self, "rate", dtype, device)

    def compiled(self, dtype: torch.dtype) -> CompiledCurve | None:
        """Return the curve in compiled code; None for a precision there is none of."""
        return self.table(dtype).curve

    def _of(self, name: str, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return one of the neuron's functions of its input, and the slope of it."""
        return look_up_both(table(self, name, x.dtype, x.device), x)
