"""Compiled code: C++ sources, each built at its first use, and what they are handed.

Curves of torch's tensors are in ``_curve``, apart from these names: tasks are made and integrated without torch.
"""

from ._compiler import build_library as build_library
from ._compiler import cache_folder as cache_folder
from ._compiler import compiler as compiler
from ._compiler import processor as processor
from ._flow import FLOW as FLOW
from ._flow import OPERATIONS as OPERATIONS
from ._flow import Program as Program
from ._flow import Rules as Rules
from ._library import call as call
from ._library import library as library
from ._structures import address as address
from ._structures import solid as solid
