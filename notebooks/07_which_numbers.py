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
# # Which numbers should a circuit change?
#
# **After this notebook you can** learn other numbers than tonic inputs on the same frozen network, compare them at equal count
# and equal norm of the decoder, and say what the mere order of numbers can do.

# %% tags=["parameters"] small="units, seeds, task, pairs, steps, whole_table = 20, 1, 'hopf', 10, 2, 'benchmarks/results/which_numbers.nc'"
units, seeds, task, pairs, steps, whole_table = (
    120,
    1,
    "van-der-pol",
    40,
    12,
    "../benchmarks/results/which_numbers.nc",
)

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import xarray as xr

import tonicnet as tn

# %% [markdown]
# ## One task, several sets of numbers
#
# Every set learns the same vector field on the same residual. `bias` is the tonic input of a unit, `gain` the slope of its
# f-I curve, `scale` the size of its outgoing synapses, `mask` whether it takes part at all. With `controls=True` the table also
# holds shuffled biases, those of another task, and a network that never learned.

# %%
net = tn.Network(units, seed=0, transfer="tanh", decoder_scale=4.0)
table = tn.compare_learning(
    net,
    task,
    ["bias", "gain", "scale", "mask"],
    decoder_norm=[0.5, 1.0],
    seeds=seeds,
    rounds=0,
    steps=steps,
    controls=False,
    progress=False,
)
tn.plot.which_numbers(table)

# %% [markdown]
# Output scales win here: the field is linear in them, and one solve finds the best. But they make another decoder. The norm
# of the decoder is what spikes add to the output by chance, so sets are compared at equal norm, and a negative scale is a
# flipped synapse.

# %%
held = tn.fit(net, task, learn="scale", nonnegative=True, decoder_norm=1.0, rounds=0, restarts=0, progress=False)
free = tn.fit(net, task, learn="scale", decoder_norm=1.0, rounds=0, restarts=0, progress=False)
print(f"scales of either sign {free['field_error'].item():.3f}, none negative {held['field_error'].item():.3f}")

# %% [markdown]
# ## Five tasks, ten draws
#
# `python benchmarks/which_numbers.py` compares nine sets on five tasks, by `tanh` and by `lif` units, over ten draws of the
# network. It takes hours, so its result is a file. Medians of the field error of Lorenz, by numbers learned:

# %%
whole = tn.load(whole_table)
lorenz = whole.sel(task="lorenz", transfer="tanh")
print(dict(whole.sizes))
print(lorenz["field_error"].sel(norm=1.0).median("seed").to_pandas().round(3).to_string())

# %%
tn.plot.which_numbers(lorenz)

# %% [markdown]
# Sets that change synapses, `scale` and `decoder`, are ahead, and tonic inputs are the best of those that leave each
# synapse as it was drawn. Every error falls with the numbers. The controls at the bottom do not: these tonic inputs, on
# these synapses, are what makes the field. How many scales are negative, and what a larger decoder buys:

# %%
print(lorenz["flipped"].sel(norm=1.0, numbers=500).median("seed").to_pandas().dropna().round(2).to_string())
print(lorenz["field_error"].sel(numbers=250, learn=["bias", "scale"]).median("seed").to_pandas().round(3).to_string())

# %% [markdown]
# ## Only the order
#
# A permutation keeps all numbers, and only changes which unit has which. First the tonic inputs of this network:

# %%
moved = tn.fit(net, task, learn="permutation", rounds=0, restarts=0, steps=steps, progress=False)
learned = tn.fit(net, task, rounds=0, restarts=0, steps=steps, progress=False)
print(f"permuted {moved['field_error'].item():.3f}, learned {learned['field_error'].item():.3f}")

# %% [markdown]
# Chaos asks for more. Here Lorenz is learned by the order of the tonic inputs, by that of the columns of the decoder, and by
# that of the rows of W = E D, beside tonic inputs that are learned freely. The error of the field is relative to its size.

# %%
wide = tn.Network(units, seed=0, transfer="tanh", decoder_scale=4.0)
sets = ("permutation", "row-permutation", "decoder-permutation", "bias")
quick = {"rounds": 0, "restarts": 0, "steps": steps, "progress": False}
errors = pd.Series({name: tn.fit(wide, "lorenz", learn=name, **quick)["field_error"].item() for name in sets})
print(errors.round(2).to_string())
_, ax = plt.subplots(figsize=(5, 1.8))
_ = errors.plot.barh(ax=ax, xlabel="relative field error")

# %% [markdown]
# The order of tonic inputs or of the decoder does a part of what learned tonic inputs do. The order of rows fails here: it
# leaves the output at rest in the origin, D phi(b), as it is, and Lorenz has another field there.

# %% [markdown]
# Then one hidden layer of hinges and the curve -sin(2 pi x), as in the published work (Cai, Chen and Qiao, 2024). Exact swaps
# know by how much each swap, and each two at once, change the error.

# %%
curve = tn.sample_task("sine")
layer = tn.Network(
    2 * pairs, seed=0, inputs=1, outputs=1, synapses="feed-forward", transfer="relu", weights="hinges",
    readout="pairwise",
)  # fmt: skip
x = curve.samples("test")
made = {}
for method in ("search", "ranks"):
    bank = tn.fit(layer, curve, learn="decoder-permutation", method=method, steps=steps, progress=False)
    made[method] = tn.predict(layer, bank, x)["output"].values[:, 0]
    print(f"{method}: RMSE {np.sqrt(np.mean((made[method] - x['target'].values[:, 0]) ** 2)):.4f}")

# %%
order = np.argsort(x["input"].values[:, 0])
drawn = {"the curve": x["target"].values[:, 0], "exact swaps": made["search"], "ranks of Adam": made["ranks"]}
lines = xr.DataArray(
    np.stack(list(drawn.values()))[:, order],
    coords={"by": list(drawn), "x": x["input"].values[order, 0]}, dims=("by", "x"), name="y",
)  # fmt: skip
_ = lines.plot.line(x="x", figsize=(5, 3))

# %% [markdown]
# ## Exercise
#
# Draw the layer with `readout="xavier"`, which places the hinges near the middle, and double the width. Does the error fall?
