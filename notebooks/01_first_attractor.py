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
# # Your first attractor
#
# **After this notebook you can** draw a random network, freeze it, make it a Lorenz attractor by learning nothing but
# the tonic input of each unit, and say with numbers whether it is one.

# %% tags=["parameters"] small="units, task, seconds, options = 80, 'hopf', 8.0, {'rounds': 0, 'steps': 5}"
units, task, seconds, options = 1000, "lorenz", 60.0, {}

# %% [markdown]
# ## A network that will never change
#
# Its synapses are drawn once, from a seed, and hashed. The coloured squares are the synapses among its first units; they
# will look the same at the end.

# %%
import tonicnet as tn

net = tn.Network(units=units, seed=0)
net

# %% [markdown]
# ## A target

# %%
target = tn.task(task)
target

# %% [markdown]
# ## Learning
#
# One number a unit. The result, a *bank*, is an ordinary `xarray.Dataset`; `tn.show` shows it a row a task.

# %%
bank = tn.fit(net, target, progress=False, **options)
tn.show(bank)

# %%
tn.plot.loss(bank)

# %% [markdown]
# ## The network alone
#
# From here on nothing is fed in. The network generates its output by itself, on the frozen synapses. The true attractor
# lies beneath in grey.

# %%
run = tn.simulate(net, bank, duration=seconds)
tn.plot.attractor(run, truth=bank)

# %%
tn.plot.components(run, window=(0, min(seconds, 20)))

# %% [markdown]
# ## Is it the same dynamics?
#
# Two things decide: where the states are (*D_stsp*, read it beside its floor: another true run of the same length) and how
# they move (*D_H*). Chaos amplifies every small error, so point-by-point agreement ends after a few Lyapunov times for any
# model.

# %%
speed = float(bank["speed"].sel(task=task))
long = tn.simulate(net, bank, duration=8 * seconds)
truth = target.trajectory(20 * seconds * speed, 0.01, seed=1)
measures = tn.compare(truth, long)
measures.squeeze().to_pandas().dropna()

# %% [markdown]
# ## Why it works here: the field
#
# The output of this network obeys a closed equation in three dimensions, so its vector field can be drawn and held against
# the true one. The fixed points are found by Newton's method on the network, not on the target.

# %%
points = tn.measure.fixed_points(net, bank, starts=100)
tn.plot.phase_portrait(run, flow=tn.flow(net, bank), points=points)

# %% [markdown]
# The synapses are what they were:

# %%
assert net.verify() == bank.attrs["network_sha256"]

# %% [markdown]
# ## Exercise
#
# Draw the network with `units=200` and learn the same task. Which goes first, the valid time or D_stsp? Then give the 200
# units another `seed`: how much of the difference was luck?
