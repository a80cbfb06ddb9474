"""Which units take part: r = t phi(h) with t one or zero."""

from __future__ import annotations

from typing import ClassVar, final

from ._rate_factor import RateFactor


@final
class Mask(RateFactor):
    """r = t phi(h), t in {0, 1}: a unit is left out of all synapses and of the output, or takes part as it was drawn.

    Methods that relax t need its derivatives, which are those of an output scale.

    Source: masks on random weights, Zhou, Lan, Liu and Yosinski (2019), arXiv 1905.01067.
    """

    name: ClassVar[str] = "mask"
    variable: ClassVar[str] = "mask"
    long_name: ClassVar[str] = "unit mask"
