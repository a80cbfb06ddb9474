"""The vector fields of the shelf: equations in code, every number in the task's TOML file.

Each function takes one argument a component (a number or an array of any shape, so a whole batch of states
at once) and the parameters by keyword, and returns the time derivative of each component.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, final

import numpy as np

Value = Any  # a float, or an array of any shape: the equations do not care


@final
@dataclass(frozen=True)
class System:
    """A named system: its equation, the names of its components and of the parameters it needs."""

    equation: Callable[..., tuple[Value, ...]]
    components: tuple[str, ...]
    parameters: tuple[str, ...]

    def bind(self, parameters: Mapping[str, Any]) -> Callable[[np.ndarray], np.ndarray]:
        """Return the flow x (..., component) -> dx/dt (..., component) with these parameters."""
        return _Bound(self.equation, {name: float(value) for name, value in parameters.items()})


@final
@dataclass(frozen=True)
class _Bound:
    """An equation with its parameters: x (..., component) -> dx/dt (..., component)."""

    equation: Callable[..., tuple[Value, ...]]
    parameters: dict[str, float]

    def __call__(self, x: np.ndarray) -> np.ndarray:
        if x.ndim == 1:  # one state: plain floats are several times faster than numpy's
            return np.array(self.equation(*x.tolist(), **self.parameters))
        slope = np.empty(x.shape, np.result_type(x, float))
        columns = x.T if x.ndim == 2 else np.moveaxis(x, -1, 0)
        for k, change in enumerate(self.equation(*columns, **self.parameters)):
            slope[..., k] = change
        return slope


def lorenz(x: Value, y: Value, z: Value, *, sigma: float, rho: float, beta: float) -> tuple[Value, ...]:
    """Convection: x' = sigma (y - x), y' = x (rho - z) - y, z' = x y - beta z.

    Source: Lorenz 1963, doi:10.1175/1520-0469(1963)020<0130:DNF>2.0.CO;2.

    >>> lorenz(0.0, 1.0, 2.0, sigma=10.0, rho=28.0, beta=2.0)
    (10.0, -1.0, -4.0)
    """
    return sigma * (y - x), x * (rho - z) - y, x * y - beta * z


def roessler(x: Value, y: Value, z: Value, *, a: float, b: float, c: float) -> tuple[Value, ...]:
    """One-scroll chaos: x' = -y - z, y' = x + a y, z' = b + z (x - c).

    Source: Rössler 1976, doi:10.1016/0375-9601(76)90101-8.

    >>> roessler(1.0, 0.0, 0.0, a=0.2, b=0.2, c=5.7)
    (-0.0, 1.0, 0.2)
    """
    return -y - z, x + a * y, b + z * (x - c)


def thomas(x: Value, y: Value, z: Value, *, b: float) -> tuple[Value, ...]:
    """Cyclically symmetric chaos: x' = sin y - b x, y' = sin z - b y, z' = sin x - b z.

    Source: Thomas 1999, doi:10.1142/S0218127499001383.

    >>> float(thomas(1.0, 0.0, 0.0, b=0.5)[0])
    -0.5
    """
    return np.sin(y) - b * x, np.sin(z) - b * y, np.sin(x) - b * z


def chua(x: Value, y: Value, z: Value, *, alpha: float, beta: float, m0: float, m1: float) -> tuple[Value, ...]:
    """Chua's circuit, the double scroll: x' = alpha (y - x - g(x)), y' = x - y + z, z' = -beta y.

    The diode is piecewise linear: g(x) = m1 x + (m0 - m1) (abs(x + 1) - abs(x - 1)) / 2, with slope m0
    inside abs(x) < 1 and m1 outside.
    Source: Matsumoto 1984, doi:10.1109/TCS.1984.1085459.

    >>> chua(1.5, 0.0, -1.5, alpha=9.0, beta=14.0, m0=-1.25, m1=-0.75)
    (1.125, 0.0, -0.0)
    """
    diode = m1 * x + (m0 - m1) * _saturate(x)
    return alpha * (y - x - diode), x - y + z, -beta * y


def van_der_pol(x: Value, y: Value, *, mu: float) -> tuple[Value, ...]:
    """Relaxation oscillator: x' = y, y' = mu (1 - x^2) y - x.

    Source: van der Pol 1926, doi:10.1080/14786442608564127.

    >>> van_der_pol(2.0, 1.0, mu=2.0)
    (1.0, -8.0)
    """
    return y, mu * (1 - x * x) * y - x


def hopf(x: Value, y: Value, *, mu: float, omega: float) -> tuple[Value, ...]:
    """Hopf normal form: x' = (mu - r^2) x - omega y, y' = (mu - r^2) y + omega x, r^2 = x^2 + y^2.

    The limit cycle is the circle of radius sqrt(mu), its period 2 pi / omega.
    Source: Kuznetsov 2004, Elements of Applied Bifurcation Theory, section 3.4,
    doi:10.1007/978-1-4757-3978-7.

    >>> hopf(1.0, 0.0, mu=1.0, omega=2.0)
    (0.0, 2.0)
    """
    growth = mu - (x * x + y * y)
    return growth * x - omega * y, growth * y + omega * x


def fitzhugh_nagumo(v: Value, w: Value, *, a: float, b: float, epsilon: float, current: float) -> tuple[Value, ...]:
    """Spiking cell in two dimensions: v' = v - v^3/3 - w + current, w' = epsilon (v + a - b w).

    Source: FitzHugh 1961, doi:10.1016/S0006-3495(61)86902-6; Nagumo, Arimoto and Yoshizawa 1962,
    doi:10.1109/JRPROC.1962.288235.

    >>> fitzhugh_nagumo(0.0, 0.0, a=0.5, b=0.8, epsilon=0.5, current=0.5)
    (0.5, 0.25)
    """
    return v - v**3 / 3 - w + current, epsilon * (v + a - b * w)


def figure_eight(x: Value, y: Value, z: Value, *, omega: float, kappa: float) -> tuple[Value, ...]:
    """A figure of eight (Lissajous 1:2) as an exact limit cycle: (sin wt, sin 2wt, cos wt), w = omega.

    x and z turn on the unit circle and y follows 2 x z, all pulled in at rate kappa:
    x' = kappa (1 - x^2 - z^2) x + omega z, z' = kappa (1 - x^2 - z^2) z - omega x,
    y' = 2 (x' z + x z') - kappa (y - 2 x z). The plane of x and y shows the eight; z tells the two passages
    through the crossing apart, without which no autonomous flow can draw it.
    Source: built here from the Hopf normal form (:func:`hopf`); the target is the Lissajous figure taught to
    networks since Pearlmutter 1989, doi:10.1162/neco.1989.1.2.263.

    >>> figure_eight(0.0, 0.0, 1.0, omega=1.0, kappa=1.0)
    (1.0, 2.0, 0.0)
    """
    growth = kappa * (1 - x * x - z * z)
    dx, dz = growth * x + omega * z, growth * z - omega * x
    return dx, 2 * (dx * z + x * dz) - kappa * (y - 2 * x * z), dz


def cosine(x: Value, y: Value, *, omega: float, kappa: float) -> tuple[Value, ...]:
    """Harmonic oscillator held at unit energy: x' = omega y, y' = -omega x - kappa (x^2 + y^2 - 1) y.

    The limit cycle is exactly (cos omega t, -sin omega t); deviations of its radius decay at rate kappa.
    Source: the cosine of Williams et al. 2025, doi:10.48550/arXiv.2407.00957, as an autonomous flow with the
    energy term of Rayleigh 1883, doi:10.1080/14786448308627342.

    >>> cosine(1.0, 0.0, omega=0.25, kappa=0.1)
    (0.0, -0.25)
    """
    return omega * y, -omega * x - kappa * (x * x + y * y - 1) * y


def two_well(x: Value, y: Value, *, rate: float) -> tuple[Value, ...]:
    """One bit of memory: x' = rate (x - x^3), y' = -rate y, stable at x = -1 and 1, unstable at 0.

    Source: the pitchfork normal form with its cubic term, Strogatz 2015, Nonlinear Dynamics and Chaos,
    section 3.4, doi:10.1201/9780429492563.

    >>> two_well(1.0, 0.5, rate=1.0)
    (0.0, -0.5)
    """
    return rate * (x - x**3), -rate * y


def line_attractor(x: Value, y: Value, *, rate: float) -> tuple[Value, ...]:
    """Memory of a number: x' = 0 for abs(x) <= 1 and back to the segment outside, y' = -rate y.

    With s(x) = x clipped to [-1, 1]: x' = -rate (x - s(x)).
    Source: the line attractor of Seung 1996, doi:10.1073/pnas.93.23.13339, made finite.

    >>> line_attractor(0.5, 1.0, rate=1.0)
    (-0.0, -1.0)
    """
    return -rate * (x - _saturate(x)), -rate * y


def _saturate(x: Value) -> Value:
    return (abs(x + 1) - abs(x - 1)) / 2


SYSTEMS: dict[str, System] = {
    "chua": System(chua, ("x", "y", "z"), ("alpha", "beta", "m0", "m1")),
    "cosine": System(cosine, ("x", "y"), ("omega", "kappa")),
    "figure-eight": System(figure_eight, ("x", "y", "z"), ("omega", "kappa")),
    "fitzhugh-nagumo": System(fitzhugh_nagumo, ("v", "w"), ("a", "b", "epsilon", "current")),
    "hopf": System(hopf, ("x", "y"), ("mu", "omega")),
    "line-attractor": System(line_attractor, ("x", "y"), ("rate",)),
    "lorenz": System(lorenz, ("x", "y", "z"), ("sigma", "rho", "beta")),
    "roessler": System(roessler, ("x", "y", "z"), ("a", "b", "c")),
    "thomas": System(thomas, ("x", "y", "z"), ("b",)),
    "two-well": System(two_well, ("x", "y"), ("rate",)),
    "van-der-pol": System(van_der_pol, ("x", "y"), ("mu",)),
}
