"""The equations of the spiking network, as text: the same for a live network and for a stand-alone script.

With V = v_threshold - v_reset of the spec and b a learned tonic input, three forms give the same spikes:

    current     I_tonic_i = g_L V b_i
    threshold   v_th_i = v_threshold - V b_i, reset to v_th_i - V, and v_i(0) shifted by -V b_i
    leak        E_L_i = v_reset + V b_i

Inputs u(t) from outside and noise eta of units enter beside the latents, in every form alike.
With a delay, spikes arrive so much later; the equations are the same.

Neurons whose spikes begin by a current have Delta_T exp((v - v_th) / Delta_T) beside, and spike at v_th + V_peak. The
current moves with v_th, so that a shift of v, threshold, peak and reset together changes nothing.

Neurons that adapt have a current I_a beside, that every spike lifts by J_a. It stands against the input and knows
nothing of v, so that the three forms stay one network.

A hard reset puts v to v_th - V, a soft one takes V away and keeps the overshoot: both keep their distance from
the threshold, so the three forms are one network under either.
"""

from __future__ import annotations

from .._names import choose

FORMS = {"threshold": "v_th", "current": "I_tonic", "leak": "E_L"}  # form: the per-neuron parameter that carries b

_OWN = {"threshold": "v_th : volt", "current": "I_tonic : amp", "leak": "E_L : volt"}
_DRIFT = {
    "threshold": "(E_L - v + I_syn / g_L) / tau_m",
    "current": "(E_L - v + (I_syn + I_tonic) / g_L) / tau_m",
    "leak": "(E_L - v + I_syn / g_L) / tau_m",
}
DIFFUSION = "noise * V * sqrt(2 / (tau_m * dt)) * normal(i, t_in_timesteps, noise_seed)"
THRESHOLD = "v > v_th"
PEAK = "v > v_th + V_peak"
ONSET = "Delta_T * exp((v - v_th) / Delta_T)"
RESETS = {"hard": "v = v_th - V", "soft": "v -= V"}
ADAPTATION = "dI_a/dt = -I_a / tau_a : amp"
JUMP = "I_a += J_a"
LATENT = "dz/dt = -z / tau_s : 1"
ON_LATENT = "z_post += w"
CURRENT = "dI/dt = -I / tau_s : amp"
ON_RECURRENT = "I_post += w * g_L * V"
INPUTS = "u : 1"
NEXT_INPUT = "u = given(t, i)"  # of a script, whose inputs are in a TimedArray
INPUT_NOISE = "eta : 1\nsize : 1 (constant)\nnoise_seed : integer (shared)"
# Units are counted downwards from -1, so that their noise is another one than that of the neurons' membranes.
NEXT_NOISE = "eta = kept * eta + sqrt(1 - kept**2) * size * normal(-1 - i, t_in_timesteps, noise_seed)"
# Synapses with a rise time: spikes enter a stage of its own, from which the latents and the currents are fed.
RISING = {
    LATENT: "dz/dt = (z_in - z) / tau_s : 1\ndz_in/dt = -z_in / tau_r : 1",
    ON_LATENT: "z_in_post += w",
    CURRENT: "dI/dt = (I_in - I) / tau_s : amp\ndI_in/dt = -I_in / tau_r : amp",
    ON_RECURRENT: "I_in_post += w * g_L * V",
}


def through(text: str, rising: bool) -> str:
    """Return the equation or statement of a synaptic filter, or the one that stands in its place with a rise time."""
    return RISING[text] if rising else text


def reset(rule: str, adapting: bool) -> str:
    """Return the statement of a spike."""
    return f"{RESETS[rule]}\n{JUMP}" if adapting else RESETS[rule]


def threshold(sharp: bool) -> str:
    """Return the condition of a spike."""
    return PEAK if sharp else THRESHOLD


def entered(name: str, rising: bool) -> str:
    """Return the variable that spikes add to, for the one ("z" or "I") that neurons read."""
    return f"{name}_in" if rising else name


def neuron(
    form: str, components: int, *, noise: bool, latent: bool, recurrent: bool, driven: bool = False,
    fluctuating: bool = False, adapting: bool = False, sharp: bool = False,
) -> str:  # fmt: skip
    """Return the equations of the neurons.

    ``latent`` is for input through E z, ``recurrent`` for N x N synapses, ``driven`` for inputs E u, ``fluctuating``
    for noise of the units' input, ``adapting`` for a spike-triggered current and ``sharp`` for one that begins spikes.
    """
    choose("form", form, FORMS)
    diffusion = f" + {DIFFUSION}" if noise else ""
    drift = _DRIFT[form].replace("I_syn", "(I_syn - I_a)") if adapting else _DRIFT[form]
    drift = drift.replace("E_L - v", f"E_L - v + {ONSET}") if sharp else drift
    lines = [f"dv/dt = {drift}{diffusion} : volt (unless refractory)", *[ADAPTATION] * adapting]
    read = ["z"] * latent + ["u"] * driven
    terms = [f"e_{k} * {_sum([f'{name}_{k}' for name in read])}" for k in range(components)] if read else []
    terms += ["eta"] * fluctuating
    current = [f"g_L * V * ({' + '.join(terms)})"] if terms else []
    lines.append(f"I_syn = {' + '.join(current + ['I_rec'] * recurrent) or '0 * amp'} : amp")
    if recurrent:
        lines.append("I_rec : amp (linked)")
    lines += ["noise_seed : integer (shared)"] * noise
    lines.append(_OWN[form])
    lines += [f"e_{k} : 1 (constant)" for k in range(components)] if read else []
    lines += [f"{name}_{k} : 1 (linked)" for name in read for k in range(components)]
    return "\n".join(lines + ["eta : 1 (linked)"] * fluctuating)


def _sum(terms: list[str]) -> str:
    return terms[0] if len(terms) == 1 else f"({' + '.join(terms)})"
