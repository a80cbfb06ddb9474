"""A bar of progress where somebody watches, in a terminal or a notebook; a pipe or a file gets none."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import Any


def watched() -> bool:
    """Return whether what is written to standard error is seen as it comes: by a terminal, or in a notebook.

    >>> import io, contextlib
    >>> with contextlib.redirect_stderr(io.StringIO()):
    ...     watched()
    False
    """
    return in_notebook() or bool(sys.stderr.isatty())


def bar(progress: bool, **options: Any) -> Any:
    """Return a tqdm bar, the notebook's own where ipywidgets can draw it; a silent one if nobody asks or watches."""
    if in_notebook() and find_spec("ipywidgets") is not None:
        from tqdm.auto import tqdm
    else:
        from tqdm.std import tqdm
    return tqdm(disable=not (progress and watched()), **options)


def in_notebook() -> bool:
    """Return whether this is the kernel of a notebook."""
    module = sys.modules.get("IPython")
    shell = module.get_ipython() if module is not None else None
    return getattr(shell, "kernel", None) is not None
