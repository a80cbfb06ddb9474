"""A figure that a notebook shows once, also where it is the last word of a cell."""

from __future__ import annotations

import matplotlib as mpl
from matplotlib._pylab_helpers import Gcf
from matplotlib.figure import Figure

from .._bar import in_notebook


class ShownOnce(Figure):
    """A figure that pyplot knows. A notebook shows those at the end of the cell that drew them.

    It shows the value of the cell's last line too, which may be the same figure. While pyplot holds it, it therefore
    shows nothing of itself; in a later cell, when pyplot has let go of it, it shows itself as any figure does.
    """

    def _ipython_display_(self) -> None:
        """Show the figure, unless pyplot will; in a shell, say what it is."""
        if not in_notebook():
            print(repr(self))
        elif not self._held():
            from IPython.core.pylabtools import print_figure
            from IPython.display import Image, display

            display(Image(data=print_figure(self, fmt="png")))

    def _held(self) -> bool:
        """Return whether pyplot holds the figure and shows what it holds."""
        return mpl.is_interactive() and any(m.canvas.figure is self for m in Gcf.get_all_fig_managers())
