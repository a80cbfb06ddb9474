"""Grids of fits on any executor, and which numbers a circuit should change, as labelled data."""

from ._atlas import atlas as atlas
from ._atlas import atlas_network as atlas_network
from ._capacity import capacity as capacity
from ._compare_learning import compare_learning as compare_learning
from ._grid_file import grids as grids
from ._study import study as study
