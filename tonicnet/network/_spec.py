"""The recipe of a network: everything that decides its frozen synapses and its dynamics."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from .._names import choose, shown, unknown
from .._numbers import is_whole, real
from .._weight import weigh
from ._filter import Filter
from ._layers import FEED_FORWARD, HINGES, absent, as_shape, check_layers
from ._lif import LIF
from ._transfer import Custom, Relu, Sigmoid, Softplus, Tanh, Transfer

TRANSFERS: dict[str, type[Transfer]] = {t.name: t for t in (Tanh, Relu, Softplus, Sigmoid, LIF)}
# Names of LIF neurons with other constants than the default ones.
_TIRED, _SHARP = {"adaptation": 0.1, "adaptation_tau": 0.1}, {"sharpness": 0.1}
NEURONS: dict[str, dict[str, Any]] = {
    "adaptive-lif": {"name": LIF.name, **_TIRED},
    "eif": {"name": LIF.name, **_SHARP},
    "adex": {"name": LIF.name, **_SHARP, **_TIRED},
}
SYNAPSES = ("low-rank", "dense", "sparse", FEED_FORWARD)
INDEPENDENT = "independent"
PAIRED = ("paired", "paired-low-discrepancy")
HALVES = (*PAIRED, "antithetic")  # draws that repeat the first half of the units in the second
DRAWS = (INDEPENDENT, *HALVES, "orthogonal", "low-discrepancy", "silent")
_NUMBERS = ("gain", "encoder_scale", "decoder_scale", "tau", "rise", "delay", "density", "inhibitory")
_MANY = 10**18  # units from which on any synapses are too many
_MOST = 2**63  # below it whole numbers fit where numpy and files keep them
_SIGNED = ("antithetic", "orthogonal")  # draws whose encoders need both signs


@dataclass(frozen=True)
class NetworkSpec:
    """A self-checking recipe; equal recipes draw equal networks. See :class:`tonicnet.Network` for the fields."""

    units: int
    seed: int
    components: int = 3
    synapses: str = "low-rank"
    gain: float = 1.0
    density: float = 1.0
    dale: bool = False
    inhibitory: float = 0.2
    feedback: bool = True
    encoder_scale: float = 0.8
    decoder_scale: float = 2.0
    tau: float = 0.1
    rise: float = 0.0
    delay: float = 0.0
    dt: float | None = None
    transfer: Transfer = field(default_factory=LIF)
    draw: str = INDEPENDENT
    inputs: tuple[int, ...] = ()
    layers: tuple[int, ...] = ()
    weights: str = "dense"
    width: float = 1.5
    readout: str = "one-hot"

    def __post_init__(self) -> None:
        for name, least in (("units", 1), ("seed", 0), ("components", 1)):
            object.__setattr__(self, name, _whole(name, getattr(self, name), least))
        choose("synapses", self.synapses, SYNAPSES)
        choose("draw", self.draw, DRAWS)
        for name in _NUMBERS:
            object.__setattr__(self, name, _number(name, getattr(self, name)))
        for name in ("gain", "encoder_scale", "decoder_scale", "tau"):
            _positive(name, getattr(self, name))
        _share("density", self.density)
        _share("inhibitory", self.inhibitory)
        for name in ("dale", "feedback"):
            if not isinstance(getattr(self, name), bool):
                raise TypeError(f"{name} is True or False, got {shown(getattr(self, name))}")
        if not isinstance(self.transfer, Transfer):
            raise TypeError(f"transfer must be a transfer function such as tn.LIF(), got {shown(self.transfer)}")
        for name in ("rise", "delay"):
            _lasting(name, getattr(self, name))
        if self.dt is not None:
            object.__setattr__(self, "dt", _number("dt", self.dt))
            _positive("dt", self.dt)
        for name in ("inputs", "layers"):
            if getattr(self, name):
                object.__setattr__(self, name, as_shape(name, getattr(self, name)))
        check_layers(self)
        self._check_together()
        self._check_memory()
        self._check_draw()
        self._check_filter()

    def _check_together(self) -> None:
        if self.dt is not None and self.dt > self.tau:
            raise ValueError(f"a discrete network needs 0 < dt <= tau, got dt {self.dt} with tau {self.tau}")
        if self.synapses not in ("sparse", FEED_FORWARD) and self.density != 1.0:
            raise ValueError(f'density {self.density} needs synapses="sparse", got synapses={self.synapses!r}')
        if self.synapses == "low-rank" and not self.feedback:
            raise ValueError('low-rank synapses are the feedback itself: use synapses="dense" with feedback=False')
        if self.synapses == "low-rank" and self.gain != 1.0:
            raise ValueError('gain scales random synapses; for "low-rank" use encoder_scale and decoder_scale')

    def _check_memory(self) -> None:
        latent = 32 * self.units * self.components  # encoder and decoder, as they are drawn and as they are kept
        latent += 32 * sum(self.layers[:1]) * math.prod(self.inputs) if self.inputs else 0
        between = sum(12 * a * b for a, b in zip(self.layers, self.layers[1:], strict=False)) / max(self.units, 1) ** 2
        fill = {"low-rank": 0, "dense": 8, "sparse": 12 * self.density, FEED_FORWARD: between}[self.synapses]
        weigh(
            f"a {self.synapses} network of {shown(self.units)} units and {shown(self.components)} components",
            latent + int(fill * min(self.units, _MANY)) * self.units,
            "lower units" + (', or use synapses="low-rank"' if self.synapses in ("dense", "sparse") else ""),
        )

    def _check_draw(self) -> None:
        if self.draw == INDEPENDENT:
            return
        if self.synapses != "low-rank":
            raise ValueError(
                f'draw={self.draw!r} structures low-rank synapses, got synapses={self.synapses!r}; use "independent"'
            )
        if self.draw in HALVES and self.units % 2:
            raise ValueError(f"draw={self.draw!r} needs an even number of units, got {self.units}; add or remove one")
        if self.draw == "orthogonal" and self.units < self.components:
            raise ValueError(
                f"{self.components} orthogonal decoders need as many units at least, got {self.units}; raise units"
            )
        if self.dale:
            self._check_signs()

    def _check_signs(self) -> None:
        if self.draw in _SIGNED:
            raise ValueError(
                f"draw={self.draw!r} needs encoders of both signs, which dale=True has not; use another "
                "draw, or dale=False"
            )
        if self.draw in PAIRED and self.inhibitory != 0.5:
            raise ValueError(
                "with dale=True a pair is one excitatory and one inhibitory unit: "
                f"use inhibitory=0.5, got {self.inhibitory}"
            )

    def _check_filter(self) -> None:
        for name in ("rise", "delay"):
            seconds = getattr(self, name)
            if seconds and self.dt is not None:
                raise ValueError(
                    f"a discrete network (dt given) has no {name}, got {name} {seconds}; draw it with dt=None"
                )
            if seconds >= self.tau:
                raise ValueError(f"{name} must be shorter than tau, got {name} {seconds} s with tau {self.tau} s")
        if self.transfer.adapts and self.synapses != FEED_FORWARD:
            self._check_adaptation()
        steps = self.delay / self.transfer.dt if isinstance(self.transfer, LIF) else 0.0
        if abs(steps - round(steps)) > 1e-6:
            raise ValueError(
                f"delay must be a whole number of the neuron's steps, got {self.delay} s with steps of "
                f"{self.transfer.dt} s; use {round(steps) * self.transfer.dt:g} s, or another LIF(dt=...)"  # type: ignore[attr-defined]
            )

    def _check_adaptation(self) -> None:
        if self.dt is not None:
            raise ValueError("a discrete network (dt given) has no units that adapt; draw it with dt=None")
        if self.rise or self.delay:
            raise ValueError(
                "units that adapt are corrected behind synapses that only decay, got "
                f"rise {self.rise} s and delay {self.delay} s; use rise=0 and delay=0, or LIF(adaptation=0)"
            )

    @property
    def filter(self) -> Filter:
        """The synaptic filter."""
        return Filter(self.tau, self.rise, self.delay)

    def to_dict(self) -> dict[str, Any]:
        """Return the recipe as plain strings and numbers; what is None, no rise or delay, and the independent draw
        are left out."""
        plain = {"transfer"} | {name for name in ("rise", "delay") if not getattr(self, name)} | absent(self)
        plain |= {"draw"} if self.draw == INDEPENDENT else set()
        flat = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in plain}
        named = {k: list(v) if isinstance(v, tuple) else v for k, v in flat.items() if v is not None}
        return named | {"transfer": self.transfer.to_dict()}

    @classmethod
    def from_dict(cls, given: Mapping[str, Any], *, transfer: Transfer | None = None) -> NetworkSpec:
        """Rebuild a recipe; an unknown key is an error that lists the known ones."""
        known = [f.name for f in fields(cls)]
        for key in given:
            if key not in known:
                raise ValueError(f"network specification: {unknown('key', key, known)}")
        for key in ("units", "seed"):
            if key not in given:
                raise ValueError(f"network specification: {key!r} is missing")
        values = dict(given)
        values |= {key: tuple(v) for key, v in given.items() if isinstance(v, list)}
        stored = values.pop("transfer", None)
        chosen = transfer or (LIF() if stored is None else transfer_from_dict(stored))
        return cls(**values, transfer=chosen)

    def with_transfer(self, transfer: Transfer) -> NetworkSpec:
        """Return the same recipe with another transfer function (and so another content hash)."""
        return replace(self, transfer=transfer)


def transfer_from_dict(given: str | Mapping[str, Any]) -> Transfer:
    """Rebuild a transfer function from its name, or from its name and parameters."""
    if not isinstance(given, str | Mapping):
        raise TypeError(f"transfer is a name, or a table of a name and parameters, got {shown(given)}")
    values = NEURONS.get(given, {"name": given}) if isinstance(given, str) else given
    values = dict(values)
    name = values.pop("name", None)
    if name == Custom.name:
        raise ValueError(
            f"transfer function {values.get('label')!r} is a callable of somebody's own and is not in the file; "
            "pass it again as transfer="
        )
    choose("transfer function", str(name), (*TRANSFERS, *NEURONS) if isinstance(given, str) else TRANSFERS)
    known = [f.name for f in fields(TRANSFERS[str(name)])]  # type: ignore[arg-type]
    for key in values:
        if key not in known:
            raise ValueError(f"transfer function {name!r}: {unknown('parameter', key, known)}")
    return TRANSFERS[str(name)](**values)


def as_transfer(given: str | Transfer) -> Transfer:
    """Return a transfer function from its name, or the one given."""
    if isinstance(given, Transfer):
        return given
    if not isinstance(given, str):
        raise TypeError(f"transfer is a name or a transfer function such as tn.LIF(), got {type(given).__name__}")
    return transfer_from_dict(given)


def dynamics(spec: NetworkSpec) -> dict[str, Any]:
    """Return what, beside the synapses, decides the dynamics and where learning starts: it goes into the content hash.

    A structured draw is named there since it draws the first tonic inputs too; the independent one is not, so that
    recipes from before there were others keep their hash.
    """
    if spec.synapses == FEED_FORWARD:  # no state, and so no time; what else decides is in the weights
        shapes = {k: getattr(spec, k) for k in ("units", "components", "synapses", "inputs", "layers")}
        placed = {"hinges": spec.readout} if spec.weights == HINGES else {}  # first tonic inputs go with the readout
        return shapes | placed | {"transfer": spec.transfer.to_dict()}
    kept = {k: getattr(spec, k) for k in ("units", "components", "synapses", "feedback")}
    times = {k: None if getattr(spec, k) is None else float(getattr(spec, k)) for k in ("tau", "dt")}
    times |= {k: float(getattr(spec, k)) for k in ("rise", "delay") if getattr(spec, k)}
    structure = {} if spec.draw == INDEPENDENT else {"draw": spec.draw}
    return kept | times | structure | {"transfer": spec.transfer.to_dict()}


def _whole(name: str, number: object, least: int) -> int:
    """Return a whole number, of Python or numpy, as one of Python."""
    if not is_whole(number, -_MOST):
        raise TypeError(f"{name} must be a whole number, got {shown(number)}")
    found = int(number)  # type: ignore[call-overload]
    if found < least or (found >= _MOST and name != "seed"):
        limit = f"at least {least}" if found < least else "below 2**63"
        raise ValueError(f"{name} must be {limit}, got {shown(number)}")
    return int(found)


def _number(name: str, number: Any) -> int | float:
    """Return a number, of Python or numpy, as one of Python."""
    if type(number) is float or (type(number) is int and not math.isnan(real(number))):
        return number
    if math.isnan(real(number)):
        raise TypeError(f"{name} must be a number, got {shown(number)}")
    return real(number)


def _positive(name: str, number: float) -> None:
    if not (math.isfinite(number) and number > 0):
        raise ValueError(f"{name} must be a positive number, got {number}")


def _lasting(name: str, seconds: float) -> None:
    if not (math.isfinite(seconds) and seconds >= 0):
        raise ValueError(f"{name} must be zero or a positive number of seconds, got {seconds}")


def _share(name: str, number: float) -> None:
    _positive(name, number)
    if number > 1:
        raise ValueError(f"{name} must lie in (0, 1], got {number}")
