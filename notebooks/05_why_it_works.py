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
# # Why it works: gain, Jacobian, fixed points, selectivity
#
# **After this notebook you can** see what learning biases does to a network whose synapses never change: it moves the eigenvalues
# of its Jacobian to where the task needs them, which it can only do if the synapses are strong enough.

# %% tags=["parameters"] small="units, gains, horizon, rounds, tasks, seconds = 30, [0.9, 1.5], 50, 1, ['hopf', 'cosine'], 2.0"
units, gains, horizon, rounds, tasks, seconds = 200, [0.5, 1.2, 1.5], 200, 2, None, 6.0

# %%
import numpy as np
import xarray as xr

import tonicnet as tn
from tonicnet.learn import first_bias

# %% [markdown]
# ## A cosine of period 25 without any input
#
# The network has no feedback and no input: r[t+1] = tanh(W r[t] + b). Only W can sustain a rhythm; its eigenvalues
# fill a disc whose radius is the gain g. The bias b sets phi', the slope at which each unit works, and the Jacobian is
# diag(phi') W. Since phi' is at most 1, biases can make synapses weaker but never stronger.

# %%
period = 25
wave = np.cos(2 * np.pi * np.arange(2 * horizon + 1) / period)[:, None]
task = tn.Task.from_array(wave[: horizon + 1], name="cosine", dt=0.01)
net = tn.Network(
    units, seed=0, synapses="dense", feedback=False, components=1, gain=1.2, transfer="tanh", tau=0.01, dt=0.01,
    decoder_scale=1.0,
)  # fmt: skip
net

# %%
path = []
bank = tn.fit(net, task, rounds=rounds, progress=lambda event: path.append(event["bias"].copy()))
tn.show(bank)

# %%
run = tn.simulate(net, bank, duration=2 * horizon * 0.01, initial=wave[0])
tn.plot.components(run)

# %% [markdown]
# The first half was learned; in the second half the network continues beyond its training data.
#
# ## The leading pair moves to the angle of the target
#
# Eigenvalues of the Jacobian along the network's own run, before, during and after learning, with the mean slope of phi over
# the run in the place of phi'. A sustained oscillation has its leading pair at modulus 1; learning turns it to the angle of
# the target's frequency, where the dashed rays point.

# %%
first = first_bias(net)
steps = [first, path[len(path) // 2], bank["bias"].values[0]]
biases = xr.DataArray(np.stack(steps), dims=("epoch", "unit"), coords={"epoch": [0, len(path) // 2, len(path)]})
spectrum = tn.measure.jacobian_spectrum(net, biases, at="secant", like=bank)
tn.plot.eigenvalues(spectrum, period=period)

# %%
lead = spectrum.isel(mode=0)
print("modulus of the leading pair", lead["modulus"].values.round(3))
print("its period in steps        ", (lead["period"] / 0.01).values.round(2))

# %% [markdown]
# ## The synapses must be strong enough
#
# The same for x of the Van der Pol oscillator (40 steps a period), at several gains.

# %%
cycle = tn.task("van-der-pol")
step = cycle.truth["period"] / 40
relax = cycle.trajectory(2 * horizon * step, step, seed=3)["output"].values[0, :, :1]
runs = []
for gain in gains:
    other = tn.Network(
        units, seed=0, synapses="dense", feedback=False, components=1, gain=gain, transfer="tanh", tau=0.01, dt=0.01,
        decoder_scale=1.0,
    )  # fmt: skip
    learned = tn.fit(other, tn.Task.from_array(relax[: horizon + 1], name="x", dt=0.01), rounds=rounds, progress=False)
    made = tn.simulate(other, learned, duration=2 * horizon * 0.01, initial=relax[0])
    after = made["output"].values[0, horizon:, :1]
    left = ((after - relax[horizon:]) ** 2).sum() / ((relax[horizon:] - relax[horizon:].mean()) ** 2).sum()
    print(
        f"gain {gain}: R2 while learned {learned['r_squared'].item():.3f}, over the next {horizon} steps {1 - left:.3f}"
    )

# %% [markdown]
# ## Fixed points of a task
#
# The learned vector field has fixed points too. Lorenz's three were not among the training states, and the network has them.

# %%
atlas, shelf = tn.load_network("atlas-1000"), tn.load_bank("atlas-1000")
found = tn.measure.fixed_points(atlas, shelf, task="lorenz", starts=100)
lorenz = tn.simulate(atlas, shelf, task="lorenz", duration=20.0)
tn.plot.phase_portrait(lorenz, flow=tn.flow(atlas, shelf, task="lorenz"), points=found, components=[0, 2])

# %%
found["location"].isel(task=0, point=slice(0, 3)).values.round(2)

# %% [markdown]
# ## Which units serve which task?
#
# How much each unit's rate varies in each task, as a fraction of its largest variance. Most units vary in one task far more than in any
# other, and one cluster serves all tasks that move; memories, which come to rest, have none.

# %%
names = [str(name) for name in (tasks or shelf["task"].values)]
together = tn.simulate(atlas, shelf, schedule=[(name, seconds) for name in names], rates=True, every=5)
tn.plot.selectivity(tn.measure.selectivity(together, discard=1.0))

# %% [markdown]
# ## Exercise
#
# At gain 1.5 the untrained network is chaotic. Find out, with `tn.measure.lyapunov_spectrum`, what learning did to its largest
# exponent, and at which step of learning the sign changed.
