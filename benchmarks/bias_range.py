"""What a range of biases costs: `python benchmarks/bias_range.py van-der-pol --seeds 3`.

The same network learns the same field with its tonic inputs free, and held in ranges of potentials that their
thresholds may have (``fit(bias_range=)``). How many neurons lie outside of -80 to -60 mV stands beside the field error,
the orbit distance of the network alone and that of its spikes, 2000 neurons, recalibrated.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from records import Figure, figure
from rows import measured_over

import tonicnet as tn

UNITS, NEURONS, SECONDS = 400, 2000, 40.0
COUNTED = (-80.0, -60.0)  # mV: as far from the leak potential as a bias of 1, which makes a unit fire, and 10 more
RANGES = {
    "free": None, "-110 to -30 mV": (-110.0, -30.0), "-90 to -50 mV": (-90.0, -50.0), "-80 to -60 mV": COUNTED,
}  # fmt: skip


def row(task: str, seeds: range) -> Iterator[Figure]:
    """Yield the figures of each range, over networks."""
    for name, potentials in RANGES.items():
        found = np.array([_one(task, seed, potentials) for seed in seeds]).T
        where = {"task": task, "units": UNITS, "thresholds": name}
        names = {
            "neurons outside -80 to -60 mV": "%", "field error": "1", "orbit distance, rates": "sd",
            "orbit distance, spikes": "sd", "period error, spikes": "%",
        }  # fmt: skip
        for (measure, unit), values in zip(names.items(), found, strict=True):
            yield figure(where, measure, unit, values)


def _one(task: str, seed: int, potentials: tuple[float, float] | None) -> list[float]:
    net, m = tn.spiking.sized(NEURONS, seed=seed, components=2, units=UNITS)
    held = None
    if potentials is not None:
        ends = tn.spiking.thresholds(net, np.zeros(UNITS), within=potentials)
        held = float(ends["bias_least"]), float(ends["bias_greatest"])
    bank = tn.fit(net, task, bias_range=held, seed=seed, progress=False)
    counted = tn.spiking.thresholds(net, bank, within=COUNTED)
    exact = tn.spiking.recalibrate(net, bank, neurons_per_unit=m, duration=5.0)
    rate = tn.simulate(net, bank, duration=SECONDS)
    spikes = tn.spiking.simulate(net, exact, duration=SECONDS, neurons_per_unit=m, codegen="standalone", seed=seed)
    measures = tn.compare(rate, spikes, truth=bank, discard=5.0).isel(task=0)
    orbit, period = measures["orbit_distance"].values, measures["period_error"].values
    share = 100 * float(counted["share"][0])
    return [share, float(bank["field_error"][0]), orbit[0], orbit[1], 100 * abs(period[1])]


ROWS = {task: (lambda seeds, task=task: row(task, seeds)) for task in ("van-der-pol",)}

if __name__ == "__main__":
    measured_over("bias_range", ROWS)
