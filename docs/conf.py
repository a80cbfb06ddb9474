"""How the documentation is built: `make docs`. Every warning is an error."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from docstrings import prepare

from tonicnet import __version__

project = "tonicnet"
copyright = "The tonicnet developers"
release = __version__
extensions = ["myst_nb", "sphinx.ext.autodoc"]
root_doc = "docs/index"
include_patterns = ["docs/**", "notebooks/*.ipynb"]
exclude_patterns = ["docs/_build"]
source_suffix = {".md": "myst-nb", ".ipynb": "myst-nb"}
html_theme = "furo"
html_title = f"tonicnet {release}"
nb_execution_mode = "off"  # the notebooks carry their outputs; the tests and `make notebooks` run them
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
maximum_signature_line_length = 90


def setup(app: Any) -> None:
    """Connect what reads the docstrings."""
    app.connect("autodoc-process-docstring", prepare)
