"""What is frozen: the recipe, the draw, the transfer functions, the network."""

from ._bank import Entry as Entry
from ._bank import Schedule as Schedule
from ._bank import Segment as Segment
from ._bank import check_bank as check_bank
from ._bank import entry as entry
from ._bank import plan as plan
from ._bank_card import bank_card as bank_card
from ._bank_card import bank_facts as bank_facts
from ._bank_card import bank_scores as bank_scores
from ._card import network_card as network_card
from ._card import spectral_radius as spectral_radius
from ._lif import LIF as LIF
from ._lif import firing_rate as firing_rate
from ._network import Network as Network
from ._network import load_bank as load_bank
from ._network import load_network as load_network
from ._network import models as models
from ._network import network_from_dict as network_from_dict
from ._spec import NetworkSpec as NetworkSpec
from ._transfer import Custom as Custom
from ._transfer import Relu as Relu
from ._transfer import Sigmoid as Sigmoid
from ._transfer import Softplus as Softplus
from ._transfer import Tanh as Tanh
from ._transfer import Transfer as Transfer
