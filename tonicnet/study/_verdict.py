"""The one rule by which a learned flow passes, and in words why it does not."""

from __future__ import annotations

import math
from collections.abc import Mapping

FACTOR, DIVERGENCE, HELLINGER = 2.0, 0.05, 0.02  # of the floor, and above it
RULE = (
    f"D_stsp <= {FACTOR:g} x floor + {DIVERGENCE:g}, D_H <= {FACTOR:g} x floor + {HELLINGER:g}, and no start lost or "
    "at rest"
)
_HELD = {"divergence": ("D_stsp", DIVERGENCE), "hellinger": ("D_H", HELLINGER)}


def verdict(scores: Mapping[str, float]) -> str:
    """Return why a flow does not pass, and nothing if it does.

    >>> verdict({"divergence": 0.1, "divergence_floor": 0.04, "hellinger": 0.05, "hellinger_floor": 0.04, "lost": 0})
    ''
    >>> verdict({"divergence": 0.2, "divergence_floor": 0.04, "hellinger": 0.05, "hellinger_floor": 0.04, "lost": 0.1})
    '10 % of the starts are lost; D_stsp 0.2 is above 0.13'
    """
    reasons = [f"{scores['lost']:.0%}".replace("%", " %") + " of the starts are lost"] * bool(scores["lost"])
    for name, (symbol, more) in _HELD.items():
        value, most = scores.get(name, math.inf), FACTOR * scores.get(f"{name}_floor", math.nan) + more
        if not value <= most:
            reasons.append(f"{symbol} {value:.3g} is above {most:.3g}")
    return "; ".join(reasons)
