"""Grids of fits: which numbers a circuit should change, as labelled data."""

from ._compare_learning import compare_learning as compare_learning
