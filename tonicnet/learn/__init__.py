"""How biases are found: residuals say what is wrong, methods mend it, fit loops."""

from ._first_bias import first_bias as first_bias
from ._fit import fit as fit
