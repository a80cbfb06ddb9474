"""Is it the same dynamics? Measures of labelled data, each beside its floor; ``..._of`` take plain arrays."""

from ._attractor import attractor_distance as attractor_distance
from ._attractor import lost as lost
from ._attractor import settling_time as settling_time
from ._compare import compare as compare
from ._cycle import Cycle as Cycle
from ._cycle import limit_cycle_of as limit_cycle_of
from ._distance import attractor_distance_of as attractor_distance_of
from ._distance import attractor_threshold_of as attractor_threshold_of
from ._distance import collapsed_of as collapsed_of
from ._distance import escaped_of as escaped_of
from ._distance import settling_index_of as settling_index_of
from ._fidelity import spectral_hellinger as spectral_hellinger
from ._fidelity import state_space_divergence as state_space_divergence
from ._histogram import outside_of as outside_of
from ._histogram import state_space_divergence_of as state_space_divergence_of
from ._horizon import normalised_error_of as normalised_error_of
from ._horizon import valid_time_of as valid_time_of
from ._limit_cycle import limit_cycle as limit_cycle
from ._limit_cycle import orbit_distance as orbit_distance
from ._orbit import OrbitDistance as OrbitDistance
from ._orbit import orbit_distance_of as orbit_distance_of
from ._power import spectral_hellinger_of as spectral_hellinger_of
from ._prediction import prediction_error as prediction_error
from ._prediction import valid_time as valid_time
from ._resample import resample as resample
from ._segment import segment as segment
