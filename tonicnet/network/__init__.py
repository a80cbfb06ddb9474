"""What is frozen: the recipe, the draw, the transfer functions, the network."""

from ._card import network_card as network_card
from ._card import spectral_radius as spectral_radius
from ._filter import Filter as Filter
from ._first_inputs import first_tonic_inputs as first_tonic_inputs
from ._lif import LIF as LIF
from ._lif import firing_rate as firing_rate
from ._load import load_network as load_network
from ._load import models as models
from ._load import network_from_dict as network_from_dict
from ._load import network_in as network_in
from ._network import ARGUMENTS as ARGUMENTS
from ._network import Network as Network
from ._network import check_moving as check_moving
from ._network import check_network as check_network
from ._network import recipe as recipe
from ._precision import fast_bfloat16 as fast_bfloat16
from ._spec import DRAWS as DRAWS
from ._spec import TRANSFERS as TRANSFERS
from ._spec import NetworkSpec as NetworkSpec
from ._transfer import Custom as Custom
from ._transfer import Relu as Relu
from ._transfer import Sigmoid as Sigmoid
from ._transfer import Softplus as Softplus
from ._transfer import Tanh as Tanh
from ._transfer import Transfer as Transfer
