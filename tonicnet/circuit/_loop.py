"""A network left alone for many steps: by compiled code where it suits, else by torch; both give the same numbers."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import NamedTuple, final

import numpy as np
import scipy.sparse as sp
import torch
from jaxtyping import Float
from torch import Tensor

from ..network import Filter
from ..parameters import Response
from ._adapting import Adapting
from ._compiled import WIDE, Kernel, WindowRun, kernel
from ._compiled_units import CompiledUnits, units_of
from ._dynamics import Dynamics
from ._low_rank import LowRank
from ._motion import Motion, motion
from ._recurrent import Recurrent
from ._runge_kutta import EULER, TABLEAUX

_FEW = 3  # trials of N x N synapses up to which compiled code is faster than matrix products
_FACTORS = ("scale", "mask")  # sets whose numbers multiply rates
_KNOWN = {"bias", "gain", *_FACTORS}  # sets of numbers of units that compiled code has


class Stretch(NamedTuple):
    """What some steps of a run leave: the output after each of them, and the states if they are kept."""

    output: Float[Tensor, "trial step component"]
    states: Float[Tensor, "trial step state"] | None


class Loop(ABC):
    """A run under way in steps of ``h`` lags of the synaptic filter; ``state`` is where it is.

    ``keeps`` says whether all states are returned, and not outputs alone.
    """

    state: Float[Tensor, "trial state"]

    @abstractmethod
    def under(self, dynamics: Dynamics) -> None:
        """Go on under other numbers; the state runs on."""

    @abstractmethod
    def advance(
        self,
        steps: int,
        inputs: Float[Tensor, "step trial component"] | None = None,
        noise: Float[Tensor, "step trial unit"] | None = None,
    ) -> Stretch:
        """Move on by some steps, during each of which inputs u and noise are held."""


def loop_of(
    dynamics: Dynamics, state: Tensor, *, filter: Filter, h: float, method: str = "rk4", keeps: bool = False,
    dense: int = 1,
) -> Loop:  # fmt: skip
    """Return the run from a state, by the fastest way that knows this network.

    ``dense`` outputs are returned for each step, those inside from the cubic through the states and slopes at its
    ends (Hermite), as exact as the steps of order 4; not for synapses with rise or delay.
    """
    code = kernel() if _suits(dynamics, state, filter, dense) else None
    units = None if code is None else compiled_units(dynamics)
    if code is None or units is None:
        return TorchLoop(dynamics, state, filter, h, method, keeps, dense)
    return CompiledLoop(code, dynamics, state, h, method, keeps, dense)


def compiled_units(dynamics: Dynamics) -> CompiledUnits | None:
    """Return the units of some dynamics for compiled code; None where it does not know them."""
    acting = {one.name: t.numpy() for one, t in dynamics.units.sets}
    if not acting.keys() <= _KNOWN:
        return None
    circuit = dynamics.circuit
    scales = [acting[name] for name in _FACTORS if name in acting]
    precision = str(circuit.dtype).removeprefix("torch.")
    return units_of(
        circuit.into.T.numpy(), circuit.out.T.numpy(), circuit.phi, precision,
        gain=acting.get("gain"), scale=np.prod(scales, axis=0) if scales else None,
    )  # fmt: skip


def window_response(dynamics: Dynamics, run: WindowRun) -> Response:
    """Return what compiled windows kept of the units as their response; what was not asked for is empty."""
    factors = {one.name: t for one, t in dynamics.units.sets if one.name in _FACTORS}
    wide = {name: torch.from_numpy(values) for name, values in run.wide.items()}
    nothing = torch.empty(0, dtype=dynamics.circuit.dtype)
    through, rate, gain, scale = (wide.get(name, nothing) for name in WIDE)
    touch = {"bias": through, "gain": gain, **dict.fromkeys(factors, scale)}
    if len(factors) > 1:  # each of two factors carries the other
        touch |= {name: scale * factors[other] for name, other in zip(_FACTORS, reversed(_FACTORS), strict=True)}
    return Response(rate, through, touch)


def _suits(dynamics: Dynamics, state: Tensor, filter: Filter, dense: int) -> bool:
    latent = isinstance(dynamics.circuit, LowRank)
    if isinstance(dynamics.circuit, Recurrent) and dynamics.circuit.thin is not None:
        return False
    plain = filter.first_order and not dynamics.circuit.net.transfer.adapts
    return plain and state.device.type == "cpu" and (latent or (len(state) <= _FEW and dense == 1))


@final
class TorchLoop(Loop):
    """Step by step, any synapses and any filter."""

    def __init__(
        self, dynamics: Dynamics, state: Tensor, filter: Filter, h: float, method: str, keeps: bool, dense: int
    ) -> None:
        self._dynamics, self._keeps, self._dense, self._h = dynamics, keeps, dense, h
        self._motion: Motion = (
            Adapting(dynamics, state, h)
            if dynamics.circuit.net.transfer.adapts
            else motion(dynamics.flow, state, dynamics.tonic, filter=filter, h=h, method=method)
        )

    @property
    def state(self) -> Tensor:  # type: ignore[override]
        """Where the run is."""
        return self._motion.state

    def under(self, dynamics: Dynamics) -> None:
        """Go on under other numbers."""
        self._dynamics = dynamics
        self._motion.under(dynamics)

    def advance(self, steps: int, inputs: Tensor | None = None, noise: Tensor | None = None) -> Stretch:
        """Move on step by step."""
        outputs, states = [], []
        for k in range(steps):
            onto = self._dynamics.tonic
            onto = onto if inputs is None else self._dynamics.circuit.fed(inputs[k], onto)
            onto = onto if noise is None else onto + noise[k]
            before = self.state
            self._motion.advance(onto)
            outputs += [self._dynamics.output(x) for x in self._between(before, onto)]
            outputs.append(self._dynamics.output(self.state))
            states += [self.state] if self._keeps else []
        return Stretch(torch.stack(outputs, 1), torch.stack(states, 1) if self._keeps else None)

    def _between(self, before: Tensor, onto: Tensor) -> Iterator[Tensor]:
        """Yield the states inside the last step, by Hermite's cubic."""
        if self._dense == 1:
            return
        ends, flow = (before, self.state), self._dynamics.flow
        first, last = (self._h * flow(x, onto) for x in ends)
        for k in range(1, self._dense):
            t = k / self._dense
            place = (1 + 2 * t) * (1 - t) ** 2 * ends[0] + t**2 * (3 - 2 * t) * ends[1]
            yield place + t * (1 - t) ** 2 * first - t**2 * (1 - t) * last


@final
class CompiledLoop(Loop):
    """Many steps in one call of compiled code."""

    def __init__(
        self, code: Kernel, dynamics: Dynamics, state: Tensor, h: float, method: str, keeps: bool, dense: int
    ) -> None:
        self._code, self._keeps, self._dense = code, keeps, dense
        self.state = state
        self._tableau = TABLEAUX.get(method, EULER)
        self._h = -math.expm1(-h) if method == "exponential-euler" else h
        self.under(dynamics)

    def under(self, dynamics: Dynamics) -> None:
        """Go on under other numbers."""
        self._dynamics = dynamics
        units = compiled_units(dynamics)
        assert units is not None
        self._units, self._tonic = units, dynamics.tonic.numpy()
        self._synapses = None if isinstance(dynamics.circuit, LowRank) else _synapses(dynamics)

    def advance(self, steps: int, inputs: Tensor | None = None, noise: Tensor | None = None) -> Stretch:
        """Move on by all steps at once."""
        u, added = (None if x is None else x.contiguous().numpy() for x in (inputs, noise))
        latent = isinstance(self._dynamics.circuit, LowRank)
        return self._latents(steps, u, added) if latent else self._rates(steps, u, added)

    def _latents(self, steps: int, inputs: np.ndarray | None, noise: np.ndarray | None) -> Stretch:
        run = self._code.low_rank(
            self._units, self._tonic, self.state.numpy(), tableau=self._tableau, h=self._h, steps=steps,
            inputs=inputs, noise=noise, dense=self._dense,
        )  # fmt: skip
        self.state, output = torch.from_numpy(run.state), torch.from_numpy(run.output)[:, 1:]
        return Stretch(output, output if self._keeps else None)

    def _rates(self, steps: int, inputs: np.ndarray | None, noise: np.ndarray | None) -> Stretch:
        run = self._code.rates(
            self._units, self._synapses, self._tonic, self.state.numpy(), feedback=self._dynamics.circuit.feedback,
            tableau=self._tableau, h=self._h, steps=steps, inputs=inputs, noise=noise, keep_rates=self._keeps,
        )  # fmt: skip
        self.state, output = torch.from_numpy(run.state), torch.from_numpy(run.output)[:, 1:]
        return Stretch(output, None if run.rates is None else torch.from_numpy(run.rates)[:, 1:])


def _synapses(dynamics: Dynamics) -> np.ndarray | sp.csr_array | None:
    circuit = dynamics.circuit
    if circuit.recurrent is None:
        return None
    drawn = circuit.net.recurrent
    return drawn if isinstance(drawn, sp.csr_array) else circuit.recurrent.numpy()
