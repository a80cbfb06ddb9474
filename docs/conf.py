"""How the documentation is built: `make docs`. Every warning is an error, and so is a role that names nothing."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import docstrings
import figures
import reference

from tonicnet import __version__

project = "tonicnet"
copyright = "The tonicnet developers"
release = __version__
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.mathjax"]
exclude_patterns = ["_build", "README.md"]
source_suffix = {".md": "myst-nb", ".ipynb": "myst-nb"}
html_theme = "furo"
html_title = f"tonicnet {release}"
html_static_path: list[str] = []
myst_enable_extensions = ["dollarmath", "deflist", "colon_fence"]
myst_heading_anchors = 3
nb_execution_mode = "off"  # the notebooks carry their outputs; the tests and `make notebooks` run them
nb_number_source_lines = False
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
autodoc_typehints_format = "short"
maximum_signature_line_length = 90
nitpicky = True
nitpick_ignore_regex = [  # types in signatures; roles that people write in docstrings are functions, methods and ours
    ("py:class", r"(?!tonicnet).*"),
    ("py:class", r"tonicnet\..*\._\w+\.\w+|tonicnet\._\w+\.\w+"),
    ("py:class", r"tonicnet\.measure\.arrays\..*"),
]


def setup(app: Any) -> None:
    """Bring the notebooks and the reference into the tree, and connect what reads docstrings and results."""
    _notebooks()
    reference.write(HERE / "reference")
    app.connect("autodoc-process-docstring", docstrings.prepare)
    app.add_role("measured", figures.role)


def _notebooks() -> None:
    """Copy the notebooks, which carry their outputs, to where pages are read from."""
    target = HERE / "notebooks"
    target.mkdir(exist_ok=True)
    for path in sorted((HERE.parent / "notebooks").glob("*.ipynb")):
        copy = target / path.name
        if not copy.exists() or copy.read_bytes() != path.read_bytes():
            shutil.copyfile(path, copy)
