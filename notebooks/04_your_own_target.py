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
# # Your own ODE and your own recording
#
# **After this notebook you can** use any vector field you can write down, or a recording in a NetCDF file, as a target,
# learn it, and save the result in a file that says where it came from.

# %% tags=["parameters"] small="units, seconds, length, options = 120, 16.0, 12, {'rounds': 0, 'steps': 12}"
units, seconds, length, options = 200, 20.0, 30, {"rounds": 2}

# %%
import tempfile
from pathlib import Path

import numpy as np
import xarray as xr

import tonicnet as tn

net = tn.Network(units=units, seed=0)

# %% [markdown]
# ## A vector field
#
# States come as an array (..., d) and dx/dt goes back in the same shape. The damped double well of Duffing has two stable points;
# `low` and `high` are the corners of the box from which it may start.


# %%
def duffing(x):
    return np.stack([x[..., 1], x[..., 0] - x[..., 0] ** 3 - 0.3 * x[..., 1]], axis=-1)


wells = tn.Task(duffing, name="duffing", initial=[0.5, 0.0], kind="memory", low=[-2, -2], high=[2, 2])
wells

# %%
bank = tn.fit(net, wells, progress=False, **options)
run = tn.simulate(net, bank, duration=seconds, initial=wells.states(12, seed=3))
points = tn.measure.fixed_points(net, bank, starts=100)
tn.plot.phase_portrait(run, flow=tn.flow(net, bank), points=points)

# %% [markdown]
# ## A recording
#
# Here it is simulated: a rhythm of two components, sampled every 20 ms with 5 % noise, as a laboratory would store it. Time
# carries its unit; tonicnet reads it.

# %%
folder = Path(tempfile.mkdtemp())
t = np.arange(0, length, 0.02)
clean = np.stack([np.sin(2 * t), np.cos(2 * t) + 0.3 * np.sin(4 * t)], axis=1)
noisy = clean + 0.05 * np.random.default_rng(0).standard_normal(clean.shape)
recording = xr.DataArray(
    noisy, dims=("time", "component"), coords={"time": ("time", t, {"units": "s"}), "component": ["left", "right"]}
)
recording.to_dataset(name="emg").to_netcdf(folder / "emg.nc", engine="h5netcdf")

# %%
task = tn.Task.from_array(tn.load(folder / "emg.nc")["emg"], name="emg")
task

# %%
bank = tn.fit(net, task, into=bank, progress=False, **options)
tn.show(bank)

# %%
run = tn.simulate(net, bank, task="emg", duration=seconds)
tn.plot.components(run)

# %% [markdown]
# The network never saw the clean rhythm. How near is the period of its own rhythm to the true one?

# %%
made = tn.measure.limit_cycle(run)
print(f"period {made['period'].item():.3f}, true {np.pi:.3f}")

# %% [markdown]
# ## Saving the result
#
# The file holds the biases, the scalings, the recipe and hash of the network, and the tasks. Another network refuses it.

# %%
path = tn.save(bank, folder / "bank.nc")
again = tn.load_network(path)
tn.simulate(again, tn.load_bank(path), task="duffing", duration=1.0)["output"].sizes

# %%
try:
    tn.simulate(tn.Network(units=units, seed=1), bank, task="emg", duration=1.0)
except ValueError as error:
    print(error)

# %% [markdown]
# ## Exercise
#
# Record only one of the two components and learn it on a network with an internal state of its own:
# `tn.Network(units=200, seed=0, synapses="dense", components=1)`. Why does the low-rank network need both?
