"""Pictures of labelled data: a Dataset and an optional ``ax`` in, the Axes or Figure out."""

from ._attractor import attractor as attractor
from ._biases import biases as biases
from ._calibration import calibration as calibration
from ._capacity import capacity as capacity
from ._compare import compare as compare
from ._components import components as components
from ._eigenvalues import eigenvalues as eigenvalues
from ._learnability import learnability as learnability
from ._loss import loss as loss
from ._phase_diagram import phase_diagram as phase_diagram
from ._phase_portrait import phase_portrait as phase_portrait
from ._portraits import portraits as portraits
from ._raster import raster as raster
from ._return_map import return_map as return_map
from ._selectivity import selectivity as selectivity
from ._similarity import similarity as similarity
from ._spectrum import spectrum as spectrum
from ._thresholds import thresholds as thresholds
from ._which_numbers import which_numbers as which_numbers
