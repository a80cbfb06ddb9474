"""A network as notebooks show it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy.sparse.linalg import ArpackNoConvergence, aslinearoperator, eigs

from .. import _svg
from .._card import page

if TYPE_CHECKING:
    from ._network import Network

_CORNER = 16  # units whose synapses are drawn
_WANTED = 6  # eigenvalues asked for, of which the largest counts
_SMALL = 100  # units up to which all eigenvalues are found
_INPUTS = (-3.0, 5.0)  # of the f-I curve drawn


_PRODUCT = {"low-rank": " = E D"}  # synapses that are the feedback themselves


def network_card(net: Network) -> str:
    """Return a network as HTML: its recipe, hash, spectral radius, f-I curve and a corner of its synapses."""
    s = net.spec
    if net.feed_forward:
        return _layered_card(net)
    facts = {
        "synapses": f"{s.synapses}, W {s.units} x {s.units}{_PRODUCT.get(s.synapses, f', gain {s.gain:g}')}",
        "encoder, decoder": f"E {s.units} x {s.components}, D {s.components} x {s.units}"
        + ("" if s.feedback else ", no feedback"),
        "transfer": f"{s.transfer.name}, rates in {net.transfer.rate_unit}" + ", adapting" * net.transfer.adapts,
        "time": f"tau {s.tau:g} s"
        + "".join(f", {name} {seconds:g} s" for name in ("rise", "delay") if (seconds := getattr(s, name)))
        + ("" if s.dt is None else f", steps of {s.dt:g} s"),
        "spectral radius": f"{spectral_radius(net):.3g}"
        + (" (W + E D)" if s.feedback and s.synapses not in _PRODUCT else ""),
        "seed": str(s.seed) + (", Dale" if s.dale else "") + ("" if s.draw == "independent" else f", draw {s.draw}"),
        "sha256": net.sha256[:16] + "…",
    }
    return page(f"Network of {s.units} frozen units", facts, pictures=(_corner(net), _curve(net)))


def _layered_card(net: Network) -> str:
    s = net.spec
    fields = f", {s.width:g} pixels wide" if s.weights == "smooth" else ""
    facts = {
        "layers": f"{' x '.join(map(str, s.inputs))} inputs, {' + '.join(map(str, s.layers))} units, "
        f"{s.components} outputs",
        "weights": f"{s.weights}{fields}, W {s.layers[0]} x {net.encoder.shape[1]}",
        "readout": f"{s.readout}, C {s.components} x {s.layers[-1]}",
        "transfer": f"{s.transfer.name}, rates in {net.transfer.rate_unit}",
        "seed": str(s.seed),
        "sha256": net.sha256[:16] + "…",
    }
    return page(f"Network of {s.units} frozen units", facts, pictures=(_fields(net), _curve(net)))


def _fields(net: Network) -> str:
    """Draw the weights of a few units: a row for each, or the first one's field over its picture."""
    shape, some = net.inputs, net.encoder[: min(_CORNER, net.spec.layers[0])]
    if len(shape) == 1:
        return _svg.squares(some[:, :_CORNER], label=f"weights of the first {len(some)} units")
    return _svg.squares(some[0].reshape(shape)[..., 0] if len(shape) > 2 else some[0].reshape(shape), label="one field")


def spectral_radius(net: Network) -> float:
    """Return the largest |eigenvalue| of the closed loop's synapses W + E D, found by ARPACK for many units.

    Of a low-rank network W = E D, whose eigenvalues are those of the K x K matrix D E and zeros.
    """
    if net.low_rank:
        values = np.linalg.eigvals(net.decoder.astype(float) @ net.encoder)
    elif net.units <= _SMALL:
        values = np.linalg.eigvals(_loop(net) @ np.eye(net.units))
    else:
        values = _largest(net)
    return float(np.abs(values).max(initial=0.0))


def _loop(net: Network):  # type: ignore[no-untyped-def]
    """Return W + E D (W alone without feedback) as a linear operator, never formed."""
    recurrent = aslinearoperator(net.recurrent)
    feedback = aslinearoperator(net.encoder) @ aslinearoperator(net.decoder)
    return recurrent + feedback if net.spec.feedback and net.spec.synapses not in _PRODUCT else recurrent


def _largest(net: Network) -> np.ndarray:
    try:
        return eigs(_loop(net), k=_WANTED, tol=1e-3, v0=np.ones(net.units), return_eigenvectors=False)
    except ArpackNoConvergence as few:
        return few.eigenvalues if few.eigenvalues.size else np.linalg.eigvals(_loop(net) @ np.eye(net.units))


def _corner(net: Network) -> str:
    some = min(_CORNER, net.units)
    pick = np.eye(net.units, some, dtype=np.float32)
    return _svg.squares(pick.T @ (_loop(net) @ pick), label=f"synapses among the first {some} units")


def _curve(net: Network) -> str:
    x = np.linspace(*_INPUTS, 60)
    rate = net.transfer.value(torch.tensor(x)).numpy() * net.transfer.rate_scale
    label = f"f-I curve: input {_INPUTS[0]:g} to {_INPUTS[1]:g}, rate up to {rate.max():.3g} {net.transfer.rate_unit}"
    return _svg.curves([(x, rate)], label=label, height=90, width=130)
