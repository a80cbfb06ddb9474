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
# # Export to Brian2 and compare
#
# **After this notebook you can** carry learned tonic inputs to a network of spiking neurons on the same synapses, as firing
# thresholds, check that all three forms of a tonic input give the same spikes, and continue in Brian2 alone.

# %% tags=["parameters"] small="tasks, seconds, per_unit, neurons, long = ['hopf', 'cosine'], 1.0, 1, 80, 6.5"
tasks, seconds, per_unit, neurons, long = ["hopf", "van-der-pol"], 8.0, 3, 200, 40.0

# %%
import tempfile
from pathlib import Path

import tonicnet as tn

net = tn.load_network("atlas-1000")
bank = tn.load_bank("atlas-1000")
figure = tn.plot.thresholds(bank, tasks)

# %% [markdown]
# A unit's tonic input b is a shift of its neuron's threshold and reset. A neuron whose threshold lies below its resting
# potential fires without any other input.
#
# ## Three forms of a tonic input, the same spikes

# %%
proof = tn.spiking.verify(net, bank, task=tasks[0], duration=0.3)
proof["differing"].to_series()

# %% [markdown]
# ## Both networks, one schedule

# %%
schedule = [(name, seconds) for name in tasks]
rate = tn.simulate(net, bank, schedule=schedule)
spikes = tn.spiking.simulate(net, bank, schedule=schedule, neurons_per_unit=per_unit)
figure = tn.plot.raster(spikes, units=40)

# %%
truth = {}
for name in tasks:
    speed = float(bank["speed"].sel(task=name))
    truth[name] = tn.task(name).trajectory(2 * seconds * speed, speed * 0.01, seed=1)
figure = tn.plot.compare(rate, spikes, truth=truth)

# %% [markdown]
# ## The dynamic response of neurons
#
# The rate of a neuron depends on the derivative of its input as well as on its value, most of all where the membrane has
# little noise, and a neuron receives its own spikes. Both effects are computed before the spiking network runs, so tonic
# inputs can be corrected for them. The synapses stay, and the rate network keeps the tonic inputs it had.

# %%
quiet, _ = tn.spiking.sized(neurons, seed=0, components=2)
learned = tn.fit(quiet, "hopf", progress=False)
corrected = tn.spiking.recalibrate(quiet, learned, neurons_per_unit=5)
orbit = tn.task("hopf").trajectory(80.0, 0.02)
for name, held in {"as learned": learned, "recalibrated": corrected}.items():
    predicted = tn.spiking.surrogate(quiet, held, duration=long, neurons_per_unit=5)
    run = tn.spiking.simulate(quiet, held, duration=long, neurons_per_unit=5)
    errors = [100 * tn.measure.limit_cycle(r, orbit)["period_error"].item() for r in (predicted, run)]
    print(f"{name}: period error predicted {errors[0]:+.2f} %, in spikes {errors[1]:+.2f} %")

# %% [markdown]
# ## The live object
#
# `to_brian2` gives a `brian2.Network` with every object named and every quantity in its unit.

# %%
live = tn.spiking.to_brian2(net, bank, task=tasks[0])
sorted(thing.name for thing in live.objects)

# %%
live["neurons"].v_th[:5]

# %% [markdown]
# ## A script that stands alone
#
# It needs numpy and brian2, not tonicnet.

# %%
folder = Path(tempfile.mkdtemp())
script = tn.spiking.write_script(folder / "switching.py", net, bank, schedule=schedule)
print("\n".join(script.read_text().splitlines()[:40]))

# %% [markdown]
# ## Exercise
#
# Run the spiking network with 1, 3 and 10 neurons per unit. How does the spread of the period fall, and is that the law you
# expect of averaging?
