"""The pictures of docs/theory, `python benchmarks/theory.py`: each shows what its page derives."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import matplotlib as mpl
import numpy as np
import torch
from matplotlib.axes import Axes
from scipy.integrate import quad
from scipy.special import erfcx

import tonicnet as tn
from tonicnet.network import Filter

OUT = Path(__file__).resolve().parent.parent / "docs" / "theory"
INPUT = np.linspace(0.2, 2.0, 73)
NOISES = (0.1, 0.2, 0.3)
STEP = 0.0005  # s: coarse enough to see what the step does


def main() -> None:
    """Draw all pictures."""
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    for name, draw in PICTURES.items():
        figure, ax = plt.subplots(figsize=(5.6, 3.2), layout="constrained")
        draw(ax)
        ax.spines[["top", "right"]].set_visible(False)
        ax.legend(frameon=False)
        figure.savefig(OUT / f"{name}.png", dpi=150)
        plt.close(figure)
        print(f"{name}.png")


def first_passage(ax: Axes) -> None:
    """The curve of the discrete update, Siegert's of continuous time, and a simulation of the update."""
    neuron = tn.LIF(noise=0.3, dt=STEP)
    exact = neuron.rate_scale * neuron.value(torch.as_tensor(INPUT)).numpy()
    ax.plot(INPUT, [siegert(neuron, x) for x in INPUT], "--", color="0.5", label="continuous time (Siegert)")
    ax.plot(INPUT, exact, label="first passage of the update")
    some = INPUT[::9]
    ax.plot(some, [simulated(neuron, x) for x in some], "o", ms=4, color="black", label="simulated update")
    ax.set(xlabel="input x (threshold - reset = 1)", ylabel="rate, Hz", title=f"noise 0.3, dt {1000 * STEP:g} ms")


def siegert(neuron: tn.LIF, x: float) -> float:
    """Return the rate of the neuron in continuous time."""
    low, high = ((edge - x) / (neuron.noise * np.sqrt(2)) for edge in (0.0, 1.0))
    area = quad(lambda u: erfcx(-u), low, high)[0]
    return 1 / (neuron.refractory + neuron.tau_m * np.sqrt(np.pi) * area)


def simulated(neuron: tn.LIF, x: float, count: int = 1000, steps: int = 3000, skipped: int = 500) -> float:
    """Return the mean rate of so many neurons that take the update with the same input."""
    rng, a = np.random.default_rng(0), neuron.dt / neuron.tau_m
    v, held, spikes = np.zeros(count), np.zeros(count, dtype=int), 0
    for step in range(steps):
        v = np.where(held > 0, 0.0, v + a * (x - v) + neuron.noise * np.sqrt(2 * a) * rng.standard_normal(count))
        held = np.maximum(held - 1, 0)
        fired = v > 1
        spikes += int(fired.sum()) * (step >= skipped)
        v[fired], held[fired] = 0.0, round(neuron.refractory / neuron.dt) - 1
    return spikes / (count * (steps - skipped) * neuron.dt)


def lead(ax: Axes) -> None:
    """The response to the derivative of the input, over the slope of the f-I curve: a time."""
    x = torch.as_tensor(INPUT[INPUT > 0.5])
    for noise in NOISES:
        neuron = tn.LIF(noise=noise)
        ax.plot(x, 1000 * neuron.lead(x)[0] / neuron.slope(x), label=f"noise {noise}")
    ax.axhline(0, color="0.6", lw=0.8)
    ax.set(xlabel="input x", ylabel="kappa / phi', ms", ylim=(-6, 4), title="positive: the rate runs ahead")


def own_spikes(ax: Axes) -> None:
    """The response to the neuron's own spikes, over the slope of the f-I curve."""
    x = torch.as_tensor(INPUT[INPUT > 0.5])
    for noise in NOISES:
        neuron = tn.LIF(noise=noise)
        ax.plot(x, neuron.own(x)[0] / neuron.slope(x), label=f"noise {noise}")
    ax.axhline(0, color="0.6", lw=0.8)
    ax.set(xlabel="input x", ylabel="own / phi'", title="as if the input were lower by this part of w")


def filter_area(ax: Axes) -> None:
    """What is read of a filter of area 1, against the step."""
    steps = np.geomspace(2e-5, 2e-3, 50)
    for name, synapse in (("exponential, 100 ms", Filter(0.1)), ("with rise of 5 ms", Filter(0.1, rise=0.005))):
        ax.plot(1000 * steps, [100 * (1 - synapse.area(step)) for step in steps], label=name)
    ax.set(xscale="log", xlabel="dt, ms", ylabel="missing of the area, %")


PICTURES: dict[str, Callable[[Axes], None]] = {
    "first-passage": first_passage, "lead": lead, "own-spikes": own_spikes, "filter-area": filter_area,
}  # fmt: skip


if __name__ == "__main__":
    main()
