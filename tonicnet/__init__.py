"""tonicnet: what a recurrent circuit can do when no synapse ever changes."""

from ._files import load as load
from ._files import save as save
from ._labels import package_version

__version__ = package_version()
