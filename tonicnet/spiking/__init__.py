"""The Brian2 bridge: LIF neurons on the same frozen synapses; brian2 is imported when something here is called."""

from ._cpp_export import write_cpp as write_cpp
from ._from_nir import from_nir as from_nir
from ._predict import predict as predict
from ._recalibrate import recalibrate as recalibrate
from ._run import simulate as simulate
from ._script_export import write_script as write_script
from ._silenced import silenced as silenced
from ._sized import sized as sized
from ._surrogate import surrogate as surrogate
from ._switch import switch as switch
from ._thresholds import thresholds as thresholds
from ._to_brian2 import to_brian2 as to_brian2
from ._to_nir import to_nir as to_nir
from ._trains import to_neo as to_neo
from ._trains import to_pynapple as to_pynapple
from ._verify import verify as verify
