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
# # One hidden layer, many pictures
#
# **After this notebook you can** sort several kinds of pictures with one frozen layer by switching tonic inputs, see which units
# serve which task, and say whether they would do so again.

# %% tags=["parameters"] small="units, shape, names, repeats, steps = 60, (10, 10), ['glyphs-latin', 'parity'], 2, 2"
units, shape, names, repeats, steps = (
    500,
    (28, 28),
    ["glyphs-latin", "glyphs-greek", "glyphs-georgian", "parity"],
    3,
    12,
)

# %%
import numpy as np
import xarray as xr

import tonicnet as tn

# %% [markdown]
# ## Tasks on one network
#
# The letters are drawn here from fonts and distorted; parity asks whether bright bands are even or odd in number. Weights
# from the picture are smooth random fields, and each unit feeds one class. Both are frozen: the four tasks differ in the
# tonic inputs alone.

# %%
tasks = [tn.sample_task(name, shape=shape) for name in names]
net = tn.Network(units, seed=0, inputs=shape, outputs=10, synapses="feed-forward", transfer="tanh")
banks = [tn.fit(net, tasks, seed=seed, steps=steps, progress=False) for seed in range(repeats)]
print(banks[0]["outcome"].to_series().to_string())

# %% [markdown]
# Under the tonic inputs of another task the same pictures are sorted at random.

# %%
letters = [task for task in tasks if task.dimension == tasks[0].dimension]
right = np.zeros((len(letters), len(letters)))
for row, task in enumerate(letters):
    test = task.samples("test")
    for column, other in enumerate(letters):
        guessed = tn.predict(net, banks[0], test, task=other)["output"].values.argmax(axis=1)
        right[row, column] = (np.array(task.components)[guessed] == test["label"].values).mean()
print(xr.DataArray(right, coords={"pictures": [t.name for t in letters], "biases": [t.name for t in letters]}).round(2))

# %% [markdown]
# ## What units do
#
# The task variance of a unit is the variance of its rate over the pictures of a task. Units are grouped by it. Beside the
# silhouette of the groups stands that of the same numbers shuffled over units: groups that are no better mean nothing.

# %%
found = [
    tn.measure.selectivity([tn.predict(net, bank, t.samples("test"), task=t, rates=True) for t in tasks])
    for bank in banks
]
tn.plot.selectivity(found[0])
print(f"silhouette {float(found[0]['silhouette']):.2f}, shuffled {float(found[0]['silhouette_floor']):.2f}")

# %% [markdown]
# ## Would they do so again?
#
# Each task was learned from several seeds. The map shows how the task variances of units correlate: the diagonal is a task
# with its own repeats, the rest two different tasks.

# %%
tn.plot.similarity(tn.measure.similarity(found))

# %% [markdown]
# Much of the diagonal is there before anything is learned, since the weights are the same. The *changes* of tonic inputs tell
# what learning did, and here tasks share little.

# %%
changes = [bank.assign(bias=bank["bias"] - tn.learn.first_bias(net, seed=k)) for k, bank in enumerate(banks)]
tn.plot.similarity(tn.measure.similarity(changes, of="bias"))

# %% [markdown]
# ## Who is shut off
#
# A unit is shut off where its gain stays below a hundredth of the largest, at every picture: no signal passes through it.

# %%
shut = tn.measure.biases(net, banks[0], samples={t.name: t.samples("test") for t in tasks})
print(shut["shut_off_share"].to_series().to_string())
tn.plot.biases(banks[0], histogram=True)

# %% [markdown]
# ## Exercise
#
# Draw the network with `transfer="relu"` and learn again. How many units are shut off now, and by which tasks?
