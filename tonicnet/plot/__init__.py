"""Pictures of labelled data: a Dataset and an optional ``ax`` in, the Axes or Figure out."""

from ._attractor import attractor as attractor
from ._biases import biases as biases
from ._compare import compare as compare
from ._components import components as components
from ._loss import loss as loss
from ._raster import raster as raster
from ._spectrum import spectrum as spectrum
from ._thresholds import thresholds as thresholds
