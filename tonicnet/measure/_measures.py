"""The table of measures: what each is called and printed as, its unit, the tasks it applies to, whether it has a floor.

Tables in print, pictures, comparisons and banks read it here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .._names import choose
from ..task import KINDS
from .arrays._comparison import Comparison

PRINTED = ("number", "percent", "")


@dataclass(frozen=True)
class Measure:
    """One measure of a run against the truth.

    ``kinds`` of task it applies to; ``label`` in tables, where it is ``printed`` as a "number" or a "percent" (empty:
    it is not shown); ``has_floor``, whether truth against truth is a floor for it, and ``same_length``, whether that
    depends on the length, so that it is taken at the length compared or not at all; ``of``, the measure of one trial
    beside the truth (None for those of whole runs).

    >>> from tonicnet.measure import MEASURES
    >>> MEASURES["period_error"].long_name, MEASURES["period_error"].printed
    ('relative error of the period', 'percent')
    """

    units: str
    long_name: str
    label: str = ""
    printed: str = ""
    kinds: tuple[str, ...] = KINDS
    has_floor: bool = False
    same_length: bool = False
    of: Callable[[Comparison], float] | None = None

    def __post_init__(self) -> None:
        choose("printed", self.printed, PRINTED)
        for kind in self.kinds:
            choose("kind of task", kind, KINDS)


_FLOW = ("chaos", "recording")
_CYCLE = ("cycle", "recording")

MEASURES: dict[str, Measure] = {
    "state_space_divergence": Measure(
        "nat", "state-space divergence D_stsp", "D_stsp (nat)", "number",
        _FLOW, has_floor=True, same_length=True, of=Comparison.divergence,
    ),
    "spectral_hellinger": Measure(
        "1", "spectral Hellinger distance D_H", "D_H", "number",
        _FLOW, has_floor=True, same_length=True, of=Comparison.hellinger,
    ),
    "period": Measure("1", "period in task time", kinds=_CYCLE, of=Comparison.period),
    "period_error": Measure(
        "1", "relative error of the period", "period error", "percent",
        _CYCLE, has_floor=True, of=Comparison.period_error,
    ),
    "period_cv": Measure(
        "1", "coefficient of variation of the period", "period CV", "percent", _CYCLE, of=Comparison.period_cv
    ),
    "amplitude_error": Measure(
        "1", "relative error of the amplitude, worst component", "amplitude error", "percent",
        _CYCLE, has_floor=True, of=Comparison.amplitude_error,
    ),
    "orbit_distance": Measure(
        "1", "distance of phase-aligned mean orbits in sd", "orbit distance (sd)", "number",
        _CYCLE, has_floor=True, of=Comparison.orbit_distance,
    ),
    "attractor_distance": Measure(
        "1", "mean distance to the nearest point of the truth in sd", "attractor distance (sd)", "number",
        has_floor=True,
    ),
    "outside": Measure(
        "1", "share of samples outside the truth's box", "outside the truth's box", "percent", of=Comparison.outside
    ),
    "lost_share": Measure("1", "share of trials that collapsed or escaped", "trials lost", "percent"),
    "samples": Measure("1", "samples compared per trial, T"),
    "duration": Measure("1", "task time compared per trial"),
}  # fmt: skip


def against_truth(long_name: str) -> str:
    """Return the name of a measure's floor."""
    return f"{long_name}, truth against truth"


def _named(name: str, long_name: str = "") -> tuple[str, str]:
    return MEASURES[name].units, long_name or MEASURES[name].long_name


BANK_SCORES: dict[str, tuple[str, str]] = {
    "field_error": ("1", "rms error of tau dz/dt over rms of tau dz/dt"),
    "valid_time": ("task", "median time to a normalised error of 0.4"),
    "valid_time_low": ("task", "lower quartile of valid time over starts"),
    "valid_time_high": ("task", "upper quartile of valid time over starts"),
    "divergence": _named("state_space_divergence"),
    "divergence_floor": _named("state_space_divergence", "D_stsp of one true run against another of the same T"),
    "divergence_samples": ("1", "T, samples behind D_stsp and its floor"),
    "period_error": _named("period_error"),
    "amplitude_error": _named("amplitude_error"),
    "orbit_distance": _named("orbit_distance"),
    "r_squared": ("1", "share of the targets' variance that the network alone explains"),
    "attractor_distance": _named("attractor_distance"),
    "traps": ("1", "stable fixed points of the network beside an attractor that has none"),
    "lost": ("1", "share of starts that ended off the attractor or stuck"),
}  # units and long names of what a bank says of each task in closed loop

BEHAVIOUR_SCORES: dict[str, tuple[str, str]] = {
    "accuracy": ("1", "share of samples of held-out trials whose decision is right"),
    "interval_error": ("1", "error of the produced interval on held-out trials, share of it"),
    "frequency_error": ("1", "relative error of the frequency on held-out trials"),
    "endpoint_error": ("1", "distance from held-out goals at the end, share of the way"),
}  # of behaviours of the shelf: each has the one that suits what it answers with

SAMPLE_SCORES: dict[str, tuple[str, str]] = {
    "accuracy": ("1", "share of test samples whose class is right"),
    "validation_accuracy": ("1", "share of validation samples whose class is right"),
    "training_accuracy": ("1", "share of samples learned from whose class is right"),
    "r_squared": BANK_SCORES["r_squared"],
    "validation_r_squared": ("1", "share of the variance of validation targets that the network explains"),
    "training_r_squared": ("1", "share of the variance of targets learned from that the network explains"),
}  # of tasks of samples; without a test part those of the validation, or of what was learned from, stand first
