# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---
# %% [markdown]
# # How far it goes: width, gain and rank
#
# **After this notebook you can** say, for a task of your own, how many units it takes, how strong the synapses must be, and what
# a further component costs, by drawing the map of what was learned.

# %% tags=["parameters"] small="gains, widths, seeds, horizon, chaos, low_rank, ranks, draws, diagram = [0.5, 1.5], [15], [0, 1], 30, 'hopf', [50], [2], ['paired'], 'benchmarks/results/phase_diagram.nc'"
gains, widths, seeds, horizon, chaos, low_rank, ranks, draws, diagram = (
    [0.8, 1.2, 1.5, 2.0],
    [25, 50, 100],
    [0, 1, 2],
    100,
    "lorenz",
    [100, 300],
    [2, 3, 5],
    ["independent", "paired", "paired-low-discrepancy"],
    "../benchmarks/results/phase_diagram.nc",
)

# %%
import itertools

import numpy as np
import xarray as xr

import tonicnet as tn

# %% [markdown]
# ## Width and gain
#
# The task is a cosine of period 25 that a network must keep by itself, without input and without feedback. Every cell is
# three networks of its own (three draws of the synapses); the score is the fraction of the target's variance (R2) that they
# reproduce alone: the median, and beneath it the worst and the best.

# %%
wave = np.cos(2 * np.pi * np.arange(horizon + 1) / 25)[:, None]
task = tn.Task.from_array(wave, name="cosine", dt=0.01)
dims = {"seed": seeds, "units": widths, "gain": gains}
score = xr.DataArray(np.zeros([len(values) for values in dims.values()]), coords=dims)
for seed, units, gain in itertools.product(*dims.values()):
    net = tn.Network(
        units, seed=seed, synapses="dense", feedback=False, components=1, gain=gain, transfer="tanh", tau=0.01,
        dt=0.01, decoder_scale=1.0,
    )  # fmt: skip
    score.loc[seed, units, gain] = tn.fit(net, task, rounds=2, progress=False)["r_squared"].item()

# %%
tn.plot.learnability(score.to_dataset(name="r_squared"))

# %% [markdown]
# Below a gain of 1 every rhythm dies out, whatever the width: biases can weaken synapses and never strengthen them. Far
# above, the network's own chaos is too strong for biases to suppress. Between the two, width decides.
#
# ## Width of a low-rank network
#
# With low-rank synapses the field itself is fitted, by as many terms as there are units. The chaotic task shows how far a
# number of units carries: the valid time in task units (in Lorenz an error grows by a factor e every 1.1), and D_stsp beside its floor.

# %%
for units in low_rank:
    bank = tn.fit(tn.Network(units, seed=0), chaos, rounds=1, progress=False)
    row = {name: bank[name].item() for name in ("field_error", "valid_time", "divergence", "divergence_floor")}
    print(f"{units:4d} units:", ", ".join(f"{name} {value:.2g}" for name, value in row.items()))

# %% [markdown]
# ## Rank
#
# A network of rank K has K components, and a task of two uses two of them. What do the idle ones cost?

# %%
for rank in ranks:
    bank = tn.fit(tn.Network(150, seed=0, components=rank), "hopf", rounds=1, progress=False)
    print(f"rank {rank}: field error {bank['field_error'].item():.3f}, period error {bank['period_error'].item():+.1e}")

# %%
tn.plot.biases(bank, histogram=True)

# %% [markdown]
# ## The draw
#
# Synapses are drawn independently unless another draw is asked for. In a paired draw two units share encoder and first tonic
# input and have opposite decoders, so that the network is silent before it learns. A low-discrepancy draw spreads units more
# evenly. The decoder norm is made equal, since a larger one would also make spikes noisier.

# %%
norm = np.linalg.norm(tn.Network(200, seed=0, transfer="tanh").decoder)
for draw in draws:
    errors = []
    for seed in seeds:
        plain = tn.Network(200, seed=seed, transfer="tanh", draw=draw)
        scale = plain.spec.decoder_scale * norm / np.linalg.norm(plain.decoder)
        net = tn.Network(200, seed=seed, transfer="tanh", draw=draw, decoder_scale=scale)
        errors.append(tn.fit(net, chaos, rounds=0, progress=False)["field_error"].item())
    print(f"{draw}: field error", ", ".join(f"{error:.3f}" for error in errors))

# %% [markdown]
# Three networks show a tendency, not a law. The page on draws in the documentation has ten networks, six tasks and two transfer
# functions. There, paired low-discrepancy draws have a smaller field error and closer cycles; the valid time of chaos and spikes
# gain nothing. So the default stays independent.
#
# ## All three together
#
# The same question as a study: three fields, six norms of the decoder (the gain of the loop), six widths, two ranks, ten
# draws a cell, 2,160 fits. `tn.study("learnability-low-rank")` runs it; what it found lies in the source of tonicnet. The
# colour is the share of draws of which no start is lost, the line the number of units at which half of the draws learn.

# %%
found = tn.load(diagram)
tn.plot.phase_diagram(found, x="decoder_scale", rows="components")

# %%
needed = tn.measure.units_needed(found["lost"] <= 0)["units_needed"]
print(needed.sel(components=3).to_pandas().round().to_string())

# %% [markdown]
# What is new against the paper that this package stands on (Williams et al. 2025): it follows performance along one sweep
# of the gain, for one task and one width. Here gain, width and rank vary together and over draws, so that the result is a
# boundary, with an interval for each of its points, and not a curve. It is judged by the network alone, in closed loop. And
# it says something that one sweep cannot: the best norm lies between 1 and 4 for every field and rank, and a higher rank moves
# the boundary up, since the same tonic inputs must also hold the idle directions at rest.

# %% [markdown]
# ## Exercise
#
# Draw the same map for x of the Van der Pol oscillator (notebook 05). It needs more gain or more width than the cosine:
# which, and why would harmonics ask for it? Then take ten seeds where the range is widest: is it a bad draw of synapses, or
# a bad first bias (`tn.fit(..., seed=...)`)?
