"""The array mathematics of measures: functions of plain numpy arrays, none of labelled data."""

from ._attractor import attractor_distance_of as attractor_distance_of
from ._attractor import attractor_threshold_of as attractor_threshold_of
from ._attractor import collapsed_of as collapsed_of
from ._attractor import escaped_of as escaped_of
from ._attractor import settling_index_of as settling_index_of
from ._clusters import clusters_of as clusters_of
from ._departure import turn_of as turn_of
from ._divergence import outside_of as outside_of
from ._divergence import state_space_divergence_of as state_space_divergence_of
from ._fixed_points import FixedPoints as FixedPoints
from ._fixed_points import fixed_points_of as fixed_points_of
from ._floquet import Floquet as Floquet
from ._floquet import floquet_of as floquet_of
from ._hellinger import spectral_hellinger_of as spectral_hellinger_of
from ._limit_cycle import Cycle as Cycle
from ._limit_cycle import limit_cycle_of as limit_cycle_of
from ._lyapunov import Exponents as Exponents
from ._lyapunov import kaplan_yorke_of as kaplan_yorke_of
from ._lyapunov import lyapunov_spectrum_of as lyapunov_spectrum_of
from ._orbit import OrbitDistance as OrbitDistance
from ._orbit import orbit_distance_of as orbit_distance_of
from ._participation_ratio import participation_ratio_of as participation_ratio_of
from ._return_map import maxima_of as maxima_of
from ._valid_time import normalised_error_of as normalised_error_of
from ._valid_time import valid_time_of as valid_time_of
from ._wasserstein import sliced_wasserstein_of as sliced_wasserstein_of
