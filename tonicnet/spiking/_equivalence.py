"""When a tonic input may stand as a threshold: the condition, checked on the equations of a live neuron group.

Write v = u - V b. The threshold form is the current form in u exactly if the drift is affine in v,

    dv/dt = a + f(v - v_th) - v / tau,   1 / tau > 0 the same constant at all times,

if a spike leaves v at a fixed distance below its threshold, and if it is where v > v_th, or v_th and a constant. f is a
current that begins spikes. A conductance makes 1 / tau a variable, a spike-generating current that stays where it is
makes it depend on v, and without a leak it is zero. A current
that spikes trigger is a part of a: it changes with spikes and not with v. One that follows v itself is not.
"""

from __future__ import annotations

from typing import Any

from ._equations import FORMS, JUMP, PEAK, RESETS, THRESHOLD


def form_of(neurons: Any) -> str:
    """Return the form of a live neuron group: the one whose parameter every neuron has its own of.

    Raises ValueError, with the reason, for a group in which the three forms are not the same network.
    """
    own = neurons.equations.parameter_names
    form = next((form for form, name in FORMS.items() if name in own), None)
    if form is None:
        raise ValueError("this neuron group carries no learned bias; build it with tonicnet.spiking.to_brian2")
    reason = _threshold(neurons) or _reset(neurons) or _drift(neurons) or _current(neurons)
    if reason:
        raise ValueError(
            f"threshold, current and leak are not the same network here: {reason}; keep the equations of to_brian2, "
            "or carry the bias as a current and change tasks by I_tonic yourself"
        )
    return form


def _threshold(neurons: Any) -> str:
    """Return why the condition of a spike forbids it, or nothing."""
    condition = " ".join(neurons.events.get("spike", "").split())
    if condition in (THRESHOLD, PEAK):
        return ""
    return f"the neuron fires at {condition!r} and not at {THRESHOLD!r} or {PEAK!r}, so that v_th does not decide alone"


def _reset(neurons: Any) -> str:
    """Return why the reset forbids it, or nothing."""
    reset = " ".join(neurons.event_codes.get("spike", "").split())
    if reset.removesuffix(JUMP).strip() in RESETS.values():
        return ""
    known = " or ".join(map(repr, RESETS.values()))
    if reset == "v -= v_th":
        return (
            f"the reset {reset!r} takes away the threshold itself, so that a lower threshold also resets less ({known})"
        )
    return f"the reset {reset!r} does not keep its distance from the threshold ({known} does)"


def _drift(neurons: Any) -> str:
    """Return why the drift of v forbids it, or nothing: where v and v_th move together it must be affine, with a
    constant slope."""
    import sympy
    from brian2.parsing.sympytools import str_to_sympy

    code = dict(neurons.equations.get_substituted_expressions(neurons.variables))["v"].code
    drift, (v, v_th) = str_to_sympy(code), sympy.symbols("v v_th", real=True)
    slope = sympy.simplify(sympy.diff(drift, v) + sympy.diff(drift, v_th))
    names = {str(symbol) for symbol in slope.free_symbols}
    varying = sorted(name for name in names - {"v"} if not _constant(neurons, name))
    if slope == 0:
        return "v has no leak, so that a shift of the threshold is a shift of the starting potential and nothing more"
    if "v" in names:
        return (
            "dv/dt is not linear in v (a spike-generating current that does not move with v_th), so that a shift of v "
            "changes its drift"
        )
    if varying:
        return (
            f"the leak of v depends on {', '.join(varying)} (a conductance), so that a shift of v changes its current"
        )
    return ""


def _current(neurons: Any) -> str:
    """Return why another variable forbids it, or nothing: none may follow v."""
    code = dict(neurons.equations.get_substituted_expressions(neurons.variables))
    followers = sorted(name for name, text in code.items() if name != "v" and "v" in text.identifiers)
    if not followers:
        return ""
    return f"{followers[0]} follows v itself (subthreshold adaptation), so that a shift of v changes it"


def _constant(neurons: Any, name: str) -> bool:
    """Whether a name is one number for all neurons and times; a refractory clamp holds v in every form alike."""
    variable = neurons.variables.get(name)
    return variable is None or (variable.scalar and variable.constant) or name in ("dt", "not_refractory")
