"""Fixed and slow points of a network under a bias."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from jaxtyping import Float

from .._labels import Variable, dataset
from .._names import shown
from .._random import generator
from .._weight import weigh
from ..network import Network
from ._alone import Alone, Biases, alone, names, positive, whole
from .arrays._fixed_points import FixedPoints, fixed_points_of, growth_rate, stability

_STARTS = {True: 400, False: 40}  # of a low-rank network, of any other
_RUN = 60.0  # tau for which the network runs to give states to start from
_SCATTER, _MARGIN = 0.3, 0.5  # round those states, and round the box they span; in units of z


def fixed_points(
    net: Network,
    bias: Biases,
    *,
    task: str | None = None,
    starts: int | np.ndarray | None = None,
    tolerance: float = 1e-8,
    slow: float = 0.05,
    apart: float = 0.01,
    seed: int = 0,
) -> xr.Dataset:
    """Find the fixed points of a network left alone under a bias, stable or not, and its slow points.

        F(z) = -z + D phi(E z + b) = 0   or   F(r) = -r + phi((W + E D) r + b) = 0

    by damped Newton's method with the analytic Jacobian, from many states at once (:func:`fixed_points_of`): half
    from states that the network runs through, scattered, half from the box these span. A slow point is a local
    minimum of |F| that is not zero but below ``slow``. Nothing proves that all have been found: compare the shares of
    starts, and ask for more of these.

    Arguments: ``net`` and its bank, or one bias vector; ``task``, one of the bank's (all if not given);
    ``starts``, how many (400; 40 where rates are not low-rank), or states (start, component) in task units;
    ``tolerance``, ``slow``: |F| in the network's scaled coordinates per tau; ``apart``: points nearer than this
    (root mean square per variable) are one.

    Returns over (task, point), zeros first, padded to the longest with NaN: ``location`` in task units, ``residual``
    |F| (its floor is ``tolerance``), ``slow`` and ``stable`` (0 or 1; -1 where there is no point), ``eigenvalue``
    (mode, part) of the flow per task time, or of the map if the network is discrete, fastest growing first (of
    synapses with rise or delay the leading one of each loop, :meth:`tonicnet.network.Filter.growth`),
    ``kind`` ("stable node", "saddle-focus", ..., "slow point"), ``starts_reached`` (share) and ``points(task)``.
    Raises ValueError for a bank of another network, an unknown task, starts of the wrong shape.
    Source: Sussillo and Barak (2013), doi:10.1162/NECO_a_00409.

    >>> import numpy as np
    >>> import tonicnet as tn
    >>> net = tn.Network(units=50, seed=0)
    >>> found = tn.measure.fixed_points(net, np.full(50, -9.0), starts=20)    # silent: it can only rest
    >>> int(found.points[0]), str(found.kind.values[0, 0]), found.eigenvalue.values[0, 0, 0].round(3).tolist()
    (1, 'stable node', [-10.0, 0.0])
    """
    rows = alone(net, bias, task, still=True)
    tolerance, apart, slow = positive("tolerance", tolerance), positive("apart", apart), float(slow)
    found = []
    for row in rows:
        flow, jacobian, x = row.dynamics.flow, row.dynamics.jacobian, _starts(row, starts, seed)
        found.append(fixed_points_of(flow, jacobian, x, tolerance=tolerance, slow=slow, apart=apart))
    return _table(net, rows, found, {"tolerance": tolerance, "slow": slow, "apart": apart, "seed": seed})


def _starts(row: Alone, starts: int | np.ndarray | None, seed: int) -> Float[np.ndarray, "start state"]:
    if isinstance(starts, np.ndarray):
        return row.starts(0, starts, seed)
    count = whole("starts", _STARTS[row.dynamics.latent] if starts is None else starts, 2)
    weigh(f"{shown(count)} starts", 32 * count * row.dynamics.net.units, "take fewer")
    motion = row.motion(None)
    runs = motion.run(
        row.starts(min(count, 32), None, seed), round(_RUN / motion.dt), every=max(1, round(1 / motion.dt))
    )
    rng = generator(seed)
    visited = runs.reshape(-1, runs.shape[2])
    visited = visited[np.isfinite(visited).all(axis=1)]
    near = visited[rng.integers(len(visited), size=count // 2)]
    z = row.dynamics.output(visited)
    box = rng.uniform(z.min(axis=0) - _MARGIN, z.max(axis=0) + _MARGIN, (count - count // 2, z.shape[1]))
    scatter = _SCATTER * rng.standard_normal((len(near), z.shape[1]))
    moved = row.dynamics.state(row.dynamics.output(near) + scatter)
    return np.concatenate([moved, row.dynamics.state(box)])


def _table(net: Network, rows: list[Alone], found: list[FixedPoints], attrs: dict[str, Any]) -> xr.Dataset:
    discrete = net.spec.dt is not None
    values = [_eigenvalues(row, f) for row, f in zip(rows, found, strict=True)]
    growth = [growth_rate(v, discrete=discrete) for v in values]
    parts = [np.stack([v.real, v.imag], axis=-1) for v in values]
    at, where = [_locations(row, f) for row, f in zip(rows, found, strict=True)], ("task", "point")
    rest = [(g < 0).all(axis=1) & ~f.slow for g, f in zip(growth, found, strict=True)]
    kinds = [
        ["slow point" if slow else stability(v, discrete=discrete) for v, slow in zip(one, f.slow, strict=True)]
        for one, f in zip(values, found, strict=True)
    ]
    per = "1" if discrete else "1/task"
    variables = {
        "location": Variable((*where, "component"), _padded(at), "task", "where the network stands still"),
        "residual": Variable(where, _padded([f.residual for f in found]), "1", "speed left, scaled state per tau"),
        "slow": Variable(
            where, _padded([f.slow for f in found], -1).astype(np.int8), "1", "only slow (1) or fixed (0)"
        ),
        "stable": Variable(where, _padded(rest, -1).astype(np.int8), "1", "stable (1) or not (0)"),
        "kind": Variable(where, _padded([np.array(k, dtype="U16") for k in kinds], ""), "1", "kind of point"),
        "eigenvalue": Variable((*where, "mode", "part"), _padded(parts), per, "eigenvalue of the Jacobian"),
        "starts_reached": Variable(where, _padded([f.starts for f in found]), "1", "share of starts that ended there"),
        "points": Variable(("task",), [len(f.location) for f in found], "1", "points found"),
    }
    coords = names(rows) | {
        "component": Variable(("component",), [str(k) for k in range(net.components)], "1", "output component"),
        "part": Variable(("part",), ["re", "im"], "1", "real or imaginary part"),
    }
    return dataset(variables, coords, of="map" if discrete else "flow", network_sha256=net.sha256, **attrs)


def _locations(row: Alone, found: FixedPoints) -> Float[np.ndarray, "point component"]:
    """Return points in task units; components the task does not use are NaN."""
    x = row.entry.to_task(row.dynamics.output(found.location))
    x[:, row.entry.dimension :] = np.nan
    return x


def _eigenvalues(row: Alone, found: FixedPoints) -> np.ndarray:
    """Return eigenvalues of the flow per task time, through the synaptic filter, or of the map."""
    net = row.dynamics.net
    if net.spec.dt is not None:
        return 1 + net.spec.dt / net.tau * found.eigenvalue
    if net.filter.first_order:
        return found.eigenvalue / row.unit
    growing = net.filter.growth(1 + found.eigenvalue) / row.entry.speed
    return np.take_along_axis(growing, np.argsort(-growing.real, axis=1, kind="stable"), axis=1)


def _padded(rows: list[np.ndarray], fill: float | str = np.nan) -> np.ndarray:
    """Return rows of different lengths as one array."""
    longest = max(len(r) for r in rows)
    first = rows[0]
    padded = np.full(
        (len(rows), longest, *first.shape[1:]), fill, dtype=first.dtype if isinstance(fill, str) else float
    )
    for i, row in enumerate(rows):
        padded[i, : len(row)] = row
    return padded
