"""What a fit was asked for, checked at the door."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import torch

from .._device import check_device
from .._names import choose, shown
from .._numbers import real, whole
from .._random import checked_seed
from ..circuit import Circuit
from ..network import Network, fast_bfloat16
from ..solve import GIB, SOLVERS
from ._learn import check_limits, check_method, check_screened, given_range, sets_of, summed

OBJECTIVES = ("auto", "field", "trajectory", "cross-entropy", "squares")
METHODS = ("auto", "gauss-newton", "adam", "amsgrad", "search", "annealed", "straight-through", "ranks", "grid")
PRECISIONS = ("auto", "float64", "mixed", "float32", "bfloat16")
COORDINATES = ("auto", "plain")
EXACT_BELOW = 256  # units up to which everything is computed in float64
_MOST = 100_000  # steps, rounds or restarts: more would not end
_LONGEST = 100  # times as long as usual, of runs that confirm
_SHARE = 0.25  # of the memory, for temporaries


@dataclass(frozen=True)
class Settings:
    """The settings of :func:`tonicnet.fit`."""

    learn: str = "bias"
    objective: str = "auto"
    method: str = "auto"
    noise: float = 0.1
    steps: int = 20
    rounds: int = 4
    restarts: int = 1
    solver: str = "auto"
    precision: str = "auto"
    memory: float = 4.0
    device: str = "cpu"
    seed: int = 0
    neurons_per_unit: int | None = None
    threads: int | None = None
    screen: int = 1
    rank: int = 1
    nonnegative: bool = False
    decoder_norm: float | None = None
    bias_range: tuple[float, float] | None = None
    coordinates: str = "auto"
    confirm: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "learn", summed(self.learn))
        choose("objective", self.objective, OBJECTIVES)
        choose("method", self.method, METHODS)
        choose("solver", self.solver, ("auto", *SOLVERS))
        choose("precision", self.precision, PRECISIONS)
        choose("coordinates", self.coordinates, COORDINATES)
        if not 0 <= real(self.noise) < math.inf:
            raise ValueError(f"noise is a width in standard deviations, zero or positive, got {shown(self.noise)}")
        if not 0 < real(self.memory) < math.inf:
            raise ValueError(f"memory is a positive number of GiB, got {shown(self.memory)}")
        for name in ("noise", "memory"):  # numpy's numbers are no JSON
            object.__setattr__(self, name, real(getattr(self, name)))
        least = {"steps": 1, "rounds": 0, "restarts": 0, "seed": 0, "screen": 1, "rank": 1, "confirm": 0}
        for name, low in least.items():
            object.__setattr__(self, name, whole(name, getattr(self, name), low))
            if name != "seed" and getattr(self, name) > _MOST:
                raise ValueError(f"{name} may be {_MOST} at most, got {shown(getattr(self, name))}; a fit ends before")
        if self.confirm == 1 or self.confirm > _LONGEST:
            raise ValueError(
                f"confirm is how many times as long the runs are that confirm what is good, 2 to {_LONGEST}, or 0 for "
                f"none; got {shown(self.confirm)}"
            )
        checked_seed(self.seed)
        check_method(self.learn, self.method)
        if self.screen > 1:
            check_screened(self.learn)
        check_limits(self.learn, self.nonnegative, self.decoder_norm)
        object.__setattr__(self, "bias_range", given_range(self.learn, self.bias_range))
        for name in ("neurons_per_unit", "threads"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, whole(name, getattr(self, name)))
        check_device(self.device)

    @property
    def learned(self) -> tuple[str, ...]:
        """The names of what is learned."""
        return sets_of(self.learn)

    @property
    def first_order(self) -> bool:
        """Whether many cheap steps are asked for: the baselines, or masks by gradients."""
        return self.method in ("adam", "amsgrad", "annealed", "straight-through")

    def dtype(self, net: Network) -> torch.dtype:
        """Return the precision of losses and gradients."""
        exact = self.precision in ("float64", "mixed") or (self.precision == "auto" and net.units <= EXACT_BELOW)
        return torch.float64 if exact else torch.float32

    def running(self, net: Network) -> torch.dtype:
        """Return the precision in which closed-loop windows of a field are run."""
        return torch.float32 if self.precision == "mixed" else self.dtype(net)

    def curved(self, net: Network) -> torch.dtype | None:
        """Return the lower precision in which curvature is multiplied, or None for that of everything else."""
        wanted = self.precision == "bfloat16" or (self.precision == "auto" and net.units > EXACT_BELOW and self._fast)
        return torch.bfloat16 if wanted else None

    @property
    def room(self) -> int:
        """Return the bytes that temporaries may take."""
        return int(_SHARE * self.memory * GIB)

    def solver_room(self, circuit: Circuit) -> int:
        """Return the bytes that a solver's matrices may take beside temporaries and the synapses."""
        held = 0 if circuit.recurrent is None else 12 * circuit.net.units**2
        return int((1 - _SHARE) * self.memory * GIB) - held

    @cached_property
    def _fast(self) -> bool:
        """Whether the processor multiplies bfloat16 faster than float32."""
        return self.device.startswith("cuda") or fast_bfloat16()
