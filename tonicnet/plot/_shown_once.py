"""A figure that a notebook shows once, also where it is the last word of a cell."""

from __future__ import annotations

from typing import Any

import matplotlib as mpl
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from .._bar import in_notebook


class ShownOnce(Figure):
    """A figure that pyplot knows, and lets go of once a notebook has shown it.

    A notebook shows the figures that pyplot holds at the end of a cell, and the value of the cell's last line before
    them, which may be one of these. Whichever comes first shows it.
    """

    def __repr__(self) -> str:
        """Return what any figure says of itself."""
        return super().__repr__().replace(type(self).__name__, "Figure")

    def _ipython_display_(self) -> None:
        """Show the figure in a notebook, as its settings say; in a shell, say what it is."""
        if not in_notebook():
            print(repr(self))
        elif "inline" in mpl.get_backend():
            _show(self)
            plt.close(self)
        elif not mpl.is_interactive():  # else its window, or its canvas in the notebook, is there already
            _show(self)


def _show(figure: Figure) -> None:
    """Show a figure by all the formatters of the notebook that know figures."""
    from IPython import get_ipython
    from IPython.display import display

    data, notes = _formatted(figure)
    if set(data) <= {"text/plain"} and "inline" in mpl.get_backend():  # not told yet: before matplotlib 3.9, first cell
        get_ipython().run_line_magic("matplotlib", "inline")
        data, notes = _formatted(figure)
    display(data, metadata=notes, raw=True)


def _formatted(figure: Figure) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a figure in every format of the notebook that knows figures, and what each says of it."""
    from IPython import get_ipython

    data: dict[str, Any] = {}
    notes: dict[str, Any] = {}
    for kind, formatter in get_ipython().display_formatter.formatters.items():
        made = formatter(figure)
        drawn, about = made if isinstance(made, tuple) else (made, None)
        data |= {} if drawn is None else {kind: drawn}
        notes |= {kind: about} if about else {}
    return data, notes
