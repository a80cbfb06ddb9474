"""How far biases that one and two threads learn lie apart, and whether one number of threads learns the same twice.

    python benchmarks/threads.py [units ...]

Short fits, since a difference in the last digits only grows with the steps. Into results/threads.json.
"""

from __future__ import annotations

import os
import sys

os.environ["OMP_NUM_THREADS"] = "2"  # before torch: as many as a fit may take

import numpy as np
from records import command, figure, keep, provenance

import tonicnet as tn

SYNAPSES = ("low-rank", "dense")
UNITS = (64, 200, 512)


def learned(units: int, synapses: str, threads: int) -> np.ndarray:
    """Return the biases of a short fit."""
    options = {} if synapses == "low-rank" else {"gain": 1.2}
    net = tn.Network(units, seed=0, synapses=synapses, **options)
    bank = tn.fit(net, "hopf", steps=2, rounds=0, restarts=0, threads=threads, progress=False)
    return np.asarray(bank["bias"].values[0], dtype=np.float64)


def main(numbers: tuple[int, ...]) -> None:
    about = provenance(command()) | {"group": "short fits of Hopf"}
    for units in numbers:
        for synapses in SYNAPSES:
            one, two, again = (learned(units, synapses, threads) for threads in (1, 2, 1))
            size = np.sqrt(np.mean(one**2))
            where = {"synapses": synapses, "units": units}
            found = [
                figure(
                    where, "difference of one and two threads, largest over rms", "1", np.abs(two - one).max() / size
                ),
                figure(
                    where, "difference of one thread and one, largest over rms", "1", np.abs(again - one).max() / size
                ),
            ]
            keep(found, "threads", about)
            print(*found, sep="\n", flush=True)


if __name__ == "__main__":
    main(tuple(map(int, sys.argv[1:])) or UNITS)
