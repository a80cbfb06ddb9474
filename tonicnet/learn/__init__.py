"""How biases are found: residuals say what is wrong, methods mend it, fit loops."""

from ._fit import fit as fit
