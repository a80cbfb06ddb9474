"""The ``tonicnet`` command: the main job and its steps, from a shell."""

from ._app import app as app
from ._app import main as main
