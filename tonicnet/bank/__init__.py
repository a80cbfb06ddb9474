"""Banks, the learned numbers of many tasks on one network: the only place that reads and writes them."""

from ._biases import as_rows as as_rows
from ._biases import hash_of as hash_of
from ._biases import rows_of as rows_of
from ._biases import whole_bank as whole_bank
from ._card import bank_card as bank_card
from ._card import bank_facts as bank_facts
from ._card import bank_scores as bank_scores
from ._check import check_bank as check_bank
from ._coordinate_map import CoordinateMap as CoordinateMap
from ._entry import Entry as Entry
from ._entry import Scaling as Scaling
from ._initial import given_initial as given_initial
from ._initial import states_of as states_of
from ._order import in_order as in_order
from ._read import bare as bare
from ._read import entry as entry
from ._read import load_bank as load_bank
from ._rows import as_bank as as_bank
from ._schedule import Schedule as Schedule
from ._schedule import Segment as Segment
from ._schedule import plan as plan
from ._tanh_to_sigmoid import as_sigmoid as as_sigmoid
from ._timeline import Timeline as Timeline
from ._write import carried as carried
from ._write import grown as grown
from ._write import written as written
