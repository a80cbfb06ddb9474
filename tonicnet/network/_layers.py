"""What a feed-forward network has beyond others: the shape of its inputs, its layers, its fields and its readout."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from .._names import choose, shown
from .._numbers import is_whole, real

if TYPE_CHECKING:
    from ._spec import NetworkSpec

FEED_FORWARD = "feed-forward"
HINGES = "hinges"  # weights of one input, whose units share out its range
WEIGHTS = ("dense", "sparse", "ternary", "smooth", HINGES)
NARROW = ("xavier", "he")  # readouts whose law also places the hinges
HINGED = ("equidistant", "pairwise", "uniform", *NARROW)  # readouts that only hinges have
READOUTS = ("one-hot", "gaussian", *HINGED)
THIN = ("sparse", "ternary")  # weights of which most may be zero
OWN = ("inputs", "layers", "weights", "width", "readout")  # fields of a recipe that only these networks have
_MOTION = {"tau": 0.1, "rise": 0.0, "delay": 0.0, "dt": None, "feedback": True, "dale": False, "inhibitory": 0.2,
           "draw": "independent"}  # fmt: skip
MOVING = tuple(_MOTION)  # fields of a recipe that a network without state has not
_AXES = 3  # of one sample at most


def as_shape(name: str, given: Any) -> tuple[int, ...]:
    """Return a whole number, or a sequence of them, as a shape; raise TypeError or ValueError in a sentence.

    >>> as_shape("inputs", 784), as_shape("inputs", [28, 28])
    ((784,), (28, 28))
    """
    listed = isinstance(given, Iterable) and not isinstance(given, str | bytes) and getattr(given, "ndim", 1) == 1
    items = list(given) if listed else [given]
    if not items or not all(is_whole(item, -math.inf) for item in items):  # type: ignore[arg-type]
        raise TypeError(f"{name} must be a whole number or a list of them, got {shown(given)}")
    if not all(0 < int(item) < 2**63 for item in items):
        raise ValueError(f"{name} must be at least 1 and below 2**63, got {shown(given)}")
    return tuple(int(item) for item in items)


def check_layers(spec: NetworkSpec) -> None:
    """Check what only feed-forward networks have, and refuse it anywhere else. Raises TypeError or ValueError."""
    if spec.synapses != FEED_FORWARD:
        given = [name for name in OWN if getattr(spec, name) != _default(spec, name)]
        if given:
            raise ValueError(f'{given[0]} needs synapses="feed-forward", got synapses={spec.synapses!r}')
        return
    if not spec.inputs:
        raise ValueError("a feed-forward network needs inputs, the shape of one sample, such as inputs=(28, 28)")
    if len(spec.inputs) > _AXES:
        raise ValueError(f"inputs have {_AXES} axes at most, got {spec.inputs}; flatten them")
    _check_still(spec)
    _check_weights(spec)


def _check_still(spec: NetworkSpec) -> None:
    for name, default in _MOTION.items():
        if getattr(spec, name) != default:
            raise ValueError(
                f"a feed-forward network has no state and no {name}, got {name}={shown(getattr(spec, name))}; "
                "leave it out"
            )
    if sum(spec.layers) != spec.units:
        raise ValueError(f"layers {spec.layers} hold {sum(spec.layers)} units, the recipe says {spec.units}")
    if len(spec.layers) == 1 and spec.gain != 1.0:
        raise ValueError("gain scales synapses between hidden layers, and there is one; use encoder_scale")


def _check_weights(spec: NetworkSpec) -> None:
    choose("weights", spec.weights, WEIGHTS)
    choose("readout", spec.readout, READOUTS)
    if not 0 < real(spec.width) < math.inf:
        raise ValueError(f"width must be a positive number of pixels, got {shown(spec.width)}")
    if spec.weights == "smooth" and len(spec.inputs) < 2:
        raise ValueError(
            f"smooth weights are fields over a picture, got inputs={spec.inputs}; use inputs=(rows, columns), "
            'or weights="dense"'
        )
    if spec.weights != "smooth" and spec.width != _default(spec, "width"):
        raise ValueError(f'width is that of smooth fields, got weights={spec.weights!r}; use weights="smooth"')
    if spec.weights not in THIN and spec.density != 1.0:
        raise ValueError(f'density {spec.density} needs weights="sparse" or "ternary", got weights={spec.weights!r}')
    _check_hinges(spec)
    if spec.readout == "one-hot" and spec.layers[-1] < spec.components:
        raise ValueError(
            f"a one-hot readout needs a unit for each of {spec.components} outputs at least, got {spec.layers[-1]}; "
            'add units, or use readout="gaussian"'
        )


def _check_hinges(spec: NetworkSpec) -> None:
    if spec.weights != HINGES:
        if spec.readout in HINGED:
            raise ValueError(
                f'readout={spec.readout!r} is drawn for weights="hinges", got weights={spec.weights!r}; use '
                'readout="gaussian"'
            )
        return
    if math.prod(spec.inputs) != 1 or len(spec.layers) > 1:
        raise ValueError(
            f"hinges share out the range of one input among one hidden layer, got inputs={spec.inputs} and layers "
            f'{spec.layers}; use inputs=1 and one number of units, or weights="dense"'
        )
    if spec.units % 2:
        raise ValueError(
            f"hinges come in pairs, one for each direction of the input, got {spec.units} units; add or remove one"
        )


def _default(spec: NetworkSpec, name: str) -> Any:
    return type(spec).__dataclass_fields__[name].default


def absent(spec: NetworkSpec) -> set[str]:
    """Return the fields that the recipe of a network leaves out, since they are of another kind of network."""
    if spec.synapses != FEED_FORWARD:
        return set(OWN)
    return {*MOVING, *(() if spec.weights == "smooth" else ("width",)), *(() if spec.weights in THIN else ("density",))}
