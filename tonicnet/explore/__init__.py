"""A bank to play with in a notebook: the attractor changes as the biases do."""

from ._explorer import Explorer as Explorer
from ._widget import explore as explore
