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
# # Switch tasks by changing biases
#
# **After this notebook you can** load other tonic inputs while a network runs, so that an oscillator becomes a chaotic
# attractor and an oscillator again, and see how long a switch takes and which units serve which task.

# %% tags=["parameters"] small="seconds, tasks = 3.0, ['hopf', 'figure-eight']"
seconds, tasks = 10.0, ["van-der-pol", "lorenz", "figure-eight", "roessler"]

# %% [markdown]
# ## One network, eleven tasks
#
# This bank ships with tonicnet. Every row is one vector of tonic inputs for the same 1000 units.

# %%
import tonicnet as tn

net = tn.load_network("atlas-1000")
bank = tn.load_bank("atlas-1000")
tn.show(bank)

# %% [markdown]
# ## A schedule
#
# At each boundary the biases change and nothing else does: the state continues from where it was.

# %%
run = tn.simulate(net, bank, schedule=[(name, seconds) for name in tasks], rates=True)
tn.plot.components(run)

# %%
tn.plot.attractor(run, truth=bank)

# %% [markdown]
# ## How long does a switch take?
#
# The time from the switch until the output stays as near to the true attractor as true states are to each other.

# %%
truths = {}
for name in tasks:
    scale = tn.task(name).time_scale
    truths[name] = tn.task(name).trajectory(200 * scale, scale / 20, trials=4)
tn.measure.settling_time(run, truths).squeeze().to_dataframe()

# %% [markdown]
# ## What changed
#
# The learned biases of all tasks. Units and tasks are clustered, so that similar ones are neighbours.

# %%
tn.plot.biases(bank, order="cluster")

# %%
tn.plot.biases(bank.sel(task=tasks), histogram=True)

# %% [markdown]
# ## Half-way between two tasks
#
# Two bias vectors can be mixed. Nothing was learned between them, so no task says what the network does there.

# %%
one, other = (bank["bias"].sel(task=name) for name in tasks[:2])
for share in (0.0, 0.1, 0.5, 0.9, 1.0):
    mixed = tn.simulate(net, (1 - share) * one + share * other, duration=seconds)
    print(f"{share:.1f} of {tasks[1]}: sd of the output", mixed["output"].std("time").values.round(2))

# %% [markdown]
# ## Exercise
#
# Switch between two tasks every half second, then every 50 ms (half of tau). At which rate does the output stop being one
# after the other, and what is it then?
