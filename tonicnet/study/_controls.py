"""Controls of learned biases: what is left when the biases, or the synapses, are not those that were learned."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from ..circuit import Circuit, Learnable, Recurrent
from ..learn import Job, course_for, first_bias
from ..measure import BANK_SCORES

SHUFFLED, OTHER, UNTRAINED, ALONE = "shuffled biases", "biases of another task", "never learned", "no recurrence"
CONTROLS = (SHUFFLED, OTHER, UNTRAINED, ALONE)


def controls_of(job: Job, bias: np.ndarray, other: np.ndarray | None) -> dict[str, dict[str, float]]:
    """Return the scores of the controls by their names; those of another task's biases only if they are given."""
    seed = job.settings.seed
    shuffled = np.random.Generator(np.random.Philox(seed)).permutation(bias)
    circuit = job.problem.circuit
    found = {
        SHUFFLED: _judged(job, circuit, shuffled),
        UNTRAINED: _judged(job, circuit, first_bias(circuit.net, seed=seed)),
        ALONE: _judged(job, without_synapses(circuit), bias),
    }
    return found if other is None else found | {OTHER: _judged(job, circuit, other)}


def without_synapses(circuit: Circuit) -> Circuit:
    """Return a circuit whose units hear nothing of each other: no recurrent synapses and no feedback."""
    alone = circuit.with_encoder(circuit.tensor(np.zeros((circuit.net.units, circuit.net.components))))
    if isinstance(alone, Recurrent) and alone.recurrent is not None:
        alone = alone.with_recurrent(0 * alone.recurrent)
    return alone


def _judged(job: Job, circuit: Circuit, bias: np.ndarray) -> dict[str, float]:
    """Return the closed-loop scores of a bias on a circuit, and what they took."""
    began = time.process_time()
    problem = replace(job.problem, circuit=circuit)
    learnable = Learnable(circuit, {"bias": bias})
    values = course_for(problem).judge(problem).score(learnable, learnable.first).values
    scores = {name: float(values.get(name, np.nan)) for name in BANK_SCORES if name != "traps"}
    return scores | {"cpu_seconds": time.process_time() - began}
