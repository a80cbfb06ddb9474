"""What users hand in, turned into labelled samples: arrays, tables, quantities, tensors, files; labels are kept."""

from ._alignment import aligned as aligned
from ._alignment import by_name as by_name
from ._alignment import numbered as numbered
from ._array import DIMS as DIMS
from ._array import Door as Door
from ._array import by_position as by_position
from ._array import check_finite as check_finite
from ._array import labelled as labelled
from ._array import named as named
from ._grid import even_step as even_step
from ._grid import given_step as given_step
from ._open import is_file as is_file
from ._open import opened as opened
from ._pieces import cut_trials as cut_trials
from ._read import read_recording as read_recording
from ._resampled import resample_recording as resample_recording
from ._step import step_of as step_of
from ._step import stepped as stepped
from ._time import seconds_of as seconds_of
from ._units import magnitude as magnitude
from ._units import same_units as same_units
from ._values import as_numbers as as_numbers
