"""The frozen network: drawn once, hashed, never changed."""

from __future__ import annotations

import inspect
import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import scipy.sparse as sp
import tomli_w
import torch
from jaxtyping import Float
from scipy.sparse.linalg import LinearOperator, aslinearoperator
from torch import Tensor

from .._names import shown
from ..files import write
from ._card import network_card
from ._draw import content_hash, draw
from ._filter import Filter
from ._layers import FEED_FORWARD, THIN, as_shape
from ._spec import NetworkSpec, as_transfer
from ._transfer import Transfer


class Network:
    """A random recurrent rate network whose synapses are drawn once and frozen.

        tau dr/dt = -r + phi(W r + E u(t) + b + noise),      x = D r

    W = E D for ``synapses="low-rank"`` (never formed), and (gain / sqrt(N density)) J o mask, plus the fixed
    feedback E D when ``feedback``, for "dense" and "sparse". E is N x K with standard deviation
    ``encoder_scale``, D is K x N with ``decoder_scale / sqrt(N)``; J is standard normal. A network without state is

        y = C phi(W x + b)      for synapses="feed-forward",

    with W = (encoder_scale / sqrt(inputs)) J; of two hidden layers y = C phi(W' phi(W x + b) + b'), W' = (gain /
    sqrt(N)) J. Each row of C has norm ``decoder_scale``, in the root mean square.

    Arguments
    ---------
    units : N, the number of rate units; of a feed-forward network one number, or one for each hidden layer.
    seed : the recipe of the draw (no default: a frozen network is its seed).
    components : K, coordinates of the output.
    synapses : "low-rank", "dense", "sparse" or "feed-forward".
    gain, density : scale and fill of the random synapses.
    dale : every unit excites or inhibits.
    inhibitory : share of units that do the latter, stronger as they are rarer.
    feedback : whether dense or sparse networks also carry E D.
    encoder_scale : standard deviation of E.
    decoder_scale : that of D, times sqrt(N).
    transfer : "lif", "adaptive-lif" (with a spike-triggered current, ``LIF(adaptation=0.1)``),
        "eif" (spikes begin by a current, ``LIF(sharpness=0.1)``), "adex" (both), "tanh", "relu",
        "softplus", "sigmoid", or a :class:`Transfer`.
    tau : time constant in seconds.
    rise, delay : those of other synapses, in seconds: rates (and spikes) arrive ``delay`` late and rise before they
        decay,

            rise ds/dt = -s + phi(x(t - delay)),   tau dr/dt = -r + s,   x = W r + E u + b + noise,

        a filter of unit area whatever they are. Both are shorter than tau; the delay is a whole number of the steps
        of a ``lif`` neuron. Learning takes them into account (:func:`fit`).
    dt : step in seconds of a discrete network, r[t+1] = r[t] + (dt / tau) (-r[t] + phi(...)); None for a
        continuous one. ``dt=tau`` is one full update a step.
    draw : how encoders, decoders and first tonic inputs of low-rank synapses are drawn, all at the same scales:
        "independent" of each other; "paired", units in pairs of equal encoder and first tonic input and opposite
        decoder, so that the network is silent at the start; "antithetic", pairs of opposite encoder and decoder and
        equal first tonic input; "orthogonal", encoders in orthogonal blocks and orthogonal decoders;
        "low-discrepancy", encoders and first tonic inputs that fill their space evenly;
        "paired-low-discrepancy", pairs that do so; "silent", independent synapses and first tonic
        inputs b with D phi(b) = 0.
    inputs : shape of one sample of a feed-forward network, such as 784 or (28, 28).
    outputs : how many outputs it has, its components.
    weights : how its W is drawn: "dense", "sparse" (``density`` of them not zero), "ternary" (-1, 0 or 1 times a
        scale), "smooth", fields over a picture, filtered by a Gaussian (the default for pictures), or "hinges" of one
        input: half of the units have W = encoder_scale, half -encoder_scale, and first tonic inputs place them in pairs
        over the range of the input.
    width : standard deviation of that Gaussian in pixels (1.5).
    readout : "one-hot", where each unit feeds one output with either sign, or "gaussian". For hinges also numbers for
        permutations: "equidistant", even and in a random order; "pairwise", opposite in the two units of a pair;
        "uniform"; "xavier" and "he", which place the hinges by the same law, the narrower the wider the network.

    Raises TypeError or ValueError for numbers no network can have, naming each.

    Source: Williams et al. (2025), ICLR, arXiv 2407.00957; low-rank networks: Mastrogiuseppe and Ostojic
    (2018), doi:10.1016/j.neuron.2018.07.003; other synapses: Voelker and Eliasmith (2018),
    doi:10.1162/neco_a_01046.

    >>> net = Network(units=50, seed=0)
    >>> net.encoder.shape, net.decoder.shape
    ((50, 3), (3, 50))
    >>> net.sha256 == Network(units=50, seed=0).sha256
    True
    >>> Network((40, 20), seed=0, synapses="feed-forward", inputs=(8, 8), outputs=10, transfer="relu").units
    60
    """

    def __init__(
        self,
        units: int | Sequence[int],
        *,
        seed: int,
        components: int = 3,
        synapses: str = "low-rank",
        gain: float = 1.0,
        density: float | None = None,
        dale: bool = False,
        inhibitory: float = 0.2,
        feedback: bool = True,
        encoder_scale: float = 0.8,
        decoder_scale: float = 2.0,
        transfer: str | Transfer = "lif",
        tau: float = 0.1,
        rise: float = 0.0,
        delay: float = 0.0,
        dt: float | None = None,
        draw: str = "independent",
        inputs: int | Sequence[int] | None = None,
        outputs: int | None = None,
        weights: str | None = None,
        width: float = 1.5,
        readout: str = "one-hot",
    ) -> None:
        given = locals()
        self._freeze(recipe({name: given[name] for name in ARGUMENTS}))

    def _freeze(self, spec: NetworkSpec) -> None:
        self.spec = spec
        self._synapses = draw(spec)
        self._make_read_only()
        self._sha256 = content_hash(spec, self._synapses)

    def _make_read_only(self) -> None:
        for array in (self._synapses.encoder, self._synapses.decoder, *_data(self._synapses.recurrent)):
            array.flags.writeable = False

    def __copy__(self) -> Network:
        """Return the network itself: nothing in it can be changed."""
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Network:
        """Return the network itself."""
        del memo
        return self

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Freeze the synapses again, which pickle brings back writeable, and hold them against their hash."""
        vars(self).update(state)
        self._make_read_only()
        self.verify()

    @classmethod
    def from_spec(cls, spec: NetworkSpec) -> Network:
        """Draw the network of a recipe."""
        made = cls.__new__(cls)
        made._freeze(spec)
        return made

    @property
    def units(self) -> int:
        """N, the number of units."""
        return self.spec.units

    @property
    def components(self) -> int:
        """K, the number of output coordinates."""
        return self.spec.components

    @property
    def tau(self) -> float:
        """Time constant in seconds."""
        return self.spec.tau

    @property
    def filter(self) -> Filter:
        """The synaptic filter: tau, rise and delay."""
        return self.spec.filter

    @property
    def first_order(self) -> bool:
        """Whether tau dr/dt = -r + phi(x) is all: no rise, no delay, and units that do not adapt."""
        return self.filter.first_order and not self.transfer.adapts

    @property
    def transfer(self) -> Transfer:
        """The transfer function phi."""
        return self.spec.transfer

    @property
    def low_rank(self) -> bool:
        """Whether the recurrent synapses are E D and nothing else, so that the latent z = D r is closed."""
        return self.spec.synapses == "low-rank"

    @property
    def feed_forward(self) -> bool:
        """Whether the network has no state: y = C phi(W x + b)."""
        return self.spec.synapses == FEED_FORWARD

    @property
    def inputs(self) -> tuple[int, ...]:
        """The shape of one sample that a feed-forward network takes; empty for any other."""
        return self.spec.inputs

    @property
    def encoder(self) -> Float[np.ndarray, "unit input"]:
        """E, read-only float32; of a feed-forward network the weights W of its inputs."""
        return self._synapses.encoder

    @property
    def decoder(self) -> Float[np.ndarray, "component unit"]:
        """D, read-only float32."""
        return self._synapses.decoder

    @property
    def recurrent(self) -> np.ndarray | sp.csr_array | LinearOperator:
        """W without feedback, read-only float32; for low-rank networks E D as a linear operator.

        Of a feed-forward network what lies between its hidden layers.
        """
        if self._synapses.recurrent is None and self.feed_forward:
            return sp.csr_array((self.units, self.units), dtype=np.float32)
        if self._synapses.recurrent is None:
            return aslinearoperator(self.encoder) @ aslinearoperator(self.decoder)
        return self._synapses.recurrent

    @property
    def sha256(self) -> str:
        """The content hash taken when the network was drawn."""
        return self._sha256

    def verify(self) -> str:
        """Hash the synapses as they are now; raise RuntimeError if they are not those that were drawn."""
        now = content_hash(self.spec, self._synapses)
        if now != self._sha256:
            raise RuntimeError(f"the frozen synapses have changed: {self._sha256} was drawn, {now} is here")
        return now

    def tensors(
        self, dtype: torch.dtype = torch.float64, device: str | torch.device = "cpu"
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        """Return copies of E, D and W (None when low-rank; COO when sparse) as tensors, for arithmetic."""
        recurrent = self._synapses.recurrent
        w: Tensor | None
        if isinstance(recurrent, sp.csr_array):
            at = torch.tensor(np.stack(recurrent.nonzero()))
            drawn = torch.tensor(recurrent.data, dtype=dtype)
            w = torch.sparse_coo_tensor(at, drawn, recurrent.shape, check_invariants=True).coalesce().to(device)
        else:
            w = None if recurrent is None else torch.tensor(recurrent, dtype=dtype, device=device)
        return (
            torch.tensor(self.encoder, dtype=dtype, device=device),
            torch.tensor(self.decoder, dtype=dtype, device=device),
            w,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the recipe and the content hash as plain strings and numbers."""
        return self.spec.to_dict() | {"sha256": self.sha256}

    def to_toml(self, path: str | os.PathLike[str] | None = None) -> str:
        """Return the recipe with its hash as TOML, and write it to ``path`` if one is given."""
        text = tomli_w.dumps(self.to_dict())
        if path is not None:
            write(path, text.encode())
        return text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Network) and self.sha256 == other.sha256

    def __hash__(self) -> int:
        return hash(self.sha256)

    def __repr__(self) -> str:
        s = self.spec
        kind = f"{s.synapses}, K = {s.components}, {s.transfer.name}"
        if self.feed_forward:
            shape = f"{' x '.join(map(str, s.inputs))} inputs, {s.weights} weights, {s.readout} readout"
            return f"<tonicnet.Network {_layers(s)} units, {kind}, {shape}, seed {s.seed}, {self.sha256[:12]}>"
        time = f"tau {s.tau:g} s" + "".join(f", {n} {v:g} s" for n in ("rise", "delay") if (v := getattr(s, n)))
        return f"<tonicnet.Network {s.units} units, {kind}, {time}, seed {s.seed}, {self.sha256[:12]}>"

    def _repr_html_(self) -> str:
        return network_card(self)


ARGUMENTS = tuple(name for name in inspect.signature(Network).parameters)


def recipe(given: Mapping[str, Any]) -> NetworkSpec:
    """Return the recipe that some arguments of :class:`Network` are, those left out at their defaults; none is drawn.

    >>> recipe({"units": 50, "seed": 0}) == Network(50, seed=0).spec
    True
    """
    held = {**_DEFAULTS, **given}
    layered = held["synapses"] == FEED_FORWARD
    kind, shape = held["weights"], () if held["inputs"] is None else as_shape("inputs", held["inputs"])
    weights = kind or ("smooth" if len(shape) > 1 else "dense")
    fill = 0.1 if held["synapses"] == "sparse" or (layered and weights in THIN) else 1.0
    layers = as_shape("units", held["units"]) if layered else ()
    held["units"] = sum(layers) if layered else held["units"]
    held["components"] = _outputs(layered, held["components"], held.pop("outputs"))
    held["density"] = fill if held["density"] is None else held["density"]
    held |= {"inputs": shape, "layers": layers, "weights": weights, "transfer": as_transfer(held["transfer"])}
    return NetworkSpec(**held)


_DEFAULTS = {
    name: one.default
    for name, one in inspect.signature(Network).parameters.items()
    if one.default is not inspect.Parameter.empty
}


def _outputs(layered: bool, components: int, outputs: int | None) -> int:
    if layered and outputs is None:
        raise ValueError("a feed-forward network needs outputs, how many it has, such as outputs=10")
    if not layered and outputs is not None:
        raise ValueError('outputs are those of synapses="feed-forward"; here they are called components')
    return components if outputs is None else outputs


def _layers(spec: NetworkSpec) -> str:
    return " + ".join(map(str, spec.layers))


def check_network(net: Any) -> Network:
    """Return a network; raise TypeError for anything else."""
    if not isinstance(net, Network):
        raise TypeError(
            f"net must be a tonicnet.Network, got {shown(net)}; draw one, or load one with tonicnet.load_network"
        )
    return net


def check_moving(net: Any, what: str) -> Network:
    """Return a network that has a state; raise ValueError, naming ``what`` was asked for, for a feed-forward one.

    >>> check_moving(Network(units=20, seed=0), "simulate").units
    20
    """
    if check_network(net).feed_forward:
        raise ValueError(
            f"{what} takes networks that move in time, and this one is feed-forward, y = C phi(W x + b); use "
            "tonicnet.predict, or draw a network with other synapses"
        )
    return net


def _data(recurrent: np.ndarray | sp.csr_array | None) -> list[np.ndarray]:
    if isinstance(recurrent, sp.csr_array):
        return [recurrent.data, recurrent.indices, recurrent.indptr]
    return [] if recurrent is None else [recurrent]
