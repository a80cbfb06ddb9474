"""How many neurons buy how little noise: the rule by which a network for spikes is drawn."""

from __future__ import annotations

from typing import Any, NamedTuple

from .._numbers import whole
from ..network import LIF, Network

_UNITS = 1000  # as many as are learned in about a minute; more neurons than these share units
_FEWEST = 50


class _Choice(NamedTuple):
    """Scales and membrane noise that were found best at 1000 units."""

    encoder: float
    decoder: float
    noise: float


_PLANAR = _Choice(encoder=2.0, decoder=0.7, noise=0.1)
_SPATIAL = _Choice(encoder=0.5, decoder=1.5, noise=0.2)
_SPARSE = _Choice(encoder=1.1, decoder=0.85, noise=0.1)  # of three components and more, with one neuron a unit


def sized(neurons: int, *, seed: int, components: int = 3, **given: Any) -> tuple[Network, int]:
    """Draw a network whose spikes will be as quiet as so many neurons allow; return it and the neurons for each unit.

    The decoded noise is sd = decoder_scale sqrt(mean S / (2 tau m)) (:func:`predict`), and what N units can put out is
    in proportion to decoder_scale sqrt(N). Held to the same reach, noise so falls as the root of all neurons, N m, and
    units come first, since each also brings a bias to be learned:

        N = min(neurons, 1000),                             m = neurons // N,
        decoder_scale = decoder_1000 sqrt(1000 / N),        encoder_scale = encoder_1000 (N / 1000)^(1 / K)

    since K dimensions are tiled by N thresholds. Up to two components take steep quiet neurons (encoder 2, decoder 0.7,
    membrane noise 0.1; Van der Pol with 2000 neurons has less than half of the slow noise that N = 500, m = 4, decoder
    0.9 and noise 0.3 gave). Fields of three or more are learned less exactly on such neurons, and smoother ones are
    taken (0.5, 1.5, 0.2). With one neuron a unit, however, spike noise is the larger error, and neurons are quieter
    again (1.1, 0.85, 0.1): cycles keep their amplitude, while chaos covers its attractor less well.

    Then ``fit(..., neurons_per_unit=m)``, and ``recalibrate(..., neurons_per_unit=m)`` for what quiet neurons do beside
    their curve. If :func:`predict` finds the noise sd still too large, take (sd / wanted)^2 times as many.

    Arguments: ``neurons``, of the spiking network, 50 at least; ``seed`` and ``components`` K of
    :class:`tonicnet.Network`, which takes all else that is ``given``, also in the place of what the rule chose.

    Returns the network and m. Raises ValueError for too few neurons, and as :class:`tonicnet.Network` does.

    >>> net, m = sized(5000, seed=0)
    >>> net.units, m, net.spec.decoder_scale
    (1000, 5, 1.5)
    """
    count, components = whole("neurons", neurons, _FEWEST), whole("components", components)
    units = whole("units", given.pop("units", min(count, _UNITS)))
    if units > count:
        raise ValueError(f"{units} units need as many neurons at least, got neurons={count}; raise it, or lower units")
    ratio, per_unit = units / _UNITS, count // units
    choice = _PLANAR if components < 3 else _SPATIAL if per_unit > 1 else _SPARSE
    chosen = {
        "encoder_scale": choice.encoder * ratio ** (1 / components),
        "decoder_scale": choice.decoder / ratio**0.5,
        "transfer": LIF(noise=choice.noise),
    }
    return Network(units, seed=seed, components=components, **(chosen | given)), per_unit
