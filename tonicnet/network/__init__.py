"""What is frozen: the recipe, the draw, the transfer functions, the network."""

from ._bank import Entry as Entry
from ._bank import Schedule as Schedule
from ._bank import Segment as Segment
from ._bank import bare as bare
from ._bank import check_bank as check_bank
from ._bank import entry as entry
from ._bank import plan as plan
from ._dynamics import Dynamics as Dynamics
from ._dynamics import dynamics_of as dynamics_of
from ._lif import LIF as LIF
from ._lif import firing_rate as firing_rate
from ._network import Network as Network
from ._network import load_network as load_network
from ._network import models as models
from ._network import network_from_dict as network_from_dict
from ._sigmoid import as_sigmoid as as_sigmoid
from ._spec import TRANSFERS as TRANSFERS
from ._spec import NetworkSpec as NetworkSpec
from ._transfer import Custom as Custom
from ._transfer import Relu as Relu
from ._transfer import Sigmoid as Sigmoid
from ._transfer import Softplus as Softplus
from ._transfer import Tanh as Tanh
from ._transfer import Transfer as Transfer
