"""Samples through hidden layers: squares for any number of layers, and the cross-entropy of classes."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple, Self

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from ..circuit import Dynamics, FeedForward, Learnable
from ..parameters import SETS, Afferent, Here, ParameterSet, PerUnit, Response
from ..solve import GIB, Batched, Block, Linearisation, Residual

_SMALL = 1e-12  # probability of a class, at least: its logarithm is taken


@dataclass(frozen=True)
class LayeredResidual(Residual):
    """A mean over samples of a loss of the outputs y = C r of hidden layers.

    With kappa the adjoint of a unit's rate (:meth:`FeedForward.back`) a row of the Jacobian is kappa o dr/dtheta.
    ``inputs`` (sample, input) at the circuit's precision; ``room``, bytes that temporaries may take.
    """

    learnable: Learnable
    inputs: Float[Tensor, "sample input"]
    room: int = GIB

    @abstractmethod
    def losses(self, y: Float[Tensor, "sample component"], part: slice) -> Float[Tensor, " sample"]:
        """Return the loss of each sample of a part."""

    @abstractmethod
    def half_gradient(self, y: Float[Tensor, "sample component"], part: slice) -> Float[Tensor, "sample component"]:
        """Return half the derivative of these losses by y."""

    @abstractmethod
    def roots(
        self, y: Float[Tensor, "sample component"], part: slice
    ) -> tuple[Float[Tensor, "sample row"], Float[Tensor, "sample row component"]]:
        """Return e and A of each sample, with A'e half the gradient by y and A'A half the (Gauss-Newton) Hessian."""

    @property
    def rows(self) -> int:
        """Return samples times outputs in use."""
        return len(self.inputs) * self.circuit.used

    @property
    def circuit(self) -> FeedForward:
        """The circuit."""
        assert isinstance(self.learnable.circuit, FeedForward)
        return self.learnable.circuit

    def at(self, theta: Tensor) -> Linearisation:
        """Return the residual linearised at theta."""
        return _LayeredAt(self, theta)

    def loss(self, theta: Tensor) -> float:
        """Return the mean loss."""
        dynamics = self.learnable.at(theta)
        return sum(self.total(self._read(dynamics, part), part) for part in self.parts()) / len(self.inputs)

    def total(self, y: Float[Tensor, "sample component"], part: slice) -> float:
        """Return the sum of the losses of a part."""
        return float(self.losses(y, part).double().sum())

    def outputs(self, theta: Float[Tensor, " number"]) -> Float[Tensor, "sample component"]:
        """Return the outputs of all samples."""
        dynamics = self.learnable.at(theta)
        return torch.cat([self._read(dynamics, part) for part in self.parts()])

    def _read(self, dynamics: Dynamics, part: slice) -> Tensor:
        return dynamics.circuit.collect(dynamics.circuit.rate(dynamics.units, self.drive(dynamics, part)))

    def drive(self, dynamics: Dynamics, part: slice) -> Float[Tensor, "sample unit"]:
        """Return what the inputs bring to each unit."""
        return dynamics.drive(self.inputs[part])

    def parts(self, copies: int = 6) -> Iterator[slice]:
        """Yield parts of the samples whose temporaries stay within the room."""
        each = copies * self.circuit.net.units * self.inputs.element_size()
        count = max(1, self.room // each)
        for first in range(0, len(self.inputs), count):
            yield slice(first, min(first + count, len(self.inputs)))


class _Part(NamedTuple):
    """Some samples: which, the responses of all units, and the outputs."""

    at: slice
    response: Response
    y: Float[Tensor, "sample component"]


class _LayeredAt(Linearisation):
    """The residual at one theta; what was evaluated is kept where all of it fits into one part."""

    def __init__(self, residual: LayeredResidual, theta: Tensor) -> None:
        self.theta, self._residual = theta, residual
        self._dynamics = residual.learnable.at(theta)
        circuit = self._dynamics.circuit
        assert isinstance(circuit, FeedForward)
        self._circuit, self._sets = circuit, [SETS[name] for name in residual.learnable.learned]
        self._kept: list[_Part] = []

    @cached_property
    def loss(self) -> float:
        """The mean loss."""
        r = self._residual
        return sum(r.total(part.y, part.at) for part in self._parts()) / len(r.inputs)

    def gradient(self) -> Tensor:
        """Return half the gradient."""
        r, total = self._residual, torch.zeros_like(self.theta, dtype=torch.float64)
        for part in self._parts():
            seed = r.half_gradient(part.y, part.at) / len(r.inputs)
            total += self._back(seed, part).double()
        return total

    def blocks(self) -> Iterator[Block]:
        """Yield the rows, some samples at a time."""
        r = self._residual
        wide = max(1, r.learnable.size // r.circuit.net.units)  # numbers of each unit
        for part in self._parts(copies=4 + 2 * r.circuit.net.components * wide):
            error, root = r.roots(part.y, part.at)
            scale = len(r.inputs) ** -0.5
            yield Block(scale * error.reshape(-1), scale * self._rows(root, part).flatten(0, 1))

    def _parts(self, copies: int = 6) -> Iterator[_Part]:
        parts = list(self._residual.parts(copies))
        if len(parts) > 1:
            return map(self._part, parts)
        self._kept = self._kept or [self._part(part) for part in parts]
        return iter(self._kept)

    def _part(self, at: slice) -> _Part:
        response = self._circuit.respond(self._dynamics.units, self._residual.drive(self._dynamics, at))
        return _Part(at, response, self._circuit.collect(response.rate))

    def _features(self, part: _Part) -> Iterator[tuple[ParameterSet, Float[Tensor, "sample column"]]]:
        """Yield the sets that are learned, and what their numbers multiply; a decoder reads the last layer alone."""
        response, here = part.response, Here(self._residual.inputs[part.at])
        read = response._replace(rate=self._circuit.read(response.rate))
        for one in self._sets:
            if isinstance(one, Afferent):
                yield one, one.source(here, self._circuit)
            else:
                yield one, one.feature(response if isinstance(one, PerUnit) else read, here, self._circuit)

    def _reached(
        self, kappa: Float[Tensor, "sample *row unit"], through: Float[Tensor, "sample *one unit"]
    ) -> Float[Tensor, "sample *row unit"]:
        """Return the adjoint of what the inputs bring to each unit: zero in later layers, which they do not reach."""
        beyond = self._circuit.layers[0].stop
        local = kappa * through
        return local if beyond == local.shape[-1] else local.clone().index_fill_(-1, _range(beyond, local), 0.0)

    def _back(self, seed: Float[Tensor, "sample component"], part: _Part) -> Float[Tensor, " number"]:
        """Return J' of the seed, summed over samples."""
        circuit, through = self._circuit, part.response.through
        kappa = circuit.back(seed, through)
        found = []
        for one, feature in self._features(part):
            if isinstance(one, Afferent):
                found.append(one.summed(self._reached(kappa, through), feature, circuit))
            elif isinstance(one, PerUnit):
                found.append((kappa * feature).sum(0))
            else:
                found.append(one.gather(seed.T @ feature, circuit))
        return torch.cat(found)

    def _rows(self, root: Float[Tensor, "sample row component"], part: _Part) -> Tensor:
        """Return the rows A J of each sample."""
        circuit, through = self._circuit, part.response.through[:, None]
        kappa = circuit.back(root, through)
        found = []
        for one, feature in self._features(part):
            if isinstance(one, Afferent):
                found.append(one.touched(kappa, self._reached(kappa, through), feature, circuit, 1.0))
            elif isinstance(one, PerUnit):
                found.append(kappa * feature[:, None])
            else:
                found.append(torch.einsum("srk,skn->srn", root, one.rows(feature, circuit)))
        return torch.cat(found, -1)


def _range(first: int, like: Tensor) -> Tensor:
    return torch.arange(first, like.shape[-1], device=like.device)


@dataclass(frozen=True)
class Squares(LayeredResidual):
    """mean_s |C r(x_s) - y_s|^2; idle outputs have neither rate nor target.

    With one hidden layer it is the field residual of a low-rank network, which has a cheaper curvature.
    """

    targets: Float[Tensor, "sample component"] | None = None

    def losses(self, y: Tensor, part: slice) -> Tensor:
        """Return |e_s|^2."""
        return self._error(y, part).square().sum(1)

    def half_gradient(self, y: Tensor, part: slice) -> Tensor:
        """Return e_s."""
        return self._error(y, part)

    def roots(self, y: Tensor, part: slice) -> tuple[Tensor, Tensor]:
        """Return e_s and 1, of the outputs in use."""
        used = self.circuit.used
        one = torch.eye(used, y.shape[1], dtype=y.dtype, device=y.device)
        return self._error(y, part)[:, :used], one.expand(len(y), *one.shape)

    def _error(self, y: Tensor, part: slice) -> Tensor:
        assert self.targets is not None
        return y - self.targets[part]


@dataclass(frozen=True)
class CrossEntropy(LayeredResidual, Batched):
    """-mean_s log p_s(class of s),  p_s = softmax(C r(x_s)) over the classes of the task.

    By y its gradient is p - q, q the indicator of the class, and its Hessian diag p - p p'. Their roots, up to the
    halves, are A = diag(sqrt p) - sqrt p p' and e = (p - q) / sqrt p, since A'e = p - q and A'A = diag p - p p'.

    ``labels`` are the numbers of classes; pictures of ``shape`` are moved by up to ``shift`` pixels in each batch;
    ``blank`` is the input of a pixel of zero. ``driven`` is W x, if it is known.
    """

    labels: Int[Tensor, " sample"] | None = None
    shape: tuple[int, ...] = ()
    shift: int = 0
    blank: Float[Tensor, " input"] | None = None
    driven: Float[Tensor, "sample unit"] | None = None

    @property
    def samples(self) -> int:
        """Return how many samples there are."""
        return len(self.inputs)

    def losses(self, y: Tensor, part: slice) -> Tensor:
        """Return -log p of the class."""
        return -self._log(y).gather(1, self._labels(part)[:, None])[:, 0]

    def half_gradient(self, y: Tensor, part: slice) -> Tensor:
        """Return (p - q) / 2; zero for idle outputs."""
        p = torch.zeros_like(y)
        p[:, : self.circuit.used] = self._log(y).exp() / 2
        p[torch.arange(len(y), device=y.device), self._labels(part)] -= 0.5
        return p

    def roots(self, y: Tensor, part: slice) -> tuple[Tensor, Tensor]:
        """Return e and A over sqrt 2."""
        root = self._log(y).exp().clamp_min(_SMALL).sqrt()
        seed = 2 * self.half_gradient(y, part)[:, : self.circuit.used]
        a = torch.zeros(len(y), self.circuit.used, y.shape[1], dtype=y.dtype, device=y.device)
        a[:, :, : self.circuit.used] = torch.diag_embed(root) - root[:, :, None] * root.square()[:, None, :]
        return seed / root / 2**0.5, a / 2**0.5

    def batch(self, at: np.ndarray, rng: np.random.Generator) -> Self:
        """Return some samples, their pictures moved at random."""
        chosen = torch.as_tensor(at, device=self.inputs.device)
        assert self.labels is not None
        driven = None if self.driven is None else self.driven[chosen]
        x = self.inputs[chosen]
        moved = _moved(x, self.blank, self.shape, self.shift, rng) if self.blank is not None and self.shift else x
        return replace(self, inputs=moved, labels=self.labels[chosen], driven=driven)

    def with_drives(self) -> Self:
        """Return the residual with W x of all samples at hand, where pictures stay and it fits into memory."""
        size = len(self.inputs) * self.circuit.net.units * self.inputs.element_size()
        if self.shift or size > self.room:
            return self
        return replace(self, driven=self.circuit.through_synapses(self.inputs))

    def drive(self, dynamics: Dynamics, part: slice) -> Tensor:
        """Return W x + b, W x from what is at hand."""
        if self.driven is None or dynamics.circuit.into is not self.circuit.into:
            return super().drive(dynamics, part)
        return self.driven[part] + dynamics.tonic

    def _labels(self, part: slice) -> Tensor:
        assert self.labels is not None
        return self.labels[part]

    def _log(self, y: Tensor) -> Float[Tensor, "sample class"]:
        return torch.log_softmax(y[:, : self.circuit.used], 1)


def _moved(
    x: Float[Tensor, "sample input"],
    blank: Float[Tensor, " input"],
    shape: tuple[int, ...],
    shift: int,
    rng: np.random.Generator,
) -> Float[Tensor, "sample input"]:
    """Return pictures moved by random whole pixels along rows and columns.

    Pixels have centres of their own: they are added before and taken away behind. What comes in at an edge is the edge.
    """
    rows, columns = shape[:2]
    pictures = (x - blank).view(len(x), rows, columns, -1)
    by = torch.as_tensor(rng.integers(-shift, shift + 1, (2, len(x))))
    at = [torch.arange(n)[None, :] + d[:, None] for n, d in zip((rows, columns), by, strict=True)]
    r, c = (a.clamp(0, n - 1) for a, n in zip(at, (rows, columns), strict=True))
    found = pictures[torch.arange(len(x))[:, None, None], r[:, :, None], c[:, None, :]]
    return found.reshape(len(x), -1) + blank
